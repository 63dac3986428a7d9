"""Manual approval, pausing and resuming, restarting from failed: the stock client under our mutations."""

import json
import subprocess
import time

import pytest
from harness import api, flows, runs
from harness.server import BINARY, environment


@pytest.fixture
def signalbox(url, home):
    """`signalbox("approve", …)`; returns the finished process."""

    def run(*arguments, check=True):
        done = subprocess.run(
            [BINARY, *arguments, "--api", url], env=environment(home), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=90,
        )
        assert not check or done.returncode == 0, f"signalbox {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        return done

    return run


def test_manual_approval(runner, agent, url, signalbox):
    """A `manual_only` task is Paused and the process leaves; approved, the run is handed out again and goes on."""
    run_id = runner.create(runner.register("approval", agent))
    run = runner.until(
        run_id, agent, lambda run: run.task("publish")["state"] == "Paused" and run.messages("incomplete"), 60, "the pause"
    )
    assert run.history == ["Scheduled", "Submitted", "Running"]
    signalbox("approve", run_id, "--note", "looks good")
    again = api.mutate(url, "resume_task_run", "success", task_run_id=run.task("publish")["id"])
    assert again == {"success": True}, "approved twice is approved once"
    run = runner.finish(run_id, agent, seconds=150)
    assert run.task_history("publish") == ["Pending", "Paused", "Resume", "Submitted", "Running", "Success"]
    assert run.task_history("prepare") == ["Pending", "Running", "Success"], "not run again"
    approval = run.task("publish")["states"][2]
    assert approval["message"] == "Approved by somebody on the server's machine: looks good"
    runner.until(run_id, agent, lambda run: run.messages("published 42"), 20, "the published value")


def test_approving_what_waits_for_nobody(runner, stock_agent, url):
    """Refused with a sentence that says how it stands."""
    run = runner.run("child", stock_agent)
    with pytest.raises(api.Refused, match="only what is Paused can be resumed; it is Success") as refused:
        api.mutate(url, "resume_task_run", "success", task_run_id=run.task_runs[0]["id"])
    assert refused.value.code == "CONFLICT"


def test_pause_before_the_start(runner, agent, client, url, signalbox):
    """A paused run is handed to nobody; resumed, it starts."""
    run_id = runner.create(runner.register("child", agent), scheduled_start_time=_soon(2))
    signalbox("pause", run_id)
    time.sleep(4)  # its time has come and gone
    agent.poke()
    run = runner.until(run_id, agent, lambda run: run.state == "Paused", 5, "the pause")
    assert run.history == ["Scheduled", "Paused"]
    assert "somebody" in signalbox("describe", "flow-run", run_id).stdout
    signalbox("resume", run_id)
    run = runner.finish(run_id, agent)
    assert run.history == ["Scheduled", "Paused", "Scheduled", "Submitted", "Running", "Success"]


def test_pause_while_running(runner, agent, url):
    """Of a paused run no further tasks start; the process waits, and goes on when the run is resumed."""
    from prefect.run_configs import UniversalRun

    hasty = UniversalRun(labels=[agent.label], env={"PREFECT__CLOUD__QUEUE_INTERVAL": "3"})
    run_id = runner.create(
        runner.register("slow_steps", agent), parameters={"steps": 12, "pause": 0.3}, run_config=hasty
    )
    runner.until(run_id, agent, lambda run: len(run.messages("step ")) >= 2, 60, "two steps")
    api.mutate(url, "pause_flow_run", "success", flow_run_id=run_id, note="wait for the plumber")
    run = runner.until(run_id, agent, lambda run: "Running" not in run.tasks().values(), 30, "the end of the step")
    done = list(run.tasks().values()).count("Success")
    time.sleep(4)
    run = runs.read(url, run_id)
    assert list(run.tasks().values()).count("Success") == done, "nothing started meanwhile"
    assert run.state == "Paused" and run.state_message.endswith("wait for the plumber")
    api.mutate(url, "resume_flow_run", "success", flow_run_id=run_id)
    run = runner.finish(run_id, agent, seconds=90)
    assert run.history == ["Scheduled", "Submitted", "Running", "Paused", "Running", "Success"]
    assert all(state == "Success" for (slug, index), state in run.tasks().items() if index >= 0)


