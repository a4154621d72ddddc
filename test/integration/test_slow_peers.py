"""Do slow and idle clients leave the others alone?"""
import threading

import pytest

from harness import conf, ws
from harness.wait import Stopwatch, wait_until
from harness.wire import make_request, make_response

pytestmark = pytest.mark.seconds(60)


def worst_latency(mux, count=100):
    worst = 0.0
    with mux.client() as client:
        for _ in range(count):
            watch = Stopwatch()
            assert client.ask("/quick").status == 200
            worst = max(worst, watch.seconds())
    return worst


def check_others(mux):
    # Wide: a busy machine, sanitizers. A proxy that waits for its slow clients would take seconds.
    assert worst_latency(mux) < 1.0


@pytest.fixture
def mux(start, backend):
    return start(conf.config([backend], timeouts={"header": 30, "body": 30, "send": 30, "keepalive": 30}))


def test_slow_heads(mux):
    clients = [mux.client() for _ in range(200)]
    for client in clients:
        client.send(b"GET / HTTP/1.1\r\nHost: c")
    check_others(mux)
    for client in clients[:20]:
        client.send(b"omfy.test\r\n\r\n")
        assert client.response().status == 200


def test_slow_bodies(mux, backend):
    """They do not even take a worker's connection."""
    clients = [mux.client() for _ in range(200)]
    for client in clients:
        client.send(make_request("/prompt", "POST", [("Content-Length", "1000")]) + b"{")
    check_others(mux)
    assert len(backend.connections) <= 2


def test_slow_readers(mux, backend):
    body = b"z" * (1 << 20)
    backend.answer = lambda request: make_response(b"ok" if request.target == "/quick" else body)
    clients = [mux.client(buffers=8192) for _ in range(60)]
    for client in clients:
        client.send(make_request("/big"))
    backend.wait_requests(60)
    check_others(mux)
    for client in clients[:5]:
        assert client.response().body == body


def test_idle_connections_and_tunnels(mux, backend):
    def script(conn):
        while (request := conn.request()) is not None:
            if request.has("upgrade"):
                conn.send(ws.switching())
                conn.rest()
                return
            conn.send(make_response())

    backend.script = script
    tunnels = [mux.client() for _ in range(100)]
    for client in tunnels:
        ws.open_socket(client)
    idle = [mux.client() for _ in range(200)]
    for client in idle:
        assert client.ask().status == 200
    check_others(mux)
    before = mux.cpu_seconds()
    with mux.client() as quiet:
        quiet.has_nothing(0.5)
    assert mux.cpu_seconds() - before < 0.3, "nobody says anything, and it works"


def test_a_big_transfer_leaves_room_for_small_requests(mux, backend):
    stop = threading.Event()

    def script(conn):
        while (request := conn.request()) is not None:
            if request.target != "/huge":
                conn.send(make_response())
                continue
            conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n")
            while not stop.is_set():
                conn.send(b"z" * 262144)
            return

    backend.script = script
    hungry = mux.client()
    hungry.send(make_request("/huge"))
    hungry.response_head()

    def swallow():
        try:
            while not stop.is_set() and hungry.some():
                hungry.received.clear()
        except BaseException:  # pylint: disable=broad-except
            pass

    thread = threading.Thread(target=swallow)
    thread.start()
    try:
        check_others(mux)
    finally:
        stop.set()
        hungry.sock.shutdown(2)
        thread.join()
        mux.announce()


def test_a_stalled_worker_stalls_only_its_own(start, backend_of):
    stuck, fine = backend_of(lambda conn: (conn.request(), conn.rest())), backend_of()
    mux = start(conf.config(pools=[conf.pool([stuck], "stuck"), conf.pool([fine], "fine")], timeouts={"read": 30}, servers=[
        {"listen": ["127.0.0.1:0"], "locations": [{"path": "/", "pool": "fine"}, {"path": "/stuck", "pool": "stuck"}]}]))
    clients = [mux.client() for _ in range(100)]
    mux.announce()
    for client in clients:
        client.send(make_request("/stuck"))
    stuck.wait_requests(100)
    check_others(mux)


def test_a_client_that_resets_all_the_time_is_no_harm(mux):
    for i in range(300):
        client = mux.client()
        client.send(make_request() if i % 2 else b"GET")
        client.reset()
    check_others(mux)
    wait_until(lambda: mux.open_connections() == 0, "all have gone")
