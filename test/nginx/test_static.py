"""Files: names, types, ranges, conditions, lists."""
import pytest

from harness.backends import ok
from harness.case import Case, cases, get, on, post, request
from harness.files import WHEN

TARGETS = """
/ /index.html /app.js /style.css /data.json /notes.txt /empty.txt /plain /odd.unknownsuffix /with%20space.txt /per%25cent.txt
/caf%C3%A9.txt /none /sub/ /sub /sub?x=y /sub/page.html /noindex/ /noindex /app.js/ /index.html/x /../etc/passwd /sub/../data.json
/alias/ /alias/page.html /alias/none /alias /alias-file /alias-file/x /alias-re/page.html /alias-re/none.html /root/x
/list /list/ /list/a.txt /list-exact/ /list-exact/dir/ /list-xml/ /list-xml/dir/ /list-json/ /list-json/none/ /list-json-index/
/try/data.json /try/none /try/sub /try/sub/ /tries/x /try404/x /try-named/x /try-args/x?y /try-html/about /try-html/about/
/try-html/none /noetag/data.json /types/data.json /types/odd.unknownsuffix /types/app.js /types/plain /notypes/data.json
/charset/data.json /charset/index.html /charset/notes.txt /charset/output/ComfyUI_00001_.png /direct/notes.txt /direct/empty.txt
/cached/notes.txt /cached/none /expires/data.json /expires-at/data.json /index-other/ /index-abs/ /not-found-off/none
/output/ComfyUI_00001_.png /gz/app.js /gz-always/app.js /gz/data.json /large.bin /data.json%00x /%2e%2e/x
""".split()
SINCE = "Tue, 14 Nov 2023 22:13:20 GMT"
BEFORE, AFTER = "Tue, 14 Nov 2023 22:13:19 GMT", "Wed, 15 Nov 2023 22:13:20 GMT"


def etag(size):
    return f'"{WHEN:x}-{size:x}"'


NOTES = etag(4000)
CONDITIONS = [
    [f"If-Modified-Since: {SINCE}"], [f"If-Modified-Since: {BEFORE}"], [f"If-Modified-Since: {AFTER}"],
    ["If-Modified-Since: nonsense"], [f"If-Unmodified-Since: {SINCE}"], [f"If-Unmodified-Since: {BEFORE}"],
    [f"If-None-Match: {NOTES}"], [f"If-None-Match: W/{NOTES}"], ["If-None-Match: *"], ['If-None-Match: "x"'],
    [f'If-None-Match: "x", {NOTES}'], [f"If-Match: {NOTES}"], ['If-Match: "x"'], ["If-Match: *"], [f"If-Match: W/{NOTES}"],
    [f"If-None-Match: {NOTES}", f"If-Modified-Since: {BEFORE}"], ['If-None-Match: "x"', f"If-Modified-Since: {SINCE}"],
]
RANGES = ["0-0", "0-9", "10-", "-10", "3990-5000", "4000-", "5000-6000", "0-3999", "-5000", "0-1,4-5", "0-1,2-3,10-19", "5-4",
          "a-b", "", "0-1,5000-", "-0", "0-1, 4-5", "0-,0-,0-"]

