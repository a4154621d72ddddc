"""Is the client's WebSocket what one ComfyUI's would be?"""
import struct

import pytest

from harness.fleet import Page, graph, plain
from harness.wait import wait_until

FLEET = {"workers": 2}


def test_the_first_message_is_status_with_the_clients_own_sid(fleet):
    page = fleet.page("my-own-id")
    assert page.events[0].type == "status" and page.sid == "my-own-id"
    assert page.events[0].queue_remaining == 0


def test_without_client_id_one_is_made_and_works(fleet):
    """Browsers do that first, and come back with what they were told."""
    page = Page(fleet)
    assert len(page.sid) == 32 and int(page.sid, 16) >= 0
    other = Page(fleet)
    assert other.sid != page.sid
    job = fleet.submit(client_id=page.sid).id
    page.wait_done(job)
    other.settle()
    assert not other.heard_of()


@pytest.mark.parametrize("path", ["/ws", "/api/ws"])
def test_both_paths_work(fleet, path):
    page = Page(fleet, "me", target=f"{path}?clientId=me")
    page.wait_done(fleet.submit(client_id="me").id)


def test_an_encoded_client_id_is_that_client(fleet):
    page = Page(fleet, target="/ws?x=1&clientId=a%20b%2Fc%C3%A4&y=2")
    assert page.sid == "a b/c\u00e4"
    page.wait_done(fleet.submit(client_id="a b/c\u00e4").id)


def test_the_sid_stays_whichever_worker_runs_a_job(fleet):
    page = fleet.page("me")
    fleet.hold()
    jobs = [fleet.submit(plain(n), client_id="me").id for n in range(4)]
    fleet.wait_running(*jobs[:2])
    fleet.go_on()
    page.wait_done(*jobs)
    assert {e.data["sid"] for e in page.events if e.type == "status" and "sid" in e.data} == {"me"}
    sids = [w.report()["websockets"]["sids"] for w in fleet.workers]
    assert "me" not in sum(sids, []), "two dials under one sid kill each other on a ComfyUI"


def test_status_sums_the_fleet_for_everybody(fleet):
    pages = [fleet.page("me"), fleet.page("watcher")]
    fleet.hold()
    jobs = [fleet.submit(plain(n), client_id="me").id for n in range(5)]
    for page in pages:
        page.wait_status(5)
    fleet.go_on()
    for page in pages:
        page.wait_status(0, since=page.events.index(page.wait_status(5)))
        counts = [e.queue_remaining for e in page.events if e.type == "status"]
        assert counts[-1] == 0 and max(counts) == 5
    pages[0].wait_done(*jobs)


def test_feature_flags_are_what_all_workers_have(start_fleet):
    fleet = start_fleet([(), ("--max-upload-size", 50)]).wait_features()
    page = fleet.page("me", flags={"supports_preview_metadata": True})
    told = page.wait_type("feature_flags").data
    assert told["supports_preview_metadata"] is True and told["extension"] == {"manager": {"supports_v4": True}}
    assert told["max_upload_size"] == 50 << 20, "the smallest"
    assert fleet.get("/features") == told == fleet.get("/api/features")
    assert "sid" not in told


def test_an_old_worker_among_them_takes_the_flags_that_it_lacks(start_fleet):
    fleet = start_fleet([(), ("--old",)]).wait_features()
    page = fleet.page("me", flags={"supports_preview_metadata": True})
    told = page.wait_type("feature_flags").data
    assert not told.get("supports_preview_metadata") and not told.get("node_replacements"), told


def test_feature_flags_are_answered_once_and_only_as_the_first_message(fleet):
    page = fleet.page("me", flags={"supports_preview_metadata": True})
    page.wait_type("feature_flags")
    page.say({"type": "feature_flags", "data": {}})
    page.settle()
    assert [e.type for e in page.events].count("feature_flags") == 1
    late = fleet.page("late")
    late.say({"type": "hello", "data": {}})
    late.say({"type": "feature_flags", "data": {}})
    late.settle()
    assert "feature_flags" not in [e.type for e in late.events]


