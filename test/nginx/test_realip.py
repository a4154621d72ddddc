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


def version_2(more=b"", command=0x21, family=0x11, addresses=b"\xc0\x00\x02\x07\xc6\x33\x64\x01\x04\xd2\x00\x50"):
    return PROXY[6][:12] + bytes((command, family)) + len(addresses + more).to_bytes(2, "big") + addresses + more


ADDRESS_6 = b"\x20\x01\x0d\xb8" + bytes(11)
SECOND = {
    "TCP6": version_2(family=0x21, addresses=ADDRESS_6 + b"\1" + ADDRESS_6 + b"\2" + b"\x04\xd2\x00\x50"),
    "mapped": version_2(family=0x21, addresses=(bytes(10) + b"\xff\xff\xc0\x00\x02\x07") * 2 + b"\x04\xd2\x00\x50"),
    "TLVs": version_2(b"\x01\x00\x02h2\x04\x00\x03\0\0\0\x20\x00\x05\x01\0\0\0\0"), "TLVs that lie": version_2(b"\x01\xff\xff"),
    "LOCAL": version_2(command=0x20), "datagrams": version_2(family=0x12), "UNSPEC": version_2(family=0, addresses=b""),
    "unix": version_2(family=0x31, addresses=bytes(216)), "no family": version_2(family=0x41), "no command": version_2(command=0x22),
    "no ports": version_2(addresses=b"\xc0\x00\x02\x07\xc6\x33\x64\x01\0\0\0\0")}
REFUSED = {
    "too short": version_2(addresses=bytes(11)),
    "version 1": version_2(command=0x11), "version 3": version_2(command=0x31), "too large": PROXY[6][:12] + b"\x21\x11\xff\xff",
}
MORE = [b"PROXY UNKNOWN 1 2 3\r\n", b"PROXY TCP4 192.0.2.7 198.51.100.1 0 65535\r\n", b"PROXY TCP4 192.0.2.7 198.51.100.1 0 65536\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 1\r\n", b"PROXY TCP5 192.0.2.7 198.51.100.1 1 2\r\n", b"proxy UNKNOWN\r\n", b"PROXY TCP4\r\n",
        b"PROXY TCP6 2001:DB8::A 2001:DB8::B 1 2\r\n", b"\r\n", PROXY[0] * 2]
NO_HEADER = (3, 4, 9, 10, 11, 12, 13, 15)  # of these
PROXIED = [Case(line + get("/"), note=f"PROXY protocol {i}", logged=0 if i in NO_HEADER else None) for i, line in enumerate(PROXY + MORE)]
PROXIED += [Case(line + get("/"), note=f"version 2 {name}") for name, line in SECOND.items()]
PROXIED += [Case(line + get("/"), note=f"version 2 {name}", logged=0) for name, line in REFUSED.items()]
PROXIED += [Case(line + get("/"), get("/"), get("/guarded/"), note=f"three requests {i}") for i, line in enumerate(PROXY[:3])]
PROXIED += [Case(line + get(target), port=1, note=f"{target} {i}") for target in ("/", "/chain/", "/guarded/")
            for i, line in enumerate((PROXY[0], PROXY[2], SECOND["TCP6"]))]
PROXIED += [Case(PROXY[0] + get("/", "X-Forwarded-For: 192.0.2.9"), note="a field beside it"),
            Case(PROXY[0] + get("/"), source="127.0.0.2", port=1, note="from elsewhere"),
            Case(PROXY[0] + get("/", host="second.test"), port=2, note="one of two servers"),
            Case(get("/"), port=2, note="neither of two servers", logged=0)]


@cases({"realip": CASES, "proxy_protocol": PROXIED})
def test_realip(both, case):
    both.compare(case)
