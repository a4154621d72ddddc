"""server NAME resolve: the members of an upstream come from a name server, again and again."""
import signal

import pytest

from harness.backend import Backend
from harness.dns import A, AAAA, FAILED, SRV, Names
from harness.nginx_run import nginx_run  # noqa: F401, a fixture
from harness.wait import TooLate, wait_until
from harness.wire import Cut, make_response

pytestmark = pytest.mark.seconds(120)
HTTP = """proxy_http_version 1.1; proxy_set_header Connection "";
    resolver 127.0.0.1:{names.port} {resolver}; resolver_timeout 1s;
    upstream u {{ zone u 64k; {server} {more} }}"""
SERVER = "location / { proxy_pass http://u; proxy_connect_timeout 5s; add_header X-Addr $upstream_addr always; }"


@pytest.fixture
def names():
    made = Names()
    made.a["w.test"] = ["127.0.0.1"]
    yield made
    made.close()


@pytest.fixture
def workers():
    """Three on one port, 127.0.0.1 to 127.0.0.3; each answers with its number."""
    first = Backend(answer=make_response(b"1"))
    made = [first] + [Backend(answer=make_response(b"%d" % i), host=f"127.0.0.{i}", port=first.port) for i in (2, 3)]
    yield made
    for worker in made:
        worker.close()


def write(nginx_run, names, workers, server="server w.test:{port} resolve;", more="", resolver="ipv6=off valid=1s"):
    server = server.format(port=workers[0].port)
    return nginx_run.write(http=HTTP.format(names=names, server=server, more=more, resolver=resolver), server=SERVER)


def ask(nginx_run):
    with nginx_run.client() as client:
        return client.ask("/")


def wait_for(nginx_run, *bodies):
    """Until all these answer, and nobody else does."""
    wanted = set(bodies)
    wait_until(lambda: {ask(nginx_run).body for _ in range(6)} == wanted, f"answers of {wanted}")


def wait_nobody(nginx_run):
    wait_until(lambda: ask(nginx_run).status == 502, "nobody is there")


def test_a_start_waits_for_no_name(nginx_run, names, workers):
    names.silent.add("w.test")
    write(nginx_run, names, workers).start()
    assert ask(nginx_run).status == 502
    nginx_run.wait_line("no live upstreams while connecting to upstream")
    nginx_run.wait_line(r"w\.test could not be resolved \(110: Operation timed out\)", level="error")
    names.silent.clear()
    wait_for(nginx_run, b"1")


def test_addresses_come_and_go(nginx_run, names, workers):
    write(nginx_run, names, workers).start()
    for addresses in (["127.0.0.1"], ["127.0.0.2"], ["127.0.0.3", "127.0.0.1"], ["127.0.0.1", "127.0.0.2", "127.0.0.3"]):
        names.a["w.test"] = addresses
        wait_for(nginx_run, *(address[-1].encode() for address in addresses))


def test_the_time_to_live_is_kept_to(nginx_run, names, workers):
    names.ttl = 1
    write(nginx_run, names, workers, resolver="ipv6=off").start()
    wait_for(nginx_run, b"1")
    names.a["w.test"] = ["127.0.0.2"]
    wait_for(nginx_run, b"2")
    names.ttl = 3600
    names.a["w.test"] = ["127.0.0.3"]
    wait_for(nginx_run, b"3")
    asked = len(names.asked)
    names.a["w.test"] = ["127.0.0.1"]
    wait_for(nginx_run, b"3")
    assert len(names.asked) == asked


def test_an_error_leaves_all_as_it_was(nginx_run, names, workers):
    write(nginx_run, names, workers).start()
    wait_for(nginx_run, b"1")
    names.codes["w.test"] = FAILED
    nginx_run.wait_line(r"w\.test could not be resolved \(2: Server failure\)", level="error")
    assert ask(nginx_run).body == b"1"


def test_a_name_that_is_no_more_has_no_servers(nginx_run, names, workers):
    write(nginx_run, names, workers).start()
    wait_for(nginx_run, b"1")
    del names.a["w.test"]
    wait_nobody(nginx_run)
    nginx_run.wait_line(r"w\.test could not be resolved \(3: Host not found\)")
    names.a["w.test"] = []
    wait_nobody(nginx_run)
    names.a["w.test"] = ["127.0.0.2"]
    wait_for(nginx_run, b"2")


