//! Overlap, catch-up and jitter on a real database: whatever hands runs out, at most one is active where the policy
//! says so, and what is skipped says why.

use super::world::{Flow, START, World, at, cron};
use crate::{
    agents::{self, RegisterAgent},
    background::scheduler::{Scheduler, run_once},
    flow_groups::{self, Change, SetPolicy},
    flow_runs::{self, Action, Claim, Held, SetFlowRunState},
};
use chrono::TimeDelta;
use serde_json::json;
use signalbox_core::{
    access::{Access, Reporter},
    run::flow_run::Sender,
    schedule::Overlap,
};
use signalbox_schema::{AgentId, FlowRunId, LabelSet};

/// A flow that starts every hour, an agent, and the scheduler that serves it.
struct Stage {
    world: World,
    flow: Flow,
    agent: AgentId,
    scheduler: Scheduler,
    held: Vec<Held>,
}

impl Stage {
    async fn set(overlap: Overlap, catch_up_seconds: Option<i64>) -> Self {
        let mut world = World::new().await;
        let flow = world.flow(&cron("0 * * * *")).await;
        let policy = SetPolicy { overlap, catch_up_seconds, jitter_seconds: 0 };
        flow_groups::set_policy(&world.services, &world.operator(), flow.group, policy).await.unwrap();
        let agent = RegisterAgent {
            kind: "LocalAgent".to_owned(),
            name: "a".to_owned(),
            labels: Vec::new(),
            config: None,
            core_version: None,
        };
        let agent = agents::register(&world.services, &reporter(&world), agent).await.unwrap();
        let mut stage = Self { world, flow, agent, scheduler: Scheduler::default(), held: Vec::new() };
        stage.pass().await;
        stage
    }

    async fn pass(&mut self) {
        self.scheduler.pass(&self.world.services).await.unwrap();
    }

    /// Turns the clock to the next full hour (and half a minute), when the scheduler looks.
    async fn hour(&mut self) {
        self.world.advance(TimeDelta::hours(1));
        self.pass().await;
    }

    fn question(&self, slots: u32) -> Claim {
        Claim {
            agent: self.agent,
            labels: LabelSet::default(),
            slots,
            wait: TimeDelta::zero(),
            held: self.held.clone(),
            claim_id: None,
            asked: None,
        }
    }

    /// What an agent with five free slots gets.
    async fn claim(&mut self) -> Vec<FlowRunId> {
        let claim = self.question(5);
        let claimed = flow_runs::claim(&self.world.services, &reporter(&self.world), claim).await.unwrap();
        self.held.extend(
            claimed.runs.iter().map(|run| Held { run: run.run.id, lease_token: run.run.lease_token }),
        );
        claimed.runs.iter().map(|run| run.run.id).collect()
    }

    async fn tell(&self, run: FlowRunId, state: &str) -> Result<(), String> {
        let sender = Sender { agent: Some(self.agent), lease: None };
        let state = json!({"type": state, "message": "told"});
        let command = SetFlowRunState { id: run, state, version: None, sender };
        let told = flow_runs::set_state(&self.world.services, &reporter(&self.world), command).await;
        told.map(drop).map_err(|error| error.message)
    }

    /// The states of the runs that were due, in order, each with the beginning of its message.
    async fn states(&mut self) -> Vec<(String, String)> {
        let states = self.world.due_states(self.flow).await;
        states.into_iter().map(|(state, message)| (state, message.chars().take(40).collect())).collect()
    }

    async fn names(&mut self) -> Vec<String> {
        self.states().await.into_iter().map(|(state, _)| state).collect()
    }
}

fn reporter(world: &World) -> Access<Reporter> {
    world.services.local_actor().access(None).unwrap()
}

#[tokio::test]
async fn skip_leaves_out_what_comes_due_meanwhile() {
    let mut stage = Stage::set(Overlap::Skip, None).await;
    stage.hour().await;
    let first = stage.claim().await;
    assert_eq!(first.len(), 1);
    stage.hour().await;
    assert_eq!(stage.names().await, ["Submitted", "Skipped"], "though nobody asked");
    stage.tell(first[0], "Running").await.unwrap();
    // An agent is there at the very moment.
    stage.world.advance(TimeDelta::hours(1));
    assert_eq!(stage.claim().await, []);
    assert_eq!(stage.names().await, ["Running", "Skipped", "Skipped"]);
    stage.tell(first[0], "Success").await.unwrap();
    stage.hour().await;
    assert_eq!(stage.claim().await.len(), 1);
    let states = stage.states().await;
    assert_eq!(states[1].1, format!("Skipped: flow run {}", first[0]).chars().take(40).collect::<String>());
    assert_eq!(stage.world.task_states(stage.flow, "Skipped").await, ["Skipped"], "task runs end with it");
}

