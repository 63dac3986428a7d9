"""Follows a set of flow runs: prints every state and every log line once, as it comes, until all have finished."""

import time
from dataclasses import dataclass, field

import screen
from graphql import post

FINISHED = {"Success", "Failed", "Cancelled", "Skipped", "TimedOut", "TriggerFailed", "ValidationFailed"}
# What the library itself logs for every task; the states say the same in fewer lines.
CHATTER = ("prefect.CloudFlowRunner", "prefect.CloudTaskRunner", "prefect.FlowRunner", "prefect.TaskRunner")

PROGRESS = """query($ids: [uuid!]) {
  flow_run(where: {id: {_in: $ids}}) {
    id name state created start_time end_time
    agent { name type }
    states(order_by: {timestamp: asc}) { id state message }
    task_runs(order_by: {map_index: asc}) {
      id state map_index task { name }
      states(order_by: {timestamp: asc}) { id state message }
    }
    logs(order_by: {timestamp: asc}) { id name level message }
  }
}"""


@dataclass
class Run:
    """One run of the demo: what was asked for, and the row as last read."""

    id: str
    title: str
    expected: str = "Success"
    cancel_after: int = None  # ask for cancellation once this many task runs have succeeded
    row: dict = field(default_factory=dict)
    refusals_told: bool = False

    @property
    def finished(self):
        return self.row.get("state") in FINISHED

    def task_states(self, name):
        """All states that the (unmapped) task of this name went through."""
        return [
            state["state"]
            for task_run in self.row["task_runs"]
            if task_run["task"]["name"] == name and task_run["map_index"] == -1
            for state in task_run["states"]
        ]


class Watch:
    """Prints the news of its runs. `on_half_way` is called once for each run that is to be cancelled."""

    def __init__(self, url, check, on_half_way):
        self.url, self.check, self.on_half_way = url, check, on_half_way
        self._seen = set()

    def until_finished(self, runs, seconds):
        """Returns when all runs have finished, or after `seconds` at the latest."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.check()
            rows = post(self.url, PROGRESS, {"ids": [run.id for run in runs]})["flow_run"]
            by_id = {row["id"]: row for row in rows}
            for index, run in enumerate(runs):
                run.row = by_id[run.id]
                self._print_news(screen.tag(index, run.title), run)
                self._cancel_half_way(run)
            if all(run.finished for run in runs):
                return
            time.sleep(0.5)

    def _is_new(self, row):
        fresh = row["id"] not in self._seen
        self._seen.add(row["id"])
        return fresh

    def _print_news(self, tag, run):
        """Logs before states: a line that a run wrote belongs before the state that ended it."""
        states = [state for state in run.row["states"] if self._is_new(state)]
        beginnings = [state for state in states if state["state"] not in FINISHED]
        for state in beginnings:
            by = run.row["agent"] if state["state"] == "Submitted" else None
            self._print_state(tag, state, f"taken by agent {by['name']} ({by['type']})" if by else state["message"])
        for task_run in run.row["task_runs"]:
            for state in task_run["states"]:
                if self._is_new(state) and state["state"] in ("Retrying", "Cached", "Failed", "Mapped"):
                    self._print_state(tag, state, state["message"], task_run["task"]["name"] + " ")
        for line in run.row["logs"]:
            if self._is_new(line):
                self._print_log(tag, run, line)
        for state in states:
            if state not in beginnings:
                self._print_state(tag, state, state["message"])

    @staticmethod
    def _print_log(tag, run, line):
        """The first line of a message, and the last if there are more: of a traceback, what it was about."""
        of_library = line["name"] in CHATTER
        if of_library and line["level"] == "INFO":
            return
        if of_library and run.row["state"] in ("Cancelling", "Cancelled"):
            # The server refuses to start further tasks; the library reports each refusal at length.
            if not run.refusals_told:
                run.refusals_told = True
                screen.say(f"{tag}   " + screen.dim("(no further task may start: the run is being cancelled)"))
            return
        text = line["message"].strip().splitlines() or [""]
        for part in text[:1] + text[1:][-1:]:
            screen.say(f"{tag}   {screen.level(line['level'], screen.short(part))}")

    @staticmethod
    def _print_state(tag, state, message, task=""):
        mark = screen.dim("○") if task else screen.bold("●")
        screen.say(f"{tag} {mark} {task}{screen.state(state['state'])} {screen.dim(screen.short(message or ''))}")

    def _cancel_half_way(self, run):
        if run.cancel_after is None or run.finished:
            return
        done = sum(task_run["state"] == "Success" and task_run["map_index"] >= 0 for task_run in run.row["task_runs"])
        if done >= run.cancel_after:
            run.cancel_after = None
            self.on_half_way(run, done)
