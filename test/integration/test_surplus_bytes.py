"""Do bytes behind an answer, or between two answers, ever reach the next client?"""
import pytest

from harness.backend import answering
from harness.wait import wait_until
from harness.wire import chunked, make_request, make_response

pytestmark = pytest.mark.core
RIG = {"limits": {"buffer_body": "64k"}}
EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL"


@pytest.mark.parametrize("first", [make_response(b"ok"), make_response(b"ok", framing="chunked"),
                                   b"HTTP/1.1 204 No Content\r\n\r\n", b"HTTP/1.1 304 Not Modified\r\n\r\n"],
                         ids=["length", "chunked", "204", "304"])
@pytest.mark.parametrize("surplus", [EVIL, b"x", b"\r\n"], ids=["an-answer", "a-byte", "an-empty-line"])
def test_bytes_behind_an_answer_reach_nobody(rig, first, surplus):
    rig.mux.announce()
    closed = []

    def script(conn):
        conn.request()
        conn.send(first + surplus)
        conn.wait_closed()
        closed.append(bytes(conn.received))

    rig.backend.script = script
    client = rig.client()
    assert client.ask("/first").status in (200, 204, 304)
    rig.backend.wait_over()
    assert closed[0].count(b"HTTP/1.1") == 1, "the connection with surplus bytes was used again"
    rig.backend.script = answering(make_response(b"good"))
    assert client.ask("/second").body == b"good"
    assert rig.ask("/third").body == b"good"


def test_bytes_between_two_answers_reach_nobody(rig):
    """They come when the connection is idle, in the pool."""
    rig.mux.announce()

    def script(conn):
        conn.request()
        conn.send(make_response(b"first"))
        if conn.number == 0:
            wait_until(lambda: client_done, "the client has its answer")
            conn.send(EVIL)
            conn.wait_closed()
        else:
            conn.rest()

    client_done = []
    rig.backend.script = script
    client = rig.client()
    assert client.ask("/1").body == b"first"
    client_done.append(True)
    rig.backend.connections[0].over.wait(10)
    rig.backend.script = answering(make_response(b"second"))
    assert client.ask("/2").body == b"second"


def test_an_answer_before_the_question_is_not_believed(rig):
    """A worker that answers before it was asked anything: the connection cannot be trusted."""
    rig.mux.announce()

    def script(conn):
        conn.send(EVIL)
        conn.request()
        conn.send(make_response(b"good"))
        conn.rest()

    rig.backend.script = script
    response = rig.ask(method="POST", body=b"x")
    rig.backend.script = answering(make_response(b"after"))
    if response.status == 200:
        return  # it came when the question was on its way already: nobody can tell that it is no answer to it
    assert response.status == 502
    assert rig.ask("/2").body in (b"after", b"still here")


def test_pipelined_requests_never_share_a_dirty_connection(rig):
    rig.mux.announce()
    rig.backend.script = lambda conn: (conn.request(), conn.send(make_response(b"one") + EVIL), conn.wait_closed())
    client = rig.client()
    client.send(b"".join(make_request(f"/{i}") for i in range(5)))
    for _ in range(5):
        assert client.response().body == b"one"
    assert len(rig.backend.connections) == 5


def test_an_early_answer_to_an_unfinished_upload_ends_the_workers_connection(rig):
    """The rest of the body must not be read as the next request there."""
    leftovers = []

    def script(conn):
        conn.request_head()
        conn.send(make_response(b"enough", 413, "Content Too Large"))
        leftovers.append(conn.wait_closed())

    rig.backend.script = script
    client = rig.client()
    smuggled = make_request("/smuggled")
    body = b"z" * (200 << 10) + smuggled
    client.send(make_request("/upload/image", "POST", [("Content-Length", str(len(body)))]) + body[:150 << 10])
    response = client.response()
    assert response.status == 413 and response.body == b"enough"
    rig.backend.wait_over()
    rig.serves()
    assert "/smuggled" not in rig.backend.paths()


def test_a_chunked_answer_that_goes_on_behind_its_end_reaches_nobody(rig):
    rig.mux.announce()
    rig.backend.script = lambda conn: (
        conn.request(), conn.send(make_response(b"ok", framing="chunked") + chunked(b"EVIL")), conn.wait_closed())
    client = rig.client()
    assert client.ask().body == b"ok"
    rig.backend.wait_over()
    rig.serves()
    assert b"EVIL" not in bytes(client.received)
