"""Retries, short and long, and the restart of a failed run."""

import pendulum
from prefect.engine.state import Pending, Retrying, Scheduled


def test_short_retries(runner, agent):
    """§4.4: Failed is not the end of a task run; the process itself waits and tries again."""
    run = runner.run("retrying", agent)
    assert run.task_history("flaky") == [
        "Pending", "Running", "Failed", "Retrying", "Running", "Failed", "Retrying", "Running", "Success",
    ]
    assert run.task_history("prepare") == ["Pending", "Running", "Success"]
    assert run.history == ["Scheduled", "Submitted", "Running", "Success"]


def test_long_retry(runner, agent, client):
    """§4.4: with the retry more than 10 minutes off, the process leaves; when it is due, an agent starts another.

    The run stays Running all the while, and the finished task is not run again. Time is moved by a Retrying state
    with an earlier start time.
    """
    run_id = runner.create(runner.register("long_retry", agent))
    run = runner.until(
        run_id, agent, lambda run: run.task("flaky")["state"] == "Retrying" and run.messages("incomplete"), 60,
        "Retrying and the end of the process",
    )
    assert run.history == ["Scheduled", "Submitted", "Running"]
    due = pendulum.parse(run.task("flaky")["state_start_time"])
    assert 19 * 60 < (due - pendulum.now("UTC")).total_seconds() <= 20 * 60

    sooner = Retrying(message="sooner", start_time=pendulum.now("UTC").subtract(seconds=5), run_count=1)
    client.set_task_run_state(task_run_id=run.task("flaky")["id"], state=sooner)
    run = runner.finish(run_id, agent)
    assert run.task_history("prepare") == ["Pending", "Running", "Success"], "not run again"
    assert run.task_history("flaky") == [
        "Pending", "Running", "Failed", "Retrying", "Retrying", "Submitted", "Running", "Success",
    ]
    assert run.task("flaky")["state_start_time"] is None, "§5.2: cleared, so the run left the queue"
    runner.until(run_id, agent, lambda run: run.messages("value is 42"), 20, "the value read back from the first process")


def test_restart_from_failed(runner, agent, client, tmp_path):
    """§6: Failed → Scheduled is accepted; finished tasks are not run again, failed ones set to Pending are."""
    cause = tmp_path / "there"
    run_id = runner.create(runner.register("restartable", agent), parameters={"path": str(cause)})
    run = runner.finish(run_id, agent, state="Failed")
    assert run.tasks()[("report-1", -1)] == "TriggerFailed"

    cause.write_text("mended")
    for slug in ("needs_file", "report"):
        client.set_task_run_state(task_run_id=run.task(slug)["id"], state=Pending("Restarted by hand"))
    client.set_flow_run_state(run_id, Scheduled("Restarted by hand"))
    run = runner.until(run_id, agent, lambda run: run.state == "Success", 60, "Success after the restart")
    assert run.history == ["Scheduled", "Submitted", "Running", "Failed", "Scheduled", "Submitted", "Running", "Success"]
    assert run.task_history("prepare").count("Running") == 1
    assert run.task_history("needs_file").count("Running") == 2
    run = runner.until(run_id, agent, lambda run: run.messages("prepared mended"), 20, "the last log line")
    assert len(run.messages("preparing")) == 1
