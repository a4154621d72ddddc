"""Do chunked bodies pass, in both directions, without their trailers?"""
import os

import pytest

from harness import conf
from harness.wire import chunked, make_request, make_response

pytestmark = pytest.mark.core
TE = [("Transfer-Encoding", "chunked")]
BODY = os.urandom(3000)


@pytest.mark.parametrize("size", [1, 7, 1000, 3000])
def test_a_chunked_upload_arrives_whole(rig, size):
    rig.backend.answer = lambda request: make_response(b"%d" % len(request.body))
    client = rig.client()
    client.send(make_request("/upload/image", "POST", TE) + chunked(BODY, size))
    assert client.response().body == b"3000"
    request, = rig.backend.requests
    assert request.body == BODY and request.trailers == []
    assert client.ask().status == 200


@pytest.mark.parametrize("size", [1, 7, 1000, 3000])
def test_a_chunked_answer_arrives_whole(rig, size):
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: a/b\r\n\r\n"
    rig.backend.answer = head + chunked(BODY, size)
    client = rig.client()
    response = client.ask()
    assert response.body == BODY and response.trailers == [] and response.get("content-type") == "a/b"
    assert client.ask().body == BODY


def test_an_empty_chunked_body_is_an_empty_body(rig):
    rig.backend.answer = make_response(b"", framing="chunked")
    client = rig.client()
    client.send(make_request("/", "POST", TE) + chunked(b""))
    assert client.response().body == b""
    assert rig.backend.requests[0].body == b""
    assert client.ask().status == 200


@pytest.mark.parametrize("line", [b"3;a=b", b"3;a", b'3;a="q;r"', b"03", b"000000000000003", b"3;" + b"e" * 200],
                         ids=["ext", "flag", "quoted", "zero", "zeros", "long-ext"])
def test_extensions_and_leading_zeros_are_read_and_dropped(rig, line):
    raw = line + b"\r\nabc\r\n0\r\n\r\n"
    rig.backend.answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + raw
    client = rig.client()
    client.send(make_request("/", "POST", TE) + raw)
    assert client.response().body == b"abc"
    request, = rig.backend.requests
    assert request.body == b"abc" and b";" not in request.raw_body


@pytest.mark.parametrize("trailers", [b"X-T: 1\r\n", b"X-T: 1\r\nX-U: 2\r\n", b"Host: evil\r\nContent-Length: 5\r\n",
                                      b"X-T: 1\r\nGET /smuggled?x: HTTP/1.1\r\n"],
                         ids=["one", "two", "framing", "looks-like-a-request"])
def test_trailers_are_dropped_both_ways(rig, trailers):
    raw = b"3\r\nabc\r\n0\r\n" + trailers + b"\r\n"
    rig.backend.answer = b"HTTP/1.1 200 OK\r\nTrailer: X-T\r\nTransfer-Encoding: chunked\r\n\r\n" + raw
    client = rig.client()
    client.send(make_request("/", "POST", [*TE, ("Trailer", "X-T")]) + raw)
    response = client.response()
    if b"GET /" in trailers and response.status == 400:
        assert rig.backend.received() == b""  # "GET /smuggled?x" is no field name: also fine, and safer
        return
    assert response.status == 200 and response.body == b"abc" and response.trailers == []
    request, = rig.backend.requests
    assert request.body == b"abc" and request.trailers == []
    assert client.ask("/next").body == b"abc"
    assert rig.backend.paths() == ["/", "/next"]


def test_a_chunked_answer_to_http_1_0_has_no_chunks(rig):
    rig.backend.answer = make_response(BODY, framing="chunked")
    client = rig.client()
    client.send(make_request(version="1.0"))
    response = client.response()
    assert response.body == BODY and not response.has("transfer-encoding")


def test_upper_case_hexadecimal_is_read(rig):
    rig.backend.answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n"
    assert rig.ask().body == b"0123456789"


def test_an_upload_of_many_tiny_chunks_is_fine(rig):
    rig.backend.answer = lambda request: make_response(b"%d" % len(request.body))
    client = rig.client()
    client.send(make_request("/", "POST", TE) + chunked(b"x" * 20000, 1))
    assert client.response().body == b"20000"


def test_a_body_without_a_length_that_ends_by_close_arrives_whole(rig):
    rig.backend.answer = make_response(BODY, framing="close")
    client = rig.client()
    response = client.ask()
    assert response.body == BODY


def test_a_chunked_body_larger_than_what_is_held_streams(start, backend_of):
    sizes = []
    backend = backend_of(answer=lambda request: (sizes.append(len(request.body)), make_response())[1])
    mux = start(conf.config([backend], limits={"buffer_body": "4k"}))
    client = mux.client()
    client.send(make_request("/", "POST", TE) + chunked(b"y" * 100000, 5000))
    assert client.response().status == 200
    assert sizes == [100000] and backend.requests[0].framing == "chunked"
