"""Whose is the prompt_id?"""
import json
import uuid

import pytest

from harness.fleet import graph, plain
from harness.wire import make_request

FLEET = {"workers": 2}


def test_a_clients_own_id_is_kept_and_passed_on(fleet):
    page, mine = fleet.page("me"), str(uuid.uuid4())
    assert fleet.submit(plain(), client_id="me", prompt_id=mine).id == mine
    page.wait_done(mine)
    assert sorted(sum(fleet.starts(), [])) == [mine], "the worker got another id"
    assert fleet.history(mine)["prompt"][1] == mine


def test_without_one_it_is_a_canonical_uuid(fleet):
    told = fleet.submit(plain()).id
    assert str(uuid.UUID(told)) == told


@pytest.mark.parametrize("null", [True, False])
def test_null_is_as_none(fleet, null):
    body = {"prompt": plain(), **({"prompt_id": None} if null else {})}
    told = fleet.call("POST", "/prompt", body).id
    assert str(uuid.UUID(told)) == told


BAD = ["", "x", "6F9619FF-8B86-D011-B42D-00C04FC964FF", "6f9619ff8b86d011b42d00c04fc964ff",
       "{6f9619ff-8b86-d011-b42d-00c04fc964ff}", "urn:uuid:6f9619ff-8b86-d011-b42d-00c04fc964ff",
       "6f9619ff-8b86-d011-b42d-00c04fc964ff ", "6f9619ff-8b86-d011-b42d-00c04fc964fg",
       "6f9619ff-8b86-d011-b42d-00c04fc964f\u0660", 7, True, ["x"], {"a": 1}]


@pytest.mark.parametrize("bad", BAD, ids=[json.dumps(b) for b in BAD])
def test_what_is_no_canonical_uuid_is_refused_in_comfyuis_shape(fleet, bad):
    answer = fleet.submit(plain(), prompt_id=bad)
    assert answer.status == 400 and answer.error["type"] == "invalid_prompt_id", answer.body
    assert answer.json["node_errors"] == {}
    assert all(not fleet.report(n)["accepted"] for n in range(2)), "it was run"


def test_an_escaped_uuid_is_one(fleet):
    mine = str(uuid.uuid4())
    raw = json.dumps({"prompt": plain(), "prompt_id": "@"}).replace("@", "".join(f"\\u{ord(c):04x}" for c in mine))
    assert fleet.call("POST", "/prompt", raw=raw.encode()).id == mine


@pytest.mark.parametrize("where", ["running", "waiting"])
def test_the_id_of_a_live_job_is_refused_and_the_job_goes_on(fleet, where):
    fleet.hold()
    page, mine = fleet.page("me"), str(uuid.uuid4())
    first = [fleet.submit(plain(n), client_id="me").id for n in range(2)] if where == "waiting" else []
    assert fleet.submit(plain(7), client_id="me", prompt_id=mine).id == mine
    fleet.wait_running(*(first or [mine]))
    again = fleet.submit(plain(8), client_id="other", prompt_id=mine)
    assert again.status == 400 and again.error["type"], again.body
    assert fleet.remaining() == len(first) + 1
    fleet.go_on()
    page.wait_done(mine)
    assert fleet.history(mine)["prompt"][2]["1"]["inputs"]["color"] == 7
    assert sum(fleet.starts(), []).count(mine) == 1


def test_the_id_of_an_ended_job_may_come_again(fleet):
    page, mine = fleet.page("me"), str(uuid.uuid4())
    for seed in (1, 2):
        mark = page.mark()
        assert fleet.submit(graph(seed), client_id="me", prompt_id=mine).id == mine
        page.wait_done(mine, since=mark)
        assert fleet.history(mine)["prompt"][2]["3"]["inputs"]["seed"] == seed
    assert list(fleet.get("/history")).count(mine) == 1


def test_two_at_once_with_one_id_are_one_job(fleet):
    """Neither has been answered when the second comes."""
    fleet.hold()
    mine = str(uuid.uuid4())
    for worker in fleet.workers:
        worker.test(fault="slow", path="/prompt", seconds=0.5, count=4)
    body = json.dumps({"prompt": plain(), "prompt_id": mine}).encode()
    clients = [fleet.mux.client() for _ in range(2)]
    for client in clients:
        client.send(make_request("/prompt", "POST", [("Content-Type", "application/json")], body))
    told = sorted(client.response().status for client in clients)
    assert told == [200, 400]
    fleet.wait_history(mine)
    assert sum(fleet.starts(), []).count(mine) == 1
