"""Concurrency limits as the stock client and the agents meet them (§4.6)."""

import pendulum
import pytest
from harness import api

STATES = """query($id: uuid!) { flow_run_by_pk(id: $id) {
  task_runs(where: {map_index: {_gte: 0}}) { states(order_by: {version: asc}) { state timestamp } } } }"""


def most_at_once(intervals):
    """How many of these intervals overlap at the busiest moment."""
    changes = sorted([(start, 1) for start, _ in intervals] + [(end, -1) for _, end in intervals])
    at_once, most = 0, 0
    for _, change in changes:
        at_once += change
        most = max(most, at_once)
    return most


def test_tag_limit(runner, agent, client, url):
    """A mapped task with a limit of two on its tag, in six threads: never more than two run, and the others wait."""
    client.update_task_tag_limit("narrow", 2)
    assert client.get_task_tag_limit("narrow") == 2
    run = runner.run("tagged", agent, seconds=90)
    data = api.post(url, STATES, {"id": run.id})
    children = [child["states"] for child in data["flow_run_by_pk"]["task_runs"]]
    assert len(children) == 6
    intervals = []
    for states in children:
        assert [state["state"] for state in states] in (["Running", "Success"], ["Queued", "Running", "Success"])
        intervals.append([pendulum.parse(state["timestamp"]) for state in states[-2:]])
    assert most_at_once(intervals) == 2
    assert sum(states[0]["state"] == "Queued" for states in children) >= 2, "somebody had to wait"
    assert api.post(url, "{ concurrency_slot { id } }") == {"concurrency_slot": []}

    limit = api.post(url, '{ task_tag_limit(where: {tag: {_eq: "narrow"}}) { id } }')["task_tag_limit"][0]["id"]
    client.delete_task_tag_limit(limit)
    assert client.get_task_tag_limit("narrow") is None


@pytest.mark.may_see_errors("State update failed: the concurrency limit is reached")
def test_label_limit(runner, agent, client, url):
    """Three runs with a limit of one on their label: one after the other, and each of them well."""
    limit = api.mutate(url, "update_flow_concurrency_limit", "id", label=agent.label, limit=1)["id"]
    try:
        flow_id = runner.register("parameters", agent)
        run_ids = [runner.create(flow_id, parameters={"name": "n", "times": 1}) for _ in range(3)]
        finished = [runner.finish(run_id, agent, seconds=120) for run_id in run_ids]
    finally:
        api.mutate(url, "delete_flow_concurrency_limit", "success", limit_id=limit)
    assert all(run.history == ["Scheduled", "Submitted", "Running", "Success"] for run in finished)
    runs = [(pendulum.parse(run.start_time), pendulum.parse(run.end_time)) for run in finished]
    assert most_at_once(runs) == 1
