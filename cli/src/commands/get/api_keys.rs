//! `signalbox get api-keys`.

use chrono::{DateTime, Utc};
use clap::Args;
use comfy_table::{Cell, Color};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::failure::Failure;
use crate::output::screen::Screen;
use crate::output::table::{Row, text};
use crate::output::text::or_dash;
use crate::session::Session;

/// The keys of the tenant, without the keys themselves (the server does not have them).
pub(crate) const API_KEYS: &str = "query {
  api_key(order_by: [{created: desc}]) { id name role created expires_at last_used }
}";

/// List API keys
#[derive(Debug, Args)]
pub(crate) struct Arguments {}

#[derive(Deserialize)]
struct Answer {
    api_key: Vec<ApiKey>,
}

#[derive(Debug, Deserialize, Serialize)]
struct ApiKey {
    id: Uuid,
    name: Option<String>,
    role: Option<String>,
    created: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    last_used: Option<DateTime<Utc>>,
}

impl Row for ApiKey {
    const HEADINGS: &'static [&'static str] = &["NAME", "ROLE", "CREATED", "EXPIRES", "LAST USED", "ID"];

    fn cells(&self, screen: &Screen) -> Vec<Cell> {
        let expires = match self.expires_at {
            None => text("never"),
            Some(end) if end <= screen.now => {
                text(format!("expired {}", screen.ago(Some(end)))).fg(Color::Red)
            }
            Some(end) => text(screen.ago(Some(end))),
        };
        let last_used = self.last_used.map_or_else(|| "never".to_owned(), |last| screen.ago(Some(last)));
        vec![
            text(or_dash(self.name.as_deref())),
            text(or_dash(self.role.as_deref())),
            text(screen.ago(Some(self.created))),
            expires,
            text(last_used),
            text(self.id.to_string()),
        ]
    }
}

/// Lists the keys.
pub(crate) async fn run(_: Arguments, session: &Session) -> Result<(), Failure> {
    let answer: Answer = session.ask(API_KEYS, ()).await?;
    session.screen.list(&answer.api_key, "No API keys. Create one with: signalbox create api-key NAME")
}
