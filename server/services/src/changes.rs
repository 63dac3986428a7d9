//! Hints of every commit: whatever writes a row, those who follow its table are woken, and no use case has to
//! remember it. (Use cases give hints of their own for what is narrower, e.g. that there is work for agents.)

use signalbox_bus::{Bus, Topic};
use signalbox_core::registry::Family;
use signalbox_schema::TenantId;
use signalbox_storage::{Commit, Observer};
use std::sync::Arc;

/// The topic under which changes of a family of tables are told.
pub(crate) const fn topic(tenant: TenantId, family: Family) -> Topic {
    match family {
        Family::FlowRuns => Topic::FlowRuns(tenant),
        Family::TaskRuns => Topic::TaskRuns(tenant),
        Family::Logs => Topic::Logs(tenant),
        Family::Events => Topic::Events(tenant),
        Family::Access => Topic::Access(tenant),
        Family::Others => Topic::Others(tenant),
    }
}

/// Passes commits on to the bus.
pub(crate) struct Announcer(pub Arc<dyn Bus>);

impl Observer for Announcer {
    fn committed(&self, commit: &Commit) {
        for run in &commit.flow_runs {
            self.0.hint(Topic::FlowRun(commit.tenant, *run));
        }
        for family in commit.families.iter() {
            self.0.hint(topic(commit.tenant, family));
        }
    }
}
