"""Our own command line on what the stock library registered: both speak of the same flows, runs and logs."""

import json
import subprocess

import pytest
from harness import flows
from harness.server import BINARY, environment


@pytest.fixture
def signalbox(url, home):
    """`signalbox("get", "flows")` returns the finished process, stdout and stderr apart."""

    def run(*arguments, check=True):
        done = subprocess.run(
            [BINARY, *arguments, "--api", url], env=environment(home), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=90,
        )
        assert not check or done.returncode == 0, f"signalbox {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        return done

    return run


def test_run_and_watch(signalbox, runner, project, stock_agent):
    """Issue 2 item 2: a watched run prints its log lines, and the exit code says how it ended."""
    runner.register("parameters", stock_agent)
    runner.register("failing", stock_agent)
    stock_agent.poke()
    done = signalbox("run", "--name", "parameters", "--project", project, "--param", "name=Ada", "--param", "times=5", "--watch")
    assert 'got ["Ada", {' in done.stdout or 'got ["Ada", 5' in done.stdout, done.stdout + done.stderr
    stock_agent.poke()
    failed = signalbox("run", "--name", "failing", "--project", project, "--watch", check=False)
    assert failed.returncode == 1, failed.stdout + failed.stderr


def test_get_describe_cancel_delete(signalbox, client, project):
    """Item 2: tables for people, JSON for scripts; what is cancelled and deleted is."""
    run_id = client.create_flow_run(flow_id=flows.register("mapping", project, label="nobody"), run_name=f"of-{project}")
    assert project in signalbox("get", "projects").stdout
    listed = json.loads(signalbox("get", "flows", "--project", project, "--output", "json").stdout)
    assert [flow["name"] for flow in listed] == ["mapping"]
    runs = json.loads(signalbox("get", "flow-runs", "--project", project, "--output", "json").stdout)
    assert [(run["id"], run["state"]) for run in runs] == [(run_id, "Scheduled")]
    assert "mapping" in signalbox("describe", "flow-run", run_id).stdout
    signalbox("get", "agents")
    assert "add_tax" in signalbox("get", "tasks", "--project", project).stdout
    signalbox("cancel", run_id)
    runs = json.loads(signalbox("get", "flow-runs", "--project", project, "--output", "json").stdout)
    assert runs[0]["state"] == "Cancelled"
    signalbox("delete", "project", project, "--yes")
    assert json.loads(signalbox("get", "flows", "--project", project, "--output", "json").stdout) == []


def test_create(signalbox, client, project):
    """Item 2: projects and keys; a key is shown once."""
    signalbox("create", "project", f"ours-{project}")
    assert client.graphql('{ project(where: {name: {_eq: "ours-%s"}}) { id } }' % project).data.project
    made = signalbox("create", "api-key", f"key-{project}", "--role", "viewer")
    assert "sbx_" in made.stdout
    assert "sbx_" not in signalbox("get", "api-keys").stdout
