//! What a commit did, for those who wait for changes.

use signalbox_core::{event::NewEvent, registry::Families};
use signalbox_schema::{FlowRunId, TenantId};
use std::collections::BTreeSet;

/// What one transaction has changed in one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The tenant.
    pub tenant: TenantId,
    /// The families of the tables that were written.
    pub families: Families,
    /// The flow runs that events were recorded of.
    pub flow_runs: BTreeSet<FlowRunId>,
}

/// Is told of every commit that changed something, after it. Must return soon: the caller waits.
pub trait Observer: Send + Sync + 'static {
    /// A transaction was committed.
    fn committed(&self, commit: &Commit);
}

/// What a running transaction will have done in one tenant.
#[derive(Debug, Default)]
pub(super) struct Pending {
    pub events: Vec<NewEvent>,
    pub families: Families,
}

impl Pending {
    pub fn into_commit(self, tenant: TenantId) -> Commit {
        let flow_runs = self.events.iter().filter_map(|event| event.flow_run).collect();
        Commit { tenant, families: self.families, flow_runs }
    }
}
