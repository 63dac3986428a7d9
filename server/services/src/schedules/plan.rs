//! Makes the runs that flows lack: reads what there is, decides, writes what is missing.

use super::{
    Admission,
    draft::{Draft, Has},
    make::{Made, make},
};
use crate::{ServiceError, Services};
use chrono::{DateTime, Utc};
use signalbox_bus::Topic;
use signalbox_core::{
    access::{Access, Reporter},
    ids::Ids,
};
use signalbox_schema::{ErrorCode, FlowGroupId, FlowId, FlowRunId};
use signalbox_storage::{
    StorageError, TenantTx, Transaction,
    repo::schedule::{self, Ahead, Document},
};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

/// About how many runs are made in one transaction, so that requests get their turn in between.
const RUNS_AT_ONCE: usize = 64;

/// What came of one flow.
#[derive(Debug)]
pub(crate) struct Planned {
    pub flow: FlowId,
    /// How many runs are new.
    pub created: usize,
    /// When to plan it again.
    pub next: Next,
    /// Why some or all of its runs cannot be made, as long as nobody changes the flow. Without user data.
    pub problem: Option<String>,
}

/// When a flow has to be planned again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// When its next run starts: then one is lacking at the other end, and the policy judges the one that is due.
    At(DateTime<Utc>),
    /// Now and then: no run is in sight, which need not last (a filter may let none through for weeks).
    NoneInSight,
    /// When it was changed.
    WhenChanged,
    /// At once: it was changed meanwhile.
    Now,
    /// Soon: the database failed.
    Soon,
}

/// Sees to it that these flows of one tenant have their next runs. Flows without an active schedule are left out of
/// the answer. Doing it twice, or in two places at once, makes nothing twice.
///
/// # Errors
/// When the database cannot be read. Failures of single flows are in the answer.
pub(crate) async fn plan(
    services: &Services,
    access: &Access<Reporter>,
    flows: &[FlowId],
) -> Result<Vec<Planned>, ServiceError> {
    let now = services.clock().now();
    let tx = services.store().read(access);
    let documents = schedule::documents(&tx, flows).await?;
    let active: Vec<FlowId> = documents.keys().copied().collect();
    if active.is_empty() {
        return Ok(Vec::new());
    }
    let ahead = schedule::ahead(&tx, &active, now).await?;
    // Not on a thread that serves requests: a hostile schedule is bounded, not quick.
    let drafts =
        tokio::task::spawn_blocking(move || draft(documents, ahead, now)).await.map_err(|error| {
            let message = "schedules could not be worked out; the server's log has the details";
            ServiceError {
                code: ErrorCode::Internal,
                message: message.to_owned(),
                source: Some(Arc::new(error)),
            }
        })?;
    let (lacking, complete): (Vec<&Draft>, Vec<&Draft>) =
        drafts.iter().partition(|draft| draft.changes_something());
    let mut planned: Vec<Planned> =
        complete.into_iter().map(|draft| outcome(draft, Made::Runs(0, None))).collect();
    for piece in pieces(&lacking) {
        let made = make(services, access, piece).await;
        planned.extend(piece.iter().copied().zip(made).map(|(draft, made)| outcome(draft, made)));
    }
    settle(services, access, &drafts, now).await?;
    if planned.iter().any(|flow| flow.created > 0) {
        services.hint(Topic::Work(access.tenant()));
    }
    Ok(planned)
}

fn draft(
    documents: HashMap<FlowId, (Document, Option<DateTime<Utc>>)>,
    mut ahead: HashMap<FlowId, Ahead>,
    now: DateTime<Utc>,
) -> Vec<Draft> {
    documents
        .into_iter()
        .map(|(flow, (document, planned_until))| {
            let has = Has { ahead: ahead.remove(&flow).unwrap_or_default(), planned_until };
            Draft::new(flow, document, &has, now)
        })
        .collect()
}

/// Judges the runs of these flows that have come due, where a policy says so; agents may be busy or absent.
async fn settle(
    services: &Services,
    access: &Access<Reporter>,
    drafts: &[Draft],
    now: DateTime<Utc>,
) -> Result<(), ServiceError> {
    let judged = drafts.iter().filter(|draft| draft.document.policy.judges());
    let groups: BTreeSet<FlowGroupId> = judged.map(|draft| draft.document.group).collect();
    if groups.is_empty() {
        return Ok(());
    }
    let settle = Settle { groups, ids: services.ids(), now };
    let changed = services.store().write(access, &settle).await?;
    announce(services, access, changed);
    Ok(())
}

struct Settle<'a> {
    groups: BTreeSet<FlowGroupId>,
    ids: &'a dyn Ids,
    now: DateTime<Utc>,
}

impl Transaction for Settle<'_> {
    const NAME: &'static str = "schedule.settle";
    type Output = Vec<FlowRunId>;
    type Error = StorageError;

    async fn run(&self, tx: &TenantTx) -> Result<Vec<FlowRunId>, StorageError> {
        Admission::settle_groups(tx, &self.groups, self.ids, self.now).await
    }
}

/// Wakes those who wait for runs that a policy has skipped or cancelled.
pub(crate) fn announce(services: &Services, access: &Access<Reporter>, changed: Vec<FlowRunId>) {
    if !changed.is_empty() {
        services.hint(Topic::Work(access.tenant()));
    }
    for run in changed {
        services.hint(Topic::FlowRun(access.tenant(), run));
    }
}

/// Cuts drafts into pieces of one transaction each.
fn pieces<'a, 'b>(drafts: &'a [&'b Draft]) -> impl Iterator<Item = &'a [&'b Draft]> {
    let mut rest = drafts;
    std::iter::from_fn(move || {
        let mut runs = 0;
        let fitting = rest.iter().take_while(|draft| {
            runs += draft.runs.len();
            runs <= RUNS_AT_ONCE
        });
        let count = fitting.count().max(1).min(rest.len());
        let (piece, others) = rest.split_at(count);
        rest = others;
        (!piece.is_empty()).then_some(piece)
    })
}

fn outcome(draft: &Draft, made: Made) -> Planned {
    let next = match &draft.next {
        Ok(Some(start)) => Next::At(*start),
        Ok(None) => Next::NoneInSight,
        Err(_) => Next::WhenChanged,
    };
    let unreadable = draft.next.as_ref().err().cloned();
    let (created, next, problem) = match made {
        Made::Runs(created, refused) => {
            (created, next, unreadable.or_else(|| refused.map(|error| error.message)))
        }
        Made::Outdated => (0, Next::Now, None),
        Made::Failed => (0, Next::Soon, None),
    };
    Planned { flow: draft.flow, created, next, problem }
}
