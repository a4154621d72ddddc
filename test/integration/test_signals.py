"""Do the signals, and -s, do what they say?"""
import os
import pathlib
import signal
import subprocess
import threading

import pytest

from harness import conf, paths, ws
from harness.client import RawClient
from harness.mux import SANITIZERS
from harness.wait import Stopwatch, wait_until
from harness.wire import make_request, make_response


def refused(address):
    try:
        RawClient(address).close()
        return False
    except ConnectionResetError:
        return False  # it lay in the backlog of the socket that was closed
    except (ConnectionRefusedError, FileNotFoundError):
        return True


def ended(mux, code=0):
    mux.ended_by_test = True
    assert mux.wait_exit() == code, mux.log_tail()
    assert mux.events("stopped"), mux.log_tail()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_term_and_int_stop_now(start, backend, number):
    """Whatever runs."""
    backend.script = lambda conn: (conn.request(), conn.rest())
    mux = start(conf.config([backend]))
    clients = [mux.client() for _ in range(3)]
    clients[0].send(make_request("/slow"))
    clients[1].send_seen(b"GET / HT")
    backend.wait_requests(1)
    watch = Stopwatch()
    mux.signal(number)
    ended(mux)
    assert watch.seconds() < 4


def test_term_ends_tunnels_too(start, backend):
    backend.script = ws.echo_script
    mux = start(conf.config([backend]))
    client = mux.client()
    ws.open_socket(client)
    mux.signal(signal.SIGTERM)
    ended(mux)
    client.rest()
    backend.wait_over(3)


def test_quit_refuses_new_connections_and_finishes_what_runs(start, backend):
    gate = threading.Event()
    backend.answer = lambda request: (gate.wait(10), make_response(b"finished"))[1]
    mux = start(conf.config([backend]))
    address = mux.address
    client = mux.client()
    client.send(make_request())
    backend.wait_requests(1)
    mux.signal(signal.SIGQUIT)
    wait_until(lambda: refused(address), "it refuses")
    assert mux.is_running()
    gate.set()
    response = client.response()
    assert response.body == b"finished"
    ended(mux)


def test_quit_lets_a_tunnel_go_on_to_its_end(start, backend):
    backend.script = ws.echo_script
    mux = start(conf.config([backend]))
    address = mux.address
    client = mux.client()
    ws.open_socket(client)
    mux.signal(signal.SIGQUIT)
    wait_until(lambda: refused(address), "it refuses")
    for _ in range(3):
        client.send(b"hello")
        assert client.exactly(5) == b"hello"
    client.close()
    ended(mux)


def test_quit_without_anything_to_finish_ends_at_once(start, backend):
    mux = start(conf.config([backend]))
    watch = Stopwatch()
    mux.signal(signal.SIGQUIT)
    ended(mux)
    assert watch.seconds() < 4


def test_quit_does_not_wait_for_idle_clients_for_long(start, backend):
    mux = start(conf.config([backend], timeouts={"keepalive": 60, "drain": 3}))
    client = mux.client()
    client.ask()
    watch = Stopwatch()
    mux.signal(signal.SIGQUIT)
    ended(mux)
    assert watch.seconds() < 14


def test_quit_waits_no_longer_than_drain(start, backend):
    backend.script = ws.echo_script
    mux = start(conf.config([backend], timeouts={"drain": 0.5}))
    mux.announce()
    client = mux.client()
    ws.open_socket(client)
    watch = Stopwatch()
    mux.signal(signal.SIGQUIT)
    ended(mux)
    assert 0.3 < watch.seconds() < 6
    client.rest()


def test_a_request_on_a_kept_connection_during_quit_is_answered(start, backend):
    """nginx and HAProxy lose it: here it is served, and told to close."""
    mux = start(conf.config([backend]))
    client = mux.client()
    client.ask()
    address = mux.address
    mux.signal(signal.SIGQUIT)
    wait_until(lambda: refused(address), "it refuses")
    response = client.ask()
    assert response.status == 200 and "close" in response.tokens("connection")
    ended(mux)


def test_term_after_quit_stops_now(start, backend):
    backend.script = ws.echo_script
    mux = start(conf.config([backend], timeouts={"drain": 60}))
    client = mux.client()
    ws.open_socket(client)
    mux.signal(signal.SIGQUIT)
    wait_until(lambda: refused(mux.address), "it refuses")
    mux.signal(signal.SIGTERM)
    ended(mux)


