#!/usr/bin/python3
"""Asks a real nginx how it balances, and writes its answers to test/unit/lb_cases_*.h.

    /usr/bin/python3 test/unit/lb_nginx_measure.py        some minutes; nginx 1.22.1, as root

One nginx with one worker and one upstream at a time. A Python backend behind each server breaks the
connection off, or keeps the request, as the request says. $upstream_addr tells who was asked. Time-outs are
whole seconds of nginx's clock, so each burst of requests begins right behind a full second and has to
end within it; if it does not, the case is measured again.
"""
import asyncio
import os
import pathlib
import random
import re
import shutil
import signal
import sys
import tempfile
import time

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
METHODS = {
    "rr": ("", "ROUND_ROBIN"),
    "lc": ("least_conn;", "LEAST_CONN"),
    "ip": ("ip_hash;", "IP_HASH"),
    "hash": ("hash $http_x_key;", "HASH"),
    "ketama": ("hash $http_x_key consistent;", "HASH_CONSISTENT"),
}
HEADERS = (
    ("lb_cases_turns.h", "nginx 1.22.1: round robin and least_conn.",
     (("round_robin_cases", "rr"), ("least_conn_cases", "lc"))),
    ("lb_cases_ip.h", "nginx 1.22.1: ip_hash.", (("ip_hash_cases", "ip"),)),
    ("lb_cases_key.h", "nginx 1.22.1: hash KEY, and hash KEY consistent.",
     (("hash_cases", "hash"), ("ketama_cases", "ketama"))),
)
NGINX_CONF = """daemon off; user root; worker_processes 1; pid {dir}/pid; error_log {dir}/error.log warn;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {dir}/a; proxy_temp_path {dir}/b; fastcgi_temp_path {dir}/c;
    uwsgi_temp_path {dir}/d; scgi_temp_path {dir}/e;
    set_real_ip_from unix:; real_ip_header X-Real-IP;
    upstream u {{ {method} {servers} }}
    server {{
        listen unix:{dir}/front;
        add_header X-Tried $upstream_addr always;
        location / {{ proxy_pass http://u; }}
    }}
}}
"""


class Late(Exception):
    """A burst did not end within its second."""


class Bed:
    """An nginx, its upstream, and what stands behind it."""

    def __init__(self, method, servers):
        self.method, self.servers = method, servers
        self.dir = tempfile.mkdtemp(prefix="lb-measure-")
        self.held, self.arrived, self.tasks, self.listeners = {}, {}, {}, []
        self.nginx = None

    async def serve(self, index, reader, writer):
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            fields = dict(re.findall(r"^([\w-]+): (.*)\r$", head.lower(), re.M))
            if str(index) in fields.get("x-fail", "").split(","):
                return
            if "x-hold" in fields:
                event = self.held[fields["x-hold"]] = asyncio.Event()
                self.arrived[fields["x-hold"]].set_result(index)
                await event.wait()
            writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def __aenter__(self):
        for index, one in enumerate(self.servers):
            async def on_client(reader, writer, index=index):
                await self.serve(index, reader, writer)
            if one["text"].startswith("unix:"):
                path = one["text"][5:]
                pathlib.Path(path).unlink(missing_ok=True)
                self.listeners.append(await asyncio.start_unix_server(on_client, path))
            else:
                host, port = one["text"].rsplit(":", 1)
                self.listeners.append(await asyncio.start_server(on_client, host, int(port)))
        conf = pathlib.Path(self.dir, "nginx.conf")
        conf.write_text(NGINX_CONF.format(
            dir=self.dir, method=METHODS[self.method][0],
            servers=" ".join(f"server {one['text']} {one['params']};" for one in self.servers)))
        self.nginx = await asyncio.create_subprocess_exec(
            "/usr/sbin/nginx", "-p", self.dir, "-c", conf, stderr=asyncio.subprocess.DEVNULL)
        while not os.path.exists(self.dir + "/front"):
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.1)
        return self

    async def __aexit__(self, *_):
        for event in self.held.values():
            event.set()
        await asyncio.sleep(0.05)
        self.nginx.send_signal(signal.SIGTERM)
        await self.nginx.wait()
        for one in self.listeners:
            one.close()
        for one in self.servers:
            if one["text"].startswith("unix:"):
                pathlib.Path(one["text"][5:]).unlink(missing_ok=True)
        shutil.rmtree(self.dir)

    async def ask(self, fails, key, hold=None):
        """The servers that were asked, a digit each; "-" where there was none left."""
        reader, writer = await asyncio.open_unix_connection(self.dir + "/front")
        fields = ["Host: x"]
        if key is not None:
            fields.append(("X-Real-IP: " if self.method == "ip" else "X-Key: ") + key)
        if fails:
            fields.append("X-Fail: " + ",".join(map(str, fails)))
        if hold:
            fields.append("X-Hold: " + hold)
        writer.write(("GET / HTTP/1.0\r\n" + "\r\n".join(fields) + "\r\n\r\n").encode())
        answer = (await reader.read()).decode()
        writer.close()
        out = ""
        for address in re.search(r"X-Tried: (.*)\r", answer).group(1).split(", "):
            hit = [i for i, one in enumerate(self.servers) if one["text"] == address]
            out += DIGITS[hit[0]] if hit else "-"
        return out

    async def hold(self, fails, key, name):
        """As ask, but the answer comes with release; None while it is held."""
        self.arrived[name] = asyncio.get_running_loop().create_future()
        task = self.tasks[name] = asyncio.create_task(self.ask(fails, key, name))
        await asyncio.wait([task, self.arrived[name]], return_when=asyncio.FIRST_COMPLETED)
        return None if self.arrived[name].done() else task.result()

    async def release(self, name):
        self.held.pop(name).set()
        return await self.tasks[name]


