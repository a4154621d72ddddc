"""A worker tells of a job's success, and dies before it tells the end: does the client hear the end all the same?"""
from harness.fleet import graph, plain


def test_a_worker_dies_between_the_outcome_and_the_end_marker(start_fleet):
    fleet = start_fleet(1)
    fleet.workers[0].test(set={"history_lag_ms": 60000, "job_ms": 20})
    page = fleet.page("me")
    job = fleet.submit(plain(), client_id="me").id
    page.wait_type("execution_success", job)
    fleet.mux.announce(level="warn")
    fleet.workers[0].kill()
    page.wait_done(job)
    assert page.kinds(job).count("execution_start") == 1 and page.ends(job) == [job]
    assert fleet.history(job)["status"]["status_str"] == "success"


def test_a_worker_never_tells_the_end(start_fleet):
    """Its outcome counts, after some seconds."""
    fleet = start_fleet(1)
    fleet.workers[0].test(set={"history_lag_ms": 30000, "job_ms": 20})
    page = fleet.page("me")
    job = fleet.submit(graph(), client_id="me").id
    fleet.mux.announce(level="warn")
    page.wait_done(job)
    assert page.kinds(job)[-2:] == ["execution_success", "executing"]
    assert fleet.history(job)["status"]["status_str"] == "success"
