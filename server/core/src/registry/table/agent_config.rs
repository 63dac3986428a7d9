//! Table `agent_config`.

use super::super::Relation;
use super::super::column::{CREATED, Column, ID, TENANT_ID, UPDATED};
use super::{AGENT, Table};

/// A named configuration of agents.
pub static AGENT_CONFIG: Table = Table {
    name: "agent_config",
    description: "A named configuration of agents.",
    tenant_column: "tenant_id",
    columns: &[
        ID,
        CREATED,
        UPDATED,
        TENANT_ID,
        Column::text("name", "Name of the configuration.").nullable(),
        Column::json("settings", "The configuration."),
    ],
    relations: &[Relation::many("agents", &AGENT, "agent_config_id", "Agents that use the configuration.")],
};
