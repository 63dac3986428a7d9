"""Flow processes that vanish or hang, and agents that do.

With the stock agent it is as Prefect's zombie killer and Lazarus had it (reference §6), only sooner.
"""

import os
import signal
import time

import pytest
from harness import flows, processes, runs, stock
from prefect import Client
from prefect.utilities.configuration import set_temporary_config

# Well above what a busy machine takes between two heartbeats, or to start a process that sends them.
SOON = {"SIGNALBOX_SILENT_AFTER_SECONDS": "25", "SIGNALBOX_LEASE_SECONDS": "6", "SIGNALBOX_LOST_AFTER_SECONDS": "6"}
STEPS = 30


@pytest.fixture
def begun(fresh_server, home, request):
    """Starts a run of thirty steps through an agent of a kind, on a server that loses patience soon."""
    agents = []

    def begin(kind, **parameters):
        server, proxy = fresh_server(**SOON)
        label = f"{kind}-{request.node.name.replace('[', '-').replace(']', '')}"
        start = {"stock": stock.StockAgent, "ours": stock.OurAgent}[kind]
        with set_temporary_config({"cloud.api": proxy.url}):
            Client().create_project("P")
            flow_id = flows.register("slow_steps", "P", label)
            agents.append(start(proxy.url, home, label=label))
            run_id = Client().create_flow_run(flow_id=flow_id, parameters={"steps": STEPS, "pause": 0.3, **parameters})
        runs.wait_until(
            server.url, run_id, lambda run: sum(child["state"] == "Success" for child in run.children("step")) >= 2, 90,
            agents[0].poke, "two steps",
        )

        def again():
            agents.append(start(proxy.url, home, label=label))
            return agents[-1]

        return server, run_id, agents[0], again

    yield begin
    for agent in agents:
        agent.stop()


@pytest.mark.timeout(240)
def test_killed_with_a_stock_agent(begun):
    """The task that was at work fails, the run is started again, finished tasks are not run again.

    What the library makes of the rest of a mapped task in a second process is its own affair.
    """
    # Steps so long that one is at work whenever the process is killed.
    server, run_id, agent, _ = begun("stock", steps=8, pause=3)
    runs.wait_until(
        server.url, run_id, lambda run: any(child["state"] == "Running" for child in run.children("step")), what="a step"
    )
    processes.kill_all(run_id)
    run = runs.wait_finished(server.url, run_id, "Failed", 120, agent.poke)
    assert run.history == ["Scheduled", "Submitted", "Running", "Scheduled", "Submitted", "Running", "Failed"], run.explain()
    again = run.states[3]["message"]
    assert again.startswith("Rescheduled by a Lazarus process.") and "the last heartbeat came at" in again, again
    given_up = "No heartbeat detected from the remote task; marking the run as failed."
    ended = [child for child in run.children("step") if (child["state_message"] or "").startswith(given_up)]
    assert len(ended) == 1 and ended[0]["state"] == "Failed", run.explain()
    for child in run.children("step"):
        assert sum(state["state"] == "Running" for state in child["states"]) == 1, "no step ran twice"


@pytest.mark.timeout(240)
def test_hanging_process(begun):
    """Silent, but its heartbeat process lives: nobody takes the run from it."""
    server, run_id, agent, _ = begun("stock")
    pid = processes.executing(run_id)
    os.kill(pid, signal.SIGSTOP)
    until = time.monotonic() + 35
    while time.monotonic() < until:
        assert runs.read(server.url, run_id).state == "Running"
        time.sleep(1)
    os.kill(pid, signal.SIGCONT)
    run = runs.wait_finished(server.url, run_id, "Success", 90, agent.poke)
    assert run.history == ["Scheduled", "Submitted", "Running", "Success"], run.explain()


@pytest.mark.timeout(240)
def test_killed_with_our_agent(begun):
    """The agent sees it, and says with which signal."""
    server, run_id, agent, _ = begun("ours")
    os.kill(processes.executing(run_id), signal.SIGKILL)
    run = runs.wait_finished(server.url, run_id, "Failed", 30, agent.poke)
    assert run.state_message.startswith("the flow-run process was killed by signal SIGKILL (9)"), run.explain()
    assert run.messages("killed by signal SIGKILL (9)"), run.explain()
    assert not processes.of_run(run_id), "nothing of it is left"


@pytest.mark.timeout(240)
def test_our_agent_comes_back(begun):
    """kill -9 of the agent; the run goes on, is found again, and ends as if nothing had been."""
    server, run_id, agent, again = begun("ours")
    agent.kill()
    time.sleep(8)
    assert runs.read(server.url, run_id).state == "Running", "its process beats"
    agent = again()
    run = runs.wait_finished(server.url, run_id, "Success", 90, agent.poke)
    assert run.history == ["Scheduled", "Submitted", "Running", "Success"], run.explain()
    assert "found again" in agent.tail()


@pytest.mark.timeout(240)
def test_agent_and_process_are_gone(begun):
    """Nobody is left to say anything: the run is started again within a minute, here in seconds."""
    server, run_id, agent, again = begun("ours")
    agent.kill()
    for pid in processes.of_run(run_id):
        os.kill(pid, signal.SIGKILL)
    lost = time.monotonic()
    run = runs.wait_until(server.url, run_id, lambda run: run.state == "Scheduled", 60, what="Scheduled again")
    assert time.monotonic() - lost < 30
    assert run.state_message.startswith("Lost and rescheduled (attempt 1 of 3): agent 'ours'"), run.explain()
    agent = again()
    run = runs.wait_finished(server.url, run_id, "Failed", 90, agent.poke)
    assert run.history[:5] == ["Scheduled", "Submitted", "Running", "Scheduled", "Submitted"], run.explain()
    for child in run.children("step"):
        assert sum(state["state"] == "Running" for state in child["states"]) == 1, "no step ran twice"


@pytest.mark.timeout(240)
@pytest.mark.parametrize("kind", ["stock", "ours"])
def test_cancelled_and_gone(begun, kind):
    """Cancelled while nobody is left who could stop anything."""
    server, run_id, agent, _ = begun(kind)
    agent.kill()
    for pid in processes.of_run(run_id):
        os.kill(pid, signal.SIGKILL)
    with set_temporary_config({"cloud.api": server.url}):
        assert Client().cancel_flow_run(run_id) == "Cancelling"
    state, message = {
        "ours": ("Cancelled", "Nobody was left to stop it"),
        "stock": ("Failed", "No heartbeat detected from the flow run; marking the run as failed."),
    }[kind]
    run = runs.wait_finished(server.url, run_id, state, 60)
    assert message in run.state_message, run.explain()
    if kind == "ours":
        assert not {"Running", "Pending"} & {task_run["state"] for task_run in run.task_runs}, run.tasks()
