//! The id of an event.

use chrono::{DateTime, Utc};
use signalbox_schema::TenantId;
use uuid::Uuid;

/// The id of the event at a position of a tenant's log. It follows from what it names, so that no randomness is
/// needed at commit, and begins with the time, like a UUIDv7, so that events lie in their order.
pub fn event_id(tenant: TenantId, position: i64, occurred: DateTime<Utc>) -> Uuid {
    let mut hasher = blake3::Hasher::new();
    hasher.update(tenant.0.as_bytes());
    hasher.update(&position.to_le_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    bytes[..6].copy_from_slice(&occurred.timestamp_millis().to_be_bytes()[2..]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}
