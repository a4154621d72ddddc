"""Does it sleep while it waits, whatever it waits for?

A condition that stays true and is asked again and again costs a whole core; the bound is a tenth of one.
"""
import resource
import socket
import ssl
import threading

import pytest

from harness import conf, tls, ws
from harness.client import RawClient
from harness.comfy import Comfy
from harness.dead import DeadMachine
from harness.wait import pace, wait_until
from harness.wire import make_request

SECONDS = 0.5
LONG = {"header": 30, "body": 30, "send": 30, "keepalive": 30, "connect": 30, "read": 30, "tunnel": 30}


def check_sleeps(mux):
    pace(0.1)  # what was begun may end
    before = mux.cpu_seconds()
    pace(SECONDS)
    used = mux.cpu_seconds() - before
    assert used <= 0.1 * SECONDS + 0.03, f"{used} s of CPU in {SECONDS} s of waiting"


def silent(conn):
    conn.request()
    conn.rest()


@pytest.fixture
def mux(start, backend):
    made = start(conf.config([backend], timeouts=LONG))
    made.announce()
    return made


@pytest.fixture
def secure(start, backend):
    made = start(conf.config([backend], timeouts=LONG, servers=[
        {"listen": ["127.0.0.1:0"], "tls": tls.settings("comfy.test"), "locations": [{"path": "/", "pool": "pool"}]}]))
    made.announce()
    return made


def test_with_nothing_to_do(mux):
    check_sleeps(mux)


def test_with_probes_and_load_questions(start, backend_of):
    workers = [Comfy(f"w{i}") for i in range(4)]
    backend_of.made.extend(workers)
    mux = start(conf.config(workers, health={"interval": 0.5, "timeout": 1}, balancing={"strategy": "least_loaded"}))
    check_sleeps(mux)


@pytest.mark.parametrize("who", ["client", "worker"])
def test_with_half_closed_tunnels(mux, backend, who):
    go = threading.Event()

    def script(conn):
        conn.request()
        conn.send(ws.switching())
        if who == "worker":
            conn.half_close()
        conn.rest()
        go.wait(4)

    backend.script = script
    clients = [mux.client() for _ in range(5)]
    for client in clients:
        ws.open_socket(client)
        if who == "client":
            client.half_close()
    check_sleeps(mux)
    go.set()


def test_with_clients_waiting_beyond_max_connections(start, backend):
    backend.script = ws.echo_script
    mux = start(conf.config([backend], timeouts=LONG, limits={"max_connections": 5}))
    mux.announce()
    clients = [mux.client() for _ in range(20)]
    for client in clients:
        client.send(ws.upgrade_request())
    backend.wait_requests(5)
    check_sleeps(mux)


def test_with_no_descriptors_left(start, backend):
    backend.script = ws.echo_script
    mux = start(conf.config([backend], timeouts=LONG), preexec=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (80, 80)))
    mux.announce()
    mux.announce(level="error")
    clients = [mux.client() for _ in range(100)]
    for client in clients:
        client.send(ws.upgrade_request())
    check_sleeps(mux)


def test_with_a_client_that_does_not_read(mux, backend):
    def script(conn):
        conn.request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while True:
            conn.send(b"z" * 262144)

    backend.script = script
    clients = [mux.client(buffers=65536) for _ in range(3)]
    for client in clients:
        client.send(make_request())
        client.response_head()
    pace(0.5)
    check_sleeps(mux)


def test_with_a_tls_client_that_does_not_read(secure, backend):
    def script(conn):
        conn.request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while True:
            conn.send(b"z" * 262144)

    backend.script = script
    client = secure.client(tls=tls.context(), name="comfy.test", buffers=65536)
    client.send(make_request())
    client.response_head()
    pace(0.5)
    check_sleeps(secure)


def test_with_a_worker_that_does_not_read(mux, backend):
    go = threading.Event()
    backend.script = lambda conn: (conn.request_head(), go.wait(4))
    client = mux.client()
    client.send(make_request("/", "POST", [("Content-Length", str(1 << 30))]))
    client.sock.settimeout(0.5)
    with pytest.raises(TimeoutError):
        while True:
            client.sock.send(b"z" * 262144)
    check_sleeps(mux)
    go.set()


