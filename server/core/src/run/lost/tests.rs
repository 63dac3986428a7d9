//! The table of who is lost, and of what follows.

use super::*;
use crate::lease::Intervals;
use chrono::TimeDelta;
use serde_json::{Value, json};
use signalbox_schema::state::parse_time;

fn now() -> DateTime<Utc> {
    parse_time("2026-06-01T12:00:00Z").unwrap()
}

fn ago(seconds: i64) -> DateTime<Utc> {
    now() - TimeDelta::seconds(seconds)
}

fn rules(settings: &Value) -> Rules {
    Rules::of(settings, &Intervals::default())
}

/// A run of ours whose agent and process were last heard of so many seconds ago.
fn ours(state: StateType, silent: i64) -> Watched {
    Watched {
        state,
        state_since: ago(10_000),
        heartbeat: Some(ago(silent)),
        lease_expires: Some(ago(silent - 45)),
        agent: Some(AgentSeen { name: "a".into(), last_seen: Some(ago(silent)) }),
        works: false,
        waits: false,
        reschedules: 0,
    }
}

/// The same of a stock agent.
fn stock(state: StateType, silent: i64) -> Watched {
    Watched { lease_expires: None, ..ours(state, silent) }
}

fn remedy(run: &Watched, settings: &Value) -> Option<Remedy> {
    judge(now(), ago(100_000), run, &rules(settings)).map(|finding| finding.remedy)
}

use Remedy::{Cancel, EndTasks, Fail, Release, Reschedule, Wait};
use StateType::{Cancelling, Running, Submitted};

#[test]
fn a_run_of_ours_is_lost_when_agent_and_process_are_silent() {
    let works = |run: Watched| Watched { works: true, ..run };
    let waits = |run: Watched| Watched { waits: true, ..run };
    let policy = |action: &str| json!({"lost_policy": {"action": action}});
    for (what, run, settings, expected) in [
        ("alive", ours(Running, 20), json!({}), None),
        ("just inside its patience", ours(Running, 45), json!({}), None),
        ("lost", ours(Running, 46), json!({}), Some(Reschedule)),
        ("lost at work", works(ours(Running, 46)), json!({}), Some(Reschedule)),
        ("lost before it ran", ours(Submitted, 46), json!({}), Some(Reschedule)),
        ("cancelling", ours(Cancelling, 46), json!({}), Some(Cancel)),
        ("waiting for a retry", waits(ours(Running, 46)), json!({}), Some(Release)),
        ("waiting and at work", waits(works(ours(Running, 46))), json!({}), Some(Reschedule)),
        ("wait", ours(Running, 46), policy("wait"), Some(Wait)),
        ("fail", ours(Running, 46), policy("fail"), Some(Fail)),
        ("fail, waiting for a retry", waits(ours(Running, 46)), policy("fail"), Some(Fail)),
        ("cancelled whatever the policy", ours(Cancelling, 46), policy("wait"), Some(Cancel)),
        ("a policy nobody knows", ours(Running, 46), policy("pray"), Some(Reschedule)),
        ("too often", Watched { reschedules: 3, ..ours(Running, 46) }, json!({}), Some(Fail)),
        (
            "never again",
            ours(Running, 46),
            json!({"lost_policy": {"action": "reschedule", "reschedules": 0}}),
            Some(Fail),
        ),
        ("more patience", ours(Running, 500), json!({"lost_policy": {"silent_seconds": 600}}), None),
        (
            "without heartbeats, the agent may come back",
            ours(Running, 119),
            json!({"heartbeat_enabled": false}),
            None,
        ),
        ("without heartbeats", ours(Running, 121), json!({"heartbeat_enabled": false}), Some(Reschedule)),
        (
            "Lazarus is about stock agents",
            ours(Running, 46),
            json!({"lazarus_enabled": false}),
            Some(Reschedule),
        ),
        ("finished meanwhile", ours(StateType::Success, 500), json!({}), None),
    ] {
        assert_eq!(remedy(&run, &settings), expected, "{what}");
    }
}

#[test]
fn one_living_signal_is_enough() {
    // The agent renews: whatever the heartbeat says, the process was seen.
    let renewed = Watched { lease_expires: Some(now() + TimeDelta::seconds(1)), ..ours(Running, 5_000) };
    assert_eq!(remedy(&renewed, &json!({})), None);
    // The agent is gone, the process beats on.
    let orphan = Watched { heartbeat: Some(ago(30)), ..ours(Running, 500) };
    assert_eq!(remedy(&orphan, &json!({})), None);
}

