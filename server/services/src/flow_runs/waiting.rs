//! Which waiting runs an agent may have: by its labels, by what limits leave free, by priority, by time.

use chrono::{DateTime, Utc};
use signalbox_core::{concurrency::Ledger, queue::may_take};
use signalbox_schema::{FlowRunId, LabelSet};
use signalbox_storage::{
    StorageError, TenantTx,
    repo::flow_run::{self, Asker, Draw, Lot},
};

/// What an agent asks for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish<'a> {
    /// Who asks, and when.
    pub asker: Asker<'a>,
    /// Runs due until then; later than `now` for those who ask ahead.
    pub before: DateTime<Utc>,
    /// At most this many runs.
    pub most: u32,
}

/// How often it is looked further, past runs that the policies of their schedules hold back, and for how many runs at
/// once then. Each flow group holds few.
pub(super) const LOOKS: usize = 10;
pub(super) const FURTHER: u32 = 64;

/// The lots that an agent with these labels may take from.
pub(super) async fn lots_for(tx: &TenantTx, labels: &LabelSet) -> Result<Vec<Lot>, StorageError> {
    let mut lots = flow_run::lots(tx).await?;
    lots.retain(|lot| may_take(labels, &lot.labels));
    Ok(lots)
}

/// The runs, the most urgent first: those that are due before those that are not yet; among them higher priorities
/// before lower ones; among them the longest waiting. A run whose labels have no free slot is passed over, and hides
/// nobody behind it, and neither do those that are `held`. All of them fit into what is free at once.
pub(super) async fn select(
    tx: &TenantTx,
    lots: &[Lot],
    ledger: &mut Ledger,
    wish: Wish<'_>,
    held: &[FlowRunId],
) -> Result<Vec<FlowRunId>, StorageError> {
    let mut lots: Vec<&Lot> = lots.iter().collect();
    lots.sort_by_key(|lot| std::cmp::Reverse(lot.priority));
    let mut selected = Vec::new();
    let now = wish.asker.now;
    let windows = [(DateTime::UNIX_EPOCH, wish.before.min(now)), (now, wish.before)];
    for (after, before) in windows.into_iter().filter(|(after, before)| after < before) {
        for level in lots.chunk_by(|a, b| a.priority == b.priority) {
            let wanted = wish.most.saturating_sub(u32::try_from(selected.len()).unwrap_or(u32::MAX));
            // Runs of one lot need the same slots: once one finds none, the rest of its lot finds none, either.
            let draws: Vec<Draw<'_>> = level
                .iter()
                .filter(|lot| lot.earliest <= before)
                .map(|lot| Draw {
                    lot,
                    most: wanted.min(ledger.free(lot.labels.as_slice()).unwrap_or(wanted)),
                })
                .filter(|draw| draw.most > 0)
                .collect();
            if draws.is_empty() {
                continue;
            }
            for run in flow_run::due_runs(tx, wish.asker, &draws, after, before, held).await? {
                if selected.len() >= usize::try_from(wish.most).unwrap_or(usize::MAX) {
                    break;
                }
                if ledger.take(run.lot.labels.as_slice()).is_ok() {
                    selected.push(run.id);
                }
            }
        }
    }
    Ok(selected)
}
