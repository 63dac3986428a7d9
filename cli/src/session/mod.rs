//! One command's conversation with the API: the connection, what the API's errors mean to a person, and finding things
//! by the names people use. What is asked is written beside the command that asks.

pub(crate) mod count;
pub(crate) mod each;
mod explain;
pub(crate) mod explanation;
pub(crate) mod find;
pub(crate) mod log_tail;

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use signalbox_client::{Client, ClientConfig, ClientError};
use uuid::Uuid;

use crate::arguments::Global;
use crate::failure::Failure;
use crate::output::screen::Screen;

/// The tenant a request acts in; the first row is the one.
pub(crate) const TENANT: &str = "query { tenant(limit: 1) { id } }";

/// A person waits: an attempt may take as long as a slow query, and one repetition covers a connection that was reset.
const TIMEOUT: Duration = Duration::from_secs(30);
const RETRIES: u32 = 1;

/// A connection to the API, and the screen the answers go to.
pub(crate) struct Session {
    client: Client,
    tenant_id: Option<Uuid>,
    /// Where answers are shown.
    pub(crate) screen: Screen,
}

impl Session {
    /// Prepares a connection; nothing is sent yet.
    pub(crate) fn new(global: &Global, screen: Screen) -> Result<Self, Failure> {
        let config = ClientConfig {
            key: global.key.clone().filter(|key| !key.is_empty()),
            tenant_id: global.tenant_id,
            timeout: TIMEOUT,
            retries: RETRIES,
            ..ClientConfig::new(global.api.clone())
        };
        let client = Client::new(config).map_err(|error| Failure::usage(error.to_string()))?;
        Ok(Self { client, tenant_id: global.tenant_id, screen })
    }

    /// Sends a document and reads its answer.
    ///
    /// # Errors
    /// What went wrong, in words for the person.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        document: &str,
        variables: impl Serialize,
    ) -> Result<T, Failure> {
        self.client.execute(document, variables).await.map_err(|error| explain::failure(&error))
    }

    /// As [`ask`](Self::ask), with the error as the client gave it, for callers that treat some errors as answers.
    pub(crate) async fn try_ask<T: DeserializeOwned>(
        &self,
        document: &str,
        variables: impl Serialize,
    ) -> Result<T, ClientError> {
        self.client.execute(document, variables).await
    }

    /// The tenant to act in: the one that was named, or the one the server answers for.
    pub(crate) async fn tenant_id(&self) -> Result<Uuid, Failure> {
        #[derive(Deserialize)]
        struct Answer {
            tenant: Vec<Row>,
        }
        #[derive(Deserialize)]
        struct Row {
            id: Uuid,
        }
        if let Some(id) = self.tenant_id {
            return Ok(id);
        }
        let answer: Answer = self.ask(TENANT, ()).await?;
        answer.tenant.first().map(|row| row.id).ok_or_else(|| {
            Failure::new("the server has no tenant yet").hint("Create one with: signalbox create tenant NAME")
        })
    }
}

/// Says what an error of the client means to a person.
pub(crate) fn explain(error: &ClientError) -> Failure {
    explain::failure(error)
}

/// Whether an error says that the name is taken: by its code, or by the words of Prefect's own server.
pub(crate) fn is_taken(error: &ClientError) -> bool {
    error.code() == Some("ALREADY_EXISTS")
        || matches!(error, ClientError::Graphql(errors) if errors.iter().any(|error| error.message == "Uniqueness violation."))
}
