"""A worker dies. Does every job still end once, and does its client see one run?"""
import json
import signal

import pytest

from harness.fleet import Answer, plain
from harness.wait import wait_until


def clean_end(page, job):
    """Its events, from the last start on, are one whole run."""
    kinds = [k for k in page.kinds(job) if k not in ("progress", "progress_state", "executing")]
    assert kinds.count("execution_success") == 1 and kinds.count("execution_error") == 0, kinds
    assert page.ends(job) == [job]
    assert kinds[-2:] == ["executed", "execution_success"]


def counted(fleet, state):
    return fleet.mux.metrics().value("comfymux_fleet_jobs_ended_total", state=state)


def test_all_jobs_end_once_though_the_worker_with_one_running_is_killed(start_fleet):
    fleet = start_fleet(2)
    fleet.mux.announce()
    page = fleet.page("me", flags={"supports_preview_metadata": True})
    fleet.hold()
    jobs = [fleet.submit(plain(n), client_id="me").id for n in range(6)]
    first, second = fleet.wait_running(*jobs[:2])
    page.wait_type("progress", jobs[0])
    fleet.workers[first].kill()
    fleet.go_on(second)
    page.wait_done(*jobs)
    page.settle()
    for job in jobs:
        clean_end(page, job)
        assert fleet.history(job)["status"]["status_str"] == "success"
        assert fleet.view(fleet.outputs(job)[0]).status == 200
    assert sorted(fleet.starts_of(second)) == sorted(jobs)


def test_a_job_with_max_concurrent_2_that_waited_there_is_moved_and_not_counted_as_run(start_fleet):
    fleet = start_fleet(2, each=[{"max_concurrent": 3}, {"backup": True}])
    fleet.mux.announce()
    page = fleet.page("me")
    fleet.hold()
    jobs = [fleet.submit(plain(n), client_id="me").id for n in range(3)]
    wait_until(lambda: fleet.workers[0].queue_remaining() == 3, "all three are there")
    fleet.workers[0].kill()
    fleet.go_on(1)
    page.wait_done(*jobs)
    for job in jobs:
        clean_end(page, job)
        assert page.kinds(job).count("execution_start") == (2 if job == jobs[0] else 1)


def test_rerun_lost_false_the_running_job_fails_with_a_message_and_the_others_go_on(start_fleet):
    fleet = start_fleet(2, rerun_lost=False)
    fleet.mux.announce()
    page = fleet.page("me")
    fleet.hold()
    jobs = [fleet.submit(plain(n), client_id="me").id for n in range(4)]
    first, second = fleet.wait_running(*jobs[:2])
    page.wait_type("progress", jobs[0])
    fleet.workers[first].kill()
    told = page.wait_type("execution_error", jobs[0]).data
    assert told["exception_message"] and set(told) >= {"prompt_id", "node_id", "node_type", "executed", "exception_type", "traceback"}
    page.wait_done(jobs[0])
    fleet.go_on(second)
    page.wait_done(*jobs[1:])
    page.settle()
    assert page.ends(jobs[0]) == [jobs[0]] and page.kinds(jobs[0]).count("execution_error") == 1
    status = fleet.history(jobs[0])["status"]
    assert status["status_str"] == "error" and status["completed"] is False
    name, data = status["messages"][-1]
    assert name == "execution_error" and data["exception_message"] == told["exception_message"]
    assert fleet.get(f"/api/jobs/{jobs[0]}")["status"] == "failed"
    assert counted(fleet, "lost") == 1 and counted(fleet, "failed") == 0
    assert jobs[0] not in fleet.starts_of(second)
    for job in jobs[1:]:
        clean_end(page, job)


def test_a_job_that_takes_two_workers_down_is_failed_and_not_run_a_third_time(start_fleet):
    fleet = start_fleet(3)
    fleet.mux.announce()
    page = fleet.page("me")
    for worker in fleet.workers:
        worker.test(fault="die")
    job = fleet.submit(plain(), client_id="me").id
    told = page.wait_type("execution_error", job).data
    assert told["exception_message"]
    page.wait_done(job)
    page.settle()
    assert page.ends(job) == [job]
    assert sum(w.is_running() for w in fleet.workers) == 1, "it took the third one, too, or was not run twice"
    assert fleet.history(job)["status"]["status_str"] == "error"
    assert counted(fleet, "lost") == 1 and counted(fleet, "failed") == 0
    fleet.go_on()
    after = fleet.submit(plain(2), client_id="me").id
    page.wait_done(after)
    clean_end(page, after)


def test_nobody_is_left_the_job_waits_for_the_worker_to_come_back(start_fleet):
    fleet = start_fleet(1)
    fleet.mux.announce()
    page = fleet.page("me")
    fleet.hold()
    jobs = [fleet.submit(plain(n), client_id="me").id for n in range(3)]
    page.wait_type("progress", jobs[0])
    fleet.workers[0].kill()
    fleet.mux.wait_state("w1", "down")
    assert fleet.remaining() == 3
    fleet.restart_worker(0)
    page.wait_done(*jobs)
    for job in jobs:
        clean_end(page, job)


