"""Registration: what `flow.register` and `prefect register` send, and what must stand in the tables afterwards."""

import pytest
from harness import api, flows
from prefect import Flow, Parameter, Task, task
from prefect.run_configs import UniversalRun
from prefect.storage import Local

FLOW = """query($id: uuid!) { flow_by_pk(id: $id) {
  name version archived version_group_id flow_group_id is_schedule_active parameters run_config storage core_version
  serialized_flow project { name } flow_group { name settings }
  tasks(order_by: {slug: asc}) {
    slug name type max_retries retry_delay mapped tags cache_key auto_generated is_root_task is_terminal_task is_reference_task
  }
  edges(order_by: {key: asc}) { key mapped upstream_task { slug } downstream_task { slug } }
} }"""


def read_flow(url, flow_id):
    return api.post(url, FLOW, {"id": flow_id})["flow_by_pk"]


def build(name, tasks):
    """A flow of so many tasks; never run, so its storage may point nowhere."""
    flow = Flow(name, tasks=[Task(name=f"t{index:04}") for index in range(tasks)])
    flow.storage = Local(path="/nowhere.py", stored_as_script=True, add_default_labels=False)
    flow.run_config = UniversalRun()
    return flow


def test_flow_register_stores_everything(client, project, url):
    """§4.1, §2.3: tasks and edges sent by M6/M7 are stored with their columns and appear in serialized_flow."""
    flow_id = flows.register("mapping", project, label="nobody")
    flow = read_flow(url, flow_id)
    assert (flow["name"], flow["version"], flow["archived"], flow["project"]["name"]) == ("mapping", 1, False, project)
    assert flow["flow_group"]["name"] == flow["version_group_id"], "§6: the group is named after the version group"
    assert flow["flow_group"]["settings"]["heartbeat_enabled"] is True
    assert flow["run_config"]["labels"] == ["nobody"]
    assert flow["storage"]["type"] == "Local"
    assert flow["core_version"] == "1.4.1", "taken from X-PREFECT-CORE-VERSION"
    tasks = {row["slug"]: row for row in flow["tasks"]}
    assert set(tasks) == {"make_orders-1", "lines_of-1", "add_tax-1", "total-1"}
    assert {slug for slug, row in tasks.items() if row["mapped"]} == {"lines_of-1", "add_tax-1"}
    assert {slug for slug, row in tasks.items() if row["is_root_task"]} == {"make_orders-1"}
    assert {slug for slug, row in tasks.items() if row["is_terminal_task"]} == {"total-1"}
    edges = {(e["upstream_task"]["slug"], e["downstream_task"]["slug"], e["key"], e["mapped"]) for e in flow["edges"]}
    assert edges == {
        ("make_orders-1", "lines_of-1", "order", True),
        ("lines_of-1", "add_tax-1", "line", True),
        ("add_tax-1", "total-1", "lines", False),
    }
    assert len(flow["serialized_flow"]["tasks"]) == 4, "§6: register_tasks appends to serialized_flow"


def test_task_columns(client, project, url):
    """§3.5: retry delay as interval text, tags, cache key, reference tasks."""

    @task(max_retries=2, retry_delay=__import__("datetime").timedelta(minutes=5), tags=["b", "a"], cache_key="k")
    def work():
        pass

    flow = build("columns", 0)
    with flow:
        work()
    row = read_flow(url, flow.register(project, no_url=True))["tasks"][0]
    assert (row["max_retries"], row["retry_delay"], row["cache_key"]) == (2, "00:05:00", "k")
    assert sorted(row["tags"]) == ["a", "b"]
    assert (row["slug"], row["type"]) == ("work-a-b-1", "prefect.tasks.core.function.FunctionTask")
    assert row["is_reference_task"] is True, "§2.3: without reference tasks the terminal ones are meant"


