"""Which server and which location answers."""
from harness.case import Case, cases, get, raw, request

TARGETS = """
/ /x /exact /exact/ /exactly /images/ /images/a.png /images/a.txt /static/a.png /static/ /a.PNG /a.png /a.gif /a.GiF
/user/me/42 /user/me/x /user/ME/42 /brace/abc /brace/abcd
/nested/ /nested/x /nested/a.png /nested/one /nested/deep/a.png /nested/deep/ /nested/a.gif
/guard/ /guard/a.png /guard/a.gif /a /ab /abc /abcd /ac
/with%20space /with%20spaces /caf%C3%A9 /caf%c3%a9 /caf%25C3%25A9
/%65xact /exact?x=1 //images//x /images/./x /images/../exact /nested/%2e%2e/exact /images/%2E%2E/images/a.png
/x/.. /x/../.. /static/..%2f..%2fa.png /a%2Epng /%61
""".split()


@cases("locations", [Case(get(target)) for target in TARGETS])
def test_location(both, case):
    both.compare(case)


@cases("locations", [Case(get(target), port=1) for target in
                     ("/", "//", "//two", "///two", "/x//y", "//two//", "/two", "/a/.//b", "/a//../b")])
def test_unmerged(both, case):
    both.compare(case)


HOSTS = """first.test FIRST.test first.test. first.test:1234 unknown.test _ exact.comfy.test other.comfy.test
comfy.test a.b.comfy.test x.deep.comfy.test deep.comfy.test comfy.org comfy.co.uk dot.test a.dot.test adot.test
abc.re.test ABC.re.test 12.re.test also.test upper.test UPPER.TEST 127.0.0.1 [::1] [::1]:80 sub.upper.test .comfy.test
""".split()


@cases("server_names", [Case(get("/", host=host), note=host) for host in HOSTS] + [
    Case(raw("GET / HTTP/1.0\n\n"), note="1.0 without a name"),
    Case(raw("GET / HTTP/1.0\nHost: exact.comfy.test\n\n"), note="1.0 with a name"),
    Case(raw("GET / HTTP/1.1\nHost: \n\n"), note="an empty name"),
    Case(raw("GET / HTTP/1.1\nHost:exact.comfy.test\n\n"), note="no blank"),
    Case(get("http://exact.comfy.test/", host="first.test"), note="absolute form wins"),
    Case(get("http://EXACT.comfy.test:99/x", host="first.test"), note="absolute form with a port"),
    Case(get("/", host="only.test"), port=1),
    Case(get("/", host="nobody.test"), port=1),
    Case(get("/x", host="nobody.test"), port=1),
    Case(get("/", host="second.test"), port=1),
    Case(get("/", host="a.test"), port=2, note="second address"),
    Case(get("/", host="b.test"), port=3, note="third address"),
    Case(get("/", host="first.test"), get("/", host="abc.re.test"), get("/", host="also.test"),
         note="three names on one connection"),
    Case(request("HEAD", "/", host="first.test")),
])
def test_name(both, case):
    both.compare(case)
