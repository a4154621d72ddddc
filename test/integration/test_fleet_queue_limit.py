"""Is the waiting room bounded, and is a client told so in a way it understands?"""
import json

from harness.fleet import graph, plain
from harness.wire import make_request

FLEET = {"workers": 2, "max_queue": 3}


def fill(fleet):
    """Two run, three wait."""
    fleet.hold()
    jobs = [fleet.submit(plain(0)).id, fleet.submit(plain(1)).id]
    fleet.wait_running(*jobs)
    return jobs + [fleet.submit(plain(n)).id for n in range(2, 5)]


def test_one_too_many_is_429_in_comfyuis_shape(fleet):
    jobs = fill(fleet)
    answer = fleet.submit(plain(9))
    assert answer.status == 429 and answer.error["type"] == "QUEUE_LIMIT", answer.body
    assert answer.error["message"] and answer.json["node_errors"] == {}
    assert "json" in answer.response.get("content-type")
    assert fleet.remaining() == 5
    fleet.go_on()
    for job in jobs:
        assert fleet.wait_history(job)["status"]["completed"]
    assert fleet.submit(plain(10)).status == 200, "there is room again"


def test_a_cancelled_job_makes_room(fleet):
    jobs = fill(fleet)
    fleet.post("/queue", {"delete": [jobs[4]]})
    jobs[4] = fleet.submit(plain(9)).id
    assert fleet.submit(plain(10)).status == 429
    fleet.go_on()
    for job in jobs:
        fleet.wait_history(job)


def test_many_at_once_never_pass_the_bound(fleet):
    """Twenty clients whose requests are answered in any order."""
    fleet.hold()
    body = json.dumps({"prompt": graph()}).encode()
    clients = [fleet.mux.client() for _ in range(20)]
    for client in clients:
        client.send(make_request("/prompt", "POST", [("Content-Type", "application/json")], body))
    told = [client.response() for client in clients]
    taken = [json.loads(r.body)["prompt_id"] for r in told if r.status == 200]
    assert {r.status for r in told} == {200, 429}
    assert 3 <= len(taken) <= 5 and fleet.remaining() == len(taken), [r.status for r in told]
    fleet.go_on()
    for job in taken:
        fleet.wait_history(job)
