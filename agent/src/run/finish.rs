//! After the work has ended: reporting how, where the run did not say so itself, and giving the lease back. A report is
//! repeated until it is delivered or the run is somebody else's.

use std::future::Future;

use signalbox_client::{
    Backoff, Class, ClientError,
    operations::{self, FlowRunState, Held, NewState, ReleaseFlowRuns, ReportFlowRunExit},
};
use signalbox_schema::{State, StateType};

use super::Ending;
use crate::{
    agent::Context,
    executor::{Exit, ExitStatus},
};

/// What remains to be said about a run whose work has ended.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// Nothing: its state is right as it is.
    Leave,
    /// This.
    Report(StateType, String),
}

/// Reports and releases; answers the state the run was left in, or `None` when it is not ours any more.
pub(super) async fn finish(context: &Context, held: Held, ending: Ending) -> Option<StateType> {
    match ending {
        Ending::Abandoned => return None,
        // The server took the lease back with the final state.
        Ending::Concluded(state) => return Some(state),
        Ending::Exit(_) | Ending::NotStarted(_) | Ending::Cancelled | Ending::Halted => {}
    }
    let id = held.flow_run_id;
    let read = || async move { operations::flow_run_state(&context.session().client, id).await };
    let left_in = match deliver(held, "reading its state", read).await {
        Ok(Some(now)) => match verdict(&ending, &now) {
            Verdict::Leave => now.state,
            Verdict::Report(kind, message) => match report(context, held, &ending, (kind, message)).await {
                Ok(state) => state,
                Err(Undelivered::Lost) => return None,
                Err(Undelivered::Refused) => now.state,
            },
        },
        Err(Undelivered::Lost) => return None,
        // The run was deleted, or cannot be read. What cannot be read is not overwritten; the server's own watch over
        // silent runs decides.
        Ok(None) | Err(Undelivered::Refused) => None,
    };
    let release = || async move {
        let session = context.session();
        let release = ReleaseFlowRuns { agent_id: session.identity.agent_id, held: vec![held] };
        operations::release_flow_runs(&session.client, &release).await
    };
    // A lease that could not be given back lapses by itself.
    let _ = deliver(held, "releasing it", release).await;
    left_in
}

/// Reports an end; answers the state that the run has then. Of a process that ended before its run had, only that is
/// reported: what becomes of the run is the server's decision, by its flow group's policy, and it puts the cause into the
/// run's log.
async fn report(
    context: &Context,
    held: Held,
    ending: &Ending,
    (kind, message): (StateType, String),
) -> Result<Option<StateType>, Undelivered> {
    let id = held.flow_run_id;
    if kind.is_failed() {
        tracing::warn!(flow_run.id = %id, ending = ending.clause(), "the run failed");
    }
    if kind.is_failed() && !matches!(ending, Ending::NotStarted(_)) {
        let (exit_code, signal) = match ending {
            Ending::Exit(Exit { status: ExitStatus::Code(code), .. }) => (Some(*code), None),
            Ending::Exit(Exit { status: ExitStatus::Signal(signal), .. }) => (None, Some(*signal)),
            _ => (None, None),
        };
        let (flow_run_id, lease_token) = (id, held.lease_token);
        let exit = ReportFlowRunExit { flow_run_id, lease_token, message, exit_code, signal };
        let send = || async { operations::report_flow_run_exit(&context.session().client, &exit).await };
        return deliver(held, "reporting the end of its process", send).await;
    }
    let new = NewState {
        flow_run_id: id,
        state: State::new(kind, message),
        version: None,
        lease_token: Some(held.lease_token),
    };
    let send = || {
        let new = new.clone();
        async move { operations::set_flow_run_state(&context.session().client, new).await }
    };
    deliver(held, "reporting its end", send).await.map(|_| Some(kind))
}

/// Decides from how the work ended and how the run stands.
fn verdict(ending: &Ending, now: &FlowRunState) -> Verdict {
    use Verdict::{Leave, Report};
    // Finished, or waiting to be handed out again (somebody restarted it, or it queues).
    if now.state.is_some_and(|state| state.is_finished() || state.is_scheduled()) {
        return Leave;
    }
    let cancelling = now.state == Some(StateType::Cancelling);
    match ending {
        Ending::Abandoned | Ending::Concluded(_) => Leave,
        Ending::Cancelled => Report(StateType::Cancelled, "Flow run is cancelled".into()),
        _ if cancelling => Report(StateType::Cancelled, "Flow run is cancelled".into()),
        Ending::NotStarted(reason) => Report(StateType::Failed, reason.clone()),
        Ending::Halted => Report(
            StateType::Failed,
            "the agent was told to stop at once and ended the flow-run process".into(),
        ),
        // Prefect's process leaves when a retry is more than ten minutes away; the run stays Running meanwhile.
        Ending::Exit(Exit { status: ExitStatus::Code(0), .. })
            if now.state == Some(StateType::Running) && now.has_waiting_task_run =>
        {
            Leave
        }
        Ending::Exit(exit) => Report(StateType::Failed, cause(exit)),
    }
}

/// Why a run failed that did not say so itself.
fn cause(exit: &Exit) -> String {
    let how = match exit.status {
        ExitStatus::Code(_) => format!("{} before the run had ended", exit.status),
        ExitStatus::Signal(_) | ExitStatus::Restart | ExitStatus::Unknown => exit.status.to_string(),
    };
    if exit.output_tail.is_empty() {
        format!("the flow-run process {how}; it printed nothing")
    } else {
        format!("the flow-run process {how}; last output: {}", exit.output_tail)
    }
}

impl Ending {
    /// The ending without anything a user's program printed, for the agent's own log.
    fn clause(&self) -> String {
        match self {
            Self::Exit(exit) => format!("the process {}", exit.status),
            Self::NotStarted(_) => "it was not started".into(),
            Self::Cancelled => "cancelled".into(),
            Self::Halted => "the agent stops".into(),
            Self::Concluded(state) => format!("it had ended as {state}"),
            Self::Abandoned => "abandoned".into(),
        }
    }
}

/// Why something was not delivered.
#[derive(Debug, PartialEq, Eq)]
enum Undelivered {
    /// The run is somebody else's.
    Lost,
    /// The API will not have it.
    Refused,
}

/// Sends until the API has it or refuses it. An order to abandon the run does not end this: the lease's token decides
/// whether a report still counts.
async fn deliver<T, F>(held: Held, what: &'static str, send: impl Fn() -> F) -> Result<T, Undelivered>
where
    F: Future<Output = Result<T, ClientError>>,
{
    let mut backoff = Backoff::default();
    let mut away = false;
    loop {
        let error = match send().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        match error.class() {
            Class::LeaseLost => {
                tracing::info!(flow_run.id = %held.flow_run_id, "the lease is lost; nothing is reported");
                return Err(Undelivered::Lost);
            }
            Class::Fatal => {
                tracing::error!(flow_run.id = %held.flow_run_id, code = error.code(), "the API refused {what}");
                return Err(Undelivered::Refused);
            }
            Class::Retryable => {
                if !std::mem::replace(&mut away, true) {
                    tracing::warn!(flow_run.id = %held.flow_run_id, "{what} failed; trying again until it is done");
                }
                tokio::time::sleep(backoff.next(error.retry_after())).await;
            }
        }
    }
}

#[cfg(test)]
#[path = "finish_tests.rs"]
mod tests;
