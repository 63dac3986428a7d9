//! One table for each kind of condition: the facts, and the sentence.

use super::*;
use chrono::TimeDelta;
use signalbox_schema::{FlowRunId, LabelSet};
use uuid::Uuid;

fn now() -> DateTime<Utc> {
    "2026-03-01T12:30:00Z".parse().unwrap()
}

fn ago(seconds: i64) -> DateTime<Utc> {
    now() - TimeDelta::seconds(seconds)
}

fn labels(labels: &[&str]) -> LabelSet {
    LabelSet::new(labels.iter().copied()).unwrap()
}

/// A run with the labels `eu` and `gpu` that is due for a minute, and nothing else.
fn facts(state: StateType) -> Facts {
    let run = RunFacts {
        id: FlowRunId(Uuid::nil()),
        state,
        state_since: ago(300),
        message: None,
        due: Some(ago(60)),
        labels: labels(&["eu", "gpu"]),
        priority: 0,
        start_time: None,
        end_time: None,
        heartbeat: None,
        agent: None,
        lease_until: None,
        reserved: None,
        archived: false,
        auto_scheduled: false,
        schedule_active: false,
    };
    Facts {
        now: now(),
        run,
        agents: vec![],
        limits: vec![],
        held: None,
        ahead: 0,
        tasks: TaskFacts::default(),
    }
}

fn agent(name: &str, of: &[&str], seconds_ago: Option<i64>) -> AgentFacts {
    let last_queried = seconds_ago.map(ago);
    AgentFacts { id: AgentId(Uuid::nil()), name: name.into(), labels: labels(of), last_queried, runs: 0 }
}

fn limit(name: &str, slots: i64, holders: &[&str]) -> LimitFacts {
    let holder = |name: &&str| Holder { run: FlowRunId(Uuid::nil()), name: (*name).into(), since: ago(50) };
    let holders: Vec<Holder> = holders.iter().map(holder).collect();
    LimitFacts { name: name.into(), slots, taken: holders.len().try_into().unwrap(), holders }
}

#[track_caller]
fn check(facts: &Facts, condition: Condition, sentence: &str) -> Explanation {
    let explanation = explain(facts);
    assert_eq!((explanation.condition, explanation.sentence.as_str()), (condition, sentence));
    explanation
}

fn scheduled(agents: Vec<AgentFacts>) -> Facts {
    Facts { agents, ..facts(StateType::Scheduled) }
}

#[test]
fn no_agent_has_the_labels() {
    let found = check(
        &scheduled(vec![
            agent("c", &["gpu"], Some(5)),
            agent("a", &["eu"], Some(9)),
            agent("b", &["eu"], Some(9)),
        ]),
        Condition::NoAgent,
        "no agent with the labels [eu, gpu] is registered; agent 'c' lacks 'eu'",
    );
    let lacking: Vec<_> = found.lacking.iter().map(|one| (one.name.as_str(), one.labels.join(","))).collect();
    assert_eq!(lacking, [("c", "eu".into()), ("a", "gpu".into()), ("b", "gpu".into())]);
    assert_eq!(found.command.unwrap(), "signalbox agent start local --label eu --label gpu");
    check(
        &scheduled(vec![
            agent("a", &["eu"], Some(9)),
            agent("b", &["eu", "x"], Some(9)),
            agent("c", &["eu", "gpu"], None),
        ]),
        Condition::AgentsOffline,
        "no agent with the labels [eu, gpu] has ever asked for work, though 'c' is registered",
    );
    check(&scheduled(vec![]), Condition::NoAgent, "no agent with the labels [eu, gpu] is registered");
    let mut unlabelled = scheduled(vec![agent("a", &["eu"], Some(9))]);
    unlabelled.run.labels = LabelSet::default();
    let found = check(
        &unlabelled,
        Condition::NoAgent,
        "no agent without labels is registered, and agents with labels take no runs without",
    );
    assert_eq!(found.command.unwrap(), "signalbox agent start local");
    unlabelled.run.labels = labels(&["it's"]);
    assert_eq!(explain(&unlabelled).command.unwrap(), "signalbox agent start local --label 'it'\\''s'");
}

