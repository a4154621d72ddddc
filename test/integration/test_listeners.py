"""What can it listen on, and what does it do when it cannot?"""
import os
import signal
import socket
import stat
import subprocess

import pytest

from harness import conf, ws
from harness import mux as program
from harness.wire import make_response


def config_of(backend, listen, **more):
    return conf.config([backend], listen=listen, **more)


def test_ipv4_and_ipv6_and_a_unix_socket_at_once(start, backend, short_folder):
    path = f"{short_folder}/c.sock"
    mux = start(config_of(backend, ["127.0.0.1:0", "[::1]:0", f"unix:{path}"]))
    assert mux.ask(address=mux.listening("127.0.0.1:0")).status == 200
    host, port = mux.listening("[::1]:0")
    assert host == "::1" and mux.ask(address=(host, port)).status == 200
    assert mux.listening(f"unix:{path}") == path
    assert mux.ask(address=path).status == 200


def test_an_ipv6_client_is_told_as_such(start, backend):
    mux = start(config_of(backend, "[::1]:0"))
    mux.ask()
    assert backend.requests[0].get("x-real-ip") == "::1" and backend.requests[0].get("x-forwarded-for") == "::1"


def test_a_unix_client_has_some_name(start, backend, short_folder):
    mux = start(config_of(backend, f"unix:{short_folder}/c.sock"))
    mux.ask()
    request, = backend.requests
    assert len(request.all("x-forwarded-for")) <= 1 and request.get("x-forwarded-proto") == "http"


def test_a_stale_unix_socket_is_replaced_and_removed_at_the_end(start, backend, short_folder):
    path = f"{short_folder}/c.sock"
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(path)
    stale.close()
    mux = start(config_of(backend, f"unix:{path}"))
    assert stat.S_ISSOCK(os.stat(path).st_mode) and mux.ask().status == 200
    mux.ended_by_test = True
    mux.signal(signal.SIGTERM)
    assert mux.wait_exit() == 0
    assert not os.path.exists(path)


def test_a_unix_path_that_is_no_socket_is_not_destroyed(start, backend, short_folder):
    path = short_folder / "precious"
    path.write_text("data")
    mux = start(config_of(backend, f"unix:{path}"), wait=False)
    mux.ended_by_test = True
    mux.announce(level="error")
    assert mux.wait_exit() != 0
    assert path.read_text() == "data"


def test_an_address_in_use_is_an_error_that_names_it(start, backend):
    holder = socket.socket()
    holder.bind(("127.0.0.1", 0))
    holder.listen()
    text = f"127.0.0.1:{holder.getsockname()[1]}"
    mux = start(config_of(backend, ["127.0.0.1:0", text]), wait=False)
    mux.ended_by_test = True
    mux.announce(level="error")
    assert mux.wait_exit() == 1
    holder.close()
    assert any(text in line.text for line in mux.lines), mux.log_tail()
    assert not mux.events("started")


def test_an_ipv6_wildcard_beside_the_ipv4_one(start, backend):
    """["0.0.0.0:P", "[::]:P"] on one port, as in the manual: the IPv6 socket must not take IPv4 as well."""
    probe = socket.socket()
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
    probe.close()
    mux = start(config_of(backend, [f"127.0.0.1:{port}", f"[::]:{port}"]))
    assert mux.ask(address=("127.0.0.1", port)).status == 200
    assert mux.ask(address=("::1", port)).status == 200


def test_a_worker_may_be_on_ipv6(start, backend_of):
    worker = backend_of(host="::1", answer=make_response(b"six"))
    assert start(conf.config([worker])).ask().body == b"six"


def test_a_worker_may_have_a_name(start, backend):
    mux = start(conf.config(pools=[conf.pool([{**conf.node(backend, "w1"), "host": "localhost"}])]))
    assert mux.ask().status == 200


def test_many_connections_at_once_are_accepted(start, backend):
    mux = start(conf.config([backend]))
    clients = [mux.client() for _ in range(300)]
    for client in clients:
        assert client.ask().status == 200


def test_descriptors_are_not_left_to_children(start, backend):
    """Everything is close-on-exec."""
    mux = start(conf.config([backend]))
    client = mux.client()
    client.ask()
    folder = f"/proc/{mux.pid}/fdinfo"
    for name in os.listdir(folder):
        if int(name) < 3:
            continue
        with open(f"{folder}/{name}", encoding="ascii") as info:
            flags = next(int(line.split()[1], 8) for line in info if line.startswith("flags:"))
        assert flags & 0o2000000, f"descriptor {name} -> {os.readlink(f'/proc/{mux.pid}/fd/{name}')}"


def test_tcp_keep_alive_is_on_for_tunnels(start, backend):
    backend.script = ws.echo_script
    mux = start(conf.config([backend]))
    client = mux.client()
    ws.open_socket(client)
    shown = subprocess.run(["ss", "-tno", "state", "established", f"( sport = :{mux.address[1]} or dport = :{backend.port} )"],
                           capture_output=True, text=True, check=True).stdout
    assert shown.count("timer:(keepalive") >= 2, shown


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0"])
def test_wildcards_work(start, backend, listen):
    mux = start(config_of(backend, listen))
    _, port = mux.listening(listen)
    assert mux.ask(address=("127.0.0.1" if listen.startswith("0") else "::1", port)).status == 200


def test_the_program_says_what_it_is():
    code, out, err = program.run("-v")
    assert code == 0 and "comfymux" in out + err
