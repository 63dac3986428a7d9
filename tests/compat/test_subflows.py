"""Flows that start flows, in the newer and in the older way."""


def test_create_wait_and_get_result(runner, stock_agent, project):
    """§2.2 Q19-Q22: `create_flow_run`, `wait_for_flow_run` and `get_task_run_result` in one flow."""
    runner.register("child", stock_agent)
    run = runner.run("parent", stock_agent, parameters={"project": project}, seconds=100)
    run = runner.until(run.id, stock_agent, lambda run: run.messages("the child returned 42"), 20, "the child's result")
    assert any("Flow 'the-child'" in message for message in run.messages()), "states of the child are streamed"


def test_start_flow_run(runner, stock_agent, project, url):
    """Q33, M9, Q9: `StartFlowRun(wait=True)` starts the newest unarchived version and waits."""
    from harness.api import post

    runner.register("child", stock_agent)
    runner.register("child", stock_agent)
    runner.run("starter", stock_agent, parameters={"project": project}, seconds=100)
    children = post(
        url,
        "query($p: String!) { flow_run(where: {flow: {name: {_eq: \"child\"}, project: {name: {_eq: $p}}}}) "
        "{ state parameters flow { version } } }",
        {"p": project},
    )["flow_run"]
    assert children == [{"state": "Success", "parameters": {"n": 4}, "flow": {"version": 2}}]
