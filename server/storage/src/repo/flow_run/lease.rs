//! Leases on flow runs. The token is in every WHERE, so an agent that lost its lease changes nothing.

use crate::{
    StorageError, TenantTx,
    repo::{list, lock, row},
};
use chrono::{DateTime, Utc};
use sea_orm::Value;
use serde_json::Value as Json;
use signalbox_core::lease::{Asked, Lease};
use signalbox_schema::{AgentId, FlowId, FlowRunId, LeaseToken, StateType};
use std::collections::HashMap;
use uuid::Uuid;

/// Most agents in one statement.
const AGENTS_AT_ONCE: usize = 1024;

/// A run as its agent gets it.
#[derive(Debug)]
pub struct ClaimedFlowRun {
    /// The run.
    pub id: FlowRunId,
    /// Its flow.
    pub flow: FlowId,
    /// Its name.
    pub name: Option<String>,
    /// The proof of the lease.
    pub lease_token: LeaseToken,
    /// When it was to start.
    pub scheduled_start_time: DateTime<Utc>,
    /// Count of its states.
    pub version: i64,
    /// Name of its flow.
    pub flow_name: String,
    /// Where and how it executes.
    pub run_config: Option<Json>,
    /// Where its code is.
    pub storage: Option<Json>,
    /// Version of the library that registered it.
    pub core_version: Option<String>,
    /// Its parameters.
    pub parameters: Json,
    /// Its labels.
    pub labels: Json,
}

/// A run that an agent says it holds, as it is.
#[derive(Debug)]
pub struct HeldRun {
    /// The run.
    pub id: FlowRunId,
    /// Type of its state.
    pub state: StateType,
    /// The lease on it, if any.
    pub lease: Option<LeaseToken>,
}

/// The runs among `ids` that are still `waiting` or `Running`, with their versions, for the one who takes them.
pub async fn claimable(
    tx: &TenantTx,
    ids: &[FlowRunId],
) -> Result<Vec<(FlowRunId, StateType, Json)>, StorageError> {
    let mut values = vec![Value::from(tx.tenant().0)];
    let ids = list::ids(&mut values, ids.iter().map(|id| id.0));
    let sql = format!(
        "SELECT id, state, serialized_state FROM flow_run
          WHERE tenant_id = $1 AND id IN ({ids}) AND lease_token IS NULL ORDER BY state_start_time, id"
    );
    let rows = tx.query(sql, values).await?;
    rows.iter()
        .map(|row| {
            let state: String = row.try_get_by_index(1)?;
            Ok((
                FlowRunId(row.try_get_by_index(0)?),
                row::state(&state, "flow_run")?,
                row.try_get_by_index(2)?,
            ))
        })
        .collect()
}

/// Puts a lease on a run that nobody holds, that is kept for nobody else, and that is as it was seen (`version`); whether
/// it was.
pub async fn take(
    tx: &TenantTx,
    run: FlowRunId,
    agent: AgentId,
    lease: Lease,
    seen: (i64, DateTime<Utc>),
) -> Result<bool, StorageError> {
    let (version, now) = seen;
    let values = vec![
        tx.tenant().0.into(),
        run.0.into(),
        agent.0.into(),
        lease.token.0.into(),
        lease.expires.into(),
        now.into(),
        version.into(),
        agent.to_string().into(),
        lease.asked.map(|asked| asked.process).into(),
        lease.asked.map(|asked| asked.number).into(),
    ];
    let changed = tx
        .execute(
            "UPDATE flow_run SET agent_id = $3, lease_token = $4, lease_expires = $5, heartbeat = $6, updated = $6,
                    reserved_by = NULL, reserved_until = NULL, lease_process = $9, lease_claim = $10
              WHERE tenant_id = $1 AND id = $2 AND lease_token IS NULL AND version = $7
                AND (reserved_until IS NULL OR reserved_until <= $6 OR reserved_by = $8)",
            values,
        )
        .await?;
    Ok(changed == 1)
}

/// The runs with these ids as their agent needs them.
pub async fn claimed(tx: &TenantTx, ids: &[FlowRunId]) -> Result<Vec<ClaimedFlowRun>, StorageError> {
    let mut values = vec![Value::from(tx.tenant().0)];
    let ids = list::ids(&mut values, ids.iter().map(|id| id.0));
    let sql = format!(
        "SELECT r.id, r.flow_id, r.name, r.lease_token, r.scheduled_start_time, r.version, f.name AS flow_name,
                r.run_config, f.storage, f.core_version, r.parameters, r.labels
           FROM flow_run r JOIN flow f ON f.id = r.flow_id
          WHERE r.tenant_id = $1 AND r.id IN ({ids}) AND r.lease_token IS NOT NULL
          ORDER BY r.scheduled_start_time, r.id"
    );
    let rows = tx.query(sql, values).await?;
    rows.iter()
        .map(|row| {
            Ok(ClaimedFlowRun {
                id: FlowRunId(row.try_get("", "id")?),
                flow: FlowId(row.try_get("", "flow_id")?),
                name: row.try_get("", "name")?,
                lease_token: LeaseToken(row.try_get("", "lease_token")?),
                scheduled_start_time: row.try_get("", "scheduled_start_time")?,
                version: row.try_get("", "version")?,
                flow_name: row.try_get("", "flow_name")?,
                run_config: row.try_get("", "run_config")?,
                storage: row.try_get("", "storage")?,
                core_version: row.try_get("", "core_version")?,
                parameters: row.try_get("", "parameters")?,
                labels: row.try_get("", "labels")?,
            })
        })
        .collect()
}

