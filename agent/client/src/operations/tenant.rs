//! Finds the tenant to work in, as Prefect's client does: the first one the server names.

use serde::Deserialize;
use signalbox_schema::TenantId;

use crate::{Client, ClientError};

pub(super) const DOCUMENT: &str = include_str!("../../../../schema/operations/agent/tenant.graphql");

#[derive(Deserialize)]
struct Answer {
    tenant: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    id: TenantId,
}

/// The caller's default tenant; `None` when the key opens none.
///
/// # Errors
/// Those of [`Client::execute`].
pub async fn default_tenant(client: &Client) -> Result<Option<TenantId>, ClientError> {
    let answer: Answer = client.execute(DOCUMENT, serde_json::Value::Null).await?;
    Ok(answer.tenant.into_iter().next().map(|row| row.id))
}