#[test]
fn agents_with_the_labels_are_gone() {
    let found = check(
        &scheduled(vec![
            agent("b", &["eu", "gpu"], Some(27 * 60)),
            agent("a", &["eu", "gpu", "x"], Some(3_600)),
        ]),
        Condition::AgentsOffline,
        "no agent with the labels [eu, gpu] asks for work: the last that did was 'b', 27 minutes ago, at 12:03:00 UTC",
    );
    assert_eq!(found.since, Some(ago(60)), "the run waits since it is due");
    assert_eq!(found.matching.len(), 2);
}

#[test]
fn a_limit_is_full() {
    let mut facts = scheduled(vec![agent("a", &["eu", "gpu"], Some(1))]);
    facts.limits = vec![limit("eu", 9, &["x"]), limit("gpu", 3, &["one", "two", "three", "four"])];
    facts.held = Some("it waits for the end of flow run 1.".into());
    check(&facts, Condition::HeldByPolicy, "it waits for the end of flow run 1");
    facts.held = None;
    let found = check(
        &facts,
        Condition::LimitReached,
        "it waits for a free slot of its label: 4 of 3 slots of 'gpu' are taken, by 'one', 'two', 'three' and 1 more",
    );
    assert_eq!(found.limits.len(), 1);
    facts.limits = vec![limit("gpu", 0, &[])];
    check(
        &facts,
        Condition::LimitReached,
        "it waits for a free slot of its label: the limit of 'gpu' is 0, which lets nothing start",
    );
    facts.limits = vec![limit("gpu", 1, &["one"])];
    facts.run.state = StateType::Queued;
    facts.run.due = Some(now() + TimeDelta::minutes(9));
    check(
        &facts,
        Condition::LimitReached,
        "its process waits for a free slot: 1 of 1 slots of 'gpu' are taken, by 'one'",
    );
}

#[test]
fn others_come_first_or_nobody_is_free() {
    let mut facts = scheduled(vec![agent("a", &["eu", "gpu"], Some(1)), agent("b", &["eu", "gpu"], Some(1))]);
    facts.ahead = 17;
    let found = check(
        &facts,
        Condition::BehindOthers,
        "17 runs that are due come before it, of higher priority or waiting longer, for agents 'a' and 'b'",
    );
    assert_eq!(found.ahead, 17);
    facts.ahead = 1;
    facts.agents.truncate(1);
    check(
        &facts,
        Condition::BehindOthers,
        "1 run that is due comes before it, of higher priority or waiting longer, for agent 'a'",
    );
    facts.ahead = 0;
    facts.agents[0].runs = 2;
    check(
        &facts,
        Condition::AgentsBusy,
        "it is due for 60 seconds, and could be taken by agent 'a', which asked for work within the last minute; \
         2 runs are under way there, and no place seems to be free",
    );
    facts.run.due = Some(ago(3));
    check(&facts, Condition::AboutToStart, "it is due, and agent 'a' may take it any moment");
    facts.run.reserved =
        Some(Reserved { agent: Some(AgentId(Uuid::nil())), until: now() + TimeDelta::seconds(9) });
    let found = check(
        &facts,
        Condition::Reserved,
        "agent 'a' was told of it, and nobody else gets it until 12:30:09 UTC",
    );
    assert_eq!(found.until, Some(now() + TimeDelta::seconds(9)));
}

#[test]
fn its_time_has_not_come() {
    let mut facts = scheduled(vec![agent("a", &["eu", "gpu"], Some(1))]);
    facts.run.due = Some(now() + TimeDelta::minutes(90));
    let found =
        check(&facts, Condition::ScheduledForLater, "it is scheduled for 14:00:00 UTC (in 90 minutes)");
    assert_eq!(found.until, facts.run.due);
    facts.run.due = Some(now() + TimeDelta::days(3));
    facts.agents.clear();
    check(
        &facts,
        Condition::ScheduledForLater,
        "it is scheduled for 2026-03-04 at 12:30:00 UTC (in 3 days); at the moment, no agent with the labels [eu, gpu] \
         is registered",
    );
    facts.run.archived = true;
    check(
        &facts,
        Condition::ScheduledForLater,
        "it is scheduled for 2026-03-04 at 12:30:00 UTC (in 3 days); its flow version was archived meanwhile",
    );
    (facts.run.archived, facts.run.auto_scheduled) = (false, true);
    check(
        &facts,
        Condition::ScheduledForLater,
        "it is scheduled for 2026-03-04 at 12:30:00 UTC (in 3 days); its flow's schedule is not active any more",
    );
}

