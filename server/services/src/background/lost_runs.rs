//! Finds runs that were lost: their agent is gone, or their process fell silent (DESIGN §7; for runs of stock agents
//! Prefect's zombie killer and Lazarus, reference §6).
//!
//! Every few seconds one statement reads which runs at work have not been heard of for a while; mostly there are none.
//! Each is then looked at again in a transaction of its own, in which the first of several replicas wins. What this task
//! remembers is only since when the server has been listening without interruption: silence before that proves nothing,
//! because nobody could have been heard.

use crate::{
    ServiceError, Services,
    flow_runs::{Occasion, Settle},
};
use chrono::{DateTime, TimeDelta, Utc};
use signalbox_core::{
    access::{Access, Reporter},
    run::lost::{Remedy, Rules, judge},
};
use signalbox_schema::{FlowRunId, StateType};
use signalbox_storage::repo::flow_run::{self, AtWork};
use std::collections::HashMap;
use tokio::time::sleep;

/// Its name in logs.
pub(super) const NAME: &str = "lost_runs";

/// Most runs that are read at once.
const PAGE: u32 = 500;

/// A pass that is late by more than this (the process was stopped, the clock was set, the database was away) was not
/// listening meanwhile.
const LATE: TimeDelta = TimeDelta::seconds(10);

/// What a pass did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Runs that were started again.
    pub rescheduled: usize,
    /// Runs that have failed.
    pub failed: usize,
    /// Runs that were cancelled, as had been asked.
    pub cancelled: usize,
    /// Runs whose tasks were ended, or that go on without a process.
    pub loosened: usize,
    /// Runs that are left to a person, for the first time.
    pub waiting: usize,
}

/// What the task remembers.
#[derive(Debug, Default)]
pub struct LostRuns {
    listening_since: Option<DateTime<Utc>>,
    last_pass: Option<DateTime<Utc>>,
    /// Runs that are left to a person, with the silence for which that was said.
    waiting: HashMap<FlowRunId, Option<DateTime<Utc>>>,
}

/// The task.
pub(super) async fn run(services: Services) {
    let mut lost = LostRuns::default();
    loop {
        match lost.pass(&services).await {
            Ok(report) if report == Report::default() => {}
            Ok(report) => tracing::info!(?report, "lost runs were found"),
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "silent runs could not be looked for; trying again");
            }
        }
        sleep(services.intervals().look_every.to_std().unwrap_or_default()).await;
    }
}

impl LostRuns {
    /// Looks for lost runs once, and deals with them.
    ///
    /// # Errors
    /// When the database cannot be read: nobody could be heard meanwhile, and silence counts anew.
    pub async fn pass(&mut self, services: &Services) -> Result<Report, ServiceError> {
        let listening_since = self.listen(services);
        let report = self.look(services, listening_since).await;
        self.last_pass = report.is_ok().then(|| services.clock().now());
        report
    }

    /// Since when the server has been listening.
    fn listen(&mut self, services: &Services) -> DateTime<Utc> {
        let now = services.clock().now();
        let latest = services.intervals().look_every + LATE;
        let uninterrupted = self.last_pass.is_some_and(|last| last <= now && now - last <= latest);
        match self.listening_since {
            Some(since) if uninterrupted => since,
            _ => {
                self.listening_since = Some(now);
                now
            }
        }
    }

    async fn look(
        &mut self,
        services: &Services,
        listening_since: DateTime<Utc>,
    ) -> Result<Report, ServiceError> {
        let mut report = Report::default();
        let mut still_waiting = HashMap::new();
        let now = services.clock().now();
        let intervals = services.intervals();
        let before = now - intervals.shortest_silence();
        // As long as nobody could be heard for long enough, nothing can be found.
        if listening_since >= before {
            return Ok(report);
        }
        let mut after: Option<AtWork> = None;
        loop {
            let under_way_since = now - intervals.unstarted_after;
            let page =
                flow_run::silent(services.store(), before, under_way_since, after.as_ref(), PAGE).await?;
            for run in &page {
                let rules = Rules::of(&run.settings, intervals);
                match judge(now, listening_since, &run.watched, &rules) {
                    Some(finding) if finding.remedy == Remedy::Wait && self.was_said(run) => {
                        still_waiting.insert(run.id, run.watched.heartbeat);
                    }
                    Some(finding) => {
                        if finding.remedy == Remedy::Wait {
                            still_waiting.insert(run.id, run.watched.heartbeat);
                        }
                        settle(services, run, listening_since, &mut report).await;
                    }
                    None => {}
                }
            }
            if page.len() < PAGE as usize {
                break;
            }
            after = page.into_iter().next_back();
        }
        self.waiting = still_waiting;
        Ok(report)
    }

    fn was_said(&self, run: &AtWork) -> bool {
        self.waiting.get(&run.id) == Some(&run.watched.heartbeat)
    }
}

/// Deals with one run. What goes wrong with it keeps no other from being looked at.
async fn settle(services: &Services, run: &AtWork, listening_since: DateTime<Utc>, report: &mut Report) {
    let access = Access::<Reporter>::system(run.tenant, NAME);
    let settle = Settle::new(services, run.id, Occasion::Silence(listening_since));
    match services.store().write(&access, &settle).await {
        // It was heard of, or another replica was first.
        Ok(None) => {}
        Ok(Some(settled)) => {
            settled.hint(services, &access, run.id);
            match settled.finding.next_state() {
                Some(StateType::Scheduled) => report.rescheduled += 1,
                Some(StateType::Cancelled) => report.cancelled += 1,
                Some(_) => report.failed += 1,
                None if settled.finding.remedy == Remedy::Wait => report.waiting += usize::from(settled.news),
                None => report.loosened += 1,
            }
            if settled.news {
                tracing::warn!(
                    tenant.id = %run.tenant, flow_run.id = %run.id, cause = settled.finding.cause.code(),
                    remedy = ?settled.finding.remedy, "a run was lost"
                );
            }
        }
        Err(error) => {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(
                tenant.id = %run.tenant, flow_run.id = %run.id, error, "a lost run could not be dealt with"
            );
        }
    }
}
