//! Who may do what. [`Access<L>`] is the proof of tenant *and* right: only it opens a transaction, so a
//! forgotten check does not compile.

mod level;
mod role;

pub use level::{Admin, Level, Operator, Reporter, Viewer};
pub use role::Role;

use chrono::{DateTime, Utc};
use signalbox_schema::{ApiKeyId, TenantId};
use std::marker::PhantomData;

/// The authenticated sender of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// Somebody on this machine, on a server that listens on a loopback address (or was started with
    /// `--insecure-no-auth`): may do everything, in every tenant.
    Local {
        /// The tenant meant when a request names none.
        default_tenant: TenantId,
    },
    /// The holder of an API key: one tenant, one role.
    Key {
        /// The key's id.
        id: ApiKeyId,
        /// The only tenant it opens.
        tenant: TenantId,
        /// What it may do there.
        role: Role,
        /// When it ends, if ever.
        expires_at: Option<DateTime<Utc>>,
    },
}

/// Why access was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The tenant is not this actor's. Answered as "not found", so that tenants cannot be probed.
    #[error("tenant {0} not found")]
    OtherTenant(TenantId),
    /// The role does not reach the level.
    #[error("this needs the right '{needed}'; the key's role is '{role}'")]
    Role {
        /// The name of the level that was asked for.
        needed: &'static str,
        /// The key's role.
        role: Role,
    },
}

impl Actor {
    /// The tenant meant when a request names none.
    pub const fn default_tenant(&self) -> TenantId {
        match self {
            Self::Local { default_tenant } => *default_tenant,
            Self::Key { tenant, .. } => *tenant,
        }
    }

    /// The proof that this actor has right `L` in `tenant` (default: its own).
    pub fn access<L: Level>(&self, tenant: Option<TenantId>) -> Result<Access<L>, Denied> {
        let all_tenants = match self {
            Self::Local { .. } => true,
            Self::Key { tenant: own, role, .. } => {
                if let Some(other) = tenant.filter(|tenant| tenant != own) {
                    return Err(Denied::OtherTenant(other));
                }
                if !L::admits(*role) {
                    return Err(Denied::Role { needed: L::NAME, role: *role });
                }
                false
            }
        };
        Ok(Access {
            tenant: tenant.unwrap_or_else(|| self.default_tenant()),
            all_tenants,
            level: PhantomData,
        })
    }
}

/// The proof that its holder may act with right `L` in one tenant. Made only by [`Actor::access`] and
/// [`Access::system`].
#[derive(Debug)]
pub struct Access<L: Level> {
    tenant: TenantId,
    all_tenants: bool,
    level: PhantomData<L>,
}

impl<L: Level> Clone for Access<L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<L: Level> Copy for Access<L> {}

impl<L: Level> Access<L> {
    /// The tenant that it opens.
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Whether the rows of the table `tenant` itself are all visible (the local actor).
    pub const fn sees_all_tenants(&self) -> bool {
        self.all_tenants
    }

    /// Access for the server's own background work in one tenant. `reason` is the task's name.
    pub const fn system(tenant: TenantId, reason: &'static str) -> Self {
        let _ = reason;
        Self { tenant, all_tenants: false, level: PhantomData }
    }

    /// The same access at the level that every other includes.
    pub const fn viewer(&self) -> Access<Viewer> {
        Access { tenant: self.tenant, all_tenants: self.all_tenants, level: PhantomData }
    }
}

#[cfg(test)]
mod tests;
