"""A pool of mode fleet whose workers are no ComfyUI at all: are plain pages still served?"""
import json

import pytest

from harness import conf
from harness.backend import answering
from harness.wire import Cut, make_response


def fleet_of(backends, **more):
    """What `nodes` is by default: mode fleet."""
    nodes = {"static_nodes": conf.nodes(backends), "health_check": {"interval": 0, "fall": 100}, **more}
    return {"listen": ["127.0.0.1:0"], "timeouts": conf.SHORT, "admin": {"listen": "127.0.0.1:0"}, "nodes": nodes}


def other(request):
    """A web site that knows nothing of ComfyUI."""
    if request.target.startswith("/page"):
        return make_response(b"<html>page</html>", fields=[("Content-Type", "text/html")])
    return make_response(b"not here", 404, "Not Found")


@pytest.fixture
def site(start, backend_of):
    backends = [backend_of(answering(other)) for _ in range(2)]
    mux = start(fleet_of(backends))
    mux.announce()
    return mux, backends


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE"])
def test_pages_are_served(site, method):
    mux, _ = site
    for target in ("/page", "/page%2Fx?y=//", "/page/api/queue"):
        answer = mux.ask(target, method, body=b"x" if method in ("POST", "PUT") else None)
        assert answer.status == 200 and (method == "HEAD" or answer.body == b"<html>page</html>")


def test_errors_too(site):
    mux, _ = site
    answer = mux.ask("/other")
    assert (answer.status, answer.body) == (404, b"not here")


def test_one_client_one_worker(site):
    mux, backends = site
    with mux.client() as client:
        for _ in range(6):
            assert client.ask("/page").status == 200
    counts = [sum(path == "/page" for path in backend.paths()) for backend in backends]
    assert sorted(counts) == [0, 6]


def test_a_worker_that_refuses_is_passed_over(site):
    mux, backends = site
    backends[0].refuse()
    backends[0].forget()
    for number in range(4):
        assert mux.ask(f"/page{number}", source=f"127.0.0.{number + 2}").status == 200


@pytest.mark.parametrize("path", ["/queue", "/history", "/prompt", "/api/jobs"])
def test_what_the_proxy_knows_itself_it_tells(site, path):
    assert site[0].ask(path).status == 200


@pytest.mark.parametrize("path", ["/object_info", "/object_info/KSampler", "/system_stats", "/models", "/embeddings", "/features",
                                  "/settings", "/userdata?dir=x", "/view?filename=a.png", "/users", "/internal/logs"])
def test_what_it_does_not_is_an_answer_all_the_same(site, path):
    answer = site[0].ask(path)
    assert 200 <= answer.status < 600


def test_a_prompt_is_refused_as_the_worker_did(site):
    """In ComfyUI's shape, and nothing is left behind."""
    mux, _ = site
    body = json.dumps({"prompt": {"1": {"class_type": "A", "inputs": {}}}}).encode()
    answer = mux.ask("/prompt", "POST", [("Content-Type", "application/json")], body)
    assert 400 <= answer.status < 600
    assert json.loads(mux.ask("/prompt").body) == {"exec_info": {"queue_remaining": 0}}


RUBBISH = [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", b"\x00" * 50, b"HTTP/1.1 200 OK\r\n\r\n<html>",
           make_response(b"{"), make_response(b'{"a": ' * 3000), make_response(b"[]"), make_response(b"null"),
           make_response(b'{"prompt_id": 7}'), make_response(b'{"prompt_id": "' + b"x" * 5000 + b'"}'),
           make_response(b'{"devices": [[[]]], "system": 7}'), make_response(b'{"KSampler": 7}')]


@pytest.mark.parametrize("reply", RUBBISH)
def test_rubbish_from_a_worker_harms_nothing(start, backend_of, reply):
    def script(conn):
        while conn.request() is not None:
            conn.send(reply)
            if not reply.startswith(b"HTTP/1.1 200 OK\r\nContent-Length: ") or reply.endswith(b"ab"):
                return

    mux = start(fleet_of([backend_of(script)]))
    mux.announce()
    for path in ("/object_info", "/system_stats", "/models", "/features", "/embeddings", "/settings", "/history/abc", "/users",
                 "/view?filename=a.png", "/page"):
        try:
            mux.ask(path, fields=[("Accept", "application/json")])
        except (AssertionError, OSError, ValueError, Cut):
            pass  # what is forwarded is as broken as it came
    body = json.dumps({"prompt": {"1": {"class_type": "A", "inputs": {}}}}).encode()
    mux.ask("/prompt", "POST", [("Content-Type", "application/json")], body)
    assert mux.ask("/queue").status == 200 and mux.is_running()
