"""API keys with the stock client: sent in both modes, tied to a tenant, with a role."""

import subprocess
import time

import pytest
from harness import api, flows, runs, stock
from harness.server import BINARY, environment
from prefect import Client
from prefect.exceptions import AuthorizationError, ClientError
from prefect.utilities.configuration import set_temporary_config


@pytest.fixture
def world(fresh_server):
    """A server of its own with a key for each role."""
    server, proxy = fresh_server()
    keys = {
        role: api.mutate(server.url, "create_api_key", "id key", name=role, role=role)["key"]
        for role in ("viewer", "operator", "admin", "agent")
    }
    return server, proxy, keys


def client_with(proxy, key):
    return Client(api_server=proxy.url, api_key=key)


def test_keys_can_be_carried_in_environments(world):
    """§1.5: keys begin with letters and contain nothing that the client's config expands."""
    for key in world[2].values():
        assert key.startswith("sbx_") and not set("$~{}") & set(key)


def test_wrong_key(world):
    """§1.4: "UNAUTHENTICATED" makes the client raise AuthorizationError."""
    _, proxy, _ = world
    for key in ("sbx_wrong", "nonsense"):
        with pytest.raises(AuthorizationError):
            client_with(proxy, key).graphql("{ tenant { id } }")


def test_roles(world):
    """Issue 2 item 5: a viewer reads and cannot register; an operator can; an agent's key cannot create projects."""
    server, proxy, keys = world
    with set_temporary_config({"cloud.api": proxy.url, "cloud.api_key": keys["admin"]}):
        Client().create_project("P")
    with set_temporary_config({"cloud.api": proxy.url, "cloud.api_key": keys["viewer"]}):
        assert Client().graphql("{ project { name } }").data.project[0].name == "P"
        with pytest.raises(ClientError, match="FORBIDDEN"):
            flows.register("child", "P")
    assert api.post(server.url, "{ flow { id } }")["flow"] == [], "nothing was stored"
    with set_temporary_config({"cloud.api": proxy.url, "cloud.api_key": keys["operator"]}):
        flow_id = flows.register("child", "P", label="keyed")
        assert Client().create_flow_run(flow_id=flow_id)
    with set_temporary_config({"cloud.api": proxy.url, "cloud.api_key": keys["agent"]}):
        with pytest.raises(ClientError, match="FORBIDDEN"):
            Client().create_project("Q")


@pytest.mark.parametrize("kind", ["stock", "ours"])
def test_agent_with_a_key(world, home, kind):
    """§1.5: an agent with an agent's key takes runs, and hands the key to the flow's process, which reports with it."""
    server, proxy, keys = world
    with set_temporary_config({"cloud.api": proxy.url, "cloud.api_key": keys["operator"]}):
        Client().create_project("P")
        run_id = Client().create_flow_run(flow_id=flows.register("child", "P", label=f"keyed-{kind}"))
    if kind == "stock":
        agent = stock.StockAgent(proxy.url, home, "keyed-stock", {"PREFECT__CLOUD__API_KEY": keys["agent"]})
    else:
        agent = stock.OurAgent(proxy.url, home, "keyed-ours", keys["agent"])
    try:
        runs.wait_finished(server.url, run_id, poke=agent.poke)
    finally:
        agent.stop()
    assert all(e.headers.get("Authorization") for e in proxy.since() if e.operation == "set_task_run_states")


