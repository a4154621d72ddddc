"""Which worker gets which request of a sequence."""
from harness.backends import Steps, ok
from harness.case import Case, cases, get, on

CLIENTS = [f"{a}.{b}.{c}.{d}" for a, b, c, d in
           ((10, 0, 0, 1), (10, 0, 1, 1), (10, 0, 2, 1), (10, 0, 3, 9), (172, 16, 5, 4), (192, 168, 1, 7), (192, 168, 1, 200),
            (192, 168, 2, 7), (8, 8, 8, 8), (1, 2, 3, 4), (203, 0, 113, 9), (100, 64, 0, 1))] + [
    "2001:db8::1", "2001:db8::2", "fe80::1", "::1"]
KEYS = ["a", "b", "c", "abc", "", "0", "1", "12345", "x" * 60, "%20", "client-1", "client-2", "client-3", "client-4"]


def in_turn(pool, count=12):
    return Case(*[get(f"/{pool}/{i}") for i in range(count)], fresh=True, note=f"{pool}: {count} in turn")


def by_client(pool):
    return Case(*[get(f"/{pool}/", f"X-Client: {one}") for one in CLIENTS], fresh=True, note=f"{pool}: clients")


def by_key(pool):
    return Case(*[get(f"/{pool}/?key={key}") for key in KEYS], fresh=True, note=f"{pool}: keys")


CASES = [in_turn(pool) for pool in ("turns", "weights", "three_two", "least", "any", "any_two", "some_down", "limited",
                                    "shared", "one", "same_twice")]
CASES += [by_client(pool) for pool in ("by_ip", "by_ip_weighted", "by_ip_dead")]
CASES += [by_key(pool) for pool in ("by_key", "by_key_dead", "by_ring", "by_ring_down")]
CASES += [
    Case(get("/with_backup/a"), get("/with_backup/b"), get("/with_backup/c"), fresh=True, errors="error warn",
         note="backup"),
    Case(get("/by_ip/", "X-Client: ::ffff:10.0.0.1"), note="an IPv4 address in IPv6"),
    *[Case(get("/by_ip/", f"X-Client: ::ffff:10.{i}.0.{i}"), note=f"IPv4 address {i} in IPv6") for i in range(4)],
    Case(get("/all_down/"), errors="error", note="all down", status=502),
    Case(get("/by_ip/"), get("/by_ip/"), source=["127.0.0.1", "127.0.5.1"], fresh=True, note="by address"),
    Case(*[get("/by_ip/")] * 8, source=[f"127.{i * 30}.{i}.9" for i in range(1, 9)], fresh=True, note="by addresses"),
    Case(*[get("/turns/")] * 7, note="turns on one connection"),
]


@cases("balancing", CASES)
def test_sequence(both, case):
    both.compare(case)


def held(side, pool, count):
    """Where count requests go that are all in work at the same time."""
    gates = [Steps(b"", ok("late"), closes=True) for _ in range(count)]
    side.begin(gates)
    clients, went = [], []
    for i in range(count):
        clients.append(side.connect())
        clients[-1].send(get(f"/{pool}/{i}"))
        side.pair.backends.wait_seen(i + 1)
        went.append(side.script.seen[-1][0])
    for gate in gates:
        gate.go()
    statuses = [client.response().status for client in clients]
    for client in clients:
        client.close()
    return went, statuses


@on("balancing")
def test_least_conn_with_requests_in_work(both):
    both.same(lambda side: held(side, "least", 9))


@on("balancing")
def test_max_conns_with_requests_in_work(both):
    both.same(lambda side: held(side, "limited", 5))
