"""A cancel that comes at an awkward moment: is it carried out all the same, and does the client hear so?"""
import threading
import uuid

import pytest

from harness.fleet import LONG
from harness.scripted import GRAPH, ScriptedFleet
from harness.wait import wait_until

pytestmark = pytest.mark.seconds(90)


def test_while_the_prompt_of_a_polled_worker_is_on_its_way(start_fleet):
    fleet = start_fleet(kind=ScriptedFleet, has_socket=False)
    worker, job = fleet.workers[0], str(uuid.uuid4())
    post = worker.hold("POST", "/prompt", after=True)
    answers = []
    thread = threading.Thread(target=lambda: answers.append(fleet.submit(GRAPH, client_id="me", prompt_id=job)))
    thread.start()
    post.wait_asked()
    worker.wait_taken(job).begin(job)
    fleet.post("/queue", {"delete": [job]})
    post.go_on()
    thread.join(LONG)
    assert answers
    worker.wait_told("POST", "/interrupt", {"prompt_id": job})
    worker.stop(job)
    fleet.wait_idle()
    after = fleet.submit(GRAPH, client_id="me").id
    worker.wait_taken(after).begin(after)
    worker.succeed(after)
    fleet.wait_history(after)


def polled_pair(fleet):
    worker = fleet.workers[0]
    first = fleet.submit(GRAPH, client_id="me").id
    worker.wait_taken(first).begin(first)
    second = fleet.submit(GRAPH, client_id="me").id
    worker.wait_taken(second)
    return worker, first, second


def end(fleet, worker, *jobs):
    for job in jobs:
        worker.succeed(job)
    fleet.wait_idle()


def test_while_the_worker_is_asked_about_it(start_fleet):
    fleet = start_fleet(kind=ScriptedFleet, has_socket=False, member={"max_concurrent": 2})
    worker, first, second = polled_pair(fleet)
    history = worker.hold("GET", "/history/" + second)
    history.wait_asked()
    fleet.post(f"/api/jobs/{second}/cancel", {})
    history.go_on()
    worker.wait_told("POST", "/queue", {"delete": [second]})
    wait_until(lambda: second not in sum(fleet.queue(), []), "it is gone", LONG)
    end(fleet, worker, first)


def test_while_the_worker_is_asked_and_it_begins(start_fleet):
    fleet = start_fleet(kind=ScriptedFleet, has_socket=False, member={"max_concurrent": 2})
    worker, first, second = polled_pair(fleet)
    queue = worker.hold("GET", "/queue")
    history = worker.hold("GET", "/history/" + second)
    history.wait_asked()
    history.go_on()
    asked = queue.asked
    queue.wait_asked(asked + 1)
    fleet.post(f"/api/jobs/{second}/cancel", {})
    worker.begin(second)
    queue.go_on()
    worker.wait_told("POST", "/interrupt", {"prompt_id": second})
    worker.stop(second)
    end(fleet, worker, first)


def test_though_the_queue_could_not_be_read(start_fleet):
    """A delete says nothing of whether it came in time."""
    fleet = start_fleet(kind=ScriptedFleet, member={"max_concurrent": 2})
    worker, page = fleet.workers[0], fleet.page("me")
    first = fleet.submit(GRAPH, client_id="me").id
    worker.wait_taken(first).begin(first)
    second = fleet.submit(GRAPH, client_id="me").id
    worker.wait_taken(second)
    worker.queue_errors = 1
    fleet.post("/queue", {"delete": [second]})
    wait_until(lambda: fleet.queue() == ([first], []), "it is gone", LONG)
    worker.succeed(first)
    page.wait_done(first)


def test_while_it_runs_on_a_worker_that_dies(start_fleet):
    fleet = start_fleet(kind=ScriptedFleet)
    worker, page = fleet.workers[0], fleet.page("me")
    fleet.mux.announce(level="warn")
    job = fleet.submit(GRAPH, client_id="me").id
    worker.wait_taken(job).begin(job)
    page.wait_type("execution_start", job)
    fleet.post(f"/api/jobs/{job}/cancel", {})
    worker.wait_told("POST", "/interrupt")
    worker.die()
    page.wait_done(job)
    assert page.kinds(job).count("execution_interrupted") == 1
    assert fleet.get(f"/api/jobs/{job}")["status"] == "cancelled"
    assert fleet.history(job)["status"]["status_str"] == "error"
