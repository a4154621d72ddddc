"""The variables that test_variables.py leaves, each at least once."""
from harness.backends import Close, ok
from harness.case import Case, cases, get, post

WORKER = ok("from the worker", "Content-Type: text/html", "X-Worker: one")
CHUNKED = ok("", "Content-Type: text/html", "X-Worker: two")
MISSING = ok("nothing", "X-Worker: first", status="404 Not Found")
CASES = [
    Case(get("/data.json")),
    Case(get("/none")),
    Case(get("/data.json?=x", "Cookie: =y")),
    Case(get("/limited/x"), answers=[WORKER]),
    Case(get("/proxied/x"), answers=[WORKER]),
    Case(post("/proxied/x", "a body"), answers=[CHUNKED]),
    Case(get("/proxied/broken"), answers=[Close()]),
    Case(get("/tls")),
    Case(get("/figures")),
    Case(get("/unset"), note="never set"),
    Case(get("/unset", "X-Given: by the client"), note="a field, not set"),
    Case(get("/unset?set=1", "X-Given: by the client"), note="set"),
    Case(get("/quiet")),
    Case(get("/groups/one/two")), Case(get("/groups/one")), Case(get("/groups/")),
    Case(get("/again/x"), answers=[MISSING, WORKER], note="two workers, one after the other"),
]


@cases("all_variables", CASES)
def test_variable(both, case):
    both.compare(case)
