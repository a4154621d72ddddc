"""What is compressed, and for whom."""
import gzip

from harness.backends import ok
from harness.case import Case, cases, get, raw, request

TEXT = "a text that is long enough to be worth the work. " * 40
ACCEPTS = ["gzip", "gzip, deflate, br", "deflate", "*", "gzip;q=0", "gzip;q=0.0", "gzip;q=0.5", "identity, gzip;q=1",
           "gzip ;q=1", "x-gzip", "GZIP", "gzip;q=0.001", "br;q=1, gzip;q=x", "gzipped"]
ZIP = "Accept-Encoding: gzip"


def plain(*lines, text=TEXT, kind="text/plain", **more):
    return [ok(text, f"Content-Type: {kind}", *lines, **more)]


CASES = [Case(get("/", f"Accept-Encoding: {accept}"), answers=plain(), note=f"accepts {accept}") for accept in ACCEPTS]
CASES += [Case(get("/", ZIP), answers=plain(kind=kind), note=f"type {kind}") for kind in
          ("text/html", "text/html; charset=utf-8", "application/json", "TEXT/PLAIN", "image/png", "image/svg+xml", "",
           "text/plainer", "text/css;charset=x")]
CASES += [Case(get("/", ZIP), answers=plain(status=status), note=f"status {status}") for status in
          ("200 OK", "201 Created", "403 No", "404 No", "500 No", "206 Part", "301 There")]
CASES += [Case(get(f"/{folder}/", ZIP), answers=plain(), note=folder) for folder in
          ("off", "vary", "level", "level1", "any", "version", "disable", "buffering-off")]
CASES += [
    Case(get("/vary/"), answers=plain(), note="vary, not asked for"),
    Case(get("/vary/", ZIP), answers=plain(kind="image/png"), note="vary, another type"),
    Case(get("/vary/", ZIP), answers=plain("Vary: Accept-Encoding"), note="vary, twice"),
    Case(get("/any/", ZIP), answers=plain(kind="image/png"), note="any, a picture"),
    Case(get("/", ZIP), answers=plain(text="short"), note="short"),
    Case(get("/", ZIP), answers=plain(text="x" * 19), note="one too short"),
    Case(get("/", ZIP), answers=plain(text="x" * 20), note="just long enough"),
    Case(get("/", ZIP), answers=plain('ETag: "abc"', "Last-Modified: Tue, 14 Nov 2023 22:13:20 GMT", "Accept-Ranges: bytes"),
         note="ETag becomes weak"),
    Case(get("/", ZIP), answers=plain('ETag: W/"abc"'), note="a weak ETag stays"),
    Case(get("/", ZIP), answers=plain('ETag: abc'), note="an odd ETag"),
    Case(get("/", ZIP), answers=plain("Content-Encoding: br"), note="encoded already"),
    Case(get("/", ZIP), answers=plain("Content-Encoding: identity"), note="identity"),
    Case(get("/", ZIP), answers=plain("Cache-Control: no-transform"), note="no-transform"),
    Case(get("/", ZIP), answers=plain("Transfer-Encoding: chunked", text="5\r\nabcde\r\n0\r\n\r\n", length=False),
         note="chunked, short"),
    Case(get("/", ZIP), answers=plain("Transfer-Encoding: chunked", text=f"{len(TEXT):x}\r\n{TEXT}\r\n0\r\n\r\n", length=False),
         note="chunked"),
    Case(request("HEAD", "/", ZIP), answers=[ok(b"", "Content-Type: text/plain", "Content-Length: 5000", length=False)],
         note="HEAD"),
    Case(raw("GET / HTTP/1.0\nAccept-Encoding: gzip\n\n"), answers=plain(), note="1.0"),
    Case(raw("GET /version/ HTTP/1.0\nAccept-Encoding: gzip\n\n"), answers=plain(), note="1.0, allowed"),
    Case(get("/disable/", ZIP, "User-Agent: OldBrowser/2.0"), answers=plain(), note="disabled agent"),
    Case(get("/disable/", ZIP, "User-Agent: OldBrowser/4.0"), answers=plain(), note="enabled agent"),
    Case(get("/disable/", ZIP, "User-Agent: Mozilla/4.0 (compatible; MSIE 6.0; X)"), answers=plain(), note="msie6"),
    Case(get("/disable/", ZIP, "User-Agent: Mozilla/4.0 (compatible; MSIE 6.0; SV1)"), answers=plain(), note="msie6 SV1"),
    Case(get("/", ZIP), answers=plain(text=TEXT * 50), note="long"),
    Case(get("/files/notes.txt", ZIP)), Case(get("/files/app.js", ZIP)), Case(get("/files/data.json", ZIP)),
    Case(get("/files/notes.txt", ZIP, "Range: bytes=0-99")), Case(get("/static/app.js", ZIP)), Case(get("/static/app.js")),
    Case(get("/static/notes.txt", ZIP)), Case(get("/return/", ZIP)), Case(get("/files/none", ZIP)),
    Case(get("/files/notes.txt", ZIP), get("/files/app.js"), get("/return/", ZIP), note="three on one connection"),
]
PACKED = [ok(gzip.compress(TEXT.encode(), mtime=0), "Content-Type: text/plain", "Content-Encoding: gzip", 'ETag: "abc"')]
CASES += [Case(get("/memory/", ZIP), answers=plain(), note="little memory"),
          Case(get("/gunzip/", ZIP), answers=PACKED, note="packed, and wanted so"), Case(get("/gunzip/"), answers=PACKED, note="packed, not wanted"),
          Case(request("HEAD", "/gunzip/"), answers=[ok(b"", "Content-Encoding: gzip", "Content-Length: 55", length=False)], note="packed, HEAD")]
VIA = "Via: 1.1 cache"
PROXIED = [("plain", ()), ("expired", ("Expires: Thu, 01 Jan 1970 00:00:01 GMT",)), ("no-cache", ("Cache-Control: no-cache",)),
           ("no-store", ("Cache-Control: no-store",)), ("private", ("Cache-Control: private",)),
           ("public", ("Cache-Control: public", 'ETag: "x"', "Last-Modified: Tue, 14 Nov 2023 22:13:20 GMT")),
           ("modified", ("Last-Modified: Tue, 14 Nov 2023 22:13:20 GMT",))]
CASES += [Case(get(f"/proxied/{folder}/", ZIP, VIA), answers=plain(*lines), note=f"by a proxy, {folder}: {name}")
          for folder in ("off", "any", "some") for name, lines in PROXIED]
CASES += [Case(get("/proxied/some/", ZIP, VIA, "Authorization: Basic eDp5"),
               answers=plain('ETag: "x"', "Last-Modified: Tue, 14 Nov 2023 22:13:20 GMT"), note="by a proxy, auth")]


@cases("gzip", CASES)
def test_gzip(both, case):
    both.compare(case)
