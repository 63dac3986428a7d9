"""Cancelling a flow run in each phase of its life."""

import pytest
from harness import flows, runs

UNFINISHED = {"Pending", "Running", "Scheduled", "Submitted", "Retrying", "Cancelling"}


@pytest.mark.may_see_errors("its flow run is (Cancelling|Cancelled), not Running")
def test_cancel_while_running(runner, agent, client):
    """§4.5: Running → Cancelling → Cancelled; task runs that had not finished are Cancelled, finished ones stay."""
    run_id = runner.create(runner.register("slow_steps", agent), parameters={"steps": 150, "pause": 0.3})
    runner.until(
        run_id, agent, lambda run: sum(t["state"] == "Success" for t in run.children("step")) >= 3, 60, "three steps"
    )
    assert client.cancel_flow_run(run_id) == "Cancelling"
    run = runner.finish(run_id, agent, state="Cancelled")
    assert run.history == ["Scheduled", "Submitted", "Running", "Cancelling", "Cancelled"]
    states = [task_run["state"] for task_run in run.task_runs]
    assert not UNFINISHED & set(states), run.tasks()
    assert states.count("Success") < 150
    assert run.task("finish")["state"] == "Cancelled"
    assert run.end_time


def test_cancel_before_start(client, project, url):
    """§4.5: a run that has not begun is Cancelled at once, with all its task runs."""
    run_id = client.create_flow_run(flow_id=flows.register("mapping", project, label="nobody"))
    assert client.cancel_flow_run(run_id) == "Cancelled"
    run = runs.read(url, run_id)
    assert run.history == ["Scheduled", "Cancelled"]
    assert set(run.tasks().values()) == {"Cancelled"}


def test_cancel_after_the_end(runner, stock_agent, client, url):
    """§4.5: cancelling a finished run changes nothing and returns its state."""
    run = runner.run("child", stock_agent)
    assert client.cancel_flow_run(run.id) == "Success"
    assert runs.read(url, run.id).history == run.history


def test_cancel_task(runner, stock_agent, client, url, project):
    """M15 from within a flow: the task `CancelFlowRun`."""
    from prefect import Flow
    from prefect.tasks.prefect import CancelFlowRun

    victim = client.create_flow_run(flow_id=flows.register("mapping", project, label="nobody"))
    with Flow("canceller") as flow:
        CancelFlowRun()(flow_run_id=victim)
    assert flow.run().is_successful()
    assert runs.read(url, victim).state == "Cancelled"
