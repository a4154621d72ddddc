"""Which request line a worker gets."""
from harness.case import Case, cases, get, post, request

TARGETS = """
/plain/ /plain/a /plain/a%2Fb /plain/a%20b?x=%20 /plain//a/./b/../c /plain/a;b=c /plain/?  /plain/?a=1&b=2
/plain/%E4%BD%A0 /plain/a+b /plain/%41 /plain/a%3Fb
/slash/ /slash/a /slash/a%2Fb /slash/a%20b /slash//a /slash/./a /slash/a/../b /slash/a%3Fb /slash/a%23b /slash/a%25b
/slash/[x] /slash/a%3Ab?q=%2F%20 /slash/%E4%BD%A0%E5%A5%BD.json /slash/workflows%2Fx.json /slash/a%22b
/slash/a%5Cb /slash/a%7Cb /slash/{x} /slash/a%0Ab /slash/?x=/../y /slash/a%26b=c
/sub/ /sub/api/prompt /sub/..%2Fx /sub/a//b///c
/bare /barefoot /bare/x /bare?q
/file /file/x /filex
/exact /exact?b=2
/regex/a%2Fb//c /regex/a?b
/vars/a/b /vars/a%20b /vars/a?b=c /vars/
/args/a /args/a?b=c /args/a%20b?x
/name/a%2Fb?c=d
/break/x /break/x?y=1 /break/a%20b
/breakuri/x /breakuri/x?y=1
/direct/a%2Fb /direct/ /direct/a%20b
/outer/a%20b /outer/inner/a%20b /outer/x%2F.png /outer/inner/x.png
/deep/x /deep/ /deep/../deep/y
/unix/a~b
/plain /slash /outer/inner
/missing
""".split()

CASES = [Case(get(target)) for target in TARGETS] + [
    Case(get("/method/x")),
    Case(post("/method/x", "body")),
    Case(get("http://other.test/slash/a%20b")),
    Case(get("http://other.test")),
    Case(get("/slash/a%zzb"), status=400),
    Case(get("/slash/a%00b"), status=400),
    Case(get("/../etc"), status=400),
    Case(get("/slash/../../etc"), status=400),
    Case(get("/slash/%2e%2e/x")),
    Case(get("/slash/a#b")),
    Case(get("/plain/a#b")),
    Case(get("/plain/a b")),
    Case(request("OPTIONS", "/plain/x")),
    Case(request("PROPFIND", "/slash/x")),
    Case(request("HEAD", "/slash/x")),
    Case(request("get", "/slash/x")),
    Case(request("OPTIONS", "*")),
]


@cases("proxy_uri", CASES)
def test_uri(both, case):
    both.compare(case)
