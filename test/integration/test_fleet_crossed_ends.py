"""Ends that cross each other: a job that ends while something else is asked about it ends once, and its slot is free."""
import pytest

from harness import ws
from harness.fleet import LONG
from harness.scripted import GRAPH, ScriptedFleet
from harness.wait import wait_until

pytestmark = pytest.mark.seconds(90)


def queue_of_two(fleet, page):
    """One that runs and one that waits in the worker's queue."""
    worker = fleet.workers[0]
    first = fleet.submit(GRAPH, client_id=page.client_id).id
    worker.wait_taken(first).begin(first)
    second = fleet.submit(GRAPH, client_id=page.client_id).id
    worker.wait_taken(second)
    return worker, first, second


def test_it_runs_and_ends_while_it_is_being_deleted(start_fleet):
    fleet = start_fleet(kind=ScriptedFleet, member={"max_concurrent": 2})
    page = fleet.page("me")
    worker, first, second = queue_of_two(fleet, page)
    delete = worker.hold("POST", "/queue")
    look = worker.hold("GET", "/queue")
    fleet.post("/queue", {"delete": [second]})
    delete.wait_asked()
    worker.succeed(first)
    worker.begin(second)
    delete.go_on()
    look.wait_asked()
    worker.succeed(second)
    page.wait_done(first, second)
    look.go_on()
    assert fleet.history(second) and fleet.queue() == ([], [])


def test_its_worker_goes_while_it_is_asked_how_it_ended(start_fleet):
    fleet = start_fleet(kind=ScriptedFleet, member={"max_concurrent": 1})
    worker, page = fleet.workers[0], fleet.page("me")
    fleet.mux.announce(level="warn")
    job = fleet.submit(GRAPH, client_id="me").id
    worker.wait_taken(job).begin(job)
    history = worker.hold("GET", "/history")
    worker.succeed(job, marker=False)
    page.wait_type("execution_success", job)
    worker.cut(job)
    history.wait_asked()
    worker.healthy = False
    since = fleet.mux.mark()
    fleet.mux.wait_state("w1", "down", LONG)
    history.go_on()
    page.wait_done(job)
    worker.healthy = True
    fleet.mux.wait_event("worker_state", since=since, seconds=LONG, worker="w1", to="up")
    after = fleet.submit(GRAPH, client_id="me").id
    worker.wait_taken(after).begin(after)
    worker.succeed(after)
    page.wait_done(after)
    assert page.ends(job) == [job]


def test_the_outcome_is_told_once_though_the_link_is_lost_behind_it(start_fleet):
    fleet = start_fleet(kind=ScriptedFleet)
    worker, page = fleet.workers[0], fleet.page("me")
    fleet.mux.announce(level="warn")
    job = fleet.submit(GRAPH, client_id="me").id
    worker.wait_taken(job).begin(job)
    worker.succeed(job, marker=False)
    page.wait_type("execution_success", job)
    worker.cut(job)
    page.wait_done(job)
    kinds = page.settle().kinds(job)
    assert kinds.count("execution_success") == kinds.count("executed") == 1, kinds
    assert kinds[-1] == "executing"


def test_a_frame_without_an_id_belongs_to_the_one_that_runs(start_fleet):
    """Not to the one before it, whose history is still awaited."""
    fleet = start_fleet(kind=ScriptedFleet, member={"max_concurrent": 2})
    page = fleet.page("me")
    worker, first, second = queue_of_two(fleet, page)
    history = worker.hold("GET", "/history")
    worker.succeed(first)
    history.wait_asked()
    worker.begin(second)
    page.wait_type("execution_start", second)
    picture = b"\0\0\0\1\0\0\0\2picture"
    worker.send_frame(second, ws.frame(picture, ws.BINARY))
    page.wait(lambda e: e.type is None and e.image == b"picture", "the picture")
    assert not page.ends(first)
    history.go_on()
    worker.succeed(second)
    page.wait_done(first, second)


def test_an_old_entry_of_the_same_id_is_not_the_end(start_fleet):
    fleet = start_fleet(kind=ScriptedFleet, has_socket=False)
    worker, page = fleet.workers[0], fleet.page("me")
    job = fleet.submit(GRAPH, client_id="me").id
    worker.wait_taken(job).begin(job)
    worker.succeed(job, output={"text": ["old"]})
    page.wait_done(job)
    since = page.mark()
    assert fleet.submit(GRAPH, client_id="me", prompt_id=job).id == job
    worker.wait_taken(job).begin(job)
    asked = worker.times("GET", "/history/" + job)
    worker.wait_told("GET", "/history/" + job, count=asked + 2)  # the first of them was understood
    assert job in sum(fleet.queue(), []) and not [e for e in page.of(job, since) if e.is_end()]
    worker.succeed(job, output={"text": ["new"]})
    page.wait_done(job, since=since)
    assert fleet.history(job)["outputs"]["2"]["text"] == ["new"]


def test_the_history_of_a_worker_that_is_polled_is_not_cleared(start_fleet):
    """Its entry alone tells how the job ended."""
    fleet = start_fleet(kind=ScriptedFleet, has_socket=False, workers=2)
    job = fleet.submit(GRAPH, client_id="me").id
    wait_until(lambda: any(job in w.pending for w in fleet.workers), "it was placed", LONG)
    busy = next(w for w in fleet.workers if job in w.pending)
    idle = next(w for w in fleet.workers if w is not busy)
    busy.begin(job)
    fleet.post("/history", {"clear": True})
    idle.wait_told("POST", "/history")
    asked = busy.times("GET", "/history/" + job)
    busy.wait_told("GET", "/history/" + job, count=asked + 2)  # a second apart
    assert busy.times("POST", "/history") == 0
    busy.succeed(job)
    fleet.wait_history(job)
