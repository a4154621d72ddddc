"""Whose address a request is taken to come from."""
from harness.case import Case, cases, get

LINES = [(), ("192.0.2.7",), ("192.0.2.7, 10.0.0.1",), ("192.0.2.7, 198.51.100.9, 10.0.0.1",), ("10.0.0.1",), ("10.0.0.2, 10.0.0.1",),
         ("192.0.2.7", "10.0.0.1"), ("nonsense",), ("192.0.2.7, nonsense",), ("192.0.2.7:1234",), ("2001:db8::1",),
         ("[2001:db8::1]:80",), ("",), (" 192.0.2.7 ",), ("unix:",), ("192.0.2.7,10.0.0.1",)]
CASES = [Case(get(f"{path}x", *(f"X-Forwarded-For: {line}" for line in lines)), note=f"{path} {' + '.join(lines)}")
         for path in ("/", "/recursive/", "/guarded/") for lines in LINES]
CASES += [Case(get("/", "X-Forwarded-For: 192.0.2.7"), source="127.0.0.2", note="not from there"),
          Case(get("/single/", "X-Real-IP: 192.0.2.9", "X-Forwarded-For: 192.0.2.7"), note="another header"),
          Case(get("/", "X-Forwarded-For: 192.0.2.7"), get("/", "X-Forwarded-For: 192.0.2.8"), get("/"),
               note="three on one connection"),
          Case(get("/", "X-Real-IP: 192.0.2.9"), port=1, note="in a location")]
PROXY = [b"PROXY TCP4 192.0.2.7 198.51.100.1 1234 80\r\n", b"PROXY TCP6 2001:db8::1 2001:db8::2 1234 80\r\n",
         b"PROXY UNKNOWN\r\n", b"PROXY TCP4 x y 1 2\r\n", b"",
         b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x07\xc6\x33\x64\x01\x04\xd2\x00\x50",
         b"\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00"]
PROXIED = [Case(line + get("/"), note=f"PROXY protocol {i}") for i, line in enumerate(PROXY)]


@cases({"realip": CASES, "proxy_protocol": PROXIED})
def test_realip(both, case):
    both.compare(case)
