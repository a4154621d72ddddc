"""What clients may send, and how connections go on."""
import pytest

from harness.backends import ok
from harness.case import Case, cases, get, on, post, raw, request

BAD = {
    "no Host": "GET / HTTP/1.1\n\n", "two Hosts": "GET / HTTP/1.1\nHost: a\nHost: a\n\n", "blank in Host": "GET / HTTP/1.1\nHost: a b\n\n",
    "slash in Host": "GET / HTTP/1.1\nHost: a/b\n\n", "odd port": "GET / HTTP/1.1\nHost: a:x\n\n", "dots in Host": "GET / HTTP/1.1\nHost: a..b\n\n",
    "length and chunked": "POST / HTTP/1.1\nHost: a\nContent-Length: 3\nTransfer-Encoding: chunked\n\n0\n\n",
    "two lengths": "POST / HTTP/1.1\nHost: a\nContent-Length: 3\nContent-Length: 3\n\nabc",
    "odd length": "POST / HTTP/1.1\nHost: a\nContent-Length: 3x\n\nabc", "negative length": "POST / HTTP/1.1\nHost: a\nContent-Length: -3\n\n",
    "long length": "POST / HTTP/1.1\nHost: a\nContent-Length: 99999999999999999999\n\n",
    "chunked in 1.0": "POST / HTTP/1.0\nHost: a\nTransfer-Encoding: chunked\n\n0\n\n",
    "gzip coding": "POST / HTTP/1.1\nHost: a\nTransfer-Encoding: gzip\n\n", "two codings": "POST / HTTP/1.1\nHost: a\nTransfer-Encoding: gzip, chunked\n\n0\n\n",
    "identity": "POST / HTTP/1.1\nHost: a\nTransfer-Encoding: identity\n\n", "folded": "GET / HTTP/1.1\nHost: a\nX: 1\n 2\n\n",
    "blank before the colon": "GET / HTTP/1.1\nHost: a\nX : 1\n\n", "no colon": "GET / HTTP/1.1\nHost: a\nnothing\n\n",
    "1.2": "GET / HTTP/1.2\nHost: a\n\n", "2.0": "GET / HTTP/2.0\nHost: a\n\n", "0.9": "GET /\n", "1.10": "GET / HTTP/1.10\nHost: a\n\n",
    "HTP": "GET / HTP/1.1\nHost: a\n\n", "http in lower case": "GET / http/1.1\nHost: a\n\n", "1": "GET / HTTP/1\nHost: a\n\n",
    "TRACE": "TRACE / HTTP/1.1\nHost: a\n\n", "CONNECT": "CONNECT a:80 HTTP/1.1\nHost: a\n\n", "no slash": "GET x HTTP/1.1\nHost: a\n\n",
    "two blanks": "GET  /  HTTP/1.1\nHost: a\n\n", "a blank in front": " GET / HTTP/1.1\nHost: a\n\n", "empty lines first": "\n\nGET / HTTP/1.1\nHost: a\n\n",
    "odd method": "G<T / HTTP/1.1\nHost: a\n\n", "method with a dash": "M-SEARCH / HTTP/1.1\nHost: a\n\n", "NUL": "GET / HTTP/1.1\nHost: a\nX: a\0b\n\n",
    "control in the target": "GET /\x01 HTTP/1.1\nHost: a\n\n", "HTTP/1.0 bare": "GET / HTTP/1.0\n\n", "a name with underscore": "GET / HTTP/1.1\nHost: a_b\n\n",
    "PRI": "PRI * HTTP/2.0\n\nSM\n\n", "ftp": "GET ftp://a/ HTTP/1.1\nHost: a\n\n", "user in the target": "GET http://u@a/ HTTP/1.1\nHost: a\n\n",
    "bad chunk": "POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\nxyz\n", "empty header name": "GET / HTTP/1.1\nHost: a\n: x\n\n",
}
CASES = [Case(raw(text), note=name, errors="error") for name, text in BAD.items()]
CASES += [
    Case(b"GET / HTTP/1.1\nHost: a\n\n", note="bare line feeds"), Case(b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", note="a bare CR"),
    Case(get("/" + "x" * 3000), note="a long line", errors="info error"), Case(get("/", "X: " + "y" * 3000), note="a long field", errors="info error"),
    Case(get("/", *(f"X-{i}: {'y' * 900}" for i in range(6))), note="many fields", errors="info error"),
    Case(get("/return/", *(f"X-{i}: y" for i in range(100))), note="a hundred fields"),
    Case(post("/", "x" * 1024), note="as large as allowed"), Case(post("/", "x" * 1025), note="too large", errors="error"),
    Case(raw("POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\n401\n" + "x" * 1025 + "\n0\n\n"), note="chunked and too large", errors="error"),
    Case(raw("POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\n400\n" + "x" * 1024 + "\n0\n\n"), note="chunked, as large as allowed"),
    Case(raw("POST / HTTP/1.1\nHost: a\nContent-Length: 5000\nExpect: 100-continue\n\n"), note="too large, expecting"),
    Case(request("POST", "/", "Expect: 100-continue", body="x"), note="expecting"), Case(request("POST", "/", "Expect: nonsense", body="x"), note="expecting nonsense"),
    Case(post("/return/", "x" * 5000), note="a return does not read", errors="error"),
    *[Case(post(f"/{folder}/", "x" * size), note=f"{folder} {size}") for folder in ("large", "unlimited", "file", "single", "streamed", "post-action")
      for size in (0, 100, 30000, 200000)],
    *[Case(raw(f"POST /{folder}/ HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\n3\nabc\n2000\n" + "x" * 8192 + "\n0\n\n"), note=f"{folder} chunked")
      for folder in ("large", "unlimited", "file", "streamed")],
    Case(get("/never/"), note="never kept"), Case(get("/twice/"), get("/twice/"), note="kept for two"), Case(get("/"), get("/twice/"), get("/"), note="counted together"),
    Case(get("/no-header/"), note="without a Keep-Alive field"), Case(get("/", "Connection: keep-alive"), note="with a Keep-Alive field"),
    Case(get("/", "Connection: Close"), note="Close"), Case(get("/", "Connection: close, x"), note="close and more"), Case(get("/", "Connection: x"), note="another word"),
    Case(raw("GET / HTTP/1.0\nHost: a\nConnection: keep-alive\n\n"), raw("GET / HTTP/1.0\nHost: a\n\n"), note="1.0 kept, then not"),
    Case(get("/", "User-Agent: MSIE 6.0", "Connection: keep-alive"), post("/", "x", "User-Agent: Mozilla/4.0 (MSIE 6.0)"), note="an old browser"),
    Case(get("/chunked-off/"), answers=[b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"], note="no chunks"),
    Case(get("/a"), get("/b"), get("/c"), pipelined=True, note="three at once"), Case(post("/a", "x"), get("/b"), post("/c", "yz"), pipelined=True, note="posts at once"),
    Case(get("/return/"), get("/never/"), get("/return/"), pipelined=True, note="what follows a last request"),
    Case(get("/"), raw("BAD\n\n"), note="a bad one after a good one"), Case(post("/linger-off/", "x" * 2000), note="no lingering"), Case(get("/linger-always/")),
    Case(get("http://A.test:80/absolute/x")), Case(get("HTTP://a.test/absolute/x")), Case(get("https://a.test/absolute/")),
    Case(get("/"), port=2), Case(get("/absolute/", host="a.test."), note="a dot at the end"), Case(get("/absolute/", host="[::1]:80")), Case(get("/absolute/", host="A.TEST:1")),
    Case(raw("POST /body-late/ HTTP/1.1\nHost: a\nContent-Length: 10\n\nabc"), note="a body that does not come", errors="info"),
    Case(raw("GET / HTTP/1.1\nHost: a\n"), port=1, note="a head that does not come", errors="info"), Case(b"", port=1, note="nothing comes", errors="info"),
    Case(get("/", "Accept: a"), get("/", "Accept: b"), port=1, note="two in time"),
]


def post_one(path, agent):
    return post(path, "x", agent)


SAFARI = "User-Agent: Mozilla/5.0 (Macintosh; Intel Mac OS X 10_6_8) AppleWebKit/533 (KHTML, like Gecko) Version/5.1 Safari/533"
MSIE = "User-Agent: Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)"
OTHERS = ("User-Agent: Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1)", "User-Agent: Mozilla/4.0 (compatible; MSIE 7.0)", "User-Agent: MSIE 5.",
          "User-Agent: MSIE 5.5", "User-Agent: Mozilla/4.0 (compatible; MSIE 6.0; Windows 98) Opera 8.0", "User-Agent: Opera Safari/1 Mac OS X",
          "User-Agent: Safari/1 (Mac OS X)", "User-Agent: Safari/1 Chrome/2 (Mac OS X)", "User-Agent: Safari/1 (Windows)", "User-Agent: Gecko/1 Safari/1 (Mac OS X)")
BROWSERS = [Case(ask(path, agent), note=f"{path} {agent[12:25]} {ask.__name__}") for path in ("/", "/none/", "/msie6/")
            for agent in (SAFARI, MSIE, "User-Agent: other") for ask in (get, post_one)]
BROWSERS += [Case(post_one("/msie6/", agent), note=agent[12:]) for agent in OTHERS]


@cases({"client_limits": CASES, "keepalive_disable": BROWSERS})
def test_client(both, case):
    both.compare(case)


@pytest.mark.parametrize("size", [1, 7])
@on("client_limits")
def test_a_request_in_pieces(both, size):
    octets = request("POST", "/large/x?y", "X-Long: " + "z" * 200, body="a body in pieces")

    def tell(side):
        side.begin()
        with side.connect() as client:
            for i in range(0, len(octets), size):
                client.send(octets[i:i + size])
            answer = client.response()
        return answer.lines[0], answer.body, [request.body for _, request in side.script.seen]

    both.same(tell)


@on("client_limits")
def test_a_kept_connection_ends_in_time(both):
    def tell(side):
        side.begin([ok()])
        with side.connect(1) as client:
            first = client.ask(get("/"))
            return first.end, client.reader.rest(), client.reader.was_reset, client.reader.late

    assert both.same(tell) == ("kept", b"", False, False)
