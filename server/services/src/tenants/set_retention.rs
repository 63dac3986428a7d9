//! Sets how long a tenant keeps what has happened.

use crate::{ServiceError, Services};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use signalbox_core::{
    access::{Access, Admin},
    retention::{Kept, MOST_DAYS, Retention, SETTING},
};
use signalbox_storage::{TenantTx, Transaction, repo::tenant};

/// Days for each; `None` leaves it as it is, `Some(None)` keeps for ever.
#[derive(Debug, Clone, Copy, Default)]
pub struct SetRetention {
    /// Log lines.
    pub logs: Option<Option<i64>>,
    /// States.
    pub states: Option<Option<i64>>,
    /// Events.
    pub events: Option<Option<i64>>,
    /// Runs.
    pub runs: Option<Option<i64>>,
}

impl SetRetention {
    /// What is set after the change.
    fn apply(&self, before: Retention) -> Result<Retention, ServiceError> {
        let days = |kept: Kept, wanted: Option<Option<i64>>, before: Option<u32>| match wanted {
            None => Ok(before),
            Some(None) => Ok(None),
            Some(Some(days)) => {
                u32::try_from(days).ok().filter(|days| (1..=MOST_DAYS).contains(days)).map(Some).ok_or_else(
                    || {
                        ServiceError::invalid(format!(
                            "{}_days is {days}; give 1 to {MOST_DAYS} days, or null to keep {} for ever",
                            kept.name(),
                            kept.name()
                        ))
                    },
                )
            }
        };
        Ok(Retention {
            logs: days(Kept::Logs, self.logs, before.logs)?,
            states: days(Kept::States, self.states, before.states)?,
            events: days(Kept::Events, self.events, before.events)?,
            runs: days(Kept::Runs, self.runs, before.runs)?,
        })
    }
}

/// Sets the retention of the tenant of `access`; yields what is set now. Deleting begins within the hour.
///
/// # Errors
/// `INVALID_INPUT` for a number of days that makes no sense.
pub async fn set_retention(
    services: &Services,
    access: &Access<Admin>,
    command: SetRetention,
) -> Result<Retention, ServiceError> {
    services.store().write(access, &Set { command, now: services.clock().now() }).await
}

struct Set {
    command: SetRetention,
    now: DateTime<Utc>,
}

impl Transaction for Set {
    const NAME: &'static str = "tenant.set_retention";
    type Output = Retention;
    type Error = ServiceError;

    async fn run(&self, tx: &TenantTx) -> Result<Retention, ServiceError> {
        let before = tenant::find(tx).await?.ok_or_else(|| ServiceError::not_found("tenant", tx.tenant()))?;
        let retention = self.command.apply(Retention::of(&before.settings))?;
        let mut after = before.clone();
        let mut settings = after.settings.as_object().cloned().unwrap_or_else(Map::new);
        settings.insert(SETTING.to_owned(), retention.to_setting());
        after.settings = Value::Object(settings);
        if after != before {
            tenant::save(tx, &after, self.now).await?;
        }
        Ok(retention)
    }
}
