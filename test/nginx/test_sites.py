"""Whole sites, written as people write them: each gets what a ComfyUI page asks for, and what the site is about."""
import base64

from harness.backends import Close, ok
from harness.case import Case, cases, get, post, raw, request

JSON = "Content-Type: application/json"
IMAGE = ok(b"\x89PNG" * 300, "Content-Type: image/png", "Cache-Control: no-cache", 'Content-Disposition: filename="a.png"')
PAGE = ok("<html>" + "page " * 200, "Content-Type: text/html; charset=utf-8", "Server: Python/3.12 aiohttp/3.9", 'ETag: "1-2"',
          "Last-Modified: Tue, 14 Nov 2023 22:13:20 GMT", "Accept-Ranges: bytes")
SOCKET = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
SECRET = "Authorization: Basic " + base64.b64encode(b"plain:secret").decode()


def page(*lines, **more):
    """What a page asks for. lines go with each request."""
    return [
        Case(get("/", "Accept: text/html", "Accept-Encoding: gzip, deflate, br", *lines), answers=[PAGE], note="the page", **more),
        Case(post("/prompt", '{"prompt":{}}', JSON, *lines), answers=[ok('{"prompt_id":"1"}', JSON)], note="a prompt", **more),
        Case(get("/view?filename=ComfyUI_00001_.png&subfolder=&type=output", *lines), answers=[IMAGE], note="a picture", **more),
        Case(get("/api/userdata/workflows%2Fmine.json", *lines), note="userdata", **more),
        Case(get("/queue", *lines), get("/history?max_items=64", *lines), get("/nope", *lines),
             answers=[ok("{}", JSON), ok("{}", JSON), ok("404: Not Found", status="404 Not Found")], note="three questions", **more),
        Case(get("/ws?clientId=abc", *SOCKET, *lines), answers=[ok("no", status="400 Bad Request")], note="a socket refused", **more),
        Case(post("/upload/image", "x" * 3000, "Content-Type: multipart/form-data; boundary=x", *lines), note="an upload", **more),
        Case(request("HEAD", "/view?filename=a.png", *lines), note="HEAD", **more),
        Case(get("/object_info", *lines, version="1.0"), answers=[ok("{}" * 400, JSON)], note="1.0", **more),
        Case(get("/old", *lines), answers=[ok("", "Location: /new", status="302 Found")], note="a redirect", **more),
        Case(get("/broken", *lines), answers=[Close()], errors="error", note="a worker breaks", **more),
    ]


