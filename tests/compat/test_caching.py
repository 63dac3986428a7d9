"""Caching between flow runs: by the inputs of a task, and by a key that tasks of different flows share."""

from harness.api import mutate


def logged(runner, run, agent, text):
    return runner.until(run.id, agent, lambda run: run.messages(text), 20, f"log line {text!r}")


def test_cache_by_inputs_and_by_key(runner, stock_agent):
    """§4.7, Q11: a miss is Running, Success, Cached; a hit is Cached straight from Pending; other inputs miss.

    With a key the match is across flows.
    """
    flow_id = runner.register("caching", stock_agent)
    parameters = {"x": id(flow_id) % 100_000}  # other inputs than any other run

    first = runner.finish(runner.create(flow_id, parameters=parameters), stock_agent)
    assert first.task_history("square") == ["Pending", "Running", "Success", "Cached"]
    state = first.task("square")["serialized_state"]
    assert state["cached_parameters"] == parameters and set(state["hashed_inputs"]) == {"x"}

    second = runner.finish(runner.create(flow_id, parameters=parameters), stock_agent)
    assert second.task_history("square") == ["Pending", "Cached"]
    assert second.task_history("table") == ["Pending", "Cached"]
    second = logged(runner, second, stock_agent, "rows {'a': 1}")
    assert second.messages(f"square {parameters['x'] ** 2} ")
    assert not second.messages("computing")

    third = runner.finish(runner.create(flow_id, parameters={"x": -1}), stock_agent)
    assert third.task_history("square") == ["Pending", "Running", "Success", "Cached"]
    assert third.task_history("table") == ["Pending", "Cached"]

    elsewhere = runner.run("caching_elsewhere", stock_agent)
    assert elsewhere.task_history("another_table") == ["Pending", "Cached"]
    logged(runner, elsewhere, stock_agent, "rows {'a': 1}")


def test_cache_does_not_cross_tenants(runner, stock_agent, url):
    """Q11 "scope to the tenant": another tenant sees no cached state."""
    runner.run("caching", stock_agent)
    tenant = mutate(url, "create_tenant", "id", name="Other", slug=f"other-{id(runner)}")["id"]
    from harness.api import post

    query = '{ task_run(where: {state: {_eq: "Cached"}, cache_key: {_eq: "shared-table"}}, limit: 100) { id } }'
    key = mutate(url, "create_api_key", "key", name="other", role="admin", tenant_id=tenant)["key"]
    assert post(url, query)["task_run"], "our own tenant has them"
    assert post(url, query, key=key)["task_run"] == []
