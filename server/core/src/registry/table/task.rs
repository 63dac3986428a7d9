//! Table `task`.

use super::super::Relation;
use super::super::column::{CREATED, Column, ID, TENANT_ID, UPDATED};
use super::{EDGE, FLOW, TASK_RUN, Table};

/// A task of a flow version.
pub static TASK: Table = Table {
    name: "task",
    description: "A task of a flow version.",
    tenant_column: "tenant_id",
    columns: &[
        ID,
        CREATED,
        UPDATED,
        TENANT_ID,
        Column::uuid("flow_id", "The flow version."),
        Column::text("name", "Name of the task.").nullable(),
        Column::text("slug", "Identifies the task within its flow."),
        Column::text("description", "Free text.").nullable(),
        Column::text("type", "Python type of the task.").nullable(),
        Column::integer("max_retries", "How often a failed run is repeated.").nullable(),
        Column::interval("retry_delay", "Pause before a repetition.").nullable(),
        Column::text("trigger", "When the task runs, given the states before it.").nullable(),
        Column::boolean("mapped", "Whether the task runs once per item."),
        Column::boolean("auto_generated", "Whether the library added the task by itself."),
        Column::text("cache_key", "Key under which results are shared between tasks.").nullable(),
        Column::boolean("is_root_task", "Whether nothing comes before the task."),
        Column::boolean("is_terminal_task", "Whether nothing comes after the task."),
        Column::boolean("is_reference_task", "Whether the task decides the state of the run."),
        Column::json("tags", "Tags of the task."),
    ],
    relations: &[
        Relation::one("flow", "flow_id", &FLOW, "The flow version."),
        Relation::many("task_runs", &TASK_RUN, "task_id", "Runs of the task."),
        Relation::many(
            "upstream_edges",
            &EDGE,
            "downstream_task_id",
            "Edges from the tasks before this one.",
        ),
        Relation::many("downstream_edges", &EDGE, "upstream_task_id", "Edges to the tasks after this one."),
    ],
};
