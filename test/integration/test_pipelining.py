"""Are requests sent ahead answered one by one, in order?"""
import threading

import pytest

from harness.wire import make_request, make_response

pytestmark = pytest.mark.core
RIG = {"backends": 2}


def test_answers_come_in_the_order_of_the_requests(rig):
    for backend in rig.backends:
        backend.answer = lambda request: make_response(request.target.encode() + request.body)
    raw = b"".join(make_request(f"/{i}", "POST" if i % 3 else "GET", body=b"b" * i if i % 3 else None)
                   for i in range(60))
    client = rig.client()
    client.send(raw)
    for i in range(60):
        assert client.response().body == f"/{i}".encode() + (b"b" * i if i % 3 else b"")
    client.has_nothing(0.05)


def test_a_slow_answer_holds_the_later_ones_back(rig):
    go = threading.Event()

    def slow_first(request):
        if request.target == "/slow":
            go.wait(10)
        return make_response(request.target.encode())

    for backend in rig.backends:
        backend.answer = slow_first
    client = rig.client()
    client.send(make_request("/slow") + make_request("/fast"))
    client.has_nothing(0.1)
    go.set()
    assert [client.response().body for _ in range(2)] == [b"/slow", b"/fast"]


def test_only_one_request_of_a_connection_runs_at_a_time(rig):
    go = threading.Event()
    for backend in rig.backends:
        backend.answer = lambda request: (go.wait(10), make_response())[1]
    client = rig.client()
    client.send(make_request("/1") + make_request("/2") + make_request("/3"))
    rig.backends[0].wait_requests(0)
    client.has_nothing(0.1)
    assert sum(len(b.requests) for b in rig.backends) == 1
    go.set()
    for _ in range(3):
        assert client.response().status == 200


def test_a_flood_of_pipelined_requests_costs_no_memory(rig):
    """100,000 requests ahead of a worker that does not answer: the proxy stops reading."""
    go = threading.Event()
    for backend in rig.backends:
        backend.answer = lambda request: (go.wait(20), make_response())[1]
    before = rig.mux.memory()
    client = rig.client()
    client.sock.setblocking(False)
    sent, one = 0, make_request("/flood") * 100
    try:
        while sent < 8 << 20:
            sent += client.sock.send(one)
    except BlockingIOError:
        pass
    grown = rig.mux.memory() - before
    go.set()
    assert grown < 2 << 20, f"{grown} bytes for {sent} bytes of pipelined requests"


def test_a_close_in_the_middle_ends_the_connection_after_its_answer(rig):
    client = rig.client()
    client.send(make_request("/1") + make_request("/2", fields=[("Connection", "close")]) + make_request("/3"))
    assert client.response().status == 200
    last = client.response()
    assert last.status == 200 and "close" in last.tokens("connection")
    assert client.is_closed() == "eof"
    assert sum((b.paths() for b in rig.backends), []).count("/3") == 0


def test_a_client_that_half_closes_gets_its_answers(rig):
    client = rig.client()
    client.send(make_request("/1") + make_request("/2"))
    client.half_close()
    assert [client.response().status for _ in range(2)] == [200, 200]
    assert client.is_closed() == "eof"