def test_flags_reach_the_workers_and_decide_on_the_kind_of_previews(fleet):
    new, old = fleet.page("new", flags={"supports_preview_metadata": True}), fleet.page("old")
    jobs = [fleet.submit(graph(n), client_id=name).id for n, name in enumerate(("new", "old"))]
    new.wait_done(jobs[0])
    old.wait_done(jobs[1])
    frames = new.frames()
    assert [f.kind for f in frames] == [4] * 4 and {f.meta["prompt_id"] for f in frames} == {jobs[0]}
    assert {f.meta["node_id"] for f in frames} == {"3"} and all(f.image[:2] == b"\xff\xd8" for f in frames)
    assert [f.kind for f in old.frames()] == [1] * 4 and all(f.image[:2] == b"\xff\xd8" for f in old.frames())


def test_custom_events_reach_their_client_only(fleet):
    page, other = fleet.page("me"), fleet.page("other")
    fleet.hold()
    job = fleet.submit(plain(), client_id="me").id
    number, = fleet.wait_running(job)
    fleet.workers[number].test(send=[{"type": "impact-node-feedback", "to": "owner", "data": {"node_id": "1", "value": "\u00e4\U0001f600"}}])
    assert page.wait_type("impact-node-feedback").data == {"node_id": "1", "value": "\u00e4\U0001f600"}
    fleet.go_on()
    page.wait_done(job)
    other.settle()
    assert "impact-node-feedback" not in [e.type for e in other.events]


def test_results_as_png_frames_all_arrive(fleet):
    page = fleet.page("no-flags")
    made = graph()
    made["9"] = {"class_type": "SaveImageWebsocket", "inputs": {"images": ["8", 0]}}
    made["5"]["inputs"]["batch_size"] = 5
    job = fleet.submit(made, client_id="no-flags").id
    page.wait_done(job)
    results = [f for f in page.frames() if f.image[:8] == b"\x89PNG\r\n\x1a\n"]
    assert len(results) == 5 and len({f.body for f in results}) == 5
    assert all(struct.unpack(">II", f.body[:8]) == (1, 2) for f in results)


def test_events_of_a_job_come_in_its_workers_order(fleet):
    """Two jobs at once, many steps: each one's own events in order, up to the end marker as the last."""
    for worker in fleet.workers:
        worker.test(set={"steps": 50, "job_ms": 300})
    page = fleet.page("me", flags={"supports_preview_metadata": True})
    jobs = [fleet.submit(plain(n), client_id="me").id for n in range(4)]
    page.wait_done(*jobs)
    page.settle()
    for job in jobs:
        events = page.of(job)
        values = [e.data["value"] for e in events if e.type == "progress"]
        assert values == sorted(values) and values[-1] == 50, values
        assert events[0].type == "execution_start" and events[-1].is_end(job)
        kinds = [e.type for e in events if e.type not in (None, "progress", "progress_state")]
        assert kinds == ["execution_start", "execution_cached", "executing", "executing", "executed", "execution_success", "executing"]


def test_the_end_marker_means_that_the_history_has_it(fleet):
    for worker in fleet.workers:
        worker.test(set={"history_lag_ms": 300})
    try:
        page = fleet.page("me")
        job = fleet.submit(plain(), client_id="me").id
        page.wait_done(job)
        assert fleet.history(job)["outputs"], "told of its end, asked, and nothing was there"
    finally:
        for worker in fleet.workers:
            worker.test(set={"history_lag_ms": 0})


def test_a_socket_that_only_listens_costs_no_socket_to_workers(fleet):
    def links():
        return sum(w.report()["websockets"]["open"] for w in fleet.workers)

    wait_until(lambda: links() == 0, "links of the tests before are closed, being idle", 30)
    page = fleet.page("me")
    page.settle()
    assert links() == 0
    page.wait_done(fleet.submit(plain(), client_id="me").id)
    assert links() == 1
