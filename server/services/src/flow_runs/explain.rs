//! Says why a run has not started, or what it waits for.

use crate::{ServiceError, Services, schedules::Admission};
use signalbox_core::{
    access::{Access, Viewer},
    explain::{Explanation, Facts, TaskFacts, explain as decide},
    queue::may_take,
};
use signalbox_schema::{FlowRunId, StateType};
use signalbox_storage::repo::{
    concurrency::About,
    flow_run::{self, facts},
};

/// A run, what holds it, and what it is about.
#[derive(Debug)]
pub struct Explained {
    /// What was known.
    pub facts: Facts,
    /// What follows from it.
    pub explanation: Explanation,
}

/// Explains a run. A handful of statements, whatever the tenant has.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn explain(
    services: &Services,
    access: &Access<Viewer>,
    id: FlowRunId,
) -> Result<Explained, ServiceError> {
    let now = services.clock().now();
    let tx = services.store().read(access);
    let run = facts::run(&tx, id).await?.ok_or_else(|| ServiceError::not_found("Flow run", id))?;
    let mut known = Facts {
        now,
        run,
        agents: Vec::new(),
        limits: Vec::new(),
        held: None,
        ahead: 0,
        tasks: TaskFacts::default(),
    };
    if known.run.state.is_scheduled() {
        known.agents = facts::agents(&tx).await?;
        known.limits = facts::limits(&tx, About::Label, known.run.labels.as_slice()).await?;
        let due = known.run.due.is_some_and(|due| due <= now);
        let able: Vec<_> = known
            .agents
            .iter()
            .filter(|agent| agent.is_alive(now) && may_take(&agent.labels, &known.run.labels))
            .collect();
        if due {
            known.held = Admission::why(&tx, id, now).await?;
        }
        if due && !able.is_empty() {
            let lots = flow_run::lots(&tx).await?;
            let theirs: Vec<_> = lots
                .iter()
                .filter(|lot| able.iter().any(|agent| may_take(&agent.labels, &lot.labels)))
                .collect();
            known.ahead = facts::ahead(&tx, &known.run, &theirs, now).await?;
        }
    } else if known.run.state == StateType::Running {
        let (tasks, tags) = facts::tasks(&tx, id).await?;
        known.tasks = tasks;
        if !tags.is_empty() {
            known.tasks.limits = facts::limits(&tx, About::Tag, &tags).await?;
        }
    }
    let explanation = decide(&known);
    Ok(Explained { facts: known, explanation })
}
