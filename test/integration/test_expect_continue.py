"""Who answers `Expect: 100-continue`, and when?"""
import pytest

from harness import conf
from harness.wire import make_request, make_response

pytestmark = pytest.mark.core
EXPECT = ("Expect", "100-continue")
BIG = 200 << 10
RIG = {"limits": {"buffer_body": "64k", "body_bytes": "10M"}}


def begin(client, length=5, target="/prompt", version="1.1", fields=()):
    client.send(make_request(target, "POST", [EXPECT, ("Content-Length", str(length)), *fields], version=version))


def test_a_body_that_is_held_is_asked_for_by_the_proxy(rig):
    client = rig.client()
    begin(client)
    assert client.response_head().status == 100
    assert rig.backend.received() == b"" and not rig.backend.connections
    client.send(b"hello")
    response = client.response()
    assert response.status == 200 and response.interim == []
    assert rig.backend.requests[0].body == b"hello"
    assert client.ask().status == 200


def test_a_body_that_is_already_there_needs_no_continue(rig):
    client = rig.client()
    client.send(make_request("/prompt", "POST", [EXPECT], body=b"hello"))
    response = client.response()
    assert response.status == 200
    assert len(response.interim) <= 1
    assert rig.backend.requests[0].body == b"hello"


def test_a_chunked_body_is_asked_for(rig):
    client = rig.client()
    client.send(make_request("/", "POST", [EXPECT, ("Transfer-Encoding", "chunked")]))
    assert client.response_head().status == 100
    client.send(b"5\r\nhello\r\n0\r\n\r\n")
    assert client.response().status == 200
    assert rig.backend.requests[0].body == b"hello"


def test_for_a_body_that_streams_the_worker_is_asked(rig):
    def script(conn):
        request = conn.request_head()
        assert request.tokens("expect") == ["100-continue"]
        assert request.get("content-length") == str(BIG)
        conn.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = conn.exactly(BIG)
        conn.send(make_response(b"%d" % len(body)))
        conn.rest()

    rig.backend.script = script
    client = rig.client()
    begin(client, BIG)
    assert client.response_head().status == 100
    client.send(b"z" * BIG)
    response = client.response()
    assert response.body == str(BIG).encode() and response.interim == []


def test_a_worker_may_refuse_before_the_body(rig):
    def script(conn):
        conn.request_head()
        conn.send(make_response(b"too much", 413, "Content Too Large", [("Connection", "close")]))
        conn.rest()

    rig.backend.script = script
    client = rig.client()
    begin(client, BIG)
    response = client.response()
    assert response.status == 413 and response.body == b"too much" and response.interim == []
    # The client may not send the body now; the connection cannot go on.
    assert "close" in response.tokens("connection")
    assert client.is_closed() == "eof"


def test_a_body_beyond_the_limit_is_not_asked_for(rig):
    client = rig.client()
    begin(client, 11 << 20)
    response = client.response()
    assert response.status == 413 and response.interim == []
    assert client.is_closed() == "eof"
    rig.nothing_forwarded()


def test_http_1_0_is_never_sent_a_continue(rig):
    client = rig.client()
    begin(client, version="1.0")
    client.has_nothing(0.1)
    client.send(b"hello")
    response = client.response()
    assert response.status == 200 and response.interim == []


def test_an_expectation_without_a_body_is_harmless(rig):
    client = rig.client()
    client.send(make_request(fields=[EXPECT]))
    response = client.response()
    assert response.status == 200
    assert client.ask().status == 200


def test_the_expectation_is_read_in_any_case(rig):
    client = rig.client()
    client.send(make_request("/", "POST", [("expect", "100-Continue"), ("Content-Length", "5")]))
    assert client.response_head().status == 100
    client.send(b"hello")
    assert client.response().status == 200


def test_a_worker_that_stays_silent_does_not_lock_the_client_out(start, backend_of):
    """RFC 9110 lets the client send anyway; the body must go through then."""
    def script(conn):
        conn.request_head()
        conn.exactly(BIG)
        conn.send(make_response(b"got it"))
        conn.rest()

    backend = backend_of(script)
    mux = start(conf.config([backend], limits={"buffer_body": "64k"}))
    client = mux.client()
    begin(client, BIG)
    backend.wait_requests(1)
    client.send(b"z" * BIG)
    assert client.response().body == b"got it"
