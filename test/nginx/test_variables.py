"""Variables, in log lines, headers and answers."""
from harness.backends import Close, ok
from harness.case import Case, cases, get, post, raw, request

WORKER = ok("from the worker", "Content-Type: text/html", "X-Worker: one", "Set-Cookie: sid=from-worker; Path=/",
            "Cache-Control: no-store", "X-Worker: two")
ODD = 'X-Odd: q"uo\\te \x01\x7f caf\u00e9'
CASES = [
    Case(get("/all/x?a=b", "User-Agent: agent/1 \"quoted\"", "Referer: http://ref.test/?x"), answers=[WORKER]),
    Case(get("/all/x"), answers=[Close()]),
    Case(post("/all/x", "a body", "Content-Type: x/y"), answers=[WORKER]),
    Case(get("/all/a"), get("/all/b"), get("/all-own/c"), answers=[WORKER, WORKER], note="three on one connection"),
    Case(get("/all/a"), get("/all/b"), pipelined=True, answers=[WORKER, WORKER], note="pipelined"),
    Case(request("HEAD", "/all/x", "Authorization: Basic dXNlcjpwYXNz"), answers=[WORKER]),
    Case(get("/all/x", "Authorization: Basic !!"), answers=[WORKER]),
    Case(get("/all-own/x?q")),
    Case(get("/files/data.json")),
    Case(get("/files/none")),
    Case(get("/all-own/" + "x" * 300)),
    Case(raw("BAD /\n\n"), note="a bad request line"),
    Case(raw("GET /all/ HTTP/1.1\nHost: a b\n\n"), note="a bad Host"),
    *[Case(get(f"/{kind}?odd=a%22b\"c\\d", ODD), note=kind) for kind in ("escaped", "json", "raw")],
    Case(get("/json?odd=")),
    Case(get("/times")), Case(get("/times"), answers=[Close()], note="times, broken"), Case(get("/times-own")),
    Case(get("/off"), logged=0), Case(get("/two", ODD), logged=2), Case(get("/if"), logged=0),
    Case(get("/if"), answers=[ok("x", status="500 E")], note="logged if it fails"),
    Case(get("/buffered", ODD)),
    Case(get("/named-by-variable", ODD), logged=0, note="named by a variable"),
    Case(get("/named-by-variable?which=.log", ODD), note="named by a variable, the log"),
    Case(get("/text?a=1&b=2", "Cookie: sid=s; other=o", "X-One: 1")),
    Case(get("/text?b=2&a=&a=3&A=4", "cookie: other=o;sid=s", "x-one: 1", "X-One: 2")),
    Case(get("/text?a=%20%31+x", "Cookie: sid=\"q\"", "Cookie: sid=second")),
    Case(post("/text?xa=1&a", "posted body", host="UPPER.Test:8080")),
    Case(raw("GET /text HTTP/1.0\n\n"), note="text, 1.0"),
    Case(get("http://abs.test:81/text?x")),
    Case(get("/sent"), answers=[WORKER]),
    Case(get("/dollar?x")), Case(get("/set?z")), Case(get("/args?z=1")), Case(get("/host", host="X.test:99")),
    Case(get("/cookies", "Cookie: a=1; B=2; b=3"), note="cookies"),
    Case(get("/cookies", "Cookie: a=1", "Cookie: B=2"), note="two cookie lines"),
    Case(get("/trailing?a=1&b=2&with_underscore=3&&=x&a")), Case(get("/trailing?A=9")), Case(get("/rate")),
]


@cases("variables", CASES)
def test_variable(both, case):
    both.compare(case)
