"""The library's own read functions: `prefect.backend` views, result lookup, watching, infos of `Client`."""

import pendulum
import pytest
from harness import flows
from prefect.backend import FlowRunView, FlowView, TaskRunView, TenantView
from prefect.backend.flow_run import watch_flow_run


@pytest.fixture
def finished(runner, stock_agent):
    return runner.run("mapping", stock_agent)


def test_views(finished, client, project):
    """Q5, Q6, Q19-Q23: every `*View` of a finished run."""
    view = FlowRunView.from_flow_run_id(finished.id)
    assert view.state.is_successful() and [s.__class__.__name__ for s in view.states] == finished.history
    assert view.labels == ["stock"] and view.parameters == {}
    assert len(view.get_all_task_runs()) == len(finished.task_runs)
    assert set(view.get_task_run_ids()) == {task_run["id"] for task_run in finished.task_runs}

    flow = view.get_flow_metadata()
    assert flow.name == "mapping" and flow.project_name == project and not flow.archived
    assert FlowView.from_flow_name("mapping", project_name=project).flow_id == flow.flow_id
    assert FlowView.from_flow_group_id(_flow_group(client, flow.flow_id)).flow_id == flow.flow_id
    assert {t.slug for t in flow.flow.tasks} == {"make_orders-1", "lines_of-1", "add_tax-1", "total-1"}

    total = view.get_task_run(task_slug="total-1")
    assert total.get_result() == 1238, "the result is read from where it lies, not from the server"
    assert [line["price"] for line in view.get_task_run(task_slug="add_tax-1").get_result()] == [275, 962, 1]
    child = view.get_task_run(task_slug="add_tax-1", map_index=1)
    assert child.map_index == 1 and TaskRunView.from_task_run_id(child.task_run_id).get_result() == child.get_result()
    assert TenantView.from_current_tenant().slug == "default"


def test_logs_and_watching(finished, runner, stock_agent):
    """Q21: all log lines once, in order, also page by page."""
    runner.until(finished.id, stock_agent, lambda run: run.messages("Flow run SUCCESS"), 20, "the last log line")
    view = FlowRunView.from_flow_run_id(finished.id)
    now = pendulum.now("UTC")
    everything = view.get_logs(end_time=now)
    assert [line.timestamp for line in everything] == sorted(line.timestamp for line in everything)
    middle = everything[len(everything) // 2].timestamp
    pages = view.get_logs(end_time=middle) + view.get_logs(start_time=middle, end_time=now)
    assert [line.message for line in pages] == [line.message for line in everything]
    watched = [line.message for line in watch_flow_run(finished.id)]
    assert len(watched) == 1 and "finished" in watched[0], "there is nothing left to watch"


def test_get_task_run_result_task(finished):
    """The task `get_task_run_result`, run in this process."""
    from prefect.tasks.prefect import get_task_run_result

    assert get_task_run_result.run(finished.id, "total-1", poll_time=1) == 1238


def test_flow_run_info(finished, client):
    """Q9: `Client.get_flow_run_info`, with one entry per static task."""
    info = client.get_flow_run_info(finished.id)
    assert info.state.is_successful() and info.version == 4
    assert {task_run.task_slug for task_run in info.task_runs} == {"make_orders-1", "lines_of-1", "add_tax-1", "total-1"}
    assert client.get_flow_run_state(finished.id).is_successful()
    task_run = info.task_runs[0]
    again = client.get_task_run_info(finished.id, task_run.task_id, map_index=-1)
    assert (again.id, again.version) == (task_run.id, task_run.version), "M13 returns what is there"


def test_custom_queries(finished, client, project):
    """§2.2: documents of users' own, through `Client.graphql` in all the forms it takes."""
    by_text = client.graphql(
        "query($p: String) { project(where: {name: {_eq: $p}}) { flows { name flow_runs(limit: 1) { id state } } } }",
        variables={"p": project},
    )
    assert by_text.data.project[0].flows[0].flow_runs[0].state == "Success"
    by_dict = client.graphql({"query": {"flow_run_by_pk(id: %s)" % _quoted(finished.id): {"name", "state"}}})
    assert by_dict.data.flow_run_by_pk.name == finished.name


def test_not_found(client):
    """Q9 and Q20 without rows: the library's own messages."""
    missing = "00000000-0000-4000-8000-000000000000"
    with pytest.raises(Exception, match="not found"):
        client.get_flow_run_info(missing)
    with pytest.raises(ValueError, match="No flow runs found"):
        FlowRunView.from_flow_run_id(missing)


def test_times_survive(client, project, url):
    """Gotcha 9: microseconds and zone of a start time come back as the same instant."""
    flow_id = flows.register("child", project, label="nobody")
    due = pendulum.datetime(2031, 7, 1, 12, 30, 15, 123456, tz="America/New_York")
    run_id = client.create_flow_run(flow_id=flow_id, scheduled_start_time=due)
    assert client.get_flow_run_info(run_id).scheduled_start_time == due
    assert client.get_flow_run_state(run_id).start_time == due


def _flow_group(client, flow_id):
    return client.graphql({"query": {f'flow_by_pk(id: "{flow_id}")': {"flow_group_id"}}}).data.flow_by_pk.flow_group_id


def _quoted(text):
    return f'"{text}"'
