//! `signalbox restart`: run again what failed in runs that have ended.

use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::failure::Failure;
use crate::output::text::{count, printable};
use crate::session::{Session, each::each, find};

/// The version of a run, so that a request that is sent again counts once.
pub(crate) const FLOW_RUN_VERSION: &str = "query ($id: uuid!) { flow_run_by_pk(id: $id) { version } }";

/// Asks for the restart.
pub(crate) const RESTART_FLOW_RUN: &str = "mutation ($input: restart_flow_run_input!) {
  restart_flow_run(input: $input) { id task_runs }
}";

/// Run again what failed in flow runs that have ended; what succeeded stays
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Ids, beginnings of ids, or names of flow runs
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<String>,
    /// Why; it is shown with the state
    #[arg(long)]
    note: Option<String>,
}

#[derive(Deserialize)]
struct Seen {
    flow_run_by_pk: Option<Version>,
}

#[derive(Deserialize)]
struct Version {
    version: i64,
}

#[derive(Deserialize)]
struct Answer {
    restart_flow_run: Payload,
}

#[derive(Deserialize)]
struct Payload {
    task_runs: usize,
}

#[derive(Serialize)]
struct Outcome {
    id: Uuid,
    name: String,
    task_runs: usize,
}

/// Restarts every run that is named.
pub(crate) async fn run(arguments: Arguments, session: &Session) -> Result<(), Failure> {
    let restart = async |reference: &str| {
        let found = find::flow_run(session, reference).await?;
        let seen: Seen = session.ask(FLOW_RUN_VERSION, json!({"id": found.id})).await?;
        let version = seen.flow_run_by_pk.map(|run| run.version);
        let input = json!({"flow_run_id": found.id, "version": version, "note": arguments.note});
        let answer: Answer = session.ask(RESTART_FLOW_RUN, json!({"input": input})).await?;
        Ok(Outcome { id: found.id, name: found.name, task_runs: answer.restart_flow_run.task_runs })
    };
    each(session, &arguments.runs, restart, |outcome| {
        let again = count(outcome.task_runs, "task run");
        format!("{} is scheduled again ({again} to run again)", printable(&outcome.name))
    })
    .await
}
