//! Table `task_tag_limit`.

use super::super::Relation;
use super::super::column::{CREATED, Column, ID, TENANT_ID, UPDATED};
use super::{CONCURRENCY_SLOT, Table};

/// How many task runs with a tag may run at once.
pub static TASK_TAG_LIMIT: Table = Table {
    name: "task_tag_limit",
    description: "How many task runs with a tag may run at once.",
    tenant_column: "tenant_id",
    columns: &[
        ID,
        CREATED,
        UPDATED,
        TENANT_ID,
        Column::text("tag", "The tag."),
        Column::integer("limit", "The number."),
    ],
    relations: &[Relation::many(
        "slots",
        &CONCURRENCY_SLOT,
        "task_tag_limit_id",
        "Slots that are taken, with their holders.",
    )],
};
