"""What a rule is about: methods, spellings of a path, and where an error page or a name leads."""
from harness.backends import ok
from harness.case import Case, cases, get, request

FILE = "data.json"


def method(name, target, body="x", **more):
    return Case(request(name, target, body=body if name in ("POST", "PUT") else None), **more)


CASES = [method(name, target) for target in ("/return/x", f"/rewrite/{FILE}", f"/if/{FILE}?a=1", f"/if/{FILE}", f"/set/{FILE}")
         for name in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PURGE")]
CASES += [
    method("POST", "/size/x", body="four", note="too large for the location, and not allowed"),
    method("DELETE", "/named/x"), Case(get("/named/x")),
    Case(get("/inside"), note="a slash that is missing, inside"), Case(get("/inside/")),
    method("DELETE", "/slash"), Case(get("/slash")), *[Case(get("/slash", host=host), note=f"a slash, {host}") for host in ("A.", "a.:80", "a:1", "[::1]:80")],
    Case(get(f"/own401/{FILE}"), status=401), Case(get(f"/own200/{FILE}")),
    method("POST", "/list/", note="a listing is not posted to"), method("DELETE", "/list/"),
]
CASES += [Case(get(target, host=host), note=f"{target} of {host}") for host in ("a", "unmerged")
          for target in ("/secret", "//secret", "///secret", "/x//secret", "//x/../secret", "/%2fsecret")]
MORE = [Case(get(target, host=host), port=1, note=f"{target} of {host}") for host in ("c", "merged")
        for target in ("/secret", "//secret", "///secret", "/%2fsecret")]
MORE += [Case(get("/accel", host="c"), port=1, answers=[ok("", f"X-Accel-Redirect: {to}")], note=f"led to {to}")
         for to in ("/pictures/data.json", "//pictures/data.json", "/./pictures/data.json", "/%70ictures/data.json", "/%2fpictures/data.json",
                    "/pictures%2fdata.json", "/pictures/data.json%3fx", "/pictures/data.json%00", "/pictures/data.json?%2e%2e/x")]


@cases({"guarded": CASES + MORE})
def test_guarded(both, case):
    both.compare(case)
