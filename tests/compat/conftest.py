"""One server and one pair of agents for each worker, behind a recording proxy; a fresh project for each test.

The library reads its configuration when it is imported, so the proxy's address is put into the environment here,
before any test module says `import prefect`.
"""

import os
import re
import shutil
import tempfile
import uuid
from pathlib import Path

import pytest
from harness import api, flows, runs, stock
from harness.proxy import RecordingProxy
from harness.server import BINARY, Signalbox

HOME = Path(tempfile.mkdtemp(prefix="signalbox-compat-"))
PROXY = RecordingProxy()
os.environ.update(stock.settings(PROXY.url, HOME))

import prefect  # noqa: E402 - see above


def pytest_configure():
    if not os.access(BINARY, os.X_OK):
        pytest.exit("SIGNALBOX_BINARY must name the built binary: run `make compat`.", returncode=2)


def pytest_sessionfinish(session):
    """Each worker clears up after itself, unless there is something to look into."""
    if session.testsfailed:
        print(f"What the servers, agents and flows of this worker left: {HOME}")
    else:
        shutil.rmtree(HOME, ignore_errors=True)


@pytest.fixture(scope="session")
def home():
    """The home directory that the client, the agents and the flow processes of this worker share."""
    return HOME


@pytest.fixture(scope="session")
def _server():
    folder = HOME / "server"
    folder.mkdir()
    # A process counts as gone after a few heartbeats: tests are in more of a hurry.
    server = Signalbox(folder, {"SIGNALBOX_GONE_AFTER_SECONDS": "9"}).start()
    PROXY.forward_to(server.url)
    yield server
    assert server.stop() == 0, server.tail()
    server.backing.remove()


@pytest.fixture
def server(_server):
    """The worker's server; what it logged during the test is shown when the test fails."""
    begin = _server.log.stat().st_size
    yield _server
    with _server.log.open(errors="replace") as log:
        log.seek(begin)
        print(log.read()[-6000:])
    assert not _server.panics(), "\n".join(_server.panics())


@pytest.fixture(autouse=True)
def exchanges(request, server):
    """What the stock client said and was told during the test.

    Every answer must be a 200 without errors, except for the messages that the test announces with
    `expects_errors` (and those must really have come) or allows with `may_see_errors`.
    """
    mark = PROXY.mark()
    yield lambda: PROXY.since(mark)
    expected, allowed = (
        set(marker.args) if (marker := request.node.get_closest_marker(name)) else set()
        for name in ("expects_errors", "may_see_errors")
    )
    seen = set()
    for exchange in PROXY.since(mark):
        assert exchange.status == 200, f"{exchange.operation} was answered {exchange.status}: {exchange.answer}"
        for error in exchange.errors:
            matching = {pattern for pattern in expected | allowed if re.search(pattern, error["message"])}
            assert matching, f"{exchange.operation} was refused: {error}\n{exchange.document}\n{exchange.variables}"
            seen |= matching
    assert expected <= seen, f"never said: {expected - seen}"


@pytest.fixture
def url(server):
    """The server's own address, for what a test asks on its own account (not recorded)."""
    return server.url


@pytest.fixture
def client(server):
    """The stock client, in this process."""
    return prefect.Client()


@pytest.fixture
def project(client):
    """A project that only this test uses."""
    name = f"project-{uuid.uuid4().hex[:10]}"
    client.create_project(name)
    return name


@pytest.fixture
def cli(server, home):
    """The stock command line: `cli("get", "flows")` returns the finished process."""

    def run(*arguments, check=True, extra=None):
        return stock.prefect(PROXY.url, home, *arguments, check=check, extra=extra)

    return run


@pytest.fixture(scope="session")
def _agents(_server):
    started = {}

    def get(kind):
        if kind not in started:
            started[kind] = {"stock": stock.StockAgent, "ours": stock.OurAgent}[kind](PROXY.url, HOME)
        assert started[kind].is_alive(), started[kind].tail()
        return started[kind]

    yield get
    for agent in started.values():
        agent.stop()


@pytest.fixture
def stock_agent(_agents):
    """`prefect agent local start`."""
    return _agents("stock")


@pytest.fixture(params=["stock", "ours"])
def agent(request, _agents):
    """Each test that uses it runs twice: through the stock agent and through ours."""
    return _agents(request.param)


class Runner:
    """Registers a flow of `flows/`, runs it through an agent, and returns the finished run."""

    def __init__(self, url, client, project):
        self.url, self.client, self.project = url, client, project

    def register(self, name, agent, **options):
        return flows.register(name, self.project, agent.label, **options)

    def create(self, flow_id, **options):
        return self.client.create_flow_run(flow_id=flow_id, **options)

    def finish(self, run_id, agent, state="Success", seconds=60):
        try:
            return runs.wait_finished(self.url, run_id, state, seconds, agent.poke)
        except AssertionError as failure:
            raise AssertionError(f"{failure}\n--- the agent:\n{agent.tail()}") from None

    def until(self, run_id, agent, condition, seconds=60, what="the run to get there"):
        return runs.wait_until(self.url, run_id, condition, seconds, agent.poke, what)

    def run(self, name, agent, state="Success", seconds=60, **options):
        """Everything in one go."""
        run_id = self.create(self.register(name, agent), **options)
        return self.finish(run_id, agent, state, seconds)


@pytest.fixture
def runner(url, client, project):
    return Runner(url, client, project)


@pytest.fixture
def fresh_server(tmp_path):
    """Starts further servers, with a file and a proxy of their own: `server, proxy = fresh_server()`."""
    started = []

    def start(name="server", **settings):
        folder = tmp_path / name
        folder.mkdir()
        server = Signalbox(folder, settings).start()
        proxy = RecordingProxy().forward_to(server.url)
        started.append((server, proxy))
        return server, proxy

    yield start
    for server, proxy in started:
        proxy.close()
        server.stop()
        server.backing.remove()
        print(server.tail())
        assert not server.panics(), "\n".join(server.panics())


@pytest.fixture
def tenant_id(url):
    return api.post(url, "{ tenant { id } }")["tenant"][0]["id"]
