//! States of flow runs.

use crate::{
    StorageError, TenantTx,
    entity::flow_run_state,
    repo::{concurrency, flow_run::unfinished, insert, list, lock, row},
};
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ActiveValue::Set, Value};
use serde_json::json;
use signalbox_core::{
    concurrency::takes_slots,
    event::{EventKind, NewEvent},
    ids::Ids,
    run::flow_run::{FlowRunNow, FlowRunTransition},
};
use signalbox_schema::{AgentId, FlowId, FlowRunId, LeaseToken, State, StateType};
use std::collections::HashMap;
use uuid::Uuid;

/// A decided change of a flow run's state.
#[derive(Debug)]
pub struct FlowRunUpdate {
    /// The run.
    pub id: FlowRunId,
    /// The version it had when the change was decided.
    pub from_version: i64,
    /// Its new state.
    pub state: State,
    /// By which a repeated delivery is known.
    pub fingerprint: Option<i64>,
    /// What else changes.
    pub transition: FlowRunTransition,
}

/// The runs with these ids, held until the end of the transaction, and for those in `expected` the fingerprint of the state that follows the expected version.
pub async fn load(
    tx: &TenantTx,
    ids: impl IntoIterator<Item = FlowRunId>,
    expected: &[(FlowRunId, i64)],
) -> Result<HashMap<FlowRunId, FlowRunNow>, StorageError> {
    let ids: Vec<FlowRunId> = ids.into_iter().collect();
    lock::flow_runs(tx, &ids).await?;
    let mut values = vec![Value::from(tx.tenant().0)];
    let ids = list::ids(&mut values, ids.into_iter().map(Uuid::from));
    let rows = tx
        .query(
            format!(
                "SELECT r.id, r.state, r.version, r.state_fingerprint, r.agent_id, r.lease_token, r.start_time,
                        r.end_time, r.scheduled_start_time, r.state_start_time, r.handed_out, f.settings
                   FROM flow_run r JOIN flow f ON f.id = r.flow_id
                  WHERE r.tenant_id = $1 AND r.id IN ({ids})"
            ),
            values,
        )
        .await?;
    let mut runs = HashMap::with_capacity(rows.len());
    for row in rows {
        let state: String = row.try_get("", "state")?;
        let now = FlowRunNow {
            state: row::state(&state, "flow_run")?,
            version: row.try_get("", "version")?,
            fingerprint: row.try_get("", "state_fingerprint")?,
            fingerprint_at_expected: None,
            agent: row.try_get::<Option<Uuid>>("", "agent_id")?.map(AgentId),
            lease: row.try_get::<Option<Uuid>>("", "lease_token")?.map(LeaseToken),
            handed_out: row.try_get("", "handed_out")?,
            start_time: row.try_get("", "start_time")?,
            end_time: row.try_get("", "end_time")?,
            locks_versions: row::locks_versions(&row, "settings")?,
            scheduled_start_time: row.try_get("", "scheduled_start_time")?,
            is_held: state == StateType::Paused.as_str()
                && row.try_get::<Option<DateTime<Utc>>>("", "state_start_time")?.is_none(),
        };
        runs.insert(FlowRunId(row.try_get("", "id")?), now);
    }
    for (id, version) in expected {
        let Some(run) = runs.get_mut(id) else { continue };
        if *version < run.version {
            let values = vec![tx.tenant().0.into(), id.0.into(), Value::from(version + 1)];
            let rows = tx
                .query(
                    "SELECT fingerprint FROM flow_run_state
                      WHERE tenant_id = $1 AND flow_run_id = $2 AND version = $3",
                    values,
                )
                .await?;
            run.fingerprint_at_expected = match rows.first() {
                Some(row) => row.try_get_by_index(0)?,
                None => None,
            };
        }
    }
    Ok(runs)
}

