//! `signalbox pause`: hold runs until somebody resumes them.

use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::failure::Failure;
use crate::output::text::printable;
use crate::session::{Session, each::each, find};

/// Asks for the pause.
pub(crate) const PAUSE_FLOW_RUN: &str = "mutation ($input: pause_flow_run_input!) {
  pause_flow_run(input: $input) { success }
}";

/// Hold flow runs until they are resumed
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Ids, beginnings of ids, or names of flow runs
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<String>,
    /// Why; it is shown with the state
    #[arg(long)]
    note: Option<String>,
}

#[derive(Serialize)]
struct Outcome {
    id: Uuid,
    name: String,
}

/// Pauses every run that is named.
pub(crate) async fn run(arguments: Arguments, session: &Session) -> Result<(), Failure> {
    let pause = async |reference: &str| {
        let found = find::flow_run(session, reference).await?;
        let input = json!({"input": {"flow_run_id": found.id, "note": arguments.note}});
        session.ask::<Value>(PAUSE_FLOW_RUN, input).await?;
        Ok(Outcome { id: found.id, name: found.name })
    };
    each(session, &arguments.runs, pause, |outcome| {
        format!("{} is paused; go on with: signalbox resume {}", printable(&outcome.name), outcome.id)
    })
    .await
}
