"""What must hold after whatever happened. Each rule is a function over the account that yields a sentence for every
violation; none asks the server anything, so each is itself tested on accounts that were doctored (test_invariants.py).
"""

from account import by
from harness.runs import FINISHED

#: States in which a flow run holds the slots of its labels.
HOLDING = {"Submitted", "Running", "Cancelling"}
#: Reasons that do not explain anything.
NO_REASON = {None, "", "UNKNOWN"}


def acknowledged_runs_exist(account):
    """A run whose creation was answered is there."""
    for run in account.created:
        if run not in account.runs:
            yield f"run {run} was acknowledged and is not in the database"


def started_once(account):
    """A run has at most as many processes as it was handed out: each `Submitted` is one start, and so is each time its
    due task runs were submitted again for it."""
    processes = by(lambda note: note["run"], (note for note in account.notes if note["kind"] == "process"))
    for run_id, starts in processes.items():
        run = account.runs.get(run_id)
        if run is None:
            yield f"run {run_id} was started and is not in the database"
            continue
        handed_out = sum(state["state"] == "Submitted" for state in run["states"]) + len(
            {state["timestamp"] for task in run["task_runs"] for state in task["states"] if state["state"] == "Submitted"}
        )
        if len({note["pid"] for note in starts}) > handed_out:
            yield f"run {run_id} ({run['flow']['name']}) was started {len(starts)} times and handed out {handed_out} times"


def everything_ends_or_is_explained(account):
    """Nothing hangs: a run that has not ended says why, and a run that has ended has no unfinished task runs."""
    for run_id, run in account.runs.items():
        if run["state"] not in FINISHED:
            reason = account.reasons.get(run_id)
            waits = reason and reason.get("condition") not in NO_REASON and run["auto_scheduled"] and run["state"] == "Scheduled"
            if not waits:
                yield f"run {run_id} ({run['flow']['name']}) is {run['state']} at the end: {reason}"
        elif run["state"] in ("Cancelled", "Success"):
            for task in run["task_runs"]:
                if task["state"] not in FINISHED:
                    yield f"run {run_id} is {run['state']}, its task {task['task']['slug']}[{task['map_index']}] is {task['state']}"


def cancelled_is_gone(account):
    """A run whose cancellation was acknowledged ends, and not by going on for long: nothing ran after `Cancelled`."""
    for run_id in account.cancelled:
        states = [state["state"] for state in account.runs[run_id]["states"]]
        if "Cancelled" in states and states[-1] not in FINISHED:
            yield f"run {run_id} was cancelled and is {states[-1]}: {states}"


def lines_are_kept_once(account):
    """Every acknowledged log line is there, once."""
    stored = {run: by(lambda message: message, messages) for run, messages in account.lines.items()}
    for run, message in set(account.acknowledged_lines):
        count = len(stored.get(run, {}).get(message, ()))
        if run in account.runs and count == 0:
            yield f"a line of run {run} was acknowledged and is gone: {message!r}"
    for run, messages in stored.items():
        for message, copies in messages.items():
            # Messages that name the run or a number are written once; the library's own may come again.
            if run in message and len(copies) > _allowed_copies(account, run, message):
                yield f"a line of run {run} is there {len(copies)} times: {message!r}"


def _allowed_copies(account, run, message):
    """A line of a step is written as often as the step ran."""
    ran = sum(note["kind"] == "task" and note["run"] == run and _names(note, message) for note in account.notes)
    return max(1, ran)


def _names(note, message):
    if note["slug"] == "step":
        return message.startswith(f"step {note['index']} ")
    return not message.startswith("step ")


def states_are_kept_in_order(account):
    """Versions count up without gaps, the row shows the last of them, and every acknowledged state is in the history."""
    histories = {}
    for run_id, run in account.runs.items():
        for owner, row in ((run_id, run), *((task["id"], task) for task in run["task_runs"])):
            states = row["states"]
            histories[owner] = {state["state"] for state in states}
            versions = [state["version"] for state in states]
            if versions and versions != list(range(versions[0], versions[0] + len(versions))):
                yield f"{owner} has versions {versions}"
            if states and (states[-1]["state"], states[-1]["version"]) != (row["state"], row["version"]):
                yield f"{owner} is {row['state']} (version {row['version']}); its history ends with {states[-1]}"
    for owner, state in set(account.acknowledged_states):
        if owner in histories and state not in histories[owner]:
            yield f"{owner}: {state} was acknowledged and is not in its history {sorted(histories[owner])}"


def events_tell_the_states(account):
    """Positions only grow, and each run's events of states are its history, in order."""
    positions = [event["position"] for event in account.events]
    if positions != sorted(set(positions)):
        yield "the positions of events are not strictly increasing"
    told = by(lambda event: event["flow_run_id"], (event for event in account.events if event["kind"] == "flow_run.state"))
    for run_id, run in account.runs.items():
        history = [(state["state"], state["version"]) for state in run["states"] if state["version"] > 1]
        events = [(event["payload"]["state"], event["payload"]["version"]) for event in told.get(run_id, ())]
        if [told_state for told_state in events if told_state[1] > 1] != history:
            yield f"run {run_id}: events tell {events}, its history is {history}"


def no_slot_leaks(account):
    """Slots belong to runs that have not ended, and no label ever had more holders than its limit."""
    for slot in account.slots:
        run = account.runs.get(slot["flow_run_id"])
        if slot["flow_run_id"] and (run is None or run["state"] in FINISHED):
            yield f"a slot is held by run {slot['flow_run_id']}, which is {run['state'] if run else 'gone'}"
    holders = {label: set() for label in account.limits}
    for event in account.events:
        if event["kind"] != "flow_run.state" or event["flow_run_id"] not in account.runs:
            continue
        for label in set(account.runs[event["flow_run_id"]]["labels"]) & set(holders):
            held = holders[label]
            (held.add if event["payload"]["state"] in HOLDING else held.discard)(event["flow_run_id"])
            if len(held) > account.limits[label]:
                yield f"label {label} had {len(held)} holders at position {event['position']}: limit {account.limits[label]}"


def slots_of_schedules_run_once(account):
    """Every slot that came due has exactly one run, or an event says that it was missed."""
    runs = by(lambda run: (run["flow"]["name"], run["scheduled_start_time"]), (run for run in account.runs.values() if run["auto_scheduled"]))
    for (flow, slot), same in runs.items():
        if len(same) > 1:
            yield f"{flow} has {len(same)} runs for {slot}"
    explained = any(event["kind"] == "flow.slots_missed" for event in account.events)
    planned = by(lambda key: key[0], runs)
    for flow, slots in account.ticking.items():
        present = {_instant(slot) for _, slot in planned.get(flow, ())}
        for slot in slots:
            if _instant(slot) not in present and not explained:
                yield f"{flow} has no run for {slot}, and nothing says why"


def _instant(text):
    from datetime import datetime

    return datetime.fromisoformat(text.replace("Z", "+00:00"))


ALL = (
    acknowledged_runs_exist, started_once, everything_ends_or_is_explained, cancelled_is_gone, lines_are_kept_once,
    states_are_kept_in_order, events_tell_the_states, no_slot_leaks, slots_of_schedules_run_once,
)


def violations(account):
    """Every violation of every rule, as `rule: sentence`."""
    return [f"{rule.__name__}: {sentence}" for rule in ALL for sentence in rule(account)]