#[test]
fn a_run_of_a_stock_agent_follows_prefect() {
    let works = |run: Watched| Watched { works: true, ..run };
    let waits = |run: Watched| Watched { waits: true, ..run };
    let off = |switch: &str| json!({switch: false});
    let policy = |action: &str| json!({"lost_policy": {"action": action}});
    for (what, run, settings, expected) in [
        ("alive", stock(Running, 120), json!({}), None),
        ("a zombie", works(stock(Running, 121)), json!({}), Some(EndTasks)),
        ("for Lazarus", stock(Running, 121), json!({}), Some(Reschedule)),
        ("images may still be pulled", stock(Submitted, 600), json!({}), None),
        ("never started", stock(Submitted, 601), json!({}), Some(Reschedule)),
        ("left for a retry", waits(stock(Running, 100_000)), json!({}), None),
        ("one retries, one was at work", waits(works(stock(Running, 121))), json!({}), Some(EndTasks)),
        ("cancelling", stock(Cancelling, 121), json!({}), Some(Fail)),
        ("heartbeats off", works(stock(Running, 100_000)), off("heartbeat_enabled"), None),
        ("heartbeats off, cancelling", stock(Cancelling, 100_000), off("heartbeat_enabled"), None),
        ("no zombie killer", works(stock(Running, 100_000)), off("zombie_killer_enabled"), None),
        ("no zombie killer, cancelling", stock(Cancelling, 100_000), off("zombie_killer_enabled"), None),
        ("no Lazarus", stock(Running, 121), off("lazarus_enabled"), Some(Fail)),
        (
            "neither",
            stock(Running, 121),
            json!({"lazarus_enabled": false, "zombie_killer_enabled": false}),
            None,
        ),
        ("three times is enough", Watched { reschedules: 3, ..stock(Running, 121) }, json!({}), Some(Fail)),
        ("wait", works(stock(Running, 121)), policy("wait"), Some(Wait)),
        ("fail", works(stock(Running, 121)), policy("fail"), Some(Fail)),
        ("reschedule", works(stock(Running, 121)), policy("reschedule"), Some(Reschedule)),
        ("never heard of", Watched { heartbeat: None, ..stock(Running, 0) }, json!({}), Some(Reschedule)),
    ] {
        assert_eq!(remedy(&run, &settings), expected, "{what}");
    }
}

#[test]
fn silence_counts_from_when_the_installation_could_be_reached() {
    for run in [ours(Running, 50_000), stock(Running, 50_000), stock(Submitted, 50_000)] {
        let patience = match (run.lease_expires, run.state) {
            (Some(_), _) => 45,
            (None, Submitted) => 600,
            (None, _) => 120,
        };
        let judge = |since| judge(now(), ago(since), &run, &rules(&json!({})));
        assert_eq!(judge(patience), None, "{run:?}");
        assert!(judge(patience + 1).is_some(), "{run:?}");
    }
}

#[test]
fn the_end_of_a_process_is_the_end_of_the_run_unless_the_group_says_otherwise() {
    let what = || "the flow-run process was killed by signal SIGKILL (9)".to_owned();
    let remedy = |state, settings: &Value| {
        exited(&ours(state, 0), &rules(settings), what()).map(|finding| finding.remedy)
    };
    let again = json!({"lost_policy": {"action": "reschedule"}});
    assert_eq!(remedy(Running, &json!({})), Some(Fail));
    assert_eq!(remedy(Submitted, &json!({})), Some(Fail));
    assert_eq!(remedy(Running, &again), Some(Reschedule));
    assert_eq!(remedy(Running, &json!({"lost_policy": {"action": "wait"}})), Some(Fail));
    assert_eq!(remedy(Cancelling, &again), Some(Cancel));
    for state in StateType::ALL.iter().filter(|state| state.is_finished() || state.is_scheduled()) {
        assert_eq!(remedy(*state, &again), None, "{state}");
    }
}

#[test]
fn messages_name_the_cause_and_begin_as_prefects_do() {
    let message = |run: &Watched, settings: &Value| {
        judge(now(), ago(100_000), run, &rules(settings)).unwrap().message()
    };
    assert_eq!(
        message(&ours(Running, 60), &json!({})),
        "Lost and rescheduled (attempt 1 of 3): agent 'a' was last heard of at 2026-06-01T11:59:00Z, and the run at \
         2026-06-01T11:59:00Z."
    );
    let calls =
        Watched { agent: Some(AgentSeen { name: "a".into(), last_seen: Some(ago(5)) }), ..ours(Running, 60) };
    assert!(message(&calls, &json!({})).contains("gave the run up without a word"));
    let removed = Watched { agent: None, ..ours(Running, 60) };
    assert!(message(&removed, &json!({})).contains("its agent was removed"));
    assert_eq!(
        message(&stock(Running, 300), &json!({})),
        "Rescheduled by a Lazarus process. This is attempt 1 of 3: the last heartbeat came at 2026-06-01T11:55:00Z \
         (agent 'a')."
    );
    let third = Watched { reschedules: 3, ..stock(Running, 300) };
    assert!(
        message(&third, &json!({})).starts_with("A Lazarus process attempted to reschedule this run 3 times")
    );
    assert!(
        message(&stock(Cancelling, 300), &json!({}))
            .starts_with("No heartbeat detected from the flow run; marking the run as failed.")
    );
    assert!(message(&stock(Submitted, 700), &json!({})).contains("and never ran"));
    let finding = exited(&ours(Running, 0), &rules(&json!({})), "the process was killed".into()).unwrap();
    assert_eq!(
        (finding.message().as_str(), finding.cause.code()),
        ("the process was killed", "process_ended")
    );
}
