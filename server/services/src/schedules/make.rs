//! Makes drafted runs, unless the schedule that they follow is gone by then.

use super::draft::Draft;
use crate::{
    ServiceError, Services,
    flow_runs::{CreateBatch, CreateFlowRun},
};
use serde_json::json;
use signalbox_core::{
    access::{Access, Reporter},
    event::{EventKind, NewEvent},
};
use signalbox_schema::{FlowId, state::format_time};
use signalbox_storage::{
    Batch, StorageError, TenantTx, Transaction,
    repo::{lock, schedule},
};

/// What became of one draft.
#[derive(Debug)]
pub(super) enum Made {
    /// So many runs are new; why others were refused.
    Runs(usize, Option<ServiceError>),
    /// The schedule was replaced or switched off while the runs were worked out: none was made.
    Outdated,
    /// The database failed: none was made.
    Failed,
}

/// Makes the runs of some drafts in one transaction; when that fails, one draft at a time, so that one flow does not
/// hold up the others. One result for each draft, in order.
pub(super) async fn make(services: &Services, access: &Access<Reporter>, drafts: &[&Draft]) -> Vec<Made> {
    let together = Make { drafts, create: services.create_batch() };
    match services.store().write(access, &together).await {
        Ok(made) => return made,
        Err(error) => tracing::debug!(flows = drafts.len(), %error, "flows are planned one by one"),
    }
    let mut made = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let one = Make { drafts: std::slice::from_ref(draft), create: services.create_batch() };
        made.extend(services.store().write(access, &one).await.unwrap_or_else(|error| {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(tenant.id = %access.tenant(), flow.id = %draft.flow, error, "runs could not be made");
            vec![Made::Failed]
        }));
    }
    made
}

struct Make<'a> {
    drafts: &'a [&'a Draft],
    create: CreateBatch,
}

impl Transaction for Make<'_> {
    const NAME: &'static str = "schedule.make_runs";
    type Output = Vec<Made>;
    type Error = StorageError;

    async fn run(&self, tx: &TenantTx) -> Result<Vec<Made>, StorageError> {
        let flows: Vec<FlowId> = self.drafts.iter().map(|draft| draft.flow).collect();
        lock::groups_of(tx, &flows).await?;
        let documents = schedule::documents(tx, &flows).await?;
        // Whoever changes a schedule deletes the runs it had: what is made after that by the old one would stay.
        let is_current =
            |draft: &Draft| documents.get(&draft.flow).is_some_and(|(now, _)| *now == draft.document);
        let commands: Vec<&CreateFlowRun> =
            self.drafts.iter().filter(|draft| is_current(draft)).flat_map(|draft| &draft.runs).collect();
        let mut results = self.create.run(tx, &commands).await?.into_iter();
        let mut made = Vec::with_capacity(self.drafts.len());
        for draft in self.drafts {
            if !is_current(draft) {
                made.push(Made::Outdated);
                continue;
            }
            let (mut new, mut refused) = (0, None);
            for result in results.by_ref().take(draft.runs.len()) {
                match result {
                    Ok(run) => new += usize::from(run.created),
                    Err(error) => refused = Some(error),
                }
            }
            if let Some(until) = draft.planned_until.filter(|_| refused.is_none()) {
                schedule::set_planned_until(tx, draft.flow, until).await?;
                if draft.missed > 0 {
                    tx.record(self.missed(draft));
                }
            }
            made.push(Made::Runs(new, refused));
        }
        Ok(made)
    }
}

impl Make<'_> {
    fn missed(&self, draft: &Draft) -> NewEvent {
        let payload = json!({"missed": draft.missed, "since": draft.planned_before.map(format_time)});
        NewEvent::new(EventKind::FlowSlotsMissed, self.create.clock.now()).flow(draft.flow).payload(payload)
    }
}
