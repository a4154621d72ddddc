"""Is an open WebSocket a pipe of bytes, both ways, that loses none?"""
import os
import threading

import pytest

from harness import conf, ws
from harness.sockdiag import kernel_buffers
from harness.wait import Stopwatch, pace
from harness.wire import make_response

pytestmark = pytest.mark.core


def test_bytes_right_behind_the_clients_head_are_not_lost(rig):
    rig.backend.script = ws.echo_script
    client = rig.client()
    client.send(ws.upgrade_request() + b"early bird")
    assert client.response().status == 101
    assert client.exactly(10) == b"early bird"


def test_they_wait_for_the_101(rig):
    go, seen = threading.Event(), []

    def script(conn):
        conn.request()
        conn.sock.settimeout(0.1)
        try:
            seen.append(conn.buffer or conn.sock.recv(100))
        except TimeoutError:
            pass
        go.wait(10)
        conn.send(ws.switching())
        seen.append(conn.exactly(5))

    rig.backend.script = script
    client = rig.client()
    client.send(ws.upgrade_request() + b"early")
    rig.backend.wait_requests(1)
    go.set()
    assert client.response().status == 101
    rig.backend.wait_over()
    assert seen == [b"early"], "bytes of the tunnel went to a worker that had not agreed to it"


def test_bytes_right_behind_the_workers_101_are_not_lost(rig):
    frames = ws.frame('{"type":"status"}') + ws.frame(os.urandom(5000), ws.BINARY)
    rig.backend.script = lambda conn: (conn.request(), conn.send(ws.switching() + frames), conn.rest())
    client = rig.client()
    ws.open_socket(client)
    assert client.exactly(len(frames)) == frames


def test_subprotocols_and_extensions_pass_as_they_are(rig):
    asked = [("Sec-WebSocket-Protocol", "chat, superchat"), ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"),
             ("Origin", "http://comfy.test"), ("Cookie", "a=b")]
    told = [("Sec-WebSocket-Protocol", "chat"), ("Sec-WebSocket-Extensions", "permessage-deflate"), ("Content-Type", "application/octet-stream"),
            ("Date", "now"), ("Server", "Python/3.11 aiohttp/3.8.4")]
    rig.backend.script = lambda conn: (conn.request(), conn.send(ws.switching(fields=told)), conn.rest())
    client = rig.client()
    response = ws.open_socket(client, fields=asked)
    request, = rig.backend.requests
    assert [f for f in request.fields if f in asked] == asked
    assert [f for f in response.fields if f in told] == told


def test_the_worker_is_told_about_the_client_here_too(rig):
    rig.backend.script = ws.echo_script
    ws.open_socket(rig.client())
    request, = rig.backend.requests
    assert request.get("x-real-ip") == "127.0.0.1" and request.get("host") == "comfy.test"
    assert request.get("x-forwarded-for") == "127.0.0.1" and request.get("x-forwarded-host") == "comfy.test"


def test_bytes_pass_both_ways_at_once(rig, io_mode):
    size = 20000 if io_mode == "shortio" else 3 << 20
    up, down = os.urandom(size), os.urandom(size)
    got = []

    def script(conn):
        conn.request()
        conn.send(ws.switching())
        sender = threading.Thread(target=conn.sock.sendall, args=(down,))
        sender.start()
        got.append(conn.exactly(size))
        sender.join()
        conn.rest()

    rig.backend.script = script
    client = rig.client()
    ws.open_socket(client)
    sender = threading.Thread(target=client.sock.sendall, args=(up,))
    sender.start()
    assert client.exactly(size) == down
    sender.join()
    client.half_close()
    rig.backend.wait_over()
    assert got == [up]


def test_the_tunnel_is_8_bit_clean(rig):
    rig.backend.script = ws.echo_script
    client = rig.client()
    ws.open_socket(client)
    everything = bytes(range(256)) * 4 + b"\r\n\r\nHTTP/1.1 200 OK\r\n\r\nGET / HTTP/1.1\r\n\r\n"
    client.send(everything)
    assert client.exactly(len(everything)) == everything


def test_a_thousand_small_messages_arrive_one_by_one(rig):
    """Ping-pong: each waits for the one before, so a message that is kept back would hang."""
    rig.backend.script = ws.echo_script
    client = rig.client()
    ws.open_socket(client)
    message = ws.frame("x" * 200, mask=True)
    for _ in range(1000):
        client.send(message)
        assert client.exactly(len(message)) == message


def test_the_clients_half_close_passes_on_and_the_other_way_stays_open(rig):
    def script(conn):
        conn.request()
        conn.send(ws.switching())
        rest = conn.rest()
        conn.send(b"goodbye, " + rest)

    rig.backend.script = script
    client = rig.client()
    ws.open_socket(client)
    watch = Stopwatch()
    client.send(b"me")
    client.half_close()
    assert client.rest() == b"goodbye, me" and client.ended == "eof"
    assert watch.seconds() < 1.5