CASES = [Case(get(target)) for target in TARGETS]
CASES += [Case(get("/notes.txt", *lines), note=" ".join(lines)) for lines in CONDITIONS]
CASES += [Case(get("/notes.txt", f"Range: bytes={one}"), note=f"Range {one}") for one in RANGES]
CASES += [
    Case(get("/notes.txt", "Range: bytes=0-9", f"If-Range: {NOTES}")), Case(get("/notes.txt", "Range: bytes=0-9", 'If-Range: "x"')),
    Case(get("/notes.txt", "Range: bytes=0-9", f"If-Range: {SINCE}")), Case(get("/notes.txt", "Range: bytes=0-9", f"If-Range: {BEFORE}")),
    Case(get("/notes.txt", "Range: lines=0-9")), Case(get("/noranges/notes.txt", "Range: bytes=0-9")),
    Case(get("/oneranges/notes.txt", "Range: bytes=0-1,4-5")), Case(get("/oneranges/notes.txt", "Range: bytes=0-1")),
    Case(get("/large.bin", "Range: bytes=1000000-")), Case(request("HEAD", "/notes.txt", "Range: bytes=0-9")),
    Case(get("/ims-off/notes.txt", f"If-Modified-Since: {SINCE}")), Case(get("/ims-before/notes.txt", f"If-Modified-Since: {AFTER}")),
    Case(get("/ims-before/notes.txt", f"If-Modified-Since: {BEFORE}")), Case(get("/noetag/notes.txt", f"If-None-Match: {NOTES}")),
    Case(get("/gz/app.js", "Accept-Encoding: gzip")), Case(get("/gz/app.js", "Accept-Encoding: gzip;q=0")),
    Case(get("/gz/app.js", "Accept-Encoding: gzip", "Range: bytes=0-3")), Case(get("/gz/style.css", "Accept-Encoding: gzip")),
    Case(request("HEAD", "/")), Case(request("HEAD", "/list/")), Case(request("HEAD", "/none")),
    Case(request("HEAD", "/large.bin")),
    Case(post("/data.json", "x"), status=405), Case(request("PUT", "/data.json", body="x")), Case(request("DELETE", "/data.json")),
    Case(request("OPTIONS", "/data.json")), Case(post("/none", "x")), Case(post("/sub/", "x")), Case(post("/list/", "x")),
    Case(get("/data.json"), get("/style.css"), get("/none"), get("/sub/"), note="four on one connection"),
    Case(get("/data.json"), get("/large.bin"), get("/empty.txt"), pipelined=True, note="three at once"),
    Case(get("/large.bin", version="1.0")), Case(get("/list/", version="1.0")),
    Case(get("/none"), errors="error", note="a missing file is logged"),
    Case(get("/noindex/"), errors="error", note="a forbidden list is logged", status=403),
    Case(get("/not-found-off/none"), errors="error", note="a missing file is not logged"),
]

CASES += [Case(get(f"/charset/{path}")) for path in ("text", "moved", "none", "data.json", "app.js", "list/", "off/x", "large.bin")]
CASES += [Case(get("/charset/notes.txt", "Range: bytes=0-1,4-5")), Case(get("/charset/notes.txt", "Range: bytes=0-1"))]
CASES += [Case(get(f"/charset/{folder}/?charset=utf-8"), answers=[ok("x", f"Content-Type: {kind}", *more)], note=f"charset {folder} {kind} {len(more)}")
          for folder in ("worker", "over", "off") for more in ((), ("X-Accel-Charset: utf-8",), ("X-Accel-Charset: koi8-r",))
          for kind in ("text/html", "text/plain", "text/css", "Text/HTML; charset=latin1", 'text/html; a=b; charset="x"', "text/html;  Charset=y; z", "text/plain; a=b")]
CASES += [Case(get("/charset/over/?charset=x", "Accept-Encoding: gzip"), answers=[ok("x", "Content-Type: text/html")], note="charset and gzip"),
          Case(get("/charset/worker/"), answers=[ok("x")], note="charset without a type"),
          Case(get("/charset/worker/"), answers=[ok("x", "Content-Type: text/html", status="302 Moved")], note="charset of a redirect"),
          Case(get("/charset/worker/"), answers=[ok("x", "Content-Type: text/css; charset=a", status="404 None")], note="charset of an error")]


@cases("static", CASES)
def test_file(both, case):
    both.compare(case)


@pytest.mark.parametrize("kind", ["html", "json"])
@on("static")
def test_a_list_escapes_names(both, kind):
    path = "/list/" if kind == "html" else "/list-json/"

    def body(side):
        side.begin()
        with side.connect() as client:
            return client.ask(get(path)).body

    assert b"b<&>.txt" not in both.same(body) or kind == "json"
