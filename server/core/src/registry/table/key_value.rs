//! Table `key_value`.

use super::super::column::{CREATED, Column, ID, TENANT_ID, UPDATED};
use super::Table;

/// A value stored under a key.
pub static KEY_VALUE: Table = Table {
    name: "key_value",
    description: "A value stored under a key.",
    tenant_column: "tenant_id",
    columns: &[
        ID,
        CREATED,
        UPDATED,
        TENANT_ID,
        Column::text("key", "The key."),
        Column::json("value", "The value.").nullable(),
    ],
    relations: &[],
};
