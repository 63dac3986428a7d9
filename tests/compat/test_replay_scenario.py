"""Whole runs with every mutation delivered twice, one after the other and both at once: they end like undisturbed ones."""

import json

import pytest
from harness import flows, runs, stock
from harness.api import post
from harness.proxy import RecordingProxy
from harness.snapshot import normalise
from prefect import Client
from prefect.utilities.configuration import set_temporary_config

OUTCOME = """{
  project(order_by: {name: asc}) { name }
  flow(order_by: [{name: asc}, {version: asc}]) {
    name version archived tasks_aggregate { aggregate { count } } edges_aggregate { aggregate { count } }
    flow_runs(order_by: {name: asc}) {
      name parameters states(order_by: {version: asc}) { state version message }
      task_runs(order_by: [{task: {slug: asc}}, {map_index: asc}]) {
        name map_index version task { slug } states(order_by: {version: asc}) { state version message }
      }
      logs { level name message }
    }
  }
  task_run_artifact(order_by: {created: asc}) { kind data }
  agent(order_by: {name: asc}) { name type labels }
}"""
FLOWS = {"mapping": {}, "retrying": {}, "artifacts": {}, "naming": {}, "dask_threads": {}}


def play(server, proxy, home, kind):
    """Registers twice, runs five flows through an agent, cancels a sixth; returns everything there is to see, normalised."""
    agent = {"stock": stock.StockAgent, "ours": stock.OurAgent}[kind](proxy.url, home, label=kind)
    try:
        with set_temporary_config({"cloud.api": proxy.url}):
            client = Client()
            client.create_project("Scenario")
            waiting = {}
            for name in FLOWS:
                for _ in range(2):
                    flow_id = flows.register(name, "Scenario", kind)
                waiting[name] = client.create_flow_run(flow_id=flow_id, run_name=name)
            cancelled = client.create_flow_run(
                flow_id=flows.register("slow_steps", "Scenario", kind), run_name="cancelled", labels=["nobody"]
            )
            client.cancel_flow_run(cancelled)
            for run_id in waiting.values():
                runs.wait_finished(server.url, run_id, seconds=100, poke=agent.poke)
                runs.wait_until(server.url, run_id, lambda run: run.messages("Flow run SUCCESS"), 20, agent.poke, "the logs")
    finally:
        agent.stop()
    return outcome(server.url)


def outcome(url):
    seen = post(url, OUTCOME)
    for flow in seen["flow"]:
        for run in flow["flow_runs"]:
            # Threads finish in any order, and a flow process that is stopped may or may not say goodbye.
            run["logs"] = sorted(f"{line['level']} {normalise(line['name'])} {normalise(line['message'])}" for line in run["logs"])
            for states in [run["states"], *(task_run["states"] for task_run in run["task_runs"])]:
                for state in states:
                    state["message"] = normalise(state["message"])
    return seen


@pytest.mark.timeout(400)
@pytest.mark.parametrize("kind", ["stock", "ours"])
def test_scenario(fresh_server, home, kind):
    """Gotcha 15: the same rows, the same counts, the same logs."""
    results = {}

    def run(mode):
        server, proxy = fresh_server(mode.replace(" ", "-"))
        proxy.deliver_twice = None if mode == "undisturbed" else mode
        results[mode] = play(server, proxy, home, kind)
        if mode == "in turn":
            check_answers(proxy)

    for mode in ("undisturbed", "in turn", "at once"):
        run(mode)
    expected = json.dumps(results["undisturbed"], indent=1, sort_keys=True).splitlines()
    for mode in ("in turn", "at once"):
        assert json.dumps(results[mode], indent=1, sort_keys=True).splitlines() == expected, mode


def check_answers(proxy: RecordingProxy):
    """The second answer, which the client saw, must be the one it would have got the first time."""
    for exchange in proxy.since():
        if exchange.again is None or exchange.operation in ("get_runs_in_queue", "claim_flow_runs"):
            continue
        if exchange.operation == "create_project":
            assert exchange.again["errors"][0]["message"] == "Uniqueness violation."
            continue
        if exchange.operation == "delete_task_run_artifact":
            assert exchange.again["data"] == {"delete_task_run_artifact": {"success": False}}, "it is gone already"
            continue
        assert exchange.again == exchange.answer, f"{exchange.operation} {exchange.variables}"
