//! Makes a tenant.

use crate::{Parts, ServiceError, Services};
use signalbox_core::access::{Actor, Denied};
use signalbox_schema::{ErrorCode, TenantId};
use signalbox_storage::repo::tenant;

/// Makes a tenant. Only somebody on the machine of an open server may: a key belongs to one tenant.
pub async fn create(
    services: &Services,
    actor: &Actor,
    name: &str,
    slug: &str,
) -> Result<TenantId, ServiceError> {
    match actor {
        Actor::Local { .. } => {}
        Actor::Key { role, .. } => {
            return Err(Denied::Role { needed: "administer the installation", role: *role }.into());
        }
    }
    if name.trim().is_empty() {
        return Err(ServiceError::invalid("name must not be empty"));
    }
    check_slug(slug)?;
    let id = TenantId(services.ids().id());
    match tenant::insert(services.store(), id, name, slug, services.clock().now()).await {
        Ok(()) => Ok(id),
        Err(error) if error.is_unique_violation() => {
            Err(ServiceError::new(ErrorCode::AlreadyExists, "Uniqueness violation."))
        }
        Err(error) => Err(error.into()),
    }
}

/// Refuses a slug that would not do in an address.
pub(super) fn check_slug(slug: &str) -> Result<(), ServiceError> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if slug.is_empty() || slug.len() > 100 || !slug.chars().all(plain) {
        return Err(ServiceError::invalid(format!(
            "slug must be 1 to 100 of a-z, 0-9, '-' and '_', e.g. \"data-team\"; it is \"{}\"",
            slug.chars().take(100).collect::<String>()
        )));
    }
    Ok(())
}

/// The tenant that an open server uses when a request names none: the oldest. Made when there is none.
pub(crate) async fn ensure_default(parts: &Parts) -> Result<TenantId, ServiceError> {
    if let Some(id) = tenant::oldest(&parts.store).await? {
        return Ok(id);
    }
    let id = TenantId(parts.ids.id());
    match tenant::insert(&parts.store, id, "Default", "default", parts.clock.now()).await {
        // Another server started at the same moment.
        Err(error) if error.is_unique_violation() => Ok(tenant::oldest(&parts.store).await?.ok_or(error)?),
        made => Ok(made.map(|()| id)?),
    }
}
