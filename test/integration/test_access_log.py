"""Is every exchange in the access log, in a form that tools read?"""
import json
import re
import signal
import threading
import time

import pytest

from harness import conf, tls, ws
from harness.client import RawClient
from harness.logs import read_combined
from harness.wait import wait_until
from harness.wire import make_request, make_response


def logged(mux, fmt="json"):
    """The lines of a program that was stopped, so that nothing is left in its buffer."""
    mux.settle()
    mux.signal(signal.SIGTERM)
    mux.ended_by_test = True
    assert mux.wait_exit() == 0
    return mux.exchanges() if fmt == "json" else read_combined(mux.access_log)


def combined(mux_folder, backend, **more):
    return conf.config([backend], access_log={"file": str(mux_folder), "format": "combined"}, **more)


@pytest.fixture
def plain(start, backend, folder):
    mux = start(combined(folder / "combined.log", backend))
    mux.access_log = folder / "combined.log"
    return mux


def test_combined_is_nginxs(plain, backend):
    backend.answer = make_response(b"x" * 88, 404, "Not Found")
    plain.ask("/view?filename=a%20b.png&x=1", fields=[("Referer", "http://comfy.test/"), ("User-Agent", "Mozilla/5.0 (X)")])
    line, = logged(plain, "combined")
    assert line["address"] == "127.0.0.1" and line["user"] == "-"
    assert line["request"] == "GET /view?filename=a%20b.png&x=1 HTTP/1.1" and line["status"] == "404"
    assert line["bytes"] == "88" and line["referer"] == "http://comfy.test/" and line["agent"] == "Mozilla/5.0 (X)"
    stamp = time.mktime(time.strptime(line["time"][:20], "%d/%b/%Y:%H:%M:%S"))
    assert abs(stamp - time.mktime(time.gmtime() if line["time"].endswith("+0000") else time.localtime())) < 3700


def test_absent_fields_are_a_dash(plain):
    plain.ask()
    line, = logged(plain, "combined")
    assert line["referer"] == "-" and line["agent"] == "-"


def test_what_a_client_chose_cannot_break_a_line(plain):
    plain.ask('/a"b\\c', fields=[("User-Agent", 'x" 200 1 "y\\'), ("Referer", "caf\xe9\t[31m")])
    lines = logged(plain, "combined")
    assert len(lines) == 1
    assert '"' not in lines[0]["agent"].replace('\\"', "").replace("\\x22", "")


def test_bodies_are_counted_without_heads(plain, backend):
    backend.answer = make_response(b"x" * 5000, framing="chunked")
    plain.ask()
    plain.client().ask(method="HEAD")
    lines = logged(plain, "combined")
    assert lines[1]["bytes"] == "0" and 5000 <= int(lines[0]["bytes"]) <= 5100


def test_refusals_are_logged_too(plain):
    with plain.client() as client:
        client.send(make_request(fields=[("Expect", "miracles")]))
        client.response()
    with plain.client() as client:
        client.send(b"nonsense\r\n\r\n")
        client.response()
    assert [line["status"] for line in logged(plain, "combined")] == ["417", "400"]


def test_the_order_is_that_of_the_ends(plain):
    for i in range(20):
        plain.ask(f"/{i}")
    assert [line["request"].split()[1] for line in logged(plain, "combined")] == [f"/{i}" for i in range(20)]


def field(line, *words):
    """The value whose key has all these words in it."""
    found = [v for k, v in line.items() if all(w in k for w in words)]
    assert found, f"{words} not in {sorted(line)}"
    return found[0]


def test_json_tells_what_combined_cannot(start, backend):
    backend.answer = make_response(b"x" * 88)
    mux = start(conf.config([backend]))
    for _ in range(2):
        mux.ask("/prompt", "POST", [("User-Agent", "test")], body=b"abcde")
    lines = logged(mux)
    assert len(lines) == 2
    line = lines[0]
    assert field(line, "status") == 200 and field(line, "pool") == "pool" and field(line, "worker") == "w1"
    assert str(field(line, "upstream", "status")) == "200" and field(line, "retries") == 0
    assert line["request_id"] and line["request_id"] != lines[1]["request_id"]
    assert field(line, "sticky") in (False, "", None, "none", 0)
    text = str(line)
    assert "/prompt" in text and "POST" in text and "127.0.0.1" in text and "test" in text
    numbers = [v for v in line.values() if isinstance(v, (int, float))]
    assert any(88 <= n < 400 for n in numbers), "bytes to the client"


def test_json_lines_survive_any_bytes(start, backend):
    mux = start(conf.config([backend]))
    mux.ask('/"\\<>{}|^`', fields=[("User-Agent", '"\\\xe9\xff\t'), ("Referer", "\xc3\xa9")])
    line, = logged(mux)
    assert any('/"\\<>{}|^`' in str(v) for v in line.values())


def test_retries_are_told(start, backend_of):
    dead, alive = backend_of(), backend_of()
    dead.refuse()
    mux = start(conf.config([dead, alive]))
    mux.announce()
    for _ in range(2):
        mux.ask()
    lines = logged(mux)
    assert sorted(field(line, "retries") for line in lines) == [0, 1]
    assert all(field(line, "worker").endswith("w2") for line in lines)


def test_a_sticky_hit_is_told(start, backend):
    mux = start(conf.config([backend], balancing={"sticky": {"keys": ["ip"]}}))
    mux.ask()
    mux.ask()
    first, second = logged(mux)
    assert field(first, "sticky") != field(second, "sticky")


