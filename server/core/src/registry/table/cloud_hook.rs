//! Table `cloud_hook`.

use super::super::column::{CREATED, Column, ID, TENANT_ID, UPDATED};
use super::Table;

/// A call made when runs enter given states.
pub static CLOUD_HOOK: Table = Table {
    name: "cloud_hook",
    description: "A call made when runs enter given states.",
    tenant_column: "tenant_id",
    columns: &[
        ID,
        CREATED,
        UPDATED,
        TENANT_ID,
        Column::text("version_group_id", "Flow group the hook listens to; null for all.").nullable(),
        Column::json("states", "States the hook listens to."),
        Column::text("type", "Kind of hook."),
        Column::text("name", "Name of the hook.").nullable(),
        Column::json("config", "Target of the call."),
        Column::boolean("active", "Whether the hook is on."),
    ],
    relations: &[],
};
