//! Services on a database of their own, with flows written as rows: what makes flows is not under test here.

use crate::{Parts, Services};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};
use signalbox_backing::{Backing, Database};
use signalbox_bus::MemoryBus;
use signalbox_core::{
    access::{Access, Operator},
    clock::{Clock, ManualClock},
    ids::CountedIds,
};
use signalbox_schema::{FlowGroupId, FlowId};
use signalbox_storage::Store;
use std::sync::Arc;
use uuid::Uuid;

pub struct World {
    _backing: Backing,
    pub services: Services,
    pub clock: ManualClock,
    db: Database,
    rows: u128,
}

#[derive(Debug, Clone, Copy)]
pub struct Flow {
    pub id: FlowId,
    pub group: FlowGroupId,
}

/// A planned run, as the database has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    pub start: DateTime<Utc>,
    pub state: String,
    pub parameters: Value,
    pub labels: Value,
}

/// A Monday, half a minute past midnight.
pub const START: &str = "2026-06-01T00:00:30Z";

pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub fn cron(expression: &str) -> Value {
    schedule(&[clock(expression, &json!({}), &Value::Null)])
}

pub fn clock(expression: &str, parameters: &Value, labels: &Value) -> Value {
    json!({"type": "CronClock", "start_date": null, "end_date": null, "cron": expression, "day_or": true,
           "parameter_defaults": parameters, "labels": labels})
}

pub fn schedule(clocks: &[Value]) -> Value {
    json!({"clocks": clocks, "filters": [], "or_filters": [], "not_filters": [], "adjustments": []})
}

impl World {
    pub async fn new() -> Self {
        let backing = Backing::new();
        let clock = ManualClock::new(at(START));
        let services = Services::start(Parts {
            store: Store::open(&backing.database_url()).await.unwrap(),
            bus: Arc::new(MemoryBus::default()),
            clock: Arc::new(clock.clone()),
            ids: Arc::new(CountedIds::default()),
        })
        .await
        .unwrap();
        let db = backing.database().await;
        Self { _backing: backing, services, clock, db, rows: 1 << 80 }
    }

    pub fn operator(&self) -> Access<Operator> {
        self.services.local_actor().access(None).unwrap()
    }

    pub fn advance(&self, by: TimeDelta) {
        self.clock.advance(by);
    }

