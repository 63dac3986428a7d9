//! Tables of pausing, resuming and restarting.

use super::{
    pause::{self, Pausing},
    restart::{self, Edge, Ended, TaskRun},
    resume::{self, Paused, Resuming},
};
use chrono::{DateTime, TimeDelta, Utc};
use signalbox_schema::{
    StateType::{self, *},
    TaskId, TaskRunId,
};
use uuid::Uuid;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

#[test]
fn what_can_be_paused() {
    for state in StateType::ALL {
        let expected = match state {
            Paused => Ok(Pausing::Nothing),
            Pending | Scheduled | Resume | Retrying | Queued => Ok(Pausing::Hold),
            Running => Ok(Pausing::HoldTasks),
            Submitted | ClientFailed => Err(pause::NotPausable::Starting(*state)),
            ended => Err(pause::NotPausable::Ended(*ended)),
        };
        assert_eq!(pause::decide(*state), expected, "{state}");
    }
}

#[test]
fn who_can_be_resumed() {
    let later = now() + TimeDelta::hours(1);
    let run = |state, was_resumed, due| Paused { state, was_resumed, due };
    let not_paused = |state| Err(resume::NotResumable::NotPaused(state));
    for (paused, is_alive, expected) in [
        (run(Paused, false, None), false, Ok(Resuming::At(now()))),
        (run(Paused, false, Some(later)), false, Ok(Resuming::At(later))),
        (run(Paused, false, Some(now() - TimeDelta::hours(1))), false, Ok(Resuming::At(now()))),
        (run(Paused, false, None), true, Ok(Resuming::Running)),
        (run(Resume, true, None), false, Ok(Resuming::Nothing)),
        (run(Submitted, true, None), false, Ok(Resuming::Nothing)),
        (run(Running, true, None), true, Ok(Resuming::Nothing)),
        (run(Success, true, None), false, Ok(Resuming::Nothing)),
        (run(Cancelled, false, None), false, not_paused(Cancelled)),
        (run(Scheduled, false, None), false, not_paused(Scheduled)),
    ] {
        assert_eq!(resume::flow_run(paused, is_alive, now()), expected, "{paused:?}");
    }
    let task = |state, resumed, flow_run| resume::task_run(run(state, resumed, None), flow_run, now());
    assert_eq!(task(Paused, false, Running), Ok(Resuming::At(now())));
    assert_eq!(task(Paused, true, Scheduled), Ok(Resuming::At(now())));
    assert_eq!(task(Success, true, Success), Ok(Resuming::Nothing));
    assert_eq!(task(Pending, false, Running), not_paused(Pending));
    for ended in [Failed, Cancelled, Cancelling, Success] {
        assert_eq!(task(Paused, false, ended), Err(resume::NotResumable::FlowRunEnded(ended)));
    }
}

#[test]
fn a_restart_counts_once() {
    let run = |state, version, restarted_from| Ended { state, version, restarted_from };
    let other = |expected, actual| Err(restart::NotRestartable::OtherVersion { expected, actual });
    for (ended, expected, answer) in [
        (run(Failed, 4, None), None, Ok(true)),
        (run(Failed, 4, None), Some(4), Ok(true)),
        (run(Cancelled, 4, None), Some(3), other(3, 4)),
        // Sent again while it waits, runs, and after it has ended again.
        (run(Scheduled, 5, Some(4)), None, Ok(false)),
        (run(Running, 7, Some(4)), Some(4), Ok(false)),
        (run(Failed, 8, Some(4)), Some(4), Ok(false)),
        (run(Failed, 8, Some(4)), Some(8), Ok(true)),
        (run(Running, 3, None), None, Err(restart::NotRestartable::NotEnded(Running))),
        (run(Scheduled, 1, None), Some(1), Err(restart::NotRestartable::NotEnded(Scheduled))),
        (run(Scheduled, 5, Some(4)), Some(2), other(2, 5)),
    ] {
        assert_eq!(restart::decide(ended, expected), answer, "{ended:?} {expected:?}");
    }
}

fn task(number: u128) -> TaskId {
    TaskId(Uuid::from_u128(number))
}

/// Task runs from lines `task[index] state`.
fn task_runs(lines: &[(u128, i64, StateType)]) -> Vec<TaskRun> {
    let id =
        |task: u128, index: i64| TaskRunId(Uuid::from_u128(task * 100 + u128::from(index.unsigned_abs())));
    let id = |task: u128, index: i64| if index < 0 { id(task, 99) } else { id(task, index) };
    lines
        .iter()
        .map(|(number, index, state)| TaskRun {
            id: id(*number, *index),
            task: task(*number),
            map_index: *index,
            state: Some(*state),
        })
        .collect()
}

