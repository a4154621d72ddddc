"""Is every prompt placed on its own, and does its client hear of it on its one WebSocket?"""
import pytest

from harness.fleet import graph, plain

FLEET = {"workers": 2}


def test_a_job_runs_and_its_client_hears_what_comfyui_would_tell(fleet):
    page = fleet.page("me")
    answer = fleet.submit(client_id="me")
    assert set(answer.json) == {"prompt_id", "number", "node_errors"} and answer.json["node_errors"] == {}
    job = answer.id
    page.wait_done(job)
    kinds = [k for k in page.kinds(job) if k not in ("progress", "progress_state")]
    assert kinds == ["execution_start", "execution_cached"] + ["executing"] * 6 + [
        "executed", "execution_success", "executing"], page.kinds(job)
    assert [e.data["value"] for e in page.of(job) if e.type == "progress"] == [1, 2, 3, 4]
    entry = fleet.history(job)
    assert entry["status"]["status_str"] == "success" and entry["prompt"][1] == job
    image, = fleet.outputs(job)
    picture = fleet.view(image)
    assert picture.status == 200 and picture.body.startswith(b"\x89PNG")


def test_two_jobs_of_one_client_run_at_once_on_two_workers(fleet):
    page = fleet.page("me")
    fleet.hold()
    jobs = [fleet.submit(plain(n), client_id="me").id for n in range(2)]
    assert sorted(fleet.wait_running(*jobs)) == [0, 1]
    fleet.go_on()
    page.wait_done(*jobs)
    for job in jobs:
        assert page.kinds(job)[0] == "execution_start" and page.kinds(job)[-1] == "executing"


@pytest.mark.parametrize("path", ["/prompt", "/api/prompt"])
def test_each_of_many_jobs_ends_once_with_its_own_picture(fleet, path):
    fleet.workers[0].test(set={"job_ms": 20})
    fleet.workers[1].test(set={"job_ms": 20})
    page = fleet.page()
    jobs = [fleet.call("POST", path, {"prompt": plain(n), "client_id": page.client_id}).id for n in range(12)]
    page.wait_done(*jobs)
    page.settle()
    assert sorted(page.ends()) == sorted(jobs), "each end once"
    assert [len(s) > 0 for s in fleet.starts()] == [True, True], "one worker did everything"
    assert sorted(sum(fleet.starts(), [])) == sorted(jobs), "each job once"
    pictures = {fleet.view(fleet.outputs(job)[0]).body for job in jobs}
    assert len(pictures) == 12, "same-named files of two workers were mixed up"


def test_a_job_without_client_runs_and_is_in_the_history(fleet):
    job = fleet.submit().id
    entry = fleet.wait_history(job)
    assert entry["status"]["status_str"] == "success" and fleet.view(fleet.outputs(job)[0]).status == 200


def test_a_job_whose_client_has_no_socket_runs(fleet):
    job = fleet.submit(client_id="script").id
    assert fleet.wait_history(job)["status"]["completed"]


def test_what_a_node_throws_reaches_the_client_and_the_history(fleet):
    page = fleet.page("me")
    for worker in fleet.workers:
        worker.test(fault="error", type="ValueError")
    job = fleet.submit(client_id="me").id
    told = page.wait_type("execution_error", job).data
    assert told["exception_type"] == "ValueError" and told["node_id"] == "3"
    assert told["exception_message"] == "the test asked for this error" and told["traceback"]
    page.wait_done(job)
    status = fleet.history(job)["status"]
    assert status["status_str"] == "error" and status["messages"][-1][0] == "execution_error"
    assert sorted(sum(fleet.starts(), [])) == [job], "it was tried again"
