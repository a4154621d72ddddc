"""Are the limits of a request where the file says, and the same for every way to exceed them?"""
import pytest

from harness import conf
from harness.wire import chunked, make_request, make_response

pytestmark = pytest.mark.core
RIG = {"limits": {"body_bytes": "100k", "buffer_body": "10k", "header_bytes": "4k", "header_fields": 20}}
MOST = 100 << 10


def test_a_body_of_exactly_the_limit_passes(rig):
    assert rig.ask(method="POST", body=b"x" * MOST).status == 200


def test_a_longer_one_is_refused_by_its_length_at_once(rig):
    client = rig.client()
    client.send(make_request("/upload/image", "POST", [("Content-Length", str(MOST + 1))]))
    response = client.response()
    assert response.status == 413 and "close" in response.tokens("connection")
    assert client.is_closed() == "eof"
    rig.nothing_forwarded()


def test_a_refused_upload_that_is_on_its_way_can_still_read_the_answer(rig):
    client = rig.client()
    client.send(make_request("/upload/image", "POST", [("Content-Length", str(MOST * 20))]) + b"x" * MOST * 5)
    assert client.response().status == 413


def test_a_chunked_body_of_exactly_the_limit_passes(rig):
    client = rig.client()
    client.send(make_request("/", "POST", [("Transfer-Encoding", "chunked")]) + chunked(b"x" * MOST, 3000))
    assert client.response().status == 200


@pytest.mark.parametrize("size", [1000, 200000], ids=["small-chunks", "one-chunk"])
def test_a_chunked_one_is_refused_while_it_is_read(rig, size):
    seen = []

    def script(conn):
        conn.request_head()
        seen.append(conn.rest())

    rig.backend.script = script
    client = rig.client()
    client.send(make_request("/", "POST", [("Transfer-Encoding", "chunked")]) + chunked(b"x" * (MOST + 5000), size))
    assert client.response().status == 413
    client.rest()
    rig.backend.wait_over()
    assert not any(s.endswith(b"0\r\n\r\n") for s in seen), "the worker saw a clean end of a body that was refused"
    rig.serves()


def test_a_chunked_one_that_would_be_held_is_refused_without_a_worker(start, backend):
    mux = start(conf.config([backend], limits={"body_bytes": "1k", "buffer_body": "10k"}))
    client = mux.client()
    client.send(make_request("/", "POST", [("Transfer-Encoding", "chunked")]) + chunked(b"x" * 2000, 100))
    assert client.response().status == 413
    assert backend.received() == b""


def test_exactly_20_fields_pass_and_21_do_not(rig):
    assert rig.ask(fields=[(f"X-{i}", "1") for i in range(19)]).status == 200
    assert rig.ask(fields=[(f"X-{i}", "1") for i in range(20)]).status == 431


def test_a_head_near_the_limit_passes_and_beyond_does_not(rig):
    assert rig.ask(fields=[("X-Big", "b" * 3900)]).status == 200
    assert rig.ask(fields=[("X-Big", "b" * 4200)]).status == 431
    assert rig.ask("/" + "a" * 5000).status == 414


@pytest.mark.parametrize("text, value", [("1k", 1 << 10), ("1K", 1 << 10), (2048, 2048), ("3000", 3000)])
def test_sizes_are_written_as_the_manual_says(start, backend, text, value):
    mux = start(conf.config([backend], limits={"body_bytes": text}))
    assert mux.ask(method="POST", body=b"x" * value).status == 200
    assert mux.ask(method="POST", body=b"x" * (value + 1)).status == 413


def test_a_limit_of_0_is_none(start, backend):
    backend.answer = lambda request: make_response(b"%d" % len(request.body))
    mux = start(conf.config([backend], limits={"body_bytes": 0}))
    assert mux.ask(method="POST", body=b"x" * 300000).body == b"300000"


def test_a_location_may_have_limits_of_its_own(start, backend):
    mux = start(conf.config([backend], limits={"body_bytes": "1k"}, servers=[{"listen": ["127.0.0.1:0"], "locations": [
        {"path": "/", "pool": "pool"}, {"path": "/upload/", "pool": "pool", "limits": {"body_bytes": "10k"}}]}]))
    assert mux.ask("/upload/image", "POST", body=b"x" * 9000).status == 200
    assert mux.ask("/prompt", "POST", body=b"x" * 9000).status == 413
    assert mux.ask("/upload/image", "POST", body=b"x" * 11000).status == 413


def test_an_answer_has_no_body_limit(rig):
    rig.backend.answer = make_response(b"x" * MOST * 3)
    assert len(rig.ask().body) == MOST * 3