/// The runs that these agents have taken and that have not begun to run, by agent; see [`submitted_by_claim`].
pub async fn submitted_by_claims(
    tx: &TenantTx,
    agents: &[AgentId],
) -> Result<HashMap<AgentId, Vec<(FlowRunId, LeaseToken)>>, StorageError> {
    let mut submitted: HashMap<_, Vec<_>> = HashMap::new();
    for piece in agents.chunks(AGENTS_AT_ONCE) {
        let mut values = vec![Value::from(tx.tenant().0)];
        let agents = list::ids(&mut values, piece.iter().map(|agent| agent.0));
        let sql = format!(
            "SELECT agent_id, id, lease_token FROM flow_run
              WHERE tenant_id = $1 AND agent_id IN ({agents}) AND lease_token IS NOT NULL AND state = 'Submitted'"
        );
        for row in tx.query(sql, values).await? {
            let taken = (FlowRunId(row.try_get_by_index(1)?), LeaseToken(row.try_get_by_index(2)?));
            submitted.entry(AgentId(row.try_get_by_index(0)?)).or_default().push(taken);
        }
    }
    Ok(submitted)
}

/// The runs that this agent has taken and that have not begun to run: what a claim yielded whose answer was lost.
pub async fn submitted_by_claim(
    tx: &TenantTx,
    agent: AgentId,
) -> Result<Vec<(FlowRunId, LeaseToken)>, StorageError> {
    let values = vec![tx.tenant().0.into(), agent.0.into()];
    let rows = tx
        .query(
            "SELECT id, lease_token FROM flow_run
              WHERE tenant_id = $1 AND agent_id = $2 AND lease_token IS NOT NULL AND state = 'Submitted'",
            values,
        )
        .await?;
    rows.iter()
        .map(|row| Ok((FlowRunId(row.try_get_by_index(0)?), LeaseToken(row.try_get_by_index(1)?))))
        .collect()
}

/// The runs that this process of an agent took by an earlier question than this one, and that have not begun to run.
pub async fn submitted_before(
    tx: &TenantTx,
    agent: AgentId,
    asked: Asked,
) -> Result<Vec<(FlowRunId, LeaseToken)>, StorageError> {
    let values = vec![tx.tenant().0.into(), agent.0.into(), asked.process.into(), asked.number.into()];
    let rows = tx
        .query(
            "SELECT id, lease_token FROM flow_run
              WHERE tenant_id = $1 AND agent_id = $2 AND lease_token IS NOT NULL AND state = 'Submitted'
                AND lease_process = $3 AND lease_claim < $4",
            values,
        )
        .await?;
    rows.iter()
        .map(|row| Ok((FlowRunId(row.try_get_by_index(0)?), LeaseToken(row.try_get_by_index(1)?))))
        .collect()
}

/// The runs with these ids, whoever holds them.
pub async fn held(tx: &TenantTx, ids: &[FlowRunId]) -> Result<Vec<HeldRun>, StorageError> {
    let mut values = vec![Value::from(tx.tenant().0)];
    let ids = list::ids(&mut values, ids.iter().map(|id| id.0));
    let sql = format!("SELECT id, state, lease_token FROM flow_run WHERE tenant_id = $1 AND id IN ({ids})");
    let rows = tx.query(sql, values).await?;
    rows.iter()
        .map(|row| {
            let state: String = row.try_get_by_index(1)?;
            Ok(HeldRun {
                id: FlowRunId(row.try_get_by_index(0)?),
                state: row::state(&state, "flow_run")?,
                lease: row.try_get_by_index::<Option<Uuid>>(2)?.map(LeaseToken),
            })
        })
        .collect()
}

/// Renews the leases with these tokens. The agent sees the process, so a renewal is a sign of life of the run, too.
pub async fn renew(
    tx: &TenantTx,
    held: &[(FlowRunId, LeaseToken)],
    expires: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), StorageError> {
    let runs: Vec<FlowRunId> = held.iter().map(|(id, _)| *id).collect();
    lock::in_order(tx, &runs).await?;
    let mut values: Vec<Value> = vec![tx.tenant().0.into(), expires.into(), now.into()];
    let ids = list::ids(&mut values, held.iter().map(|(id, _)| id.0));
    let tokens = list::ids(&mut values, held.iter().map(|(_, token)| token.0));
    let sql = format!(
        "UPDATE flow_run SET lease_expires = $2, heartbeat = $3
          WHERE tenant_id = $1 AND id IN ({ids}) AND lease_token IN ({tokens})"
    );
    tx.query(sql, values).await?;
    Ok(())
}

/// Gives leases back: the process has ended. Without a process there is no sign of life to wait for, either.
pub async fn release(tx: &TenantTx, held: &[(FlowRunId, LeaseToken)]) -> Result<(), StorageError> {
    let runs: Vec<FlowRunId> = held.iter().map(|(id, _)| *id).collect();
    lock::in_order(tx, &runs).await?;
    let mut values: Vec<Value> = vec![tx.tenant().0.into()];
    let ids = list::ids(&mut values, held.iter().map(|(id, _)| id.0));
    let tokens = list::ids(&mut values, held.iter().map(|(_, token)| token.0));
    let sql = format!(
        "UPDATE flow_run SET lease_token = NULL, lease_expires = NULL, heartbeat = NULL
          WHERE tenant_id = $1 AND id IN ({ids}) AND lease_token IN ({tokens})"
    );
    tx.query(sql, values).await?;
    Ok(())
}
