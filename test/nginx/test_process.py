"""What is said about the process, and its logs."""
from harness.backends import ok
from harness.case import Case, cases, get, on, request

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
CASES = [
    Case(get("/"), answers=[CHUNKED], note="a trailer"), Case(get("/"), answers=[ok("x")], note="a trailer and a length"),
    Case(get("/"), answers=[ok("x", status="404 None")], note="a trailer and an error"), Case(get("/", version="1.0"), answers=[CHUNKED], note="no trailer in 1.0"),
    Case(get("/"), answers=[ok("")], note="a trailer of nothing"), Case(request("HEAD", "/"), answers=[ok("")], note="no trailer of HEAD"),
    Case(get("/"), answers=[ok("", status="304 Not Modified", length=False)], note="no trailer of 304"),
    Case(get("/"), get("/"), answers=[CHUNKED, ok("x" * 300_000)], note="trailers, and kept"),
    Case(get("/trailer-text")), Case(get("/trailer-empty")), Case(get("/trailer-file/data.json", "Range: bytes=0-3")),
    Case(get("/trailer-file/app.js", "Accept-Encoding: gzip")), Case(get("/trailer-file/data.json", version="1.0")),
    Case(get("/trailer-file/data.json")), Case(get("/trailer-file/none")),
    Case(get("/logged/"), answers={"B2": [ok()]}, logged=2, note="a subrequest is logged"),
    Case(get("/logged/"), answers={"B2": [ok(status="403 N")]}, logged=2, note="a subrequest is logged, refused"),
    Case(get("/quiet/none"), errors="error", note="a log for nothing"), Case(get("/loud/none"), errors="error", note="a log of its own"),
]


@cases("process", CASES)
def test_process(both, case):
    both.compare(case)


@on("process")
def test_a_log_with_a_level_of_its_own(both):
    """Only what is as grave as its level."""
    def tell(side):
        side.begin()
        with side.connect() as client:
            client.ask(get("/loud/none"))
        return (side.server.folder / "errors-only.log").read_text().count("open()")

    both.same(tell)
