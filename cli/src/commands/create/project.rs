//! `signalbox create project`.

use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::failure::Failure;
use crate::output::text::printable;
use crate::session::{Session, explain, is_taken};

/// Makes the project.
pub(crate) const CREATE_PROJECT: &str = "mutation ($input: create_project_input!) {
  create_project(input: $input) { id }
}";

/// Finds the one that exists already.
pub(crate) const PROJECT_BY_NAME: &str = "query ($name: String!) {
  project(where: {name: {_eq: $name}}) { id }
}";

/// Create a project
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Name, unique within the tenant
    name: String,
    /// What the project is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
}

#[derive(Deserialize)]
struct Created {
    create_project: Row,
}

#[derive(Deserialize)]
struct Existing {
    project: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    id: Uuid,
}

#[derive(Serialize)]
struct Outcome<'a> {
    id: Uuid,
    name: &'a str,
    /// False when it was there before.
    created: bool,
}

/// Creates the project, or finds the one of that name.
pub(crate) async fn run(arguments: Arguments, session: &Session) -> Result<(), Failure> {
    let Arguments { name, description } = arguments;
    let tenant_id = session.tenant_id().await?;
    let input = json!({"name": name, "description": description, "tenant_id": tenant_id});
    let (id, created) = match session.try_ask::<Created>(CREATE_PROJECT, json!({"input": input})).await {
        Ok(answer) => (answer.create_project.id, true),
        Err(error) if is_taken(&error) => {
            let answer: Existing = session.ask(PROJECT_BY_NAME, json!({"name": name})).await?;
            (answer.project.first().ok_or_else(|| explain(&error))?.id, false)
        }
        Err(error) => return Err(explain(&error)),
    };
    let shown = printable(&name);
    let message =
        if created { format!("Created project {shown}") } else { format!("Project {shown} exists already") };
    session.screen.made(&id.to_string(), &Outcome { id, name: &name, created }, &message)
}