def test_tenants_do_not_see_each_other(world):
    """DESIGN §4.2: a key of another tenant finds nothing, reads and writes alike: not found."""
    server, proxy, keys = world
    other = api.mutate(server.url, "create_tenant", "id", name="Other", slug="other")["id"]
    theirs = api.mutate(server.url, "create_api_key", "key", name="theirs", role="admin", tenant_id=other)["key"]
    with set_temporary_config({"cloud.api": proxy.url, "cloud.api_key": keys["admin"]}):
        Client().create_project("P")
        run_id = Client().create_flow_run(flow_id=flows.register("child", "P", label="nobody"))
    with set_temporary_config({"cloud.api": proxy.url, "cloud.api_key": theirs}):
        client = Client()
        assert client.tenant_id == other
        assert [t.id for t in client.graphql("{ tenant { id } }").data.tenant] == [other]
        assert client.graphql("{ project { id } flow { id } flow_run { id } task_run { id } log { id } }").data == {
            "project": [], "flow": [], "flow_run": [], "task_run": [], "log": [],
        }
        with pytest.raises(ClientError, match="(?i)not found"):
            client.cancel_flow_run(run_id)
        assert Client().create_project("P"), "a name is taken only within a tenant"
    assert runs.read(server.url, run_id).state == "Scheduled"


def test_revoked_and_expired_keys(world):
    """Item 5: a deleted key is refused at once, and so is one past its time."""
    import pendulum

    server, proxy, _ = world
    made = api.mutate(server.url, "create_api_key", "id key", name="short-lived", role="viewer")
    client = client_with(proxy, made["key"])
    assert client.graphql("{ tenant { id } }")
    assert api.mutate(server.url, "delete_api_key", "success", key_id=made["id"])["success"]
    with pytest.raises(AuthorizationError):
        client.graphql("{ tenant { id } }")
    soon = pendulum.now("UTC").add(seconds=1)
    brief = api.mutate(server.url, "create_api_key", "key", name="brief", role="viewer", expires_at=soon.isoformat())["key"]
    deadline = time.monotonic() + 15
    while "errors" not in api.post_raw(server.url, '{"query": "{ tenant { id } }"}', key=brief):
        assert time.monotonic() < deadline, "an expired key still works"
        time.sleep(0.2)


def test_cloud_mode(world, home):
    """§1.5: `backend=cloud` with a key: the tenant comes from `auth_info`, and `prefect auth` commands work."""
    _, proxy, keys = world
    cloud = {"PREFECT__BACKEND": "cloud", "PREFECT__CLOUD__API": proxy.url, "PREFECT__CLOUD__API_KEY": keys["admin"]}
    status = stock.prefect(proxy.url, home, "auth", "status", extra=cloud)
    assert "You are logged in to tenant" in status.stdout, status.stdout
    assert "default" in stock.prefect(proxy.url, home, "auth", "list-tenants", extra=cloud).stdout
    assert "admin" in stock.prefect(proxy.url, home, "auth", "list-keys", extra=cloud).stdout
    stock.prefect(proxy.url, home, "create", "project", "FromCloud", extra=cloud)
    wrong = {**cloud, "PREFECT__CLOUD__API_KEY": "sbx_wrong"}
    refused = stock.prefect(proxy.url, home, "create", "project", "X", check=False, extra=wrong)
    assert "AuthorizationError" in refused.stdout and "Error creating project" in refused.stdout
    assert "Traceback" not in refused.stdout


def test_public_address_needs_authentication(tmp_path):
    """Item 5: on any other than a loopback address the server does not start without authentication, and says so."""
    done = subprocess.run(
        [BINARY, "server", "start", "--host", "0.0.0.0", "--port", "0", "--database-url", f"sqlite://{tmp_path}/x.db"],
        env={**environment(tmp_path), "SIGNALBOX_DATA_DIR": str(tmp_path)}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=30,
    )
    assert done.returncode != 0 and "listening" not in done.stdout
    assert "--insecure-no-auth" in done.stderr, done.stderr


def test_key_is_not_written_down(world):
    """Item 5: neither the database nor the log holds a key."""
    server, proxy, keys = world
    client_with(proxy, keys["admin"]).graphql("{ tenant { id } }")
    written = b"".join(path.read_bytes() for path in server.folder.iterdir() if path.is_file())
    stored = repr(server.backing.rows())
    for key in keys.values():
        assert key.encode() not in written and key not in stored
