"""Is /history the fleet's history: by id, in parts, cleared, and with jobs that ran before the fleet was?"""
import uuid

import pytest

from harness.fleet import plain
from harness.wait import wait_until

FLEET = {"workers": 2}


def run(fleet, count, **more):
    """So many jobs, one after another: their ids in the order they ended."""
    for worker in fleet.workers:
        worker.test(set={"job_ms": 10})
    jobs = []
    for number in range(count):
        jobs.append(fleet.submit(plain(number), **more).id)
        fleet.wait_history(jobs[-1])
    return jobs


@pytest.fixture
def empty(fleet):
    fleet.post("/history", {"clear": True})
    assert fleet.get("/history") == {}
    return fleet


def test_by_id_it_is_comfyuis_entry(fleet):
    job = run(fleet, 1, client_id="me")[0]
    told = fleet.get(f"/history/{job}")
    assert list(told) == [job] and set(told[job]) == {"prompt", "outputs", "status", "meta"}
    number, prompt_id, prompt, extra, outputs = told[job]["prompt"]
    assert (prompt_id, prompt, outputs) == (job, plain(0), ["2"]) and isinstance(number, (int, float))
    assert extra["client_id"] == "me" and "create_time" in extra
    assert told[job]["outputs"]["2"]["images"][0]["type"] == "output"
    status = told[job]["status"]
    assert status["status_str"] == "success" and status["completed"] is True
    assert [name for name, _ in status["messages"]] == ["execution_start", "execution_cached", "execution_success"]
    assert {data["prompt_id"] for _, data in status["messages"]} == {job}


def test_the_clients_own_id_and_not_the_sockets(fleet):
    """The sid that the proxy has at the worker is nobody's business."""
    page = fleet.page("my-own-id")
    job = fleet.submit(plain(), client_id="my-own-id").id
    page.wait_done(job)
    assert fleet.history(job)["prompt"][3]["client_id"] == "my-own-id"
    fleet.hold()
    job = fleet.submit(plain(), client_id="my-own-id").id
    fleet.wait_running(job)
    assert fleet.get("/queue")["queue_running"][0][3]["client_id"] == "my-own-id"


def test_running_waiting_and_unknown_have_none(fleet):
    fleet.hold()
    jobs = [fleet.submit(plain(n)).id for n in range(3)]
    fleet.wait_running(*jobs[:2])
    for one in jobs + [str(uuid.uuid4()), "rubbish", "%00", "a" * 300]:
        assert fleet.get(f"/history/{one}") == {}, one
    assert not set(jobs) & set(fleet.get("/history"))


def test_all_in_the_order_they_ended(empty):
    jobs = run(empty, 4)
    assert list(empty.get("/history")) == jobs


CASES = ["", "?max_items=2", "?max_items=2&offset=0", "?max_items=2&offset=1", "?offset=2", "?max_items=100", "?offset=100",
         "?max_items=2&offset=-1", "?max_items=1&offset=4", "?max_items=3&offset=3", "?offset=-5", "?max_items=0",
         "?max_items=", "?offset=", "?max_items=0&offset=0"]


def test_parts_as_comfyui_cuts_them(start_fleet):
    """One worker and one fleet with the same jobs must give the same, whatever is asked."""
    fleet = start_fleet(1)
    jobs = run(fleet, 5)
    for query in CASES:
        _, direct = fleet.workers[0].call("GET", "/history" + query)
        assert list(direct) == [j for j in jobs if j in direct]
        assert list(fleet.get("/history" + query)) == list(direct), query


@pytest.mark.parametrize("query", ["?max_items=x", "?offset=x", "?max_items=1.5"])
def test_no_number_is_an_error_and_no_more(fleet, query):
    assert fleet.call("GET", "/history" + query).status in (400, 500)
    assert fleet.call("GET", "/history").status == 200


def test_delete(empty):
    jobs = run(empty, 3)
    empty.post("/history", {"delete": [jobs[1], "rubbish", str(uuid.uuid4())]})
    assert list(empty.get("/history")) == [jobs[0], jobs[2]]
    assert empty.get(f"/history/{jobs[1]}") == {}
    assert empty.call("GET", f"/api/jobs/{jobs[1]}").status == 404


def test_clear_and_afterwards_nothing_by_id_either(empty):
    jobs = run(empty, 3)
    empty.post("/history", {"clear": True})
    assert empty.get("/history") == {}
    for job in jobs:
        assert empty.get(f"/history/{job}") == {}, "a worker that still had it was asked"
    assert empty.get("/api/jobs")["jobs"] == []


def test_neither_touches_jobs_that_have_not_ended(fleet):
    fleet.hold()
    jobs = [fleet.submit(plain(n)).id for n in range(3)]
    fleet.wait_running(*jobs[:2])
    fleet.post("/history", {"clear": True, "delete": jobs})
    assert sorted(sum(fleet.queue(), [])) == sorted(jobs)
    fleet.go_on()
    for job in jobs:
        assert fleet.wait_history(job)["status"]["completed"]


def test_clear_false_is_no_clear(fleet):
    job = run(fleet, 1)[0]
    fleet.post("/history", {"clear": False})
    fleet.post("/history", {"clear": 0})
    assert fleet.history(job)


def test_a_job_that_ran_before_the_fleet_is_found_at_its_worker(fleet):
    status, told = fleet.workers[1].call("POST", "/prompt", {"prompt": plain(77)})
    assert status == 200
    job = told["prompt_id"]
    wait_until(lambda: fleet.workers[1].call("GET", f"/history/{job}")[1], "it has run")
    entry = fleet.history(job)
    assert entry["status"]["completed"] and entry["prompt"][2] == plain(77)


def test_one_silent_worker_does_not_hold_up_an_unknown_id(fleet):
    fleet.workers[0].test(fault="hang", path="/history")
    assert fleet.get(f"/history/{uuid.uuid4()}") == {}


def test_the_end_marker_means_the_history_has_it(fleet):
    """execution_success comes before ComfyUI writes its history; only executing with no node comes after."""
    for worker in fleet.workers:
        worker.test(set={"history_lag_ms": 300, "job_ms": 20})
    page = fleet.page("me")
    for number in range(4):
        since = page.mark()
        job = fleet.submit(plain(number), client_id="me").id
        page.wait_done(job, since=since)
        entry = fleet.history(job)
        assert entry and entry["status"]["completed"] and entry["outputs"], "the end was told before the history had it"
    for worker in fleet.workers:
        worker.test(set={"history_lag_ms": 0})


def test_a_fleet_remembers_only_so_many(start_fleet):
    fleet = start_fleet(1, max_history=3)
    jobs = run(fleet, 5)
    assert list(fleet.get("/history")) == jobs[2:]
    assert fleet.get("/api/jobs")["pagination"]["total"] == 3
