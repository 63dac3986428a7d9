"""Prefect's command line, as people and CI jobs use it."""

import json
import re
import uuid

import pytest
from harness import api, flows, runs, stock


@pytest.mark.expects_errors("^Uniqueness violation\\.$")
def test_create_project_twice(cli, server, exchanges):
    """§1.4: the second time the server says exactly "Uniqueness violation." and the client finds the project's id."""
    name = f"twice-{uuid.uuid4().hex[:8]}"
    for _ in range(2):
        assert f"{name} created" in cli("create", "project", name).stdout
    assert f"{name} already exists" in cli("create", "project", name, "--skip-if-exists").stdout
    rows = api.post(server.url, "query($n: String!) { project(where: {name: {_eq: $n}}) { id } }", {"n": name})
    assert len(rows["project"]) == 1


def test_delete_project(cli, client, url, project, stock_agent, runner):
    """M3, §6: deleting a project deletes everything in it."""
    run = runner.run("child", stock_agent)
    assert f"{project} deleted" in cli("delete", "project", project).stdout
    left = api.post(
        url, "query($id: uuid!, $p: String!) { flow_run_by_pk(id: $id) { id } project(where: {name: {_eq: $p}}) { id } "
        "task_run(where: {flow_run_id: {_eq: $id}}) { id } }", {"id": run.id, "p": project},
    )
    assert left == {"flow_run_by_pk": None, "project": [], "task_run": []}
    again = cli("delete", "project", project).stdout
    assert "not found" in again and "Error deleting project" in again


def test_create_tenant(fresh_server, home):
    """M1, gotcha 19: a further tenant is made, and the first one stays first; a slug is given once."""
    server, proxy = fresh_server()
    before = api.post(server.url, "{ tenant { id } }")["tenant"]
    done = stock.prefect(proxy.url, home, "server", "create-tenant", "--name", "Second Tenant")
    tenant = re.search(r"Tenant created with ID: (\S+)", done.stdout)[1]
    assert api.post(server.url, "{ tenant { id } }")["tenant"][0] == before[0]
    assert tenant != before[0]["id"]
    again = stock.prefect(proxy.url, home, "server", "create-tenant", "--name", "Second Tenant", check=False)
    assert again.returncode != 0 and "Uniqueness violation" in again.stdout


def test_run_and_watch(cli, project, stock_agent, runner):
    """§4.2: `prefect run --watch` shows states and logs and ends with the run; parameters, labels, names and ids work."""
    flow_id = runner.register("parameters", stock_agent)
    stock_agent.poke()
    done = cli(
        "run", "--name", "parameters", "--project", project, "--watch", "--run-name", "from the shell",
        "--param", 'name="Ada"', "--param", "times=5", "--label", stock_agent.label,
    )
    for word in ("Scheduled", "Submitted", "Running", "Success", "got [", '"Ada", 5', "Flow run succeeded"):
        assert word in done.stdout, done.stdout
    by_id = cli("run", "--id", flow_id, "--quiet", "--param", "name=1")
    run_id = re.search(r"[0-9a-f-]{36}", by_id.stdout)[0]
    assert runner.finish(run_id, stock_agent).parameters["name"] == 1


def test_watched_failure_is_exit_code_1(cli, project, stock_agent, runner):
    """§4.2: a watched run that fails makes the command fail."""
    runner.register("failing", stock_agent)
    done = cli("run", "--name", "failing", "--project", project, "--watch", check=False)
    assert done.returncode == 1 and "Flow run failed" in done.stdout, done.stdout


@pytest.mark.expects_errors("Required parameters were not supplied")
def test_required_parameter(cli, project, stock_agent, runner):
    """§6: a missing required parameter is refused with its name."""
    runner.register("parameters", stock_agent)
    done = cli("run", "--name", "parameters", "--project", project, check=False)
    assert done.returncode == 1 and "name" in done.stdout


