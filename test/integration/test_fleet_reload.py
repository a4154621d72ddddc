"""A reload in the middle of a fleet's work: do jobs and pages live on, and does what changed count?"""
import threading

import pytest

from harness.fleet import plain
from harness.wait import wait_until
from harness.workers import SimulatedWorker


def add_worker(fleet, *flags):
    """One more, not yet in the file."""
    made = SimulatedWorker(f"w{len(fleet.workers) + 1}", *flags)
    fleet.workers.append(made)
    fleet.each.append({})
    fleet.spec.append(tuple(flags))
    fleet.mux.worker_ports.add(made.port)
    return len(fleet.workers) - 1


@pytest.fixture
def busy(start_fleet):
    """Two run, three wait; their client's page is there."""
    fleet = start_fleet(2)
    page = fleet.page("me")
    fleet.hold()
    jobs = [fleet.submit(plain(n), client_id="me").id for n in range(5)]
    fleet.wait_running(*jobs[:2])
    return fleet, page, jobs


def all_well(fleet, page, jobs):
    page.wait_done(*jobs)
    page.settle()
    assert sorted(page.ends()) == sorted(jobs), "each ends once"
    for job in jobs:
        assert page.kinds(job).count("execution_start") == 1 and fleet.history(job)["status"]["completed"]


def test_the_same_file_changes_nothing(busy):
    fleet, page, jobs = busy
    before = fleet.get("/queue")
    for _ in range(3):
        fleet.mux.reload_ok()
    assert fleet.get("/queue") == before and fleet.remaining() == 5 and not page.over
    fleet.go_on()
    all_well(fleet, page, jobs)
    assert sorted(sum(fleet.starts(), [])) == sorted(jobs), "one ran twice"


def test_the_history_lives_on(busy):
    fleet, page, jobs = busy
    fleet.go_on()
    all_well(fleet, page, jobs)
    picture = fleet.view(fleet.outputs(jobs[0])[0]).body
    fleet.mux.reload_ok()
    assert set(fleet.get("/history")) == set(jobs) and fleet.get("/api/jobs")["pagination"]["total"] == 5
    assert fleet.view(fleet.outputs(jobs[0])[0]).body == picture
    assert "KSampler" in fleet.get("/object_info")


def test_a_file_with_a_mistake_changes_nothing(busy):
    fleet, page, jobs = busy
    fleet.mux.announce(level="error")
    fleet.mux.announce()
    assert fleet.mux.reload(fleet.config(max_queue=0)).event == "reload_failed"
    assert fleet.remaining() == 5
    fleet.go_on()
    all_well(fleet, page, jobs)


def test_max_queue(busy):
    fleet, page, jobs = busy
    fleet.mux.reload_ok(fleet.config(max_queue=3))
    answer = fleet.submit(plain(9), client_id="me")
    assert answer.status == 429 and answer.error["type"] == "QUEUE_LIMIT"
    fleet.mux.reload_ok(fleet.config(max_queue=4))
    jobs.append(fleet.submit(plain(9), client_id="me").id)
    assert fleet.submit(plain(10), client_id="me").status == 429
    fleet.mux.reload_ok(fleet.config(max_queue=1))
    assert fleet.remaining() == 6, "what was accepted stays"
    fleet.go_on()
    all_well(fleet, page, jobs)


def test_prompt_bytes(busy):
    fleet, page, jobs = busy
    fleet.mux.reload_ok(fleet.config(prompt_bytes="1k"))
    assert fleet.call("POST", "/prompt", raw=b'{"a": "' + b"x" * 2000 + b'"}').status == 413
    fleet.mux.reload_ok(fleet.config())
    assert fleet.call("POST", "/prompt", raw=b'{"a": "' + b"x" * 2000 + b'"}').status == 400
    fleet.go_on()
    all_well(fleet, page, jobs)


@pytest.mark.parametrize("strategy", ["round_robin", "least_loaded", "ip_hash"])
def test_strategy(busy, strategy):
    fleet, page, jobs = busy
    fleet.mux.reload_ok(fleet.config(load_balancing={"strategy": strategy}))
    jobs.append(fleet.submit(plain(9), client_id="me").id)
    fleet.go_on()
    all_well(fleet, page, jobs)
    fleet.mux.reload_ok(fleet.config())
    job = fleet.submit(plain(10), client_id="me").id
    page.wait_done(job)