/// Edges from texts: `1>2` plain, `1*2` mapped, `1/2` mapped over flattened children.
fn edges(texts: &str) -> Vec<Edge> {
    texts
        .split_whitespace()
        .map(|text| {
            let kind = text.chars().find(|c| !c.is_ascii_digit()).unwrap();
            let (upstream, downstream) = text.split_once(kind).unwrap();
            Edge {
                upstream: task(upstream.parse().unwrap()),
                downstream: task(downstream.parse().unwrap()),
                mapped: kind != '>',
                flattened: kind == '/',
            }
        })
        .collect()
}

fn again(flow_run: StateType, graph: &str, lines: &[(u128, i64, StateType)]) -> Vec<(u128, i64)> {
    let runs = task_runs(lines);
    let ids = restart::run_again(flow_run, &runs, &edges(graph)).unwrap();
    let place = |id: &TaskRunId| runs.iter().find(|run| run.id == *id).unwrap();
    ids.iter().map(place).map(|run| (run.task.0.as_u128(), run.map_index)).collect()
}

#[test]
fn what_runs_again() {
    // A chain with a clean-up beside it, which ran because of the failure.
    let chain =
        [(1, -1, Success), (2, -1, Failed), (3, -1, TriggerFailed), (4, -1, Success), (5, -1, Success)];
    assert_eq!(again(Failed, "1>2 2>3 2>4 1>5", &chain), [(2, -1), (3, -1), (4, -1)]);
    // Cancelled in the middle; what never ran stays as it is.
    let middle = [(1, -1, Success), (2, -1, Cancelled), (3, -1, Pending)];
    assert_eq!(again(Cancelled, "1>2 2>3", &middle), [(2, -1)]);
    // Approvals and waiting task runs stay, a retry begins anew, and so does what a lost process left behind.
    let waiting = [(1, -1, Paused), (2, -1, Resume), (3, -1, Retrying), (4, -1, Running), (5, -1, Scheduled)];
    assert_eq!(again(Failed, "", &waiting), [(3, -1), (4, -1)]);
    // Maps: child to child, then a reduction.
    let maps = [
        (1, -1, Success),
        (2, -1, Mapped),
        (2, 0, Success),
        (2, 1, Failed),
        (2, 2, Success),
        (3, -1, Mapped),
        (3, 0, Success),
        (3, 1, TriggerFailed),
        (3, 2, Success),
        (4, -1, TriggerFailed),
    ];
    assert_eq!(again(Failed, "1*2 2*3 3>4", &maps), [(2, 1), (3, 1), (4, -1)]);
    // Flattened children have no index in common.
    let all_of_three = [(2, 1), (3, -1), (3, 0), (3, 1), (3, 2), (4, -1)];
    assert_eq!(again(Failed, "1*2 2/3 3>4", &maps), all_of_three);
    // An input that all children share.
    let mut shared = maps;
    shared[3].2 = Success;
    shared[0].2 = Failed;
    let all_children = [(1, -1), (2, -1), (2, 0), (2, 1), (2, 2), (3, -1), (3, 0), (3, 1), (3, 2), (4, -1)];
    assert_eq!(again(Failed, "1>2 9*2 2*3 3>4", &shared), all_children);
    // A task that was to map and never did.
    let unmapped = [(1, -1, Failed), (2, -1, TriggerFailed), (3, -1, TriggerFailed)];
    assert_eq!(again(Failed, "1*2 2*3", &unmapped), [(1, -1), (2, -1), (3, -1)]);
    // A run that its policy skipped.
    assert_eq!(again(Skipped, "1>2", &[(1, -1, Skipped), (2, -1, Skipped)]), [(1, -1), (2, -1)]);
    // A failed run whose tasks never began.
    assert_eq!(again(Failed, "1>2", &[(1, -1, Pending), (2, -1, Pending)]), []);
}

#[test]
fn a_success_without_failures_is_not_restarted() {
    let runs = task_runs(&[(1, -1, Success)]);
    let refused = restart::run_again(Success, &runs, &[]).unwrap_err();
    assert_eq!(refused, restart::NotRestartable::NothingFailed(Success));
    // One that succeeded although a task failed is.
    let runs = task_runs(&[(1, -1, Failed)]);
    assert_eq!(restart::run_again(Success, &runs, &[]).unwrap(), [runs[0].id]);
}
