"""Do probes find out who is fit, and how fast?"""
import time

import pytest

from harness import conf
from harness.comfy import Comfy, worker_of
from harness.wait import Stopwatch, wait_until

FAST = {"interval": 0.2, "timeout": 0.5, "rise": 2, "fall": 3, "heartbeat_timeout": 1}


@pytest.fixture
def two(backend_of):
    made = [Comfy("w1"), Comfy("w2")]
    backend_of.made.extend(made)
    return made


@pytest.fixture
def one(backend_of):
    made = Comfy("w1")
    backend_of.made.append(made)
    return made


def started(start, workers, **health):
    mux = start(conf.config(workers, health={**FAST, **health}))
    mux.announce("worker_state|worker")
    return mux


def answered_by(mux, count=6):
    return {worker_of(mux.ask()) for _ in range(count)}


def test_the_probe_is_a_get_of_the_path(start, one):
    mux = started(start, [one], path="/system_stats")
    one.wait_requests(3)
    probe = one.probes()[0]
    assert probe.method == "GET" and probe.has("host") and probe.body == b""
    assert mux.nodes()["w1"]["state"] == "up"


def test_another_path_may_be_probed(start, one):
    started(start, [one], path="/healthz?x=1")
    one.wait_requests(2)
    assert {r.target for r in one.requests} == {"/healthz?x=1"}


def test_interval_0_probes_nobody(start, two):
    mux = start(conf.config(two, health={"interval": 0}))
    for _ in range(10):
        assert mux.ask().status == 200
        mux.client().has_nothing(0.05)
    assert not two[0].probes() and not two[1].probes()


def test_fall_bad_probes_take_a_worker_down_and_rise_good_ones_bring_it_back(start, two):
    mux = started(start, two)
    assert answered_by(mux) == {"w1", "w2"}
    two[0].healthy = False
    before = len(two[0].probes())
    mux.wait_state("w1", "down")
    assert 3 <= len(two[0].probes()) - before <= 5
    assert answered_by(mux) == {"w2"}
    two[0].healthy = True
    before = len(two[0].probes())
    mux.wait_state("w1", "up")
    assert 2 <= len(two[0].probes()) - before <= 4
    assert answered_by(mux) == {"w1", "w2"}


def test_each_change_is_one_line_with_its_reason(start, two):
    mux = started(start, two)
    two[0].healthy = False
    mux.wait_state("w1", "down")
    two[0].healthy = True
    mux.wait_state("w1", "up")
    lines = mux.events("worker_state", worker="w1")
    assert [(line["from"], line["to"]) for line in lines] == [("up", "down"), ("down", "up")]
    assert all(line["pool"] == "pool" and line["why"] for line in lines)
    assert "500" in lines[0]["why"]


@pytest.mark.parametrize("status", [301, 404, 403, 500, 503])
def test_only_2xx_is_good(start, two, status):
    two[0].reply = lambda request, path: b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status
    mux = started(start, two)
    mux.wait_state("w1", "down")


def test_204_is_good(start, two):
    two[0].reply = lambda request, path: b"HTTP/1.1 204 X\r\n\r\n"
    mux = started(start, two)
    two[0].wait_requests(5)
    assert mux.nodes()["w1"]["state"] == "up"


