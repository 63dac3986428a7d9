"""What a flow can do: the library's engine in a process of its own, started by an agent, reporting to the server."""

import json

from harness import api


def with_log(runner, run, agent, text, count=1):
    """The run as soon as so many log lines say `text`: a process uploads its last lines after the final state."""
    return runner.until(run.id, agent, lambda run: len(run.messages(text)) >= count, 20, f"log line {text!r}")


def test_mapping(runner, agent):
    """§4.3: a parent is Mapped and never Running, its children are created on demand; flatten and reduce get their data."""
    run = runner.run("mapping", agent)
    assert run.history == ["Scheduled", "Submitted", "Running", "Success"]
    assert [run.task_history(slug) for slug in ("lines_of", "add_tax")] == [["Pending", "Mapped"]] * 2
    assert run.task("lines_of")["serialized_state"]["n_map_states"] == 3
    assert [child["map_index"] for child in run.children("lines_of")] == [0, 1, 2]
    assert [child["map_index"] for child in run.children("add_tax")] == [0, 1, 2], "three lines after flatten"
    assert run.task_history("total") == ["Pending", "Running", "Success"]
    assert run.agent["name"] == agent.label, "§6: Submitted with an agent's header says who took the run"
    assert run.start_time and run.end_time
    with_log(runner, run, agent, "total 1238 of 3 lines")


def test_state_versions(runner, stock_agent):
    """§5.2: version = number of states, for flow runs and static task runs."""
    run = runner.run("mapping", stock_agent)
    assert run.version == len(run.history) == 4
    assert run.task("total")["version"] == 3
    assert [state["version"] for state in run.states] == [1, 2, 3, 4]


def test_parameters(runner, agent):
    """§6: defaults, overlaid by what was given; any JSON arrives unchanged."""
    given = {"name": "Zoë \"😀\"\n", "times": 0}
    run = runner.run("parameters", agent, parameters=given)
    assert run.parameters == {**given, "options": {"deep": [1, {"x": None}], "text": "ünïcødé 😀"}}
    run = with_log(runner, run, agent, "got ")
    assert json.loads(run.messages("got ")[0].removeprefix("got ")) == [given["name"], 0, run.parameters["options"]]


def test_loops(runner, stock_agent):
    """§4.4: Looped, then Running again, with the result carried on."""
    run = runner.run("looping", stock_agent)
    assert run.task_history("collect") == ["Pending", "Running", "Looped", "Running", "Looped", "Running", "Success"]
    with_log(runner, run, stock_agent, "pages [1, 2, 3]")


def test_skip(runner, stock_agent):
    """§5.1: Skipped is a Success; it carries on to followers unless they say otherwise."""
    run = runner.run("skipping", stock_agent)
    assert run.tasks() == {
        ("nothing_new-1", -1): "Skipped", ("process-1", -1): "Skipped", ("clean_up-1", -1): "Success",
    }
    assert run.task("nothing_new")["state_message"] == "nothing new today"


def test_timeout(runner, stock_agent):
    """§4.4: a task over its time is TimedOut and the run has failed."""
    run = runner.run("timing_out", stock_agent, state="Failed")
    assert run.task_history("slow") == ["Pending", "Running", "TimedOut"]


def test_trigger_failure(runner, stock_agent):
    """§4.4: a single TriggerFailed without Running; a task with `any_failed` runs."""
    run = runner.run("failing", stock_agent, state="Failed")
    assert run.task_history("divide") == ["Pending", "Running", "Failed"]
    assert run.task_history("load") == ["Pending", "TriggerFailed"]
    assert run.task_history("clean_up") == ["Pending", "Running", "Success"]
    assert "ZeroDivisionError" in run.task("divide")["state_message"]
    run = with_log(runner, run, stock_agent, "ZeroDivisionError")
    traceback = next(line for line in run.logs if "ZeroDivisionError" in line["message"])
    assert traceback["level"] == "ERROR" and traceback["task_run_id"] == run.task("divide")["id"]


