"""Does a request mean the same wherever the network cuts it in two?"""
import pytest

from harness import ws
from harness.wire import make_request, make_response

pytestmark = [pytest.mark.core, pytest.mark.seconds(90)]

POST = b"POST /a%2Fb?c=d HTTP/1.1\r\nHost: comfy.test\r\nX-A: one\r\n"
GOOD = {
    "a-get": b"GET /a%2Fb//c?d=e HTTP/1.1\r\nHost: comfy.test\r\nX-A: one\r\nX-B: \t two \r\n\r\n",
    "a-post-with-a-length": POST + b"Content-Length: 11\r\n\r\nhello world",
    "a-chunked-post": POST + b"Transfer-Encoding: chunked\r\n\r\n6;x=y\r\nhello \r\n5\r\nworld\r\n0\r\nT: 1\r\n\r\n",
    "two-requests": make_request("/1") + make_request("/2", "POST", body=b"hello world"),
    "an-http-1.0-request": b"GET /old HTTP/1.0\r\nConnection: keep-alive\r\nX-A: one\r\n\r\n",
}
BAD = {
    "both-framings": (POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 400),
    "a-folded-field": (b"GET / HTTP/1.1\r\nHost: comfy.test\r\nX: a\r\n b\r\n\r\n", 400),
    "a-bare-cr": (b"GET / HTTP/1.1\r\nHost: comfy.test\r\nX: a\rb\r\n\r\n", 400),
    "a-bad-chunk": (POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcX\r\n0\r\n\r\n", 400),
    "an-unknown-coding": (POST + b"Transfer-Encoding: xchunked\r\n\r\n", 501),
    "a-new-version": (b"GET / HTTP/1.7\r\nHost: comfy.test\r\n\r\n", 505),
}


def essence(requests):
    """What arrived, without what legitimately differs (the framing of a body that came in pieces)."""
    return [(r.method, r.target, [f for f in r.fields if f[0].lower() not in ("content-length", "transfer-encoding")],
             r.body) for r in requests]


def send_in_two(rig, raw, at):
    client = rig.client()
    client.send_seen(raw[:at])
    client.send(raw[at:])
    return client


@pytest.mark.parametrize("name", GOOD)
def test_a_request_cut_anywhere_arrives_the_same(rig, name):
    raw = GOOD[name]
    count = raw.count(b" HTTP/1.")
    rig.backend.answer = lambda request: make_response(request.target.encode() + request.body)
    with rig.client() as client:
        client.send(raw)
        whole = [client.response() for _ in range(count)]
    wanted = essence(rig.backend.requests)
    assert len(wanted) == count
    for at in range(1, len(raw)):
        rig.backend.requests.clear()
        with send_in_two(rig, raw, at) as client:
            for expected in whole:
                got = client.response()
                assert (got.status, got.body) == (expected.status, expected.body), f"cut at {at}"
        assert essence(rig.backend.requests) == wanted, f"cut at {at}"


@pytest.mark.parametrize("name", GOOD)
def test_a_request_byte_by_byte_arrives_the_same(rig, name):
    raw = GOOD[name]
    count = raw.count(b" HTTP/1.")
    with rig.client() as client:
        client.send(raw)
        for _ in range(count):
            client.response()
    wanted = essence(rig.backend.requests)
    rig.backend.requests.clear()
    with rig.client() as client:
        for i in range(len(raw)):
            client.send_seen(raw[i:i + 1])
        for _ in range(count):
            assert client.response().status == 200
    assert essence(rig.backend.requests) == wanted


@pytest.mark.parametrize("name", BAD)
def test_a_bad_request_cut_anywhere_is_refused_the_same(rig, name):
    raw, status = BAD[name]
    for at in range(1, len(raw)):
        with rig.client() as client:
            client.send_seen(raw[:at])
            client.send(raw[at:])
            assert client.response().status == status, f"cut at {at}"
            assert client.is_closed() == "eof"
    assert rig.backend.received() == b""


def test_an_upgrade_cut_anywhere_is_an_upgrade(rig):
    rig.backend.script = ws.echo_script
    raw = ws.upgrade_request() + b"early"
    for at in range(1, len(raw)):
        with send_in_two(rig, raw, at) as client:
            assert client.response().status == 101, f"cut at {at}"
            assert client.exactly(5) == b"early", f"cut at {at}"
