"""map, geo and split_clients."""
from harness.case import Case, cases, get

WORDS = ["a", "b", "with%20blank", "", "A", "abc", "axyz", "CASEtail", "caseTAIL", "xb", "ab", "zz", "default", "%61"]
CASES = [Case(get(f"/plain?x={word}")) for word in WORDS[:5] + ["default", "c"]]
CASES += [Case(get(f"/regex?x={word}")) for word in WORDS]
CASES += [Case(get("/host", host=host), note=host) for host in
          ("comfy.test", "COMFY.test", "x.comfy.test", "x.y.comfy.test", "comfy.org", "dot.test", "x.dot.test", "no.test",
           "comfy.test.", "comfy.test:80")]
CASES += [Case(get(f"/both?x={x}&y={y}")) for x, y in ((1, 2), (3, 3), (3, 33), ("a", "b"))]
CASES += [Case(get(f"/chained?x={word}")) for word in ("a", "z", "zz")]
CASES += [Case(get("/upgrade", "Upgrade: websocket")), Case(get("/upgrade")), Case(get("/upgrade", "Upgrade:")),
          Case(get("/without?x=a")), Case(get("/without?x=b")), Case(get("/volatile?x=a&y=7")),
          Case(get("/included?x=one")), Case(get("/included?x=twofold")), Case(get("/included?x=three")),
          Case(get("/changes?x=a")), Case(get("/kept?x=a"))]
CASES += [Case(get("/near"), source=source, note=f"near {source}") for source in ("127.0.0.1", "127.0.0.2", "127.9.9.9")]
CASES += [Case(get("/ranged"), source=source, note=f"ranged {source}") for source in ("127.0.0.5", "127.0.0.6")]
CASES += [Case(get(f"/ip?ip={ip}")) for ip in ("10.0.0.1", "10.1.2.3", "192.168.1.9", "8.8.8.8", "2001:db8::5", "::1",
                                               "x", "", "127.0.0.1", "10.1")]
CASES += [Case(get("/proxied", *(f"X-Forwarded-For: {one}" for one in lines)), note=f"proxied {' + '.join(lines)}")
          for lines in ((), ("10.0.0.1",), ("8.8.8.8, 10.0.0.1",), ("8.8.8.8", "10.0.0.1"), ("8.8.4.4, x",), ("x",))]
CASES += [Case(*[get(f"/split?id={i}") for i in range(start, start + 25)], note=f"split {start}") for start in (0, 25, 1000)]


@cases("maps", CASES)
def test_map(both, case):
    both.compare(case)
