//! Whose rows a connection may touch. On PostgreSQL the database itself holds it to that (see `wall.rs`).

use uuid::Uuid;

/// Whose rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// This tenant's.
    Tenant(Uuid),
    /// Everybody's: finding the tenant of a key, listing the work of background tasks.
    AllTenants,
}

impl Scope {
    /// The value of the setting `signalbox.tenant`, by which the policies decide.
    pub(crate) fn setting(self) -> String {
        match self {
            Self::Tenant(id) => id.hyphenated().to_string(),
            Self::AllTenants => "all".to_owned(),
        }
    }
}
