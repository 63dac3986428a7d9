//! Table `log`.

use super::super::Relation;
use super::super::column::{CREATED, Column, ID, TENANT_ID, UPDATED};
use super::{FLOW_RUN, TASK_RUN, Table};

/// A log line.
pub static LOG: Table = Table {
    name: "log",
    description: "A log line.",
    tenant_column: "tenant_id",
    columns: &[
        ID,
        CREATED,
        UPDATED,
        TENANT_ID,
        Column::uuid("flow_run_id", "The flow run."),
        Column::uuid("task_run_id", "The task run, when a task wrote the line.").nullable(),
        Column::timestamp("timestamp", "When the line was written."),
        Column::long("position", "Place in the order in which the tenant's lines arrived."),
        Column::text("name", "Name of the logger.").nullable(),
        Column::text("level", "Level; any text.").nullable(),
        Column::text("message", "The line.").nullable(),
        Column::json("info", "Further fields of the record.").nullable(),
        Column::boolean("is_loaded_from_archive", "Whether the line was brought back from an archive."),
    ],
    relations: &[
        Relation::one("flow_run", "flow_run_id", &FLOW_RUN, "The flow run."),
        Relation::one("task_run", "task_run_id", &TASK_RUN, "The task run."),
    ],
};
