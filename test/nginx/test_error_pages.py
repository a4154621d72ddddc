"""error_page, internal, named locations, intercepted answers."""
from harness.backends import ok
from harness.case import Case, cases, get, post, request

TARGETS = """
/nowhere /missing/x /403 /410 /401 /503 /dead/ /errors/50x.html /errors/404.html /internal/index.html /redirected
/variable?page=404 /variable?page=none /lost /spa/none /spa/data.json /json /text404 /see /see2 /fallback/x?y=z
""".split()


def worker(folder, *statuses):
    return [Case(get(f"/{folder}/"), answers={"B1": [ok(f"worker's {status}", "Content-Type: text/html", "X-Worker: 1",
                                                        "Set-Cookie: a=b", status=f"{status} Words")]},
                 note=f"{folder}: {status}") for status in statuses]


CASES = [Case(get(target), errors="error") for target in TARGETS]
CASES += worker("worker", 404, 500, 503, 401)
CASES += worker("intercept", 404, 500, 503, 401, 403, 410, 418, 200, 304)
CASES += worker("intercept-none", 404, 500)
CASES += worker("changed", 404, 500, 503, 429, 502)
CASES += [
    Case(get("/cycle")), Case(get("/cycle"), get("/410"), note="behind a cycle"),
    Case(post("/aliased/x", "x"), note="an alias's try_files is forgotten"),
    Case(get("/recursive/"), answers={"B1": [ok("1", status="404 N")], "B2": [ok("2", status="500 E")]},
         note="recursive", status=200),
    Case(get("/not-recursive/"), answers={"B1": [ok("1", status="404 N")], "B2": [ok("2", status="500 E")]},
         note="not recursive"),
    Case(request("HEAD", "/nowhere")), Case(request("HEAD", "/dead/")), Case(request("HEAD", "/503")),
    Case(post("/nowhere", "x" * 100)), Case(post("/503", "x")), Case(post("/410", "x")), Case(post("/401", "x")),
    Case(post("/fallback/x", "the body stays")),
    Case(post("/changed/", "posted"), answers={"B1": [ok("x", status="500 E")]}, note="post becomes get"),
    Case(post("/changed/", "posted"), answers={"B1": [ok("x", status="503 E")]}, note="post to a named location"),
    Case(post("/limited", "longer than ten octets"), note="too large"),
    Case(get("/nowhere"), get("/503"), get("/spa/x"), note="three on one connection"),
    Case(get("/401", "Range: bytes=0-3"), get("/nowhere", "Range: bytes=0-3"), note="parts of error pages"),
    Case(get("/401", "If-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT"), note="an error page that has not changed"),
    Case(get("/not-recursive/"), get("/worker/"), answers={"B1": [ok("1", status="404 N")], "B2": [ok("2", status="404 E")]},
         note="not recursive, no page for it"),
    Case(post("/not-recursive/", "x"), answers={"B1": [ok("1", status="404 N")], "B2": [ok("2", status="500 E")]},
         note="post, not recursive"),
    Case(get("/nowhere", version="1.0"), note="1.0"),
    Case(get("/nowhere", "User-Agent: Mozilla/4.0 (compatible; MSIE 6.0)"), note="padding for an old browser"),
    Case(get("/403", "User-Agent: Mozilla/5.0 Chrome/100"), note="a new browser"),
    Case(get("/text404", "User-Agent: Mozilla/4.0 (compatible; MSIE 6.0)"), note="no padding for own text"),
]


@cases("error_pages", CASES)
def test_error_page(both, case):
    both.compare(case)
