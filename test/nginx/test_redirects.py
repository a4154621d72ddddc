"""What becomes of Location, Refresh, and redirects of our own."""
from harness.backends import ok
from harness.case import Case, cases, get, post, raw


def moved(where, name="Location", status="302 Found"):
    return ok("", f"{name}: {where}", status=status)


LOCATIONS = ["http://workers/a", "http://workers/", "http://workers", "http://workers/app/x", "/a", "a", "//workers/a",
             "http://inner.test/a", "http://inner.test:8188/a?b=c", "http://other.test/x", "http://img.inner.test/a/b",
             "http://CASE.test/x", "https://workers/a", "http://WORKERS/a", ""]
FOLDERS = ["default", "default-uri", "off", "one", "relative", "two", "regex"]

CASES = [Case(get(f"/{folder}/x"), answers=[moved(where)], note=f"{folder}: {where}")
         for folder in FOLDERS for where in LOCATIONS]
CASES += [Case(get("/no-slash/x"), answers=[moved(where)], note=f"no-slash: {where}")
          for where in ("http://workers/a", "http://workers/no-slash/b", "/a")]
CASES += [
    Case(get("/re/x"), answers=[moved("http://inner.test/a")], note="regex location"),
    Case(get("/default/x"), answers=[moved("0;url=http://workers/a", "Refresh", "200 OK")], note="Refresh"),
    Case(get("/one/x"), answers=[moved("5; URL=http://inner.test/a", "Refresh", "200 OK")], note="Refresh, mapped"),
    Case(get("/default/x"), answers=[moved("http://workers/a", status="201 Created")], note="201"),
    Case(get("/default/x", host="second.test:8188"), answers=[moved("http://workers/a")], note="Host with a port"),
    Case(get("/default/x", host="UPPER.test"), answers=[moved("http://workers/a")], note="Host in upper case"),
    Case(raw("GET /default/x HTTP/1.0\n\n"), answers=[moved("http://workers/a")], note="no Host"),
    Case(get("/default/x", host="relative.test"), answers=[moved("http://workers/a")], port=1, note="relative"),
    Case(get("/default/x", host="noport.test"), answers=[moved("http://workers/a")], port=2, note="no port"),
]
OWN = """/dir /dir?x=1 /static /static/sub /static/sub?a=b /default /return301 /return301?x /return302 /return303
/return307?a=b /return308/x?a=b%20c /returnurl /rewrite-r?a=b /rewrite-p/x%20y?a=b /rewrite-q?a=b /rewrite-abs/x?y=z
/static/sub%2f..%2fsub""".split()
CASES += [Case(get(target)) for target in OWN]
CASES += [Case(post("/dir", "x"), note="post to a folder"),
          Case(get("/return301", host="other.test:99"), note="another Host"),
          Case(raw("GET /return301 HTTP/1.0\n\n"), note="1.0, no Host")]
CASES += [Case(get(target, host="relative.test"), port=1) for target in ("/x", "/dir", "/static/sub", "/static?a")]
CASES += [Case(get("/x", host="noport.test"), port=2), Case(get("/x", host="noport.test:99"), port=2),
          Case(get("/x", host="other.test"), port=3), Case(get("/static/sub", host="any.test"), port=3)]


@cases("redirects", CASES)
def test_redirect(both, case):
    both.compare(case)
