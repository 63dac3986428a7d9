//! Reads about the API itself.

use super::states;
use crate::graphql::context::RequestContext;
use async_graphql::{Context, Object, Result, SimpleObject};
use serde_json::Value;
use signalbox_core::access::{Access, Viewer};
use uuid::Uuid;

/// The library whose API this server speaks.
const CORE_VERSION: &str = "1.4.1";

/// Who sent the request.
#[derive(Debug, SimpleObject)]
#[graphql(name = "auth_info", rename_fields = "snake_case")]
struct AuthInfo {
    /// The tenant that requests mean when they name none.
    tenant_id: Uuid,
    /// There are no users here: always null.
    user_id: Option<Uuid>,
}

/// The API itself.
#[derive(Debug, SimpleObject)]
#[graphql(name = "api", rename_fields = "snake_case")]
struct Api {
    /// What kind of backend clients should take this for.
    backend: &'static str,
    /// Whether it works normally.
    mode: &'static str,
    /// The server's version.
    version: &'static str,
    /// The version of the library whose API this is.
    core_version: &'static str,
    /// When this version was released, if it was.
    release_timestamp: Option<String>,
}

/// Vocabulary that user interfaces show.
#[derive(Debug, SimpleObject)]
#[graphql(name = "reference_data", rename_fields = "snake_case")]
struct ReferenceData {
    /// The state types, nested by what they are kinds of.
    state_hierarchy: Value,
    /// What each state type means for a run.
    state_info: Value,
}

/// Reads about the API itself.
#[derive(Debug, Default)]
pub struct ApiInfoQuery;

#[Object(rename_fields = "snake_case", rename_args = "snake_case")]
impl ApiInfoQuery {
    /// A greeting: agents ask for it to see whether the API answers.
    async fn hello(&self) -> &'static str {
        "👋 from Signalbox"
    }

    /// Who sent the request.
    #[expect(clippy::unused_async, reason = "resolvers must be asynchronous")]
    async fn auth_info(&self, ctx: &Context<'_>) -> Result<AuthInfo> {
        let access: Access<Viewer> = ctx.access()?;
        Ok(AuthInfo { tenant_id: access.tenant().0, user_id: None })
    }

    /// The API itself.
    async fn api(&self) -> Api {
        Api {
            backend: "SERVER",
            mode: "normal",
            version: env!("CARGO_PKG_VERSION"),
            core_version: CORE_VERSION,
            release_timestamp: None,
        }
    }

    /// Vocabulary that user interfaces show.
    async fn reference_data(&self) -> ReferenceData {
        ReferenceData { state_hierarchy: states::hierarchy(), state_info: states::info() }
    }
}
