"""Is a client that is too slow told so, and let go, in time?"""
import pytest

from harness import conf, tls
from harness.wait import Stopwatch, pace, wait_until
from harness.wire import Cut, make_request

SERVER_TLS = [{"listen": ["127.0.0.1:0"], "tls": tls.settings("comfy.test"), "locations": [{"path": "/", "pool": "pool"}]}]


def trickle(client, data, step, patience=6):
    """Sends byte by byte with a pause until the proxy answers; the time that took."""
    watch = Stopwatch()
    client.sock.settimeout(step)
    for i in range(len(data)):
        client.sock.send(data[i:i + 1])
        try:
            client.sock.recv(1, 2)  # MSG_PEEK
            return watch.seconds()
        except TimeoutError:
            pass
        assert watch.seconds() < patience, "nobody put an end to it"
    raise AssertionError("everything was taken")


def test_half_a_head_is_a_408(start, backend):
    mux = start(conf.config([backend], timeouts={"header": 0.4}))
    client = mux.client()
    watch = Stopwatch()
    client.send(b"GET / HTTP/1.1\r\nHost: comfy.te")
    response = client.response()
    assert response.status == 408 and "close" in response.tokens("connection")
    assert client.is_closed() == "eof" and 0.3 < watch.seconds() < 4
    assert backend.received() == b""


def test_the_time_of_a_head_is_for_all_of_it(start, backend):
    """A byte now and then does not buy more of it."""
    mux = start(conf.config([backend], timeouts={"header": 0.5}))
    client = mux.client()
    took = trickle(client, b"GET / HTTP/1.1\r\nX: " + b"a" * 200, 0.05)
    assert client.response().status == 408 and took < 4


def test_a_second_head_has_its_own_time(start, backend):
    mux = start(conf.config([backend], timeouts={"header": 0.4, "keepalive": 5}))
    client = mux.client()
    assert client.ask().status == 200
    client.has_nothing(0.6)  # idle is no head
    client.send(b"GET / HT")
    assert client.response().status == 408


def test_a_client_that_says_nothing_is_let_go(start, backend):
    mux = start(conf.config([backend], timeouts={"header": 0.3, "keepalive": 0.3}))
    client = mux.client()
    watch = Stopwatch()
    client.rest()
    assert watch.seconds() < 4


def test_a_body_that_stops_is_a_408(start, backend):
    mux = start(conf.config([backend], timeouts={"body": 0.4}))
    client = mux.client()
    client.send(make_request("/", "POST", [("Content-Length", "10")]) + b"12345")
    response = client.response()
    assert response.status == 408 and client.is_closed() == "eof"
    assert backend.received() == b""


def test_a_streamed_body_that_stops_is_cut_for_the_worker(start, backend):
    got = []

    def script(conn):
        conn.request_head()
        conn.rest()
        got.append(conn.ended)

    backend.script = script
    mux = start(conf.config([backend], timeouts={"body": 0.4}, limits={"buffer_body": 100}))
    client = mux.client()
    client.send(make_request("/", "POST", [("Content-Length", "100000")]) + b"x" * 5000)
    backend.wait_requests(1)
    try:
        assert client.response().status == 408
    except Cut:
        pass
    backend.wait_over()
    assert got


def test_a_chunked_body_that_stops_is_a_408(start, backend):
    mux = start(conf.config([backend], timeouts={"body": 0.4}))
    client = mux.client()
    client.send(make_request("/", "POST", [("Transfer-Encoding", "chunked")]) + b"5\r\nab")
    assert client.response().status == 408


def test_a_client_that_takes_nothing_is_cut_off(start, backend):
    def script(conn):
        conn.request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 500000000\r\n\r\n")
        while True:
            conn.send(b"z" * 65536)

    backend.script = script
    mux = start(conf.config([backend], timeouts={"send": 0.5, "read": 20, "body": 20, "header": 20, "keepalive": 20}))
    client = mux.client(buffers=65536)
    watch = Stopwatch()
    client.send(make_request())
    wait_until(lambda: backend.connections and backend.connections[0].over.is_set(), "the worker is let go", 8)
    assert 0.4 < watch.seconds() < 6
    with pytest.raises(Cut):
        client.response()


def test_a_client_that_takes_slowly_is_not(start, backend):
    size = 3 << 20
    def script(conn):
        conn.request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        conn.send(b"z" * size)
        conn.rest()

    backend.script = script
    mux = start(conf.config([backend], timeouts={"send": 1}))
    client = mux.client(buffers=65536)
    client.send(make_request())
    client.response_head()
    watch = Stopwatch()
    left = size
    while left:
        part = min(left, 262144)
        client.exactly(part)
        left -= part
        if watch.seconds() < 2.5:
            pace(0.2)
    assert watch.seconds() > 1.5


def test_a_tls_handshake_that_stops_is_let_go(start, backend):
    mux = start(conf.config([backend], servers=SERVER_TLS, timeouts={"header": 0.4}))
    client = mux.client()
    watch = Stopwatch()
    client.send(b"\x16\x03\x01\x02\x00\x01\x00")
    client.rest()
    assert watch.seconds() < 7


def test_a_location_may_have_a_body_time_of_its_own(start, backend):
    mux = start(conf.config([backend], timeouts={"body": 8}, servers=[{"listen": ["127.0.0.1:0"], "locations": [
        {"path": "/", "pool": "pool"}, {"path": "/quick", "pool": "pool", "timeouts": {"body": 0.3}}]}]))
    client = mux.client()
    watch = Stopwatch()
    client.send(make_request("/quick", "POST", [("Content-Length", "10")]) + b"1")
    assert client.response().status == 408 and watch.seconds() < 4


def test_the_reasons_are_told(start, backend):
    mux = start(conf.config([backend], timeouts={"header": 0.2, "body": 0.2, "keepalive": 0.2}))
    for raw in (b"GET / HT", make_request("/", "POST", [("Content-Length", "5")]) + b"1"):
        with mux.client() as client:
            client.send(raw)
            client.response()
            client.rest()
    with mux.client() as client:
        client.ask()
        client.rest()
    told = mux.metrics()
    for reason in ("header_timeout", "body_timeout", "keepalive_timeout"):
        assert sum(told.find("", reason=reason).values()) >= 1, reason
