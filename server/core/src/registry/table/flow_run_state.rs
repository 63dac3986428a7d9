//! Table `flow_run_state`.

use super::super::Relation;
use super::super::column::{CREATED, Column, ID, TENANT_ID, UPDATED};
use super::{FLOW_RUN, Table};

/// A state a flow run has had.
pub static FLOW_RUN_STATE: Table = Table {
    name: "flow_run_state",
    description: "A state a flow run has had.",
    tenant_column: "tenant_id",
    columns: &[
        ID,
        CREATED,
        UPDATED,
        TENANT_ID,
        Column::uuid("flow_run_id", "The run."),
        Column::timestamp("timestamp", "When the state was set."),
        Column::text("state", "Type of the state."),
        Column::text("message", "Message of the state.").nullable(),
        Column::json("result", "Result of the state.").nullable(),
        Column::timestamp("start_time", "When a scheduled state is due.").nullable(),
        Column::integer("version", "Number of the state within its run."),
        Column::json("serialized_state", "The state as the client sent it."),
        Column::integer("fingerprint", "Recognises a repeated delivery of the state.").nullable().private(),
    ],
    relations: &[Relation::one("flow_run", "flow_run_id", &FLOW_RUN, "The flow run.")],
};
