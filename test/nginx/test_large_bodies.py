"""Bodies that no socket holds: where they wait, who is free meanwhile, and what is left when somebody goes."""
import gzip
import hashlib
import os
import pathlib
import random
import socket

import pytest

from harness import wait
from harness.backends import Reset, Steps, ok
from harness.case import on, raw

SIZE = 20 << 20
BODY = random.Random(1).randbytes(SIZE)  # nothing makes it smaller
DIGEST = hashlib.sha256(BODY).hexdigest()


def beyond_the_kernel():
    """Octets that do not fit into the kernel between a worker and a client that reads nothing: the worker's and the
    server's unsent ones, and what the server has not read."""
    def most(name):
        return int(pathlib.Path(f"/proc/sys/net/ipv4/{name}").read_text().split()[2])

    return 2 * most("tcp_wmem") + most("tcp_rmem") + (8 << 20)


def descriptors(side):
    folder = pathlib.Path(f"/proc/{side.server.process.pid}/fd")
    found = []
    for entry in folder.iterdir():
        try:
            found.append(os.readlink(entry))
        except FileNotFoundError:
            pass
    return found


def files(side):
    """Temporary files that are open."""
    return [name for name in descriptors(side) if name.endswith("(deleted)") or "/proxy/" in name or "/body/" in name]


def get(path):
    return raw(f"GET {path} HTTP/1.1\nHost: a\nAccept-Encoding: gzip\n\n")


def upload(path, body, method="POST"):
    return raw(f"{method} {path} HTTP/1.1\nHost: a\nContent-Length: {len(body)}\n\n") + body


def response(client):
    """As client.response(), but quick with much: status, whether it was whole, body."""
    head = client.reader.until(b"\r\n\r\n")
    got = bytearray(client.reader.take(len(client.reader.held)))
    lines = head.lower().split(b"\r\n")
    length = [int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:")]
    while (len(got) < length[0]) if length else not got.endswith(b"\r\n0\r\n\r\n"):
        more = client.sock.recv(1 << 20)
        if not more:
            return int(head.split()[1]), False, bytes(got)
        got += more
    if not length:
        got, wire, at = bytearray(), bytes(got), 0
        while size := int(wire[at:(end := wire.index(b"\r\n", at))], 16):
            got += wire[end + 2:end + 2 + size]
            at = end + size + 4
    body = gzip.decompress(bytes(got)) if b"content-encoding: gzip" in lines else bytes(got)
    return int(head.split()[1]), True, body


def digest(octets):
    return hashlib.sha256(octets).hexdigest()


@pytest.mark.parametrize("path", ["/", "/packed/", "/rate/"])
@on("large_bodies")
def test_the_worker_is_free_while_the_client_has_read_nothing(both, path):
    def tell(side):
        steps = Steps(ok(BODY), closes=False)
        side.begin([steps, ok("next")])
        with side.connect() as slow, side.connect() as other:
            slow.send(get(path))
            steps.wait_sent()
            wait.wait_until(lambda: files(side), "a temporary file")
            # The very connection serves the next client.
            steps.go()
            answer = other.ask(get("/next"))
            status, is_whole, body = response(slow)
            wait.wait_until(lambda: not files(side), "no temporary file is left")
            return answer.status, status, is_whole, digest(body) == DIGEST

    assert both.same(tell) == (200, 200, True, True)


@on("large_bodies")
def test_without_a_file_the_worker_waits(both):
    body = bytes(beyond_the_kernel())

    def tell(side):
        steps = Steps(ok(body))
        side.begin([steps, ok(body)])
        with side.connect() as slow, side.connect() as quick:
            slow.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 18)
            slow.send(get("/memory/"))
            side.pair.backends.wait_seen(1)
            # All of it goes through the server once, beside the other.
            quick.send(get("/memory/"))
            _, is_whole, _ = response(quick)
            could_send, seen = steps.sent.acquire(blocking=False), files(side)
            _, _, got = response(slow)
            return is_whole, could_send, seen, got == body

    assert both.same(tell) == (True, False, [], True)


