"""Do bodies of any size pass whole, in bounded memory, however slow the other side is?

TEST_BODY_MB sets the size (300); 10000 shows the 10 GB of the requirements.
"""
import hashlib
import os
import threading

import pytest

from harness import conf, sockdiag, tls
from harness.sockdiag import kernel_buffers
from harness.wait import wait_until
from harness.wire import chunked, make_request, make_response

pytestmark = [pytest.mark.core, pytest.mark.seconds(int(os.environ.get("TEST_BODY_MB", "300")) // 10 + 60)]

MB = 1 << 20
BOUND = 64 * MB
PIECE = bytes(range(256)) * 4096  # 1 MiB


def size_for(io_mode):
    """One byte per system call: a smaller one tells the same."""
    return MB // 4 if io_mode == "shortio" else int(os.environ.get("TEST_BODY_MB", "300")) * MB


def pieces(size):
    while size > 0:
        yield PIECE[:min(size, len(PIECE))]
        size -= len(PIECE)


def digest_of(size):
    digest = hashlib.blake2b()
    for piece in pieces(size):
        digest.update(piece)
    return digest.digest()


def read_digest(reader, size):
    """Reads size bytes without keeping them."""
    digest, left = hashlib.blake2b(), size
    while left:
        part = reader.exactly(min(left, max(len(reader.buffer), 1)))
        reader.received.clear()
        digest.update(part)
        left -= len(part)
    return digest.digest()


def sender(size, framing="length"):
    def script(conn):
        conn.request()
        if framing == "length":
            conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
            for piece in pieces(size):
                conn.send(piece)
        elif framing == "chunked":
            conn.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for piece in pieces(size):
                conn.send(chunked(piece, last=False))
            conn.send(b"0\r\n\r\n")
        conn.rest()

    return script


def receiver(size, digests):
    def script(conn):
        conn.request_head()
        digests.append(read_digest(conn, size))
        conn.send(make_response(b"thanks"))
        conn.rest()

    return script


def grown(mux, before):
    return mux.memory("VmHWM") - before


def test_a_large_download_arrives_whole_in_little_memory(start, backend, io_mode):
    size = size_for(io_mode)
    backend.script = sender(size)
    mux = start(conf.config([backend]))
    before = mux.memory()
    client = mux.client()
    client.send(make_request("/view?filename=big.png"))
    assert client.response_head().get("content-length") == str(size)
    assert read_digest(client, size) == digest_of(size)
    assert grown(mux, before) < BOUND


def test_a_large_upload_arrives_whole_in_little_memory(start, backend, io_mode):
    size = size_for(io_mode)
    digests = []
    backend.script = receiver(size, digests)
    mux = start(conf.config([backend], limits={"body_bytes": 0}))
    before = mux.memory()
    client = mux.client()
    client.send(make_request("/upload/image", "POST", [("Content-Length", str(size))]))
    for piece in pieces(size):
        client.send(piece)
    assert client.response().body == b"thanks"
    assert digests == [digest_of(size)]
    assert grown(mux, before) < BOUND


def test_a_large_chunked_download_arrives_whole(start, backend, io_mode):
    size = size_for(io_mode) // 6
    backend.script = sender(size, "chunked")
    mux = start(conf.config([backend]))
    before = mux.memory()
    client = mux.client()
    client.send(make_request())
    response = client.response()
    assert hashlib.blake2b(response.body).digest() == digest_of(size)
    assert grown(mux, before) < BOUND


def test_a_large_chunked_upload_arrives_whole(start, backend, io_mode):
    size = size_for(io_mode) // 6
    backend.answer = lambda request: make_response(hashlib.blake2b(request.body).hexdigest().encode())
    mux = start(conf.config([backend]))
    before = mux.memory()
    client = mux.client()
    client.send(make_request("/", "POST", [("Transfer-Encoding", "chunked")]))
    for piece in pieces(size):
        client.send(chunked(piece, 100000, last=False))
    client.send(b"0\r\n\r\n")
    assert client.response().body == digest_of(size).hex().encode()
    assert grown(mux, before) < BOUND


@pytest.mark.parametrize("direction", ["down", "up"])
def test_under_tls_too(start, backend, io_mode, direction):
    size = size_for(io_mode) // 6
    digests = []
    backend.script = sender(size) if direction == "down" else receiver(size, digests)
    mux = start(conf.config([backend], servers=[
        {"listen": ["127.0.0.1:0"], "tls": tls.settings("comfy.test"), "locations": [{"path": "/", "pool": "pool"}]}]))
    before = mux.memory()
    client = mux.client(tls=tls.context(), name="comfy.test")
    if direction == "down":
        client.send(make_request())
        client.response_head()
        digests.append(read_digest(client, size))
    else:
        client.send(make_request("/", "POST", [("Content-Length", str(size))]))
        for piece in pieces(size):
            client.send(piece)
        assert client.response().body == b"thanks"
    assert digests == [digest_of(size)]
    assert grown(mux, before) < BOUND


def test_a_slow_reader_does_not_make_the_proxy_pile_up_the_answer(start, backend, io_mode):
    if io_mode == "shortio":
        size = MB
    else:
        size = 200 * MB
    sent = [0]

    def script(conn):
        conn.request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for piece in pieces(size):
            conn.send(piece)
            sent[0] += len(piece)
        conn.rest()

    backend.script = script
    mux = start(conf.config([backend], timeouts={"send": 20, "read": 20}))
    before = mux.memory()
    client = mux.client(buffers=65536)
    client.send(make_request())
    client.response_head()
    client.exactly(1000)
    steady = [-1, 0]

    def stopped():
        """The worker cannot send any more, seen twice in a row."""
        steady[1] = steady[1] + 1 if steady[0] == sent[0] else 0
        steady[0] = sent[0]
        return steady[1] > 6

    wait_until(stopped, "backpressure")
    if io_mode != "shortio":
        assert sent[0] < kernel_buffers() + 4 * MB, f"{sent[0]} bytes were taken from the worker for a client that had read 1000"
    assert grown(mux, before) < 16 * MB


def test_a_slow_worker_does_not_make_the_proxy_pile_up_the_upload(start, backend):
    go = threading.Event()

    def script(conn):
        conn.request_head()
        go.wait(20)

    backend.script = script
    mux = start(conf.config([backend], timeouts={"body": 20, "send": 20, "read": 20}))
    mux.announce()
    before = mux.memory()
    client = mux.client()
    client.send(make_request("/", "POST", [("Content-Length", str(500 * MB))]))
    client.sock.settimeout(0.3)
    sent = 0
    try:
        while sent < 300 * MB:
            sent += client.sock.send(PIECE)
    except TimeoutError:
        pass
    used = mux.memory() - before
    go.set()
    assert sent < kernel_buffers() + 4 * MB, f"{sent} bytes were taken for a worker that reads nothing"
    assert used < 16 * MB


def test_transfers_that_break_off_leave_no_pipes_behind(start, backend, io_mode):
    """A few pipes are kept for the next transfer, but their number does not grow."""
    if io_mode == "shortio":
        size = 50000
    else:
        size = 64 * MB

    def script(conn):
        while conn.request() is not None:
            conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
            for piece in pieces(size):
                conn.send(piece)

    backend.script = script
    mux = start(conf.config([backend]))

    def pipes():
        return sockdiag.socket_inodes(mux.pid)[1].get("pipe", 0)

    def round_of_breaks():
        clients = [mux.client() for _ in range(12)]
        for client in clients:
            client.send(make_request())
        for client in clients:
            client.exactly(20000)
            client.reset()
        wait_until(lambda: mux.open_connections() == 0, "all have gone")
        return pipes()

    first = round_of_breaks()
    assert [round_of_breaks() for _ in range(4)][-1] <= first + 4


def test_many_transfers_at_once_do_not_mix(start, backend, io_mode):
    size = 50000 if io_mode == "shortio" else 8 * MB
    backend.answer = lambda request: make_response((request.target[1:].encode() * size)[:size])
    mux = start(conf.config([backend]))
    failures = []

    def one(letter):
        try:
            with mux.client() as client:
                for _ in range(2):
                    assert client.ask(f"/{letter}").body == letter.encode() * size
        except BaseException as err:  # pylint: disable=broad-except
            failures.append(err)

    threads = [threading.Thread(target=one, args=(letter,)) for letter in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[0]
