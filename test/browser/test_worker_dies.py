"""Does the page live through the death of the worker that runs its job?"""
import pytest
from page import Page

from harness.workers import SimulatedWorker


@pytest.fixture
def workers():
    """Own ones, as one of them will die; their jobs take half a minute until told otherwise."""
    made = [SimulatedWorker(f"mortal-{i + 1}", "--job-ms", 30000, "--steps", 10) for i in range(3)]
    yield made
    for worker in made:
        worker.close()


def test_a_sticky_page_loses_the_running_job_and_the_next_one_runs_elsewhere(sticky_mux, browser, workers):
    sticky_mux.announce(".*", "warn")  # of the dead one
    page = Page(browser, sticky_mux)
    page.submit()
    page.wait("the first step", lambda: page.seen("progress") >= 1)
    (busy,) = [worker for worker in workers if worker.report()["jobs"]["running"]]
    busy.kill()
    page.wait_state("lost")
    for worker in workers:
        if worker is not busy:
            worker.test(set={"job_ms": 500})
    page.wait("a new connection", page.is_connected)
    page.submit()
    page.wait_state("done")
    assert sum(worker.report()["jobs"]["done"] for worker in workers if worker is not busy) == 1


def test_in_a_fleet_the_job_runs_again_elsewhere_and_the_page_stays_connected(mux, browser, workers):
    mux.announce(".*", "warn")
    page = Page(browser, mux)
    page.submit()
    page.wait("the first step", lambda: page.seen("progress") >= 1)
    (busy,) = [worker for worker in workers if worker.report()["jobs"]["running"]]
    for worker in workers:
        if worker is not busy:
            worker.test(set={"job_ms": 500})
    busy.kill()
    page.wait_state("done")
    assert page.is_connected()
    assert sum(worker.report()["jobs"]["done"] for worker in workers if worker is not busy) == 1
