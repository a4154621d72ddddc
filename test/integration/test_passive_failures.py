"""Do failures of real requests take a worker out, and does it come back?"""
import pytest

from harness import conf
from harness.comfy import Comfy, worker_of
from harness.wait import Stopwatch, wait_until
from harness.wire import make_request, make_response


def dies(conn):
    conn.request()


@pytest.fixture
def pair(backend_of):
    return [backend_of(), backend_of()]


def test_fall_failures_in_a_row_take_a_worker_out(start, pair):
    pair[0].script = dies
    mux = start(conf.config(pair, health={"interval": 0, "fall": 3}))
    mux.announce()
    for _ in range(20):
        assert mux.ask().status == 200
    assert mux.nodes()["w1"]["state"] == "down"
    assert 3 <= len(pair[0].requests) <= 4
    line = mux.wait_event("worker_state", worker="w1", to="down")
    assert line["from"] == "up" and line["why"]


def test_a_success_in_between_begins_anew(start, backend):
    count = [0]

    def script(conn):
        while conn.request() is not None:
            count[0] += 1
            if count[0] % 3 == 0:
                conn.send(conn.backend.answer)
            else:
                return

    backend.script = script
    mux = start(conf.config([backend], health={"interval": 0, "fall": 3}))
    mux.announce()
    statuses = [mux.ask(method="POST", body=b"x").status for _ in range(30)]
    assert statuses.count(502) == 20
    assert not mux.events("worker_state")


@pytest.mark.parametrize("kind", ["refused", "timed-out", "nonsense"])
def test_every_kind_of_failure_counts(start, pair, kind):
    if kind == "refused":
        pair[0].refuse()
    elif kind == "nonsense":
        pair[0].script = lambda conn: (conn.request(), conn.send(b"nonsense\r\n\r\n"), conn.rest())
    else:
        pair[0].script = lambda conn: (conn.request(), conn.rest())
    mux = start(conf.config(pair, health={"interval": 0, "fall": 2}, timeouts={"read": 0.3}))
    mux.announce()
    for _ in range(6):
        mux.ask(method="POST", body=b"x")
    assert mux.nodes()["w1"]["state"] == "down"
    assert [mux.ask(method="POST", body=b"x").status for _ in range(4)] == [200] * 4


def test_a_workers_own_500_is_no_failure(start, pair):
    pair[0].answer = make_response(b"no", 500, "Internal Server Error")
    mux = start(conf.config(pair, health={"interval": 0, "fall": 2}))
    assert sorted(mux.ask().status for _ in range(20)) == [200] * 10 + [500] * 10
    assert mux.nodes()["w1"]["state"] == "up"


def test_a_client_that_leaves_is_no_failure_of_the_worker(start, pair):
    for backend in pair:
        backend.script = lambda conn: (conn.request(), conn.rest())
    mux = start(conf.config(pair, health={"interval": 0, "fall": 2}))
    for i in range(8):
        with mux.client() as client:
            client.send(make_request())
            wait_until(lambda n=i: sum(len(b.requests) for b in pair) > n, "the worker has it")
    for backend in pair:
        backend.wait_over(5)
    assert {n["state"] for n in mux.nodes().values()} == {"up"}


def test_probes_bring_it_back(start, backend_of):
    workers = [Comfy("w1"), Comfy("w2")]
    backend_of.made.extend(workers)
    mux = start(conf.config(workers, health={"interval": 0.2, "timeout": 1, "rise": 2, "fall": 2}))
    mux.announce()
    workers[0].refuse()
    workers[0].forget()
    for _ in range(6):
        assert mux.ask().status == 200
    mux.wait_state("w1", "down")
    workers[0].listen()
    mux.wait_state("w1", "up")
    assert {worker_of(mux.ask()) for _ in range(4)} == {"w1", "w2"}


def test_without_probes_a_lonely_worker_comes_back_within_seconds(start, backend):
    """Nobody is left to ask: the one that failed must be tried again, or the service never returns."""
    mux = start(conf.config([backend], health={"interval": 0, "fall": 2}))
    mux.announce()
    assert mux.ask().status == 200
    backend.refuse()
    backend.forget()
    assert all(mux.ask().status in (502, 503) for _ in range(5))
    backend.listen()
    watch = Stopwatch()
    wait_until(lambda: mux.ask().status == 200, "service returns", 6)
    assert watch.seconds() < 5
