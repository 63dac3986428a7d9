//! `signalbox cancel`: ask the server to stop runs.

use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::failure::Failure;
use crate::output::state;
use crate::output::text::printable;
use crate::session::{Session, each::each, find};

/// Asks for the stop; answers the state the run has then.
pub(crate) const CANCEL_FLOW_RUN: &str = "mutation ($input: cancel_flow_run_input!) {
  cancel_flow_run(input: $input) { state }
}";

/// Stop flow runs
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Ids, beginnings of ids, or names of flow runs
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<String>,
}

#[derive(Deserialize)]
struct Answer {
    cancel_flow_run: Payload,
}

#[derive(Deserialize)]
struct Payload {
    state: Option<String>,
}

#[derive(Serialize)]
struct Outcome {
    id: Uuid,
    name: String,
    state: String,
}

/// Cancels every run that is named; goes on after one that cannot be cancelled.
pub(crate) async fn run(arguments: Arguments, session: &Session) -> Result<(), Failure> {
    each(session, &arguments.runs, async |reference: &str| cancel(session, reference).await, sentence).await
}

async fn cancel(session: &Session, reference: &str) -> Result<Outcome, Failure> {
    let found = find::flow_run(session, reference).await?;
    let state = request(session, found.id).await?;
    Ok(Outcome { id: found.id, name: found.name, state })
}

/// Asks the server to stop a run; gives the name of the state it has then.
pub(crate) async fn request(session: &Session, id: Uuid) -> Result<String, Failure> {
    let answer: Answer = session.ask(CANCEL_FLOW_RUN, json!({"input": {"flow_run_id": id}})).await?;
    Ok(answer.cancel_flow_run.state.unwrap_or_else(|| "Cancelling".to_owned()))
}

fn sentence(outcome: &Outcome) -> String {
    let name = printable(&outcome.name);
    match outcome.state.as_str() {
        "Cancelled" => format!("{name} is cancelled"),
        other if state::is_finished(other) => format!("{name} had ended already ({other})"),
        "Cancelling" => format!("{name} is being cancelled; its agent stops it"),
        other => format!("{name} is {other}"),
    }
}
