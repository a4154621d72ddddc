"""Is /queue one queue: items of ComfyUI's shape, in one order, and cleared and deleted from wherever a job waits?"""
import uuid

import pytest

from harness.fleet import graph, plain
from harness.wait import wait_until

FLEET = {"workers": 2}
NOTHING = {"queue_running": [], "queue_pending": []}


@pytest.fixture
def full(fleet):
    """Two jobs run, four wait: their ids."""
    fleet.hold()
    jobs = [fleet.submit(plain(n), client_id=f"c{n}").id for n in range(6)]
    fleet.wait_running(*jobs[:2])
    return jobs


def test_an_empty_queue(fleet):
    assert fleet.get("/queue") == NOTHING and fleet.remaining() == 0


def test_what_runs_and_what_waits(fleet, full):
    running, pending = fleet.queue()
    assert sorted(running) == sorted(full[:2]) and pending == full[2:]
    assert fleet.remaining() == 6


def test_an_items_five_parts(fleet, full):
    told = fleet.get("/queue")
    for item in told["queue_running"] + told["queue_pending"]:
        number, prompt_id, prompt, extra, outputs = item
        index = full.index(prompt_id)
        assert isinstance(number, (int, float)) and prompt == plain(index) and outputs == ["2"]
        assert extra["client_id"] == f"c{index}" and 1e12 < extra["create_time"] < 1e13, "milliseconds"


def test_numbers_are_distinct_and_grow(fleet, full):
    told = fleet.get("/queue")
    number = {item[1]: item[0] for item in told["queue_running"] + told["queue_pending"]}
    assert [number[job] for job in full] == sorted(set(number.values()))


def test_extra_data_is_shown_without_secrets(fleet):
    fleet.hold()
    extra = {"auth_token_comfy_org": "SECRET1", "api_key_comfy_org": "SECRET2", "extra_pnginfo": {"workflow": {"id": "w"}}}
    jobs = [fleet.submit(plain(n), client_id="me", extra_data=extra).id for n in range(3)]
    fleet.wait_running(*jobs[:2])
    answer = fleet.call("GET", "/queue")
    assert b"SECRET" not in answer.body and b"comfy_org" not in answer.body
    items = answer.json["queue_running"] + answer.json["queue_pending"]
    assert len(items) == 3
    for item in items:
        assert item[3]["extra_pnginfo"] == {"workflow": {"id": "w"}} and item[3]["client_id"] == "me"
        assert "create_time" in item[3] and len(item) == 5
    for page in ("/api/jobs", f"/api/jobs/{jobs[2]}", f"/api/jobs/{jobs[0]}"):
        assert b"SECRET" not in fleet.call("GET", page).body, page
    fleet.go_on()
    for job in jobs:
        fleet.wait_history(job)
    assert b"SECRET" not in fleet.call("GET", "/history").body
    given = [w.report()["jobs"]["secrets"] for w in fleet.workers]
    assert {j for one in given for j in one} == set(jobs), "a worker needs them all the same"


def test_outputs_to_execute(fleet):
    fleet.hold()
    busy = [fleet.submit(plain(n)).id for n in range(2)]
    fleet.wait_running(*busy)
    two = graph()
    two["10"] = {"class_type": "PreviewImage", "inputs": {"images": ["8", 0]}}
    both = fleet.submit(two).id
    one = fleet.submit(two, partial_execution_targets=["10"]).id
    items = {item[1]: item[4] for item in fleet.get("/queue")["queue_pending"]}
    assert sorted(items[both]) == ["10", "9"] and items[one] == ["10"]
    fleet.go_on()
    assert set(fleet.wait_history(both)["outputs"]) == {"9", "10"}
    assert set(fleet.wait_history(one)["outputs"]) == {"10"}


def test_delete_one_that_waits_in_the_proxy(fleet, full):
    fleet.post("/queue", {"delete": [full[3]]})
    assert fleet.queue()[1] == [full[2], full[4], full[5]]
    assert fleet.remaining() == 5
    fleet.go_on()
    fleet.wait_idle()
    assert not fleet.ran_on(full[3])
    assert fleet.history(full[3]) is None, "ComfyUI has no history of what was deleted"


def test_delete_many_and_unknown_ones(fleet, full):
    fleet.post("/queue", {"delete": [full[2], str(uuid.uuid4()), "rubbish", full[5], full[2]]})
    assert fleet.queue()[1] == [full[3], full[4]]


def test_delete_does_not_touch_what_runs(fleet, full):
    fleet.post("/queue", {"delete": full[:2]})
    assert sorted(fleet.queue()[0]) == sorted(full[:2]) and len(fleet.queue()[1]) == 4
    fleet.go_on()
    assert fleet.wait_history(full[0])["status"]["completed"] and fleet.wait_history(full[1])["status"]["completed"]


def test_clear_takes_all_that_wait_and_none_that_runs(fleet, full):
    fleet.post("/queue", {"clear": True})
    running, pending = fleet.queue()
    assert sorted(running) == sorted(full[:2]) and pending == []
    fleet.go_on()
    fleet.wait_idle()
    assert sorted(sum(fleet.starts(), [])) == sorted(full[:2])


@pytest.mark.parametrize("falsy", [False, 0, "", None])
def test_clear_that_is_not_meant(fleet, full, falsy):
    fleet.post("/queue", {"clear": falsy})
    assert len(fleet.queue()[1]) == 4


def test_a_deleted_jobs_page_sees_the_shorter_queue(fleet):
    page = fleet.page("me")
    fleet.hold()
    jobs = [fleet.submit(plain(n), client_id="me").id for n in range(4)]
    page.wait_status(4)
    since = page.mark()
    fleet.post("/queue", {"delete": [jobs[3]]})
    page.wait_status(3, since)


class TestPlacedBehindAnother:
    """max_concurrent 2: the second one waits in the worker's own queue."""

    @pytest.fixture
    def deep(self, start_fleet):
        fleet = start_fleet(1, each=[{"max_concurrent": 2}])
        fleet.hold()
        jobs = [fleet.submit(plain(n)).id for n in range(3)]
        fleet.wait_running(jobs[0])
        wait_until(lambda: fleet.report(0)["pending"] == [jobs[1]], "the second is at the worker")
        return fleet, jobs

    def test_it_is_shown_as_pending(self, deep):
        fleet, jobs = deep
        assert fleet.queue() == ([jobs[0]], jobs[1:])

    def test_delete_takes_it_out_of_the_workers_queue(self, deep):
        fleet, jobs = deep
        fleet.post("/queue", {"delete": [jobs[1]]})
        wait_until(lambda: fleet.queue() == ([jobs[0]], [jobs[2]]), "it is gone")
        fleet.go_on()
        fleet.wait_idle()
        assert fleet.report(0)["starts"] == [jobs[0], jobs[2]]
        assert fleet.history(jobs[1]) is None

    def test_clear_takes_both_kinds(self, deep):
        fleet, jobs = deep
        fleet.post("/queue", {"clear": True})
        wait_until(lambda: fleet.queue() == ([jobs[0]], []), "both are gone")
        fleet.go_on()
        fleet.wait_idle()
        assert fleet.report(0)["starts"] == [jobs[0]]

    def test_cancel_of_it(self, deep):
        fleet, jobs = deep
        assert fleet.post(f"/api/jobs/{jobs[1]}/cancel", {}).json == {"cancelled": True}
        wait_until(lambda: fleet.queue() == ([jobs[0]], [jobs[2]]), "it is gone")
        fleet.go_on()
        fleet.wait_idle()
        assert fleet.report(0)["starts"] == [jobs[0], jobs[2]]
