//! The table of verdicts.

use super::*;

fn exit(status: ExitStatus, output: &str) -> Ending {
    Ending::Exit(Exit { status, output_tail: output.into() })
}

fn standing(state: StateType, has_waiting_task_run: bool) -> FlowRunState {
    FlowRunState { state: Some(state), version: 3, has_waiting_task_run }
}

#[test]
fn a_run_that_said_its_end_is_left_alone() {
    for ending in
        [exit(ExitStatus::Code(0), ""), exit(ExitStatus::Code(1), "x"), Ending::Cancelled, Ending::Halted]
    {
        for state in
            StateType::ALL.iter().copied().filter(|state| state.is_finished() || state.is_scheduled())
        {
            assert_eq!(verdict(&ending, &standing(state, false)), Verdict::Leave, "{ending:?} {state}");
        }
    }
}

#[test]
fn only_a_clean_exit_may_leave_a_run_running_for_a_retry() {
    let retrying = standing(StateType::Running, true);
    assert_eq!(verdict(&exit(ExitStatus::Code(0), ""), &retrying), Verdict::Leave);
    assert!(matches!(
        verdict(&exit(ExitStatus::Code(1), ""), &retrying),
        Verdict::Report(StateType::Failed, _)
    ));
    let working = standing(StateType::Running, false);
    assert!(matches!(
        verdict(&exit(ExitStatus::Code(0), ""), &working),
        Verdict::Report(StateType::Failed, _)
    ));
}

#[test]
fn a_crash_is_reported_with_its_cause() {
    let running = standing(StateType::Running, false);
    assert_eq!(
        verdict(&exit(ExitStatus::Signal(9), "MemoryError"), &running),
        Verdict::Report(
            StateType::Failed,
            "the flow-run process was killed by signal SIGKILL (9); last output: MemoryError".into()
        )
    );
    assert_eq!(
        verdict(&exit(ExitStatus::Code(3), ""), &standing(StateType::Submitted, false)),
        Verdict::Report(
            StateType::Failed,
            "the flow-run process ended with exit code 3 before the run had ended; it printed nothing".into()
        )
    );
}

#[test]
fn a_cancelling_run_ends_cancelled_however_its_process_ended() {
    let cancelling = standing(StateType::Cancelling, false);
    for ending in [exit(ExitStatus::Signal(2), ""), Ending::Cancelled, Ending::Halted] {
        assert!(
            matches!(verdict(&ending, &cancelling), Verdict::Report(StateType::Cancelled, _)),
            "{ending:?}"
        );
    }
}
