"""Have answers to HEAD, and 204 and 304, no body, whatever the worker says?"""
import pytest

from harness.wire import make_request, make_response

pytestmark = pytest.mark.core


def test_head_passes_the_length_and_no_body(rig):
    rig.backend.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\nETag: \"x\"\r\n\r\n"
    client = rig.client()
    for _ in range(3):
        response = client.ask(method="HEAD")
        assert response.get("content-length") == "1000000" and response.get("etag") == '"x"'
    assert [r.method for r in rig.backend.requests] == ["HEAD"] * 3


def test_head_of_a_chunked_page_has_no_chunks(rig):
    rig.backend.answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    client = rig.client()
    client.ask(method="HEAD")
    rig.backend.answer = make_response(b"after")
    assert client.ask().body == b"after"


def test_head_without_a_length_keeps_both_connections(rig):
    rig.backend.answer = b"HTTP/1.1 200 OK\r\n\r\n"
    client = rig.client()
    client.ask(method="HEAD")
    rig.backend.answer = make_response(b"after")
    assert client.ask().body == b"after"


@pytest.mark.parametrize("raw, status", [
    (b"HTTP/1.1 204 No Content\r\n\r\n", 204),
    (b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", 204),
    (b"HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n", 304),
    (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n", 304),
    (b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", 304),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200),
])
def test_the_next_answer_begins_right_behind_one_without_a_body(rig, raw, status):
    rig.backend.answer = raw
    client = rig.client()
    client.send(make_request("/1") + make_request("/2"))
    for _ in range(2):
        assert client.response().status == status
    rig.backend.answer = make_response(b"after")
    assert client.ask().body == b"after"


@pytest.mark.parametrize("method, raw", [
    ("GET", b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nEVIL!"),
    ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nEVIL!"),
    ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nEVIL!"),
    ("HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nEVIL!\r\n0\r\n\r\n"),
], ids=["204", "304", "head", "head-chunked"])
def test_a_body_that_may_not_be_there_reaches_nobody(rig, method, raw):
    rig.mux.announce()
    rig.backend.answer = raw
    client = rig.client()
    response = client.ask(method=method)
    assert response.status in (204, 304, 200, 502)
    rig.backend.answer = make_response(b"after")
    after = client.ask() if "close" not in response.tokens("connection") else rig.ask()
    assert after.body == b"after"
    assert b"EVIL" not in bytes(client.received)
    assert len(rig.backend.connections) == 2, "the connection with surplus bytes was used again"
