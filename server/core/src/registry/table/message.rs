//! Table `message`.

use super::super::column::{CREATED, Column, ID, TENANT_ID, UPDATED};
use super::Table;

/// A message to the people of a tenant.
pub static MESSAGE: Table = Table {
    name: "message",
    description: "A message to the people of a tenant.",
    tenant_column: "tenant_id",
    columns: &[
        ID,
        CREATED,
        UPDATED,
        TENANT_ID,
        Column::boolean("read", "Whether the message was read."),
        Column::text("type", "Kind of message."),
        Column::text("text", "The message.").nullable(),
        Column::json("content", "Further content.").nullable(),
    ],
    relations: &[],
};
