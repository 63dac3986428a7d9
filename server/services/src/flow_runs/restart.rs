//! Restarts a flow run that has ended.

use crate::{Author, ServiceError, Services};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use signalbox_bus::Topic;
use signalbox_core::{
    access::{Access, Operator},
    ids::Ids,
    run::{
        Proposal, Verdict, fingerprint,
        flow_run::{Sender, decide},
        restart::{self, Edge, Ended, NotRestartable},
    },
};
use signalbox_schema::{ErrorCode, FlowId, FlowRunId, State, StateType, TaskId};
use signalbox_storage::{
    TenantTx, Transaction,
    repo::{
        edge, flow,
        flow_run::{self, FlowRunUpdate},
        task_run,
    },
};
use std::collections::{HashMap, HashSet};

/// A wish to restart.
#[derive(Debug)]
pub struct Restart {
    /// The run.
    pub run: FlowRunId,
    /// The version that the sender saw; with it, a request that arrives twice counts once, whatever happens in between.
    pub version: Option<i64>,
    /// Who wishes it.
    pub author: Author,
}

/// Restarts a run: task runs that did not end well, and those downstream of them, become `Pending`, the run is
/// `Scheduled` for now. How many task runs run again; 0 when this request was carried out before.
///
/// # Errors
/// `NOT_FOUND`, and `CONFLICT` for a run that has not ended or in which nothing failed.
pub async fn restart(
    services: &Services,
    access: &Access<Operator>,
    command: &Restart,
) -> Result<usize, ServiceError> {
    let write = Write { command, now: services.clock().now(), ids: services.ids() };
    let again = services.store().write(access, &write).await?;
    services.hint(Topic::Work(access.tenant()));
    services.hint(Topic::FlowRun(access.tenant(), command.run));
    Ok(again)
}

struct Write<'a> {
    command: &'a Restart,
    now: DateTime<Utc>,
    ids: &'a dyn Ids,
}

impl Transaction for Write<'_> {
    const NAME: &'static str = "flow_run.restart";
    type Output = usize;
    type Error = ServiceError;

    async fn run(&self, tx: &TenantTx) -> Result<usize, ServiceError> {
        let id = self.command.run;
        let missing = || ServiceError::not_found("Flow run", id);
        let run = flow_run::load(tx, [id], &[]).await?.remove(&id).ok_or_else(missing)?;
        let restarted_from = match flow_run::last_scheduled(tx, id).await? {
            Some((version, Some(mark))) if mark == restart_mark(version - 1) => Some(version - 1),
            _ => None,
        };
        // A restart that has ended again is over, unless the sender speaks of that very one.
        let spoken_of = |from: &i64| !run.state.is_finished() || self.command.version == Some(*from);
        let ended = Ended {
            state: run.state,
            version: run.version,
            restarted_from: restarted_from.filter(spoken_of),
        };
        let refused = |refusal: NotRestartable| ServiceError::new(ErrorCode::Conflict, refusal.to_string());
        if !restart::decide(ended, self.command.version).map_err(refused)? {
            return Ok(0);
        }
        let standing = flow_run::standing(tx, id).await?.ok_or_else(missing)?;
        let task_runs = task_run::of_flow_run(tx, id).await?;
        let edges = edges(tx, standing.flow).await?;
        let again = restart::run_again(run.state, &task_runs, &edges).map_err(refused)?;
        let name = self.command.author.name(tx).await?;
        let message = self.command.author.sign("Restarted", &name);
        let pending = State::new(StateType::Pending, message.clone());
        task_run::set_all(tx, (id, standing.flow), &again, &pending, self.ids, self.now).await?;
        let state = State::new(StateType::Scheduled, message).starting_at(self.now);
        let proposal = Proposal { state, version: None, fingerprint: restart_mark(run.version) };
        match decide(self.now, &run, Sender::default(), &proposal) {
            Verdict::Apply(transition) => {
                let update = FlowRunUpdate {
                    id,
                    from_version: run.version,
                    state: proposal.state,
                    fingerprint: Some(proposal.fingerprint),
                    transition,
                };
                flow_run::update(tx, &[update], self.ids, self.now).await?;
                Ok(again.len())
            }
            Verdict::Replay => Ok(0),
            Verdict::Refuse(rejection) => Err(rejection.into()),
        }
    }
}

/// By which the state that a restart wrote is known, given the version that was restarted.
fn restart_mark(version: i64) -> i64 {
    fingerprint(&json!("restart_flow_run"), Some(version))
}

/// The edges of a flow. Which of them flatten is in its document alone; an edge that is not there might.
async fn edges(tx: &TenantTx, id: FlowId) -> Result<Vec<Edge>, ServiceError> {
    let slugs: HashMap<String, TaskId> = flow_run::task_slugs(tx, id).await?.into_iter().collect();
    let document = flow::find(tx, id).await?.and_then(|flow| flow.document).unwrap_or_default();
    let slug = |edge: &Value, end: &str| slugs.get(edge.get(end)?.get("slug")?.as_str()?).copied();
    let plain: HashSet<(TaskId, TaskId)> = document
        .get("edges")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter(|edge| edge.get("flattened").and_then(Value::as_bool) == Some(false))
        .filter_map(|edge| Some((slug(edge, "upstream_task")?, slug(edge, "downstream_task")?)))
        .collect();
    let edges = edge::of_flow(tx, id).await?.into_iter();
    Ok(edges
        .map(|edge| Edge {
            upstream: edge.upstream,
            downstream: edge.downstream,
            mapped: edge.mapped,
            flattened: !plain.contains(&(edge.upstream, edge.downstream)),
        })
        .collect())
}
