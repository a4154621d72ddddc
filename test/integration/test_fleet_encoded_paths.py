"""A path with letters percent-encoded is the same path to a worker's server: is it to the fleet?"""
import pytest

from harness.scripted import GRAPH, ScriptedFleet


@pytest.fixture
def busy(start_fleet):
    fleet = start_fleet(kind=ScriptedFleet)
    worker = fleet.workers[0]
    job = fleet.submit(GRAPH, client_id="me").id
    worker.wait_taken(job).begin(job)
    yield fleet, worker, job
    assert not [r.target for r in worker.requests if "%" in r.target]
    worker.succeed(job)
    fleet.wait_idle()


@pytest.mark.parametrize("path", ["/%71ueue", "/api/%71ueue", "/%61pi/queue", "/queu%65"])
def test_queue(busy, path):
    fleet, worker, job = busy
    waiting = fleet.submit(GRAPH, client_id="me").id
    told = fleet.get(path)
    assert [item[1] for item in told["queue_running"] + told["queue_pending"]] == [job, waiting]
    fleet.post(path, {"delete": [waiting]})
    fleet.page("other").settle()
    assert waiting not in sum(fleet.queue(), []) and worker.times("POST", "/queue", {"delete": [waiting]}) == 0


def test_prompt(busy):
    fleet, worker, job = busy
    answer = fleet.call("POST", "/api/%70rompt", {"prompt": GRAPH, "client_id": "x"})
    waiting = answer.json["prompt_id"]
    assert fleet.queue() == ([job], [waiting]) and worker.times("POST", "/prompt") == 1
    fleet.post("/queue", {"delete": [waiting]})


def test_interrupt_of_another_client(busy):
    fleet, worker, _ = busy
    fleet.call("POST", "/%69nterrupt", headers={"Content-Type": "application/json"})
    fleet.page("other").settle()
    assert worker.times("POST", "/interrupt", {}) == 0


@pytest.mark.parametrize("path", ["/%68istory", "/api/job%73", "/%6Fbject_info", "/system%5Fstats"])
def test_what_is_merged(busy, path):
    fleet, _, _ = busy
    assert fleet.call("GET", path).status == 200
