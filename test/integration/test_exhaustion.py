"""Does it carry on, and say so, when descriptors, connections or the disk are used up?"""
import os
import resource
import signal
import subprocess
import threading

from harness import conf, paths, ws
from harness.client import RawClient
from harness.mux import SANITIZERS, Exited
from harness.wait import wait_until
from harness.wire import make_request, make_response


def few_descriptors(count):
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))


def connect_many(mux, count):
    return [mux.client() for _ in range(count)]


def test_max_connections_holds_back_the_rest_until_there_is_room(start, backend):
    backend.script = ws.echo_script
    mux = start(conf.config([backend], limits={"max_connections": 10}))
    mux.announce()
    tunnels = connect_many(mux, 10)
    for client in tunnels:
        ws.open_socket(client)
    waiting = mux.client()
    waiting.send(ws.upgrade_request())
    waiting.has_nothing(0.2)
    tunnels[0].close()
    assert waiting.response().status == 101


def test_an_idle_client_makes_room_for_a_new_one(start, backend):
    mux = start(conf.config([backend], limits={"max_connections": 10}, timeouts={"keepalive": 60}))
    mux.announce()
    idle = connect_many(mux, 10)
    for client in idle:
        client.ask()
    assert mux.ask().status == 200
    assert mux.open_connections() <= 10


def test_it_never_has_more_clients_than_allowed(start, backend):
    backend.script = ws.echo_script
    mux = start(conf.config([backend], limits={"max_connections": 20}))
    mux.announce()
    clients = connect_many(mux, 60)
    for client in clients:
        client.send(ws.upgrade_request())
    wait_until(lambda: len(backend.requests) == 20, "twenty tunnels")
    assert mux.open_connections() == 20
    for client in clients[:40]:
        client.close()
    wait_until(lambda: len(backend.requests) >= 40, "their places are taken")


def test_descriptors_that_run_out_stop_nobody_who_is_served(start, backend):
    """RLIMIT_NOFILE of 128: more clients come than that. Those who were there are served, the others get their turn."""
    gate = threading.Event()

    def answer(request):
        if request.target == "/slow":
            gate.wait(20)
        return make_response()

    backend.answer = answer
    mux = start(conf.config([backend], health={"interval": 0, "fall": 3}), preexec=few_descriptors(128))
    mux.announce()
    slow = connect_many(mux, 5)
    for client in slow:
        client.send(make_request("/slow"))
    backend.wait_requests(5)
    clients = connect_many(mux, 200)
    for client in clients:
        client.send(make_request(fields=[("Connection", "close")]))
    statuses = [client.response().status for client in clients]
    assert mux.nodes()["w1"]["state"] == "up", "the worker is blamed for descriptors that we lack"
    assert statuses == [200] * 200
    gate.set()
    assert [client.response().status for client in slow] == [200] * 5
    assert not [line for line in mux.lines if line.level == "error"], mux.log_tail()
    for client in clients + slow:
        client.close()
    assert mux.ask().status == 200
    mux.reload_ok()
    assert mux.ask().status == 200


def test_very_few_descriptors_are_an_error_or_still_enough(start, backend):
    mux = start(conf.config([backend]), wait=False, preexec=few_descriptors(24))
    mux.announce()
    mux.announce(level="error")
    try:
        mux.started()
    except Exited:
        mux.ended_by_test = True
        assert mux.wait_exit() == 1
        return
    assert mux.ask().status in (200, 502, 503)


def test_a_full_disk_under_the_access_log_stops_nobody(start, backend):
    mux = start(conf.config([backend], access_log={"file": "/dev/full", "format": "combined"}))
    mux.announce()
    mux.announce(level="error")
    with mux.client() as client:
        for _ in range(500):
            assert client.ask().status == 200
    wait_until(lambda: sum(mux.metrics().find("lost").values()) > 0, "it says that lines were lost")


def test_a_full_disk_under_the_error_log_stops_nobody(start, backend, short_folder):
    address = f"{short_folder}/c.sock"
    mux = start(conf.config([backend], listen=f"unix:{address}", error_log={"file": "/dev/full", "level": "debug"}), wait=False)
    wait_until(lambda: os.path.exists(address), "it listens")
    for _ in range(20):
        assert mux.ask(address=address).status == 200
    mux.signal(signal.SIGHUP)
    assert mux.ask(address=address).status == 200
    mux.signal(signal.SIGTERM)
    mux.ended_by_test = True
    assert mux.wait_exit() == 0


def test_a_log_that_cannot_be_opened_is_an_error_at_start(start, backend):
    mux = start(conf.config([backend], access_log={"file": "/no/such/folder/access.log", "format": "combined"}), wait=False)
    mux.announce(level="error")
    mux.ended_by_test = True
    assert mux.wait_exit() == 1
    assert any("/no/such/folder" in line.text for line in mux.lines)


def test_a_closed_stderr_is_no_end(folder, short_folder, backend):
    """As under a service manager that went away: the pipe has no reader, SIGPIPE must not kill."""
    path = folder / "mux.cfg"
    sock = f"{short_folder}/c.sock"
    path.write_text(conf.render(conf.config([backend], listen=f"unix:{sock}", access_log={"format": "off"})))
    process = subprocess.Popen([paths.binary(), "-c", str(path)], stderr=subprocess.PIPE, env={**os.environ, **SANITIZERS})
    process.stderr.close()
    try:
        wait_until(lambda: os.path.exists(sock), "it listens")
        for _ in range(3):
            with RawClient(sock) as client:
                assert client.ask().status == 200
                client.send(b"bad\r\n\r\n")
                client.response()
        process.send_signal(signal.SIGHUP)
        with RawClient(sock) as client:
            assert client.ask().status == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def test_many_connections_in_a_row_leave_nothing(start, backend):
    mux = start(conf.config([backend]))
    for _ in range(300):
        mux.ask()
    before = mux.memory()
    for i in range(1500):
        with RawClient(mux.address) as client:
            if i % 3 == 0:
                client.ask()
            elif i % 3 == 1:
                client.send(b"GET / HTT")
    wait_until(lambda: mux.open_connections() == 0, "all have gone")
    assert mux.memory() - before < 6 << 20


def test_a_burst_of_half_open_requests_costs_little(start, backend):
    mux = start(conf.config([backend], timeouts={"header": 20}))
    before = mux.memory()
    clients = connect_many(mux, 400)
    for client in clients:
        client.send(b"GET / HTTP/1.1\r\nHost: comfy.test\r\nX: " + b"a" * 3000)
    clients[-1].send_seen(b"b")
    assert mux.memory() - before < 16 << 20
    assert mux.ask().status == 200
