"""kill -9 of the server in the middle of a run. It comes back on the same file and port; the run goes on and ends correctly.

The moments are chosen by what passes through the proxy: just before the server gets a certain call, or just after it
has answered and before the client hears of it.
"""

import threading
import time

import pytest
from harness import flows, runs, stock
from prefect import Client
from prefect.utilities.configuration import set_temporary_config

STEPS = 8


class Killer:
    """Kills and restarts the server when the n-th call of an operation is `before` or `after` the server."""

    def __init__(self, server, proxy, moments, pause=0.5):
        self.server, self.pause, self.pending = server, pause, list(moments)
        self.counts, self.kills = {}, []
        self._lock = threading.Lock()
        proxy.before_forward = lambda operation: self._passes("before", operation)
        proxy.after_forward = lambda operation: self._passes("after", operation)

    def _passes(self, when, operation):
        with self._lock:
            count = self.counts[when, operation] = self.counts.get((when, operation), 0) + 1
            moment = (when, operation, count)
            if moment not in self.pending:
                return
            self.pending.remove(moment)
            self.kills.append(moment)
            self.server.kill()
            time.sleep(self.pause)
            self.server.start()
        raise ConnectionResetError(f"the server was killed {moment}")


MOMENTS = {
    "submitting": [("after", "create_flow_run", 1), ("before", "set_flow_run_states", 1), ("after", "set_flow_run_states", 2)],
    "in the tasks": [
        ("after", "get_or_create_task_run_info", 2), ("before", "set_task_run_states", 6), ("after", "set_task_run_states", 9),
        ("after", "get_or_create_task_run_info", 8),
    ],
    "writing logs": [("before", "write_run_logs", 1), ("after", "write_run_logs", 2), ("after", "write_run_logs", 3)],
    "asking for work": [("after", "register_agent", 1), ("after", "get_runs_in_queue", 2), ("after", "claim_flow_runs", 2)],
}


@pytest.mark.timeout(240)
@pytest.mark.parametrize("kind", ["stock", "ours"])
@pytest.mark.parametrize("moments", MOMENTS)
def test_killed_server(fresh_server, home, kind, moments):
    """Issue 2: no state is lost or doubled, no task runs twice, every log line is there once."""
    server, proxy = fresh_server()
    planned = MOMENTS[moments]
    killer = Killer(server, proxy, planned)
    with set_temporary_config({"cloud.api": proxy.url}):
        Client().create_project("P")
        flow_id = flows.register("slow_steps", "P", f"{kind}-crash")
        agent = {"stock": stock.StockAgent, "ours": stock.OurAgent}[kind](proxy.url, home, label=f"{kind}-crash")
        try:
            run_id = Client().create_flow_run(flow_id=flow_id, parameters={"steps": STEPS, "pause": 0.3})
            run = runs.wait_finished(server.url, run_id, seconds=150, poke=agent.poke)
            run = runs.wait_until(server.url, run_id, lambda run: run.messages("Flow run SUCCESS"), 40, agent.poke, "the logs")
        finally:
            agent.stop()
    assert killer.kills, "the server was never killed: nothing was tested"
    assert run.history == ["Scheduled", "Submitted", "Running", "Success"], run.explain()
    children = run.children("step")
    assert [child["map_index"] for child in children] == list(range(STEPS))
    for child in children:
        assert [state["state"] for state in child["states"]][-2:] == ["Running", "Success"], run.explain()
        assert sum(state["state"] == "Running" for state in child["states"]) == 1
    assert run.task_history("finish") == ["Pending", "Running", "Success"]
    for number in range(STEPS):
        assert run.messages().count(f"step {number}") == 1, run.explain()
    assert len(runs_of(server.url, flow_id)) == 1, "one run was asked for"


def runs_of(url, flow_id):
    from harness.api import post

    return post(url, "query($id: uuid!) { flow_run(where: {flow_id: {_eq: $id}}) { id } }", {"id": flow_id})["flow_run"]


def test_killed_between_registration_and_run(fresh_server, home):
    """What was answered is stored: a flow registered before the kill runs after it."""
    server, proxy = fresh_server()
    with set_temporary_config({"cloud.api": proxy.url}):
        Client().create_project("P")
        flow_id = flows.register("child", "P", "stock-after")
        server.kill()
        server.start()
        run_id = Client().create_flow_run(flow_id=flow_id)
        server.kill()
        server.start()
        agent = stock.StockAgent(proxy.url, home, label="stock-after")
        try:
            runs.wait_finished(server.url, run_id, poke=agent.poke)
        finally:
            agent.stop()


def test_killed_while_busy(fresh_server):
    """Every state whose write was answered is there after the kill, and the file is whole."""
    from harness.world import World

    server, _ = fresh_server()
    world = World(server)
    run_id = world.running()
    answered = []
    for index in range(60):
        child = world.mutate("get_or_create_task_run_info", "id", flow_run_id=run_id, task_id=world.task(run_id), map_index=index)
        answered.append(child["id"])
    server.kill()
    server.start()
    run = runs.read(server.url, run_id)
    assert {child["id"] for child in run.children("a")} >= set(answered)
    assert run.state == "Running"
