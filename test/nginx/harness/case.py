"""One case: what a client sends, what the backends answer, and what is looked at.

    CASES = [
        Case(get("/a")),
        Case(get("/a", "Accept: x"), get("/b"), note="two on one connection"),
    ]
    @cases("proxy_uri", CASES)
    def test_uri(both, case):
        both.compare(case)
"""
import re

import pytest

HOST = "comfy.test"


def request(method, target, *lines, host=HOST, version="1.1", body=None):
    head = [f"{method} {target} HTTP/{version}"]
    if host is not None:
        head.append(f"Host: {host}")
    head += lines
    if body is not None:
        body = body.encode() if isinstance(body, str) else body
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + (body or b"")


def get(target, *lines, **more):
    return request("GET", target, *lines, **more)


def post(target, body="", *lines, **more):
    return request("POST", target, *lines, body=body, **more)


def raw(text):
    """A request as it stands, with \\n for the ends of lines."""
    return text.encode("latin-1").replace(b"\n", b"\r\n")


class Case:
    """requests: octets each, one after the other on one connection; fresh: on a connection each; pipelined: all at
    once. source: the client's address, or one for each request. answers: see backends.Script. errors: the levels
    of error log lines to compare. status: what nginx must say to the last request, where that is not obvious.
    any_order: workers may be asked in any order. logged: how many lines the access log gets, if not one for each."""

    def __init__(self, *requests, answers=(), fresh=False, pipelined=False, source=None, port=0, tls=None,
                 errors="", status=None, note="", any_order=False, logged=None):
        self.requests = requests
        self.answers, self.fresh, self.pipelined = answers, fresh, pipelined
        self.source, self.port, self.tls = source, port, tls
        self.errors, self.status, self.note = errors, status, note
        self.any_order, self.logged = any_order, logged

    def source_of(self, i):
        return self.source[i % len(self.source)] if isinstance(self.source, (list, tuple)) else self.source

    @property
    def id(self):
        if self.note:
            text = self.note
        else:
            first = self.requests[0].split(b"\r\n")
            text = first[0].decode("latin-1").removesuffix(" HTTP/1.1")
            more = [line.decode("latin-1") for line in first[1:] if line and not line.lower().startswith(b"host:")]
            text += "".join(f" {line}" for line in more[:2])
        text = re.sub(r"[^\x21-\x7e]+|\[|\]|::", "_", text)
        return text if len(text) <= 60 else f"{text[:52]}.{len(text)}"


def cases(conf, table=None):
    """Runs a test for each case, on servers that are started once for the configuration. Also {conf: table}."""
    made = []
    for name, some in (conf.items() if table is None else [(conf, table)]):
        seen = {}
        for case in some:
            seen[case.id] = seen.get(case.id, 0) + 1
            again = "" if seen[case.id] == 1 else f".{seen[case.id]}"
            made.append(pytest.param(name, case, id=f"{name}-{case.id}{again}"))
    return pytest.mark.parametrize(("both", "case"), made, indirect=["both"])


def on(conf):
    """Runs a test on servers with this configuration."""
    return pytest.mark.parametrize("both", [conf], indirect=True, ids=[conf])
