"""Is /api/jobs the list that ComfyUI's page reads: states, order, parts, mistakes; one job, and cancelling?"""
import time
import uuid

import pytest

from harness.fleet import graph, plain
from harness.wait import wait_until

FLEET = {"workers": 2}
STATES = ["pending", "in_progress", "completed", "failed", "cancelled"]


@pytest.fixture(scope="module")
def mixed(shared_fleet):
    """One job of each end, two running, two waiting, all of workflow "wf" but the last: {name: id}."""
    fleet = shared_fleet
    fleet.begin()
    fleet.post("/history", {"clear": True})
    jobs = {}

    def put(name, workflow="wf", prompt=None):
        extra = {"extra_pnginfo": {"workflow": {"id": workflow}}}
        jobs[name] = fleet.submit(prompt or plain(len(jobs)), client_id="me", extra_data=extra).id
        # Ties of one millisecond are in the order of the queue, as in ComfyUI: none is wanted here.
        made = time.time_ns() // 1000000
        wait_until(lambda: time.time_ns() // 1000000 > made, "the next millisecond")
        return jobs[name]

    fleet.wait_history(put("completed", prompt=graph()))
    for worker in fleet.workers:
        worker.test(fault="error")
    fleet.wait_history(put("failed"))
    fleet.hold()
    fleet.wait_running(put("cancelled"))
    fleet.post("/interrupt", {"prompt_id": jobs["cancelled"]})
    fleet.wait_history(jobs["cancelled"])
    put("in_progress"), put("in_progress 2")
    fleet.wait_running(jobs["in_progress"], jobs["in_progress 2"])
    put("pending"), put("pending 2", "other")
    yield jobs
    fleet.post("/queue", {"clear": True})
    fleet.go_on()
    fleet.wait_idle()


@pytest.fixture
def listed(shared_fleet, mixed):
    """listed(query) -> names in order."""
    names = {job: name for name, job in mixed.items()}

    def ask(query=""):
        return [names[job["id"]] for job in shared_fleet.get("/api/jobs" + query)["jobs"]]

    return ask


NEWEST_FIRST = ["pending 2", "pending", "in_progress 2", "in_progress", "cancelled", "failed", "completed"]


def test_all_newest_first(listed):
    assert listed() == NEWEST_FIRST


def test_and_the_other_way_round(listed):
    assert listed("?sort_order=asc") == NEWEST_FIRST[::-1]
    assert listed("?sort_by=created_at&sort_order=DESC") == NEWEST_FIRST


@pytest.mark.parametrize("state", STATES)
def test_by_state(listed, state):
    assert listed(f"?status={state}") == [name for name in NEWEST_FIRST if name.split()[0] == state]


@pytest.mark.parametrize("query", ["?status=pending,failed", "?status=PENDING,,Failed,", "?status=pending%2Cfailed"])
def test_by_two_states(listed, query):
    assert listed(query) == ["pending 2", "pending", "failed"]


def test_by_workflow(listed):
    assert listed("?workflow_id=other") == ["pending 2"]
    assert listed("?workflow_id=wf") == NEWEST_FIRST[1:]
    assert listed("?workflow_id=none") == []


def test_what_the_page_asks_for(listed):
    assert listed("?status=in_progress,pending&limit=200&offset=0") == NEWEST_FIRST[:4]
    assert listed("?status=completed,failed,cancelled&limit=200&offset=0") == NEWEST_FIRST[4:]


@pytest.mark.parametrize("limit,offset", [(1, 0), (3, 2), (2, 5), (2, 6), (5, 7), (5, 100), (100, 0)])
def test_parts(shared_fleet, listed, limit, offset):
    query = f"?limit={limit}&offset={offset}"
    assert listed(query) == NEWEST_FIRST[offset:offset + limit]
    told = shared_fleet.get("/api/jobs" + query)["pagination"]
    assert told == {"offset": offset, "limit": limit, "total": 7, "has_more": offset + limit < 7}


def test_pagination_without_limit_counts_what_the_filter_left(shared_fleet, listed):
    assert shared_fleet.get("/api/jobs")["pagination"] == {"offset": 0, "limit": None, "total": 7, "has_more": False}
    told = shared_fleet.get("/api/jobs?status=pending&limit=1")["pagination"]
    assert told == {"offset": 0, "limit": 1, "total": 2, "has_more": True}
    assert listed("?offset=-3") == NEWEST_FIRST


def test_sorted_by_duration_those_that_ran_are_in_order(shared_fleet, listed):
    asc, desc = listed("?sort_by=execution_duration&sort_order=asc"), listed("?sort_by=execution_duration")
    assert sorted(asc) == sorted(desc) == sorted(NEWEST_FIRST)
    took = {}
    for job in shared_fleet.get("/api/jobs?status=completed,failed")["jobs"]:
        took[job["id"]] = job["execution_end_time"] - job["execution_start_time"]
    told = shared_fleet.get("/api/jobs?status=completed,failed&sort_by=execution_duration&sort_order=asc")["jobs"]
    assert [took[job["id"]] for job in told] == sorted(took.values())


@pytest.mark.parametrize("query", ["status=bogus", "status=pending,bogus", "sort_by=name", "sort_order=up", "limit=0", "limit=-1",
                                   "limit=x", "offset=x", "limit=1.5"])
def test_bad_values_are_400_with_an_error(shared_fleet, query):
    direct = shared_fleet.workers[0].call("GET", "/api/jobs?" + query)[0]
    answer = shared_fleet.call("GET", "/api/jobs?" + query)
    assert answer.status == direct == 400
    assert isinstance(answer.json["error"], str) and answer.json["error"]


def test_a_jobs_summary(shared_fleet, mixed):
    jobs = {job["id"]: job for job in shared_fleet.get("/api/jobs")["jobs"]}
    for name, job in mixed.items():
        told = jobs[job]
        assert told["status"] == name.split()[0] and isinstance(told["priority"], (int, float))
        assert told["create_time"] > 1e12 and told["workflow_id"] == ("other" if name == "pending 2" else "wf")
        assert "workflow" not in told and "outputs" not in told, "the list is heavy"
    done = jobs[mixed["completed"]]
    assert done["outputs_count"] == 1 and done["execution_start_time"] <= done["execution_end_time"]
    assert done["preview_output"]["type"] == "output" and done["preview_output"]["nodeId"] == "9"
    assert done["preview_output"]["mediaType"] == "images"
    assert jobs[mixed["failed"]]["execution_error"]["exception_message"] == "the test asked for this error"
    assert jobs[mixed["pending"]]["outputs_count"] == 0
    assert jobs[mixed["pending"]]["priority"] < jobs[mixed["pending 2"]]["priority"]


@pytest.mark.parametrize("name", ["completed", "failed", "cancelled", "in_progress", "pending"])
def test_one(shared_fleet, mixed, name):
    told = shared_fleet.get(f"/api/jobs/{mixed[name]}")
    assert told["id"] == mixed[name] and told["status"] == name
    assert told["workflow"]["prompt"] and told["workflow"]["extra_data"]["extra_pnginfo"]["workflow"]["id"] == "wf"
    assert told["workflow"]["extra_data"]["client_id"] == "me"
    if name == "completed":
        assert list(told["outputs"]) == ["9"] and told["workflow"]["prompt"] == graph()
    if name in ("completed", "failed", "cancelled"):
        assert told["execution_status"]["messages"][0][0] == "execution_start"


@pytest.mark.parametrize("wrong", [str(uuid.uuid4()), "rubbish", "%2e%2e", "a" * 300])
def test_one_that_is_not_there(shared_fleet, wrong):
    answer = shared_fleet.call("GET", f"/api/jobs/{wrong}")
    assert answer.status == 404 and answer.json == {"error": "Job not found"}


def cancel(fleet, job):
    return fleet.post(f"/api/jobs/{job}/cancel", {}).json


class TestCancel:
    @pytest.fixture
    def four(self, start_fleet):
        fleet = start_fleet(2)
        page = fleet.page("me")
        fleet.hold()
        jobs = [fleet.submit(plain(n), client_id="me").id for n in range(4)]
        fleet.wait_running(*jobs[:2])
        return fleet, page, jobs

    def test_one_that_waits_and_again(self, four):
        fleet, _, jobs = four
        assert cancel(fleet, jobs[2]) == {"cancelled": True}
        assert cancel(fleet, jobs[2]) == {"cancelled": False}
        assert fleet.queue()[1] == [jobs[3]]
        fleet.go_on()
        fleet.wait_idle()
        assert not fleet.ran_on(jobs[2])

    def test_one_that_runs(self, four):
        fleet, page, jobs = four
        assert cancel(fleet, jobs[0]) == {"cancelled": True}
        page.wait_type("execution_interrupted", jobs[0])
        page.wait_done(jobs[0])
        assert fleet.history(jobs[0])["status"]["messages"][-1][0] == "execution_interrupted"
        assert fleet.get(f"/api/jobs/{jobs[0]}")["status"] == "cancelled"
        fleet.wait_running(jobs[1], jobs[2])
        fleet.go_on()
        page.wait_done(*jobs[1:])
        assert all(fleet.history(job)["status"]["completed"] for job in jobs[1:])

    def test_ended_and_unknown(self, four):
        fleet, page, jobs = four
        fleet.go_on()
        page.wait_done(*jobs)
        assert cancel(fleet, jobs[0]) == {"cancelled": False}
        assert cancel(fleet, uuid.uuid4()) == {"cancelled": False}
        assert fleet.history(jobs[0])["status"]["completed"]

    def test_many(self, four):
        fleet, page, jobs = four
        told = fleet.post("/api/jobs/cancel", {"job_ids": [jobs[0], jobs[3], str(uuid.uuid4())]}).json
        assert told == {"cancelled": True}
        page.wait_done(jobs[0])
        wait_until(lambda: jobs[3] not in sum(fleet.queue(), []), "the waiting one is gone")
        fleet.go_on()
        page.wait_done(jobs[1], jobs[2])
        assert not fleet.ran_on(jobs[3])

    def test_many_of_which_none_is_there(self, four):
        fleet, _, jobs = four
        assert fleet.post("/api/jobs/cancel", {"job_ids": [str(uuid.uuid4())]}).json == {"cancelled": False}
        assert fleet.post("/api/jobs/cancel", {"job_ids": []}).json == {"cancelled": False}
        assert sorted(sum(fleet.queue(), [])) == sorted(jobs)

    @pytest.mark.parametrize("wrong", ["rubbish", "", "7B9F0E4C-0000-4000-8000-000000000000", 7, None, {}, ["x"]])
    def test_many_with_one_that_is_no_id_does_nothing(self, four, wrong):
        fleet, _, jobs = four
        answer = fleet.call("POST", "/api/jobs/cancel", {"job_ids": [jobs[2], wrong]})
        assert answer.status == 400 and answer.json["invalid_ids"] == [wrong] and answer.json["error"]
        assert sorted(sum(fleet.queue(), [])) == sorted(jobs)

    def test_a_body_without_ids(self, four):
        fleet, _, jobs = four
        for raw in (b"", b"{", b"{}", b"[]", b'{"job_ids": 7}', b'{"job_ids": "x"}'):
            answer = fleet.call("POST", "/api/jobs/cancel", raw=raw)
            assert answer.status == 400 and answer.json["error"], raw
        assert sorted(sum(fleet.queue(), [])) == sorted(jobs)
