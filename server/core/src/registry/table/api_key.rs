//! Table `api_key`.

use super::super::column::{CREATED, Column, ID, TENANT_ID, UPDATED};
use super::Table;

/// An API key; the key itself is shown once, at creation.
pub static API_KEY: Table = Table {
    name: "api_key",
    description: "An API key; the key itself is shown once, at creation.",
    tenant_column: "tenant_id",
    columns: &[
        ID,
        CREATED,
        UPDATED,
        TENANT_ID,
        Column::text("name", "Name of the key."),
        Column::text("role", "What the key may do: viewer, operator, admin or agent."),
        Column::text("prefix", "First characters of the key, to recognise it."),
        Column::timestamp("expires_at", "When the key stops working.").nullable(),
        Column::timestamp("last_used", "When the key was last seen.").nullable(),
        Column::bytes("key_hash", "Hash of the key."),
    ],
    relations: &[],
};