def test_max_concurrent_grows_and_shrinks(busy):
    fleet, page, jobs = busy
    fleet.each = [{"max_concurrent": 2}, {"max_concurrent": 2}]
    fleet.mux.reload_ok(fleet.config())
    wait_until(lambda: sum(len(fleet.report(n)["pending"]) for n in (0, 1)) == 2, "two more are placed")
    fleet.each = [{}, {}]
    fleet.mux.reload_ok(fleet.config())
    fleet.go_on()
    all_well(fleet, page, jobs)


def test_a_worker_that_is_added_gets_what_waits(busy):
    fleet, page, jobs = busy
    new = add_worker(fleet)
    fleet.workers[new].test(fault="hold")
    fleet.mux.reload_ok(fleet.config())
    wait_until(lambda: fleet.report(new)["running"] == jobs[2], "the first that waited runs there", 20)
    assert fleet.queue()[1] == jobs[3:]
    assert f"GPU of w{new + 1}" in str(fleet.get("/system_stats"))
    fleet.go_on()
    all_well(fleet, page, jobs)


def test_a_worker_that_is_removed_finishes_what_runs_there(busy):
    fleet, page, jobs = busy
    left = fleet.running().index(jobs[1])
    fleet.mux.reload_ok(fleet.config(without=[left]))
    assert set(fleet.queue()[0]) == set(jobs[:2])
    fleet.go_on(1 - left)
    page.wait_done(jobs[0], *jobs[2:])
    assert fleet.report(left)["starts"] == [jobs[1]], "it got something new"
    assert fleet.queue() == ([jobs[1]], [])
    fleet.go_on(left)
    all_well(fleet, page, jobs)


def test_what_waits_at_a_removed_worker_is_moved(start_fleet):
    fleet = start_fleet(2, each=[{"max_concurrent": 2}, {"max_concurrent": 2}])
    page = fleet.page("me")
    fleet.hold()
    jobs = [fleet.submit(plain(n), client_id="me").id for n in range(4)]
    wait_until(lambda: [len(fleet.report(n)["pending"]) for n in (0, 1)] == [1, 1], "two run, two wait there")
    moved, = fleet.report(0)["pending"]
    stays = fleet.report(0)["running"]
    fleet.mux.reload_ok(fleet.config(without=[0]))
    wait_until(lambda: fleet.report(0)["pending"] == [], "it is taken back")
    assert fleet.report(0)["running"] == stays
    fleet.go_on()
    all_well(fleet, page, jobs)
    assert fleet.ran_on(moved) == [1]


def test_drain_by_the_file(busy):
    fleet, page, jobs = busy
    left = fleet.running().index(jobs[0])
    fleet.mux.reload_ok(fleet.config(drain=[left]))
    fleet.go_on()
    all_well(fleet, page, jobs)
    assert fleet.report(left)["starts"] == [jobs[0]]
    fleet.mux.reload_ok(fleet.config())
    fleet.hold()
    two = [fleet.submit(plain(n), client_id="me").id for n in (20, 21)]
    assert sorted(fleet.wait_running(*two)) == [0, 1]
    fleet.go_on()
    page.wait_done(*two)


def test_removed_and_added_again(busy):
    fleet, page, jobs = busy
    for _ in range(3):
        fleet.mux.reload_ok(fleet.config(without=[1]))
        fleet.mux.reload_ok(fleet.config())
    fleet.go_on()
    all_well(fleet, page, jobs)
    assert sorted(sum(fleet.starts(), [])) == sorted(jobs)


def test_many_reloads_under_work_lose_nothing(start_fleet):
    fleet = start_fleet(2)
    for worker in fleet.workers:
        worker.test(set={"job_ms": 20})
    page, jobs, wrong = fleet.page("me"), [], []
    over = threading.Event()

    def work():
        number = 0
        while not over.is_set():
            number += 1
            answer = fleet.submit(plain(number), client_id="me")
            if answer.status != 200:
                wrong.append((answer.status, answer.body))
                return
            jobs.append(answer.id)

    thread = threading.Thread(target=work)
    thread.start()
    for turn in range(8):
        fleet.mux.reload_ok(fleet.config(without=[1] if turn % 2 else [], max_queue=5000 + turn))
    over.set()
    thread.join()
    assert not wrong and jobs
    fleet.mux.reload_ok(fleet.config())
    all_well(fleet, page, jobs)


def test_a_page_of_another_mode_and_back(busy):
    """mode = sticky for a while: jobs that were placed are not forgotten."""
    fleet, page, jobs = busy
    fleet.mux.announce()
    fleet.mux.reload_ok(fleet.config(mode="sticky"))
    assert fleet.call("GET", "/queue").status == 200
    fleet.mux.reload_ok(fleet.config())
    fleet.go_on()
    for job in jobs:
        assert fleet.wait_history(job, 30)["status"]["completed"]