def test_restart_from_failed_in_one_call(runner, agent, url, tmp_path, signalbox):
    """`restart_flow_run`: what failed and what depends on it runs again; what succeeded does not."""
    cause = tmp_path / "there"
    run_id = runner.create(runner.register("restartable", agent), parameters={"path": str(cause)})
    run = runner.finish(run_id, agent, state="Failed")
    with pytest.raises(api.Refused, match="at version 4, not 3"):
        api.mutate(url, "restart_flow_run", "task_runs", flow_run_id=run_id, version=3)
    cause.write_text("mended")
    done = json.loads(signalbox("restart", run_id, "--output", "json").stdout)
    assert done[0]["task_runs"] == 2
    again = api.mutate(url, "restart_flow_run", "task_runs", flow_run_id=run_id, version=run.version)
    assert again == {"task_runs": 0}, "the same request again"
    run = runner.until(run_id, agent, lambda run: run.state == "Success", 60, "Success after the restart")
    assert run.history == ["Scheduled", "Submitted", "Running", "Failed", "Scheduled", "Submitted", "Running", "Success"]
    assert run.task_history("prepare") == ["Pending", "Running", "Success"]
    assert run.task_history("needs_file") == ["Pending", "Running", "Failed", "Pending", "Running", "Success"]
    assert run.task_history("report") == ["Pending", "TriggerFailed", "Pending", "Running", "Success"]
    runner.until(run_id, agent, lambda run: run.messages("prepared mended"), 20, "the last log line")


def test_restart_of_one_mapped_child(runner, agent, url, tmp_path):
    """Only the element that failed runs again, with what is mapped over it and what needs them all."""
    cause = tmp_path / "there"
    run_id = runner.create(runner.register("mapped_failure", agent), parameters={"path": str(cause)})
    run = runner.finish(run_id, agent, state="Failed")
    assert [child["state"] for child in run.children("double")] == ["Success", "Failed", "Success"]
    cause.write_text("mended")
    assert api.mutate(url, "restart_flow_run", "task_runs", flow_run_id=run_id) == {"task_runs": 3}
    run = runner.until(run_id, agent, lambda run: run.state == "Success", 60, "Success after the restart")
    for slug in ("double", "add_one"):
        ran = [[state["state"] for state in child["states"]].count("Running") for child in run.children(slug)]
        assert ran == [1, 2, 1] if slug == "double" else ran == [1, 1, 1], (slug, ran)
    runner.until(run_id, agent, lambda run: run.messages("total 15"), 20, "the sum")


def test_restart_of_a_cancelled_run(client, project, url):
    """A run that was cancelled before its start: all its task runs are Pending again."""
    run_id = client.create_flow_run(flow_id=flows.register("mapping", project, label="nobody"))
    assert client.cancel_flow_run(run_id) == "Cancelled"
    assert api.mutate(url, "restart_flow_run", "task_runs", flow_run_id=run_id)["task_runs"] == len(
        runs.read(url, run_id).task_runs
    )
    run = runs.read(url, run_id)
    assert run.state == "Scheduled" and set(run.tasks().values()) == {"Pending"}
    with pytest.raises(api.Refused, match="only a flow run that has ended can be restarted; it is Running"):
        other = client.create_flow_run(flow_id=flows.register("child", project, label="nobody"))
        api.mutate(url, "set_flow_run_states", "states { id }",
                   states=[{"flow_run_id": other, "state": {"type": "Running"}, "version": None}])
        api.mutate(url, "restart_flow_run", "task_runs", flow_run_id=other)


def _soon(seconds):
    import pendulum

    return pendulum.now("UTC").add(seconds=seconds)