@on("large_bodies")
def test_a_client_that_leaves_leaves_nothing(both):
    def tell(side):
        steps = Steps(ok(BODY))
        before = len(descriptors(side))
        side.begin([steps])
        with side.connect() as slow:
            slow.send(get("/"))
            steps.wait_sent()
            wait.wait_until(lambda: files(side), "a temporary file")
        wait.wait_until(lambda: len(descriptors(side)) <= before, "all is closed")
        folder = side.server.folder / "proxy"
        return [str(path) for path in folder.rglob("*") if path.is_file()]

    assert both.same(tell) == []


@on("large_bodies")
def test_a_large_upload_waits_in_a_file(both):
    def tell(side):
        side.begin()
        with side.connect() as client:
            client.send(upload("/", BODY)[:-1])
            wait.wait_until(lambda: files(side), "a temporary file")
            before = len(side.script.seen)
            client.send(BODY[-1:])
            answer = client.response()
            wait.wait_until(lambda: not files(side), "no temporary file is left")
            seen = [(request.get("content-length"), digest(request.body) == DIGEST) for _, request in side.script.seen]
            return before, answer.status, seen

    assert both.same(tell) == (0, 200, [(str(SIZE), True)])


@on("large_bodies")
def test_an_upload_that_is_broken_off_leaves_nothing(both):
    def tell(side):
        before = len(descriptors(side))
        side.begin()
        with side.connect() as client:
            client.send(upload("/", BODY)[:SIZE // 2])
            wait.wait_until(lambda: files(side), "a temporary file")
        wait.wait_until(lambda: len(descriptors(side)) <= before, "all is closed")
        folder = side.server.folder / "body"
        return len(side.script.seen), [str(path) for path in folder.rglob("*") if path.is_file()]

    assert both.same(tell) == (0, [])


@pytest.mark.parametrize("size", [10, 1 << 20])
@on("large_bodies")
def test_another_worker_gets_the_same_body(both, size):
    def tell(side):
        side.begin([Reset(), ok("second")])
        with side.connect() as client:
            answer = client.ask(upload("/retry/", BODY[:size]))
            return answer.status, answer.body, [digest(request.body) == digest(BODY[:size]) for _, request in side.script.seen]

    assert both.same(tell) == (200, b"second", [True, True])


@pytest.mark.parametrize("size", [5, 100_000])
@pytest.mark.parametrize("path", ["/clean/", "/kept/"])
@on("large_bodies")
def test_the_worker_is_told_the_file(both, path, size):
    def tell(side):
        body = BODY[:size]
        hold = Steps(b"", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        side.begin([hold])
        with side.connect() as client:
            client.send(upload(path, body))
            side.pair.backends.wait_seen(1)
            _, request = side.script.seen[0]
            name = pathlib.Path(request.get("x-file"))
            there = name.read_bytes() == body
            hold.go()
            answer = client.response()
            if path == "/clean/":
                wait.wait_until(lambda: not name.exists(), "the file is gone")
            parts = name.relative_to(side.server.folder).parts
            assert path == "/clean/" or parts[-2] == parts[-1][-2:], parts
            return there, answer.status, name.exists(), len(parts), len(name.name), request.body == body

    assert both.same(tell) == (True, 200, path == "/kept/", 3 if path == "/kept/" else 2, 10, True)


@pytest.mark.parametrize("octets", [
    upload("/small/", BODY[:100_000]), upload("/small/", BODY[:102_401]),
    raw("POST /small/ HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\n") + b"18000\r\n" + BODY[:0x18000] + b"\r\n0\r\n\r\n",
    raw("POST /small/ HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\n") + b"19001\r\n" + BODY[:0x19001] + b"\r\n0\r\n\r\n",
], ids=["length", "too long", "chunked", "too many chunks"])
@on("large_bodies")
def test_a_body_has_its_limit(both, octets):
    def tell(side):
        side.begin()
        with side.connect() as client:
            answer = client.ask(octets)
            wait.wait_until(lambda: not files(side), "no temporary file is left")
            return answer.status, answer.end, [(len(request.body), request.framing) for _, request in side.script.seen]

    both.same(tell)
