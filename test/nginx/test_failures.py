"""Workers that refuse, break, hang, or answer nonsense."""
from harness.backends import Close, Hang, Reset, ok
from harness.case import Case, cases, get, post, request

E500, E503, E404 = (ok("e", status=s) for s in ("500 Internal", "503 Busy", "404 None"))
GARBAGE = Close(b"what is this\r\n\r\n")
CUT = Close(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
LOGGED = "error warn"

CASES = [
    Case(get("/dead/"), errors=LOGGED, status=502),
    Case(get("/dead/"), get("/dead/"), errors=LOGGED, note="dead twice: one server is never left out"),
    Case(request("HEAD", "/dead/"), errors=LOGGED),
    Case(post("/dead/", "x"), errors=LOGGED),
    Case(get("/direct-dead/?a=b"), errors=LOGGED),
    Case(get("/all-dead/"), get("/all-dead/"), errors=LOGGED, note="all dead, then no live upstreams"),
    Case(*[get("/dead-first/")] * 4, fresh=True, errors=LOGGED, note="dead first"),
    Case(post("/dead-first/", "x"), post("/dead-first/", "y"), errors=LOGGED, note="post, dead first"),
    Case(get("/two/"), answers=[Close(), ok("second")], errors=LOGGED, note="closed without an answer"),
    Case(get("/two/"), answers=[Reset(), ok("second")], note="reset without an answer"),
    Case(post("/two/", "x"), answers=[Close(), ok("second")], errors=LOGGED, note="post is not sent again"),
    Case(request("PUT", "/two/", body="x"), answers=[Close(), ok("second")], note="put is sent again"),
    Case(request("DELETE", "/two/"), answers=[Close(), ok("second")], note="delete is sent again"),
    Case(request("PATCH", "/two/", body="x"), answers=[Close(), ok("second")], note="patch is not sent again"),
    Case(request("LOCK", "/two/"), answers=[Close(), ok("second")], note="lock is not sent again"),
    Case(get("/two/"), answers=[Close(), Close()], errors=LOGGED, note="both close", status=502),
    Case(get("/two/"), get("/two/x"), answers=[Close(), Close()], errors=LOGGED, note="both close, then both serve"),
    Case(get("/two/"), answers=[CUT], errors=LOGGED, note="cut in the body"),
    Case(get("/two/"), answers=[Close(b"HTTP/1.1 200 OK\r\nContent-Le")], errors=LOGGED, note="cut in the head"),
    Case(get("/two/"), answers=[Close(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab")], errors=LOGGED,
         note="cut in a chunk"),
    Case(get("/two/"), answers=[Close(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab")], errors=LOGGED,
         note="no chunk"),
    Case(get("/two/"), answers=[E500], note="500 passes"),
    Case(get("/two/"), answers=[E503], note="503 passes"),
    Case(get("/off/"), answers=[Close(), ok("second")], errors=LOGGED, note="next off", status=502),
    Case(get("/off/"), get("/off/"), note="next off, served"),
    *[Case(get("/statuses/"), answers=[ok("first", status=status), ok("second")], errors=LOGGED, note=f"next: {status}")
      for status in ("500 a", "502 b", "503 c", "504 d", "403 e", "404 f", "429 g", "501 h", "400 i")],
    Case(get("/statuses/"), answers=[E500, E503], errors=LOGGED, note="the last one's answer", status=503),
    Case(get("/statuses/"), answers=[E500, E404], errors=LOGGED, note="the last one's 404", status=404),
    Case(post("/statuses/", "x"), answers=[E503, ok("second")], errors=LOGGED, note="post with 503"),
    Case(post("/non-idempotent/", "x"), answers=[E503, ok("second")], errors=LOGGED, note="post with 503, allowed"),
    Case(post("/non-idempotent/", "x"), answers=[Close(), ok("second")], errors=LOGGED, note="post again, allowed"),
    Case(get("/tries/"), answers=[E500, E500, ok("third")], errors=LOGGED, note="two tries"),
    Case(get("/three/"), answers=[Close(), Close(), ok("third")], errors=LOGGED, note="three tries"),
    Case(get("/seconds/"), answers=[E500, E500, ok("third")], errors=LOGGED, note="within the time"),
    Case(get("/late/"), answers=[Hang(), ok("second")], errors=LOGGED, note="silent, then the next"),
    Case(get("/late/"), answers=[Hang(), Hang()], errors=LOGGED, note="both silent", status=504),
    Case(get("/late-off/"), answers=[Hang(), ok("second")], errors=LOGGED, note="silent, no next", status=504),
    Case(post("/late-post/", "x"), answers=[Hang()], errors=LOGGED, note="post, silent", status=504),
    Case(get("/late/"), answers=[Hang(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab")], errors=LOGGED,
         note="silent in the body"),
    Case(get("/late/"), answers=[Hang(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")], errors=LOGGED,
         note="silent behind the head"),
    Case(get("/late/"), answers=[Hang(b"HTTP/1.1 200 OK\r\nConten"), ok("second")], errors=LOGGED,
         note="silent in the head"),
    # nginx leaves the client waiting after such an answer, unless it was asked to close.
    Case(get("/garbage/", "Connection: close"), answers=[Close(b"HTTP/1.1 abc\r\n\r\n"), ok("second")], errors=LOGGED, note="odd status line"),
    Case(get("/garbage/"), answers=[Close(b"HTTP/1.1 200 OK\r\nbad\x00head: x\r\n\r\n"), ok("second")], errors=LOGGED,
         note="NUL in a head"),
    Case(get("/garbage/"), answers=[Close(b"HTTP/1.1 200 OK\r\nno colon\r\n\r\nbody"), ok("second")], errors=LOGGED,
         note="no colon"),
    Case(get("/garbage/"), answers=[Close(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
                                    ok("second")], errors=LOGGED, note="two lengths"),
    Case(get("/garbage/"), answers=[Close(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nabc"), ok("second")],
         errors=LOGGED, note="odd length"),
    Case(get("/garbage/"), answers=[Close(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nabc"), ok("second")],
         errors=LOGGED, note="more than promised"),
    Case(get("/garbage/"), answers=[Close(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
                                          b"3\r\nabc\r\n0\r\n\r\n")], errors=LOGGED, note="length and chunked"),
    Case(get("/garbage/"), answers=[Close(b"HTTP/1.1 200 OK\nContent-Length: 3\n\nabc")], errors=LOGGED,
         note="bare line feeds"),
    Case(get("/garbage/"), answers=[Close(b"HTTP/1.0 200 OK\r\n\r\nuntil the end")], errors=LOGGED, note="1.0 until the end"),
    Case(get("/garbage/"), answers=[Close(b"HTTP/1.1 200\r\n\r\nuntil the end")], errors=LOGGED, note="no reason"),
    Case(get("/garbage/"), answers=[Close(b"HTTP/1.1 200 OK\r\nfolded: a\r\n b\r\n\r\nx")], errors=LOGGED, note="folded"),
    Case(get("/garbage/", "Connection: close"), answers=[GARBAGE], errors=LOGGED, note="no HTTP"),
    Case(get("/garbage/", version="1.0"), answers=[Close(b"HTTP/1.1 200 OK\r\n\r\nuntil")], note="until the end for 1.0"),
    Case(get("/big-head/"), answers=[ok("x", f"X-Long: {'y' * 2000}")], errors=LOGGED, note="a head too large", status=502),
    Case(get("/big-head/"), answers=[ok("x", f"X-Long: {'y' * 600}")], errors=LOGGED, note="a head that fits"),
    Case(get("/intercept/"), answers=[Close()], errors=LOGGED, note="own page for a broken worker"),
    Case(get("/stream/"), answers=[Close(), ok("second")], note="unbuffered get is sent again"),
    Case(request("PUT", "/stream/", body="x"), answers=[Close(), ok("second")], errors=LOGGED,
         note="unbuffered put is not"),
    *[Case(get("/two/"), answers=[ok("", f"X-Accel-Redirect: {uri}")], errors="error", note=f"led to {uri}")
      for uri in ("..", "../x", "/a/..", "/a/../b", "/a/.%2e/b", "/a%2f%2E%2e?b", "/a/b?/../", "?a=b")],
    Case(get("/backed/"), answers={"B1": [Close()]}, errors=LOGGED, note="backup helps"),
]
# Each changes what the servers remember: their order matters.
MEMORY = [
    Case(*[get("/forgets/")] * 6, answers={"B2": [Close()]}, fresh=True, errors=LOGGED, note="one failure is enough for B2"),
    Case(*[get("/forgets/")] * 3, answers={"B1": [Close()]}, fresh=True, errors=LOGGED, note="one is not for B1"),
    Case(*[get("/forgets/")] * 3, answers={"B1": [Close(), Close()]}, fresh=True, errors=LOGGED, note="two are"),
    Case(*[get("/forgets-status/")] * 4, answers={"B1": [E503]}, fresh=True, errors=LOGGED, note="a status that counts"),
    Case(*[get("/forgets-status/")] * 3, fresh=True, errors=LOGGED, note="and is remembered"),
    Case(get("/kept/a"), get("/kept/b"), answers=[ok("a"), Close()], errors=LOGGED, note="a kept connection dies"),
    Case(*[get(f"/kept-pair/{i}") for i in range(5)], answers={"B5": [None, Close()]}, errors=LOGGED,
         note="of two kept connections one dies, and its server is left alone"),
    Case(*[post(f"/kept-once/{i}", "x") for i in range(5)], answers={"B5": [None, Close()]}, errors=LOGGED,
         note="a post on a kept connection that dies is not sent again"),
    Case(*[get(f"/kept-tries/{i}") for i in range(6)], answers={"B4": [None, Close()], "B5": [None, Reset()]},
         note="a try on a kept connection that dies does not count"),
    Case(*[get("/cut/")] * 4, answers={"B5": [CUT, ok("whole")]}, fresh=True, note="a cut in the body is no failure"),
    Case(*[get("/cut-late/")] * 4, answers={"B6": [Hang(CUT.octets[:-4])]}, fresh=True, note="nor is silence in the body"),
    Case(get("/left/"), get("/left/"), get("/left/"), answers={"B5": [ok("x"), E503, ok("x", status="403 No")]},
         errors="error", note="502 when nobody is left to ask instead", status=502),
    Case(post("/kept-two/a", "x"), post("/kept-two/b", "y"), answers=[ok("a"), ok("b")], errors=LOGGED,
         note="kept, two posts"),
]


@cases("failures", CASES + MEMORY)
def test_failure(both, case):
    both.compare(case)
