//! Table `project`.

use super::super::Relation;
use super::super::column::{CREATED, Column, ID, TENANT_ID, UPDATED};
use super::{FLOW, TENANT, Table};

/// A named collection of flows.
pub static PROJECT: Table = Table {
    name: "project",
    description: "A named collection of flows.",
    tenant_column: "tenant_id",
    columns: &[
        ID,
        CREATED,
        UPDATED,
        TENANT_ID,
        Column::text("name", "Name, unique within the tenant."),
        Column::text("description", "Free text.").nullable(),
    ],
    relations: &[
        Relation::many("flows", &FLOW, "project_id", "Flow versions of the project."),
        Relation::one("tenant", "tenant_id", &TENANT, "The tenant of the project."),
    ],
};