#[test]
fn somebody_must_say_so() {
    let mut facts = facts(StateType::Paused);
    facts.run.message = Some("Paused by ada: wait for the release".into());
    facts.run.due = None;
    check(
        &facts,
        Condition::Paused,
        "it is paused since 12:25:00 UTC ('Paused by ada: wait for the release'), until somebody resumes it",
    );
    facts.run.due = Some(now() + TimeDelta::minutes(5));
    facts.run.message = None;
    check(&facts, Condition::Paused, "it is paused since 12:25:00 UTC, until 12:35:00 UTC");
    check(
        &self::facts(StateType::Pending),
        Condition::Pending,
        "it was never scheduled: it is Pending since 12:25:00 UTC, and starts when somebody sets it Scheduled",
    );
}

#[test]
fn it_is_under_way() {
    let mut facts = facts(StateType::Submitted);
    facts.run.agent = Some((AgentId(Uuid::nil()), "a".into()));
    check(&facts, Condition::Submitted, "agent 'a' took it at 12:25:00 UTC, and is starting its process");
    facts.run.lease_until = Some(ago(10));
    check(
        &facts,
        Condition::Submitted,
        "agent 'a' took it at 12:25:00 UTC, and was not heard of since before 12:29:50 UTC",
    );
    facts.run.state = StateType::Cancelling;
    check(
        &facts,
        Condition::Cancelling,
        "it was asked to stop at 12:25:00 UTC, and waits until agent 'a' ends its work",
    );
    facts.run.lease_until = None;
    check(
        &facts,
        Condition::Cancelling,
        "it was asked to stop at 12:25:00 UTC, and waits until its process notices, which looks every 15 seconds",
    );
}

#[test]
fn it_runs() {
    let mut facts = facts(StateType::Running);
    facts.run.start_time = Some(ago(3_600));
    facts.run.heartbeat = Some(ago(12));
    check(
        &facts,
        Condition::Running,
        "it runs since 11:30:00 UTC; its process was last heard of 12 seconds ago",
    );
    facts.tasks.queued = 3;
    facts.tasks.limits = vec![limit("api", 2, &["one", "one"])];
    check(
        &facts,
        Condition::TagLimitReached,
        "3 task runs wait for a free slot: 2 of 2 slots of 'api' are taken, by 'one'",
    );
    facts.run.heartbeat = Some(ago(600));
    let found = check(
        &facts,
        Condition::Silent,
        "it runs since 11:30:00 UTC, but nothing was heard of its process for 10 minutes, since 12:20:00 UTC",
    );
    assert_eq!(found.since, Some(ago(600)));
    facts.tasks.retry = Some(("load".into(), now() + TimeDelta::minutes(20)));
    let found = check(
        &facts,
        Condition::WaitingForRetry,
        "task 'load' waits for its next attempt, which is due at 12:50:00 UTC",
    );
    assert_eq!(found.until, Some(now() + TimeDelta::minutes(20)));
    facts.tasks.retry = None;
    facts.tasks.approval = Some("release".into());
    let found = check(&facts, Condition::ApprovalNeeded, "task 'release' waits for somebody's approval");
    assert_eq!(found.command.unwrap(), "signalbox approve 00000000-0000-0000-0000-000000000000");
    facts.tasks.running = 1;
    facts.run.heartbeat = Some(ago(1));
    facts.tasks.queued = 0;
    check(
        &facts,
        Condition::Running,
        "it runs since 11:30:00 UTC; its process was last heard of 1 second ago",
    );
}

#[test]
fn it_has_ended() {
    let mut facts = facts(StateType::Cancelled);
    facts.run.end_time = Some(ago(86_400));
    facts.run.message = Some("Flow 1 was archived.".into());
    let found = check(
        &facts,
        Condition::Ended,
        "it ended as Cancelled on 2026-02-28 at 12:30:00 UTC ('Flow 1 was archived.')",
    );
    assert_eq!(found.since, Some(ago(86_400)));
}

#[test]
fn every_state_is_explained() {
    for state in StateType::ALL {
        assert!(!explain(&facts(*state)).sentence.is_empty(), "{state}");
    }
}
