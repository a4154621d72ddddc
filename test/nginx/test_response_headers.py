"""Which header lines a client gets."""
from harness.backends import ok
from harness.case import Case, cases, get, on, raw, request

RICH = ok("rich", "Server: worker/1", "Date: Tue, 14 Nov 2023 22:13:20 GMT", "Content-Type: text/html; charset=utf-8",
          "X-Powered-By: python", "Set-Cookie: a=1", "Set-Cookie: b=2", "X-Accel-Expires: 30", "X-Pad: x",
          "Cache-Control: no-cache", "Expires: Tue, 14 Nov 2023 22:13:20 GMT", "Via: 1.1 worker", "ETag: \"abc\"",
          "Last-Modified: Tue, 14 Nov 2023 22:13:20 GMT", "Keep-Alive: timeout=9", "Vary: Accept", "x-lower: 1",
          "X-Empty:", "Connection: keep-alive", "Link: </a>; rel=preload")
STATUSES = ["200 OK", "201 Created", "202 Accepted", "203 Whatever", "204 No Content", "206 Partial Content",
            "301 Moved Permanently", "302 Found", "303 See Other", "304 Not Modified", "307 Temporary Redirect",
            "308 Permanent Redirect", "400 Bad Request", "401 Unauthorized", "403 Forbidden", "404 Not Found",
            "405 No", "413 Large", "422 Odd", "429 Slow", "500 Error", "502 Bad", "503 Busy", "504 Late", "599 Strange",
            "299 Own words", "200", "404 "]
FOLDERS = """plain add add/deeper cors hide ignore accel-pass expires/1h expires/off expires/max expires/epoch
expires/minus expires/modified tokens last-modified etag""".split()

CASES = [Case(get(f"/{folder}/"), answers=[RICH], note=f"{folder}: rich") for folder in FOLDERS]
CASES += [Case(get("/add/"), answers=[ok("" if status[:3] in ("204", "304") else "body", "Content-Type: text/plain",
                                         status=status, length=status[:3] not in ("204", "304"))],
               note=f"status {status}") for status in STATUSES]
