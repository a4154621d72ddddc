"""Signals with an nginx.conf: reloads and the log's words for them, logs, WINCH."""
import os
import pwd
import shutil
import signal
import socket

import pytest

from harness import tls
from harness.nginx_run import nginx_run  # noqa: F401, a fixture
from harness.wait import Stopwatch, stays, wait_until


def test_hup_serves_the_new_file_and_tells_that_the_old_one_has_ended(nginx_run):
    nginx_run.write().start()
    nginx_run.write(server="return 200 two;").signal(signal.SIGHUP)
    nginx_run.wait_line("^worker process \\d+ exited with code 0$", level="notice")
    assert nginx_run.ask() == b"two"


def test_hup_with_a_bad_file_changes_nothing(nginx_run):
    nginx_run.write().start()
    nginx_run.write(text="events { }\nfoo;\n").signal(signal.SIGHUP)
    nginx_run.wait_line(r'^unknown directive "foo" in .*/mux.conf:2$', level="emerg")
    assert nginx_run.ask() == b"one"
    nginx_run.write(server="return 200 two;").signal(signal.SIGHUP)
    nginx_run.wait_line("reload_done")
    assert nginx_run.ask() == b"two"


def test_hup_tells_warnings(nginx_run):
    nginx_run.write().start()
    nginx_run.write(main="worker_priority 1;").signal(signal.SIGHUP)
    nginx_run.wait_line('^"worker_priority": .* in .*/mux.conf:2$', level="warn")


def test_hup_opens_other_logs(nginx_run):
    nginx_run.write().start()
    nginx_run.write(main="error_log more.log info;").signal(signal.SIGHUP)
    nginx_run.wait_line("reload_done")
    assert "reload_done" in (nginx_run.folder / "more.log").read_text()
    nginx_run.write().signal(signal.SIGHUP)
    wait_until(lambda: len(nginx_run.lines("reload_done")) == 2, "the second reload")
    assert (nginx_run.folder / "more.log").read_text().count("reload_done") == 1


def test_usr1_opens_every_log_anew(nginx_run):
    nginx_run.write(main="error_log more.log info;").start()
    for name in ("error.log", "more.log"):
        os.rename(nginx_run.folder / name, nginx_run.folder / f"{name}.1")
    nginx_run.signal(signal.SIGUSR1)
    nginx_run.wait_line("logs_reopened")
    assert "logs_reopened" in (nginx_run.folder / "more.log").read_text()


def wait_for_worker(listener):
    """The worker's end of a request that has come."""
    worker, _ = listener.accept()
    worker.recv(65536)
    return worker


@pytest.fixture
def silent_worker(short_folder):
    listener = socket.socket(socket.AF_UNIX)
    listener.settimeout(10)
    listener.bind(f"{short_folder}/w")
    listener.listen()
    yield listener
    listener.close()


def proxied(nginx_run):
    return f"location / {{ proxy_pass http://unix:{nginx_run.folder}/w; }}"


def test_quit_waits_for_what_runs(nginx_run, silent_worker):
    nginx_run.write(server=proxied(nginx_run)).start()
    client = nginx_run.client()
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    worker = wait_for_worker(silent_worker)
    nginx_run.signal(signal.SIGQUIT)
    nginx_run.wait_line("^signal 3 ")
    stays(lambda: nginx_run.process.poll() is None, "it waits", 0.3)
    worker.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\ndone")
    worker.close()
    assert client.response().body == b"done"
    client.close()
    assert nginx_run.wait_exit() == 0


def test_quit_waits_no_longer_than_worker_shutdown_timeout(nginx_run, silent_worker):
    nginx_run.write(main="worker_shutdown_timeout 300ms;", server=proxied(nginx_run)).start()
    client = nginx_run.client()
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    worker = wait_for_worker(silent_worker)
    watch = Stopwatch()
    nginx_run.signal(signal.SIGQUIT)
    assert nginx_run.wait_exit() == 0
    assert watch.seconds() > 0.25
    client.close()
    worker.close()


def test_after_a_reload_old_requests_have_worker_shutdown_timeout(nginx_run, silent_worker):
    nginx_run.write(main="worker_shutdown_timeout 300ms;", server=proxied(nginx_run)).start()
    client = nginx_run.client()
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    worker = wait_for_worker(silent_worker)
    nginx_run.write().signal(signal.SIGHUP)
    client.rest()  # it is cut
    nginx_run.wait_line("^worker process \\d+ exited with code 0$")
    assert nginx_run.ask() == b"one"
    client.close()
    worker.close()


def test_after_a_reload_silent_connections_have_worker_shutdown_timeout(nginx_run):
    nginx_run.write(main="worker_shutdown_timeout 100ms;").start()
    silent, kept = nginx_run.client(), nginx_run.client()
    assert kept.ask("/").body == b"one"
    nginx_run.signal(signal.SIGHUP)
    assert silent.is_closed() == kept.is_closed() == "eof"
    assert nginx_run.ask() == b"one"
    silent.close()
    kept.close()


