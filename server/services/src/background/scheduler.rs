//! Keeps the next runs of every scheduled flow ahead (reference §6, schedules).
//!
//! The database says which flows there are and which runs they have; this task remembers only when to look at each
//! again: when its next run starts, since then one is lacking at the other end. So a pass costs what is due, and the
//! list of flows is read once a minute and when somebody changed a schedule. What is remembered may be wrong or lost
//! at any time: planning too often makes nothing twice, and the list shows what was changed elsewhere.

use crate::{
    ServiceError, Services,
    schedules::{self, Next, Planned},
};
use chrono::{DateTime, TimeDelta, Utc};
use signalbox_bus::{Link, Topic};
use signalbox_core::access::{Access, Reporter};
use signalbox_schema::{FlowId, TenantId};
use signalbox_storage::repo::schedule::{self, Revision, ScheduledFlow};
use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};
use tokio::time::sleep;

/// Its name in logs.
pub(super) const NAME: &str = "scheduler";

/// How often the list of flows is read although nobody gave a hint.
const TICK: TimeDelta = TimeDelta::seconds(60);

/// Shortest time between two passes: hints and starts in between are served together.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);

/// How long after a failure it is tried again.
const AFTER_FAILURE: Duration = Duration::from_secs(10);

/// How often a flow is looked at whose schedule has nothing in sight. Less than what 1,000 candidates of the densest
/// clock (one a minute) reach, so that no start is missed.
const NONE_IN_SIGHT: TimeDelta = TimeDelta::minutes(30);

/// By how many milliseconds replicas differ in when they plan: far less than what ten runs of the densest clock (one a
/// minute) last.
const SPREAD: u64 = 20_000;

/// Most flows that are planned together.
const FLOWS_AT_ONCE: usize = 64;

/// What a pass did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// How many flows were looked at.
    pub flows: usize,
    /// How many runs are new.
    pub created: usize,
}

/// Sees to it that every scheduled flow has its next runs, remembering nothing.
///
/// # Errors
/// When the database fails.
pub async fn run_once(services: &Services) -> Result<Report, ServiceError> {
    Scheduler::default().pass(services).await
}

/// The task: passes on a tick, on hints, and when runs start.
pub(super) async fn run(services: Services) {
    // Before the first read, or a change in between would be missed until the tick.
    let mut hints = services.subscribe(Topic::Schedules);
    let mut scheduler = Scheduler { delay: delay(&services), ..Scheduler::default() };
    loop {
        let pause = match scheduler.pass(&services).await {
            Ok(report) => {
                tracing::debug!(flows = report.flows, created = report.created, "schedules looked at");
                scheduler.pause(services.clock().now())
            }
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "schedules could not be looked at; trying again");
                AFTER_FAILURE
            }
        };
        sleep(SHORTEST_PAUSE).await;
        tokio::select! {
            () = hints.changed() => scheduler.look_again(),
            () = sleep(pause.saturating_sub(SHORTEST_PAUSE)) => {}
        }
    }
}

/// How long this replica waits with what all know to be due: whoever is first makes the runs, the others find them.
fn delay(services: &Services) -> TimeDelta {
    let milliseconds = match services.link() {
        Link::Local => 0,
        Link::Up | Link::Down => services.ids().random() % SPREAD,
    };
    TimeDelta::milliseconds(i64::try_from(milliseconds).unwrap_or_default())
}

/// What the scheduler remembers between passes.
#[derive(Debug, Default)]
pub struct Scheduler {
    known: HashMap<FlowId, Known>,
    /// When to plan which flow; the same times as in `known`.
    queue: BTreeSet<(DateTime<Utc>, FlowId)>,
    /// When to read the list of flows; `None` is at once.
    next_look: Option<DateTime<Utc>>,
    /// How long to wait with planning after a run started.
    delay: TimeDelta,
}

#[derive(Debug)]
struct Known {
    tenant: TenantId,
    revision: Revision,
    /// When to plan it; `None` waits for another revision.
    plan_at: Option<DateTime<Utc>>,
    /// Whether its problem is in the log.
    reported: bool,
}

