use super::{
    Proposal, Rejection, Verdict,
    cancel::{self, Cancellation},
    create::{MissingParameters, Sources, parameters},
    flow_run::{self, FlowRunNow, Sender, Unfinished},
    task_run::{self, Handing, TaskRunNow},
};
use chrono::{DateTime, Utc};
use serde_json::json;
use signalbox_schema::{AgentId, LeaseToken, State, StateType};
use uuid::Uuid;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap()
}

fn flow_run(state: StateType) -> FlowRunNow {
    FlowRunNow {
        state,
        version: 3,
        fingerprint: Some(1),
        fingerprint_at_expected: None,
        agent: None,
        lease: None,
        handed_out: 0,
        start_time: None,
        end_time: None,
        locks_versions: false,
        scheduled_start_time: now(),
        is_held: false,
    }
}

fn proposal(kind: StateType) -> Proposal {
    Proposal { state: State::new(kind, ""), version: None, fingerprint: 2 }
}

fn agent(n: u128) -> Sender {
    Sender { agent: Some(AgentId(Uuid::from_u128(n))), lease: None }
}

#[test]
fn only_a_waiting_run_can_be_submitted() {
    for state in StateType::ALL {
        let verdict = flow_run::decide(now(), &flow_run(*state), agent(1), &proposal(StateType::Submitted));
        let waiting = state.is_scheduled() || *state == StateType::Pending;
        assert_eq!(matches!(verdict, Verdict::Apply(_)), waiting, "{state}");
    }
}

#[test]
fn the_second_agent_is_told_to_skip_and_the_first_may_repeat() {
    let mut run = flow_run(StateType::Submitted);
    run.agent = agent(1).agent;
    let submit = |sender| flow_run::decide(now(), &run, sender, &proposal(StateType::Submitted));
    assert_eq!(submit(agent(1)), Verdict::Replay);
    assert_eq!(submit(agent(2)), Verdict::Refuse(Rejection::AlreadySubmitted));
    assert_eq!(submit(Sender::default()), Verdict::Refuse(Rejection::AlreadySubmitted));
    let same_bytes = Proposal { fingerprint: 1, ..proposal(StateType::Submitted) };
    assert_eq!(
        flow_run::decide(now(), &run, agent(2), &same_bytes),
        Verdict::Refuse(Rejection::AlreadySubmitted)
    );
    assert!(Rejection::AlreadySubmitted.to_string().starts_with("State update failed"));
}

#[test]
fn a_repeated_delivery_changes_nothing() {
    let run = flow_run(StateType::Running);
    let again = Proposal { fingerprint: 1, ..proposal(StateType::Running) };
    assert_eq!(flow_run::decide(now(), &run, Sender::default(), &again), Verdict::Replay);
    let mut moved_on = flow_run(StateType::Success);
    moved_on.fingerprint_at_expected = Some(2);
    let late = Proposal { version: Some(1), ..proposal(StateType::Running) };
    assert_eq!(flow_run::decide(now(), &moved_on, Sender::default(), &late), Verdict::Replay);
}

#[test]
fn a_stale_lease_writes_nothing() {
    let mut run = flow_run(StateType::Running);
    run.lease = Some(LeaseToken(Uuid::from_u128(5)));
    let with = |n: u128| Sender { agent: None, lease: Some(LeaseToken(Uuid::from_u128(n))) };
    let failed = proposal(StateType::Failed);
    assert_eq!(flow_run::decide(now(), &run, with(6), &failed), Verdict::Refuse(Rejection::LeaseLost));
    assert!(matches!(flow_run::decide(now(), &run, with(5), &failed), Verdict::Apply(_)));
}

#[test]
fn a_cancelled_run_does_not_come_back_by_running() {
    for state in [StateType::Cancelled, StateType::Cancelling] {
        assert_eq!(
            flow_run::decide(now(), &flow_run(state), Sender::default(), &proposal(StateType::Running)),
            Verdict::Refuse(Rejection::Stopped(state))
        );
        let restart =
            flow_run::decide(now(), &flow_run(state), Sender::default(), &proposal(StateType::Scheduled));
        assert!(matches!(restart, Verdict::Apply(_)));
    }
}

#[test]
fn times_and_effects_of_flow_run_states() {
    let apply = |from: &FlowRunNow, to| match flow_run::decide(now(), from, Sender::default(), &proposal(to))
    {
        Verdict::Apply(transition) => transition,
        other => panic!("{other:?}"),
    };
    let running = apply(&flow_run(StateType::Submitted), StateType::Running);
    assert_eq!((running.version, running.start_time, running.heartbeat), (4, Some(now()), true));
    let cancelled = apply(&flow_run(StateType::Running), StateType::Cancelled);
    assert!(cancelled.unfinished == Unfinished::Cancelled && cancelled.releases_lease);
    assert_eq!(cancelled.end_time, Some(now()));
}

#[test]
fn a_task_runs_only_while_its_flow_run_does() {
    let mut run = TaskRunNow {
        state: Some(StateType::Pending),
        version: 1,
        fingerprint: None,
        fingerprint_at_expected: None,
        start_time: None,
        end_time: None,
        flow_run_state: StateType::Cancelling,
        handing: Handing::default(),
        locks_versions: true,
    };
    let decide = |run: &TaskRunNow, version| {
        task_run::decide(now(), run, Sender::default(), &Proposal { version, ..proposal(StateType::Running) })
    };
    assert_eq!(decide(&run, Some(1)), Verdict::Refuse(Rejection::FlowRunNotRunning(StateType::Cancelling)));
    run.flow_run_state = StateType::Running;
    assert!(matches!(decide(&run, Some(1)), Verdict::Apply(_)));
    assert_eq!(decide(&run, Some(0)), Verdict::Refuse(Rejection::VersionLocked { expected: 0, actual: 1 }));
}

