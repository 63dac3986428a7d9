//! `signalbox create tenant`.

use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::failure::Failure;
use crate::output::text::printable;
use crate::session::{Session, explain, is_taken};

/// Makes the tenant.
pub(crate) const CREATE_TENANT: &str = "mutation ($input: create_tenant_input!) {
  create_tenant(input: $input) { id }
}";

/// Create a tenant
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Name for people
    name: String,
    /// Name for addresses: small letters, digits and hyphens [default: made from NAME]
    #[arg(long)]
    slug: Option<String>,
}

#[derive(Deserialize)]
struct Created {
    create_tenant: Row,
}

#[derive(Deserialize)]
struct Row {
    id: Uuid,
}

#[derive(Serialize)]
struct Outcome<'a> {
    id: Uuid,
    name: &'a str,
    slug: &'a str,
}

/// Creates the tenant.
pub(crate) async fn run(arguments: Arguments, session: &Session) -> Result<(), Failure> {
    let Arguments { name, slug } = arguments;
    let slug = slug.unwrap_or_else(|| slug_of(&name));
    if slug.is_empty() {
        return Err(Failure::usage(format!("no slug can be made from `{}`", printable(&name)))
            .hint("Give one with --slug, for example --slug my-team"));
    }
    let input = json!({"input": {"name": name, "slug": slug}});
    let answer: Created = session.try_ask(CREATE_TENANT, input).await.map_err(|error| {
        if is_taken(&error) {
            Failure::new(format!("there is a tenant with the slug `{slug}` already"))
                .hint("See it with `signalbox get tenants`, or choose another slug with --slug.")
        } else {
            explain(&error)
        }
    })?;
    let id = answer.create_tenant.id;
    let message = format!("Created tenant {} ({slug})", printable(&name));
    session.screen.made(&id.to_string(), &Outcome { id, name: &name, slug: &slug }, &message)
}

/// "Data & Science" → "data-science": ASCII letters and digits, everything else becomes one hyphen.
fn slug_of(name: &str) -> String {
    let words: Vec<String> = name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    words.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_made_from_names() {
        assert_eq!(slug_of("Data & Science"), "data-science");
        assert_eq!(slug_of("  team 7 "), "team-7");
        assert_eq!(slug_of("日本"), "");
    }
}
