//! What becomes of a run that was lost: found by the watch over silent runs, or reported by the agent that saw its
//! process end. The rule is [`signalbox_core::run::lost`]; here it is carried out in one transaction, in which the run
//! is looked at again, so that of two replicas that found the same run one acts.

use crate::{
    ServiceError, Services,
    logs::{self, LogLine},
};
use chrono::{DateTime, Utc};
use serde_json::json;
use signalbox_bus::Topic;
use signalbox_core::{
    access::{Access, Reporter},
    event::{EventKind, NewEvent},
    ids::Ids,
    lease::Intervals,
    run::{
        Proposal, Rejection, Verdict,
        flow_run::{Sender, decide},
        lost::{Finding, Remedy, Rules, exited, judge, unheard},
        task_run,
    },
};
use signalbox_schema::{FlowRunId, LeaseToken, State, StateType};
use signalbox_storage::{
    TenantTx, Transaction,
    repo::{
        flow_run::{self, AtWork, FlowRunUpdate},
        log,
        task_run::{self as task_runs, Interrupted, TaskRunUpdate},
    },
};

/// The logger of what is said here.
const LOGGER: &str = "signalbox.lost_runs";

/// The end of a process as its agent saw it.
#[derive(Debug, Clone)]
pub struct ProcessExit {
    /// The run.
    pub id: FlowRunId,
    /// The proof that it is the agent's.
    pub lease_token: LeaseToken,
    /// A clause for people: "the flow-run process was killed by signal SIGKILL (9)".
    pub message: String,
    /// The code it ended with.
    pub exit_code: Option<i32>,
    /// The number of the signal that ended it.
    pub signal: Option<i32>,
}

/// Takes the report of an agent whose process ended before its run had. Yields the state of the run after it: as its
/// flow group's policy has it. A repeated delivery changes nothing.
///
/// # Errors
/// `LEASE_LOST` when somebody else has the run, `NOT_FOUND` when there is none.
pub async fn report_exit(
    services: &Services,
    access: &Access<Reporter>,
    exit: ProcessExit,
) -> Result<StateType, ServiceError> {
    let id = exit.id;
    let settle = Settle::new(services, id, Occasion::Exit(&exit));
    let settled = Box::pin(services.store().write(access, &settle)).await?;
    if let Some(settled) = &settled {
        settled.hint(services, access, id);
    }
    if let Some(state) = settled.and_then(|settled| settled.finding.next_state()) {
        return Ok(state);
    }
    let runs = flow_run::load(&services.store().read(access), [id], &[]).await?;
    let run = runs.get(&id).ok_or_else(|| ServiceError::not_found("Flow run", id))?;
    Ok(run.state)
}

/// Why a run is looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Occasion<'a> {
    /// It was silent, and the installation has listened since then.
    Silence(DateTime<Utc>),
    /// Its agent saw its process end.
    Exit(&'a ProcessExit),
    /// The process that holds this lease never received it.
    Unheard(LeaseToken),
}

/// Looks at one run again, and does with it what follows.
pub(crate) struct Settle<'a> {
    id: FlowRunId,
    occasion: Occasion<'a>,
    now: DateTime<Utc>,
    intervals: &'a Intervals,
    ids: &'a dyn Ids,
}

/// What was done with a lost run.
#[derive(Debug)]
pub(crate) struct Settled {
    /// What was found.
    pub finding: Finding,
    /// Whether it is news (one that waits for a decision is found again and again).
    pub news: bool,
}

impl Settled {
    /// Wakes those who wait for the run, or for work.
    pub fn hint(&self, services: &Services, access: &Access<Reporter>, run: FlowRunId) {
        if self.news {
            services.hint(Topic::FlowRun(access.tenant(), run));
            services.hint(Topic::Work(access.tenant()));
        }
    }
}

impl<'a> Settle<'a> {
    pub fn new(services: &'a Services, id: FlowRunId, occasion: Occasion<'a>) -> Self {
        let now = services.clock().now();
        Self { id, occasion, now, intervals: services.intervals(), ids: services.ids() }
    }

    fn find(&self, run: &AtWork) -> Result<Option<Finding>, ServiceError> {
        let rules = Rules::of(&run.settings, self.intervals);
        match self.occasion {
            Occasion::Silence(listening_since) => Ok(judge(self.now, listening_since, &run.watched, &rules)),
            Occasion::Exit(exit) if run.lease == Some(exit.lease_token) => {
                Ok(exited(&run.watched, &rules, exit.message.clone()))
            }
            Occasion::Exit(_) => Err(Rejection::LeaseLost.into()),
            Occasion::Unheard(token) if run.lease == Some(token) => Ok(unheard(&run.watched, &rules)),
            Occasion::Unheard(_) => Ok(None),
        }
    }
}

