//! Table `edge`.

use super::super::Relation;
use super::super::column::{CREATED, Column, ID, TENANT_ID, UPDATED};
use super::{FLOW, TASK, Table};

/// A dependency between two tasks of a flow version.
pub static EDGE: Table = Table {
    name: "edge",
    description: "A dependency between two tasks of a flow version.",
    tenant_column: "tenant_id",
    columns: &[
        ID,
        CREATED,
        UPDATED,
        TENANT_ID,
        Column::uuid("flow_id", "The flow version."),
        Column::uuid("upstream_task_id", "The task that comes first."),
        Column::uuid("downstream_task_id", "The task that waits."),
        Column::text("key", "Argument that receives the result; null for order only.").nullable(),
        Column::boolean("mapped", "Whether the downstream task maps over the result."),
    ],
    relations: &[
        Relation::one("flow", "flow_id", &FLOW, "The flow version."),
        Relation::one("upstream_task", "upstream_task_id", &TASK, "The task that comes first."),
        Relation::one("downstream_task", "downstream_task_id", &TASK, "The task that waits."),
    ],
};
