"""Limits with the stock client: what it does when its tenant has too many requests open, or asks for too much."""

import threading
import time

import pytest
from harness import api
from prefect import Client
from prefect.exceptions import ClientError

WAIT_SECONDS = 4


def test_a_crowded_tenant_is_served_a_little_later(fresh_server):
    """§1.4: the client sends again what was answered 429 with `Retry-After`, and nobody above it notices."""
    server, proxy = fresh_server(SIGNALBOX_MAX_TENANT_CONNECTIONS="1")
    agent = api.mutate(server.url, "register_agent", "id", type="LocalAgent", name="waiting", labels=[])["id"]

    def poll():
        api.mutate(
            server.url, "claim_flow_runs", "runs { flow_run_id }",
            agent_id=agent, labels=[], slots=1, wait_ms=WAIT_SECONDS * 1000, held=[],
        )

    waiting = threading.Thread(target=poll)
    waiting.start()
    deadline = time.monotonic() + WAIT_SECONDS
    while "TOO_MANY_REQUESTS" not in str(api.post_raw(server.url, '{"query": "{ hello }"}')):
        assert time.monotonic() < deadline, "the only place was never taken"
    began = time.monotonic()
    answer = Client(api_server=proxy.url).graphql("query { hello }")
    assert answer.data.hello
    assert 429 in [exchange.status for exchange in proxy.since(0)], "it was never asked to come back"
    assert time.monotonic() - began < 20, "it took one of its naps of three minutes"
    waiting.join()


def test_what_costs_too_much_is_refused_in_words(fresh_server):
    """A refusal is no reason to send it again, and says what to change."""
    _, proxy = fresh_server(SIGNALBOX_MAX_QUERY_COST="100")
    with pytest.raises(ClientError, match=r"max_query_cost.*set a smaller limit"):
        Client(api_server=proxy.url).graphql("query { flow_run(limit: 60) { id name } }")
    assert len(proxy.since(0)) == 1
