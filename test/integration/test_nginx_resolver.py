"""proxy_pass with variables: upstreams by name, addresses, and names that a name server knows."""
import signal

import pytest

from harness.backend import Backend
from harness.dns import AAAA, REFUSED, Names
from harness.nginx_run import nginx_run  # noqa: F401, a fixture
from harness.wait import wait_until
from harness.wire import make_response

ONE_ONE = "proxy_http_version 1.1;"  # all that the scripted workers read
ECHO = """location / {{ resolver 127.0.0.1:{names.port} {more}; resolver_timeout {timeout};
    proxy_pass http://$http_x_to:{worker.port}; add_header X-Addr $upstream_addr; add_header X-Host $proxy_host:$proxy_port; }}"""


@pytest.fixture
def names():
    made = Names()
    yield made
    made.close()


@pytest.fixture
def worker():
    made = Backend(answer=make_response(b"worker"))
    yield made
    made.close()


def start(nginx_run, names, worker, more="ipv6=off", timeout="10s"):
    return nginx_run.write(http=ONE_ONE, server=ECHO.format(names=names, worker=worker, more=more, timeout=timeout)).start()


def get(client, to="w.test", path="/"):
    return client.send(f"GET {path} HTTP/1.1\r\nHost: a\r\nX-To: {to}\r\n\r\n".encode()).response()


def ask(nginx_run, to="w.test", path="/"):
    with nginx_run.client() as client:
        return get(client, to, path)


def test_a_name_is_looked_up_once(nginx_run, names, worker):
    names.a["w.test"] = ["127.0.0.1"]
    start(nginx_run, names, worker)
    for _ in range(3):
        answer = ask(nginx_run, path="/a%20b?c=d")
        assert (answer.status, answer.body) == (200, b"worker")
    assert answer.get("X-Addr") == f"127.0.0.1:{worker.port}"
    assert answer.get("X-Host") == f"w.test:{worker.port}:{worker.port}"
    assert worker.requests[0].target == "/a%20b?c=d"
    assert worker.requests[0].get("Host") == f"w.test:{worker.port}"
    assert names.asked == [("w.test", 1)]


def test_names_have_no_case(nginx_run, names, worker):
    names.a["w.test"] = ["127.0.0.1"]
    start(nginx_run, names, worker)
    assert [ask(nginx_run, to).status for to in ("W.test", "w.TEST")] == [200, 200]
    assert len(names.asked) == 1


def test_many_wait_for_one_answer(nginx_run, names, worker):
    names.held, names.a["w.test"] = [], ["127.0.0.1"]
    start(nginx_run, names, worker, timeout="60s")
    clients = [nginx_run.client() for _ in range(5)]
    for client in clients:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\nX-To: w.test\r\n\r\n")
    names.wait_asked("w.test")
    clients.pop().close()
    names.go_on()
    assert [client.response().status for client in clients] == [200] * 4
    for client in clients:
        client.close()


def test_what_does_not_exist(nginx_run, names, worker):
    start(nginx_run, names, worker)
    assert ask(nginx_run, "no.test").status == 502
    nginx_run.wait_line(r"^\*1 no\.test could not be resolved \(3: Host not found\), client: .*, request: ", level="error")
    assert ask(nginx_run, "no.test").status == 502
    assert len(names.asked) == 2  # that is not remembered


def test_what_is_refused(nginx_run, names, worker):
    names.codes["w.test"] = REFUSED
    start(nginx_run, names, worker, timeout="300ms")
    assert ask(nginx_run).status == 502
    nginx_run.wait_line(r"w\.test could not be resolved \((5: Operation refused|110: Operation timed out)\)")


def test_a_silent_name_server(nginx_run, names, worker):
    names.silent.add("w.test")
    start(nginx_run, names, worker, timeout="200ms")
    assert ask(nginx_run).status == 502
    nginx_run.wait_line(r"w\.test could not be resolved \(110: Operation timed out\)", level="error")


def test_without_a_resolver(nginx_run):
    nginx_run.write(server="location / { proxy_pass http://$http_x_to; }").start()
    assert ask(nginx_run).status == 502
    nginx_run.wait_line(r"no resolver defined to resolve w\.test", level="error")


@pytest.mark.parametrize("url, words", [
    ("ftp://a", r'invalid URL prefix in "ftp://a"'), ("http://", r'invalid URL prefix in "http://"'),
    ("http:///a", r'no host in upstream "/a"'), ("http://a:x/", r'invalid port in upstream "a:x/"')])
