//! Table `concurrency_slot`.

use super::super::Relation;
use super::super::column::{CREATED, Column, ID, TENANT_ID, UPDATED};
use super::{FLOW_CONCURRENCY_LIMIT, FLOW_RUN, TASK_RUN, TASK_TAG_LIMIT, Table};

/// A place under a concurrency limit, taken by a run for as long as somebody works on it.
pub static CONCURRENCY_SLOT: Table = Table {
    name: "concurrency_slot",
    description: "A place under a concurrency limit, taken by a run for as long as somebody works on it.",
    tenant_column: "tenant_id",
    columns: &[
        ID,
        CREATED,
        UPDATED,
        TENANT_ID,
        Column::uuid("flow_concurrency_limit_id", "The limit, if it is one of a label.").nullable(),
        Column::uuid("task_tag_limit_id", "The limit, if it is one of a tag.").nullable(),
        Column::uuid("flow_run_id", "The flow run that holds it, or whose task run does."),
        Column::uuid("task_run_id", "The task run that holds it, under the limit of a tag.").nullable(),
    ],
    relations: &[
        Relation::one(
            "flow_concurrency_limit",
            "flow_concurrency_limit_id",
            &FLOW_CONCURRENCY_LIMIT,
            "The limit, if it is one of a label.",
        ),
        Relation::one(
            "task_tag_limit",
            "task_tag_limit_id",
            &TASK_TAG_LIMIT,
            "The limit, if it is one of a tag.",
        ),
        Relation::one("flow_run", "flow_run_id", &FLOW_RUN, "The flow run."),
        Relation::one("task_run", "task_run_id", &TASK_RUN, "The task run, under the limit of a tag."),
    ],
};
