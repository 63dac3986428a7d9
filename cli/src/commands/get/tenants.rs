//! `signalbox get tenants`.

use chrono::{DateTime, Utc};
use clap::Args;
use comfy_table::Cell;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::failure::Failure;
use crate::output::screen::Screen;
use crate::output::table::{Row, text};
use crate::session::Session;

/// The tenants this key may act in.
pub(crate) const TENANTS: &str = "query {
  tenant(order_by: [{slug: asc}]) { id name slug created }
}";

/// List tenants
#[derive(Debug, Args)]
pub(crate) struct Arguments {}

#[derive(Deserialize)]
struct Answer {
    tenant: Vec<Tenant>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Tenant {
    id: Uuid,
    name: String,
    slug: String,
    created: DateTime<Utc>,
}

impl Row for Tenant {
    const HEADINGS: &'static [&'static str] = &["NAME", "SLUG", "CREATED", "ID"];

    fn cells(&self, screen: &Screen) -> Vec<Cell> {
        vec![
            text(&self.name),
            text(&self.slug),
            text(screen.ago(Some(self.created))),
            text(self.id.to_string()),
        ]
    }
}

/// Lists the tenants.
pub(crate) async fn run(_: Arguments, session: &Session) -> Result<(), Failure> {
    let answer: Answer = session.ask(TENANTS, ()).await?;
    session.screen.list(&answer.tenant, "No tenants. Create one with: signalbox create tenant NAME")
}
