//! Makes an API key.

use super::hash;
use crate::{ServiceError, Services};
use chrono::{DateTime, Utc};
use signalbox_core::access::{Access, Admin, Role};
use signalbox_schema::{ApiKeyId, ErrorCode};
use signalbox_storage::{
    StorageError, TenantTx, Transaction,
    repo::api_key::{self, NewApiKey},
};

/// What the key shall be.
#[derive(Debug)]
pub struct CreateApiKey {
    /// What people call it.
    pub name: String,
    /// What its holder may do.
    pub role: Role,
    /// When it ends, if ever.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A new key. The secret is shown this once.
pub struct CreatedApiKey {
    /// Its public id.
    pub id: ApiKeyId,
    /// The key itself.
    pub key: String,
}

/// The prefix by which people and secret scanners know our keys. The stock client evaluates settings as Python
/// literals and expands `$` and `~`, so a key begins with letters and has only letters and digits.
const PREFIX: &str = "sbx_";
/// Shortest key that may be brought along, in characters.
const SHORTEST: usize = 24;

/// Makes a key of 256 random bits.
pub async fn create(
    services: &Services,
    access: &Access<Admin>,
    command: CreateApiKey,
) -> Result<CreatedApiKey, ServiceError> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(|error| ServiceError {
        code: ErrorCode::Internal,
        message: "the server has no randomness for a key".into(),
        source: Some(std::sync::Arc::new(error)),
    })?;
    let key = format!("{PREFIX}{}", blake3::Hash::from_bytes(secret).to_hex());
    adopt(services, access, command, key).await
}

/// Takes a key that somebody brings along (the bootstrap key of a server's configuration). A key that is already
/// there is left as it is.
pub async fn adopt(
    services: &Services,
    access: &Access<Admin>,
    command: CreateApiKey,
    key: String,
) -> Result<CreatedApiKey, ServiceError> {
    if command.name.trim().is_empty() {
        return Err(ServiceError::invalid("name must not be empty"));
    }
    let now = services.clock().now();
    if command.expires_at.is_some_and(|end| end <= now) {
        return Err(ServiceError::invalid("expires_at must be in the future"));
    }
    if key.len() < SHORTEST {
        return Err(ServiceError::invalid(format!("the key must have at least {SHORTEST} characters")));
    }
    let row = NewApiKey {
        id: ApiKeyId(services.ids().id()),
        name: command.name,
        role: command.role,
        prefix: key.chars().take(PREFIX.len() + 4).collect(),
        hash: hash(&key),
        expires_at: command.expires_at,
        now,
    };
    let id = services.store().write(access, &Insert { row }).await?;
    Ok(CreatedApiKey { id, key })
}

struct Insert {
    row: NewApiKey,
}

impl Transaction for Insert {
    const NAME: &'static str = "api_key.create";
    type Output = ApiKeyId;
    type Error = StorageError;

    async fn run(&self, tx: &TenantTx) -> Result<ApiKeyId, StorageError> {
        api_key::insert(tx, &self.row).await
    }
}
