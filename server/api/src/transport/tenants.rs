//! What each tenant occupies: connections, and operations that execute. One tenant's crowd waits for itself, and the
//! others do not notice.

use super::{Refusal, TenantLimits};
use signalbox_schema::{ErrorCode, TenantId};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// The places of all tenants. Only those that are there now take memory.
#[derive(Debug)]
pub(crate) struct Tenants {
    limits: TenantLimits,
    known: Mutex<HashMap<TenantId, Weak<Places>>>,
}

#[derive(Debug)]
struct Places {
    connections: Arc<Semaphore>,
    operations: Arc<Semaphore>,
}

/// A tenant's connection, from the moment its sender is known to the end of the answer.
#[derive(Debug, Clone)]
pub(crate) struct Seat {
    places: Arc<Places>,
    limits: TenantLimits,
    _connection: Arc<OwnedSemaphorePermit>,
}

/// The right to execute one operation. Dropping it lets the next one in.
#[derive(Debug)]
pub(crate) struct Turn {
    _operation: OwnedSemaphorePermit,
}

impl Tenants {
    pub fn new(limits: TenantLimits) -> Self {
        Self { limits, known: Mutex::default() }
    }

    /// Takes a connection's place; refuses when the tenant has too many. To be held while the connection is of use to
    /// the client: for a request until it is answered, for a socket until it closes.
    pub fn enter(&self, tenant: TenantId) -> Result<Seat, Refusal> {
        let places = self.places(tenant);
        match Arc::clone(&places.connections).try_acquire_owned() {
            Ok(connection) => Ok(Seat { places, limits: self.limits, _connection: Arc::new(connection) }),
            Err(_) => Err(Refusal::new(
                ErrorCode::TooManyRequests,
                format!(
                    "the tenant has {0} requests open, and {0} are allowed (max_tenant_connections); send this one \
                     again when others have ended",
                    self.limits.connections
                ),
            )),
        }
    }

    fn places(&self, tenant: TenantId) -> Arc<Places> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(places) = known.get(&tenant).and_then(Weak::upgrade) {
            return places;
        }
        // A tenant that comes is the occasion to forget those that went.
        known.retain(|_, places| places.strong_count() > 0);
        let semaphore = |places: usize| Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS)));
        let places = Arc::new(Places {
            connections: semaphore(self.limits.connections),
            operations: semaphore(self.limits.operations),
        });
        known.insert(tenant, Arc::downgrade(&places));
        places
    }
}

impl Seat {
    /// Waits until the tenant has a turn; refuses when that takes too long. Operations that wait for something to
    /// happen need none while they wait.
    pub async fn turn(&self) -> Result<Turn, Refusal> {
        let waiting = Arc::clone(&self.places.operations).acquire_owned();
        match timeout(self.limits.patience, waiting).await {
            Ok(Ok(operation)) => Ok(Turn { _operation: operation }),
            Ok(Err(_)) | Err(_) => Err(Refusal::new(
                ErrorCode::TooManyRequests,
                format!(
                    "{} operations of the tenant are executing, as many as are allowed (max_tenant_operations), and \
                     none ended within {} s; send fewer at once",
                    self.limits.operations,
                    self.limits.patience.as_secs()
                ),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use uuid::Uuid;

    const A: TenantId = TenantId(Uuid::from_u128(1));
    const B: TenantId = TenantId(Uuid::from_u128(2));

    fn tenants() -> Tenants {
        Tenants::new(TenantLimits { connections: 2, operations: 1, patience: Duration::from_millis(50) })
    }

    #[tokio::test]
    async fn a_tenant_waits_for_itself_only() {
        let tenants = tenants();
        let (first, second, other) =
            (tenants.enter(A).unwrap(), tenants.enter(A).unwrap(), tenants.enter(B).unwrap());
        let turn = first.turn().await.unwrap();
        other.turn().await.unwrap();
        let refusal = second.turn().await.unwrap_err();
        assert_eq!(refusal.code, ErrorCode::TooManyRequests);
        assert!(refusal.message.contains("max_tenant_operations"), "{}", refusal.message);
        let (next, ()) = tokio::join!(second.turn(), async { drop(turn) });
        next.unwrap();
    }

    #[tokio::test]
    async fn connections_are_counted_and_given_back() {
        let tenants = tenants();
        let first = tenants.enter(A).unwrap();
        let second = tenants.enter(A).unwrap();
        let refusal = tenants.enter(A).unwrap_err();
        assert!(refusal.message.contains("max_tenant_connections"), "{}", refusal.message);
        tenants.enter(B).unwrap();
        // A clone is the same connection.
        drop(first.clone());
        tenants.enter(A).unwrap_err();
        drop(second);
        let third = tenants.enter(A).unwrap();
        drop((first, third));
        tenants.enter(B).unwrap();
        assert_eq!(tenants.known.lock().unwrap().len(), 1, "tenants that went are forgotten");
    }
}
