//! Waits for the end of somebody's right to listen.

use crate::{ServiceError, Services};
use signalbox_bus::Topic;
use signalbox_core::access::Actor;
use signalbox_schema::{ErrorCode, TenantId};
use signalbox_storage::{
    StorageError,
    repo::{api_key, tenant as tenants},
};
use std::time::Duration;
use tokio::time::sleep;

/// How often is looked although nobody gave a hint: a key that was revoked while the bus was lost may listen so much
/// longer.
const TICK: Duration = Duration::from_secs(30);
/// Shortest time between two looks.
const GAP: Duration = Duration::from_secs(1);

/// Returns when an actor may not listen in a tenant any more (default: its own), and why: `UNAUTHENTICATED` when its key
/// has expired or was revoked, `NOT_FOUND` when the tenant is gone.
pub async fn until_refused(services: &Services, actor: &Actor, tenant: Option<TenantId>) -> ServiceError {
    let tenant = tenant.unwrap_or_else(|| actor.default_tenant());
    // Before the first look, or a change in between would be missed until the tick.
    let mut hints = services.subscribe(Topic::Access(tenant));
    loop {
        match look(services, actor, tenant).await {
            Ok(Some(refused)) => return refused,
            Ok(None) => {}
            // Not known is not refused: the tick looks again.
            Err(error) => tracing::warn!(tenant.id = %tenant, %error, "a key could not be looked at"),
        }
        sleep(GAP).await;
        tokio::select! {
            () = hints.changed() => {}
            () = sleep(TICK.min(left(services, actor))) => {}
        }
    }
}

/// How long the key is good for.
fn left(services: &Services, actor: &Actor) -> Duration {
    match actor {
        Actor::Key { expires_at: Some(end), .. } => {
            (*end - services.clock().now()).to_std().unwrap_or_default()
        }
        Actor::Key { expires_at: None, .. } | Actor::Local { .. } => Duration::MAX,
    }
}

async fn look(
    services: &Services,
    actor: &Actor,
    tenant: TenantId,
) -> Result<Option<ServiceError>, StorageError> {
    match actor {
        Actor::Local { .. } => {
            let there = tenants::exists(services.store(), tenant).await?;
            Ok((!there).then(|| ServiceError::not_found("tenant", tenant)))
        }
        Actor::Key { id, tenant, .. } => {
            let good = api_key::is_good(services.store(), *tenant, *id, services.clock().now()).await?;
            Ok((!good).then(|| {
                ServiceError::new(
                    ErrorCode::Unauthenticated,
                    "Unauthorized: the API key was revoked or has expired",
                )
            }))
        }
    }
}
