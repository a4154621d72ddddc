"""Jobs that go from one worker to another: not twice at once, not for ever, and not never."""
import pytest

from harness.fleet import LONG
from harness.scripted import GRAPH, REFUSAL, ScriptedFleet, json_answer
from harness.wait import wait_until

pytestmark = pytest.mark.seconds(120)


def holder(fleet, job):
    """The worker that has it."""
    wait_until(lambda: any(job in w.pending for w in fleet.workers), "it was placed", LONG)
    return next(w for w in fleet.workers if job in w.pending)


def test_one_worker_refused_it_and_the_other_failed_once(start_fleet):
    """Its answer may be that of the other one, later."""
    fleet = start_fleet(kind=ScriptedFleet, workers=2)
    page = fleet.page("me")
    fleet.mux.announce(level="warn")
    taken = []

    def fate(worker):
        """Whoever is asked first refuses."""
        taken.append(worker)
        return json_answer(REFUSAL, 400) if len(taken) == 1 else "reset"

    for worker in fleet.workers:
        worker.next_posts = [fate]
    job = fleet.submit(GRAPH, client_id="me").id
    worker = holder(fleet, job)
    assert worker is not taken[0]
    worker.begin(job)
    worker.succeed(job)
    page.wait_done(job)


def test_the_answer_to_a_prompt_was_lost(start_fleet):
    """It may run there: it is stopped, and runs elsewhere."""
    fleet = start_fleet(kind=ScriptedFleet, workers=2)
    page = fleet.page("me")
    fleet.mux.announce(level="warn")
    lost = []

    def fate(worker):
        if lost:
            return None
        lost.append(worker)
        return "lost"

    for worker in fleet.workers:
        worker.next_posts = [fate]
    job = fleet.submit(GRAPH, client_id="me").id
    lost[0].wait_told("POST", "/queue", {"delete": [job]})
    lost[0].wait_told("POST", "/interrupt", {"prompt_id": job})
    worker = holder(fleet, job)
    assert worker is not lost[0]
    worker.begin(job)
    worker.succeed(job)
    page.wait_done(job)
    assert page.ends(job) == [job]


def test_a_job_that_kills_before_a_word_of_it_is_told(start_fleet):
    """Two workers are enough."""
    fleet = start_fleet(kind=ScriptedFleet, workers=3)
    page = fleet.page("me")
    fleet.mux.announce(level="warn")
    job = fleet.submit(GRAPH, client_id="me").id
    first = holder(fleet, job)
    first.die()
    first.pending.remove(job)
    second = holder(fleet, job)
    second.die()
    page.wait_done(job)
    assert page.kinds(job)[-2:] == ["execution_error", "executing"]
    third = next(w for w in fleet.workers if w not in (first, second))
    assert third.times("POST", "/prompt") == 0


def test_a_worker_that_was_down_is_asked_what_it_has_before_it_gets_anything(start_fleet):
    fleet = start_fleet(kind=ScriptedFleet)
    worker, page = fleet.workers[0], fleet.page("me")
    fleet.mux.announce(level="warn")
    job = fleet.submit(GRAPH, client_id="me").id
    worker.wait_taken(job).begin(job)
    page.wait_type("execution_start", job)
    since = fleet.mux.mark()
    worker.healthy = False
    fleet.mux.wait_state("w1", "down", LONG)
    other = fleet.submit(GRAPH, client_id="other").id
    queue = worker.hold("GET", "/queue")
    info = worker.hold("GET", "/object_info")  # it may take minutes
    worker.healthy = True
    fleet.mux.wait_event("worker_state", since=since, seconds=LONG, worker="w1", to="up")
    queue.wait_asked()
    for _ in range(3):
        page.settle()
    assert worker.times("POST", "/prompt") == 1 and worker.running == [job]
    queue.go_on()
    worker.wait_told("POST", "/interrupt", {"prompt_id": job})
    with worker.changed:
        worker.running.remove(job)
    info.go_on()
    worker.wait_taken(other)
    posted = [one[:2] for one in worker.told]
    assert posted.index(("POST", "/interrupt")) < len(posted) - posted[::-1].index(("POST", "/prompt"))
    for one in (other, job):
        worker.wait_taken(one).begin(one)
        worker.succeed(one)
    page.wait_done(job)
