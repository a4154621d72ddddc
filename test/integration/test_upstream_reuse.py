"""When is a connection to a worker kept, and when is it used again?"""
import threading

import pytest

from harness import conf
from harness.wait import wait_until
from harness.wire import make_request, make_response

pytestmark = pytest.mark.core
RIG = {"limits": {"buffer_body": "64k"}}


def test_many_clients_share_a_kept_connection(rig):
    for _ in range(10):
        assert rig.ask().status == 200
    assert len(rig.backend.connections) == 1 and len(rig.backend.requests) == 10


@pytest.mark.parametrize("raw", [make_response(fields=[("Connection", "close")]), make_response(framing="close"),
                                 b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"],
                         ids=["says-close", "ends-by-close", "1.0"])
def test_a_connection_that_will_close_is_not_kept(rig, raw):
    def script(conn):
        conn.request()
        conn.send(raw)
        if b"Content-Length" not in raw:
            return
        conn.wait_closed()

    rig.backend.script = script
    for _ in range(3):
        assert rig.ask().body == b"ok"
    assert len(rig.backend.connections) == 3


def test_http_1_0_with_keep_alive_may_be_kept(rig):
    rig.backend.answer = b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok"
    for _ in range(3):
        assert rig.ask().body == b"ok"


def test_connections_are_opened_as_needed(rig):
    go = threading.Event()
    rig.backend.answer = lambda request: (go.wait(10), make_response())[1]
    clients = [rig.client() for _ in range(5)]
    for client in clients:
        client.send(make_request())
    rig.backend.wait_connections(5)
    go.set()
    assert [client.response().status for client in clients] == [200] * 5
    for _ in range(5):
        assert rig.ask().status == 200
    assert len(rig.backend.connections) == 5


def test_no_more_than_keepalive_connections_are_kept(start, backend):
    gate = threading.Barrier(6, timeout=10)
    backend.answer = lambda request: (gate.wait(), make_response())[1]
    mux = start(conf.config(pools=[conf.pool([backend], keepalive=2)]))
    clients = [mux.client() for _ in range(6)]
    for client in clients:
        client.send(make_request())
    for client in clients:
        assert client.response().status == 200
    wait_until(lambda: sum(not c.over.is_set() for c in backend.connections) == 2, "all but two are closed")


def test_keepalive_0_keeps_none(start, backend):
    mux = start(conf.config(pools=[conf.pool([backend], keepalive=0)]))
    for _ in range(3):
        assert mux.ask().status == 200
    assert len(backend.connections) == 3
    backend.wait_over()


def test_a_client_that_leaves_ends_its_request_at_the_worker(rig):
    """ComfyUI should not go on working for nobody; and what comes is not the next client's."""
    left = []

    def script(conn):
        conn.request()
        left.append(conn.rest())

    rig.backend.script = script
    client = rig.client()
    client.send(make_request("/slow"))
    rig.backend.wait_requests(1)
    client.close()
    rig.backend.wait_over(3)
    assert left == [b""]
    rig.serves()


def test_a_client_that_leaves_in_the_middle_of_an_answer_ends_it(rig):
    def script(conn):
        conn.request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while True:
            conn.send(b"z" * 65536)

    rig.backend.script = script
    client = rig.client()
    client.send(make_request())
    client.exactly(100000)
    client.close()
    rig.backend.wait_over(5)
    rig.serves()


def test_a_client_that_leaves_in_the_middle_of_its_upload_ends_it(rig):
    ended = []

    def script(conn):
        conn.request_head()
        conn.rest()
        ended.append(conn.ended)

    rig.backend.script = script
    client = rig.client()
    client.send(make_request("/", "POST", [("Content-Length", str(50 << 20))]) + b"z" * (200 << 10))
    rig.backend.wait_requests(1)
    client.close()
    rig.backend.wait_over(5)
    assert ended
    rig.serves()


def test_a_client_that_leaves_before_its_body_is_whole_costs_nothing(rig):
    client = rig.client()
    client.send_seen(make_request("/", "POST", [("Content-Length", "100")]) + b"z" * 50)
    client.close()
    rig.nothing_forwarded()
