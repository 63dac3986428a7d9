"""What is refused, with which words, and what stays whole: the texts the client greps for, and input nobody should send."""

import base64
import gzip
import json
import urllib.request
import uuid
import zlib

import pytest
from harness import api, flows

NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def run_id(client, project):
    return client.create_flow_run(flow_id=flows.register("mapping", project, label="nobody"))


def first_task_run(url, run_id):
    query = "query($id: uuid!) { task_run(where: {flow_run_id: {_eq: $id}}, limit: 1) { id } }"
    return api.post(url, query, {"id": run_id})["task_run"][0]["id"]


def test_uniqueness_violation_word_for_word(url, project, tenant_id):
    """§1.4: exactly this message, HTTP 200."""
    with pytest.raises(api.Refused) as refused:
        api.mutate(url, "create_project", "id", name=project, description=None, tenant_id=tenant_id)
    assert refused.value.errors[0]["message"] == "Uniqueness violation."


def test_second_agent_loses_the_race(url, client, run_id, stock_agent):
    """§1.4, §6: Submitted is a compare-and-set; the loser reads "State update failed", the winner may repeat itself."""
    from prefect.engine.state import Submitted

    winner, loser = (client.register_agent("LocalAgent", name, ["nobody"]) for name in ("winner", "loser"))
    state = Submitted(message="Submitted for execution").serialize()

    def submit(agent):
        return api.mutate(
            url, "set_flow_run_states", "states { id status message }", headers={"X-PREFECT-AGENT-ID": agent},
            states=[{"flow_run_id": run_id, "state": state, "version": None}],
        )["states"][0]["status"]

    assert submit(winner) != "QUEUED"
    with pytest.raises(api.Refused, match="State update failed: this run has already been submitted"):
        submit(loser)
    submit(winner)  # gotcha 15: the reply to the first may have been lost
    row = api.post(url, "query($id: uuid!) { flow_run_by_pk(id: $id) { state version agent_id } }", {"id": run_id})
    assert row["flow_run_by_pk"] == {"state": "Submitted", "version": 2, "agent_id": winner}


def test_unknown_flow_run(url):
    """§6: "State update failed for flow run ID …"."""
    with pytest.raises(api.Refused, match=f"State update failed for flow run ID {NOBODY}"):
        api.mutate(url, "set_flow_run_states", "states { id }",
                   states=[{"flow_run_id": NOBODY, "state": {"type": "Running"}, "version": None}])


def test_task_needs_a_running_flow(url, run_id):
    """§6: a task run may only be Running while its flow run is; this is also what stops a cancelled run."""
    task_run = first_task_run(url, run_id)
    with pytest.raises(api.Refused, match="State update failed for task run"):
        api.mutate(url, "set_task_run_states", "states { id }",
                   states=[{"task_run_id": task_run, "state": {"type": "Running"}, "version": None}])


def test_artifact_of_unknown_task_run(url):
    """§1.4: "not found", which the client waits out."""
    with pytest.raises(api.Refused, match="(?i)not found"):
        api.mutate(url, "create_task_run_artifact", "id", task_run_id=NOBODY, kind="link", data={"link": "x"}, tenant_id=None)


def test_required_parameters(url, client, project):
    """§6: the message names what is missing."""
    flow_id = flows.register("parameters", project, label="nobody")
    with pytest.raises(api.Refused, match="Required parameters were not supplied.*name"):
        api.mutate(url, "create_flow_run", "id", flow_id=flow_id, idempotency_key=uuid.uuid4().hex)


def compressed(flow):
    return base64.b64encode(gzip.compress(json.dumps(flow).encode())).decode()


SERIALIZED = {
    "name": "x", "type": "prefect.core.flow.Flow", "schedule": None, "parameters": [], "reference_tasks": [], "tasks": [],
    "edges": [], "run_config": None, "storage": {"type": "Local", "flows": {}}, "__version__": "1.4.1",
}