def test_a_reload_closes_kept_connections_that_are_idle(nginx_run):
    nginx_run.write().start()
    fresh, kept = nginx_run.client(), nginx_run.client()
    assert kept.ask("/").body == b"one"
    nginx_run.write(server="return 200 two;").signal(signal.SIGHUP)
    assert kept.is_closed() == "eof"
    assert fresh.ask("/").body == b"two"
    fresh.close()
    kept.close()


def test_a_request_over_a_reload_is_the_last_one_of_its_connection(nginx_run, silent_worker):
    nginx_run.write(server=proxied(nginx_run)).start()
    client = nginx_run.client()
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    worker = wait_for_worker(silent_worker)
    nginx_run.write().signal(signal.SIGHUP)
    nginx_run.wait_line("reload_done")
    worker.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\ndone")
    worker.close()
    response = client.response()
    assert response.body == b"done" and response.all("connection") == ["close"]
    assert client.is_closed() == "eof"
    client.close()


def test_winch_of_a_daemon_lets_clients_wait_until_hup(nginx_run):
    nginx_run.write(daemon="on").start(wait=False)
    assert nginx_run.wait_exit() == 0 and nginx_run.ask() == b"one"
    nginx_run.signal(signal.SIGWINCH)
    nginx_run.wait_line("accepting_stopped")
    client = nginx_run.client()
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    client.has_nothing(0.3)
    nginx_run.signal(signal.SIGHUP)
    assert client.response().body == b"one"
    client.close()


def test_winch_in_the_foreground_is_a_window_that_changed(nginx_run):
    nginx_run.write().start()
    nginx_run.signal(signal.SIGWINCH)
    nginx_run.wait_line("^signal 28 ")
    assert nginx_run.ask() == b"one"


ONLY_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
UNSEEN = {"ASAN_OPTIONS": "detect_leaks=0"}  # nobody may look into a process that was root's


def with_secrets(folder):
    """What an nginx.conf says that has `user`, and a key that only root may read."""
    folder.chmod(0o755)  # its log is opened as the user
    (folder / "secret").mkdir(0o700)
    for made, name in zip(tls.make_certificate("localhost"), ("cert.pem", "key.pem")):
        shutil.copy(made, folder / "secret" / name)
        (folder / "secret" / name).chmod(0o600)
    secured = f"server {{ listen unix:{folder}/t ssl; ssl_certificate secret/cert.pem; ssl_certificate_key secret/key.pem; }}"
    return {"main": "user nobody nogroup;", "http": f"client_body_temp_path bodies; {secured}"}


@ONLY_ROOT
def test_where_that_power_is_withheld_the_start_says_what_will_happen(nginx_run):
    text = with_secrets(nginx_run.folder)
    command = ["setpriv", "--bounding-set", "-dac_read_search", "--inh-caps", "-dac_read_search", *nginx_run.command()]
    nginx_run.write(**text).start(command=command, env=UNSEEN)
    nginx_run.wait_line("^reload_will_fail: file=.*/secret/key.pem ", level="warn")
    nginx_run.signal(signal.SIGHUP)
    nginx_run.wait_line("Permission denied", level="emerg")
    assert nginx_run.ask() == b"one"


@ONLY_ROOT
def test_a_reload_reads_what_only_root_may_read(nginx_run):
    folder = nginx_run.folder
    text = with_secrets(folder)
    nginx_run.write(**text).start(env=UNSEEN)
    uid = pwd.getpwnam("nobody").pw_uid
    with open(f"/proc/{nginx_run.pid()}/status", encoding="ascii") as status:
        assert f"Uid:\t{uid}\t" in status.read()
    assert os.stat(folder / "bodies").st_uid == uid
    nginx_run.write(server="return 200 two;", **text).signal(signal.SIGHUP)
    nginx_run.wait_line("reload_done")
    assert nginx_run.ask() == b"two"
    assert not nginx_run.lines("", level="warn") and not nginx_run.lines("", level="emerg")


def test_a_folder_for_temporary_files_that_cannot_be_made_is_told_at_the_start(nginx_run):
    nginx_run.write(http="proxy_temp_path none/such;").start(wait=False)
    assert nginx_run.wait_exit() == 1
    assert f'mkdir() "{nginx_run.folder}/none/such" failed (2: No such file or directory)' in nginx_run.said()


def test_a_file_beside_that_cannot_be_read_is_an_error(nginx_run):
    (nginx_run.folder / "comfymux.conf").symlink_to("comfymux.conf")
    nginx_run.write().start(wait=False)
    assert nginx_run.wait_exit() == 1
    assert f'open() "{nginx_run.folder}/comfymux.conf" failed (40: Too many levels of symbolic links)' in nginx_run.said()


def test_a_reload_that_fails_leaves_the_logs_as_they_were(nginx_run):
    nginx_run.write(server="access_log a.log combined; return 200 one;").start()
    nginx_run.write(server="access_log a.log combined buffer=64k; access_log none/such/b.log; return 200 one;")
    nginx_run.signal(signal.SIGHUP)
    nginx_run.wait_line(r'open\(\) ".*/none/such/b.log" failed', level="emerg")
    assert nginx_run.ask() == b"one"
    wait_until(lambda: len((nginx_run.folder / "a.log").read_text().splitlines()) == 1, "a line")
