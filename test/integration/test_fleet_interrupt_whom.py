"""Whom does /interrupt stop: with an id that job only, without one only the asking client's running jobs?"""
import json
import uuid

import pytest

from harness.fleet import plain

FLEET = {"workers": 3}


@pytest.fixture
def busy(fleet):
    """busy(client, ...) -> ids, each held in the middle on a worker of its own, plus one of client `last` that waits."""
    def begin(*clients, **more):
        fleet.hold()
        jobs = [fleet.submit(plain(n), client_id=client, **more).id for n, client in enumerate(clients)]
        fleet.wait_running(*jobs)
        return jobs

    return begin


def still_running(fleet, *jobs):
    assert set(jobs) <= set(fleet.running()), (jobs, fleet.running())


def test_with_an_id_that_worker_only(fleet, busy):
    page = fleet.page("a")
    jobs = busy("a", "a", "b")
    fleet.post("/interrupt", {"prompt_id": jobs[1]})
    page.wait_type("execution_interrupted", jobs[1])
    page.wait_done(jobs[1])
    still_running(fleet, jobs[0], jobs[2])
    assert fleet.history(jobs[1])["status"]["messages"][-1][0] == "execution_interrupted"
    assert sum(w.report()["counts"].get("POST /interrupt", 0) for w in fleet.workers) == 1


def test_of_anothers_job_by_id_as_in_comfyui(fleet, busy):
    job, = busy("a")
    fleet.call("POST", "/interrupt", {"prompt_id": job, "client_id": "b"})
    assert fleet.wait_history(job)["status"]["status_str"] == "error"


def test_unknown_waiting_and_ended_ids_stop_nothing(fleet, busy):
    jobs = busy("a", "b", "c")
    waiting = fleet.submit(plain(9), client_id="a").id
    for one in (str(uuid.uuid4()), "rubbish", waiting):
        answer = fleet.post("/interrupt", {"prompt_id": one})
        assert answer.body == b""
    still_running(fleet, *jobs)
    assert fleet.queue()[1] == [waiting]
    assert sum(w.report()["counts"].get("POST /interrupt", 0) for w in fleet.workers) == 0
    fleet.go_on()
    assert fleet.wait_history(waiting)["status"]["completed"]
    fleet.post("/interrupt", {"prompt_id": waiting})
    assert fleet.history(waiting)["status"]["completed"]


@pytest.mark.parametrize("how", ["query", "body"])
def test_without_an_id_only_that_clients(fleet, busy, how):
    page = fleet.page("a")
    jobs = busy("a", "b", "a")
    if how == "query":
        fleet.call("POST", "/interrupt?clientId=a", {})
    else:
        fleet.post("/interrupt", {"client_id": "a"})
    page.wait_done(jobs[0], jobs[2])
    still_running(fleet, jobs[1])
    assert "execution_interrupted" in page.kinds(jobs[0]) and "execution_interrupted" in page.kinds(jobs[2])


def test_and_none_that_waits(fleet, busy):
    page = fleet.page("a")
    jobs = busy("a", "a", "a")
    waiting = fleet.submit(plain(9), client_id="a").id
    fleet.call("POST", "/interrupt?clientId=a", {})
    page.wait_done(*jobs)
    fleet.go_on()
    page.wait_done(waiting)
    assert fleet.history(waiting)["status"]["completed"]


def ask_from(fleet, source, target, body=None, fields=()):
    with fleet.mux.client(source=source) as client:
        data = json.dumps(body or {}).encode()
        answer = client.ask(target, "POST", [("Content-Type", "application/json"), *fields], data)
        assert answer.status == 200, answer.body
        return json.loads(answer.body) if answer.body else None


def test_by_address(fleet):
    fleet.hold()
    jobs = [ask_from(fleet, f"127.0.0.{n}", "/prompt", {"prompt": plain(n), "client_id": f"c{n}"})["prompt_id"] for n in (2, 3)]
    fleet.wait_running(*jobs)
    ask_from(fleet, "127.0.0.3", "/interrupt")
    assert fleet.wait_history(jobs[1])["status"]["status_str"] == "error"
    still_running(fleet, jobs[0])


def test_by_cookie_when_many_share_an_address(fleet):
    fleet.hold()
    cookies = [("Cookie", f"comfymux={n * 32}") for n in "ab"]
    jobs = [fleet.call("POST", "/prompt", {"prompt": plain(n), "client_id": f"c{n}"}, dict([cookie])).id
            for n, cookie in enumerate(cookies)]
    fleet.wait_running(*jobs)
    answer = fleet.call("POST", "/interrupt", {}, dict([cookies[1]]))
    assert answer.status == 200
    assert fleet.wait_history(jobs[1])["status"]["status_str"] == "error"
    still_running(fleet, jobs[0])


def test_a_stranger_stops_nobody(fleet, busy):
    jobs = busy("a", "b")
    ask_from(fleet, "127.0.0.9", "/interrupt")
    fleet.call("POST", "/interrupt?clientId=nobody-i-know", {}, {"Cookie": "comfymux=" + "f" * 32})
    assert sum(w.report()["counts"].get("POST /interrupt", 0) for w in fleet.workers) == 0
    still_running(fleet, *jobs)


def test_a_client_id_that_nobody_has_is_not_the_address(fleet, busy):
    """Who says who it is, and is not known, has no jobs."""
    jobs = busy("a", "b")
    fleet.call("POST", "/interrupt?clientId=someone-else", {})
    fleet.post("/interrupt", {"client_id": "someone-else"})
    assert sum(w.report()["counts"].get("POST /interrupt", 0) for w in fleet.workers) == 0
    still_running(fleet, *jobs)


@pytest.mark.parametrize("raw", [b"", b"{", b"null", b"[]"])
def test_an_unreadable_body_is_no_id(fleet, busy, raw):
    """ComfyUI stops what runs then; here that is what runs of this client."""
    page = fleet.page("a")
    mine, = busy("a")
    fleet.call("POST", "/interrupt", raw=raw)
    page.wait_done(mine)


def test_under_max_concurrent_two_the_right_one_is_stopped(start_fleet):
    fleet = start_fleet(1, each=[{"max_concurrent": 2}])
    fleet.hold()
    first, second = [fleet.submit(plain(n)).id for n in range(2)]
    fleet.wait_running(first)
    fleet.post("/interrupt", {"prompt_id": second})
    still_running(fleet, first)
    fleet.post("/interrupt", {"prompt_id": first})
    assert fleet.wait_history(first)["status"]["status_str"] == "error"
    fleet.go_on()
    assert fleet.wait_history(second)["status"]["completed"]