impl Scheduler {
    /// Plans the flows that are due.
    ///
    /// # Errors
    /// When the database cannot be read. What was not planned stays due.
    pub async fn pass(&mut self, services: &Services) -> Result<Report, ServiceError> {
        let now = services.clock().now();
        // A look that lies further ahead than a tick is from before the clock was set back.
        if self.next_look.is_none_or(|at| at <= now || at > now + TICK) {
            self.note_list(&schedule::scheduled_flows(services.store()).await?, now);
        }
        let mut report = Report::default();
        for of_tenant in self.due(now).chunk_by(|a, b| a.0 == b.0) {
            for piece in of_tenant.chunks(FLOWS_AT_ONCE) {
                let flows: Vec<FlowId> = piece.iter().map(|(_, flow)| *flow).collect();
                let access = Access::<Reporter>::system(piece[0].0, NAME);
                let planned = schedules::plan(services, &access, &flows).await?;
                report.flows += planned.len();
                report.created += planned.iter().map(|flow| flow.created).sum::<usize>();
                self.note_planned(&flows, planned, now);
            }
        }
        Ok(report)
    }

    /// Reads the list of flows with the next pass: something was changed.
    pub fn look_again(&mut self) {
        self.next_look = None;
    }

    /// How long nothing has to be done, if nobody changes anything.
    pub fn pause(&self, now: DateTime<Utc>) -> Duration {
        let next_plan = self.queue.first().map(|(at, _)| *at);
        let wake = self.next_look.into_iter().chain(next_plan).min().unwrap_or(now);
        (wake - now).min(TICK).to_std().unwrap_or_default()
    }

    /// Takes over the list of flows: new and changed ones are due, those that are gone are forgotten.
    fn note_list(&mut self, listed: &[ScheduledFlow], now: DateTime<Utc>) {
        let mut before = std::mem::take(&mut self.known);
        self.known = listed
            .iter()
            .map(|listed| {
                let known = before.remove(&listed.flow).filter(|known| known.revision == listed.revision);
                let new = || Known {
                    tenant: listed.tenant,
                    revision: listed.revision,
                    plan_at: Some(now),
                    reported: false,
                };
                (listed.flow, known.unwrap_or_else(new))
            })
            .collect();
        self.queue = self.known.iter().filter_map(|(flow, known)| Some((known.plan_at?, *flow))).collect();
        self.next_look = Some(now + TICK);
    }

    /// The flows to plan, by tenant.
    fn due(&self, now: DateTime<Utc>) -> Vec<(TenantId, FlowId)> {
        let due = self.queue.iter().take_while(|(at, _)| *at <= now);
        let mut due: Vec<_> =
            due.filter_map(|(_, flow)| Some((self.known.get(flow)?.tenant, *flow))).collect();
        due.sort_unstable();
        due
    }

    /// Remembers when to plan these flows again. Those that were left out have no active schedule any more.
    fn note_planned(&mut self, flows: &[FlowId], planned: Vec<Planned>, now: DateTime<Utc>) {
        let mut planned: HashMap<FlowId, Planned> =
            planned.into_iter().map(|flow| (flow.flow, flow)).collect();
        for flow in flows {
            let Some(known) = self.known.get_mut(flow) else { continue };
            if let Some(before) = known.plan_at.take() {
                self.queue.remove(&(before, *flow));
            }
            let Some(planned) = planned.remove(flow) else { continue };
            known.plan_at = match planned.next {
                Next::At(start) => Some(start + self.delay),
                Next::NoneInSight => Some(now + NONE_IN_SIGHT),
                Next::WhenChanged => None,
                Next::Now => Some(now),
                Next::Soon => Some(now + TICK),
            };
            self.queue.extend(known.plan_at.map(|at| (at, *flow)));
            if let Some(problem) = planned.problem.filter(|_| !known.reported) {
                known.reported = true;
                tracing::warn!(
                    tenant.id = %known.tenant, flow.id = %flow, problem,
                    "the schedule of this flow cannot be followed; its runs are not made until it is changed"
                );
            }
        }
    }
}