def test_a_job_submitted_while_the_fleet_is_down_is_refused_or_done_later(start_fleet):
    fleet = start_fleet(1)
    fleet.mux.announce()
    fleet.workers[0].kill()
    fleet.mux.wait_state("w1", "down")
    answer = fleet.submit(plain(), client_id="me")
    fleet.restart_worker(0)
    if answer.status == 200:
        assert fleet.wait_history(answer.id)["status"]["completed"]
    else:
        assert answer.status in (502, 503) and answer.error["message"]


def test_a_restarted_worker_forgot_the_job_it_ran(start_fleet):
    """Dead and back before any probe: it is up all the time, and knows nothing."""
    fleet = start_fleet(1, health_check={"interval": 30, "timeout": 2, "rise": 1, "fall": 100})
    fleet.mux.announce()
    page = fleet.page("me")
    fleet.hold()
    jobs = [fleet.submit(plain(n), client_id="me").id for n in range(2)]
    page.wait_type("progress", jobs[0])
    fleet.restart_worker(0)
    page.wait_done(*jobs)
    for job in jobs:
        clean_end(page, job)


def test_links_lost_while_the_worker_lives_the_job_ends_with_its_outputs(start_fleet):
    fleet = start_fleet(2)
    fleet.mux.announce()
    page = fleet.page("me")
    fleet.hold()
    jobs = [fleet.submit(plain(n), client_id="me").id for n in range(2)]
    fleet.wait_running(*jobs)
    for job in jobs:
        page.wait_type("progress", job)
    for worker in fleet.workers:
        worker.test(fault="cut_ws")  # and the jobs go on
    page.wait_done(*jobs)
    page.settle()
    for job in jobs:
        assert page.ends(job) == [job] and page.kinds(job).count("execution_start") == 1
        assert fleet.history(job)["status"]["status_str"] == "success" and fleet.outputs(job)
        assert fleet.view(fleet.outputs(job)[0]).status == 200
    assert sorted(sum(fleet.starts(), [])) == sorted(jobs), "it was run again though its worker lived"


def test_links_that_cannot_be_made_again_for_a_while(start_fleet):
    fleet = start_fleet(1)
    fleet.mux.announce()
    page = fleet.page("me")
    fleet.hold()
    jobs = [fleet.submit(plain(n), client_id="me").id for n in range(3)]
    page.wait_type("progress", jobs[0])
    fleet.workers[0].test(fault="cut_ws", count=3)
    page.wait_done(*jobs)
    page.settle()
    for job in jobs:
        assert page.ends(job) == [job] and fleet.outputs(job)
    assert fleet.report(0)["starts"] == jobs


def test_a_worker_without_websockets_at_all_is_asked_for_results(start_fleet):
    fleet = start_fleet(1)
    fleet.mux.announce()
    fleet.workers[0].test(fault="500", path="/ws")
    page = fleet.page("me")
    jobs = [fleet.submit(plain(n), client_id="me").id for n in range(3)]
    page.wait_done(*jobs)
    page.settle()
    for job in jobs:
        assert page.ends(job) == [job] and fleet.outputs(job)
    assert fleet.report(0)["starts"] == jobs


@pytest.mark.seconds(90)
def test_a_worker_that_stands_still_and_goes_on_runs_nothing_twice_for_its_client(start_fleet):
    fleet = start_fleet(2)
    fleet.mux.announce()
    page = fleet.page("me")
    fleet.hold()
    jobs = [fleet.submit(plain(n), client_id="me").id for n in range(2)]
    first, _ = fleet.wait_running(*jobs)
    page.wait_type("progress", jobs[0])
    fleet.workers[first].process.send_signal(signal.SIGSTOP)
    try:
        fleet.mux.wait_state(f"w{first + 1}", "down", 30)
        fleet.go_on(1 - first)
        page.wait_done(jobs[1])
    finally:
        fleet.workers[first].process.send_signal(signal.SIGCONT)
    fleet.go_on()
    page.wait_done(jobs[0])
    more = [fleet.submit(plain(n + 5), client_id="me").id for n in range(4)]
    page.wait_done(*more)
    page.settle()
    for job in jobs + more:
        assert page.ends(job) == [job] and page.kinds(job).count("execution_success") == 1
        assert page.kinds(job)[-1] == "executing" and page.of(job)[-1].is_end(job), "something came after the end"
        assert fleet.view(fleet.outputs(job)[0]).status == 200


@pytest.mark.seconds(90)
def test_one_that_stands_still_when_a_job_is_sent_is_passed_over(start_fleet):
    fleet = start_fleet(2, each=[{}, {"backup": True}])
    fleet.mux.announce()
    page = fleet.page("me")
    fleet.workers[0].process.send_signal(signal.SIGSTOP)
    try:
        with fleet.mux.client(patience=45) as client:
            body = json.dumps({"prompt": plain(), "client_id": "me"}).encode()
            answer = Answer(client.ask("/prompt", "POST", [("Content-Type", "application/json")], body))
        job = answer.id
        page.wait_done(job)
        assert fleet.starts_of(1) == [job]
    finally:
        fleet.workers[0].process.send_signal(signal.SIGCONT)
    page.wait_done(fleet.submit(plain(3), client_id="me").id)
    page.settle()
    assert page.ends(job) == [job] and page.kinds(job).count("execution_success") == 1
