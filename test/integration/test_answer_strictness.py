"""Is a worker that breaks the protocol answered with a 502, and its connection closed?"""
import pytest

from harness.wire import Cut, make_response

pytestmark = pytest.mark.core
OK = b"HTTP/1.1 200 OK\r\n"
TE = b"Transfer-Encoding: chunked\r\n"
TWO = b"Content-Length: 2\r\n\r\nok"
CHUNKS = b"\r\n2\r\nok\r\n0\r\n\r\n"

BAD = {
    "no status line at all": b"hello world\r\n\r\n",
    "an HTML page without a head": b"<html>hello</html>\r\n\r\n",
    "HTTP/0.9": b"hello",
    "HTTP/2.0": b"HTTP/2.0 200 OK\r\n" + TWO,
    "HTTP/1.2": b"HTTP/1.2 200 OK\r\n" + TWO,
    "another protocol": b"ICY 200 OK\r\n" + TWO,
    "lower case": b"http/1.1 200 OK\r\n" + TWO,
    "two digits": b"HTTP/1.1 20 OK\r\n" + TWO,
    "four digits": b"HTTP/1.1 2000 OK\r\n" + TWO,
    "a code of letters": b"HTTP/1.1 abc OK\r\n" + TWO,
    "a negative code": b"HTTP/1.1 -20 OK\r\n" + TWO,
    "a code below 100": b"HTTP/1.1 099 OK\r\n" + TWO,
    "code 000": b"HTTP/1.1 000 OK\r\n" + TWO,
    "two blanks before the code": b"HTTP/1.1  200 OK\r\n" + TWO,
    "no blank behind the code": b"HTTP/1.1 200OK\r\n" + TWO,
    "a blank before the status line": b" HTTP/1.1 200 OK\r\n" + TWO,
    "a tab for a blank": b"HTTP/1.1\t200 OK\r\n" + TWO,
    "a NUL in the reason": b"HTTP/1.1 200 O\0K\r\n" + TWO,
    "a bare CR in the reason": b"HTTP/1.1 200 O\rK\r\n" + TWO,
    "a bare LF behind the status line": b"HTTP/1.1 200 OK\n" + TWO,
    "a bare LF behind a field": OK + b"X: a\n" + TWO,
    "a bare LF as the end": OK + b"Content-Length: 2\r\n\nok",
    "a folded field": OK + b"X: a\r\n b\r\n" + TWO,
    "a leading blank": OK + b" X: a\r\n" + TWO,
    "a blank before a colon": OK + b"X : a\r\n" + TWO,
    "a blank before the colon of the length": OK + b"Content-Length : 2\r\n\r\nok",
    "no colon": OK + b"nonsense\r\n" + TWO,
    "an empty name": OK + b": a\r\n" + TWO,
    "a blank in a name": OK + b"X Y: a\r\n" + TWO,
    "an octet above 127 in a name": OK + b"X\xff: a\r\n" + TWO,
    "a NUL in a value": OK + b"X: a\0b\r\n" + TWO,
    "a control in a value": OK + b"X: a\x01b\r\n" + TWO,
    "a DEL in a value": OK + b"X: a\x7fb\r\n" + TWO,
    "a bare CR in a value": OK + b"X: a\rSet-Cookie: b\r\n" + TWO,
    "length and coding": OK + b"Content-Length: 2\r\n" + TE + CHUNKS,
    "coding and length": OK + TE + b"Content-Length: 2\r\n" + CHUNKS,
    "the same length twice": OK + b"Content-Length: 2\r\n" + TWO,
    "two lengths": OK + b"Content-Length: 0\r\n" + TWO,
    "a list of lengths": OK + b"Content-Length: 2, 2\r\n\r\nok",
    "a negative length": OK + b"Content-Length: -1\r\n\r\nok",
    "a length with a plus": OK + b"Content-Length: +2\r\n\r\nok",
    "an empty length": OK + b"Content-Length:\r\n\r\nok",
    "a hexadecimal length": OK + b"Content-Length: 0x2\r\n\r\nok",
    "a length of 19 digits": OK + b"Content-Length: 1000000000000000000\r\n\r\nok",
    "a length beyond 64 bits": OK + b"Content-Length: 18446744073709551618\r\n\r\nok",
    "an unknown coding": OK + b"Transfer-Encoding: xchunked\r\n" + CHUNKS,
    "gzip before chunked": OK + b"Transfer-Encoding: gzip, chunked\r\n" + CHUNKS,
    "chunked twice": OK + TE + TE + CHUNKS,
    "chunked and identity": OK + TE + b"Transfer-Encoding: identity\r\n" + CHUNKS,
    "an empty coding": OK + b"Transfer-Encoding:\r\n" + CHUNKS,
    "a coding in HTTP/1.0": b"HTTP/1.0 200 OK\r\n" + TE + CHUNKS,
    "a head of 70,000 octets": OK + b"X: " + b"a" * 70000 + b"\r\n" + TWO,
    "a thousand fields": OK + b"X: a\r\n" * 1000 + TWO,
    "a status line without end": b"HTTP/1.1 200 " + b"a" * 200000,
    "a head without end": OK + b"X: a\r\n" * 50000,
    "a 101 nobody asked for": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
    "a 101 to h2c": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
    "a bare 101": b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    "a coding in a 204": b"HTTP/1.1 204 No Content\r\n" + TE + CHUNKS,
    "a TLS alert": b"\x15\x03\x01\x00\x02\x02\x46\r\n\r\n",
    "nothing but empty lines": b"\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n",
}
ENDS = {
    "nothing": b"",
    "half a status line": b"HTTP/1.1 2",
    "half a head": OK + b"Content-Len",
    "a head without its empty line": OK + b"Content-Length: 2\r\n",
}


