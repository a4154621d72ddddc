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


def test_the_names_of_its_files_stay_as_they_were_told(start_fleet):
    fleet = start_fleet(2)
    page = fleet.page("me")
    fleet.hold()
    jobs = [fleet.submit(plain(n), client_id="me").id for n in range(2)]
    first, second = fleet.wait_running(*jobs)
    fleet.go_on(first)
    page.wait_done(jobs[0])
    fleet.workers[second].test(fault="none", set={"history_lag_ms": 60000})
    page.wait_type("execution_success", jobs[1])
    fleet.mux.announce(level="warn")
    fleet.workers[second].kill()
    page.wait_done(jobs[1])
    told = page.wait_type("executed", jobs[1]).data["output"]["images"]
    assert told[0]["subfolder"] == f"@w{second + 1}", "both have the same name: the test shows nothing"
    assert fleet.outputs(jobs[1]) == told
