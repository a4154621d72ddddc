"""Does the command line do what nginx's does, with an nginx.conf?"""
import os
import re
import signal
import subprocess

import pytest

from harness.mux import run
from harness.nginx_run import nginx_run  # noqa: F401, a fixture
from harness.wait import wait_until


def tell(nginx_run, *words):
    """(exit code, stdout, stderr) with the folder's name taken out."""
    code, out, err = run("-p", f"{nginx_run.folder}/", "-c", "mux.conf", *words)
    return code, out.replace(str(nginx_run.folder), "DIR"), err.replace(str(nginx_run.folder), "DIR")


GOOD = ("nginx: the configuration file DIR/mux.conf syntax is ok\n"
        "nginx: configuration file DIR/mux.conf test is successful\n")


def test_t_says_that_a_good_file_is_good(nginx_run):
    assert tell(nginx_run.write(), "-t") == (0, "", GOOD)


def test_q_says_nothing_about_a_good_file(nginx_run):
    assert tell(nginx_run.write(), "-t", "-q") == (0, "", "")


def test_t_says_what_is_wrong_and_where(nginx_run):
    told = tell(nginx_run.write(text="events { }\nfoo bar;\n"), "-t")
    assert told == (1, "", 'nginx: [emerg] unknown directive "foo" in DIR/mux.conf:2\n'
                           "nginx: configuration file DIR/mux.conf test failed\n")


def test_t_says_that_there_are_no_events_after_the_syntax(nginx_run):
    told = tell(nginx_run.write(text="http { }\n"), "-tq")
    assert told == (1, "", 'nginx: [emerg] no "events" section in configuration\n'
                           "nginx: configuration file DIR/mux.conf test failed\n")
    assert tell(nginx_run, "-t")[2].startswith("nginx: the configuration file DIR/mux.conf syntax is ok\n")


def test_a_start_with_a_bad_file_fails_with_the_same_words(nginx_run):
    assert tell(nginx_run.write(text="events { }\nfoo;\n")) == (
        1, "", 'nginx: [emerg] unknown directive "foo" in DIR/mux.conf:2\n')


def test_e_is_where_it_is_told_until_there_is_an_error_log(nginx_run):
    code, _, err = tell(nginx_run.write(text="foo;"), "-t", "-e", "first.log")
    assert code == 1 and err.startswith("nginx: [emerg] unknown directive")
    row = (nginx_run.folder / "first.log").read_text()
    assert re.fullmatch(r'\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[emerg\] \d+#\d+: unknown directive "foo" in .*/mux.conf:1\n', row)


def test_e_that_cannot_be_opened_is_told(nginx_run):
    code, _, err = tell(nginx_run.write(), "-t", "-e", "none/first.log")
    assert code == 0 and 'nginx: [alert] could not open error log file: open() "DIR/none/first.log" failed (2: ' in err


@pytest.mark.parametrize("globals, told", [
    ("foo;", 'unknown directive "foo" in command line'), ("env a", 'unexpected end of parameter, expecting ";" in command line'),
    ("events { }", "block directives are not supported in -g option in command line"),
    ("pid /x;", '"pid" directive is duplicate in DIR/mux.conf:3')], ids=["unknown", "open", "block", "twice"])
def test_g_is_read_in_front_of_the_file(nginx_run, globals, told):
    code, _, err = tell(nginx_run.write(), "-t", "-g", globals)
    assert code == 1 and err.startswith(f"nginx: [emerg] {told}\n")


def test_g_counts(nginx_run):
    assert tell(nginx_run.write(), "-t", "-g", "worker_rlimit_nofile 100;") == (0, "", GOOD)


def test_capital_t_prints_every_file_once_as_it_is(nginx_run):
    one, two = b"# caf\xc3\xa9\r\n\r\n", b"add_header a b;"
    (nginx_run.folder / "one.inc").write_bytes(one)
    (nginx_run.folder / "two.inc").write_bytes(two)
    nginx_run.write(server="include two.inc;\ninclude one.inc; include o*.inc;")
    main = (nginx_run.folder / "mux.conf").read_bytes()
    done = subprocess.run(nginx_run.command("-T", "-q"), capture_output=True, check=True, timeout=30)
    assert done.stdout == b"".join(b"# configuration file %s/%s:\n%s\n" % (bytes(nginx_run.folder), name, text) for name, text in (
        (b"mux.conf", main), (b"two.inc", two), (b"one.inc", one)))


def test_capital_t_prints_nothing_of_a_bad_file(nginx_run):
    code, out, _ = tell(nginx_run.write(text="foo;"), "-T")
    assert (code, out) == (1, "")


@pytest.mark.parametrize("directive, path", [("error_log none/x;", "none/x"), ("pid none/x;", "none/x")], ids=["log", "pid"])
def test_t_tries_the_files(nginx_run, directive, path):
    told = tell(nginx_run.write(text=f"{directive} events {{ }}\n"), "-t", "-q")
    assert told == (1, "", f'nginx: [emerg] open() "DIR/{path}" failed (2: No such file or directory)\n'
                           "nginx: configuration file DIR/mux.conf test failed\n")