@pytest.mark.parametrize(("tasks", "calls"), [(0, 1), (1, 1), (500, 2), (501, 2)])
def test_batches_of_500(client, project, url, exchanges, tasks, calls):
    """§2.3 and gotcha 14: batches of 500, with an empty extra call at 0 and 500; a run has one task run for each task."""
    flow_id = build(f"flow-{tasks}", tasks).register(project, no_url=True)
    assert sum(e.operation == "register_tasks" for e in exchanges()) == calls
    assert len(read_flow(url, flow_id)["tasks"]) == tasks
    run_id = client.create_flow_run(flow_id=flow_id)
    counts = api.post(
        url,
        "query($id: uuid!) { task_run_aggregate(where: {flow_run_id: {_eq: $id}, state: {_eq: \"Pending\"}}) "
        "{ aggregate { count } } }",
        {"id": run_id},
    )
    assert counts["task_run_aggregate"]["aggregate"]["count"] == tasks
    assert client.cancel_flow_run(run_id)


def test_uncompressed(client, project, url):
    """M5: `create_flow` with the flow as JSON instead of compressed text."""
    flow_id = client.register(build("plain", 2), project, compressed=False, no_url=True)
    assert len(read_flow(url, flow_id)["tasks"]) == 2


def test_versions_and_archiving(client, project, url):
    """§6: a further registration is version 2 of the same group, and archives version 1."""
    first, second = flows.register("child", project), flows.register("child", project)
    old, new = read_flow(url, first), read_flow(url, second)
    assert (old["version"], old["archived"], new["version"], new["archived"]) == (1, True, 2, False)
    assert old["flow_group_id"] == new["flow_group_id"]


def test_archiving_ends_what_was_planned(client, project, url):
    """§6: a new version cancels ad-hoc runs that wait and deletes the auto-scheduled ones of the old version."""
    first = flows.register("scheduled", project, label="nobody")
    ad_hoc = client.create_flow_run(flow_id=first, parameters={"who": "me"})
    flows.register("scheduled", project, label="nobody")
    rows = api.post(url, "query($id: uuid!) { flow_run(where: {flow_id: {_eq: $id}}) { id state } }", {"id": first})["flow_run"]
    assert rows == [{"id": ad_hoc, "state": "Cancelled"}]


@pytest.mark.expects_errors("archived")
def test_archived_flow_cannot_run(client, project):
    """§6: creating a run of an archived version is refused."""
    from prefect.exceptions import ClientError

    first = flows.register("child", project)
    flows.register("child", project)
    with pytest.raises(ClientError, match="archived"):
        client.create_flow_run(flow_id=first)


def test_same_idempotency_key_is_same_version(client, project, url):
    """§4.7: the key of the group's last registration, with an unarchived version: nothing changes, same id."""
    first = flows.register("child", project, idempotency_key="build-1")
    assert flows.register("child", project, idempotency_key="build-1") == first
    second = flows.register("child", project, idempotency_key="build-2")
    assert second != first and read_flow(url, second)["version"] == 2


def test_version_group_id(client, project, url):
    """§6: flows of different names with one version group are versions of each other."""
    first = build("before", 1).register(project, no_url=True, version_group_id="my-group")
    second = build("after", 1).register(project, no_url=True, version_group_id="my-group")
    assert read_flow(url, second)["version"] == 2
    assert read_flow(url, first)["archived"] is True
    run_id = client.create_flow_run(version_group_id="my-group")
    row = api.post(url, "query($id: uuid!) { flow_run_by_pk(id: $id) { flow_id } }", {"id": run_id})
    assert row["flow_run_by_pk"]["flow_id"] == second, "M9: the group's unarchived version"


def test_parameters_are_stored(client, project, url):
    """§2.3: parameters with default and required; defaults fill the run's parameters when truthy (§6)."""
    flow = build("with-parameters", 0)
    flow.add_task(Parameter("needed"))
    flow.add_task(Parameter("count", default=3))
    flow.add_task(Parameter("nothing", default=None, required=False))
    flow_id = flow.register(project, no_url=True)
    stored = {p["name"]: (p["required"], p["default"]) for p in read_flow(url, flow_id)["parameters"]}
    assert stored == {"needed": (True, None), "count": (False, 3), "nothing": (False, None)}
    run_id = client.create_flow_run(flow_id=flow_id, parameters={"needed": "x", "extra": [1]})
    row = api.post(url, "query($id: uuid!) { flow_run_by_pk(id: $id) { parameters } }", {"id": run_id})
    assert row["flow_run_by_pk"]["parameters"] == {"count": 3, "needed": "x", "extra": [1]}