def request_text(fails, key):
    text = "!" + "".join(DIGITS[i] for i in fails) if fails else ""
    return text if key is None else text + "@" + key


async def run(bed, ops):
    """The steps of a case, as test_lb_nginx.c reads them."""
    out, held = [], {}
    second = int(time.time()) + 1
    await asyncio.sleep(second + 0.05 - time.time())
    for kind, *args in ops:
        if kind == "wait":
            second += args[0]
            await asyncio.sleep(second + 0.05 - time.time())
            out.append(f"w{args[0]}")
        elif kind == "get":
            out.append(f"g{request_text(*args)}>{await bed.ask(*args)}")
        elif kind == "hold":
            tried = await bed.hold(*args)
            if tried is None:
                held[args[2]] = len(out)
                out.append(f"h{args[2]}{request_text(*args[:2])}>")
            else:
                out.append(f"g{request_text(*args[:2])}>{tried}")
        elif args[0] in held:
            out[held.pop(args[0])] += await bed.release(args[0])
            out.append("r" + args[0])
        if int(time.time()) != second:
            raise Late
    for name in list(held):
        out[held.pop(name)] += await bed.release(name)
        out.append("r" + name)
    return out


async def measure(name, method, servers, ops):
    """The C text of one case."""
    for _ in range(5):
        try:
            async with Bed(method, servers) as bed:
                steps = await run(bed, ops)
            break
        except Late:
            print("late, again:", name, file=sys.stderr)
    else:
        raise SystemExit("this machine is too slow for: " + name)
    text = [f'\t{{\n\t\t"{name}", CONF_METHOD_{METHODS[method][1]},\n\t\t{{']
    for one in servers:
        fields = [f'.text = "{one["text"]}"']
        fields += [f".{field} = {value}" for field, value in one["fields"].items()]
        text.append("\t\t\t{" + ", ".join(fields) + "},")
    text.append("\t\t},")
    line = ""
    for step in steps:
        if len(line) + len(step) > 74:
            text.append(f'\t\t"{line}"')
            line = ""
        line += step + " "
    text.append(f'\t\t"{line.rstrip()}",\n\t}},')
    return "\n".join(text)


def server(method, index, **params):
    # The ring is made of these texts: they must be the same wherever it is measured.
    text = f"127.0.0.1:{18100 + index}" if method == "ketama" else f"unix:/tmp/lb-{method}{index}"
    fields = {}
    for name, value in params.items():
        if name in ("backup", "down"):
            value = "true"
        elif name in ("max_fails", "fail_timeout") and value == 0:
            value = "CASE_NONE"
        fields[name] = value
    words = [name if name in ("backup", "down") else f"{name}={value}"
             for name, value in params.items()]
    return {"text": text, "params": " ".join(words), "fields": fields}


def random_key(rng, method):
    if method == "ip":
        if rng.random() < 0.6:
            return ".".join(str(rng.randrange(256)) for _ in range(4))
        return ":".join(f"{rng.randrange(65536):x}" for _ in range(8))
    if method in ("hash", "ketama"):
        return f"k{rng.randrange(1 << 32):x}" if rng.random() < 0.95 else ""
    return None