@pytest.mark.parametrize("raw", BAD.values(), ids=[k.replace(" ", "-") for k in BAD])
def test_it_is_a_502_and_the_workers_connection_is_closed(rig, raw):
    rig.mux.announce()
    closed = []

    def script(conn):
        conn.request()
        try:
            conn.send(raw)
        except OSError:
            pass
        conn.wait_closed()
        closed.append(conn.ended)

    rig.backend.script = script
    response = rig.ask("/p", "POST", body=b"x")
    assert response.status == 502 and response.get("server") == "comfymux"
    assert raw[:300] not in response.raw_head + response.body
    rig.backend.wait_over()
    assert closed, "the worker's connection stayed open"
    rig.serves()


@pytest.mark.parametrize("raw", ENDS.values(), ids=[k.replace(" ", "-") for k in ENDS])
@pytest.mark.parametrize("how", ["end", "reset"])
def test_a_worker_that_leaves_before_its_head_is_whole_is_a_502(rig, raw, how):
    rig.mux.announce()

    def script(conn):
        conn.request()
        conn.send_seen(raw)
        if how == "reset":
            conn.reset()

    rig.backend.script = script
    assert rig.ask("/p", "POST", body=b"x").status == 502
    rig.serves()


@pytest.mark.parametrize("raw", [b"HTTP/1.1 302 Found\r\nLocation: /\r\n", b"HTTP/1.1 404 \r\n", b"HTTP/1.1 404\r\n",
                                 b"HTTP/1.1 200 caf\xc3\xa9\r\n", b"HTTP/1.0 200 OK\r\n", OK + b"X_Y: 1\r\n",
                                 OK + b"X: caf\xe9\r\n", OK + b"X:\ta\t\r\n", OK + b"X-Empty:\r\n",
                                 OK + b"X: a\r\n" * 95, OK + b"X: " + b"a" * 50000 + b"\r\n"],
                         ids=["302", "no-reason", "no-blank", "utf8-reason", "1.0", "underscore", "latin1", "tabs",
                              "empty", "95-fields", "50k"])
def test_an_unusual_answer_that_is_right_passes(rig, raw):
    rig.backend.answer = raw + TWO
    response = rig.ask()
    assert response.body == b"ok" and response.status == int(raw[9:12])


def test_the_clients_connection_survives_a_502(rig):
    """Nothing of the bad answer went out, so the client's side is in order. It may be closed, but then it says so."""
    rig.mux.announce()
    rig.backend.answer = b"nonsense\r\n\r\n"
    client = rig.client()
    response = client.ask(method="POST", body=b"x")
    assert response.status == 502
    rig.backend.answer = make_response(b"after")
    if "close" in response.tokens("connection"):
        assert client.is_closed() == "eof"
    else:
        assert client.ask().body == b"after"


@pytest.mark.parametrize("body", [b"zz\r\nab\r\n0\r\n\r\n", b"2\r\nokXX0\r\n\r\n", b"10000000000000002\r\nok\r\n0\r\n\r\n",
                                  b"2\nok\r\n0\r\n\r\n", b"-2\r\nok\r\n0\r\n\r\n", b"2\r\nok\n0\r\n\r\n",
                                  b"2\r\nok\r\n0\r\nX : 1\r\n\r\n", b"\x80\r\n\r\n", b"2;" + b"e" * 400 + b"\r\nok\r\n0\r\n\r\n"],
                         ids=["letters", "no-crlf", "overflow", "lf", "minus", "lf-data", "trailer", "high", "extension"])
def test_bad_chunks_never_end_as_a_clean_answer(rig, body):
    """The head may have gone out: then the client sees a cut. If it had not, a 502."""
    rig.mux.announce()
    rig.backend.answer = OK + TE + b"\r\n" + body
    client = rig.client()
    try:
        assert client.ask(method="POST", body=b"x").status == 502
    except Cut:
        pass
    assert not bytes(client.received).endswith(b"0\r\n\r\n")
    rig.serves()
