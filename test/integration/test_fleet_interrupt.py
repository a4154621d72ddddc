"""POST /interrupt without an id: does it stop the running jobs of whoever asks, and nobody else's?"""
import json

import pytest

from harness.fleet import plain

FLEET = {"workers": 2}


def of_two(fleet, first, second):
    """A running job of each; first and second are (client_id, source address, headers)."""
    fleet.hold()
    jobs = []
    for seed, (client_id, source, headers) in enumerate((first, second)):
        body = {"prompt": plain(seed), **({"client_id": client_id} if client_id else {})}
        answer = fleet.mux.ask("/prompt", "POST", [("Content-Type", "application/json"), *headers],
                               json.dumps(body).encode(), source=source)
        assert answer.status == 200, answer.body
        jobs.append(json.loads(answer.body)["prompt_id"])
    fleet.wait_running(*jobs)
    return jobs


def stop(fleet, source=None, headers=(), body=b"", target="/interrupt"):
    assert fleet.mux.ask(target, "POST", headers, body, source=source).status == 200


def ended_by_itself(fleet, job):
    fleet.go_on()
    return fleet.wait_history(job)["status"]["status_str"] == "success"


def was_stopped(fleet, job):
    return fleet.wait_history(job)["status"]["messages"][-1][0] == "execution_interrupted"


WHO = {
    "by address": ((None, "127.0.0.2", []), {"source": "127.0.0.2"}),
    "by address, with client_id": (("script", "127.0.0.2", []), {"source": "127.0.0.2"}),
    "by cookie": ((None, None, [("Cookie", "comfymux=" + "a" * 32)]), {"headers": [("Cookie", "comfymux=" + "a" * 32)]}),
    "by client_id in the body": (("mine", None, []), {"body": b'{"client_id": "mine"}'}),
    "by clientId in the query": (("mine", None, []), {"target": "/interrupt?clientId=mine"}),
    "under /api": ((None, "127.0.0.2", []), {"source": "127.0.0.2", "target": "/api/interrupt"}),
    "with an empty object": ((None, "127.0.0.2", []), {"source": "127.0.0.2", "body": b"{}"}),
    "with rubbish": ((None, "127.0.0.2", []), {"source": "127.0.0.2", "body": b"{"}),
}


@pytest.mark.parametrize("how", WHO)
def test_its_own_job_is_stopped_and_the_others_not(fleet, how):
    who, ask = WHO[how]
    mine, other = of_two(fleet, who, ("other", "127.0.0.3", []))
    stop(fleet, **ask)
    assert was_stopped(fleet, mine)
    assert other in fleet.running() and ended_by_itself(fleet, other)


def test_somebody_elses_address_stops_nothing(fleet):
    jobs = of_two(fleet, (None, "127.0.0.2", []), ("b", "127.0.0.3", []))
    stop(fleet, source="127.0.0.4")
    assert all([ended_by_itself(fleet, job) for job in jobs])


def test_with_an_id_it_is_that_job_whoever_asks(fleet):
    mine, other = of_two(fleet, ("a", "127.0.0.2", []), ("b", "127.0.0.3", []))
    stop(fleet, source="127.0.0.4", body=json.dumps({"prompt_id": other}).encode())
    assert was_stopped(fleet, other) and ended_by_itself(fleet, mine)


def test_jobs_that_wait_are_not_stopped(fleet):
    mine, _ = of_two(fleet, ("a", "127.0.0.2", []), ("b", "127.0.0.3", []))
    waits = json.loads(fleet.mux.ask("/prompt", "POST", [], json.dumps({"prompt": plain(7), "client_id": "a"}).encode(),
                                     source="127.0.0.2").body)["prompt_id"]
    stop(fleet, source="127.0.0.2")
    assert was_stopped(fleet, mine) and ended_by_itself(fleet, waits)
