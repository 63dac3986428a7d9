//! Table `task_run`.

use super::super::Relation;
use super::super::column::{CREATED, Column, ID, TENANT_ID, UPDATED};
use super::{FLOW_RUN, LOG, TASK, TASK_RUN_STATE, TENANT, Table};

/// One execution of a task, or of one item of a mapped task.
pub static TASK_RUN: Table = Table {
    name: "task_run",
    description: "One execution of a task, or of one item of a mapped task.",
    tenant_column: "tenant_id",
    columns: &[
        ID,
        CREATED,
        UPDATED,
        TENANT_ID,
        Column::uuid("flow_run_id", "The flow run."),
        Column::uuid("task_id", "The task."),
        Column::integer("map_index", "Index of the item; -1 when not mapped."),
        Column::text("name", "Name of the run.").nullable(),
        Column::integer("version", "Number of states the run has had."),
        Column::timestamp("heartbeat", "Last sign of life of the process.").nullable(),
        Column::timestamp("start_time", "When it first ran.").nullable(),
        Column::timestamp("end_time", "When it last ended.").nullable(),
        Column::text("cache_key", "Key under which the result is shared.").nullable(),
        Column::text("state", "Type of the current state.").nullable(),
        Column::timestamp("state_timestamp", "When the current state was set.").nullable(),
        Column::text("state_message", "Message of the current state.").nullable(),
        Column::json("state_result", "Result of the current state.").nullable(),
        Column::timestamp("state_start_time", "When a scheduled state is due; null for other states.")
            .nullable(),
        Column::json("serialized_state", "The current state as the client sent it.").nullable(),
        Column::integer("state_fingerprint", "Recognises a repeated delivery of the current state.")
            .nullable()
            .private(),
    ],
    relations: &[
        Relation::one("flow_run", "flow_run_id", &FLOW_RUN, "The flow run."),
        Relation::one("task", "task_id", &TASK, "The task."),
        Relation::one("tenant", "tenant_id", &TENANT, "The tenant of the run."),
        Relation::many("states", &TASK_RUN_STATE, "task_run_id", "Every state the run has had."),
        Relation::many("logs", &LOG, "task_run_id", "Log lines of the run."),
    ],
};
