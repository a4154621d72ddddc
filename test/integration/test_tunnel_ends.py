"""When does a WebSocket end that neither side has closed: a client that does not read, a worker that is out?"""
import os
import socket
import threading

from harness import conf, ws
from harness.wait import wait_until
from harness.wire import Cut, make_response


def test_a_client_that_stops_reading_is_cut_after_send_and_not_after_tunnel(start, backend):
    """A ComfyUI that cannot send to one client stands still for all of them."""
    went_on = threading.Event()

    def script(conn):
        if conn.request().target != "/ws":
            return conn.send(make_response(b"ok"))
        conn.send(ws.switching())
        block = ws.frame(os.urandom(1 << 20), ws.BINARY)
        try:
            for _ in range(200):
                conn.send(block)
        except OSError:
            went_on.set()
        return None

    backend.script = script
    mux = start(conf.config([backend], timeouts={"send": 0.5, "tunnel": 3600}))
    client = mux.client()
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    ws.open_socket(client)
    assert went_on.wait(15), "the worker still cannot send"
    assert mux.metrics().value("comfymux_closed_total", reason="send_timeout") == 1


def test_tunnels_of_a_worker_that_is_out_end_so_that_their_pages_come_back_elsewhere(start, backend_of):
    """A page whose /ws stays at a silent worker sees nothing of its jobs, which run on another one now."""
    silent = threading.Event()

    def script(conn):
        while True:
            request = conn.request()
            if request is None:
                return None
            if request.target == "/ws":
                conn.send(ws.switching())
                return conn.rest()
            if silent.is_set():
                return conn.rest()
            conn.send(make_response(b"{}"))

    one, two = backend_of(), backend_of()
    one.script = script
    mux = start(conf.config([one, two], balancing={"strategy": "round_robin", "sticky": {"keys": []}}, health={"interval": 0.2, "timeout": 0.2, "heartbeat_timeout": 0.6, "path": "/up",
                            "rise": 1, "fall": 2}))
    mux.announce(r"worker_state|worker_failed")
    client = mux.client()
    ws.open_socket(client)
    if not any(request.target == "/ws" for request in one.requests):
        client = mux.client()
        ws.open_socket(client)
    assert any(request.target == "/ws" for request in one.requests)
    silent.set()
    try:
        assert client.rest() == b""
    except Cut as cut:
        assert "reset" in str(cut)
    wait_until(lambda: mux.metrics().value("comfymux_closed_total", reason="worker_down") == 1, "its reason")


def test_what_a_worker_says_before_it_breaks_off_arrives(start, backend):
    """ComfyUI refuses a frame that is too large: a close frame, then a RST, because it does not read the rest."""
    def script(conn):
        conn.request()
        conn.send(ws.switching())
        conn.exactly(100)
        conn.send(ws.frame(b"\x03\xf1", ws.CLOSE))
        conn.reset()

    backend.script = script
    mux = start(conf.config([backend]))
    for _ in range(20):
        client = mux.client()
        ws.open_socket(client)
        try:
            client.send(b"x" * (4 << 20))
        except OSError:
            pass
        assert ws.read_frame(client) == (ws.CLOSE, b"\x03\xf1")
        client.close()
