//! Tenants.

mod mutation;

pub use mutation::TenantMutation;