CASES += [
    Case(request("OPTIONS", "/cors/", "Origin: http://a.test"), note="preflight"),
    Case(get("/cors/", "Origin: http://a.test"), answers=[ok("x", status="500 E")], note="cors with an error"),
    Case(get("/tokens-return/x")),
    Case(get("/location/")),
    Case(get("/nowhere")),
    Case(request("HEAD", "/nowhere")),
    Case(get("/files/index.html"), note="internal from outside"),
    Case(get("/plain/"), answers=[ok("", "X-Accel-Redirect: /files/index.html", "Content-Type: image/png",
                                     "Set-Cookie: kept=1", "X-Dropped: 1", "Cache-Control: private")],
         note="X-Accel-Redirect"),
    Case(get("/plain/"), answers=[ok("", "X-Accel-Redirect: /files/none.html")], note="X-Accel-Redirect to nothing"),
    Case(get("/plain/"), answers=[ok("", "X-Accel-Redirect: /files/none.html", "Content-Type: image/png")],
         note="X-Accel-Redirect to nothing, with a type"),
    Case(get("/plain/"), answers=[ok("", "X-Accel-Redirect: /add/x", "Content-Type: image/png"),
                                  ok("{}", "Content-Type: application/json")],
         note="X-Accel-Redirect to a worker, with a type"),
    Case(get("/plain/"), answers=[ok("", "X-Accel-Redirect: /add/x", "Content-Type: image/png"), ok("{}")],
         note="X-Accel-Redirect to a worker without a type"),
    Case(request("HEAD", "/plain/"), answers=[ok("", "X-Accel-Redirect: /files/index.html")],
         note="HEAD, X-Accel-Redirect"),
    Case(get("/ignore/"), answers=[ok("stays", "X-Accel-Redirect: /files/index.html")], note="ignored redirect"),
    Case(get("/plain/"), answers=[ok("x", "X-Accel-Charset: koi8-r", "Content-Type: text/html")], note="charset"),
    Case(get("/plain/"), answers=[b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"],
         note="chunked from the worker"),
    Case(get("/plain/", version="1.0"),
         answers=[b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"],
         note="chunked for 1.0"),
    Case(request("HEAD", "/plain/"), answers=[b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"], note="HEAD"),
    Case(get("/plain/"), answers=[b"HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 5\r\n\r\n"],
         note="304 with a length"),
    Case(get("/plain/", 'If-None-Match: "abc"'), answers=[RICH], note="If-None-Match"),
    Case(get("/plain/", "If-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT"), answers=[RICH], note="If-Modified-Since"),
    Case(get("/plain/", "If-Unmodified-Since: Tue, 14 Nov 2022 22:13:20 GMT", 'If-Match: "x"'), answers=[RICH], note="If-Match"),
    Case(get("/fields/"), answers=[RICH], note="fields: rich"),
    Case(get("/fields/"), answers=[ok("plain")], note="fields: plain"),
    Case(get("/fields-none/"), answers=[RICH], note="fields without a value"),
    Case(get("/fields-file/index.html")),
    Case(get("/fields-none-file/index.html")),
    Case(get("/expires/file/index.html")),
    Case(get("/expires/file/"), answers=[ok("", "X-Accel-Redirect: /fields-file/index.html", "Expires: 0", "Cache-Control: a",
                                            "Cache-Control: b", "Set-Cookie: a=b")], note="carried fields"),
    Case(get("/plain/"), answers=[b"HTTP/1.0 200\r\n\r\nrest"], note="no reason, no length"),
    Case(raw("GET /plain/ HTTP/1.1\nHost: a.test\nConnection: close\n\n"), note="the client wants an end"),
    Case(raw("GET /plain/ HTTP/1.0\nConnection: keep-alive\n\n"), note="1.0 that stays"),
    Case(raw("GET /plain/ HTTP/1.0\n\n"), note="1.0"),
    Case(get("/plain/"), answers=[ok("x", "Refresh: 5; url=http://workers/a", "Location: http://workers/a")],
         note="Refresh and Location"),
    Case(get("/plain/"), answers=[ok("x", "WWW-Authenticate: Basic realm=a", "WWW-Authenticate: Digest realm=b",
                                     status="401 Unauthorized")], note="two challenges"),
    Case(get("/plain/"), answers=[ok("x", "Content-Type: a/b", "Content-Type: c/d")], note="two content types"),
    Case(get("/plain/"), answers=[ok("x", "Upgrade: h2c", "Trailer: X", "Accept-Ranges: bytes",
                                     "Content-Disposition: attachment; filename=a")], note="others pass"),
    Case(get("/plain/", 'If-None-Match: "abc"', "If-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT"),
         answers=[ok("x", 'ETag: "abc"', "Last-Modified: Tue, 14 Nov 2023 22:13:20 GMT")],
         note="what the client has is the worker's to judge"),
    Case(get("/expires/1h/"), answers=[ok("x", status="404 Not Found")], note="expires with an error"),
    Case(get("/expires/1h/"), answers=[ok("x", "Cache-Control: public", "Cache-Control: immutable")],
         note="expires replaces"),
]


@cases("response_headers", CASES)
def test_headers(both, case):
    both.compare(case)


@on("response_headers")
def test_a_103_is_not_the_answer(both):
    """nginx 1.22.1 takes it for one; comfymux passes both on, as newer ones do with early_hints."""
    def tell(side):
        side.begin([b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok("x")])
        with side.connect() as client:
            answer = client.ask(get("/plain/"))
            return answer.interim, answer.status, answer.body

    assert tell(both.other) == ([[b"HTTP/1.1 103 Early Hints", b"Link: x"]], 200, b"x")
