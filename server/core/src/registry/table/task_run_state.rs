//! Table `task_run_state`.

use super::super::Relation;
use super::super::column::{CREATED, Column, ID, TENANT_ID, UPDATED};
use super::{TASK_RUN, Table};

/// A state a task run has had.
pub static TASK_RUN_STATE: Table = Table {
    name: "task_run_state",
    description: "A state a task run has had.",
    tenant_column: "tenant_id",
    columns: &[
        ID,
        CREATED,
        UPDATED,
        TENANT_ID,
        Column::uuid("task_run_id", "The run."),
        Column::timestamp("timestamp", "When the state was set."),
        Column::text("state", "Type of the state."),
        Column::text("message", "Message of the state.").nullable(),
        Column::json("result", "Result of the state.").nullable(),
        Column::timestamp("start_time", "When a scheduled state is due.").nullable(),
        Column::integer("version", "Number of the state within its run."),
        Column::json("serialized_state", "The state as the client sent it."),
        Column::integer("fingerprint", "Recognises a repeated delivery of the state.").nullable().private(),
    ],
    relations: &[Relation::one("task_run", "task_run_id", &TASK_RUN, "The task run.")],
};