/// Writes decided changes: the history, the row with what it mirrors, and the end of unfinished task runs where a run
/// was cancelled.
pub async fn update(
    tx: &TenantTx,
    updates: &[FlowRunUpdate],
    ids: &dyn Ids,
    now: DateTime<Utc>,
) -> Result<(), StorageError> {
    let history = updates.iter().map(|update| history_row(tx, update, ids.id(), now)).collect();
    insert::rows(tx, history).await?;
    for update in updates {
        let transition = &update.transition;
        let values: Vec<Value> = vec![
            tx.tenant().0.into(),
            update.id.0.into(),
            update.from_version.into(),
            now.into(),
            update.state.kind().as_str().into(),
            update.state.message().map(str::to_owned).into(),
            update.state.result().cloned().into(),
            update.state.start_time().into(),
            update.state.to_value().into(),
            update.fingerprint.into(),
            transition.version.into(),
            transition.start_time.into(),
            transition.end_time.into(),
            transition.agent.map(Uuid::from).into(),
            transition.heartbeat.then_some(now).into(),
            transition.releases_lease.into(),
            transition.lateness.map(shown_lateness).into(),
            transition.lease.map(Uuid::from).into(),
        ];
        let changed = tx
            .query(
                "UPDATE flow_run
                    SET updated = $4, state = $5, state_timestamp = $4, state_message = $6, state_result = $7,
                        state_start_time = $8, serialized_state = $9, state_fingerprint = $10, version = $11,
                        start_time = $12, end_time = $13,
                        agent_id = (SELECT id FROM agent WHERE tenant_id = $1 AND id = $14),
                        heartbeat = coalesce($15, heartbeat), lateness_ms = coalesce(lateness_ms, $17),
                        lease_token = CASE WHEN $16 THEN NULL ELSE lease_token END,
                        lease_expires = CASE WHEN $16 THEN NULL ELSE lease_expires END,
                        reserved_by = NULL, reserved_until = NULL,
                        handed_out = CASE WHEN $5 = 'Submitted' THEN handed_out ELSE 0 END
                  WHERE tenant_id = $1 AND id = $2 AND version = $3 AND lease_token IS NOT DISTINCT FROM $18
                  RETURNING name, flow_id, agent_id",
                values,
            )
            .await?;
        let [row] = changed.as_slice() else {
            return Err(StorageError::Inconsistent {
                table: "flow_run",
                problem: format!("run {} changed while its state was being set", update.id),
            });
        };
        let name: Option<String> = row.try_get_by_index(0)?;
        let flow = FlowId(row.try_get_by_index(1)?);
        let event = NewEvent::new(EventKind::FlowRunState, now)
            .flow_run(update.id)
            .flow(flow)
            .agent(row.try_get_by_index::<Option<Uuid>>(2)?.map(AgentId))
            .payload(json!({ "name": name }))
            .state(&update.state, transition.version);
        tx.record(event);
        unfinished::end(tx, (update.id, flow), transition.unfinished, ids, now).await?;
    }
    let begun = updates.iter().filter(|update| takes_slots(update.state.kind()));
    let begun: Vec<FlowRunId> = begun.map(|update| update.id).collect();
    concurrency::seat_flow_runs(tx, &begun, ids, now).await
}

/// Lateness in milliseconds, at most what GraphQL's `Int` holds (24 days).
fn shown_lateness(lateness: TimeDelta) -> i64 {
    lateness.num_milliseconds().min(i32::MAX.into())
}

fn history_row(
    tx: &TenantTx,
    update: &FlowRunUpdate,
    id: Uuid,
    now: DateTime<Utc>,
) -> flow_run_state::ActiveModel {
    flow_run_state::ActiveModel {
        id: Set(id),
        created: Set(now),
        updated: Set(now),
        tenant_id: Set(tx.tenant().0),
        flow_run_id: Set(update.id.0),
        timestamp: Set(now),
        state: Set(update.state.kind().as_str().to_owned()),
        message: Set(update.state.message().map(str::to_owned)),
        result: Set(update.state.result().cloned()),
        start_time: Set(update.state.start_time()),
        version: Set(update.transition.version),
        serialized_state: Set(update.state.to_value()),
        fingerprint: Set(update.fingerprint),
    }
}
