//! The stage of these tests: one flow, its runs, and the watch over them.

use crate::world::World;
use serde_json::{Value, json};
use signalbox_services::background::lost_runs::{LostRuns, Report};

/// A world with one flow, and the watch over its runs.
pub(super) struct Watch {
    pub(super) world: World,
    pub(super) flow: String,
    pub(super) group: String,
    pub(super) lost: LostRuns,
}

/// A run of one of our agents.
pub(super) struct Held {
    pub(super) run: String,
    pub(super) token: String,
    pub(super) agent: String,
}

pub(super) const NOTHING: Report =
    Report { rescheduled: 0, failed: 0, cancelled: 0, loosened: 0, waiting: 0 };
pub(super) const RESCHEDULED: Report = Report { rescheduled: 1, ..NOTHING };
pub(super) const FAILED: Report = Report { failed: 1, ..NOTHING };

impl Watch {
    /// Listening for long enough for silence to count.
    pub(super) async fn new() -> Self {
        let world = World::new().await;
        let flow = world.flow().await;
        let query = format!("{{ flow_by_pk(id: \"{flow}\") {{ flow_group_id }} }}");
        let group = world.query(&query).await["flow_by_pk"]["flow_group_id"].as_str().unwrap().to_owned();
        let mut watch = Self { world, flow, group, lost: LostRuns::default() };
        assert_eq!(watch.after(0).await, NOTHING);
        watch
    }

    /// Lets time pass, and looks every few seconds as the server does. What all looks found together.
    pub(super) async fn after(&mut self, seconds: i64) -> Report {
        let mut total = NOTHING;
        let mut left = seconds;
        loop {
            let step = left.min(5);
            self.world.wait(step);
            left -= step;
            let report = self.lost.pass(self.world.services()).await.unwrap();
            total.rescheduled += report.rescheduled;
            total.failed += report.failed;
            total.cancelled += report.cancelled;
            total.loosened += report.loosened;
            total.waiting += report.waiting;
            if left == 0 {
                return total;
            }
        }
    }

    pub(super) async fn create(&self) -> String {
        self.world.id("create_flow_run", json!({"flow_id": self.flow})).await
    }

    /// A run that an agent of ours has, and whose process has begun to run.
    pub(super) async fn ours(&self) -> Held {
        let run = self.create().await;
        let agent = json!({"type": "LocalAgent", "name": "signalman", "labels": []});
        let agent = self.world.id("register_agent", agent).await;
        let claim = json!({"agent_id": agent, "labels": [], "slots": 1, "wait_ms": 0, "held": []});
        let answer = self.world.mutate("claim_flow_runs", "runs { flow_run_id lease_token }", claim).await;
        assert_eq!(answer["runs"][0]["flow_run_id"], json!(run));
        let token = answer["runs"][0]["lease_token"].as_str().unwrap().to_owned();
        self.set(&run, json!({"type": "Running"})).await;
        Held { run, token, agent }
    }

    /// A run of a stock agent that runs.
    pub(super) async fn stock(&self) -> String {
        let run = self.create().await;
        self.set(&run, json!({"type": "Running"})).await;
        run
    }

    pub(super) async fn set(&self, run: &str, state: Value) {
        let input = json!({"states": [{"flow_run_id": run, "version": null, "state": state}]});
        self.world.mutate("set_flow_run_states", "states { id }", input).await;
    }

    pub(super) async fn set_task(&self, task_run: &str, state: Value) {
        let input = json!({"states": [{"task_run_id": task_run, "version": null, "state": state}]});
        self.world.mutate("set_task_run_states", "states { id }", input).await;
    }

    pub(super) async fn task_runs(&self, run: &str) -> Vec<String> {
        let query = format!(
            "{{ task_run(where: {{flow_run_id: {{_eq: \"{run}\"}}}}, order_by: {{task: {{slug: asc}}}}) {{ id }} }}"
        );
        let rows = self.world.query(&query).await;
        rows["task_run"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["id"].as_str().unwrap().to_owned())
            .collect()
    }

    pub(super) async fn polls(&self, held: &Held) -> Value {
        let input = json!({"agent_id": held.agent, "labels": [], "slots": 0, "wait_ms": 0,
                           "held": [{"flow_run_id": held.run, "lease_token": held.token}]});
        self.world.mutate("claim_flow_runs", "directives { action reason }", input).await["directives"].take()
    }

    pub(super) async fn beats(&self, run: &str) {
        self.world.success("update_flow_run_heartbeat", json!({"flow_run_id": run})).await;
    }

    pub(super) async fn policy(&self, policy: Value) {
        let mut input = policy;
        input["flow_group_id"] = json!(self.group);
        self.world.success("set_flow_group_lost_policy", input).await;
    }

    pub(super) async fn read(&self, run: &str) -> Value {
        let query = format!(
            "{{ flow_run_by_pk(id: \"{run}\") {{ state state_message times_resurrected state_start_time
                states(order_by: {{version: asc}}) {{ state }}
                task_runs(order_by: {{task: {{slug: asc}}}}) {{ state state_message state_start_time serialized_state }}
                logs(order_by: {{timestamp: asc}}) {{ level name message info }} }} }}"
        );
        self.world.query(&query).await["flow_run_by_pk"].take()
    }

    pub(super) async fn state(&self, run: &str) -> String {
        self.read(run).await["state"].as_str().unwrap().to_owned()
    }
}

pub(super) fn history(run: &Value) -> Vec<&str> {
    run["states"].as_array().unwrap().iter().map(|state| state["state"].as_str().unwrap()).collect()
}
