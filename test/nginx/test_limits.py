"""limit_req, limit_conn, limit_rate."""
import pytest

from harness.backends import Steps, ok
from harness.case import Case, cases, get, on

CASES = [
    Case(*[get("/none/?key=none")] * 3, note="return comes before the limit"),
    Case(*[get("/one/?key=one")] * 3, errors="error", note="one"),
    Case(*[get("/one/?key=")] * 3, note="an empty key has no limit"),
    Case(*[get("/burst/?key=burst")] * 6, errors="error", note="a burst without delay"),
    Case(get("/burst/?key=x1"), get("/burst/?key=x2"), get("/burst/?key=x1"), note="two keys"),
    Case(*[get("/delayed/?key=fast")] * 3, errors="warn", note="in turn, delayed"),
    Case(*[get("/address/")] * 4, errors="error", note="by address", status=429),
    Case(*[get("/address/")] * 3, source=["127.1.1.1", "127.1.1.2", "127.1.1.3"], fresh=True, note="by other addresses"),
    Case(*[get("/two/?key=two&other=two")] * 4, errors="error", note="two zones"),
    Case(*[get("/log/?key=log")] * 2, errors="error warn info", note="at warn"),
    Case(*[get("/dry/?key=dry")] * 3, errors="error warn", note="dry run"),
    Case(*[get("/status/?key=status")] * 4, note="status"),
    Case(*[get("/page/?key=page")] * 2, note="a page for the refused"),
    Case(get("/conn/?key=c"), get("/conn/?key=c"), note="one after the other"),
    Case(get("/rate/data.json"), note="a small file"),
    Case(get("/proxy-rate/"), note="a small answer"),
]


@cases("limits", CASES)
def test_limit(both, case):
    both.compare(case)


@pytest.mark.parametrize("path", ["/conn/?key=k", "/conn2/?key=k2", "/conn-dry/?key=k3", "/perserver/", "/conn/?key="])
@on("limits")
def test_connections_at_the_same_time(both, path):
    """Three whose answers wait, then one more when the first has ended."""
    def tell(side):
        gates = [Steps(b"", ok("late"), closes=True) for _ in range(4)]
        side.begin(gates)
        clients, told = [], []
        for i in range(3):
            clients.append(side.connect())
            before = len(side.script.seen)
            clients[-1].send(get(path))
            told.append(reaches(side, clients[-1], before))
        for gate in gates:
            gate.go()
        for client, what in zip(clients, told):
            if what == "sent on":
                answer = client.response()
                told.append((answer.status, answer.get("x-limit")))
            client.close()
        with side.connect() as client:
            answer = client.ask(get(path))
            told.append((answer.status, answer.get("x-limit"), answer.body))
        return told

    both.same(tell)


def reaches(side, client, before):
    """"sent on" if a worker gets the request, else what the client is told."""
    backends = side.pair.backends
    client.sock.settimeout(0.02)
    for _ in range(500):
        with backends.lock:
            if backends.lock.wait_for(lambda: len(side.script.seen) > before, 0.01):
                client.sock.settimeout(10)
                client.reader.ended = client.reader.late = False
                return "sent on"
        client.reader.ended = client.reader.late = False
        if client.reader.fill():
            client.sock.settimeout(10)
            answer = client.response()
            return answer.status, answer.get("x-limit")
    raise AssertionError("neither an answer nor a worker's request")


@pytest.mark.parametrize("path", ["/rate/notes.txt", "/rate/large.bin"])
@on("limits")
def test_a_rate_is_kept(both, path):
    """At 40 KiB/s after 10 KiB, the first 50 KiB need about a second: not at once, and not much longer."""
    wanted = 4000 if "notes" in path else 30000

    def first(side):
        side.begin()
        with side.connect() as client:
            client.send(get(path))
            return len(client.reader.exactly(wanted))

    assert both.same(first) == wanted
