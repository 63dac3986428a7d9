//! Table `tenant`.

use super::super::Relation;
use super::super::column::{CREATED, Column, ID, UPDATED};
use super::{FLOW, FLOW_GROUP, PROJECT, Table};

/// A customer of this installation; every other row belongs to one.
pub static TENANT: Table = Table {
    name: "tenant",
    description: "A customer of this installation; every other row belongs to one.",
    tenant_column: "id",
    columns: &[
        ID,
        CREATED,
        UPDATED,
        Column::text("name", "Display name."),
        Column::text("slug", "Unique short name, used in links."),
        Column::json("info", "Free information about the tenant."),
        Column::json("settings", "Settings of the tenant."),
    ],
    relations: &[
        Relation::many("projects", &PROJECT, "tenant_id", "Projects of the tenant."),
        Relation::many("flows", &FLOW, "tenant_id", "Flow versions of the tenant."),
        Relation::many("flow_groups", &FLOW_GROUP, "tenant_id", "Flow groups of the tenant."),
    ],
};
