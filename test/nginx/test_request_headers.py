"""Which header lines a worker gets."""
from harness.case import Case, cases, get, post, raw, request

BROWSER = ("User-Agent: Browser/1.0", "Accept: */*", "Accept-Encoding: gzip, deflate", "Cookie: sid=1; other=2",
           "Connection: keep-alive")
HOPS = ("Connection: close, X-Custom", "X-Custom: 1", "Keep-Alive: 300", "TE: trailers", "Upgrade: h2c",
        "Proxy-Connection: keep-alive", "Proxy-Authorization: Basic eDp5")
FORWARDED = ("X-Forwarded-For: 10.0.0.1", "X-Forwarded-For: 10.0.0.2, 10.0.0.3", "X-Real-IP: 10.0.0.4",
             "X-Forwarded-Proto: https")
SOCKET = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
FOLDERS = """inherit usual httphost proxyhost nohost remove replace eleven eleven-kept upgrade always-upgrade nobody
noheaders body length vars auth""".split()

CASES = []
for folder in FOLDERS:
    CASES += [Case(get(f"/{folder}/x", *BROWSER), note=f"{folder}: browser"),
              Case(get(f"/{folder}/x", *HOPS, *FORWARDED), note=f"{folder}: hops"),
              Case(post(f"/{folder}/x?a=1&b=2", "some text", "Content-Type: text/plain", host="COMFY.test:8188"),
                   note=f"{folder}: post")]
CASES += [
    Case(get("/usual/x", *SOCKET), note="usual: socket"),
    Case(get("/upgrade/x", *SOCKET), note="upgrade: socket refused"),
    Case(get("/always-upgrade/x", *SOCKET), note="always-upgrade: socket refused"),
    Case(get("/vars/x%20y?a=b%20c&sid=2", "Cookie: a=b; sid=abc", "X-Odd-Name: odd", "Content-Type: x/y"),
         note="vars"),
    Case(get("/vars/?A=upper", "Cookie: SID=upper"), note="vars: upper case"),
    Case(post("/body-var/", "short body"), note="body in a variable"),
    Case(post("/body-var/", "x" * 20000), note="long body in a variable"),
    Case(get("/eleven-kept/a"), get("/eleven-kept/b"), post("/eleven-kept/c", "body"), note="kept, three requests"),
    Case(get("/eleven-kept/a"), get("/eleven-kept/b"), fresh=True, note="kept, two clients"),
    Case(get("/usual/", "X-Empty:", "X-Blank:   ", "X-Trail: a  ", "X-Tab:\ta\t"), note="blanks around values"),
    Case(get("/usual/", "X-Case: 1", "x-case: 2", "X-CASE: 3"), note="repeated"),
    Case(get("/usual/", "with_underscore: 1", "X-Good: 2"), note="underscore is dropped"),
    Case(get("/usual/", "bad header: 1", "X-Good: 2"), note="blank in a name"),
    Case(get("/usual/", "b@d: 1", "X-Good: 2"), note="odd name"),
    Case(get("/usual/", "dots.in.it: 1", "good: 2", "a\"b/c: 3", "h\u00e9: 4", "nothing", "only_underscores", "_: 5"), note="more odd names"),
    Case(get("/", "dots.in.it: 1", "good: 2", "a\"b/c: 3", "h\u00e9: 4", "nothing", "only_underscores", "_: 5"), port=1, note="more odd names allowed"),
    Case(get("/", "with_underscore: 1", "b@d: 2", "X-Good: 3"), port=3, note="nothing is invalid, underscores neither"),
    Case(get("/usual/", "X-High: caf\u00e9"), note="high octets"),
    Case(get("/usual/", "Expect: 100-continue"), note="expect without a body"),
    Case(request("POST", "/usual/", "Expect: 100-continue", body="body"), note="expect"),
    Case(get("/usual/", "Content-Length: 0"), note="length zero"),
    Case(get("/usual/", "If-None-Match: \"x\"", "If-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT", "Range: bytes=0-1"),
         note="conditions pass"),
    Case(raw("POST /usual/ HTTP/1.1\nHost: a.test\nTransfer-Encoding: chunked\n\n4\nbody\n0\n\n"), note="chunked"),
    Case(raw("POST /eleven-kept/ HTTP/1.1\nHost: a.test\nTransfer-Encoding: chunked\n\n4;x=y\nbody\n3\nend\n0\nT: r\n\n"),
         note="chunked with extension and trailer"),
    Case(raw("GET /inherit/ HTTP/1.0\n\n"), note="1.0 without a name"),
    Case(raw("GET /usual/ HTTP/1.0\n\n"), note="usual, 1.0 without a name"),
    Case(raw("GET /usual/ HTTP/1.0\nHost: x.test\nConnection: keep-alive\n\n"), note="1.0 that stays"),
    Case(raw("GET http://abs.test:99/usual/ HTTP/1.1\nHost: x.test\n\n"), note="absolute form"),
    Case(get("/", "with_underscore: 1", "b@d: 2", "X-Good: 3"), port=1, note="all names allowed"),
    Case(get("/", "with_underscore: 1", "b@d: 2", "X-Good: 3"), port=2, note="odd names dropped"),
]


@cases("request_headers", CASES)
def test_headers(both, case):
    both.compare(case)


@cases("request_headers", [Case(get("/bind/"), note="bind")])
def test_bind(both, case):
    both.compare(case)