def test_usr1_opens_the_logs_anew(start, backend, folder):
    error_log = folder / "error.log"
    mux = start(conf.config([backend], error_log={"file": str(error_log), "level": "info"}), wait=False)
    wait_until(lambda: error_log.exists() and "event=started" in error_log.read_text(), "it is up")
    address = next(line.split("address=")[1].split()[0] for line in error_log.read_text().splitlines() if "event=listening" in line)
    host, port = address.rsplit(":", 1)
    where = (host, int(port))
    mux.ask("/before", address=where)
    os.rename(error_log, f"{error_log}.1")
    os.rename(mux.access_log, f"{mux.access_log}.1")
    mux.signal(signal.SIGUSR1)
    wait_until(lambda: error_log.exists() and mux.access_log.exists(), "new files")
    mux.ask("/after", address=where)
    mux.signal(signal.SIGTERM)
    mux.ended_by_test = True
    assert mux.wait_exit() == 0
    assert "/after" in mux.access_log.read_text()
    assert "/before" not in mux.access_log.read_text() and "/before" in pathlib.Path(f"{mux.access_log}.1").read_text()
    assert "event=stopped" in error_log.read_text()
    assert "event=listening" in pathlib.Path(f"{error_log}.1").read_text()


@pytest.mark.parametrize("number", [signal.SIGPIPE, signal.SIGUSR2])
def test_other_signals_do_not_end_it(start, backend, number):
    mux = start(conf.config([backend]))
    mux.announce()
    mux.signal(number)
    assert mux.ask().status == 200


def test_stop_and_continue_is_survived(start, backend):
    """The clock jumps for the program; clients that are fine are not timed out for it."""
    mux = start(conf.config([backend]))
    client = mux.client()
    client.ask()
    mux.signal(signal.SIGSTOP)
    client.send(make_request())
    client.has_nothing(0.3)
    mux.signal(signal.SIGCONT)
    assert client.response().status == 200


# -- the pid file, and -s

def test_the_pid_file_is_written_and_removed(start, backend, folder):
    pid_file = folder / "mux.pid"
    mux = start(conf.config([backend], pid_file=str(pid_file)))
    assert int(pid_file.read_text()) == mux.pid
    mux.signal(signal.SIGTERM)
    ended(mux)
    assert not pid_file.exists()


def test_the_pid_file_is_there_only_when_every_socket_listens(start, backend, folder):
    pid_file = folder / "mux.pid"
    holder = RawClient(("127.0.0.1", backend.port))
    busy = f"127.0.0.1:{backend.port}"
    mux = start(conf.config([backend], listen=["127.0.0.1:0", busy], pid_file=str(pid_file)), wait=False)
    mux.announce(level="error")
    mux.ended_by_test = True
    assert mux.wait_exit() == 1
    assert not pid_file.exists()
    holder.close()


def command(mux, *arguments):
    return subprocess.run([paths.binary(), "-c", str(mux.file), *arguments], capture_output=True, text=True, timeout=20,
                          check=False, env={**os.environ, **SANITIZERS})


def test_s_reload_stop_quit_reopen(start, backend, folder):
    mux = start(conf.config([backend], pid_file=str(folder / "mux.pid")))
    since = mux.mark()
    assert command(mux, "-s", "reload").returncode == 0
    mux.wait_event("reload_done", since)
    assert command(mux, "-s", "reopen").returncode == 0
    assert mux.ask().status == 200
    assert command(mux, "-s", "quit").returncode == 0
    ended(mux)


def test_s_stop(start, backend, folder):
    mux = start(conf.config([backend], pid_file=str(folder / "mux.pid")))
    assert command(mux, "-s", "stop").returncode == 0
    ended(mux)


def test_s_without_anybody_running_fails_and_says_so(start, backend, folder):
    mux = start(conf.config([backend], pid_file=str(folder / "mux.pid")))
    mux.signal(signal.SIGTERM)
    ended(mux)
    done = command(mux, "-s", "reload")
    assert done.returncode != 0 and done.stderr
    (folder / "mux.pid").write_text("999999999\n")
    assert command(mux, "-s", "stop").returncode != 0
    (folder / "mux.pid").write_text("rubbish\n")
    assert command(mux, "-s", "stop").returncode != 0


def test_s_with_an_unknown_word_fails(start, backend, folder):
    mux = start(conf.config([backend], pid_file=str(folder / "mux.pid")))
    assert command(mux, "-s", "restart").returncode != 0
    assert mux.ask().status == 200