def test_execute_without_agent(cli, project, stock_agent, runner, url):
    """§4.3: `--execute` runs it here, straight from Scheduled to Running, with a label no agent has."""
    runner.register("mapping", stock_agent)
    done = cli("run", "--name", "mapping", "--project", project, "--execute")
    assert "Flow run succeeded" in done.stdout, done.stdout
    rows = api.post(
        url, "query($p: String!) { flow_run(where: {flow: {project: {name: {_eq: $p}}}}) { id } }", {"p": project}
    )["flow_run"]
    run = runs.read(url, rows[0]["id"])
    assert run.history == ["Scheduled", "Running", "Success"]
    assert run.labels[0].startswith("agentless-run-") or run.labels[-1].startswith("agentless-run-")


def test_get_and_describe(cli, project, stock_agent, runner):
    """Q34-Q41 and the null rule (§3.3): every option may be left out; what is asked for is found."""
    runner.register("mapping", stock_agent)
    flow_id = runner.register("mapping", stock_agent)
    run = runner.finish(runner.create(flow_id, run_name=f"run-of-{project}"), stock_agent)
    runner.until(run.id, stock_agent, lambda run: run.messages("Flow run SUCCESS"), 20, "the last log line")

    newest = cli("get", "flows", "--project", project).stdout
    assert re.search(rf"mapping\s+2\s.*{project}", newest) and len(newest.splitlines()) == 2
    assert len(cli("get", "flows", "--project", project, "--all-versions").stdout.splitlines()) == 3
    assert flow_id in cli("get", "flows", "--name", "mapping", "--version", "2", "--project", project).stdout
    assert cli("get", "flows").stdout.count("\n") >= 2
    assert re.search(rf"{project}\s+1\s", cli("get", "projects", "--name", project).stdout), "one distinct flow name"
    assert cli("get", "projects").stdout.count("\n") >= 2
    for options in ([], ["--flow", "mapping"], ["--started"]):
        assert f"run-of-{project}" in cli("get", "flow-runs", "--project", project, *options).stdout
    tasks = cli("get", "tasks", "--project", project, "--flow-name", "mapping", "--flow-version", "2").stdout
    assert len(tasks.splitlines()) == 5 and re.search(r"add_tax\s+mapping\s+2\s.*True", tasks)
    for lookup in (["--name", f"run-of-{project}"], ["--id", run.id]):
        assert "total 1238 of 3 lines" in cli("get", "logs", *lookup).stdout

    described = json.loads(cli("describe", "flows", "--name", "mapping", "--project", project).stdout)
    assert (described["version"], described["project"]["name"]) == (2, project)
    described = cli("describe", "tasks", "--name", "mapping", "--project", project).stdout
    assert all(f'"{name}"' in described for name in ("make_orders", "lines_of", "add_tax", "total"))
    described = json.loads(cli("describe", "flow-runs", "--name", f"run-of-{project}", "--flow-name", "mapping").stdout)
    assert described["serialized_state"]["type"] == "Success" and described["auto_scheduled"] is False


def test_heartbeat(cli, client, project, url):
    """M10: `prefect heartbeat flow-run` sets the run's heartbeat."""
    run_id = client.create_flow_run(flow_id=flows.register("child", project, label="nobody"))
    query = "query($id: uuid!) { flow_run_by_pk(id: $id) { heartbeat } }"
    assert api.post(url, query, {"id": run_id})["flow_run_by_pk"]["heartbeat"] is None
    cli("heartbeat", "flow-run", "-i", run_id, "-n", "2", extra={"PREFECT__CLOUD__HEARTBEAT_INTERVAL": "0.1"})
    assert api.post(url, query, {"id": run_id})["flow_run_by_pk"]["heartbeat"] is not None


def test_second_agent_is_known(stock_agent, client, url, exchanges):
    """M21, §6: registering the same agent again gives the same id; the list of agents says when each was heard of."""
    first = client.register_agent("LocalAgent", "twin", ["a", "b"])
    assert client.register_agent("LocalAgent", "twin", ["b", "a"]) == first
    assert client.register_agent("LocalAgent", "twin", ["c"]) != first
    rows = api.post(url, "{ agent { id name type labels core_version last_queried } }")["agent"]
    twin = next(row for row in rows if row["id"] == first)
    assert (twin["type"], sorted(twin["labels"]), twin["core_version"]) == ("LocalAgent", ["a", "b"], "1.4.1")