#[test]
fn cancelling() {
    assert_eq!(cancel::decide(StateType::Scheduled, false), Cancellation::AtOnce);
    assert_eq!(cancel::decide(StateType::Submitted, false), Cancellation::AtOnce);
    assert_eq!(cancel::decide(StateType::Submitted, true), Cancellation::Ask);
    assert_eq!(cancel::decide(StateType::Running, false), Cancellation::Ask);
    assert_eq!(cancel::decide(StateType::Success, true), Cancellation::Nothing);
}

#[test]
fn labels_come_from_the_first_that_names_them() {
    let config = json!({"type": "UniversalRun", "labels": ["flow"]});
    let sources = Sources { flow_run_config: Some(&config), ..Sources::default() };
    assert_eq!(sources.labels().unwrap().as_slice(), ["flow"]);
    let none: &[String] = &[];
    let sources = Sources { given_labels: Some(none), ..sources };
    assert!(sources.labels().unwrap().is_empty());
}

#[test]
fn parameters_overlay() {
    let declared = json!([
        {"name": "a", "default": 1, "required": false},
        {"name": "zero", "default": 0, "required": false},
        {"name": "must", "default": null, "required": true},
    ]);
    assert_eq!(parameters(&declared, None, None), Err(MissingParameters(vec!["must".into()])));
    let given = json!({"must": 2, "extra": 3});
    let merged = parameters(&declared, Some(&json!({"a": 9})), given.as_object()).unwrap();
    assert_eq!(serde_json::Value::from(merged), json!({"a": 9, "must": 2, "extra": 3}));
    assert_eq!(
        MissingParameters(vec!["must".into()]).to_string(),
        "Required parameters were not supplied: {'must'}"
    );
}

#[test]
fn a_stock_agent_takes_up_a_retry_only_if_it_was_handed_the_run() {
    let run = |state, handing| TaskRunNow {
        state: Some(state),
        version: 4,
        fingerprint: Some(2),
        fingerprint_at_expected: None,
        start_time: None,
        end_time: None,
        flow_run_state: StateType::Running,
        handing,
        locks_versions: false,
    };
    let to = |n: u128, handed_out| Handing {
        leased: false,
        reserved_by: Some(format!("{} 17", Uuid::from_u128(n))),
        handed_out,
    };
    let submit =
        |run: &TaskRunNow, sender| task_run::decide(now(), run, sender, &proposal(StateType::Submitted));
    let refused = Verdict::Refuse(Rejection::AlreadySubmitted);
    let waiting = StateType::Retrying;
    assert!(matches!(submit(&run(waiting, to(1, 1)), agent(1)), Verdict::Apply(_)));
    assert_eq!(submit(&run(waiting, to(1, 1)), agent(2)), refused);
    assert_eq!(submit(&run(waiting, Handing { leased: true, ..to(1, 1) }), agent(1)), refused);
    // A repetition of its own, unless another agent of its name was shown the run, too.
    assert_eq!(submit(&run(StateType::Submitted, to(1, 1)), agent(1)), Verdict::Replay);
    assert_eq!(submit(&run(StateType::Submitted, to(1, 2)), agent(1)), refused);
    assert!(matches!(submit(&run(waiting, to(1, 2)), agent(1)), Verdict::Apply(_)));
    // People and scripts name no agent.
    assert!(matches!(submit(&run(waiting, to(1, 1)), Sender::default()), Verdict::Apply(_)));
}

#[test]
fn agents_of_one_name_that_were_both_shown_a_run_are_told_apart() {
    let mut run = flow_run(StateType::Submitted);
    run.agent = agent(1).agent;
    run.handed_out = 2;
    let same = |fingerprint| Proposal { fingerprint, ..proposal(StateType::Submitted) };
    for fingerprint in [1, 2] {
        assert_eq!(
            flow_run::decide(now(), &run, agent(1), &same(fingerprint)),
            Verdict::Refuse(Rejection::AlreadySubmitted)
        );
    }
}

#[test]
fn a_late_submitted_of_another_agent_is_no_repetition() {
    // The run has begun since, and the second agent says the very bytes that the first said.
    let mut run = flow_run(StateType::Running);
    run.agent = agent(1).agent;
    run.fingerprint_at_expected = Some(2);
    let submit = |sender| flow_run::decide(now(), &run, sender, &proposal(StateType::Submitted));
    assert_eq!(submit(agent(1)), Verdict::Replay);
    assert_eq!(submit(agent(2)), Verdict::Refuse(Rejection::AlreadySubmitted));
    assert_eq!(submit(Sender::default()), Verdict::Refuse(Rejection::AlreadySubmitted));
}

#[test]
fn a_held_run_is_submitted_by_nobody() {
    let held = FlowRunNow { is_held: true, ..flow_run(StateType::Paused) };
    let verdict = flow_run::decide(now(), &held, Sender::default(), &proposal(StateType::Submitted));
    assert_eq!(verdict, Verdict::Refuse(Rejection::NotSubmittable(StateType::Paused)));
}

#[test]
fn a_lock_stops_a_process_that_says_the_same_as_another() {
    let stale = Proposal { version: Some(2), fingerprint: 1, ..proposal(StateType::Running) };
    let mut run = flow_run(StateType::Running);
    assert_eq!(flow_run::decide(now(), &run, Sender::default(), &stale), Verdict::Replay);
    run.locks_versions = true;
    let locked = Rejection::VersionLocked { expected: 2, actual: 3 };
    assert_eq!(flow_run::decide(now(), &run, Sender::default(), &stale), Verdict::Refuse(locked));
}