def test_others_of_the_group_are_untouched(nginx_run, names, workers):
    write(nginx_run, names, workers, server="server 127.0.0.3:{port}; server w.test:{port} resolve; server v.test:{port} resolve backup;").start()
    names.a["v.test"] = ["127.0.0.2"]
    wait_for(nginx_run, b"1", b"3")
    del names.a["w.test"]
    wait_for(nginx_run, b"3")


def test_who_left_finishes_what_runs_there(nginx_run, names, workers):
    held = []

    def hold(conn):
        conn.request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")
        held.append(conn)
        conn.wait_closed()

    workers[0].script = hold
    write(nginx_run, names, workers).start()
    wait_until(lambda: nginx_run.lines("members_changed"), "the first answer")
    with nginx_run.client() as client:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_until(lambda: held, "the request is at the worker")
        for changes, address in enumerate(("127.0.0.2", "127.0.0.3"), start=2):
            names.a["w.test"] = [address]
            wait_until(lambda changes=changes: len(nginx_run.lines("members_changed")) == changes, "the next answer")
            assert ask(nginx_run).body == address[-1].encode()
        held[0].send(b"half")
        assert client.response().body == b"halfhalf"
    assert len(workers[0].connections) == 1


def test_the_account_of_failures_is_kept(nginx_run, names, workers):
    names.a["w.test"] = ["127.0.0.1", "127.0.0.2"]
    workers[0].refuse()
    write(nginx_run, names, workers, server="server w.test:{port} resolve fail_timeout=1h;").start()
    wait_for(nginx_run, b"2")
    assert len(nginx_run.lines("temporarily disabled")) == 1
    names.a["w.test"] = ["127.0.0.3", "127.0.0.1", "127.0.0.2"]
    wait_for(nginx_run, b"2", b"3")
    assert len(nginx_run.lines("temporarily disabled")) == 1


def test_services(nginx_run, names, workers):
    port = workers[0].port
    names.a.update({"a.test": ["127.0.0.1"], "b.test": ["127.0.0.2", "127.0.0.3"]})
    names.srv["_http._tcp.s.test"] = [(2, 1, port, "b.test"), (1, 1, port, "a.test")]
    write(nginx_run, names, workers, server="server s.test resolve service=http;").start()
    wait_for(nginx_run, b"1")  # the others are backups
    assert ("_http._tcp.s.test", SRV) in names.asked
    names.srv["_http._tcp.s.test"] = [(1, 1, port, "b.test"), (1, 3, port, "a.test")]
    wait_for(nginx_run, b"1", b"2", b"3")
    answers = [ask(nginx_run).body for _ in range(10)]
    assert answers.count(b"1") == 6
    names.srv["_http._tcp.s.test"] = [(1, 1, port, "b.test"), (2, 3, port, "a.test")]
    workers[1].refuse()
    workers[2].refuse()
    wait_for(nginx_run, b"1")
    del names.srv["_http._tcp.s.test"]
    wait_nobody(nginx_run)


def test_aliases_and_answers_that_want_tcp(nginx_run, names, workers):
    names.cname.update({"w.test": "v.test", "v.test": "u.test"})
    names.a["u.test"] = ["127.0.0.2"]
    names.long.update(("w.test", "u.test"))
    write(nginx_run, names, workers, resolver="valid=1s").start()
    wait_for(nginx_run, b"2")
    assert {kind for _, kind in names.asked} == {A, AAAA}


@pytest.mark.parametrize("lie", [
    lambda answer: bytes([answer[0] ^ 1]) + answer[1:], lambda answer: answer.replace(b"\1w", b"\1x"), lambda answer: answer[:5],
    lambda answer: b""], ids=["another id", "another question", "cut", "empty"])
def test_a_lie_in_front_of_the_answer(nginx_run, names, workers, lie):
    names.liar = lambda answer: [lie(answer), answer]
    write(nginx_run, names, workers).start()
    wait_for(nginx_run, b"1")


