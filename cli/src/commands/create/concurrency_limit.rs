//! `signalbox create concurrency-limit`.

use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::failure::Failure;
use crate::output::text::printable;
use crate::session::Session;

/// Limits a label.
pub(crate) const LIMIT_LABEL: &str = "mutation ($input: update_flow_concurrency_limit_input!) {
  limit: update_flow_concurrency_limit(input: $input) { id }
}";

/// Limits a tag.
pub(crate) const LIMIT_TAG: &str = "mutation ($input: update_task_tag_limit_input!) {
  limit: update_task_tag_limit(input: $input) { id }
}";

/// Limit how many runs are under way at once
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How many; 0 lets nothing start. A limit that exists gets this number
    #[arg(value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    limit: i32,
    #[command(flatten)]
    about: About,
}

/// What is limited.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct About {
    /// Limit flow runs with this label
    #[arg(long, short)]
    label: Option<String>,
    /// Limit task runs whose tasks have this tag
    #[arg(long, short)]
    tag: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    limit: Row,
}

#[derive(Deserialize)]
struct Row {
    id: Uuid,
}

#[derive(Serialize)]
struct Outcome<'a> {
    id: Uuid,
    /// "label" or "tag".
    kind: &'static str,
    name: &'a str,
    limit: i32,
}

/// Sets the limit.
pub(crate) async fn run(arguments: Arguments, session: &Session) -> Result<(), Failure> {
    let limit = arguments.limit;
    let (kind, noun, name, document) = match (arguments.about.label, arguments.about.tag) {
        (Some(label), _) => ("label", "flow runs", label, LIMIT_LABEL),
        (None, Some(tag)) => ("tag", "task runs", tag, LIMIT_TAG),
        (None, None) => return Err(Failure::usage("either --label or --tag is needed")),
    };
    let answer: Answer = session.ask(document, json!({"input": {kind: name, "limit": limit}})).await?;
    let id = answer.limit.id;
    let message = format!("At most {limit} {noun} with the {kind} {} at once", printable(&name));
    session.screen.made(&id.to_string(), &Outcome { id, kind, name: &name, limit }, &message)
}
