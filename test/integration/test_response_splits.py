"""Does a worker's answer mean the same wherever the network cuts it in two?"""
import threading

import pytest

from harness.wire import Cut, make_request

pytestmark = [pytest.mark.core, pytest.mark.seconds(90)]

GOOD = {
    "a-length": b"HTTP/1.1 200 OK\r\nX-A: one\r\nContent-Length: 11\r\n\r\nhello world",
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6;x=y\r\nhello \r\n5\r\nworld\r\n0\r\nT: 1\r\n\r\n",
    "an-interim-answer": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world",
    "no-body": b"HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n",
    "an-end-by-close": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello world",
    "no-reason": b"HTTP/1.1 200\r\nContent-Length: 11\r\n\r\nhello world",
}
BAD = {
    "no-status-line": b"hello\r\n\r\n",
    "both-framings": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "a-bare-lf": b"HTTP/1.1 200 OK\nContent-Length: 3\r\n\r\nabc",
    "a-folded-field": b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n",
}


def serve_cut(raw, state):
    """A script that answers each request with raw, cut at state["at"]."""
    def script(conn):
        while conn.request() is not None:
            at = state["at"]
            try:
                conn.send_seen(raw[:at])
                conn.send(raw[at:])
            except OSError:
                return
            if b"Connection: close" in raw or state.get("once"):
                return

    return script


@pytest.mark.parametrize("name", GOOD)
def test_an_answer_cut_anywhere_arrives_the_same(rig, name):
    raw = GOOD[name]
    state = {"at": len(raw)}
    rig.backend.script = serve_cut(raw, state)

    def ask():
        with rig.client() as client:
            r = client.ask()
            fields = [f for f in r.fields if f[0].lower() not in ("date",)]
            return r.status, fields, r.body, [i.status for i in r.interim]

    wanted = ask()
    assert wanted[0] in (200, 304) and wanted[2] in (b"hello world", b"")
    for at in range(1, len(raw)):
        state["at"] = at
        assert ask() == wanted, f"cut at {at}"


@pytest.mark.parametrize("name", BAD)
def test_a_bad_answer_cut_anywhere_is_a_502(rig, name):
    rig.mux.announce()
    raw = BAD[name]
    state = {"at": len(raw), "once": True}
    rig.backend.script = serve_cut(raw, state)
    for at in range(1, len(raw)):
        state["at"] = at
        with rig.client() as client:
            assert client.ask(method="POST", body=b"x").status == 502, f"cut at {at}"
        if at % 50 == 0:
            rig.serves()  # a good answer in between: the worker is not taken out
            rig.backend.forget()
    rig.serves()


def test_an_answer_byte_by_byte_arrives_the_same(rig):
    raw = GOOD["chunks"]

    def script(conn):
        conn.request()
        for i in range(len(raw)):
            conn.send_seen(raw[i:i + 1])
        conn.rest()

    rig.backend.script = script
    assert rig.ask().body == b"hello world"


def test_the_first_part_of_an_answer_does_not_wait_for_the_second(rig):
    """A progress stream is worth nothing when it arrives at the end."""
    go = threading.Event()

    def script(conn):
        conn.request()
        conn.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        go.wait(10)
        conn.send(b"6\r\nsecond\r\n0\r\n\r\n")
        conn.rest()

    rig.backend.script = script
    client = rig.client()
    client.send(make_request())
    client.response_head()
    first = b""
    while first != b"first":
        first += client.chunk()
    go.set()
    second = b""
    while part := client.chunk():
        second += part
    assert second == b"second"


@pytest.mark.parametrize("name", ["a-length", "chunks"])
def test_an_answer_that_ends_anywhere_too_early_is_seen_as_cut(rig, name):
    rig.mux.announce()
    raw = GOOD[name]
    state = {"at": len(raw)}

    def script(conn):
        conn.request()
        conn.send(raw[:state["at"]])

    rig.backend.script = script
    head = raw.index(b"\r\n\r\n") + 4
    for at in range(1, len(raw)):
        state["at"] = at
        with rig.client() as client:
            if at < head:
                assert client.ask(method="POST", body=b"x").status == 502, f"ended at {at}"
            else:
                with pytest.raises(Cut):
                    client.ask()
        if at % 50 == 0:
            rig.serves()
            rig.backend.forget()
    rig.serves()