def test_artifacts(runner, stock_agent, url):
    """M22-M24: created with the task run, changed, deleted."""
    run = runner.run("artifacts", stock_agent)
    rows = api.post(
        url,
        "query($id: uuid!) { task_run_artifact(where: {task_run_id: {_eq: $id}}, order_by: {created: asc}) { kind data } }",
        {"id": run.task("publish")["id"]},
    )["task_run_artifact"]
    assert rows == [
        {"kind": "link", "data": {"link": "https://example.org/report"}},
        {"kind": "markdown", "data": {"markdown": "# Final 😀"}},
    ]


def test_names(runner, stock_agent):
    """M14 and M11: task runs named after their inputs, and a run renamed."""
    run = runner.run("naming", stock_agent)
    assert run.name == "imported 2 regions"
    assert [child["name"] for child in run.children("import_region")] == ["import-north", "import-south"]


def test_dask_threads(runner, stock_agent):
    """§4.3: with a pool of threads the calls for mapped children come in parallel; none is lost or doubled."""
    run = runner.run("dask_threads", stock_agent)
    children = run.children("square")
    assert [child["map_index"] for child in children] == list(range(20))
    for child in children:
        assert [state["state"] for state in child["states"]][-2:] == ["Running", "Success"]
    with_log(runner, run, stock_agent, "sum 2470")


def test_run_options(runner, stock_agent, url):
    """M9: name, context and run config of a run; the context and the environment reach the process."""
    from prefect.run_configs import LocalRun

    flow_id = runner.register("child", stock_agent)
    run_id = runner.create(
        flow_id, run_name="by hand", context={"today": "2001-02-03"}, parameters={"n": 5},
        run_config=LocalRun(labels=[stock_agent.label], env={"PREFECT__LOGGING__LEVEL": "DEBUG"}),
    )
    run = runner.finish(run_id, stock_agent)
    assert (run.name, run.context) == ("by hand", {"today": "2001-02-03"})
    assert run.run_config["type"] == "LocalRun"
    run = runner.until(run_id, stock_agent, lambda run: any(line["level"] == "DEBUG" for line in run.logs), 20, "debug lines")


def test_idempotent_run(runner, stock_agent, url):
    """§4.7: the same key for the same flow is the same run."""
    flow_id = runner.register("child", stock_agent)
    first = runner.create(flow_id, idempotency_key="today")
    assert runner.create(flow_id, idempotency_key="today", parameters={"n": 9}) == first
    assert runner.create(flow_id, idempotency_key="tomorrow") != first
    assert runner.finish(first, stock_agent).parameters == {"n": 1}


def test_scheduled_for_later(runner, stock_agent):
    """M9, gotcha 17: a start time of any zone is kept; the run starts when it is due, not before."""
    import pendulum

    flow_id = runner.register("child", stock_agent)
    due = pendulum.now("Asia/Kolkata").add(seconds=4)
    run = runner.finish(runner.create(flow_id, scheduled_start_time=due), stock_agent)
    assert pendulum.parse(run.scheduled_start_time) == due
    assert pendulum.parse(run.start_time) >= due


def test_unsuitable_run_config_fails_the_run(runner, stock_agent):
    """§2.3: an agent refuses a run config of another kind of agent, and the server takes its Failed."""
    from prefect.run_configs import DockerRun

    flow_id = runner.register("child", stock_agent)
    run_id = runner.create(flow_id, run_config=DockerRun(labels=[stock_agent.label], image="x"))
    run = runner.finish(run_id, stock_agent, state="Failed")
    assert "DockerRun" in run.state_message


def test_crash_is_reported_by_our_agent(runner, _agents):
    """Issue 2: a process that dies without a word becomes a state with its cause, instead of Running for ever."""
    ours = _agents("ours")
    run = runner.run("crashing", ours, state="Failed")
    assert "SIGKILL" in run.state_message or "signal 9" in run.state_message or "137" in run.state_message
