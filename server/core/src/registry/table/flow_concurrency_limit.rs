//! Table `flow_concurrency_limit`.

use super::super::Relation;
use super::super::column::{CREATED, Column, ID, TENANT_ID, UPDATED};
use super::{CONCURRENCY_SLOT, Table};

/// How many flow runs with a label may be under way at once.
pub static FLOW_CONCURRENCY_LIMIT: Table = Table {
    name: "flow_concurrency_limit",
    description: "How many flow runs with a label may be under way at once.",
    tenant_column: "tenant_id",
    columns: &[
        ID,
        CREATED,
        UPDATED,
        TENANT_ID,
        Column::text("name", "The label."),
        Column::integer("limit", "The number."),
    ],
    relations: &[Relation::many(
        "slots",
        &CONCURRENCY_SLOT,
        "flow_concurrency_limit_id",
        "Slots that are taken, with their holders.",
    )],
};