def test_what_is_no_url(nginx_run, url, words):
    nginx_run.write(server="location / { proxy_pass $http_x_to; }").start()
    assert ask(nginx_run, url).status == 500
    nginx_run.wait_line(words, level="error")


def test_an_upstream_by_its_name(nginx_run, names, worker):
    http = ONE_ONE + f"upstream block {{ server 127.0.0.1:{worker.port}; }}"
    nginx_run.write(http=http, server="location / { proxy_pass $http_x_to; }"
                    f"location /made {{ proxy_pass http://localhost:{worker.port}; }}").start()
    assert ask(nginx_run, "http://block/given?x").status == 200
    assert worker.requests[-1].target == "/given?x"
    assert worker.requests[-1].get("Host") == "block"
    assert ask(nginx_run, f"http://LOCALHOST:{worker.port}").status == 200
    assert ask(nginx_run, "http://block:80").status == 502  # a block is meant without a port only
    nginx_run.wait_line("no resolver defined to resolve block")


def test_addresses(nginx_run, worker, short_folder):
    nginx_run.write(http=ONE_ONE, server="location / { proxy_pass $http_x_to; }").start()
    assert ask(nginx_run, f"http://127.0.0.1:{worker.port}/x?y", "/a?b").status == 200
    assert worker.requests[-1].target == "/x?y"
    assert ask(nginx_run, f"http://127.0.0.1:{worker.port}?y").status == 200
    assert worker.requests[-1].target == "/?y"
    assert ask(nginx_run, f"http://127.0.0.1:{worker.port}", "/a//b?b").status == 200
    assert worker.requests[-1].target == "/a//b?b"
    assert ask(nginx_run, f"http://unix:{short_folder}/none:/x").status == 502


def test_more_pools_than_are_kept(nginx_run, worker):
    nginx_run.write(http=ONE_ONE, server=f"location / {{ proxy_pass http://$http_x_to:{worker.port}; }}").start()
    worker_hosts = [f"127.0.0.{i}" for i in range(1, 200)]
    with nginx_run.client() as client:
        answers = [get(client, host).status for host in worker_hosts]
    assert answers == [200] + [502] * 198
    assert ask(nginx_run, "127.0.0.1").status == 200


def test_both_families(nginx_run, names):
    six = Backend(answer=make_response(b"six"), host="::1")
    try:
        names.aaaa["w.test"] = ["::1"]
        start(nginx_run, names, six, more="ipv4=on ipv6=on status_zone=z")
        assert ask(nginx_run).body == b"six"
        assert sorted(names.asked) == [("w.test", 1), ("w.test", AAAA)]
    finally:
        six.close()


def test_the_next_of_several_addresses(nginx_run, names, worker):
    names.a["w.test"] = ["127.0.0.1", "127.0.0.99"]
    start(nginx_run, names, worker)
    answers = [ask(nginx_run) for _ in range(4)]
    assert [answer.status for answer in answers] == [200] * 4
    assert any(", " in answer.get("X-Addr") for answer in answers)


def test_a_name_that_moves(nginx_run, names, worker):
    names.ttl = 0
    names.a["w.test"] = ["127.0.0.99"]
    start(nginx_run, names, worker)
    assert ask(nginx_run).status == 502
    names.a["w.test"] = ["127.0.0.1"]
    assert ask(nginx_run).status == 200


def test_valid_overrides_what_the_answer_says(nginx_run, names, worker):
    names.ttl = 0
    names.a["w.test"] = ["127.0.0.1"]
    start(nginx_run, names, worker, more="ipv6=off valid=1h")
    assert [ask(nginx_run).status for _ in range(3)] == [200] * 3
    assert len(names.asked) == 1


def test_a_reload_and_an_end_while_a_name_is_looked_up(nginx_run, names, worker):
    names.silent.add("w.test")
    start(nginx_run, names, worker, timeout="60s")
    with nginx_run.client() as client, nginx_run.client() as other:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\nX-To: w.test\r\n\r\n")
        names.wait_asked("w.test")
        nginx_run.signal(signal.SIGHUP)
        nginx_run.wait_line("reload_done")
        other.send(b"GET / HTTP/1.1\r\nHost: a\r\nX-To: w.test\r\n\r\n")
        wait_until(lambda: len(names.asked) >= 2, "the new generation asks, too")
        client.close()
        nginx_run.signal(signal.SIGTERM)
        assert nginx_run.wait_exit() == 0
