//! Leases: an agent's time-limited right to a run.

use chrono::{DateTime, Duration, Utc};
use signalbox_schema::LeaseToken;

/// How long a lease lasts without renewal, in seconds.
pub const LEASE_SECONDS: i32 = 60;
/// How often an agent renews, in seconds: three chances before a lease ends.
pub const RENEW_SECONDS: i32 = 20;

/// A right to one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// What its holder shows with every report.
    pub token: LeaseToken,
    /// When it ends unless renewed.
    pub expires: DateTime<Utc>,
}

impl Lease {
    /// A lease taken or renewed at `now`.
    pub fn taken(token: LeaseToken, now: DateTime<Utc>) -> Self {
        Self { token, expires: now + Duration::seconds(i64::from(LEASE_SECONDS)) }
    }
}