def test_tls_is_told(start, backend):
    mux = start(conf.config([backend], servers=[
        {"listen": ["127.0.0.1:0"], "tls": tls.settings("comfy.test"), "locations": [{"path": "/", "pool": "pool"}]}]))
    mux.ask(tls=tls.context(), name="comfy.test")
    line, = logged(mux)
    assert "TLSv1.3" in str(line)


def test_a_tunnel_is_logged_when_it_ends_with_its_bytes(start, backend):
    backend.script = ws.echo_script
    mux = start(conf.config([backend]))
    with mux.client() as client:
        ws.open_socket(client)
        client.send(b"x" * 10000)
        client.exactly(10000)
    line, = logged(mux)
    assert field(line, "status") == 101
    assert sum(isinstance(v, int) and 10000 <= v < 11000 for v in line.values()) >= 2, "bytes both ways"


def test_no_secret_is_in_any_log(start, backend):
    mux = start(conf.config([backend], error_log={"file": "stderr", "level": "debug"}))
    mux.announce()
    mux.ask("/prompt", "POST", [("Authorization", "Bearer hunter2"), ("Cookie", "token=hunter2")],
            body=b'{"client_id":"c","extra_data":{"auth_token_comfy_org":"hunter2","api_key_comfy_org":"hunter2"}}')
    with mux.client() as client:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer hunter2\r\nX : 1\r\n\r\n")
        client.response()
    logged(mux)
    assert "hunter2" not in mux.access_log.read_text()
    assert "hunter2" not in mux.log_tail(10000)


def test_off_writes_nothing(start, backend, folder):
    mux = start(conf.config([backend], access_log={"format": "off"}))
    mux.ask()
    mux.settle()
    assert not list(mux.folder.glob("*access*"))


def test_rotation_under_load_loses_no_line(start, backend):
    """Renamed and reopened while requests run: each line is whole, in one file or the next."""
    mux = start(conf.config([backend]))
    stop, count = threading.Event(), [0]

    def ask():
        with RawClient(mux.address) as client:
            while not stop.is_set():
                client.ask(f"/{count[0]}")
                client.received.clear()
                count[0] += 1

    thread = threading.Thread(target=ask)
    thread.start()
    kept = []
    for i in range(5):
        before = count[0]
        wait_until(lambda n=before: count[0] > n + 100, "the load goes on")
        kept.append(mux.folder / f"access.log.{i}")
        mux.access_log.rename(kept[-1])
        mux.signal(signal.SIGUSR1)
        wait_until(mux.access_log.exists, "a new file")
    stop.set()
    thread.join()
    last = logged(mux)
    lines = [json.loads(line) for path in kept for line in path.read_text().splitlines()] + last
    targets = [next(v for v in line.values() if isinstance(v, str) and re.fullmatch(r"/\d+", v)) for line in lines]
    assert targets == [f"/{i}" for i in range(count[0])]


@pytest.mark.parametrize("fmt", ["json", "combined"])
def test_a_very_long_line_is_still_a_line(start, backend, folder, fmt):
    log = folder / "long.log"
    mux = start(conf.config([backend], access_log={"file": str(log), "format": fmt}))
    mux.access_log = log
    for _ in range(3):
        mux.ask("/" + "a" * 8000, fields=[("User-Agent", '"' * 20000), ("Referer", "\\" * 20000)])
    lines = logged(mux, fmt)
    assert len(lines) == 3
    assert [str(line["status"]) for line in lines] == ["200"] * 3


def test_a_client_that_left_is_told_as_such(start, backend):
    backend.script = lambda conn: (conn.request(), conn.rest())
    mux = start(conf.config([backend]))
    with mux.client() as client:
        client.send(make_request("/slow"))
        backend.wait_requests(1)
    wait_until(lambda: mux.open_connections() == 0, "the proxy let it go")
    line, = logged(mux)
    assert "client_left" in str(line)


def test_lines_do_not_stay_in_the_buffer_for_ever(start, backend):
    mux = start(conf.config([backend]))
    mux.ask()
    wait_until(mux.exchanges, "the line is written", 8)


def test_every_line_of_the_error_log_is_logfmt(start, backend_of):
    one, two = backend_of(), backend_of()
    mux = start(conf.config([one, two], health={"interval": 0, "fall": 1}, error_log={"file": "stderr", "level": "debug"}))
    mux.announce()
    one.refuse()
    for _ in range(3):
        mux.ask()
    mux.reload_ok()
    with mux.client() as client:
        client.send(b"GET / HTTP/1.1\r\nHost: \x01\"a=b \r\n\r\n")
        client.response()
    mux.signal(signal.SIGTERM)
    mux.ended_by_test = True
    mux.wait_exit()
    assert mux.lines and [line.text for line in mux.lines if not line.is_logfmt] == []
    assert {line.level for line in mux.lines} <= {"error", "warn", "info", "debug"}
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", line.event) for line in mux.lines)


@pytest.mark.parametrize("level, wanted", [("error", False), ("warn", False), ("info", True)])
def test_the_level_is_kept(start, backend, level, wanted):
    mux = start(conf.config([backend], error_log={"file": "stderr", "level": level},
                            listen="127.0.0.1:0"), wait=False)
    if wanted:
        mux.started()
        return
    wait_until(lambda: int(mux.status("SigCgt"), 16) & 1 << (signal.SIGTERM - 1), "it handles TERM")
    mux.signal(signal.SIGTERM)
    mux.ended_by_test = True
    assert mux.wait_exit() == 0
    assert not mux.lines
