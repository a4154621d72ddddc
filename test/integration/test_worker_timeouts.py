"""What does a client see of a worker that is too slow?"""
import threading

import pytest

from harness import conf
from harness.backend import Backend
from harness.dead import DeadMachine
from harness.wait import Stopwatch, pace
from harness.wire import Cut, make_request, make_response


@pytest.fixture
def dead_machine():
    made = DeadMachine()
    yield made
    made.close()


def silent(conn):
    conn.request()
    conn.rest()


def test_a_worker_that_does_not_answer_is_a_504(start, backend):
    backend.script = silent
    mux = start(conf.config([backend], timeouts={"read": 0.4}))
    mux.announce()
    client = mux.client()
    watch = Stopwatch()
    client.send(make_request("/prompt", "POST", body=b"x"))
    response = client.response()
    assert response.status == 504 and response.get("server") == "comfymux"
    assert 0.3 < watch.seconds() < 4
    backend.wait_over(3)


def test_a_worker_that_answers_in_time_may_take_long_for_all(start, backend):
    """The time is for each silence, not for the whole."""
    def script(conn):
        conn.request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
        for _ in range(10):
            pace(0.12)
            conn.send(b"x")
        conn.rest()

    backend.script = script
    mux = start(conf.config([backend], timeouts={"read": 0.7}))
    watch = Stopwatch()
    assert mux.ask().body == b"x" * 10
    assert watch.seconds() > 1


def test_a_worker_that_stops_in_its_head_is_a_504(start, backend):
    backend.script = lambda conn: (conn.request(), conn.send(b"HTTP/1.1 200 OK\r\nX: "), conn.rest())
    mux = start(conf.config([backend], timeouts={"read": 0.4}))
    mux.announce()
    assert mux.ask(method="POST", body=b"x").status == 504


@pytest.mark.parametrize("head", [b"Content-Length: 1000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n5\r\n"],
                         ids=["length", "chunked"])
def test_a_worker_that_stops_in_its_body_is_a_visible_cut(start, backend, head):
    backend.script = lambda conn: (conn.request(), conn.send(b"HTTP/1.1 200 OK\r\n" + head + b"abc"), conn.rest())
    mux = start(conf.config([backend], timeouts={"read": 0.4}))
    mux.announce()
    client = mux.client()
    client.send(make_request())
    with pytest.raises(Cut) as cut:
        client.response()
    assert cut.value.body == b"abc"


def test_a_worker_that_cannot_be_reached_is_a_504_after_connect(start, dead_machine):
    mux = start(conf.config([dead_machine], timeouts={"connect": 0.4}))
    mux.announce()
    watch = Stopwatch()
    assert mux.ask().status == 504
    assert 0.3 < watch.seconds() < 4


def test_then_another_worker_is_asked_for_any_method(start, dead_machine, backend):
    mux = start(conf.config(pools=[conf.pool([dead_machine, backend])], timeouts={"connect": 0.4}))
    mux.announce()
    for _ in range(2):
        assert mux.ask(method="POST", body=b"x").status == 200


def test_a_worker_that_refuses_is_a_502_at_once(start, backend):
    backend.refuse()
    mux = start(conf.config([backend]))
    mux.announce()
    watch = Stopwatch()
    assert mux.ask().status == 502
    assert watch.seconds() < 2


def test_a_worker_that_takes_nothing_of_an_upload_is_given_up(start, backend):
    go = threading.Event()
    backend.script = lambda conn: (conn.request_head(), go.wait(10))
    mux = start(conf.config([backend], timeouts={"send": 0.5, "read": 0.5, "body": 8}))
    mux.announce()
    client = mux.client()
    client.send(make_request("/", "POST", [("Content-Length", str(500 << 20))]))
    client.sock.settimeout(6)
    try:
        for _ in range(200):
            client.sock.send(b"z" * (1 << 20))
    except OSError:
        pass
    try:
        response = client.response()
        assert response.status == 504
    except Cut:
        pass
    finally:
        go.set()


def test_a_location_may_have_a_read_time_of_its_own(start, backend):
    backend.script = silent
    mux = start(conf.config([backend], timeouts={"read": 8}, servers=[{"listen": ["127.0.0.1:0"], "locations": [
        {"path": "/", "pool": "pool"}, {"path": "/quick", "pool": "pool", "timeouts": {"read": 0.3}}]}]))
    mux.announce()
    watch = Stopwatch()
    assert mux.ask("/quick", "POST", body=b"x").status == 504
    assert watch.seconds() < 4


def test_a_slow_upload_is_no_slow_worker(start, backend):
    """While the client sends, the worker has nothing to say: its time starts when it has it all."""
    backend.script = lambda conn: (conn.request(), conn.send(make_response(b"ok")), conn.rest())
    mux = start(conf.config([backend], timeouts={"read": 0.5, "body": 5}, limits={"buffer_body": 10}))
    client = mux.client()
    client.send(make_request("/", "POST", [("Content-Length", "100")]) + b"x" * 50)
    watch = Stopwatch()
    for _ in range(10):
        client.has_nothing(0.12)
        client.send(b"x" * 5)
    assert watch.seconds() > 1
    assert client.response().body == b"ok"


def test_a_timed_out_connection_is_not_used_again(start):
    """The late answer must not be the next client's."""
    late = threading.Event()

    def script(conn):
        conn.request()
        if conn.number == 0:
            late.wait(5)
            conn.send(make_response(b"late"))
            conn.rest()
        else:
            conn.send(make_response(b"mine"))
            conn.rest()

    backend = Backend(script)
    mux = start(conf.config([backend], timeouts={"read": 0.3}))
    mux.backends.append(backend)
    mux.announce()
    assert mux.ask("/1", "POST", body=b"x").status == 504
    late.set()
    assert mux.ask("/2", "POST", body=b"x").body == b"mine"