@pytest.mark.parametrize("lie", [
    lambda answer: answer[:-2], lambda answer: answer[:2] + b"\1\0" + answer[4:], lambda answer: answer[:7] + b"\2" + answer[8:],
    lambda answer: answer[:2] + b"\x81\x81" + answer[4:]], ids=["cut", "a question", "too many", "format error"])
def test_a_server_that_makes_no_sense(nginx_run, names, workers, lie):
    liar = Names()
    liar.a["w.test"] = ["127.0.0.2"]
    liar.liar = lambda answer: [lie(answer)]
    try:
        write(nginx_run, names, workers, more=f"resolver 127.0.0.1:{liar.port} 127.0.0.1:{names.port} ipv6=off valid=1s;").start()
        wait_for(nginx_run, b"1")
        assert liar.asked
    finally:
        liar.close()


@pytest.mark.parametrize("ttl", [0, 0x7FFFFFFF, 0xFFFFFFFF])
def test_strange_lifetimes(nginx_run, names, workers, ttl):
    names.ttl = ttl
    write(nginx_run, names, workers, resolver="ipv6=off").start()
    wait_for(nginx_run, b"1")


def test_a_reload_keeps_what_was_found(nginx_run, names, workers):
    write(nginx_run, names, workers).start()
    wait_for(nginx_run, b"1")
    names.silent.add("w.test")
    for done in range(1, 4):
        nginx_run.signal(signal.SIGHUP)
        wait_until(lambda done=done: len(nginx_run.lines("reload_done")) == done, "reloaded")
        assert ask(nginx_run).body == b"1"
    names.silent.clear()
    names.a["w.test"] = ["127.0.0.2"]
    wait_for(nginx_run, b"2")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT])
def test_an_end_while_names_are_asked_for(nginx_run, names, workers, number):
    names.silent.update(("w.test", "v.test"))
    names.srv["_http._tcp.s.test"] = [(1, 1, 80, "v.test"), (1, 1, 80, "w.test")]
    write(nginx_run, names, workers, server="server w.test:{port} resolve; server s.test service=http resolve; server 127.0.0.3:{port};").start()
    for name in ("w.test", "v.test"):
        names.wait_asked(name)
    nginx_run.signal(signal.SIGHUP)
    nginx_run.wait_line("reload_done")
    assert ask(nginx_run).body == b"3"
    nginx_run.signal(number)
    assert nginx_run.wait_exit() == 0


@pytest.mark.parametrize("step", [23, 37, 61])
def test_memory_that_fails_now_and_then(nginx_run, names, workers, step):
    port = workers[0].port
    names.ttl = 0
    names.srv["_http._tcp.s.test"] = [(1, 1, port, "w.test"), (2, 1, port, "v.test")]
    names.a["v.test"] = ["127.0.0.3"]
    write(nginx_run, names, workers, server="server w.test:{port} resolve; server s.test service=http resolve backup;").start("-d", f"failalloc={step}")

    def answer():
        try:
            return ask(nginx_run).body
        except (OSError, TooLate, Cut):
            return None

    for address in ("127.0.0.1", "127.0.0.2"):
        names.a["w.test"] = [address]
        wait_until(lambda address=address: answer() == address[-1].encode(), f"an answer of {address}", 60)
    nginx_run.signal(signal.SIGTERM)
    assert nginx_run.wait_exit() == 0


def test_probes_follow_the_members(nginx_run, names, workers):
    write(nginx_run, names, workers, more="comfymux { health_check interval=1s uri=/up; }").start()
    workers[0].wait_for(lambda: "/up" in workers[0].paths(), "a probe")
    names.a["w.test"] = ["127.0.0.2"]
    workers[1].wait_for(lambda: "/up" in workers[1].paths(), "a probe")
    wait_for(nginx_run, b"2")
    seen = len(workers[0].requests)
    before = workers[1].paths().count("/up")
    workers[1].wait_for(lambda: workers[1].paths().count("/up") >= before + 2, "two more probes")
    assert len(workers[0].requests) == seen
