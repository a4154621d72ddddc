"""Do fields that belong to one connection stay on it, and do all others pass?"""
import pytest

from harness.wire import make_request

pytestmark = pytest.mark.core

HOP = [("Keep-Alive", "timeout=5"), ("Proxy-Connection", "keep-alive"), ("TE", "trailers"), ("Trailer", "X-T"),
       ("Upgrade", "h2c")]
END_TO_END_REQUEST = [
    ("Cookie", "a=b; c=d"), ("Authorization", "Bearer secret"), ("Range", "bytes=0-99"), ("If-Range", '"e"'),
    ("If-None-Match", '"e"'), ("If-Modified-Since", "Sat, 01 Jan 2000 00:00:00 GMT"), ("Accept-Encoding", "gzip, br"),
    ("Origin", "https://comfy.test"), ("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Dest", "image"),
    ("Comfy-User", "default"), ("User-Agent", "test"), ("Referer", "https://comfy.test/"), ("Cache-Control", "no-cache"),
    ("Pragma", "no-cache"), ("Accept", "*/*"), ("Content-Type", "application/json"), ("X-Custom", "1"),
    ("Forwarded", "for=1.2.3.4"), ("Via", "1.1 other")]
END_TO_END_ANSWER = [
    ("Set-Cookie", "a=b; Path=/"), ("Set-Cookie", "c=d"), ("ETag", '"e"'), ("Last-Modified", "Sat, 01 Jan 2000 00:00:00 GMT"),
    ("Cache-Control", "no-store"), ("Content-Type", "image/png"), ("Content-Encoding", "gzip"), ("Vary", "Sec-Fetch-Dest"),
    ("Accept-Ranges", "bytes"), ("Content-Range", "bytes 0-1/10"), ("Date", "Sat, 01 Jan 2000 00:00:00 GMT"),
    ("Server", "Python/3.11 aiohttp/3.8.4"), ("Access-Control-Allow-Origin", "*"), ("WWW-Authenticate", "Basic"),
    ("Content-Disposition", 'attachment; filename="x.png"'), ("X_Under_Score", "1"), ("Location", "/a%2Fb"), ("Age", "3")]


def asked(rig, fields, **more):
    assert rig.ask(fields=fields, **more).status == 200
    return rig.backend.requests[0]


def test_hop_by_hop_fields_of_a_request_are_dropped(rig):
    request = asked(rig, HOP)
    assert not {name.lower() for name, _ in HOP} & set(request.names())


def test_hop_by_hop_fields_of_an_answer_are_dropped(rig):
    head = "".join(f"{k}: {v}\r\n" for k, v in HOP).encode()
    rig.backend.answer = b"HTTP/1.1 200 OK\r\n" + head + b"Content-Length: 2\r\n\r\nok"
    response = rig.ask()
    assert not {name.lower() for name, _ in HOP} & set(response.names())


@pytest.mark.parametrize("connection", ["X-Mine", "x-mine", "keep-alive, X-Mine", "X-Mine , close", ",, X-Mine,,"])
def test_fields_named_by_connection_are_dropped_from_a_request(rig, connection):
    request = asked(rig, [("X-Mine", "1"), ("Connection", connection), ("X-Yours", "2")])
    assert not request.has("x-mine") and request.get("x-yours") == "2"
    assert "x-mine" not in request.tokens("connection")


def test_every_connection_field_counts(rig):
    request = asked(rig, [("Connection", "X-A"), ("X-A", "1"), ("Connection", "X-B"), ("X-B", "2")])
    assert not request.has("x-a") and not request.has("x-b")


def test_fields_named_by_connection_are_dropped_from_an_answer(rig):
    rig.backend.answer = (b"HTTP/1.1 200 OK\r\nX-Mine: 1\r\nConnection: X-Mine, keep-alive\r\nX-Yours: 2\r\n"
                          b"Content-Length: 2\r\n\r\nok")
    response = rig.ask()
    assert not response.has("x-mine") and response.get("x-yours") == "2"


@pytest.mark.parametrize("name, value", [
    ("Cookie", "a=b"), ("Authorization", "Bearer x"), ("X-Forwarded-For", "1.2.3.4"), ("Forwarded", "for=1.2.3.4")])
def test_a_client_cannot_have_what_others_rely_on_dropped(rig, name, value):
    request = asked(rig, [(name, value), ("Connection", name)])
    assert value in request.get(name)


@pytest.mark.parametrize("name", ["Host", "X-Forwarded-For", "X-Real-IP", "X-Forwarded-Proto", "X-Forwarded-Host"])
def test_a_client_cannot_have_the_proxys_own_fields_dropped(rig, name):
    assert asked(rig, [("Connection", name)]).has(name)


@pytest.mark.parametrize("name", ["Content-Length", "Transfer-Encoding"])
def test_a_client_cannot_have_the_framing_dropped(rig, name):
    client = rig.client()
    client.send(make_request("/p", "POST", [("Connection", name)], body=b"abc"))
    response = client.response()
    if response.status == 200:
        assert rig.backend.requests[0].body == b"abc"
    else:
        assert response.status == 400


@pytest.mark.parametrize("name", ["Content-Length", "Set-Cookie", "Content-Type"])
def test_an_answer_keeps_its_framing_whatever_connection_names(rig, name):
    rig.backend.answer = (f"HTTP/1.1 200 OK\r\nConnection: {name}\r\nSet-Cookie: a=b\r\nContent-Type: a/b\r\n"
                          "Content-Length: 2\r\n\r\nok").encode()
    assert rig.ask().body == b"ok"


def test_everything_else_of_a_request_passes_unchanged(rig):
    request = asked(rig, END_TO_END_REQUEST)
    assert [f for f in request.fields if f in END_TO_END_REQUEST] == END_TO_END_REQUEST


def test_everything_else_of_an_answer_passes_unchanged(rig):
    head = "".join(f"{k}: {v}\r\n" for k, v in END_TO_END_ANSWER).encode()
    rig.backend.answer = b"HTTP/1.1 206 Partial Content\r\n" + head + b"Content-Length: 2\r\n\r\nok"
    response = rig.ask()
    assert (response.status, response.reason) == (206, "Partial Content")
    assert [f for f in response.fields if f in END_TO_END_ANSWER] == END_TO_END_ANSWER
    assert len(response.all("date")) == 1 and len(response.all("server")) == 1


@pytest.mark.parametrize("code, reason", [(200, "Fine"), (299, "Odd"), (404, "Not Found"), (418, "I'm a teapot"),
                                          (500, "Internal Server Error"), (599, "?")])
def test_status_and_reason_pass(rig, code, reason):
    rig.backend.answer = f"HTTP/1.1 {code} {reason}\r\nContent-Length: 2\r\n\r\nok".encode()
    response = rig.ask()
    assert (response.status, response.reason, response.body) == (code, reason, b"ok")


def test_a_worker_is_never_asked_to_close_because_the_client_was(rig):
    """The upstream connection is the proxy's own: it is kept when a client says close."""
    rig.ask(fields=[("Connection", "close")])
    rig.ask(fields=[("Connection", "close")])
    assert len(rig.backend.connections) == 1
    assert all("close" not in r.tokens("connection") for r in rig.backend.requests)
