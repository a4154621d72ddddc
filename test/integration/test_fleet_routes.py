"""Does every route of the fleet exist where ComfyUI has it: with and without /api, for HEAD, and for no other method?"""
import uuid

import pytest

from harness.fleet import plain

FLEET = {"workers": 2}

GETS = ["/queue", "/history", "/history/no-such-job", "/prompt", "/object_info", "/object_info/KSampler",
        "/object_info/NoSuchClass", "/system_stats", "/embeddings", "/extensions", "/models", "/models/checkpoints",
        "/features", "/settings", "/users"]


@pytest.mark.parametrize("path", GETS)
def test_with_and_without_api_it_is_one_page(fleet, path):
    bare, under = fleet.call("GET", path), fleet.call("GET", "/api" + path)
    assert bare.status == under.status == 200
    assert bare.response.get("content-type").startswith("application/json")
    if path != "/system_stats":  # free memory moves
        assert bare.json == under.json


@pytest.mark.parametrize("path", GETS + ["/api/jobs"])
def test_head_tells_what_get_would_and_the_connection_goes_on(fleet, path):
    with fleet.mux.client() as client:
        full = client.ask(path)
        head = client.ask(path, "HEAD")
        assert head.status == full.status == 200 and head.body == b""
        assert head.get("content-type") == full.get("content-type")
        if head.has("content-length") and path != "/system_stats":
            assert head.get("content-length") == full.get("content-length")
        assert client.ask("/prompt").status == 200, "octets of a body were left behind"


def test_jobs_are_only_under_api(fleet):
    assert fleet.call("GET", "/api/jobs").status == 200
    assert fleet.call("GET", "/api/api/jobs").status == 200, "the mirror rule gives it twice"
    for path in ("/jobs", f"/jobs/{uuid.uuid4()}"):
        assert fleet.call("GET", path).status == 404, path
    assert fleet.call("POST", f"/jobs/{uuid.uuid4()}/cancel", {}).status in (404, 405)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/queue", "/api/history", "/prompt", "/interrupt", "/api/jobs", "/object_info", "/free"])
def test_a_method_that_does_not_exist_is_405_as_at_a_worker(fleet, path, method):
    direct = fleet.workers[0].call(method, path)[0]
    answer = fleet.call(method, path)
    assert answer.status == direct == 405


@pytest.mark.parametrize("method,path", [("GET", "/interrupt"), ("GET", "/free"), ("POST", "/system_stats"),
                                         ("POST", "/object_info"), ("POST", "/history/abc"), ("GET", "/api/jobs/cancel/x"),
                                         ("GET", "/upload/image"), ("POST", "/api/jobs")])
def test_nor_does_get_where_only_post_is_or_the_other_way_round(fleet, method, path):
    direct = fleet.workers[0].call(method, path)[0]
    assert fleet.call(method, path, {} if method == "POST" else None).status == direct
    assert direct in (404, 405)


@pytest.mark.parametrize("path", ["//queue", "/queue/", "/history/", "/Queue", "/api", "/apiqueue", "/queue%2F", "/api/api/queue",
                                  "/object_info/", "/api//queue", "/history/a/b", "/prompt/x"])
def test_near_misses_are_404_as_at_a_worker(fleet, path):
    assert fleet.workers[0].call("GET", path)[0] == 404
    assert fleet.call("GET", path).status == 404


def test_a_query_does_not_hide_a_route(fleet):
    assert set(fleet.get("/queue?x=1&y=/history")) == {"queue_running", "queue_pending"}
    assert fleet.get("/api/prompt?") == {"exec_info": {"queue_remaining": 0}}


@pytest.mark.parametrize("prefix", ["", "/api"])
def test_prompt_queue_and_history_posts(fleet, prefix):
    job = fleet.call("POST", prefix + "/prompt", {"prompt": plain()}).id
    fleet.wait_history(job)
    assert fleet.get(prefix + "/history/" + job)[job]["status"]["completed"]
    for path, body in ((prefix + "/queue", {"clear": True}), (prefix + "/history", {"delete": [job]}),
                       (prefix + "/interrupt", {}), (prefix + "/free", {})):
        answer = fleet.post(path, body)
        assert answer.body == b"", (path, answer.body)
    assert fleet.get(prefix + "/history/" + job) == {}


@pytest.mark.parametrize("path", ["/queue", "/history", "/free", "/api/jobs/cancel"])
@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"7", b'{"delete": 7}', b'{"delete": [7, null, {}]}', b"\xff"])
def test_a_body_that_says_nothing_harms_nothing(fleet, path, raw):
    fleet.hold()
    job = fleet.submit(plain()).id
    fleet.wait_running(job)
    answer = fleet.call("POST", path, raw=raw)
    assert 200 <= answer.status < 600
    assert answer.status != 503 and answer.status != 502, "a bad body says nothing of the fleet"
    assert fleet.queue() == ([job], [])
    fleet.go_on()
    assert fleet.wait_history(job)["status"]["completed"]
