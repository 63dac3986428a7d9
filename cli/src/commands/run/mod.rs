//! `signalbox run`: create a flow run, and follow it with `--watch`.

pub(crate) mod parameters;
pub(crate) mod progress;
pub(crate) mod watch;

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::{ArgGroup, Args};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::edge;
use crate::failure::Failure;
use crate::output::screen::{self, Format};
use crate::output::text::printable;
use crate::output::time;
use crate::session::Session;
use crate::session::find::{self, FlowReference, FlowVersion};

/// Makes the run. The idempotency key lets the client send it again without making a second run.
pub(crate) const CREATE_FLOW_RUN: &str = "mutation ($input: create_flow_run_input!) {
  create_flow_run(input: $input) { id }
}";

/// The name the server gave the run.
pub(crate) const FLOW_RUN_NAME: &str = "query ($id: uuid!) {
  flow_run_by_pk(id: $id) { name }
}";

/// Start a flow run
#[derive(Debug, Args)]
#[command(
    group(ArgGroup::new("flow").required(true).args(["name", "id"])),
    after_help = "Values of --param and --context are read as JSON if they can be, otherwise as text.\n\
        Without --watch the id of the run is printed; with --watch its log, and the exit code is 1 unless it succeeds.\n\n\
        Example:\n  signalbox run --name etl --project Reports --param day=2026-01-02 --param retries=3 --watch"
)]
pub(crate) struct Arguments {
    /// Name of the flow; its newest version runs
    #[arg(long, short)]
    name: Option<String>,
    /// Project of the flow, where the name alone is not enough
    #[arg(long, short, conflicts_with = "id")]
    project: Option<String>,
    /// Id of a version of a flow, or of its flow group (then the newest version runs)
    #[arg(long, short)]
    id: Option<String>,
    /// A parameter, key=value; may be repeated
    #[arg(long = "param", value_name = "KEY=VALUE", value_parser = parameters::parse_pair)]
    parameters: Vec<(String, Value)>,
    /// A file with a JSON object of parameters (- for stdin); --param wins over it
    #[arg(long, value_name = "FILE")]
    params_file: Option<PathBuf>,
    /// A label the agent must have, instead of the flow's own; may be repeated
    #[arg(long = "label", short = 'l', value_name = "LABEL")]
    labels: Vec<String>,
    /// Name of the run [default: made by the server]
    #[arg(long, value_name = "NAME")]
    run_name: Option<String>,
    /// An entry of the run's context, key=value; may be repeated
    #[arg(long = "context", value_name = "KEY=VALUE", value_parser = parameters::parse_pair)]
    context: Vec<(String, Value)>,
    /// Creating a run of the same flow with the same key again gives the run that exists
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// When to start: 2026-01-02T03:04:05Z, "2026-01-02 03:04" (local) or +10m [default: now]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    at: Option<DateTime<Utc>>,
    /// Among runs that are due, those of higher priority start first: -1000 to 1000 [default: the flow's]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    priority: Option<i64>,
    /// Follow the run until it ends
    #[arg(long, short)]
    watch: bool,
    /// Print nothing but the id
    #[arg(long, short)]
    quiet: bool,
}

#[derive(Deserialize)]
struct Created {
    create_flow_run: Row,
}

#[derive(Deserialize)]
struct Row {
    id: Uuid,
}

#[derive(Serialize)]
struct Outcome<'a> {
    id: Uuid,
    name: &'a str,
    flow_id: Uuid,
    flow_name: &'a str,
    flow_version: i64,
}

/// Creates the run; with `--watch` follows it to its end.
pub(crate) async fn run(arguments: Arguments, session: &Session) -> Result<(), Failure> {
    let flow = chosen(&arguments, session).await?;
    let input = input(&arguments, &flow)?;
    let created: Created = session.ask(CREATE_FLOW_RUN, json!({"input": input})).await?;
    let id = created.create_flow_run.id;
    let name = name_of(session, id).await?;
    if !arguments.quiet {
        let hint = if arguments.watch {
            String::new()
        } else {
            format!("\nFollow it with: signalbox get logs {id} --follow")
        };
        screen::note(&format!(
            "Created run {} of {}, version {}{hint}",
            printable(&name),
            flow.title(),
            flow.version
        ));
    }
    if arguments.watch {
        if arguments.quiet {
            screen::line(&id.to_string())?;
        }
        return watch::follow(session, id, arguments.quiet).await;
    }
    match session.screen.format {
        Format::Table => screen::line(&id.to_string()),
        Format::Json => screen::json(&Outcome {
            id,
            name: &name,
            flow_id: flow.id,
            flow_name: &flow.name,
            flow_version: flow.version,
        }),
    }
}

/// The version that runs: the newest that is not archived, or the very one an id names.
async fn chosen(arguments: &Arguments, session: &Session) -> Result<FlowVersion, Failure> {
    let text = arguments.name.as_deref().or(arguments.id.as_deref()).unwrap_or_default();
    let versions = find::flow(session, FlowReference { text, project: arguments.project.as_deref() }).await?;
    let title = versions.first().map(FlowVersion::title).unwrap_or_default();
    versions.into_iter().find(|version| !version.archived).ok_or_else(|| {
        Failure::new(format!("{title} is archived: an archived flow cannot run"))
            .hint("Register it again, or choose another version: signalbox get flows --all-versions")
    })
}

fn input(arguments: &Arguments, flow: &FlowVersion) -> Result<Value, Failure> {
    let mut parameters = match &arguments.params_file {
        Some(path) => parameters::read_file(path)?,
        None => Map::new(),
    };
    parameters.extend(arguments.parameters.iter().cloned());
    let mismatch = parameters::compare(&parameters, flow.parameters.as_ref());
    if !mismatch.unknown.is_empty() {
        let known = if mismatch.known.is_empty() { "none".to_owned() } else { mismatch.known.join(", ") };
        screen::warn(&format!("the flow has no parameter {} (it has: {known})", mismatch.unknown.join(", ")));
    }
    let context: Map<String, Value> = arguments.context.iter().cloned().collect();
    let key = arguments.idempotency_key.clone().unwrap_or_else(edge::idempotency_key);
    let mut input = json!({
        "flow_id": flow.id,
        "parameters": parameters,
        "context": context,
        "idempotency_key": key,
    });
    // Absent and empty differ: an empty list of labels would override the flow's own.
    if !arguments.labels.is_empty() {
        input["labels"] = json!(arguments.labels);
    }
    if let Some(name) = &arguments.run_name {
        input["flow_run_name"] = json!(name);
    }
    if let Some(at) = arguments.at {
        input["scheduled_start_time"] = json!(at);
    }
    if let Some(priority) = arguments.priority {
        input["priority"] = json!(priority);
    }
    Ok(input)
}

async fn name_of(session: &Session, id: Uuid) -> Result<String, Failure> {
    #[derive(Deserialize)]
    struct Answer {
        flow_run_by_pk: Option<Named>,
    }
    #[derive(Deserialize)]
    struct Named {
        name: Option<String>,
    }
    let answer: Answer = session.ask(FLOW_RUN_NAME, json!({"id": id})).await?;
    Ok(answer.flow_run_by_pk.and_then(|run| run.name).unwrap_or_else(|| id.to_string()))
}

fn moment(text: &str) -> Result<DateTime<Utc>, String> {
    time::parse_moment(text, edge::now())
}