impl Transaction for Settle<'_> {
    const NAME: &'static str = "flow_run.settle_lost";
    type Output = Option<Settled>;
    type Error = ServiceError;

    async fn run(&self, tx: &TenantTx) -> Result<Option<Settled>, ServiceError> {
        let under_way_since = self.now - self.intervals.unstarted_after;
        let Some(run) = flow_run::watched(tx, self.id, under_way_since).await? else { return Ok(None) };
        let Some(finding) = self.find(&run)? else { return Ok(None) };
        if !flow_run::seize(tx, &run, finding.reschedules()).await? {
            return Ok(None);
        }
        match finding.remedy {
            Remedy::Wait => {}
            Remedy::EndTasks => self.end_tasks(tx, &finding).await?,
            Remedy::Release => flow_run::end_lease(tx, self.id, self.now).await?,
            Remedy::Cancel => self.set_state(tx, &finding, StateType::Cancelled).await?,
            Remedy::Fail => {
                self.end_tasks(tx, &finding).await?;
                self.set_state(tx, &finding, StateType::Failed).await?;
            }
            Remedy::Reschedule => {
                self.end_tasks(tx, &finding).await?;
                self.set_state(tx, &finding, StateType::Scheduled).await?;
            }
        }
        let news = self.say(tx, &run, &finding).await?;
        Ok(Some(Settled { finding, news }))
    }
}

impl Settle<'_> {
    async fn set_state(&self, tx: &TenantTx, finding: &Finding, kind: StateType) -> Result<(), ServiceError> {
        let runs = flow_run::load(tx, [self.id], &[]).await?;
        let run = runs.get(&self.id).ok_or_else(|| ServiceError::not_found("Flow run", self.id))?;
        let state = State::new(kind, finding.message());
        let state = if kind == StateType::Scheduled { state.starting_at(self.now) } else { state };
        let proposal = Proposal { state, version: None, fingerprint: 0 };
        if let Verdict::Apply(transition) = decide(self.now, run, Sender::default(), &proposal) {
            let update = FlowRunUpdate {
                id: self.id,
                from_version: run.version,
                state: proposal.state,
                fingerprint: None,
                transition,
            };
            flow_run::update(tx, &[update], self.ids, self.now).await?;
        }
        Ok(())
    }

    /// Ends the task runs that were interrupted, or has them retried as far as their tasks allow it.
    async fn end_tasks(&self, tx: &TenantTx, finding: &Finding) -> Result<(), ServiceError> {
        let mut updates = Vec::new();
        for task in task_runs::interrupted(tx, self.id).await? {
            let state = self.end_of(&task, finding)?;
            let proposal = Proposal { state, version: None, fingerprint: 0 };
            if let Verdict::Apply(transition) =
                task_run::decide(self.now, &task.now, Sender::default(), &proposal)
            {
                updates.push(TaskRunUpdate {
                    id: task.id,
                    flow_run: self.id,
                    flow: task.flow,
                    from_version: task.now.version,
                    state: proposal.state,
                    fingerprint: None,
                    transition,
                });
            }
        }
        Ok(task_runs::update(tx, &updates, self.ids, self.now).await?)
    }

    fn end_of(&self, task: &Interrupted, finding: &Finding) -> Result<State, ServiceError> {
        if finding.remedy == Remedy::Fail || task.retries >= task.max_retries {
            return Ok(State::new(StateType::Failed, finding.task_message()));
        }
        let retry = task.retries + 1;
        let due = signalbox_schema::state::format_time(self.now + task.retry_delay);
        // The fields that the client's `Retrying` has.
        let state = json!({
            "type": "Retrying", "message": finding.retry_message(retry, task.max_retries), "start_time": due,
            "run_count": retry, "context": {"task_run_count": retry}, "cached_inputs": {},
        });
        Ok(State::parse(state, self.now)?)
    }

    /// The cause for programs.
    fn info(&self, finding: &Finding) -> serde_json::Value {
        let (exit_code, signal) = match self.occasion {
            Occasion::Exit(exit) => (exit.exit_code, exit.signal),
            Occasion::Silence(_) | Occasion::Unheard(_) => (None, None),
        };
        json!({"cause": finding.cause.code(), "exit_code": exit_code, "signal": signal})
    }

    /// Says it in the run's log; whether it was not said before.
    async fn say(&self, tx: &TenantTx, run: &AtWork, finding: &Finding) -> Result<bool, ServiceError> {
        let waits = finding.remedy == Remedy::Wait;
        let level = match finding.remedy {
            Remedy::Fail | Remedy::EndTasks => "ERROR",
            Remedy::Wait | Remedy::Reschedule | Remedy::Release => "WARNING",
            Remedy::Cancel => "INFO",
        };
        // A run that waits for a decision is found again and again; the line of the same silence is kept once.
        let since = run.watched.heartbeat.unwrap_or(run.watched.state_since);
        let line = LogLine {
            flow_run: self.id,
            task_run: None,
            lease: None,
            timestamp: Some(if waits { since } else { self.now }),
            name: Some(LOGGER.to_owned()),
            level: Some(level.to_owned()),
            message: Some(finding.message()),
            info: Some(self.info(finding)),
        };
        let new = log::append(tx, logs::identified(vec![line], self.now), self.now).await?;
        let news = !waits || new > 0;
        if news {
            let mut payload = self.info(finding);
            payload["remedy"] = finding.remedy.as_str().into();
            let event = NewEvent::new(EventKind::FlowRunLost, self.now)
                .flow_run(self.id)
                .flow(run.flow)
                .agent(run.agent)
                .payload(payload)
                .message(&finding.message());
            tx.record(event);
        }
        Ok(news)
    }
}
