"""Which bodies are held before a worker is asked, and which stream?"""
import pytest

from harness import conf
from harness.wire import chunked, make_request, make_response

pytestmark = pytest.mark.core
RIG = {"limits": {"buffer_body": "64k", "body_bytes": "10M"}}
HELD = 64 << 10


@pytest.mark.parametrize("length", [1, 1000, HELD])
def test_a_body_up_to_the_limit_is_held_until_it_is_whole(rig, length):
    client = rig.client()
    client.send_seen(make_request("/prompt", "POST", [("Content-Length", str(length))]) + b"a" * (length - 1))
    client.has_nothing(0.05)
    assert not rig.backend.connections, "a worker was asked before the body was whole"
    client.send(b"b")
    assert client.response().status == 200
    assert rig.backend.requests[0].body == b"a" * (length - 1) + b"b"


def test_a_chunked_body_up_to_the_limit_is_held_too(rig):
    client = rig.client()
    client.send_seen(make_request("/prompt", "POST", [("Transfer-Encoding", "chunked")]) + chunked(b"a" * 1000, 100, last=False))
    client.has_nothing(0.05)
    assert not rig.backend.connections
    client.send(b"0\r\n\r\n")
    assert client.response().status == 200
    assert rig.backend.requests[0].body == b"a" * 1000


@pytest.mark.parametrize("is_chunked", [False, True], ids=["length", "chunked"])
def test_a_larger_body_streams(rig, is_chunked):
    """The worker has the beginning while the client still holds the end back."""
    def script(conn):
        head = conn.request_head()
        if is_chunked:
            conn.until(b"first part")
        else:
            assert head.get("content-length") == str(HELD * 4)
            conn.exactly(HELD * 2)
        got.append(True)
        conn.rest()

    got = []
    rig.backend.script = script
    client = rig.client()
    if is_chunked:
        client.send(make_request("/", "POST", [("Transfer-Encoding", "chunked")])
                    + chunked(b"first part" + b"x" * HELD * 2, 5000, last=False))
    else:
        client.send(make_request("/", "POST", [("Content-Length", str(HELD * 4))]) + b"x" * HELD * 3)
    rig.backend.wait_requests(1)
    client.close()
    rig.backend.wait_over()
    assert got


@pytest.mark.parametrize("length", [HELD - 1, HELD, HELD + 1, HELD * 2, HELD * 2 + 1])
@pytest.mark.parametrize("is_chunked", [False, True], ids=["length", "chunked"])
def test_no_byte_is_lost_at_the_border(rig, length, is_chunked):
    body = bytes(i * 7 % 251 for i in range(length))
    rig.backend.answer = lambda request: make_response(request.body)
    client = rig.client()
    if is_chunked:
        client.send(make_request("/", "POST", [("Transfer-Encoding", "chunked")]) + chunked(body, 1000))
    else:
        client.send(make_request("/", "POST", body=body))
    assert client.response().body == body
    assert client.ask("/after").status == 200


def test_a_client_that_stops_in_a_held_body_disturbs_no_worker(start, backend):
    mux = start(conf.config([backend], timeouts={"body": 0.3}))
    client = mux.client()
    client.send(make_request("/prompt", "POST", [("Content-Length", "100")]) + b"half")
    assert client.response().status == 408
    assert client.is_closed() == "eof"
    assert backend.received() == b""


def test_buffer_body_0_holds_nothing(start, backend):
    backend.script = lambda conn: (conn.request_head(), conn.exactly(3), conn.send(make_response()), conn.rest())
    mux = start(conf.config([backend], limits={"buffer_body": 0}))
    client = mux.client()
    client.send(make_request("/", "POST", [("Content-Length", "6")]) + b"abc")
    backend.wait_requests(1)
    client.send(b"def")
    assert client.response().status == 200


def test_many_clients_that_hold_bodies_cost_what_they_sent(start, backend):
    """A thousand announcements of a body are no thousand megabytes."""
    mux = start(conf.config([backend], timeouts={"body": 10}))
    before = mux.memory()
    clients = [mux.client() for _ in range(200)]
    for client in clients:
        client.send(make_request("/prompt", "POST", [("Content-Length", str(1 << 20))]) + b"x")
    clients[-1].send_seen(b"x")
    assert mux.memory() - before < 16 << 20
