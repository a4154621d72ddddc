"""What becomes of Set-Cookie."""
from harness.backends import ok
from harness.case import Case, cases, get

COOKIES = ["sid=1", "sid=1; Path=/; HttpOnly", "sid=1; Domain=inner.test; Path=/app/x", "sid=1; domain=.inner.test",
           "sid=1; Domain=a.inner.test; path=/app/; Secure; SameSite=Lax", "tmp1=2; Secure; HttpOnly; SameSite=None",
           "sid=a; Path=/x/CASE/y", "sid=1; Domain=off.test", "SID=2; Max-Age=5", "sid", "sid=1; ; Path=", "sid=\"a;b\"; Path=/app/",
           "sid=1; SameSite=Lax; samesite=None; SECURE; Secure=x; HttpOnly; httponly; Path=/app/y", "sid=; SameSite; Domain", "=x; Path=/app/z",
           "tmp=3;Secure;;HttpOnly;Path=/app/q;Domain=inner.test;  ", "sid=2; a=b=c; Path = /app/s ; Domain=.INNER.test; Path=/app/t", "", "; Path=/app/", " sid = 3 ;Path=/app/u;x",
           "sid=4;samesite=lax;secure=", "sid=5;HttpOnly;Secure;SameSite=Strict"]
FOLDERS = ["plain", "domain", "domain-re", "path", "path-re", "flags", "all", "all/off",
           "flags-both", "flags-reversed", "flags-three", "flags-site", "flags-variable"]


@cases("cookies", [Case(get(f"/{folder}/"), answers=[ok("x", *(f"Set-Cookie: {one}" for one in COOKIES[i:i + 4]))],
                        note=f"{folder}: {i}") for folder in FOLDERS for i in range(0, len(COOKIES), 4)])
def test_cookie(both, case):
    both.compare(case)
