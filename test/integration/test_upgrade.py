"""USR2 and sockets that are handed over: does a program follow another without a client noticing?"""
import shutil
import signal
import socket

import pytest

from harness import paths
from harness.client import RawClient
from harness.nginx_run import is_alive, nginx_run  # noqa: F401, a fixture
from harness.wait import stays, wait_until


def upgrade(run):
    """The process that followed."""
    old = run.pid()
    run.signal(signal.SIGUSR2)
    wait_until(lambda: run.pid(".oldbin") == old and run.pid() not in (None, old), "both pid files")
    return run.pid()


def test_usr2_starts_another_beside_it_and_quit_leaves_that_alone(nginx_run):
    nginx_run.write().start()
    old, new = nginx_run.pid(), upgrade(nginx_run)
    assert nginx_run.ask() == b"one" and is_alive(old) and is_alive(new)
    nginx_run.signal(signal.SIGQUIT, old)
    assert nginx_run.wait_exit() == 0
    assert nginx_run.pid(".oldbin") is None and nginx_run.pid() == new
    assert nginx_run.ask() == b"one"


def test_the_new_one_has_the_new_file(nginx_run):
    nginx_run.write().start()
    nginx_run.write(server="return 200 two;")
    old = nginx_run.pid()
    upgrade(nginx_run)
    nginx_run.signal(signal.SIGQUIT, old)
    assert nginx_run.wait_exit() == 0
    assert nginx_run.ask() == b"two"


def test_what_runs_in_the_old_one_finishes(nginx_run):
    listener = socket.socket(socket.AF_UNIX)
    listener.settimeout(10)
    listener.bind(f"{nginx_run.folder}/w")
    listener.listen()
    nginx_run.write(server=f"location / {{ proxy_pass http://unix:{nginx_run.folder}/w; }}").start()
    client = nginx_run.client()
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    worker, _ = listener.accept()
    old = nginx_run.pid()
    upgrade(nginx_run)
    nginx_run.signal(signal.SIGQUIT, old)
    nginx_run.wait_line("^signal 3 ", pid=old)
    worker.recv(65536)
    worker.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\ndone")
    assert client.response().body == b"done"
    assert nginx_run.wait_exit() == 0
    for end in (client, worker, listener):
        end.close()


def test_a_new_one_that_ends_is_taken_back(nginx_run):
    nginx_run.write().start()
    old, new = nginx_run.pid(), upgrade(nginx_run)
    nginx_run.signal(signal.SIGQUIT, new)
    wait_until(lambda: nginx_run.pid() == old and nginx_run.pid(".oldbin") is None, "the pid file is back")
    assert nginx_run.ask() == b"one"
    assert upgrade(nginx_run) not in (old, new)


def test_a_new_one_that_does_not_like_the_file_changes_nothing(nginx_run):
    nginx_run.write().start()
    old = nginx_run.pid()
    nginx_run.write(text="foo;")
    nginx_run.signal(signal.SIGUSR2)
    nginx_run.wait_line("^upgrade_ended: .* code=1 ", level="error")
    wait_until(lambda: nginx_run.pid() == old and nginx_run.pid(".oldbin") is None, "the pid file is back")
    assert nginx_run.ask() == b"one"


def test_a_program_that_is_not_there_changes_nothing(nginx_run):
    program = nginx_run.folder / "mux"
    shutil.copy(paths.binary(), program)
    nginx_run.write()
    nginx_run.start(command=[str(program), *nginx_run.command()[1:]])
    program.unlink()
    nginx_run.signal(signal.SIGUSR2)
    nginx_run.wait_line("^upgrade_ended: .* code=127 ")
    assert nginx_run.ask() == b"one" and nginx_run.pid() == nginx_run.process.pid


def test_usr2_twice_is_once(nginx_run):
    nginx_run.write().start()
    old, new = nginx_run.pid(), upgrade(nginx_run)
    nginx_run.signal(signal.SIGUSR2, old)
    nginx_run.wait_line("^upgrade_ignored: ", pid=old)
    assert nginx_run.pid() == new


def test_a_program_found_by_path_finds_itself_again(nginx_run):
    program = nginx_run.folder / "comfymux-of-path"
    shutil.copy(paths.binary(), program)
    nginx_run.write()
    nginx_run.start(command=["comfymux-of-path", *nginx_run.command()[1:]],
                    env={"PATH": f"{nginx_run.folder}:/usr/bin:/bin"}, executable=str(program))
    upgrade(nginx_run)


def test_the_daemon_s_successor_stays_one(nginx_run):
    nginx_run.write(daemon="on").start(wait=False)
    assert nginx_run.wait_exit() == 0
    old = nginx_run.pid()
    new = upgrade(nginx_run)
    nginx_run.signal(signal.SIGQUIT, old)
    nginx_run.wait_gone(old)
    assert nginx_run.ask() == b"one" and is_alive(new)


@pytest.fixture
def open_socket():
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    yield listener
    listener.close()


def ask(listener):
    with RawClient(listener.getsockname()) as client:
        return client.ask("/").body


def conf_for(nginx_run, listener):
    return nginx_run.write(http=f"server {{ listen 127.0.0.1:{listener.getsockname()[1]}; return 200 handed; }}")


def test_sockets_of_the_one_before_are_taken(nginx_run, open_socket):
    conf_for(nginx_run, open_socket)
    nginx_run.start(env={"NGINX": f"{open_socket.fileno()};"}, pass_fds=[open_socket.fileno()])
    assert ask(open_socket) == b"handed"


def test_sockets_of_systemd_are_taken(nginx_run, open_socket):
    conf_for(nginx_run, open_socket)
    fd = open_socket.fileno()
    script = f'exec 3<&{fd}; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"'
    nginx_run.start(command=["/bin/bash", "-c", script, "sh", *nginx_run.command()], pass_fds=[fd])
    assert ask(open_socket) == b"handed"


def test_sockets_for_another_process_are_not(nginx_run, open_socket):
    conf_for(nginx_run, open_socket)
    fd = open_socket.fileno()
    script = f'exec 3<&{fd}; LISTEN_FDS=1 LISTEN_PID=1 exec "$@"'
    nginx_run.start(command=["/bin/bash", "-c", script, "sh", *nginx_run.command()], pass_fds=[fd], wait=False)
    assert nginx_run.wait_exit() == 1  # the address is in use


def test_sockets_that_nobody_wants_are_closed(nginx_run, open_socket):
    nginx_run.write().start(env={"NGINX": f"{open_socket.fileno()};"}, pass_fds=[open_socket.fileno()])
    nginx_run.wait_line("^inherited_sockets_closed: ", level="warn")


def test_a_unix_socket_s_path_outlives_the_old_one(nginx_run):
    """Whose path it was no longer matters."""
    nginx_run.write().start()
    old = nginx_run.pid()
    upgrade(nginx_run)
    nginx_run.signal(signal.SIGQUIT, old)
    assert nginx_run.wait_exit() == 0
    stays(lambda: (nginx_run.folder / "s").is_socket(), "the path", 0.1)
    assert nginx_run.ask() == b"one"
