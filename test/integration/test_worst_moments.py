"""What comes at the moment when nobody looks: a reset, a reload, an answer that nobody asked for?"""
import os
import signal
import threading

from harness import conf
from harness.backend import answering
from harness.wait import wait_until
from harness.wire import make_request, make_response


def test_an_answer_nobody_asked_for_is_not_the_next_clients(start, backend):
    """It comes while the proxy is stopped, so that it and the next request are there in the same turn."""
    speak, spoken = threading.Event(), threading.Event()

    def script(conn):
        conn.request()
        conn.send(make_response(b"first"))
        speak.wait(10)
        conn.send(make_response(b"poison"))
        spoken.set()
        backend.script = answering(make_response(b"good"))
        conn.rest()

    backend.script = script
    mux = start(conf.config([backend]))
    mux.announce()
    client = mux.client()
    assert client.ask().body == b"first"
    os.kill(mux.pid, signal.SIGSTOP)
    client.send(make_request("/2"))
    speak.set()
    assert spoken.wait(10)
    os.kill(mux.pid, signal.SIGCONT)
    assert client.response().body == b"good"


def test_a_client_that_resets_while_its_worker_thinks_is_noticed(start, backend):
    gone = threading.Event()

    def script(conn):
        conn.request()
        conn.rest()
        gone.set()

    backend.script = script
    mux = start(conf.config([backend], timeouts={"read": 600}))
    client = mux.client()
    client.send(make_request("/prompt", "POST", body=b"{}"))
    backend.wait_requests(1)
    client.reset()
    assert gone.wait(5), "the worker still works for nobody"


def test_a_request_that_has_begun_outlives_a_reload_that_takes_its_workers(start, backend_of):
    one, two = backend_of(), backend_of()
    two.script = answering(make_response(b"two"))
    mux = start(conf.config([one]))
    head, body = mux.client(), mux.client()
    head.send(b"GET /x HTTP/1.1\r\nHo")
    body.send(b"POST /prompt HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe")
    wait_until(lambda: mux.metrics().value("comfymux_exchanges") == 2, "both have begun")
    mux.reload_ok(conf.config([two]))
    head.send(b"st: a\r\n\r\n")
    body.send(b"llo")
    assert head.response().body == b"two" and body.response().body == b"two"


def test_a_connection_whose_listener_goes_hears_of_it_before_it_is_closed(start, backend):
    going, asked = threading.Event(), threading.Event()

    def script(conn):
        while conn.request() is not None:
            conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
            asked.set()
            going.wait(10)
            conn.send(b"cd")

    backend.script = script
    listens = ["127.0.0.1:0", "127.0.0.2:0"]
    servers = [{"listen": listens, "locations": [{"path": "/", "pool": "pool"}]}]
    mux = start(conf.config([backend], servers=servers))
    client = mux.client(address=mux.listening(listens[1]))
    client.send(make_request("/1"))
    assert asked.wait(10)
    mux.baseline = None  # one listener less at the end
    mux.reload_ok(conf.config([backend], servers=[{**servers[0], "listen": listens[:1]}]))
    going.set()
    first = client.response()
    assert first.body == b"abcd"
    if "close" not in first.tokens("connection"):
        client.send(make_request("/2"))
        second = client.response()
        assert second.body == b"abcd" and "close" in second.tokens("connection")
