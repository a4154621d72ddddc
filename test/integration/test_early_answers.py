"""A worker answers while the client still sends. Does nobody wait for the other for ever, and is nothing mixed up?"""
import hashlib
import threading

import pytest

from harness import ws
from harness.backend import answering
from harness.wire import Cut, chunked, make_request, make_response

pytestmark = pytest.mark.core
RIG = {"limits": {"buffer_body": "64k"}}
MB = 1 << 20


def size_for(io_mode):
    return 100 << 10 if io_mode == "shortio" else 8 * MB


def test_an_echo_flows_both_ways_at_once(rig, io_mode):
    """The worker sends back what it reads while it reads: neither side may be made to wait for the other's end."""
    size = size_for(io_mode)
    body = bytes(range(256)) * (size // 256)

    def script(conn):
        conn.request_head()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        left = size
        while left:
            part = conn.exactly(min(left, max(len(conn.buffer), 1)))
            conn.send(part)
            left -= len(part)
        conn.rest()

    rig.backend.script = script
    client = rig.client()
    sender = threading.Thread(target=client.sock.sendall, args=(
        make_request("/echo", "POST", [("Content-Length", str(size))]) + body,))
    sender.start()
    response = client.response()
    sender.join()
    assert hashlib.blake2b(response.body).digest() == hashlib.blake2b(body).digest()


def test_a_chunked_echo_flows_both_ways_at_once(rig, io_mode):
    size = size_for(io_mode)
    body = bytes(range(256)) * (size // 256)

    def script(conn):
        conn.request_head()
        conn.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while part := conn.chunk():
            conn.send(chunked(part, last=False))
        conn.until(b"\r\n")
        conn.send(b"0\r\n\r\n")
        conn.rest()

    rig.backend.script = script
    client = rig.client()
    sender = threading.Thread(target=client.sock.sendall, args=(
        make_request("/echo", "POST", [("Transfer-Encoding", "chunked")]) + chunked(body, 5000),))
    sender.start()
    response = client.response()
    sender.join()
    assert response.body == body


@pytest.mark.parametrize("ends", [False, True], ids=["stays", "closes"])
def test_an_answer_in_the_middle_of_an_upload_reaches_the_client(rig, ends):
    def script(conn):
        conn.request_head()
        conn.send(make_response(b"enough", 413, "Content Too Large"))
        if ends:
            return
        conn.rest()

    rig.mux.announce()
    rig.backend.script = script
    client = rig.client()
    client.send(make_request("/", "POST", [("Content-Length", str(2 * MB))]) + b"z" * 150000)
    response = client.response()
    assert (response.status, response.body) == (413, b"enough")
    assert "close" in response.tokens("connection") or client_can_go_on(client, 2 * MB - 150000)


def client_can_go_on(client, left):
    client.send(b"z" * left)
    return client.ask("/next").status == 200


def test_a_whole_answer_before_the_end_of_an_upload_does_not_stop_the_upload_halfway_unseen(rig):
    """The client goes on sending; whatever happens, its next request must not be answered with this one's rest."""
    def script(conn):
        conn.request_head()
        conn.send(make_response(b"early"))
        conn.rest()

    rig.mux.announce()
    rig.backend.script = script
    client = rig.client()
    client.send(make_request("/", "POST", [("Content-Length", "200000")]) + b"z" * 100000)
    response = client.response()
    assert response.body == b"early"
    rig.backend.forget()
    rig.backend.script = answering()
    try:
        client.send(b"z" * 100000 + make_request("/next"))
        after = client.response()
        assert after.status == 200 and after.body == b"ok"
    except (Cut, OSError):
        assert "close" in response.tokens("connection")


def test_a_worker_that_answers_and_resets_is_still_heard(rig):
    """The answer and the RST may come together; what came of the answer counts if it is whole."""
    def script(conn):
        conn.request()
        conn.send_seen(make_response(b"last words", fields=[("Connection", "close")]))
        conn.reset()

    rig.mux.announce()
    rig.backend.script = script
    for _ in range(10):
        assert rig.ask(method="POST", body=b"x").body == b"last words"


def test_a_tunnel_that_ends_at_once_delivers_everything(rig):
    """101, a frame and FIN in one go."""
    rig.backend.script = lambda conn: (conn.request(), conn.send(ws.switching() + b"goodbye" * 1000))
    for _ in range(10):
        client = rig.client()
        client.send(ws.upgrade_request())
        assert client.response().status == 101
        assert client.rest() == b"goodbye" * 1000


def test_a_client_that_sends_and_leaves_at_once_delivers_everything(rig):
    got = []

    def script(conn):
        conn.request()
        conn.send(ws.switching())
        got.append(conn.rest())

    rig.backend.script = script
    for _ in range(10):
        client = rig.client()
        ws.open_socket(client)
        client.send(b"bye" * 3000)
        client.close()
        rig.backend.wait_over()
    assert got == [b"bye" * 3000] * 10