@pytest.mark.parametrize("answer", [b"nonsense\r\n\r\n", b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
                                    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n"],
                         ids=["nonsense", "nothing", "cut", "both-framings"])
def test_a_probe_that_is_answered_badly_is_bad(start, two, answer):
    two[0].script = lambda conn: (conn.request(), conn.send(answer))
    mux = started(start, two)
    if answer.endswith(b"short"):
        two[0].wait_requests(4)
        return
    mux.wait_state("w1", "down")


def test_a_worker_that_refuses_goes_down(start, two):
    mux = started(start, two)
    two[0].refuse()
    two[0].forget()
    mux.wait_state("w1", "down")
    assert answered_by(mux) == {"w2"}


def test_a_worker_that_is_silent_to_everything_goes_down_after_heartbeat_timeout(start, two):
    mux = started(start, two, heartbeat_timeout=1.5, interval=0.2, timeout=0.2, fall=2)
    mux.wait_state("w1", "up")
    watch = Stopwatch()
    two[0].stalled = True
    mux.wait_state("w1", "down")
    assert watch.seconds() > 1
    two[0].go_on()
    mux.wait_state("w1", "up")


def test_one_probe_at_a_time(start, one):
    """A worker that takes long is not asked again meanwhile."""
    mux = started(start, [one], timeout=0.3, interval=0.1)
    one.wait_requests(2)
    one.silent_probes = True
    before = len(one.probes())
    most = 0
    while len(one.probes()) < before + 3:
        most = max(most, mux.connections_to(one))
    assert most <= 1
    one.go_on()


def test_while_a_state_is_changing_the_next_probe_is_sooner(start, two):
    """interval = 30, but three bad probes are a second apart, not half a minute."""
    two[0].healthy = False
    mux = start(conf.config(two, health={"interval": 30, "timeout": 1, "fall": 3, "rise": 2}))
    mux.announce()
    watch = Stopwatch()
    mux.wait_state("w1", "down", 12)
    assert watch.seconds() < 10
    two[0].healthy = True


def test_probes_are_spread(start, backend_of):
    """Twenty workers with one interval are not all asked in the same instant, again and again."""
    stamps = []
    workers = [Comfy(f"w{i}") for i in range(8)]
    backend_of.made.extend(workers)
    for worker in workers:
        reply = worker.reply
        worker.reply = lambda request, path, r=reply: (stamps.append(time.monotonic()), r(request, path))[1]
    started(start, workers, interval=1)
    wait_until(lambda: len(stamps) >= 32, "four rounds of probes")
    last = sorted(stamps)[24:32]
    assert last[-1] - last[0] > 0.05


def test_when_all_are_out_the_first_good_sign_is_enough(start, two):
    mux = start(conf.config(two, health={"interval": 30, "timeout": 1, "fall": 1, "rise": 5}))
    mux.announce()
    for worker in two:
        worker.refuse()
        worker.forget()
    wait_until(lambda: mux.ask().status in (502, 503) and {n["state"] for n in mux.nodes().values()} == {"down"},
               "all are down", 35)
    assert mux.admin("/api/v2/health")[0] == 503
    two[1].listen()
    watch = Stopwatch()
    wait_until(lambda: mux.ask().status == 200, "service returns")
    assert watch.seconds() < 4
    assert mux.nodes()["w2"]["state"] == "up"
    assert mux.admin("/api/v2/health")[0] == 200


def test_nobody_fit_is_a_503_with_retry_after(start, one):
    mux = started(start, [one])
    one.healthy = False
    mux.wait_state("w1", "down")
    response = mux.ask()
    if response.status != 503:  # trying the one that failed last is allowed when nobody is left
        assert response.status == 200
        return
    assert int(response.get("retry-after")) >= 1 and response.get("server") == "comfymux"


def test_what_system_stats_tells_is_kept_and_shown(start, one):
    mux = started(start, [one])
    one.wait_requests(2)
    text = wait_until(lambda: "0.33.0" in mux.admin("/nodes")[2] and mux.admin("/nodes")[2], "the version is shown")
    assert str(24 << 30) in text and str(20 << 30) in text


def test_a_probe_whose_answer_is_no_comfyuis_is_still_good(start, one):
    one.reply = lambda request, path: b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n[1,2,3]"
    mux = started(start, [one])
    one.wait_requests(4)
    assert mux.nodes()["w1"]["state"] == "up"


def test_a_huge_probe_answer_costs_nothing(start, one):
    def script(conn):
        conn.request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        try:
            for _ in range(100):
                conn.send(b"z" * 1000000)
        except OSError:
            pass

    one.script = script
    mux = started(start, [one])
    before = mux.memory()
    one.wait_connections(4, 20)
    assert mux.memory("VmHWM") - before < 20 << 20
