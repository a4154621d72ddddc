"""Connections to workers that are used again."""
from harness.backends import Close, ok
from harness.case import Case, cases, get, post, request

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
CLOSES = Close(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
UNTIL_THE_END = Close(b"HTTP/1.1 200 OK\r\n\r\nuntil the end")
CASES = [
    Case(*[get("/one/")] * 4, note="one: on one client's connection"), Case(*[get("/one/")] * 4, fresh=True, note="one: many clients"),
    Case(*[get("/two/")] * 5, note="two: for two requests each"), Case(*[get("/several/")] * 6, note="several: in turn"),
    Case(*[get("/never/")] * 3, note="never"), Case(*[get("/hashed/")] * 3, note="hashed"), Case(*[get("/unbuffered/")] * 3, note="unbuffered"),
    Case(get("/ten/"), get("/ten/"), note="1.0 to the worker"), Case(get("/close/"), get("/close/"), note="close to the worker"),
    Case(get("/one/"), get("/one/"), get("/one/"), answers=[CHUNKED] * 3, note="chunked"),
    Case(get("/one/"), get("/one/"), answers=[CLOSES, ok()], note="the worker closes"),
    Case(get("/one/"), get("/one/"), answers=[UNTIL_THE_END, ok()], note="until the end"),
    Case(request("HEAD", "/one/"), get("/one/"), answers=[b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", ok()], note="HEAD"),
    Case(get("/one/"), get("/one/"), answers=[b"HTTP/1.1 204 No Content\r\n\r\n", ok()], note="204"),
    Case(get("/one/"), get("/one/"), answers=[b"HTTP/1.1 304 Not Modified\r\n\r\n", ok()], note="304"),
    Case(post("/one/", "body"), post("/one/", "other"), note="posts"),
    Case(get("/one/"), get("/one/"), answers=[ok("x", status="500 E"), ok()], note="after an error"),
    Case(get("/one/"), get("/one/"), answers=[ok() + b"surplus", ok()], note="after surplus octets"),
]


@cases("keepalive", CASES)
def test_reuse(both, case):
    both.compare(case)
