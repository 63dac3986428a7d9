//! Table `flow_group`.

use super::super::Relation;
use super::super::column::{CREATED, Column, ID, TENANT_ID, UPDATED};
use super::{FLOW, TENANT, Table};

/// All versions of one flow, and the settings they share.
pub static FLOW_GROUP: Table = Table {
    name: "flow_group",
    description: "All versions of one flow, and the settings they share.",
    tenant_column: "tenant_id",
    columns: &[
        ID,
        CREATED,
        UPDATED,
        TENANT_ID,
        Column::text("name", "Name: the version group id."),
        Column::text("description", "Free text.").nullable(),
        Column::json("labels", "Labels that replace those of the run config.").nullable(),
        Column::json("schedule", "Schedule that replaces the registered one.").nullable(),
        Column::json("settings", "Heartbeat, Lazarus and version-locking switches."),
        Column::json("default_parameters", "Parameter values used when a run gives none."),
        Column::json("run_config", "Run config that replaces the registered one.").nullable(),
        Column::integer("priority", "Priority of runs that are made without one."),
        Column::text(
            "overlap_policy",
            "Whether scheduled runs may overlap: allow, skip, queue_one, cancel_other.",
        ),
        Column::integer("catch_up_seconds", "How late a scheduled run may still start; null is no limit.")
            .nullable(),
        Column::integer("jitter_seconds", "By at most how many seconds each scheduled start is put off."),
    ],
    relations: &[
        Relation::many("flows", &FLOW, "flow_group_id", "Versions of the flow."),
        Relation::one("tenant", "tenant_id", &TENANT, "The tenant of the flow group."),
    ],
};
