//! When an agent last asked for work.

use crate::{StorageError, TenantTx};
use chrono::{DateTime, Utc};
use signalbox_schema::AgentId;

/// Notes that an agent asked for work; whether the tenant has such an agent.
pub async fn note_poll(tx: &TenantTx, agent: AgentId, now: DateTime<Utc>) -> Result<bool, StorageError> {
    let values = vec![tx.tenant().0.into(), agent.0.into(), now.into()];
    Ok(tx.execute("UPDATE agent SET last_queried = $3 WHERE tenant_id = $1 AND id = $2", values).await? == 1)
}

/// Whether the tenant has this agent.
pub async fn exists(tx: &TenantTx, agent: AgentId) -> Result<bool, StorageError> {
    let values = vec![tx.tenant().0.into(), agent.0.into()];
    Ok(!tx.query("SELECT 1 FROM agent WHERE tenant_id = $1 AND id = $2", values).await?.is_empty())
}