    /// Adds a flow with one task, in a group and a project of its own; its schedule is active.
    pub async fn flow(&mut self, schedule: &Value) -> Flow {
        let [project, group, flow, task] = [(); 4].map(|()| {
            self.rows += 1;
            Uuid::from_u128(self.rows)
        });
        let name = flow.to_string();
        self.execute(
            "INSERT INTO project (id, created, updated, tenant_id, name) VALUES (?3, ?1, ?1, ?2, ?4)",
            vec![project.into(), name.clone().into()],
        )
        .await;
        self.execute(
            "INSERT INTO flow_group (id, created, updated, tenant_id, name, settings, default_parameters)
             VALUES (?3, ?1, ?1, ?2, ?4, '{}', '{}')",
            vec![group.into(), name.clone().into()],
        )
        .await;
        self.execute(
            "INSERT INTO flow (id, created, updated, tenant_id, project_id, flow_group_id, version_group_id, version,
                name, parameters, settings, schedule, archived, is_schedule_active)
             VALUES (?3, ?1, ?1, ?2, ?4, ?5, ?6, 1, 'f', '[]', '{}', ?7, false, true)",
            vec![flow.into(), project.into(), group.into(), name.into(), schedule.to_string().into()],
        )
        .await;
        self.execute(
            "INSERT INTO task (id, created, updated, tenant_id, flow_id, slug, mapped, auto_generated, is_root_task,
                is_terminal_task, is_reference_task, tags) VALUES (?3, ?1, ?1, ?2, ?4, 't-1', false, false, true, true, true, '[]')",
            vec![task.into(), flow.into()],
        )
        .await;
        Flow { id: FlowId(flow), group: FlowGroupId(group) }
    }

    /// Changes a flow: `assignment` is SQL.
    pub async fn change_flow(&mut self, flow: Flow, assignment: &'static str) {
        let sql = format!("UPDATE flow SET updated = ?1, {assignment} WHERE tenant_id = ?2 AND id = ?3");
        self.execute(&sql, vec![flow.id.0.into()]).await;
    }

    /// Gives a flow's group a schedule and deletes the runs of the one before, as the mutation does.
    pub async fn set_group_schedule(&mut self, flow: Flow, schedule: &Value) {
        self.execute(
            "UPDATE flow_group SET updated = ?1, schedule = ?4 WHERE tenant_id = ?2 AND id = ?3",
            vec![flow.group.0.into(), schedule.to_string().into()],
        )
        .await;
        self.execute(
            "DELETE FROM flow_run WHERE tenant_id = ?2 AND flow_id = ?3 AND auto_scheduled
                AND state = 'Scheduled'",
            vec![flow.id.0.into()],
        )
        .await;
    }

    /// Sets the state of the run that starts then.
    pub async fn set_state(&mut self, flow: Flow, start: DateTime<Utc>, state: &str) {
        self.execute(
            "UPDATE flow_run SET updated = ?1, state = ?5
              WHERE tenant_id = ?2 AND flow_id = ?3 AND scheduled_start_time = ?4",
            vec![flow.id.0.into(), text(start).into(), state.to_owned().into()],
        )
        .await;
    }

    /// Removes the run that starts then.
    pub async fn delete_run(&mut self, flow: Flow, start: DateTime<Utc>) {
        self.execute(
            "DELETE FROM flow_run
              WHERE tenant_id = ?2 AND flow_id = ?3 AND scheduled_start_time = ?4",
            vec![flow.id.0.into(), text(start).into()],
        )
        .await;
    }

    /// The runs that the schedule of a flow made, each with its one task run and its first state.
    pub async fn runs(&mut self, flow: Flow) -> Vec<Run> {
        let sql = format!(
            "SELECT r.scheduled_start_time, r.state, r.parameters, r.labels FROM flow_run r
               JOIN task_run t ON t.flow_run_id = r.id JOIN flow_run_state s ON s.flow_run_id = r.id
              WHERE r.flow_id = {} AND r.auto_scheduled",
            literal(&flow.id.0.into())
        );
        let rows = self.db.rows(&sql).await;
        let json = |text: &str| serde_json::from_str(text).unwrap();
        let mut runs: Vec<Run> = rows
            .iter()
            .map(|row| Run {
                start: instant(&row[0]),
                state: row[1].clone(),
                parameters: json(&row[2]),
                labels: json(&row[3]),
            })
            .collect();
        runs.sort_by_key(|run| (run.start, run.parameters.to_string()));
        runs
    }

    /// State and message of the planned runs that have been due, in order.
    pub async fn due_states(&mut self, flow: Flow) -> Vec<(String, String)> {
        let sql = format!(
            "SELECT state, coalesce(state_message, '') FROM flow_run
              WHERE flow_id = {} AND auto_scheduled AND scheduled_start_time <= {} ORDER BY scheduled_start_time",
            literal(&flow.id.0.into()),
            literal(&text(self.clock.now()).into())
        );
        let rows = self.db.rows(&sql).await;
        rows.into_iter().map(|row| (row[0].clone(), row[1].clone())).collect()
    }

    /// The different states of the task runs of a flow's runs that are in this state.
    pub async fn task_states(&mut self, flow: Flow, state: &str) -> Vec<String> {
        let sql = format!(
            "SELECT DISTINCT t.state FROM flow_run r JOIN task_run t ON t.flow_run_id = r.id
              WHERE r.flow_id = {} AND r.state = {}",
            literal(&flow.id.0.into()),
            literal(&state.to_owned().into())
        );
        self.db.column(&sql).await
    }

    /// The one value that a query yields, as text.
    pub async fn value(&mut self, sql: &'static str) -> String {
        self.db.column(sql).await.remove(0)
    }

    /// When the runs of a flow start.
    pub async fn starts(&mut self, flow: Flow) -> Vec<DateTime<Utc>> {
        self.runs(flow).await.into_iter().map(|run| run.start).collect()
    }

    /// Runs a statement: `?1` is the present instant, `?2` the tenant, then come `values`.
    async fn execute(&mut self, sql: &str, values: Vec<Cell>) {
        let mut own = sql.to_owned();
        let first = [text(self.clock.now()).into(), self.services.default_tenant().0.into()];
        for (index, value) in first.into_iter().chain(values).enumerate() {
            own = own.replace(&format!("?{}", index + 1), &literal(&value));
        }
        self.db.execute(&own).await;
    }
}

/// The value as it is written in a statement.
fn literal(value: &Cell) -> String {
    match value {
        Cell::Id(id) => format!("X'{}'", id.simple()),
        Cell::Text(text) => format!("'{}'", text.replace('\'', "''")),
    }
}

/// An instant as either database writes it.
fn instant(text: &str) -> DateTime<Utc> {
    // PostgreSQL leaves out the T and the minutes of the offset.
    let text = text.replacen(' ', "T", 1);
    let whole = if text.ends_with("+00") { format!("{text}:00") } else { text };
    at(&whole)
}

enum Cell {
    Id(Uuid),
    Text(String),
}

impl From<Uuid> for Cell {
    fn from(id: Uuid) -> Self {
        Self::Id(id)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

fn text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, false)
}
