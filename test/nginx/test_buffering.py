"""Who waits for whom: slow clients, slow workers, temporary files."""
import pytest

from harness import wait
from harness.backends import Steps, ok
from harness.case import Case, cases, get, on, post, raw, request

FOLDERS = ["usual", "off", "small", "no-file", "some-file", "temp-path", "sizes"]
CASES = [Case(get(f"/{folder}/"), answers=[ok(b"0123456789abcdef" * (size // 16))], note=f"{folder} {size}")
         for folder in FOLDERS for size in (0, 4096, 100_000, 1_000_000)]
CASES += [Case(get("/accel/"), answers=[ok("x", f"X-Accel-Buffering: {word}")], note=f"X-Accel-Buffering {word}") for word in ("no", "yes")]
CASES += [Case(get("/sizes/", "Range: bytes=2-4"), answers=[ok("0123456789")], note="forced ranges"),
          *[Case(get("/sizes/", f"Range: bytes={text}"), answers=[ok("0123456789", "Accept-Ranges: none", "ETag: \"e\"")], note=f"forced {text}")
            for text in ("5-", "-3", "0-0,3-4", "7-100", "10-20", "x", "0-9", "0-8")],
          Case(request("HEAD", "/sizes/", "Range: bytes=2-4"), answers=[b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"], note="forced, HEAD"),
          Case(get("/sizes/", "Range: bytes=2-4", 'If-Range: "e"'), answers=[ok("0123456789", "ETag: \"e\"")], note="forced, If-Range"),
          Case(get("/sizes/", "Range: bytes=2-4", 'If-Range: "f"'), answers=[ok("0123456789", "ETag: \"e\"")], note="forced, another If-Range"),
          Case(get("/sizes/", "Range: bytes=2-4"), answers=[ok("0123456789", status="206 Own words")], note="forced, a part already"),
          Case(get("/sizes/", "Range: bytes=2-4"), answers=[b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n0\r\n\r\n"], note="forced, no length"),
          Case(get("/sizes/", "Range: bytes=65000-199999"), get("/sizes/", "Range: bytes=-1"), answers=[ok(b"0123456789abcdef" * 15_000)] * 2, note="forced, much"),
          Case(get("/usual/", "Range: bytes=2-4"), answers=[ok("0123456789")], note="no ranges"),
          Case(get("/usual/", "Range: bytes=2-4"), answers=[ok("0123456789", "Accept-Ranges: bytes")], note="ranges of the worker's"),
          Case(get("/usual/"), get("/off/"), get("/small/"), answers=[ok("x" * 50000)] * 3, pipelined=True, note="three at once")]
CASES += [Case(post(f"/{folder}/", "x" * size), note=f"up {folder} {size}") for folder in ("usual", "stream", "stream10") for size in (10, 100_000)]
CASES += [Case(raw(f"POST /{folder}/ HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\n5\nabcde\n3\nfgh\n0\n\n"), note=f"up {folder} chunked")
          for folder in ("usual", "stream", "stream10")]


@cases("buffering", CASES)
def test_sizes(both, case):
    both.compare(case)


@pytest.mark.parametrize("path", ["/off/", "/usual/"])
@on("buffering")
def test_the_first_piece_comes_at_once(both, path):
    """Unbuffered, a client has the first piece before the worker sends the second."""
    def tell(side):
        steps = Steps(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc", b"def")
        side.begin([steps])
        with side.connect() as client:
            client.send(get(path))
            side.pair.backends.wait_seen(1)
            if path == "/off/":
                first = client.reader.until(b"abc")
                steps.go()
                return first.endswith(b"abc"), client.reader.exactly(3)
            steps.go()
            return client.response().body

    both.same(tell)


@pytest.mark.parametrize("path", ["/usual/", "/small/", "/some-file/"])
@on("buffering")
def test_a_worker_is_free_before_a_slow_client_has_read(both, path):
    """The client reads nothing; the worker gets its whole answer off all the same, if a file may hold it."""
    body = b"0123456789abcdef" * (40_000 if path != "/some-file/" else 6_000)

    def tell(side):
        steps = Steps(ok(body))
        side.begin([steps])
        with side.connect() as client:
            client.send(get(path))
            steps.wait_sent()
            answer = client.response()
            return answer.status, answer.body == body

    assert both.same(tell) == (200, True)


@on("buffering")
def test_a_request_is_sent_on_when_it_is_whole(both):
    def tell(side):
        side.begin()
        with side.connect() as client:
            client.send(raw("POST /usual/ HTTP/1.1\nHost: a\nContent-Length: 6\n\nabc"))
            before = len(side.script.seen)
            client.send(b"def")
            answer = client.response()
            return before, answer.status, [request.body for _, request in side.script.seen]

    both.same(tell)


@on("buffering")
def test_an_unbuffered_request_is_sent_on_at_once(both):
    def tell(side):
        heard = []
        side.begin()
        with side.connect() as client:
            known = dict(side.pair.backends.numbers)
            client.send(raw("POST /stream/ HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\n3\nabc\n"))
            wait.wait_until(lambda: side.pair.backends.numbers != known, "the worker is asked")
            client.send(raw("3\ndef\n0\n\n"))
            answer = client.response()
            heard = [(request.framing, request.body) for _, request in side.script.seen]
            return answer.status, heard

    both.same(tell)
