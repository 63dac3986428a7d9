"""Flow runs as a test sees them: started through the stock client, read back from the server in one query."""

import time
from dataclasses import dataclass

from .api import post

FINISHED = {
    "Success", "Failed", "Cancelled", "Skipped", "TimedOut", "TriggerFailed", "ValidationFailed", "Cached", "Mapped", "Looped",
}
RUN = """query($id: uuid!) { flow_run_by_pk(id: $id) {
  id name state state_message parameters context labels run_config version scheduled_start_time start_time end_time
  idempotency_key auto_scheduled agent { name type }
  states(order_by: {version: asc}) { state message version }
  task_runs(order_by: [{task: {slug: asc}}, {map_index: asc}]) {
    id name state state_message version map_index state_start_time serialized_state task { slug name }
    states(order_by: {version: asc}) { state message version }
  }
  logs(order_by: {timestamp: asc}) { level name message task_run_id }
} }"""


@dataclass
class RunRow:
    """A flow run with its task runs, states and logs, as they were when it was read."""

    row: dict

    def __getattr__(self, column):
        try:
            return self.row[column]
        except KeyError:
            raise AttributeError(column) from None

    @property
    def history(self):
        """The names of all states of the run, first to last."""
        return [state["state"] for state in self.row["states"]]

    def task(self, slug, map_index=-1):
        """The one task run of this slug and map index; `slug` may leave out the counter (`load` for `load-1`)."""
        found = [
            task_run for task_run in self.row["task_runs"]
            if task_run["task"]["slug"] in (slug, f"{slug}-1") and task_run["map_index"] == map_index
        ]
        assert len(found) == 1, f"{len(found)} task runs {slug}[{map_index}] among {self.tasks()}"
        return found[0]

    def task_history(self, slug, map_index=-1):
        return [state["state"] for state in self.task(slug, map_index)["states"]]

    def children(self, slug):
        """The mapped task runs of a task, by index."""
        return [t for t in self.row["task_runs"] if t["task"]["slug"] in (slug, f"{slug}-1") and t["map_index"] >= 0]

    def tasks(self):
        return {(t["task"]["slug"], t["map_index"]): t["state"] for t in self.row["task_runs"]}

    def messages(self, containing=""):
        return [line["message"] for line in self.row["logs"] if containing in line["message"]]

    def explain(self):
        """What a failed assertion about this run should show."""
        lines = [f"{self.row['name']} {self.row['state']}: {self.row['state_message']}  {self.history}  {self.tasks()}"]
        lines += [f"  {line['level']:<8} {line['name']}: {line['message']}" for line in self.row["logs"][-40:]]
        return "\n".join(lines)


def read(url, run_id):
    row = post(url, RUN, {"id": run_id})["flow_run_by_pk"]
    assert row, f"no flow run {run_id}"
    return RunRow(row)


def wait_until(url, run_id, condition, seconds=60, poke=lambda: None, what="the run to get there"):
    """Reads the run until `condition(run)` holds. Fails with the run's whole story when it does not in time.

    A server that does not answer is waited for too: some tests kill it.
    """
    deadline = time.monotonic() + seconds
    last_poke = 0.0
    run = None
    while True:
        if time.monotonic() - last_poke > 1:
            poke()
            last_poke = time.monotonic()
        try:
            run = read(url, run_id)
            if condition(run):
                return run
        except OSError as unreachable:
            if run is None and time.monotonic() > deadline:
                raise AssertionError(f"no server for {seconds} s: {unreachable}") from None
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s for {what}\n{run.explain()}")
        time.sleep(0.15)


def wait_finished(url, run_id, state="Success", seconds=60, poke=lambda: None):
    """Waits for the end, and for the log lines that the process sends after it; the end must be `state`."""
    run = wait_until(url, run_id, lambda run: run.state in FINISHED, seconds, poke, f"{state}")
    assert run.state == state, f"expected {state}\n{run.explain()}"
    return run