def random_ops(rng, method, count, servers):
    ops, held, names = [], [], 0
    for burst in range(5):
        for _ in range(count // 5):
            fails, key, what = [], random_key(rng, method), rng.random()
            if rng.random() < 0.12:
                fails = sorted(rng.sample(range(servers), rng.choice([1, 1, 1, 2, servers])))
            name = chr(ord("a") + names % 26)
            if what < 0.35 and name not in held:
                names += 1
                held.append(name)
                ops.append(("hold", fails, key, name))
            elif what < 0.6 and held:
                ops.append(("release", held.pop(rng.randrange(len(held)))))
            else:
                ops.append(("get", fails, key))
        if burst < 4:
            ops.append(("wait", rng.choice([1, 1, 2, 3])))
    return ops


def random_servers(rng, method):
    servers = []
    for index in range(rng.randrange(2, 6)):
        params = {}
        if rng.random() < 0.6:
            params["weight"] = rng.randrange(1, 8)
        if rng.random() < 0.5:
            params["max_fails"] = rng.randrange(0, 4)
        params["fail_timeout"] = rng.choice([1, 1, 2])
        if rng.random() < 0.15:
            params["down"] = 1
        if rng.random() < 0.25 and method in ("rr", "lc") and index > 0:
            params["backup"] = 1
        if rng.random() < 0.3:
            params["max_conns"] = rng.randrange(1, 4)
        servers.append(server(method, index, **params))
    return servers


def gets(count, *fails):
    return [("get", list(fails), None)] * count


def turns():
    def one(index, **params):
        return server("rr", index, **params)

    yield "5, 1, 1", [one(0, weight=5), one(1), one(2)], gets(21)
    yield "3, 2", [one(0, weight=3), one(1, weight=2)], gets(10)
    yield ("one fails for a while", [one(0, weight=5, fail_timeout=1), one(1), one(2)],
           gets(4) + gets(1, 0) + gets(8) + [("wait", 2)] + gets(1, 0) + gets(5) + [("wait", 2)] + gets(30))
    yield ("slow recovery of a weight", [one(0, weight=10, max_fails=3, fail_timeout=1), one(1, weight=10)],
           gets(4) + gets(3, 0) + gets(30))
    yield ("a success does not reset a young failure", [one(0, max_fails=2, fail_timeout=2), one(1)],
           gets(2, 0) + gets(4) + gets(2, 0) + gets(4) + [("wait", 3)] + gets(4) + gets(2, 0) + gets(4))
    yield "all fail", [one(0), one(1)], gets(1, 0, 1) + gets(3)
    yield "a single one is never left alone", [one(0)], gets(3, 0) + gets(1)
    yield "a single one that is down", [one(0, down=1)], gets(2)
    yield ("a single one with max_conns", [one(0, max_conns=1)],
           [("hold", [], None, "a")] + gets(1) + [("release", "a")] + gets(1))
    yield ("one and a backup", [one(0, fail_timeout=1), one(1, backup=1)],
           gets(2) + gets(1, 0) + gets(3) + [("wait", 2)] + gets(3))
    yield ("backups when all fail", [one(0), one(1, backup=1, weight=2), one(2), one(3, backup=1)],
           gets(3) + gets(1, 0, 2) + gets(4) + gets(1, 1) + gets(2) + gets(1, 3) + gets(2))
    yield "one down counts for no try", [one(0), one(1, down=1), one(2)], gets(1, 0, 2) + gets(1)
    yield ("max_fails 0", [one(0, max_fails=0), one(1, max_fails=0)],
           gets(3, 0, 1) + gets(3, 0) + gets(3))
    yield "fail_timeout 0", [one(0, fail_timeout=0), one(1)], gets(4, 0) + [("wait", 1)] + gets(4)


def cases(method):
    rng = random.Random("comfymux " + method)
    if method == "rr":
        yield from turns()
    for number in range(5 if method == "lc" else 4):
        servers = random_servers(rng, method)
        count = 120 if method in ("rr", "lc") else 100
        yield f"drawn {number}", servers, random_ops(rng, method, count, len(servers))
    if method in ("rr", "lc"):
        return
    for weights in ((1, 1), (3, 1, None, 2), (1, 1, 1, 1, 1)):
        servers = [server(method, i, down=1) if w is None else server(method, i, weight=w)
                   for i, w in enumerate(weights)]
        yield (f"{len(servers)} servers", servers,
               [("get", [], random_key(rng, method)) for _ in range(150)])


async def main():
    folder = pathlib.Path(__file__).parent
    for header, title, tables in HEADERS:
        guard = "TEST_UNIT_" + header.replace(".", "_").upper()
        text = [f"/*\n * test/unit/{header} - {title}\n *\n * Measured: test/unit/lb_nginx_measure.py. What the "
                f"lines mean: test/unit/test_lb_nginx.c.\n */\n#ifndef {guard}\n#define {guard}\n\n"
                '#include "test/unit/lb_cases.h"\n\n/* clang-format off */']
        for table, method in tables:
            text.append(f"static const struct lb_case {table}[] = {{")
            for name, servers, ops in cases(method):
                text.append(await measure(name, method, servers, ops))
            text.append("};\n")
        text[-1] = "};\n/* clang-format on */\n\n#endif\n"
        (folder / header).write_text("\n".join(text))


if __name__ == "__main__":
    asyncio.run(main())