@pytest.mark.parametrize("raw", [b"GET / HT", make_request("/", "POST", [("Content-Length", "10")]) + b"12345",
                                 make_request("/", "POST", [("Transfer-Encoding", "chunked")]) + b"5\r\nab"],
                         ids=["half-a-head", "half-a-body", "half-a-chunk"])
def test_with_unfinished_requests(mux, raw):
    clients = [mux.client() for _ in range(5)]
    for client in clients:
        client.send(raw)
    check_sleeps(mux)


def test_with_a_worker_that_does_not_answer(mux, backend):
    backend.script = silent
    clients = [mux.client() for _ in range(5)]
    for client in clients:
        client.send(make_request() + make_request("/pipelined") * 50)
    backend.wait_requests(5)
    check_sleeps(mux)


def test_with_a_machine_that_does_not_answer(start):
    dead = DeadMachine()
    mux = start(conf.config([dead], timeouts=LONG))
    mux.announce()
    client = mux.client()
    client.send(make_request())
    check_sleeps(mux)
    client.close()
    dead.close()


def test_with_a_client_that_was_refused_and_stays(mux):
    client = mux.client()
    client.send(b"nonsense\r\n\r\n")
    client.response()
    check_sleeps(mux)


def test_with_unfinished_handshakes(secure):
    clients = [secure.client() for _ in range(5)]
    for client in clients:
        client.send(b"\x16\x03\x01\x02\x00\x01\x00")
    check_sleeps(secure)


def test_with_idle_tls_clients_of_which_some_said_goodbye(secure):
    """close_notify came, FIN did not."""
    clients = [secure.client(tls=tls.context(maximum=ssl.TLSVersion.TLSv1_2), name="comfy.test") for _ in range(5)]
    for client in clients:
        client.ask()
    for client in clients[:3]:
        client.sock.settimeout(0.05)
        try:
            client.sock.unwrap()
        except (OSError, ssl.SSLError):
            pass
    check_sleeps(secure)


def test_with_clients_that_half_closed(mux, backend):
    backend.script = silent
    clients = [mux.client() for _ in range(5)]
    for client in clients:
        client.send(make_request())
        client.half_close()
    check_sleeps(mux)


def test_with_idle_admin_clients(mux):
    where = mux.listening(event="admin_listening")
    clients = [RawClient(where) for _ in range(3)]
    clients[0].send(b"GET /nodes HT")
    clients[1].send(b"GET /nodes HTTP/1.1\r\nHost: x\r\n\r\n")
    clients[2].sock.shutdown(socket.SHUT_WR)
    check_sleeps(mux)
    for client in clients:
        client.close()


def test_with_logs_on_a_full_disk(start, backend):
    mux = start(conf.config([backend], access_log={"file": "/dev/full", "format": "combined"}))
    mux.announce()
    mux.announce(level="error")
    for _ in range(20):
        mux.ask()
    check_sleeps(mux)


def test_with_all_workers_gone(start, backend):
    backend.refuse()
    mux = start(conf.config([backend], health={"interval": 0.5, "timeout": 1, "fall": 1, "rise": 1}))
    mux.announce()
    wait_until(lambda: mux.nodes()["w1"]["state"] == "down", "it is down")
    check_sleeps(mux)


def test_while_it_drains(start, backend):
    backend.script = ws.echo_script
    mux = start(conf.config([backend], timeouts=LONG))
    client = mux.client()
    ws.open_socket(client)
    mux.signal(3)
    check_sleeps(mux)
    client.close()
    mux.ended_by_test = True
    assert mux.wait_exit() == 0


def test_with_a_worker_that_dribbles_a_chunked_answer(mux, backend):
    def script(conn):
        conn.request()
        conn.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel")
        conn.rest()

    backend.script = script
    client = mux.client()
    client.send(make_request())
    client.response_head()
    check_sleeps(mux)
