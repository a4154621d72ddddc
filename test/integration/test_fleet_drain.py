"""A worker is drained or taken out of the file. Where do its jobs go?"""
import pytest

from harness.fleet import plain
from harness.wait import stays, wait_until


def reload(fleet, **more):
    fleet.mux.reload_ok(fleet.config(**more))


@pytest.mark.parametrize("how", [{"drain": [0]}, {"without": [0]}], ids=str)
def test_waiting_jobs_are_moved_and_the_running_one_finishes(start_fleet, how):
    fleet = start_fleet(2, each=[{"max_concurrent": 3}, {"backup": True}], timeouts={"drain": 60})
    fleet.mux.announce()
    page = fleet.page("me")
    fleet.hold()
    jobs = [fleet.submit(plain(n), client_id="me").id for n in range(3)]
    wait_until(lambda: fleet.workers[0].queue_remaining() == 3, "all three are there")
    page.wait_type("progress", jobs[0])
    reload(fleet, **how)
    fleet.go_on(1)
    page.wait_done(*jobs[1:])
    assert fleet.starts() == [jobs[:1], jobs[1:]]
    assert fleet.workers[0].queue_remaining() == 1, "they were not deleted there"
    assert page.ends() == jobs[1:]
    fleet.go_on()
    page.wait_done(jobs[0])
    page.settle()
    for job in jobs:
        assert page.ends(job) == [job] and page.kinds(job).count("execution_start") == 1
        assert fleet.history(job)["status"]["status_str"] == "success"
    assert fleet.starts() == [jobs[:1], jobs[1:]]


def test_a_draining_worker_gets_nothing_new_and_gets_some_again_after(start_fleet):
    fleet = start_fleet(2)
    fleet.mux.announce()
    reload(fleet, drain=[0])
    jobs = [fleet.submit(plain(n)).id for n in range(4)]
    for job in jobs:
        fleet.wait_history(job)
    assert fleet.starts() == [[], jobs]
    reload(fleet)
    fleet.hold()
    more = [fleet.submit(plain(n)).id for n in range(2)]
    assert sorted(fleet.wait_running(*more)) == [0, 1]


def test_all_drain_what_comes_waits(start_fleet):
    fleet = start_fleet(1)
    fleet.mux.announce()
    reload(fleet, drain=[0])
    answer = fleet.submit(plain())
    if answer.status != 200:
        assert answer.error["message"] and answer.status in (400, 503)
        return
    stays(lambda: fleet.starts() == [[]], "nothing runs there", 0.5)
    reload(fleet)
    assert fleet.wait_history(answer.id)["status"]["completed"]


def test_a_worker_that_a_reload_brings_is_used(start_fleet):
    fleet = start_fleet(2)
    fleet.mux.announce()
    reload(fleet, without=[1])
    fleet.hold()
    jobs = [fleet.submit(plain(n)).id for n in range(2)]
    fleet.wait_running(jobs[0])
    assert fleet.remaining() == 2 and fleet.starts() == [jobs[:1], []]
    reload(fleet)
    assert fleet.wait_running(*jobs) == [0, 1]


def test_pages_and_jobs_survive_reloads(start_fleet):
    fleet = start_fleet(2)
    page = fleet.page("me")
    fleet.hold()
    jobs = [fleet.submit(plain(n), client_id="me").id for n in range(4)]
    fleet.wait_running(*jobs[:2])
    for _ in range(3):
        reload(fleet)
    assert fleet.remaining() == 4
    fleet.go_on()
    page.wait_done(*jobs)
    page.settle()
    assert sorted(page.ends()) == sorted(jobs)
