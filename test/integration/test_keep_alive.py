"""How long does a client's connection live?"""
import pytest

from harness import conf
from harness.wait import Stopwatch
from harness.wire import make_request, make_response

pytestmark = pytest.mark.core


def ask(rig, version="1.1", fields=(), **more):
    client = rig.client()
    client.send(make_request(version=version, fields=fields, **more))
    return client, client.response()


def stands(client):
    return client.ask("/again").status == 200


def test_http_1_1_keeps_the_connection(rig):
    client, response = ask(rig)
    assert "close" not in response.tokens("connection")
    for _ in range(5):
        assert stands(client)


@pytest.mark.parametrize("value", ["close", "CLOSE", "Close, te", "te, close", "keep-alive, close"])
def test_a_client_that_says_close_gets_a_close(rig, value):
    client, response = ask(rig, fields=[("Connection", value)])
    assert "close" in response.tokens("connection")
    assert client.is_closed() == "eof"


def test_close_may_stand_in_a_second_connection_field(rig):
    client, _ = ask(rig, fields=[("Connection", "x-a"), ("Connection", "close")])
    assert client.is_closed() == "eof"


def test_http_1_0_closes_by_default(rig):
    client, response = ask(rig, "1.0")
    assert response.status == 200
    assert client.is_closed() == "eof"


@pytest.mark.parametrize("value", ["keep-alive", "Keep-Alive", "Keep-Alive, TE"])
def test_http_1_0_may_keep_the_connection(rig, value):
    client, response = ask(rig, "1.0", [("Connection", value)])
    assert "keep-alive" in response.tokens("connection")
    client.send(make_request(version="1.0", fields=[("Connection", value)]))
    assert client.response().status == 200


def test_http_1_0_without_a_length_ends_by_close(rig):
    """No chunks for a client that does not know them, and so no keep-alive either."""
    rig.backend.answer = make_response(b"hello" * 100, framing="chunked")
    client, response = ask(rig, "1.0", [("Connection", "keep-alive")])
    assert response.framing in ("close", "length") and response.body == b"hello" * 100
    if response.framing == "close":
        assert "keep-alive" not in response.tokens("connection")


def test_a_workers_close_does_not_close_the_client(rig):
    rig.backend.answer = make_response(fields=[("Connection", "close")])
    client, response = ask(rig)
    assert response.tokens("connection") in ([], ["keep-alive"])
    assert stands(client)


def test_a_workers_http_1_0_does_not_close_the_client(rig):
    rig.backend.answer = b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"
    client, response = ask(rig)
    assert response.body == b"ok"
    assert stands(client)


def test_an_idle_connection_is_closed_after_keepalive(start, backend):
    mux = start(conf.config([backend], timeouts={"keepalive": 0.3}))
    client = mux.client()
    client.ask()
    watch = Stopwatch()
    assert client.is_closed() == "eof"
    assert 0.2 < watch.seconds() < 4


def test_a_connection_that_is_used_is_not_idle(start, backend):
    mux = start(conf.config([backend], timeouts={"keepalive": 0.5}))
    client = mux.client()
    watch = Stopwatch()
    while watch.seconds() < 1.2:
        assert client.ask().status == 200
        client.has_nothing(0.15)


def test_a_connection_without_a_request_is_closed_too(start, backend):
    mux = start(conf.config([backend], timeouts={"keepalive": 0.3, "header": 0.3}))
    client = mux.client()
    client.rest()
    assert client.ended == "eof"