#[tokio::test]
async fn a_backlog_is_not_a_flood() {
    let mut stage = Stage::set(Overlap::Skip, None).await;
    stage.world.advance(TimeDelta::hours(4));
    // All four were due when the agent came back: the longest waiting starts, the others overlap with it.
    assert_eq!(stage.claim().await.len(), 1);
    assert_eq!(stage.names().await, ["Submitted", "Skipped", "Skipped", "Skipped"]);
    let mut stage = Stage::set(Overlap::Allow, None).await;
    stage.world.advance(TimeDelta::hours(4));
    assert_eq!(stage.claim().await.len(), 4, "as Prefect does it");
}

#[tokio::test]
async fn one_queues_and_the_others_are_skipped() {
    let mut stage = Stage::set(Overlap::QueueOne, None).await;
    stage.hour().await;
    let first = stage.claim().await;
    stage.hour().await;
    assert_eq!(stage.claim().await, []);
    stage.hour().await;
    assert_eq!(stage.names().await, ["Submitted", "Scheduled", "Skipped"]);
    assert_eq!(stage.claim().await, []);
    stage.tell(first[0], "Success").await.unwrap();
    let second = stage.claim().await;
    assert_eq!(second.len(), 1);
    assert_eq!(stage.names().await, ["Success", "Submitted", "Skipped"]);
}

#[tokio::test]
async fn the_others_are_cancelled_and_the_newest_starts() {
    let mut stage = Stage::set(Overlap::CancelOther, None).await;
    stage.hour().await;
    let first = stage.claim().await;
    stage.tell(first[0], "Running").await.unwrap();
    stage.world.advance(TimeDelta::hours(1));
    assert_eq!(stage.claim().await, [], "not before the other has ended");
    assert_eq!(stage.names().await, ["Cancelling", "Scheduled"]);
    let question = stage.question(0);
    let told = flow_runs::claim(&stage.world.services, &reporter(&stage.world), question).await.unwrap();
    assert!(
        matches!(&told.directives[..], [order] if order.run == first[0] && order.action == Action::Cancel)
    );
    stage.hour().await;
    assert_eq!(stage.names().await, ["Cancelling", "Skipped", "Scheduled"], "a later one takes its place");
    stage.tell(first[0], "Cancelled").await.unwrap();
    assert_eq!(stage.claim().await.len(), 1);
    assert_eq!(stage.names().await, ["Cancelled", "Skipped", "Submitted"]);
}

#[tokio::test]
async fn what_is_too_late_is_skipped_when_it_could_start() {
    let mut stage = Stage::set(Overlap::Allow, Some(3600)).await;
    stage.world.advance(TimeDelta::hours(5));
    assert_eq!(stage.claim().await.len(), 1);
    assert_eq!(stage.names().await, ["Skipped", "Skipped", "Skipped", "Skipped", "Submitted"]);
    let states = stage.states().await;
    assert_eq!(states[0].1, "Skipped: 14430 s late, and the flow's ca");
    // A run that has been something before is no slot any more.
    let run = stage.held[0].run;
    stage.tell(run, "Scheduled").await.unwrap();
    stage.held.clear();
    stage.world.advance(TimeDelta::hours(3));
    assert!(stage.claim().await.contains(&run));
}

#[tokio::test]
async fn agents_that_ask_at_once_start_one() {
    let mut stage = Stage::set(Overlap::QueueOne, None).await;
    stage.world.advance(TimeDelta::hours(4));
    let access = reporter(&stage.world);
    let ask = || flow_runs::claim(&stage.world.services, &access, stage.question(5));
    let (a, b, c) = tokio::join!(ask(), ask(), ask());
    let taken: usize = [a, b, c].into_iter().map(|claimed| claimed.unwrap().runs.len()).sum();
    assert_eq!(taken, 1);
    assert_eq!(stage.names().await, ["Submitted", "Scheduled", "Skipped", "Skipped"]);
}

#[tokio::test]
async fn a_stock_agent_is_refused_what_may_not_start() {
    let mut stage = Stage::set(Overlap::QueueOne, None).await;
    let access = reporter(&stage.world);
    let hand_out = |stage: &Stage| {
        let ahead = stage.world.services.clock().now() + TimeDelta::seconds(10);
        let command =
            flow_runs::HandOut { labels: LabelSet::default(), before: Some(ahead), agent: Some(stage.agent) };
        let services = stage.world.services.clone();
        async move { flow_runs::hand_out(&services, &access, command).await.unwrap() }
    };
    // Handed out ten seconds ahead, before anything is active.
    stage.world.advance(TimeDelta::minutes(119) + TimeDelta::seconds(25));
    let runs = hand_out(&stage).await;
    assert_eq!(runs.len(), 2);
    stage.world.advance(TimeDelta::seconds(5));
    stage.tell(runs[0], "Submitted").await.unwrap();
    let refusal = stage.tell(runs[1], "Submitted").await.unwrap_err();
    assert!(refusal.starts_with("State update failed") && refusal.contains("waits for the end"), "{refusal}");
    assert_eq!(stage.names().await, ["Submitted", "Scheduled"]);
    // What was shown is kept for the first question for a while.
    stage.world.advance(TimeDelta::seconds(30));
    assert_eq!(hand_out(&stage).await, [], "not offered again while it waits");
    stage.tell(runs[0], "Success").await.unwrap();
    // What was handed out is kept for that answer for a while; the agent's next poll is another.
    stage.world.advance(TimeDelta::seconds(30));
    assert_eq!(hand_out(&stage).await, [runs[1]]);
    stage.tell(runs[1], "Submitted").await.unwrap();
}

