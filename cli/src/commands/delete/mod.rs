//! `signalbox delete …`: asks on a terminal, refuses elsewhere unless `--yes` is given.

pub(crate) mod agent;
pub(crate) mod api_key;
pub(crate) mod concurrency_limit;
pub(crate) mod flow;
pub(crate) mod flow_run;
pub(crate) mod project;

use std::collections::HashMap;

use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::failure::{Failure, exit};
use crate::output::screen::{self, Format};
use crate::output::text::printable;
use crate::session::Session;
use crate::session::find::Found;

/// What to delete.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Delete a version of a flow (by id) or a whole flow (by name), with all its runs
    Flow(flow::Arguments),
    /// Delete flow runs, with their task runs and logs
    FlowRun(Arguments),
    /// Delete a project, with everything in it
    Project(Arguments),
    /// Forget an agent; one that is running registers again when it restarts
    Agent(Arguments),
    /// Delete an API key; it stops working at once
    ApiKey(Arguments),
    /// Lift concurrency limits, by id, label or tag; what waited for them starts
    ConcurrencyLimit(Arguments),
}

/// Things to delete, and whether to ask.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Ids, beginnings of ids, or names
    #[arg(required = true, value_name = "ID")]
    references: Vec<String>,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

/// Runs the command.
pub(crate) async fn run(command: Command, session: &Session) -> Result<(), Failure> {
    match command {
        Command::Flow(arguments) => flow::run(arguments, session).await,
        Command::FlowRun(arguments) => flow_run::run(arguments, session).await,
        Command::Project(arguments) => project::run(arguments, session).await,
        Command::Agent(arguments) => agent::run(arguments, session).await,
        Command::ApiKey(arguments) => api_key::run(arguments, session).await,
        Command::ConcurrencyLimit(arguments) => concurrency_limit::run(arguments, session).await,
    }
}

/// One thing that is about to be deleted.
#[derive(Debug, Serialize)]
struct Doomed {
    id: Uuid,
    name: String,
    /// "flow run", "project" …
    #[serde(skip)]
    noun: &'static str,
    /// What goes with it, for the question: " and its 3 runs".
    #[serde(skip)]
    consequence: String,
}

impl Doomed {
    fn new(found: Found, noun: &'static str) -> Self {
        Self { id: found.id, name: found.name, noun, consequence: String::new() }
    }
}

/// A mutation that deletes one thing: `x(input: {<id_field>: …}) { success }`.
#[derive(Debug, Clone, Copy)]
struct Mutation {
    document: &'static str,
    id_field: &'static str,
}

/// `{x: {success}}`, whatever `x` is.
type Answer = HashMap<String, Payload>;

#[derive(Debug, Deserialize)]
struct Payload {
    success: Option<bool>,
}

/// Asks once, deletes everything, says what is gone.
async fn delete(doomed: &[Doomed], mutation: Mutation, yes: bool, session: &Session) -> Result<(), Failure> {
    allowed(doomed, yes, session)?;
    for one in doomed {
        let input = json!({"input": {mutation.id_field: one.id}});
        let answer: Answer = session.ask(mutation.document, input).await?;
        if !answer.values().all(|payload| payload.success == Some(true)) {
            return Err(Failure::new(format!("{} {} was gone already", one.noun, one.id)));
        }
    }
    report(doomed, session)
}

/// Asks whether these may go. Without a terminal only `--yes` allows it.
fn allowed(doomed: &[Doomed], yes: bool, session: &Session) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    let names: Vec<String> = doomed
        .iter()
        .map(|one| format!("{} {}{}", one.noun, printable(&one.name), one.consequence))
        .collect();
    if !session.screen.interactive {
        return Err(Failure::usage(format!(
            "deleting {} needs --yes where nobody can be asked",
            names.join(", ")
        )));
    }
    if screen::confirm(&format!("Delete {}?", names.join(", ")))? {
        Ok(())
    } else {
        screen::note("Nothing was deleted.");
        Err(Failure::silent(exit::FAILED))
    }
}

/// Says what is gone.
fn report(doomed: &[Doomed], session: &Session) -> Result<(), Failure> {
    match session.screen.format {
        Format::Json => screen::json(&doomed),
        Format::Table => {
            for one in doomed {
                screen::line(&format!("Deleted {} {}", one.noun, printable(&one.name)))?;
            }
            Ok(())
        }
    }
}