def test_unknown_project(client):
    """Q7 with no rows: the library itself explains."""
    with pytest.raises(ValueError, match="not found"):
        flows.register("child", "no-such-project")


def test_cli_registers_and_skips(cli, project, url):
    """§2.3: `prefect register` twice is one version and "Skipped"; `--force` is another version."""
    path = str(flows.FLOWS / "mapping.py")
    first = cli("register", "--project", project, "-p", path)
    assert "1 registered" in first.stdout and "Version: 1" in first.stdout
    again = cli("register", "--project", project, "-p", path)
    assert "Skipped (metadata unchanged)" in again.stdout and "1 skipped" in again.stdout
    forced = cli("register", "--project", project, "-p", path, "--force")
    assert "Version: 2" in forced.stdout
    rows = api.post(
        url,
        "query($p: String!) { flow(where: {project: {name: {_eq: $p}}}, order_by: {version: asc}) "
        "{ version archived tasks_aggregate { aggregate { count } } edges_aggregate { aggregate { count } } } }",
        {"p": project},
    )["flow"]
    assert [(row["version"], row["archived"]) for row in rows] == [(1, True), (2, False)]
    for row in rows:
        assert row["tasks_aggregate"]["aggregate"]["count"] == 4, "the CLI sends tasks inside the flow"
        assert row["edges_aggregate"]["aggregate"]["count"] == 3


def test_schedule_makes_runs(client, project, url):
    """§6: a flow with a schedule has its next ten runs at once, merged over clocks, each with its clock's parameters."""
    flow_id = flows.register("scheduled", project, label="nobody")
    query = """query($id: uuid!) { flow_run(where: {flow_id: {_eq: $id}}, order_by: {scheduled_start_time: asc}) {
      auto_scheduled parameters scheduled_start_time state } flow_by_pk(id: $id) { is_schedule_active } }"""
    answer = api.post(url, query, {"id": flow_id})
    rows = answer["flow_run"]
    assert answer["flow_by_pk"]["is_schedule_active"] is True
    assert len(rows) == 10 and all(row["auto_scheduled"] and row["state"] == "Scheduled" for row in rows)
    for row in rows:
        minute = row["scheduled_start_time"][14:16]
        assert row["parameters"] == {"who": {"00": "hourly", "30": "half past"}[minute]}
    assert len({row["scheduled_start_time"] for row in rows}) == 10

    assert api.mutate(url, "set_schedule_inactive", "success", flow_id=flow_id)["success"]
    assert api.post(url, query, {"id": flow_id})["flow_run"] == [], "§6: switching off deletes what was planned"


def test_schedule_not_activated(client, project, url):
    """M8 is left out with `set_schedule_active=False`: nothing is planned."""
    flow_id = flows.register("scheduled", project, label="nobody", set_schedule_active=False)
    rows = api.post(url, "query($id: uuid!) { flow_run(where: {flow_id: {_eq: $id}}) { id } }", {"id": flow_id})
    assert rows["flow_run"] == []


def test_labels_of_a_run(client, project, url):
    """§6: labels of a run: given ones, else the run config's, else the flow's; sorted; an explicit [] counts."""
    flow_id = flows.register("child", project, label="from-flow")
    cases = [
        ({}, ["from-flow"]),
        ({"labels": ["b", "a"]}, ["a", "b"]),
        ({"labels": []}, []),
        ({"run_config": UniversalRun(labels=["from-run"])}, ["from-run"]),
    ]
    for options, expected in cases:
        run_id = client.create_flow_run(flow_id=flow_id, scheduled_start_time=_in_a_year(), **options)
        row = api.post(url, "query($id: uuid!) { flow_run_by_pk(id: $id) { labels } }", {"id": run_id})
        assert row["flow_run_by_pk"]["labels"] == expected, options


def _in_a_year():
    import pendulum

    return pendulum.now("America/New_York").add(years=1)
