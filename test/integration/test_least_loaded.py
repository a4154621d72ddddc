"""Do jobs go to the worker with the least to do, as it says itself?"""
import collections

import pytest

from harness import conf
from harness.comfy import Comfy, worker_of
from harness.wait import stays, wait_until
from harness.wire import make_request


@pytest.fixture
def two(backend_of):
    made = [Comfy("w1"), Comfy("w2")]
    backend_of.made.extend(made)
    return made


def started(start, workers, more=({}, {}), **balancing):
    members = [conf.node(w, w.name, **more[i]) for i, w in enumerate(workers)]
    return start(conf.config(pools=[conf.pool(members, load_balancing={
        "strategy": "least_loaded", "load_interval": 0.2, **balancing})]))


def load_questions(worker):
    return [r for r in worker.requests if r.target == "/prompt" and r.method == "GET"]


def asked_again(worker, times=2):
    before = len(load_questions(worker))
    wait_until(lambda: len(load_questions(worker)) >= before + times, "the load is asked for")


def job(mux, **more):
    response = mux.ask("/prompt", "POST", [("Content-Type", "application/json")], body=b'{"prompt":{}}', **more)
    assert response.status == 200
    return response


def jobs(workers):
    return [len(w.jobs()) for w in workers]


def test_the_load_is_asked_for_in_the_interval_and_not_per_request(start, two):
    mux = started(start, two, load_interval=0.3)
    asked_again(two[0], 3)
    before = len(load_questions(two[0]))
    with mux.client() as client:
        for _ in range(200):
            client.ask("/page")
    assert len(load_questions(two[0])) - before < 50


@pytest.mark.parametrize("strategy", ["round_robin", "ip_hash", "least_conn", "weighted"])
def test_a_pool_whose_strategy_does_not_need_it_never_asks(start, two, strategy):
    mux = started(start, two, strategy=strategy, load_interval=0.1)
    stays(lambda: not load_questions(two[0]) and not load_questions(two[1]), "no load questions", 0.6)
    assert mux.ask().status == 200


def test_a_job_goes_where_the_queue_is_shorter(start, two):
    two[0].queue, two[1].queue = 5, 1
    mux = started(start, two, [{"max_concurrent": 10}] * 2)
    asked_again(two[0])
    asked_again(two[1])
    job(mux)
    assert jobs(two) == [0, 1]


def test_the_queue_is_seen_against_what_a_worker_can_take(start, two):
    """4 of 8 is less than 2 of 2... and the weight counts likewise."""
    two[0].queue, two[1].queue = 4, 3
    mux = started(start, two, [{"max_concurrent": 8}, {"max_concurrent": 4}])
    asked_again(two[0])
    asked_again(two[1])
    job(mux)
    assert jobs(two) == [1, 0]


def test_jobs_on_their_way_count_before_the_worker_says_so(start, two):
    """A burst is spread, though every queue said 0 when it was asked last."""
    mux = started(start, two, [{"max_concurrent": 10}] * 2, load_interval=30)
    for _ in range(6):
        job(mux)
    assert jobs(two) == [3, 3]


def test_jobs_that_run_at_once_are_spread_too(start, two):
    mux = started(start, two, [{"max_concurrent": 10}] * 2, load_interval=30)
    for worker in two:
        worker.stalled = True
    clients = [mux.client() for _ in range(6)]
    for client in clients:
        client.send(make_request("/prompt", "POST", body=b"{}"))
    wait_until(lambda: sum(jobs(two)) == 6, "all are there")
    assert jobs(two) == [3, 3]
    for worker in two:
        worker.go_on()
    assert [c.response().status for c in clients] == [200] * 6


def test_right_after_a_job_the_load_is_asked_for_again(start, two):
    mux = started(start, two, load_interval=30)
    before = [len(load_questions(w)) for w in two]
    job(mux)
    taken = 0 if two[0].jobs() else 1
    wait_until(lambda: len(load_questions(two[taken])) > before[taken], "the load is asked for", 3)


def test_a_full_worker_gets_no_job_while_another_has_room(start, two):
    two[0].queue = 2
    mux = started(start, two, [{"max_concurrent": 2, "weight": 100}, {"max_concurrent": 50}])
    asked_again(two[0])
    for _ in range(5):
        job(mux)
    assert jobs(two) == [0, 5]


def test_a_full_worker_still_serves_pages(start, two):
    two[0].queue = 5
    two[1].queue = 5
    mux = started(start, two, [{"max_concurrent": 1}] * 2)
    asked_again(two[0])
    assert mux.ask("/view?filename=x.png").status == 200


def test_when_all_are_full_the_least_loaded_gets_the_job(start, two):
    two[0].queue, two[1].queue = 9, 3
    mux = started(start, two, [{"max_concurrent": 1}] * 2)
    asked_again(two[0])
    asked_again(two[1])
    job(mux)
    assert jobs(two) == [0, 1]


def test_max_concurrent_counts_jobs_and_not_connections(start, two):
    mux = started(start, two, [{"max_concurrent": 1}] * 2)
    for worker in two:
        worker.stalled = True
    clients = [mux.client() for _ in range(8)]
    for client in clients:
        client.send(make_request("/view"))
    wait_until(lambda: sum(len(w.served()) for w in two) == 8, "eight pages at once")
    for worker in two:
        worker.go_on()
    assert {c.response().status for c in clients} == {200}


def test_a_worker_that_does_not_know_prompt_still_gets_work(start, two):
    two[0].reply = lambda request, path: b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nw1"
    mux = started(start, two)
    asked_again(two[0])
    with mux.client() as client:
        count = collections.Counter(client.ask("/page").status for _ in range(10))
    assert sum(count.values()) == 10


@pytest.mark.parametrize("answer", [b'{"exec_info":{"queue_remaining":-1}}', b'{"exec_info":{"queue_remaining":1e99}}',
                                    b'{"exec_info":[]}', b"[" * 5000, b'"x"', b"", b"\xff\xfe", b'{"exec_info":{"queue_remaining":"7"}}',
                                    b'{"exec_info":{"queue_remaining":99999999999999999999}}'])
def test_a_strange_load_answer_is_no_harm(start, two, answer):
    reply = two[0].reply
    two[0].reply = lambda request, path: (b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer
                                           if (request.method, path) == ("GET", "/prompt") else reply(request, path))
    mux = started(start, two)
    mux.announce()
    asked_again(two[0], 3)
    for _ in range(4):
        job(mux)
    assert worker_of(mux.ask("/page")) in ("w1", "w2")
