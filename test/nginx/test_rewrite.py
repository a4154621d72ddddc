"""rewrite, if, set, return, break."""
from harness.case import Case, cases, get, post, raw, request

TARGETS = """
/ /x?y /server/a?b=c /chain1 /chain1?q /rewritten/x
/last/a /last/a?b=c /last/a%20b /last/a%3Fb /last/a%2Fb /last/
/break/x /plain/x /args/a /args/a?old=2 /noargs/a?old=2 /case/abc /case/ABC /case/abd
/named/2024/x%20y /named/2024/ /named/x/y /captures/a /captures/ab /captures/abc /captures/ac /loop/x
/if/equal?a=b /if/equal?a=c /if/equal /if/not?a=b /if/not?a=c /if/match?a=xxyz /if/match?a=z /if/nomatch?a=x /if/nomatch?a=y
/if/case?a=X /if/case?a=y /if/nocase?a=X /if/nocase?a=y /if/true?a=1 /if/true?a=0 /if/true?a= /if/true /if/true?a=00
/if/file?a=data.json /if/file?a=sub /if/file?a=none /if/file?a= /if/exec?a=data.json /if/exec?a=none
/if/method /if/rewrite/x?a=1 /if/rewrite/x?a=2 /if/break?a=1 /if/break?a=2
/if/proxy/x /if/proxy/x?a=1 /if/proxy/x?b=1 /if/proxy/x?c=1 /if/proxy/x?a=1&c=1
/if/many?a=1&b=1 /if/many?a=1 /if/many
/return/code /return/204 /return/text?a=%41 /return/empty /return/type?a=b /return/error /return/999 /return/page
/return/400 /return/500
/break-file/data.json /break-file/none /set/regex /inner/up/x /inner/deep/ /inner/deep/up /inner/x
""".split()

CAPTURED = ["a", "a%20b%3Fc", "a+b", "a%2Bb", "a&b", "a%26b", "a%2Fb", "a=b", "%25", "caf%C3%A9", "a?b%20c", "a:b"]
TARGETS += [f"/{folder}/{name}" for folder in ("set-capture", "set-proxy", "set-url", "set-after", "set-if", "to-args")
            for name in CAPTURED]

CASES = [Case(get(target)) for target in TARGETS] + [
    Case(post("/seen/x", "x" * 20000, "X-F: 99.98.97.96"), note="what an if saw stays"),
    Case(get("/return/444"), note="444"),
    Case(get("/x"), get("/return/444"), get("/x"), pipelined=True, note="444 in a pipeline"),
    Case(post("/if/method", "x")), Case(post("/return/text", "x")), Case(post("/last/a", "x")),
    Case(post("/return/204", "x" * 5000)), Case(request("HEAD", "/return/text?a=b")),
    Case(get("/if/cookie", "Cookie: a=b; sid=abc; c=d")), Case(get("/if/cookie", "Cookie: sid=abc")),
    Case(get("/if/cookie")),
    Case(get("/x?y", host="old.test")), Case(get("/x", "X-Block: 1")), Case(get("/x", "X-Block: 0")),
    Case(get("/a?b=c", host="http.test"), port=1), Case(get("/a?b=c", host="http.test:99"), port=1),
    Case(raw("GET /a HTTP/1.0\n\n"), port=1, note="to https, no Host"),
    Case(post("/a", "x", host="http.test"), port=1),
    Case(get("/a/b%20c?d=e"), port=2), Case(get("/a?"), port=2), Case(get("//a"), port=2),
    Case(get("/?a=1"), port=3), Case(get("/"), port=3),
]


@cases("rewrite", CASES)
def test_rewrite(both, case):
    both.compare(case)
