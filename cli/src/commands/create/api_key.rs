//! `signalbox create api-key`: the key itself is shown this once and never again.

use chrono::{DateTime, Duration, Utc};
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::edge;
use crate::failure::Failure;
use crate::output::text::printable;
use crate::output::time;
use crate::session::Session;

/// Makes the key.
pub(crate) const CREATE_API_KEY: &str = "mutation ($input: create_api_key_input!) {
  create_api_key(input: $input) { id key }
}";

/// Finds the tenant the key is for.
pub(crate) const TENANT_BY_SLUG: &str = "query ($slug: String!) {
  tenant(where: {slug: {_eq: $slug}}) { id }
}";

/// Create an API key
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// What the key is for, so that you recognise it later
    name: String,
    /// What the key may do
    #[arg(long, value_enum, default_value = "operator")]
    role: Role,
    /// How long the key is valid, for example 30d or 12h [default: for ever]
    #[arg(long, value_name = "SPAN", value_parser = time::parse_span, conflicts_with = "expires_at")]
    expires_in: Option<Duration>,
    /// Until when the key is valid, for example 2026-12-31
    #[arg(long, value_name = "TIME", value_parser = moment)]
    expires_at: Option<DateTime<Utc>>,
    /// The tenant it is for [default: the one you act in]
    #[arg(long, value_name = "SLUG")]
    tenant: Option<String>,
}

/// What a key may do; each includes what is above it, except `agent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Role {
    /// Read everything
    Viewer,
    /// Also register flows and start, cancel and delete runs
    Operator,
    /// Also manage keys and the tenant
    Admin,
    /// Take runs and report on them, nothing else
    Agent,
}

impl Role {
    fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
            Self::Agent => "agent",
        }
    }
}

#[derive(Deserialize)]
struct Created {
    create_api_key: Key,
}

#[derive(Deserialize)]
struct Key {
    id: Uuid,
    key: String,
}

#[derive(Serialize)]
struct Outcome<'a> {
    id: Uuid,
    key: &'a str,
    name: &'a str,
    role: &'a str,
    expires_at: Option<DateTime<Utc>>,
}

/// Creates the key and shows it.
pub(crate) async fn run(arguments: Arguments, session: &Session) -> Result<(), Failure> {
    let Arguments { name, role, expires_in, expires_at, tenant } = arguments;
    let now = session.screen.now;
    let expires_at = match expires_in {
        Some(span) => Some(
            now.checked_add_signed(span)
                .ok_or_else(|| Failure::usage("--expires-in lies too far in the future"))?,
        ),
        None => expires_at,
    };
    if let Some(expires_at) = expires_at.filter(|expires_at| *expires_at <= now) {
        return Err(Failure::usage(format!(
            "the key would be expired already ({})",
            time::local(expires_at)
        )));
    }
    let mut input = json!({"name": name, "role": role.as_str(), "expires_at": expires_at});
    if let Some(slug) = &tenant {
        input["tenant_id"] = json!(tenant_id(session, slug).await?);
    }
    let answer: Created = session.ask(CREATE_API_KEY, json!({"input": input})).await?;
    let Key { id, key } = answer.create_api_key;
    let until = expires_at.map_or_else(
        || "never expires".to_owned(),
        |moment| format!("expires {}", time::relative(now, moment)),
    );
    let message = format!(
        "Created API key {} ({}, {until}). Keep it now: it is not shown again.",
        printable(&name),
        role.as_str()
    );
    session.screen.made(
        &key,
        &Outcome { id, key: &key, name: &name, role: role.as_str(), expires_at },
        &message,
    )
}

async fn tenant_id(session: &Session, slug: &str) -> Result<Uuid, Failure> {
    #[derive(Deserialize)]
    struct Answer {
        tenant: Vec<Row>,
    }
    #[derive(Deserialize)]
    struct Row {
        id: Uuid,
    }
    let answer: Answer = session.ask(TENANT_BY_SLUG, json!({"slug": slug})).await?;
    answer.tenant.first().map(|row| row.id).ok_or_else(|| {
        Failure::new(format!("there is no tenant with the slug `{}`", printable(slug)))
            .hint("See them with: signalbox get tenants")
    })
}

fn moment(text: &str) -> Result<DateTime<Utc>, String> {
    time::parse_moment(text, edge::now())
}