#[tokio::test]
async fn lateness_is_noted_with_the_first_start() {
    let mut stage = Stage::set(Overlap::Allow, None).await;
    stage.hour().await;
    let run = stage.claim().await[0];
    stage.world.advance(TimeDelta::milliseconds(1500));
    stage.tell(run, "Running").await.unwrap();
    assert_eq!(
        stage.world.value("SELECT lateness_ms FROM flow_run WHERE lateness_ms IS NOT NULL").await,
        "31500"
    );
    stage.world.advance(TimeDelta::hours(1));
    stage.tell(run, "Scheduled").await.unwrap();
    stage.tell(run, "Running").await.unwrap();
    assert_eq!(
        stage.world.value("SELECT lateness_ms FROM flow_run WHERE lateness_ms IS NOT NULL").await,
        "31500"
    );
}

#[tokio::test]
async fn slots_of_an_outage_are_made_up_for_within_the_window() {
    let mut stage = Stage::set(Overlap::Allow, Some(3 * 3600)).await;
    stage.world.advance(TimeDelta::days(3));
    stage.pass().await;
    let starts = stage.world.starts(stage.flow).await;
    let late: Vec<_> = starts.iter().filter(|start| **start > at("2026-06-02T00:00:00Z")).take(4).collect();
    assert_eq!(*late[0], at("2026-06-03T22:00:00Z"));
    let planned = stage.world.value("SELECT count(*) FROM flow_run").await;
    assert_eq!(planned, (10 + 3 + 10).to_string(), "planned before, made up for, ahead");
    assert_eq!(run_once(&stage.world.services).await.unwrap().created, 0, "once");
    assert_eq!(stage.claim().await.len(), 3);
}

#[tokio::test]
async fn jitter_moves_the_start_and_keeps_the_slot() {
    let mut stage = Stage::set(Overlap::Allow, None).await;
    let policy = SetPolicy { overlap: Overlap::Allow, catch_up_seconds: None, jitter_seconds: 600 };
    let operator = stage.world.operator();
    flow_groups::set_policy(&stage.world.services, &operator, stage.flow.group, policy).await.unwrap();
    // As text, both databases write an instant in a form that begins with date and hour.
    let moved = "SELECT count(*) FROM flow_run WHERE scheduled_start_time > slot_time
                    AND substr(CAST(scheduled_start_time AS TEXT), 1, 14) = substr(CAST(slot_time AS TEXT), 1, 14)
                    AND substr(CAST(scheduled_start_time AS TEXT), 15, 2) < '11'
                    AND state_start_time = scheduled_start_time";
    let nominal = "SELECT count(*) FROM flow_run WHERE CAST(slot_time AS TEXT) LIKE '%:00:00+00%'";
    assert_eq!(stage.world.value(nominal).await, "10");
    assert_eq!(stage.world.value(moved).await, "10");
    stage.world.advance(TimeDelta::minutes(59) + TimeDelta::seconds(31));
    assert_eq!(stage.claim().await, [], "the slot alone does not start it");
    stage.world.advance(TimeDelta::minutes(10));
    assert_eq!(stage.claim().await.len(), 1);
}

#[tokio::test]
async fn what_the_group_gives_replaces_what_was_planned() {
    let mut stage = Stage::set(Overlap::Allow, None).await;
    assert_eq!(at(START), at("2026-06-01T00:00:30Z"));
    stage.world.advance(TimeDelta::hours(1));
    let operator = stage.world.operator();
    for change in [
        Change::DefaultParameters(Some(json!({"size": 2}))),
        Change::Labels(Some(vec!["big".to_owned()])),
        Change::RunConfig(Some(json!({"type": "UniversalRun", "labels": ["other"]}))),
        Change::Description(Some("hourly".to_owned())),
    ] {
        flow_groups::update(&stage.world.services, &operator, stage.flow.group, change).await.unwrap();
    }
    let runs = stage.world.runs(stage.flow).await;
    assert_eq!(runs.len(), 11);
    assert_eq!(runs[0].parameters, json!({}), "one that is due keeps what it has");
    for run in &runs[1..] {
        assert_eq!((&run.parameters, &run.labels), (&json!({"size": 2}), &json!(["big"])));
    }
}
