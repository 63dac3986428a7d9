//! Table `agent`.

use super::super::Relation;
use super::super::column::{CREATED, Column, ID, TENANT_ID, UPDATED};
use super::{AGENT_CONFIG, FLOW_RUN, Table};

/// A process that takes runs and executes them.
pub static AGENT: Table = Table {
    name: "agent",
    description: "A process that takes runs and executes them.",
    tenant_column: "tenant_id",
    columns: &[
        ID,
        CREATED,
        UPDATED,
        TENANT_ID,
        Column::uuid("agent_config_id", "Configuration the agent was started with.").nullable(),
        Column::text("name", "Name of the agent.").nullable(),
        Column::text("type", "Kind of agent."),
        Column::text("core_version", "Version of the library or of Signalbox.").nullable(),
        Column::json("labels", "Labels of the agent."),
        Column::timestamp("last_queried", "When the agent last asked for work.").nullable(),
        Column::text("identity", "Recognises an agent that registers again.").private(),
    ],
    relations: &[
        Relation::one(
            "agent_config",
            "agent_config_id",
            &AGENT_CONFIG,
            "Configuration the agent was started with.",
        ),
        Relation::many("flow_runs", &FLOW_RUN, "agent_id", "Runs the agent has taken."),
    ],
};