def test_the_workers_half_close_passes_on_and_the_other_way_stays_open(rig):
    got = []

    def script(conn):
        conn.request()
        conn.send(ws.switching() + b"bye")
        conn.half_close()
        got.append(conn.rest())

    rig.backend.script = script
    client = rig.client()
    ws.open_socket(client)
    watch = Stopwatch()
    assert client.rest() == b"bye" and client.ended == "eof"
    client.send(b"last words")
    client.half_close()
    rig.backend.wait_over()
    assert got == [b"last words"] and watch.seconds() < 1.5


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_client_that_goes_away_is_gone_for_the_worker_within_a_second(rig, how):
    ended = []

    def script(conn):
        conn.request()
        conn.send(ws.switching())
        conn.rest()
        ended.append(conn.ended)

    rig.backend.script = script
    client = rig.client()
    ws.open_socket(client)
    watch = Stopwatch()
    getattr(client, how)()
    rig.backend.wait_over(3)
    assert ended and watch.seconds() < 1.5


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_worker_that_goes_away_is_gone_for_the_client_within_a_second(rig, how):
    rig.mux.announce()
    go = threading.Event()

    def script(conn):
        conn.request()
        conn.send(ws.switching())
        go.wait(10)
        getattr(conn, how)()

    rig.backend.script = script
    client = rig.client()
    ws.open_socket(client)
    watch = Stopwatch()
    go.set()
    client.rest()
    assert watch.seconds() < 1.5
    if how == "reset":
        assert client.ended == "reset"


def test_a_tunnels_connection_is_never_used_again(rig):
    rig.backend.script = lambda conn: (conn.request(), conn.send(ws.switching()), conn.rest())
    with rig.client() as client:
        ws.open_socket(client)
    rig.backend.wait_over(3)
    rig.serves()
    assert len(rig.backend.connections) == 2


def test_a_tunnel_may_begin_on_a_used_client_connection(rig):
    def script(conn):
        while (request := conn.request()) is not None:
            if request.has("upgrade"):
                conn.send(ws.switching())
                conn.send(conn.exactly(5))
                return
            conn.send(make_response(b"page"))

    rig.backend.script = script
    client = rig.client()
    assert client.ask("/").body == b"page"
    client.send(ws.upgrade_request())
    assert client.response().status == 101
    client.send(b"hello")
    assert client.exactly(5) == b"hello"


def test_an_idle_tunnel_is_closed_after_its_time(start, backend):
    backend.script = ws.echo_script
    mux = start(conf.config([backend], timeouts={"tunnel": 0.5, "keepalive": 0.1, "read": 0.1, "send": 0.1}))
    mux.announce()
    client = mux.client()
    ws.open_socket(client)
    watch = Stopwatch()
    client.rest()
    assert 0.4 < watch.seconds() < 5
    backend.wait_over(3)


def test_a_tunnel_that_says_something_is_not_idle(start, backend):
    backend.script = ws.echo_script
    mux = start(conf.config([backend], timeouts={"tunnel": 0.6, "keepalive": 0.1, "read": 0.1, "header": 0.1}))
    client = mux.client()
    ws.open_socket(client)
    watch = Stopwatch()
    while watch.seconds() < 1.5:
        client.send(b"x")
        assert client.exactly(1) == b"x"
        client.has_nothing(0.15)


def test_one_direction_keeps_a_tunnel_alive(start, backend):
    """ComfyUI talks and the browser only listens, for hours."""
    def script(conn):
        conn.request()
        conn.send(ws.switching())
        for _ in range(10):
            conn.send(b"x")
            pace(0.15)
        conn.rest()

    backend.script = script
    mux = start(conf.config([backend], timeouts={"tunnel": 0.6}))
    client = mux.client()
    ws.open_socket(client)
    assert client.exactly(10) == b"x" * 10


def test_a_reader_that_stops_stops_its_worker_and_nobody_else(rig):
    """Backpressure: what the client does not take is not piled up in the proxy."""
    sent = [0]

    def script(conn):
        conn.request()
        conn.send(ws.switching())
        conn.sock.settimeout(0.5)
        try:
            while sent[0] < kernel_buffers() * 2:
                sent[0] += conn.sock.send(b"z" * 65536)
        except TimeoutError:
            pass

    rig.backend.script = script
    before = rig.mux.memory()
    slow = rig.client(buffers=65536)
    ws.open_socket(slow)
    rig.backend.wait_over(20)
    assert sent[0] < kernel_buffers() + (4 << 20), "the worker could send as much as it liked"
    assert rig.mux.memory() - before < 8 << 20
    rig.serves()
