//! `signalbox get …`: lists. Each file holds one table's options, document and columns.

pub(crate) mod agents;
pub(crate) mod api_keys;
pub(crate) mod concurrency_limits;
pub(crate) mod flow_runs;
pub(crate) mod flows;
pub(crate) mod logs;
pub(crate) mod projects;
pub(crate) mod task_runs;
pub(crate) mod tasks;
pub(crate) mod tenants;

use clap::Subcommand;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::session::Session;

/// What to list.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List flows: the newest version of each
    #[command(visible_alias = "flow")]
    Flows(flows::Arguments),
    /// List flow runs, newest first
    #[command(visible_aliases = ["flow-run", "runs"])]
    FlowRuns(flow_runs::Arguments),
    /// List the task runs of a flow run
    #[command(visible_alias = "task-run")]
    TaskRuns(task_runs::Arguments),
    /// List projects
    #[command(visible_alias = "project")]
    Projects(projects::Arguments),
    /// List agents, those that asked for work last first
    #[command(visible_alias = "agent")]
    Agents(agents::Arguments),
    /// List the tasks of flows
    #[command(visible_alias = "task")]
    Tasks(tasks::Arguments),
    /// Show the log of a flow run
    #[command(visible_alias = "log")]
    Logs(logs::Arguments),
    /// List tenants
    #[command(visible_alias = "tenant")]
    Tenants(tenants::Arguments),
    /// List API keys (never the keys themselves)
    #[command(visible_alias = "api-key")]
    ApiKeys(api_keys::Arguments),
    /// List concurrency limits, with what is taken and by whom
    #[command(visible_alias = "concurrency-limit")]
    ConcurrencyLimits(concurrency_limits::Arguments),
}

/// Runs the command.
pub(crate) async fn run(command: Command, session: &Session) -> Result<(), Failure> {
    match command {
        Command::Flows(arguments) => flows::run(arguments, session).await,
        Command::FlowRuns(arguments) => flow_runs::run(arguments, session).await,
        Command::TaskRuns(arguments) => task_runs::run(arguments, session).await,
        Command::Projects(arguments) => projects::run(arguments, session).await,
        Command::Agents(arguments) => agents::run(arguments, session).await,
        Command::Tasks(arguments) => tasks::run(arguments, session).await,
        Command::Logs(arguments) => logs::run(arguments, session).await,
        Command::Tenants(arguments) => tenants::run(arguments, session).await,
        Command::ApiKeys(arguments) => api_keys::run(arguments, session).await,
        Command::ConcurrencyLimits(arguments) => concurrency_limits::run(arguments, session).await,
    }
}

/// A condition on a text column: equal, or like when the person wrote `*` (any case then).
fn matching(pattern: &str) -> Value {
    if !pattern.contains('*') {
        return json!({"_eq": pattern});
    }
    let like = pattern.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_").replace('*', "%");
    json!({"_ilike": like})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_match_anything_and_nothing_else_does() {
        assert_eq!(matching("etl"), json!({"_eq": "etl"}));
        assert_eq!(matching("etl_*"), json!({"_ilike": "etl\\_%"}));
        assert_eq!(matching("100%*"), json!({"_ilike": "100\\%%"}));
    }
}
