"""Who gets in."""
import base64

from harness.backends import Close, ok
from harness.case import Case, cases, get, post, request


def basic(user, password="secret"):
    return "Authorization: Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


FILE = "data.json"
CASES = [Case(get(f"/{folder}/{FILE}"), source=source, note=f"{folder} from {source}", errors="error")
         for folder in ("open", "allow", "deny", "order", "six", "unix")
         for source in ("127.0.0.1", "127.5.0.1", "127.5.0.2", "127.6.0.1")]
CASES += [Case(get(f"/inherited/{one}/{FILE}")) for one in ("open", "closed")]
USERS = ["apr", "md5", "sha256", "sha512", "bcrypt", "des", "sha", "ssha", "plain", "more", "empty", "nobody", ""]
CASES += [Case(get(f"/basic/{FILE}", basic(user)), note=f"password of {user}", errors="error") for user in USERS]
CASES += [Case(get(f"/basic/{FILE}", basic(user, "wrong")), note=f"wrong password of {user}", errors="error") for user in USERS]
CASES += [
    Case(get(f"/basic/{FILE}"), status=401), Case(get(f"/basic/free/{FILE}")), Case(request("HEAD", f"/basic/{FILE}")),
    Case(get(f"/basic/{FILE}", "Authorization: Basic"), note="no credentials"),
    Case(get(f"/basic/{FILE}", "Authorization: Basic !!!!"), note="not base64"),
    Case(get(f"/basic/{FILE}", "Authorization: Bearer x"), note="another scheme"),
    Case(get(f"/basic/{FILE}", "authorization: basic " + basic("plain").rpartition(" ")[2]), note="lower case scheme"),
    Case(get(f"/basic/{FILE}", "Authorization: Basic  " + basic("plain").rpartition(" ")[2]), note="two blanks"),
    Case(get(f"/basic/{FILE}", "Authorization: Basic cGxhaW4="), note="no colon"),
    Case(get("/basic-proxy/x", basic("plain"))), Case(get("/basic-proxy/x")), Case(post("/basic-proxy/x", "body")),
    Case(get(f"/basic-nofile/{FILE}"), note="no file, no credentials"),
    Case(get(f"/basic-nofile/{FILE}", basic("plain")), errors="error crit", note="no file"),
    Case(get(f"/basic-var/{FILE}?realm=a&file=htpasswd")), Case(get(f"/basic-var/{FILE}?realm=off&file=htpasswd")),
    Case(get(f"/basic-var/{FILE}?realm=a&file=htpasswd", basic("plain"))), Case(get("/basic-return/")),
    *[Case(get(f"/{kind}/{FILE}", *lines), source=source, note=f"{kind} {source} {len(lines)} {'wrong' in str(lines)}")
      for kind in ("satisfy-any", "satisfy-all") for source in ("127.0.0.1", "127.5.0.1")
      for lines in ((), (basic("plain"),), (basic("wrong"),))],
    *[Case(request(method, f"/limit/{FILE}", body="x" if method in ("POST", "PUT") else None), errors="error")
      for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")],
    *[Case(request(method, "/limit-auth/x", body="x" if method in ("POST", "PUT") else None))
      for method in ("GET", "HEAD", "POST", "OPTIONS", "DELETE")],
    Case(post("/limit-auth/x", "x", basic("plain"))), Case(get("/limit-proxy/x")), Case(post("/limit-proxy/x", "x")),
]


def asked(status, *lines, target="/request/x", body=b"", **more):
    return Case(get(target, "Cookie: sid=1", "X-Mine: 1"),
                answers={"B2": [ok(body, *lines, status=status)]}, **more)


CASES += [asked(f"{status} Words", "X-User: me", "Content-Type: text/plain", body=b"the answer of auth", note=f"auth says {status}",
                errors="error") for status in (200, 201, 204, 299, 302, 400, 401, 403, 404, 500, 503)]
CASES += [
    asked("401 No", 'WWW-Authenticate: Basic realm="x"', "WWW-Authenticate: Bearer", note="auth says 401 with challenges"),
    asked("200 OK", "X-User: me", target=f"/request-file/{FILE}", note="a file"),
    asked("403 No", target=f"/request-file/{FILE}", note="no file"),
    asked("401 No", target=f"/request-login/{FILE}?x=y", note="login"),
    Case(post("/request/x?y=z", "a body for the worker"), answers={"B2": [ok()]}, note="a post is asked about, then sent"),
    Case(post("/request/x", "x" * 40000), answers={"B2": [ok()]}, note="a long post"),
    Case(post("/request/x", "x"), answers={"B2": [ok(status="403 N")]}, note="a post is refused"),
    Case(get("/request/a"), get("/request/b"), answers={"B2": [ok(status="403 N"), ok()]}, note="two on one connection"),
    Case(request("HEAD", "/request/x"), answers={"B2": [ok()]}, note="HEAD is asked about"),
    Case(get(f"/request-off/{FILE}")), Case(get("/auth"), note="auth from outside"),
    Case(get(f"/request-any/{FILE}"), source="127.5.0.1", answers={"B2": [ok(status="401 N")]}, note="any: the address"),
    Case(get(f"/request-any/{FILE}"), answers={"B2": [ok()]}, note="any: auth"),
    Case(get(f"/request-any/{FILE}"), answers={"B2": [ok(status="401 N")]}, note="any: neither"),
    Case(get(f"/request-local/{FILE}", "X-Key: right")), Case(get(f"/request-local/{FILE}", "X-Key: wrong")),
    Case(get(f"/request-file/{FILE}"), answers={"B2": [Close()]}, note="auth breaks", errors="error"),
    Case(get(f"/request-file/{FILE}", version="1.0"), answers={"B2": [ok()]}, note="1.0"),
]


DELAYED = [Case(get(f"/delay/{FILE}")), Case(get(f"/delay/{FILE}", basic("plain"))), Case(get(f"/delay/{FILE}", basic("plain", "wrong")), note="wrong")]


@cases({"access": CASES, "auth_delay": DELAYED})
def test_access(both, case):
    both.compare(case)
