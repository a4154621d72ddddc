"""Does anybody hear of jobs that are not theirs?"""
from harness.fleet import graph, plain
from harness.wait import wait_until

FLEET = {"workers": 1}


def linked(fleet, client_id):
    """A page whose client has a link to the worker: a job of it ran there a moment ago."""
    page = fleet.page(client_id)
    page.wait_done(fleet.submit(plain(), client_id=client_id).id)
    wait_until(lambda: fleet.workers[0].report()["websockets"]["open"], "the link stands")
    return page, page.mark()


def alone(page, since):
    """What came but for the fleet's status."""
    page.settle()
    return [e for e in page.events[since:] if e.type != "status"]


def test_nothing_of_another_clients_job(fleet):
    page, since = linked(fleet, "me")
    other = fleet.page("other", flags={"supports_preview_metadata": True})
    job = fleet.submit(graph(), client_id="other").id
    other.wait_done(job)
    assert alone(page, since) == []


def test_nothing_of_a_job_without_client(fleet):
    """A ComfyUI tells its progress, previews included, to everybody who is connected."""
    page, since = linked(fleet, "me")
    fleet.wait_history(fleet.submit(graph()).id)
    assert alone(page, since) == []


def test_nothing_when_that_one_is_interrupted(fleet):
    page, since = linked(fleet, "me")
    fleet.hold()
    job = fleet.submit(graph()).id
    fleet.wait_running(job)
    fleet.post("/interrupt", {"prompt_id": job})
    fleet.wait_history(job)
    assert alone(page, since) == []


def test_text_frames_go_to_the_one_whose_job_runs(fleet):
    """A ComfyUI tells them to everybody, and they carry no id of a job."""
    page, since = linked(fleet, "me")
    other = fleet.page("other")
    fleet.hold()
    job = fleet.submit(graph(), client_id="other").id
    other.wait_type("progress", job)
    fleet.workers[0].test(send=[{"text": "Price: $0.05", "node": "3"}])
    fleet.workers[0].test(send=[{"type": "marker", "to": "owner", "data": {}}])
    other.wait_type("marker")
    fleet.go_on()
    other.wait_done(job)
    assert [f.body for f in other.frames() if f.kind == 3] == [b"\0\0\0\3\0\0\0\1" + b"3Price: $0.05"]
    assert alone(page, since) == []


def test_text_frames_while_nothing_of_ours_runs_go_to_nobody(fleet):
    page, since = linked(fleet, "me")
    fleet.workers[0].test(send=[{"text": "a node of somebody else", "node": "3"}])
    fleet.wait_history(fleet.submit(plain()).id)
    assert alone(page, since) == []


def test_scans_of_assets_are_no_clients_business_or_everybodys_once(fleet):
    page, since = linked(fleet, "me")
    fleet.workers[0].test(send=[{"type": "assets.seed.started", "data": {"roots": ["models"]}}])
    fleet.wait_history(fleet.submit(plain()).id)
    assert len(alone(page, since)) <= 1


def test_a_job_sent_past_the_proxy_is_nobodys(fleet):
    page, since = linked(fleet, "me")
    status, told = fleet.workers[0].call("POST", "/prompt", {"prompt": graph(), "client_id": "me"})
    assert status == 200
    wait_until(lambda: told["prompt_id"] in fleet.workers[0].call("GET", "/history")[1], "it ran")
    fleet.wait_history(fleet.submit(plain()).id)
    assert alone(page, since) == []
