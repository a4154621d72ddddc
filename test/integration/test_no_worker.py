"""What does a client get when no worker may be used?"""
import json

import pytest

from harness import conf, ws
from harness.wire import make_request


@pytest.fixture
def mux(start, backend):
    return start(conf.config(pools=[conf.pool([conf.node(backend, "w1", drain=True)])]))


def test_a_503_that_says_when_to_come_back(mux, backend):
    response = mux.ask()
    assert response.status == 503 and int(response.get("retry-after")) >= 1
    assert not backend.connections


def test_in_comfyuis_words_for_a_job(mux):
    response = mux.ask("/prompt", "POST", [("Content-Type", "application/json")], body=b"{}")
    assert response.status == 503
    assert json.loads(response.body)["error"]["message"]


def test_the_connection_may_go_on(mux):
    client = mux.client()
    response = client.ask()
    if "close" not in response.tokens("connection"):
        assert client.ask().status == 503


def test_an_upgrade_gets_it_too(mux):
    client = mux.client()
    client.send(ws.upgrade_request())
    assert client.response().status == 503


def test_a_body_that_was_not_read_is_never_taken_for_a_request(mux):
    client = mux.client()
    body = make_request("/smuggled")
    client.send(make_request("/", "POST", [("Content-Length", str(5 << 20))]) + body)
    assert client.response().status == 503
    assert b"HTTP/1.1" not in client.rest()


def test_the_admin_side_says_so(mux):
    assert mux.admin("/api/v2/health")[0] == 503
