"""A check that cannot fail checks nothing: each rule is tried on an account in which all is well, and on accounts that
were doctored in the way the rule is there for.
"""

import copy
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "compat")]

import invariants  # noqa: E402
from account import Account  # noqa: E402
from plan import KINDS, faults  # noqa: E402

RUN, TASK, LIMITED = "run-1", "task-1", "limited"


def history(*states):
    return [{"state": state, "version": version, "message": None, "timestamp": f"t{version}"} for version, state in enumerate(states, 1)]


def well():
    """One run of a limited flow that was cancelled at its end, one slot of a schedule, everything as it should be."""
    states = history("Scheduled", "Submitted", "Running", "Success")
    task = {"id": TASK, "state": "Success", "version": 3, "map_index": -1, "task": {"slug": "work-1"}, "states": history("Pending", "Running", "Success")}
    run = {
        "id": RUN, "name": "r", "state": "Success", "version": 4, "auto_scheduled": False, "scheduled_start_time": "2026-01-01T00:00:10+00:00",
        "labels": [LIMITED], "created": "c", "flow": {"id": "f", "name": "long"}, "states": states, "task_runs": [task],
    }
    tick = {
        **copy.deepcopy(run), "id": "run-2", "auto_scheduled": True, "labels": [], "flow": {"id": "t", "name": "ticking-0"}, "task_runs": [],
    }
    events = [
        {"position": position, "kind": "flow_run.state", "flow_run_id": owner, "task_run_id": None, "payload": {"state": state["state"], "version": state["version"]}}
        for position, (owner, state) in enumerate([(owner, state) for owner in (RUN, "run-2") for state in states], 1)
    ]
    return Account(
        runs={RUN: run, "run-2": tick}, lines={RUN: [f"begin of {RUN}", "library line", "library line"], "run-2": []}, events=events,
        limits={LIMITED: 1}, created=[RUN],
        notes=[
            {"kind": "process", "run": RUN, "pid": 1, "at": 1.0}, {"kind": "task", "run": RUN, "pid": 1, "slug": "work", "at": 2.0},
            {"kind": "process", "run": "run-2", "pid": 2, "at": 3.0},
        ],
        acknowledged_lines=[(RUN, f"begin of {RUN}")], acknowledged_states=[(RUN, "Running"), (TASK, "Success")],
        ticking={"ticking-0": ["2026-01-01T00:00:10+00:00"]},
    )


def test_a_good_account_violates_nothing():
    assert invariants.violations(well()) == []


def gone(account):
    account.created.append("run-9")


def two_processes(account):
    account.notes.append({"kind": "process", "run": RUN, "pid": 7, "at": 4.0})


def a_process_of_nobody(account):
    account.notes.append({"kind": "process", "run": "run-9", "pid": 7, "at": 4.0})


def hangs(account):
    run = account.runs[RUN]
    run["states"].pop()
    run["state"], run["version"] = "Running", 3
    account.reasons[RUN] = {"condition": "RUNNING", "sentence": "It is running."}
    account.events = [event for event in account.events if not (event["flow_run_id"] == RUN and event["payload"]["version"] == 4)]


def unfinished_task(account):
    account.runs[RUN]["task_runs"][0].update(state="Running", version=2, states=history("Pending", "Running"))
    account.acknowledged_states.pop()


def goes_on_after_cancel(account):
    run = account.runs[RUN]
    run["states"] = history("Scheduled", "Submitted", "Cancelled", "Running")
    run["state"] = "Running"
    account.cancelled.append(RUN)


def lost_line(account):
    account.lines[RUN].remove(f"begin of {RUN}")


def line_twice(account):
    account.lines[RUN].append(f"begin of {RUN}")


def gap_in_versions(account):
    account.runs[RUN]["states"][1]["version"] = 5


def row_is_not_its_history(account):
    account.runs[RUN]["state"] = "Failed"


def lost_state(account):
    account.acknowledged_states.append((TASK, "Retrying"))


def event_missing(account):
    del account.events[2]


def event_out_of_order(account):
    account.events[1], account.events[2] = account.events[2], account.events[1]


def positions_repeat(account):
    account.events[1]["position"] = account.events[0]["position"]


def slot_of_an_ended_run(account):
    account.slots.append({"flow_run_id": RUN, "task_run_id": None})


def slot_of_nobody(account):
    account.slots.append({"flow_run_id": "run-9", "task_run_id": None})


def over_the_limit(account):
    account.runs["run-2"]["labels"] = [LIMITED]
    account.events.sort(key=lambda event: (event["payload"]["version"], event["flow_run_id"]))
    for position, event in enumerate(account.events, 1):
        event["position"] = position


def slot_twice(account):
    account.runs["run-3"] = {**copy.deepcopy(account.runs["run-2"]), "id": "run-3"}
    account.events += [{**event, "position": event["position"] + 100, "flow_run_id": "run-3"} for event in account.events if event["flow_run_id"] == "run-2"]


def slot_without_run(account):
    account.ticking["ticking-0"].append("2026-01-01T00:01:10+00:00")


DOCTORED = [
    (gone, "acknowledged_runs_exist"), (two_processes, "started_once"), (a_process_of_nobody, "started_once"),
    (hangs, "everything_ends_or_is_explained"), (unfinished_task, "everything_ends_or_is_explained"), (goes_on_after_cancel, "cancelled_is_gone"),
    (lost_line, "lines_are_kept_once"), (line_twice, "lines_are_kept_once"), (gap_in_versions, "states_are_kept_in_order"),
    (row_is_not_its_history, "states_are_kept_in_order"), (lost_state, "states_are_kept_in_order"), (event_missing, "events_tell_the_states"),
    (event_out_of_order, "events_tell_the_states"), (positions_repeat, "events_tell_the_states"), (slot_of_an_ended_run, "no_slot_leaks"),
    (slot_of_nobody, "no_slot_leaks"), (over_the_limit, "no_slot_leaks"), (slot_twice, "slots_of_schedules_run_once"),
    (slot_without_run, "slots_of_schedules_run_once"),
]


@pytest.mark.parametrize(("doctor", "rule"), DOCTORED, ids=lambda value: getattr(value, "__name__", value))
def test_each_violation_is_seen(doctor, rule):
    account = well()
    doctor(account)
    assert any(found.startswith(f"{rule}:") for found in invariants.violations(account)), "it was not seen"


def test_every_rule_is_tried():
    assert {rule for _, rule in DOCTORED} == {rule.__name__ for rule in invariants.ALL}


@pytest.mark.parametrize("set_up", ["sqlite", "postgres"])
def test_a_seed_replays_its_faults(set_up):
    planned = faults(7, 1800, set_up)
    assert planned == faults(7, 1800, set_up) != faults(8, 1800, set_up)
    assert {fault.kind for fault in planned} == {kind for kind, (_, set_ups) in KINDS.items() if set_up in set_ups}
    assert all(4 <= fault.at < 1800 for fault in planned)


def test_an_explained_slot_is_no_violation():
    account = well()
    slot_without_run(account)
    account.events.append({"position": 99, "kind": "flow.slots_missed", "flow_run_id": None, "task_run_id": None, "payload": {}})
    assert invariants.violations(account) == []
