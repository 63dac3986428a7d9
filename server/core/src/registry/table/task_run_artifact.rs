//! Table `task_run_artifact`.

use super::super::Relation;
use super::super::column::{CREATED, Column, ID, TENANT_ID, UPDATED};
use super::{TASK_RUN, Table};

/// Something a task run shows: a link or a text.
pub static TASK_RUN_ARTIFACT: Table = Table {
    name: "task_run_artifact",
    description: "Something a task run shows: a link or a text.",
    tenant_column: "tenant_id",
    columns: &[
        ID,
        CREATED,
        UPDATED,
        TENANT_ID,
        Column::uuid("task_run_id", "The task run."),
        Column::text("kind", "Kind of artifact."),
        Column::json("data", "The artifact.").nullable(),
    ],
    relations: &[Relation::one("task_run", "task_run_id", &TASK_RUN, "The task run.")],
};
