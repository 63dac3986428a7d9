//! From claim to process: nothing in between may wait, so the run's log hears of it afterwards.

use std::io;

use async_trait::async_trait;
use signalbox_client::operations::{ClaimedRun, Held};

use super::prepare::{Prepared, prepare};
use crate::{
    agent::Context,
    edge,
    executor::{Handle, Keeper},
    journal::{Journal, RunRecord},
    logs::Level,
};

/// Starts the run.
///
/// # Errors
/// Why it cannot be started, as a sentence for the run's owner.
pub(super) async fn launch(context: &Context, claimed: &ClaimedRun) -> Result<Handle, String> {
    let session = context.session();
    let prepared = Prepared {
        config: &context.config,
        tenant_id: session.identity.tenant_id,
        capabilities: context.executor.capabilities(),
        work_id: edge::unique_id(),
    };
    let launch = prepare(&prepared, claimed)?;
    let entry = Entry { journal: &context.journal, claimed };
    let handle = context.executor.start(launch, &entry).await.map_err(|error| error.to_string())?;
    let held = Held { flow_run_id: claimed.flow_run_id, lease_token: claimed.lease_token };
    context.logs.say(held, Level::Info, format!("Submitted for execution: {}", handle.label));
    Ok(handle)
}

/// The run's entry in the journal, for the handle of its work.
struct Entry<'a> {
    journal: &'a Journal,
    claimed: &'a ClaimedRun,
}

#[async_trait]
impl Keeper for Entry<'_> {
    async fn keep(&self, handle: &Handle) -> io::Result<()> {
        self.journal.keep(&RunRecord::new(self.claimed.clone()).with(handle.clone())).await
    }
}
