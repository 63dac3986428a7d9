//! Table `event`.

use super::super::Relation;
use super::super::column::{Column, ID, TENANT_ID};
use super::{AGENT, FLOW, FLOW_RUN, TASK_RUN, TENANT, Table};

/// The log of what happened.
pub static EVENT: Table = Table {
    name: "event",
    description: "Something that happened. Events outlive what they are about.",
    tenant_column: "tenant_id",
    columns: &[
        ID,
        TENANT_ID,
        Column::long("position", "Place in the tenant's log, in the order of commits."),
        Column::timestamp("occurred", "When it happened."),
        Column::text("kind", "What happened, dotted, noun first: `flow_run.state`."),
        Column::uuid("flow_run_id", "The flow run it is about.").nullable(),
        Column::uuid("task_run_id", "The task run it is about.").nullable(),
        Column::uuid("flow_id", "The flow it is about.").nullable(),
        Column::uuid("agent_id", "The agent it is about.").nullable(),
        Column::json("payload", "The rest, by kind; small, and without parameters or results."),
    ],
    relations: &[
        Relation::one("tenant", "tenant_id", &TENANT, "The tenant of the event."),
        Relation::one("flow_run", "flow_run_id", &FLOW_RUN, "The flow run, while it exists."),
        Relation::one("task_run", "task_run_id", &TASK_RUN, "The task run, while it exists."),
        Relation::one("flow", "flow_id", &FLOW, "The flow, while it exists."),
        Relation::one("agent", "agent_id", &AGENT, "The agent, while it exists."),
    ],
};