SITES = {
    "site_minimal": page() + [Case(post("/upload/image", "x" * 2_000_000), note="a large upload")],
    "site_map": page(),
    "site_subpath": page() + [Case(get(f"{path}")) for path in (
        "/comfy", "/comfy/", "/comfy/view?x=%20y", "/comfy/api/userdata/workflows%2Fx.json", "/webui/", "/webui/sdapi/v1?x=y", "/webui/a%2Fb", "/other")]
    + [Case(get("/comfy/x"), answers=[ok("", "Location: /login", "Set-Cookie: a=b; Path=/", status="302 Found")], note="sub-path redirect")],
    "site_auth": page() + [Case(case.requests[0], answers=case.answers, note=f"in: {case.note}") for case in page(SECRET)[:4]]
    + [Case(get("/health"), logged=0), Case(get("/output/a.PNG")), Case(get("/system_stats"), source="127.0.7.7"), Case(get("/system_stats"), source="127.9.7.7")],
    "site_token": page()[:3] + [Case(get("/", "Authorization: Bearer secret-token")), Case(get("/?token=secret-token")), Case(get("/?token=wrong")),
                                Case(get("/", "Cookie: token=secret-token")), Case(get("/login"))],
    "site_pods": page() + [Case(*[get(f"/ws?clientId={i}") for i in range(12)], fresh=True, note="by client"),
                           Case(*[get("/view")] * 5, fresh=True, note="views"), Case(*[get("/")] * 6, fresh=True, source=[f"127.{i}.{i}.1" for i in range(1, 7)], note="by address"),
                           Case(get("/x"), answers=[ok(status="503 Busy"), ok(status="502 Bad"), ok("third")], note="two tries"), Case(get("/api/x%2Fy"))],
    "site_static": page() + [Case(get(path, "Accept-Encoding: gzip")) for path in (
        "/app.js", "/output/", "/output/ComfyUI_00001_.png", "/extensions/x/y.js", "/sub", "/.git/config", "/data.json", "/maintenance.html", "/object_info")],
    "site_tls": [Case(case.requests[0], answers=case.answers, note=case.note, tls={}) for case in page()[:9]]
    + [Case(get("/a?b", host="comfy.test"), port=1), Case(get("/.well-known/acme-challenge/x"), port=1), Case(get("/"), note="plain on the TLS port")],
    "site_guarded": [Case(case.requests[0], answers={"B1": list(case.answers)}, note=case.note) for case in page()[:4]]
    + [Case(get("/x"), answers={"B2": [ok(status="401 No"), ok("sign in", "Set-Cookie: csrf=1")]}, note="sign in"),
       Case(get("/x"), answers={"B2": [ok("", "X-Auth-Request-User: me", "Set-Cookie: sid=new", status="202 Accepted")]}, note="let in"),
       Case(get("/oauth2/start?rd=/"), note="start"), Case(get("/_auth"), note="not from outside"), Case(post("/prompt", "{}"), answers={"B2": [ok(status="403 No")]}, note="refused")],
    "site_limited": [Case(*[post("/prompt", "{}", JSON)] * 5, note="prompts", errors="error"), Case(get("/upload/image")), Case(post("/upload/image", "x" * 3000), errors="error"),
                     Case(post("/upload/image", "x" * 300)), Case(*[get("/queue")] * 3, note="others"), Case(get("/queue"), source="127.7.7.7", note="unlimited")],
    "site_vhosts": page() + [Case(get("/a?x=y", host=host)) for host in ("abc.pods.test", "ABC-1.pods.test", "a_b.pods.test", "www.comfy.test", "a1111.test", "nobody.test", "10.0.0.1")],
    "site_nested": page() + [Case(get(path)) for path in ("/api", "/api/x", "/api/v1/x", "/apix", "/app.js", "/api/app.js", "/api/v1/app.js")]
    + [Case(get("/favicon.ico"), logged=0)],
    "site_cache_words": page(),
    "site_lan": page() + [Case(*[get("/")] * 5, fresh=True, source=[f"127.{i * 9}.{i}.1" for i in range(1, 6)], note="by address")],
    "site_https_workers": page()[:9],
    "site_maintenance": page()[:3] + [Case(get(path), errors="error") for path in ("/json/x", "/api/x")]
    + [Case(get("/api/x"), answers=[ok("e", status=f"{status} S")], note=f"a worker's {status}") for status in (404, 500, 502, 503)]
    + [Case(post("/prompt", "x"), note="post")],
    "site_cdn": page() + [Case(get("/a?b", "X-Forwarded-Proto: http", "CF-Connecting-IP: 192.0.2.1")), Case(get("/a?b", "X-Forwarded-Proto: https", "CF-Connecting-IP: 192.0.2.1, 127.0.0.9")),
                          Case(get("/comfy"))],
    "site_cors": page("Origin: https://ui.comfy.test:8443")[:4] + [Case(request("OPTIONS", "/prompt", "Origin: https://comfy.test")), Case(request("OPTIONS", "/prompt", "Origin: https://evil.test")),
                                                                Case(get("/", "Origin: https://evil.test"), answers=[ok("x", "Access-Control-Allow-Origin: *")])],
    "site_streaming": page() + [Case(raw("POST /x HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\n3\nabc\n0\n\n"), note="chunked up"),
                                Case(get("/x"), answers=[b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"], note="chunked down"),
                                Case(post("/upload/x", "x" * 50000), note="upload")],
    "resolver": [Case(get("/named/x")), Case(get("/address/x"))],
    "site_gateway": page() + [Case(get(path)) for path in ("/ab/x", "/node/1", "/node/2/x%20y?a=b", "/node/4")]
    + [Case(*[get("/ab/", f"User-Agent: agent {i}") for i in range(12)], note="variants")],
}


@cases(SITES)
def test_site(both, case):
    both.compare(case)
