//! Changes a tenant.

use super::create::check_slug;
use crate::{ServiceError, Services, name};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use signalbox_core::access::{Access, Admin};
use signalbox_storage::{TenantTx, Transaction, repo::tenant};

/// Largest settings, in bytes of JSON.
const LARGEST: usize = 100_000;

/// One change.
#[derive(Debug)]
pub enum Change {
    /// Another name.
    Name(String),
    /// Another name in addresses.
    Slug(String),
    /// Settings to add or replace, by name; the others stay.
    Settings(Value),
}

/// Changes the tenant of `access`.
///
/// # Errors
/// `ALREADY_EXISTS` for a slug that another tenant has.
pub async fn update(services: &Services, access: &Access<Admin>, change: Change) -> Result<(), ServiceError> {
    match &change {
        Change::Name(name) => name::check("name", name)?,
        Change::Slug(slug) => check_slug(slug)?,
        Change::Settings(settings) if settings.is_object() => {}
        Change::Settings(_) => return Err(ServiceError::invalid("settings must be a JSON object")),
    }
    services.store().write(access, &Update { change, now: services.clock().now() }).await
}

struct Update {
    change: Change,
    now: DateTime<Utc>,
}

impl Transaction for Update {
    const NAME: &'static str = "tenant.update";
    type Output = ();
    type Error = ServiceError;

    async fn run(&self, tx: &TenantTx) -> Result<(), ServiceError> {
        let before = tenant::find(tx).await?.ok_or_else(|| ServiceError::not_found("tenant", tx.tenant()))?;
        let mut after = before.clone();
        match &self.change {
            Change::Name(name) => after.name.clone_from(name),
            Change::Slug(slug) => after.slug.clone_from(slug),
            Change::Settings(new) => {
                let mut settings = after.settings.as_object().cloned().unwrap_or_else(Map::new);
                settings.extend(new.as_object().cloned().unwrap_or_default());
                after.settings = Value::Object(settings);
                name::check_size("settings", &after.settings, LARGEST)?;
            }
        }
        if after != before {
            tenant::save(tx, &after, self.now).await?;
        }
        Ok(())
    }
}