def bomb():
    """300 MB of zeros in 300 kB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    chunks = [packer.compress(b'{"name": "'), *(packer.compress(b"0" * 1_000_000) for _ in range(300)), packer.flush()]
    return base64.b64encode(b"".join(chunks)).decode()


def task(slug):
    return {"name": slug, "slug": slug, "type": "prefect.core.task.Task", "tags": [], "max_retries": 0,
            "trigger": {"fn": "prefect.triggers.all_successful", "kwargs": {}}, "auto_generated": False}


def edge(upstream, downstream):
    return {"upstream_task": {"slug": upstream}, "downstream_task": {"slug": downstream}, "key": None, "mapped": False,
            "flattened": False}


BAD_FLOWS = {
    "truncated": lambda: compressed(SERIALIZED)[:200],
    "not base64": lambda: "not base64 at all!",
    "not gzip": lambda: base64.b64encode(b"not gzip").decode(),
    "not JSON": lambda: base64.b64encode(gzip.compress(b"not json")).decode(),
    "not a flow": lambda: compressed([1]),
    "zip bomb": bomb,
    "cycle": lambda: compressed({**SERIALIZED, "tasks": [task("a"), task("b")], "edges": [edge("a", "b"), edge("b", "a")]}),
    "unknown slug": lambda: compressed({**SERIALIZED, "tasks": [task("a")], "edges": [edge("a", "gone")]}),
}


@pytest.mark.parametrize("kind", BAD_FLOWS)
def test_bad_flows(url, client, project, kind):
    """Issue 2: a flow that cannot be is refused with a code, and nothing of it is stored."""
    query = "query($n: String!) { project(where: {name: {_eq: $n}}) { id } }"
    project_id = api.post(url, query, {"n": project})["project"][0]["id"]
    with pytest.raises(api.Refused) as refused:
        api.mutate(url, "create_flow_from_compressed_string", "id", project_id=project_id, serialized_flow=BAD_FLOWS[kind]())
    assert refused.value.code in ("INVALID_INPUT", "PAYLOAD_TOO_LARGE"), refused.value.errors
    rows = api.post(url, "query($p: uuid!) { flow(where: {project_id: {_eq: $p}}) { id } }", {"p": project_id})["flow"]
    assert rows == []


def request(query, variables=None):
    """A request as the stock client writes it: variables as JSON text within JSON."""
    return json.dumps({"query": query, "variables": json.dumps(variables)}).encode()


BAD_REQUESTS = {
    "empty": b"",
    "truncated": b"{",
    "null": b"null",
    "a text": b'"text"',
    "not UTF-8": b"\xff\xfe",
    "truncated variables": b'{"query": "{ hello }", "variables": "{"}',
    "truncated document": request("{ flow { "),
    "unknown column": request("{ flow { nonsense } }"),
    "unknown field": request("{ nonsense }"),
    "not a UUID": request('{ flow_by_pk(id: "x") { id } }'),
    "limit is a text": request('{ flow(limit: "many") { id } }'),
    "limit is negative": request("{ flow(limit: -1) { id } }"),
    "variable is missing": request("mutation($i: cancel_flow_run_input!) { cancel_flow_run(input: $i) { state } }"),
    "unknown run": request('mutation { cancel_flow_run(input: {flow_run_id: "%s"}) { state } }' % NOBODY),
    "unknown state": request(
        "mutation($i: set_task_run_states_input!) { set_task_run_states(input: $i) { states { id } } }",
        {"i": {"states": [{"task_run_id": NOBODY, "state": {"type": "Nonsense"}}]}},
    ),
    "state is a text": request(
        "mutation($i: set_task_run_states_input!) { set_task_run_states(input: $i) { states { id } } }",
        {"i": {"states": [{"task_run_id": NOBODY, "state": "Running"}]}},
    ),
    "deep selection": request("{ flow_run { " + "task_runs { flow_run { " * 60 + "id" + " } }" * 60 + " } }"),
    "deep where": request("{ flow(where: " + "{_not: " * 5000 + "{}" + "}" * 5000 + ") { id } }"),
    "deep JSON": json.dumps({"query": "{ hello }", "variables": "[" * 100_000}).encode(),
}


@pytest.mark.parametrize("kind", BAD_REQUESTS)
def test_bad_requests(url, kind):
    """Issue 2: bad input gets errors with a code; never a 500, never a panic, and the next request is served."""
    answer = api.post_raw(url, BAD_REQUESTS[kind])
    assert answer["errors"][0]["extensions"]["code"] not in ("INTERNAL", None), answer
    assert api.post(url, "{ hello }")
    with urllib.request.urlopen(f"{url}/healthz", timeout=5) as health:
        assert health.status == 200


def test_not_a_number(client, project, url):
    """§1.2: Python sends NaN in JSON; it is refused with words, not truncated."""
    flow_id = flows.register("child", project, label="nobody")
    body = json.dumps({
        "query": "mutation($input: create_flow_run_input!) { create_flow_run(input: $input) { id } }",
        "variables": json.dumps({"input": {"flow_id": flow_id, "parameters": {"n": float("nan")}}}),
    })
    assert "errors" in api.post_raw(url, body)


def test_labels_of_absurd_length(client, project, url):
    """Issue 2: a label nobody could mean is refused, not stored."""
    flow_id = flows.register("child", project, label="nobody")
    with pytest.raises(api.Refused):
        api.mutate(url, "create_flow_run", "id", flow_id=flow_id, labels=["x" * 1_000_000])
