"""Version locking and the other switches of a flow group, as the stock client meets them."""

import threading

import pytest
from harness import api, flows, runs, stock
from harness.proxy import RecordingProxy


def switch(url, flow_id, name):
    api.mutate(url, name, "success", flow_id=flow_id)


def test_two_processes_of_one_run(runner, client, project, server, home, url):
    """§4.6: with locking on, a process that read an older version stops quietly; the other's work stands."""
    flow_id = flows.register("mapping", project, label="nobody")
    switch(url, flow_id, "enable_flow_version_lock")
    run_id = client.create_flow_run(flow_id=flow_id)
    late = RecordingProxy().forward_to(server.url)
    may_go = threading.Event()
    reached = threading.Event()

    def hold(operation):
        """The late process has read the run, and is stopped where it would say Running."""
        if operation == "set_flow_run_states" and not reached.is_set():
            reached.set()
            may_go.wait(140)

    late.before_forward = hold
    execute = lambda proxy: stock.prefect(  # noqa: E731
        proxy, home, "execute", "flow-run", check=False,
        # The client would send again what is held for longer than its timeout.
        extra={"PREFECT__CONTEXT__FLOW_RUN_ID": run_id, "PREFECT__CLOUD__REQUEST_TIMEOUT": "150", "PREFECT__CLOUD__USE_LOCAL_SECRETS": "false",
               "PREFECT__ENGINE__FLOW_RUNNER__DEFAULT_CLASS": "prefect.engine.cloud.CloudFlowRunner",
               "PREFECT__ENGINE__TASK_RUNNER__DEFAULT_CLASS": "prefect.engine.cloud.CloudTaskRunner"},
    )
    ended = []
    second = threading.Thread(target=lambda: ended.append(execute(late.url)))
    second.start()
    try:
        assert reached.wait(60), "the late process did not get there"
        first = execute(server.url)
        assert first.returncode == 0, first.stdout
    finally:
        may_go.set()
        second.join(90)
        late.close()
    run = runs.read(url, run_id)
    assert run.history == ["Scheduled", "Running", "Success"], run.explain()
    for task_run in run.task_runs:
        assert [state["state"] for state in task_run["states"]].count("Running") <= 1, run.explain()
    errors = [error for exchange in late.since() for error in exchange.errors]
    assert [error["extensions"]["code"] for error in errors] == ["VERSION_LOCKING_ERROR"], errors
    assert ended[0].returncode == 0, "it ended without a failure of its own: " + ended[0].stdout
    assert not any(exchange.operation == "set_task_run_states" for exchange in late.since())


@pytest.mark.expects_errors("version 1 was expected")
def test_a_stale_task_run_is_refused(client, project, url):
    """§4.6: the same for a task run; without the lock, the open-source server's rule: the version means nothing."""
    from prefect.engine.state import Running
    from prefect.exceptions import VersionLockMismatchSignal

    flow_id = flows.register("child", project, label="nobody")
    run_id = client.create_flow_run(flow_id=flow_id)
    client.set_flow_run_state(run_id, Running(), version=1)
    task_run = runs.read(url, run_id).task_runs[0]
    client.set_task_run_state(task_run["id"], Running("one"), version=1)
    client.set_task_run_state(task_run["id"], Running("other"), version=1)
    switch(url, flow_id, "enable_flow_version_lock")
    with pytest.raises(VersionLockMismatchSignal):
        client.set_task_run_state(task_run["id"], Running("stale"), version=1)
    client.set_task_run_state(task_run["id"], Running("current"), version=3)
    switch(url, flow_id, "disable_flow_version_lock")
    client.set_task_run_state(task_run["id"], Running("again"), version=1)


@pytest.mark.parametrize("heartbeats", [True, False])
def test_the_switch_reaches_the_process(runner, stock_agent, url, exchanges, heartbeats):
    """§6: `flow.settings` is what the client reads; switched off, the process sends no further heartbeats."""
    flow_id = runner.register("slow_steps", stock_agent)
    if not heartbeats:
        switch(url, flow_id, "disable_flow_heartbeat")
    run_id = runner.create(flow_id, parameters={"steps": 5, "pause": 0.5})
    runner.finish(run_id, stock_agent)
    beats = [
        exchange for exchange in exchanges()
        if exchange.operation == "update_flow_run_heartbeat" and run_id in exchange.document + str(exchange.variables)
    ]
    assert (len(beats) >= 2) == heartbeats, [exchange.variables for exchange in beats]
