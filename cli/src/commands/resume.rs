//! `signalbox resume`: let paused runs go on.

use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::failure::Failure;
use crate::output::text::printable;
use crate::session::{Session, each::each, find};

/// Asks for it.
pub(crate) const RESUME_FLOW_RUN: &str = "mutation ($input: resume_flow_run_input!) {
  resume_flow_run(input: $input) { success }
}";

/// Let paused flow runs go on
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

/// Resumes every run that is named.
pub(crate) async fn run(arguments: Arguments, session: &Session) -> Result<(), Failure> {
    let resume = async |reference: &str| {
        let found = find::flow_run(session, reference).await?;
        let input = json!({"input": {"flow_run_id": found.id, "note": arguments.note}});
        session.ask::<Value>(RESUME_FLOW_RUN, input).await?;
        Ok(Outcome { id: found.id, name: found.name })
    };
    each(session, &arguments.runs, resume, |outcome| format!("{} goes on", printable(&outcome.name))).await
}
