"""Workers of 2024 give ids of their own. Does any client ever see one?"""
import uuid

import pytest

from harness.fleet import graph, plain
from harness.wait import wait_until

FLEET = {"workers": [("--old",)]}


def its_own(fleet):
    return fleet.report(0)["running"]


def test_every_event_carries_the_id_that_the_client_was_told(fleet):
    page, mine = fleet.page("me", flags={"supports_preview_metadata": True}), str(uuid.uuid4())
    fleet.hold()
    assert fleet.submit(graph(), client_id="me", prompt_id=mine).id == mine
    page.wait_type("progress", mine)
    theirs = wait_until(lambda: its_own(fleet), "it runs")
    assert theirs != mine, "this worker takes ids; the test shows nothing"
    fleet.go_on()
    page.wait_done(mine)
    page.settle()
    kinds = page.kinds(mine)
    assert kinds[0] == "execution_start" and {"execution_cached", "executing", "progress", "executed"} <= set(kinds)
    assert not [e for e in page.events if theirs.encode() in e.body], "the worker's id got through"


def test_the_history_and_the_job_list_have_it_by_that_id_only(fleet):
    page = fleet.page("me")
    fleet.hold()
    job = fleet.submit(graph(), client_id="me").id
    page.wait_type("progress", job)
    theirs = its_own(fleet)
    assert theirs != job
    running, _ = fleet.queue()
    assert running == [job]
    for target in ("/queue", "/api/jobs", f"/api/jobs/{job}"):
        assert theirs.encode() not in fleet.call("GET", target).body, target
    assert fleet.get("/api/jobs?status=in_progress")["jobs"][0]["id"] == job
    fleet.go_on()
    page.wait_done(job)
    entry = fleet.history(job)
    assert entry["prompt"][1] == job and entry["status"]["status_str"] == "success" and entry["outputs"]
    for target in ("/history", f"/history/{job}", f"/api/jobs/{job}", "/api/jobs"):
        body = fleet.call("GET", target).body
        assert job.encode() in body and theirs.encode() not in body, target
    assert fleet.get(f"/api/jobs/{job}")["status"] == "completed"


@pytest.mark.parametrize("how", ["interrupt", "cancel", "cancel_many", "interrupt_all"])
def test_it_is_stopped_by_that_id(fleet, how):
    page = fleet.page("me")
    fleet.hold()
    job = fleet.submit(graph(), client_id="me").id
    page.wait_type("progress", job)
    if how == "interrupt":
        fleet.post("/interrupt", {"prompt_id": job})
    elif how == "interrupt_all":
        fleet.post("/interrupt", {"client_id": "me"})
    elif how == "cancel":
        assert fleet.post(f"/api/jobs/{job}/cancel", {}).json == {"cancelled": True}
    else:
        assert fleet.post("/api/jobs/cancel", {"job_ids": [job]}).json == {"cancelled": True}
    page.wait_type("execution_interrupted", job)
    page.wait_done(job)
    assert fleet.get(f"/api/jobs/{job}")["status"] == "cancelled"


def test_another_jobs_id_does_not_interrupt_what_runs(fleet):
    """The worker's own interrupt knows no ids: it must not be asked."""
    page = fleet.page("me")
    fleet.hold()
    job, waits = fleet.submit(plain(1), client_id="me").id, fleet.submit(plain(2), client_id="me").id
    page.wait_type("progress", job)
    fleet.post("/interrupt", {"prompt_id": waits})
    fleet.post("/interrupt", {"prompt_id": str(uuid.uuid4())})
    fleet.go_on()
    page.wait_done(job, waits)
    assert "execution_interrupted" not in page.kinds(job) + page.kinds(waits)
    assert fleet.history(job)["status"]["status_str"] == "success"


def test_an_error_of_its_is_told_by_that_id(fleet):
    page = fleet.page("me")
    fleet.workers[0].test(fault="error", type="ValueError")
    job = fleet.submit(graph(), client_id="me").id
    page.wait_type("execution_error", job)
    page.wait_done(job)
    assert fleet.history(job)["status"]["messages"][-1][1]["prompt_id"] == job


def test_a_script_without_socket_finds_its_job(fleet):
    job = fleet.submit(plain()).id
    assert fleet.wait_history(job)["prompt"][1] == job
    assert fleet.view(fleet.outputs(job)[0]).status == 200
