//! From claim to process: nothing in between may wait, so the run's log hears of it afterwards.

use signalbox_client::operations::ClaimedRun;

use super::prepare::{Prepared, prepare};
use crate::{agent::Context, executor::Handle, logs::Level};

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
    };
    let launch = prepare(&prepared, claimed)?;
    let handle = context.executor.start(launch).await.map_err(|error| error.to_string())?;
    context.logs.say(claimed.flow_run_id, Level::Info, format!("Submitted for execution: {}", handle.label));
    Ok(handle)
}