def test_what_is_only_accepted_is_a_warning(nginx_run):
    code, _, err = tell(nginx_run.write(main="worker_priority 5;"), "-t", "-q")
    assert code == 0 and re.match(r'nginx: \[warn\] "worker_priority": .* in DIR/mux.conf:2\n', err)


def test_v_is_what_tools_parse():
    code, out, err = run("-V")
    assert (code, out) == (0, "")
    assert re.match(r"comfymux version: comfymux/[0-9.]+\n", err)
    assert re.search(r"nginx version: nginx/1\.22\.1", err) and "TLS SNI support enabled\n" in err
    assert re.search(r"built with OpenSSL ([0-9.]+)", err)
    words = re.search(r"^configure arguments: (.*)$", err, re.M)[1].split()
    assert "--with-http_ssl_module" in words and "--without-http_ssi_module" in words
    assert run("-v")[2] in err


def test_s_tells_the_running_one(nginx_run):
    nginx_run.write().start()
    assert tell(nginx_run, "-s", "reload") == (0, "", "")
    nginx_run.wait_line("reload_done")
    os.rename(nginx_run.log, nginx_run.folder / "old.log")
    assert tell(nginx_run, "-s", "reopen") == (0, "", "")
    nginx_run.wait_line("logs_reopened")
    assert tell(nginx_run, "-s", "quit") == (0, "", "")
    assert nginx_run.wait_exit() == 0
    assert not nginx_run.pid_file.exists()


def test_s_without_a_running_one(nginx_run):
    code, _, err = tell(nginx_run.write(), "-s", "stop")
    assert (code, err) == (1, 'nginx: [error] open() "DIR/mux.pid" failed (2: No such file or directory)\n')


def test_the_pid_file_is_there_when_it_can_be_asked(nginx_run):
    nginx_run.write().start()
    assert nginx_run.ask() == b"one"
    assert nginx_run.pid() == nginx_run.process.pid


def test_daemon_on_goes_to_the_background(nginx_run):
    nginx_run.write(daemon="on").start(wait=False)
    assert nginx_run.wait_exit() == 0
    pid = nginx_run.pid()
    assert pid != nginx_run.process.pid and nginx_run.ask() == b"one"
    assert os.getsid(pid) != os.getsid(0)
    nginx_run.signal(signal.SIGQUIT)
    nginx_run.wait_gone(pid)
    wait_until(lambda: not nginx_run.pid_file.exists(), "the pid file has gone")


def test_a_daemon_that_cannot_listen_tells_who_started_it(nginx_run):
    nginx_run.write(daemon="on", http="server { listen 192.0.2.1:18080; return 200; }")
    code, _, err = tell(nginx_run)
    assert code == 1 and re.search(r"^nginx: \[emerg\] .*192\.0\.2\.1:18080", err, re.M), err
    assert not nginx_run.pid_file.exists()


def test_the_log_has_nginx_s_form_and_levels(nginx_run):
    nginx_run.write(main="error_log warn.log warn;").start()
    nginx_run.signal(signal.SIGHUP)
    nginx_run.wait_line(r"^signal 1 \(SIGHUP\) received, reconfiguring$", level="notice")
    nginx_run.wait_line("^reload_done: ", level="info")
    assert (nginx_run.folder / "warn.log").read_text() == ""


def test_working_directory_is_entered(nginx_run):
    nginx_run.write(main="working_directory /usr;").start()
    assert os.readlink(f"/proc/{nginx_run.pid()}/cwd") == "/usr"


def test_worker_rlimit_nofile_is_the_limit(nginx_run):
    nginx_run.write(main="worker_rlimit_nofile 777;").start()
    limits = open(f"/proc/{nginx_run.pid()}/limits", encoding="ascii").read()
    assert re.search(r"Max open files\s+777\s+", limits)


def test_to_native_prints_a_libconfig_file_that_serves_the_same(nginx_run):
    nginx_run.write(main="worker_priority 5;", server=r"""
        if ($arg_a) { set $b "x\"y"; return 200 "$b z"; }
        set $c 2; if ($c = 2) { return 200 other; }""")
    code, out, err = tell(nginx_run, "--to-native")
    assert code == 0 and "listen = " in out
    assert re.search(r'^# "worker_priority": .*\nworker_priority = "5";$', out, re.M)
    (nginx_run.folder / "mux.conf").write_text(out.replace("DIR", str(nginx_run.folder)))
    assert tell(nginx_run, "-tq")[0] == 0
    nginx_run.start()
    with nginx_run.client() as client:
        assert client.ask("/?a=1").body == b'x"y z'
        assert client.ask("/").body == b"other"
    assert "listen = " in tell(nginx_run, "-Tq")[1]


def test_to_native_of_a_bad_file_says_what_is_wrong(nginx_run):
    assert tell(nginx_run.write(text="foo;"), "--to-native") == (
        1, "", 'nginx: [emerg] unknown directive "foo" in DIR/mux.conf:1\n')


def test_to_native_of_a_native_file_is_refused(nginx_run):
    code, out, err = tell(nginx_run.write(text="listen = 5;"), "--to-native")
    assert (code, out) == (1, "") and "is no nginx.conf" in err
