//! Table `flow`.

use super::super::Relation;
use super::super::column::{CREATED, Column, ID, TENANT_ID, UPDATED};
use super::{EDGE, FLOW_GROUP, FLOW_RUN, PROJECT, TASK, TENANT, Table};

/// One registered version of a flow.
pub static FLOW: Table = Table {
    name: "flow",
    description: "One registered version of a flow.",
    tenant_column: "tenant_id",
    columns: &[
        ID,
        CREATED,
        UPDATED,
        TENANT_ID,
        Column::integer("version", "Version number within the flow group, from 1."),
        Column::text("name", "Name of the flow."),
        Column::text("description", "Free text.").nullable(),
        Column::json("environment", "Environment of flows older than run configs.").nullable(),
        Column::json("run_config", "Where and how runs of the flow execute.").nullable(),
        Column::json("parameters", "The parameters the flow declares."),
        Column::json("storage", "Where the code of the flow is.").nullable(),
        Column::json("settings", "Settings of the flow group as the client reads them."),
        Column::json("serialized_flow", "The registered description of the flow.").nullable(),
        Column::json("schedule", "The schedule the flow was registered with.").nullable(),
        Column::uuid("project_id", "The project of the flow."),
        Column::uuid("flow_group_id", "All versions of the flow."),
        Column::text("version_group_id", "Name of the flow group."),
        Column::boolean("archived", "Whether the version is archived; archived flows cannot run."),
        Column::text("core_version", "Version of the library that registered the flow.").nullable(),
        Column::boolean("is_schedule_active", "Whether runs are created by the schedule."),
        Column::timestamp("planned_until", "The slot up to which the schedule was planned.")
            .nullable()
            .private(),
        Column::integer("registration_fingerprint", "Recognises a repeated delivery of the registration.")
            .nullable()
            .private(),
    ],
    relations: &[
        Relation::one("project", "project_id", &PROJECT, "The project of the flow."),
        Relation::one("tenant", "tenant_id", &TENANT, "The tenant of the flow."),
        Relation::one("flow_group", "flow_group_id", &FLOW_GROUP, "All versions of the flow."),
        Relation::many("tasks", &TASK, "flow_id", "Tasks of this version."),
        Relation::many("edges", &EDGE, "flow_id", "Dependencies between the tasks."),
        Relation::many("flow_runs", &FLOW_RUN, "flow_id", "Runs of this version."),
    ],
};
