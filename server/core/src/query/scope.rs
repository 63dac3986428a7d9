//! Whose rows a read may see.

use signalbox_schema::TenantId;

/// The tenancy of one read. Storage turns a plan into SQL only together with a scope, so no statement lacks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReadScope {
    /// The tenant whose rows are read.
    pub tenant: TenantId,
    /// Whether the table `tenant` lists every tenant (the local actor without a key), `tenant` first.
    /// All other tables show `tenant`'s rows only, whatever this says.
    pub all_tenants: bool,
}
