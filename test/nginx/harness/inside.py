"""Runs inside a network of its own, where the addresses and ports of seed.conf are free for the taking.

    unshare --net --mount [--user --map-root-user] python3 -m harness.inside PROGRAM FOLDER CONFIGURATION

The configuration is used as it stands; what is not in it (foreground, pid file)
goes onto the command line. Prints as JSON what clients and workers saw.
"""
import json
import pathlib
import re
import signal
import socket
import subprocess
import sys

from harness import client, normal, wait
from harness.backends import Script, Stage, Switch, ok
from harness.case import get, post

SERVER, FIRST, SECOND = "192.168.1.191", "192.168.1.244", "192.168.1.192"
CLIENTS = ["192.168.1.50", "192.168.1.51", "192.168.2.50", "192.168.3.9", "10.0.0.7", "172.16.5.4", "8.8.4.4"]
LOGS = "/var/log/nginx"
SOCKET = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
YES = (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
       b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
REQUESTS = {
    "page": [get("/", "Accept: */*", "Cookie: a=b", host=SERVER)],
    "forwarded": [get("/view?filename=a%2Fb.png&x=%20", "X-Forwarded-For: 1.2.3.4", "X-Real-IP: 5.6.7.8", host=f"{SERVER}:80")],
    "prompt": [post("/prompt", '{"prompt":{}}', "Content-Type: application/json", host="comfy.LAN")],
    "upload": [post("/upload/image", "x" * 300_000, host=SERVER)],
    "too large": [post("/upload/image", "x" * 10_485_761)],
    "three": [get("/a"), get("/b%2Fc"), get("/d?e")],
    "no Host": [b"GET / HTTP/1.0\r\n\r\n"],
}
ANSWERS = {"page": [ok("p" * 100_000, "Content-Type: text/html", "Location: http://webhost/x", "Server: aiohttp")]}


class Inside:
    def __init__(self, program, folder, text):
        self.address, self.folder = SERVER, pathlib.Path(folder)
        run("ip", "link", "set", "lo", "up")
        for one in (SERVER, FIRST, SECOND, *CLIENTS):
            run("ip", "address", "add", f"{one}/32", "dev", "lo")
        run("mount", "-t", "tmpfs", "none", LOGS)
        self.stage = Stage()
        self.stage.add("first", FIRST, port=7860)
        self.stage.add("second", SECOND, port=7860)
        self.pid = self.folder / "nginx.pid"
        file = self.folder / "seed.conf"
        file.write_text(text)
        self.stderr = open(self.folder / "stderr", "wb+")
        self.process = subprocess.Popen(
            [program, "-c", str(file), "-g", f"daemon off; master_process off; pid {self.pid};"],
            stdin=subprocess.DEVNULL, stdout=self.stderr, stderr=self.stderr)
        wait.wait_until(lambda: self.process.poll() is not None or (self.pid.exists() and self.pid.read_text()), "start")

    def said(self):
        self.stderr.seek(0)
        return self.stderr.read().decode("utf-8", "replace")

    def connect(self, _port, source=None, timeout=wait.PATIENCE):
        sock = socket.socket()
        sock.settimeout(timeout)
        sock.bind((source or CLIENTS[0], 0))
        sock.connect((SERVER, 80))
        return sock

    def play(self, name):
        script = Script(ANSWERS.get(name, ()))
        self.stage.begin(script)
        lines = []
        with client.Client(self, 80) as one:
            for octets in REQUESTS[name]:
                lines += normal.response(one.ask(octets), self)
            lines.append(one.finish())
        for worker, request in script.seen:
            lines += [worker.encode(), *normal.asked(worker, request, self)]
        return [line.decode("latin-1") for line in lines]

    def choices(self):
        """Which worker gets the requests of which client."""
        found = {}
        for source in CLIENTS:
            script = Script()
            self.stage.begin(script)
            with client.Client(self, 80, source=source) as one:
                one.ask(get("/"))
                one.ask(get("/"))
            found[source] = [worker for worker, _ in script.seen]
        return found

    def socket(self):
        script = Script([Switch(YES)])
        self.stage.begin(script)
        with client.Client(self, 80) as one:
            answer = one.ask(get("/ws?clientId=1", *SOCKET, host=SERVER))
            echoed = b""
            if answer.status == 101:
                one.send(b"a frame")
                echoed = one.reader.exactly(7)
        _, request = script.seen[0]
        return {"status": answer.status, "upgrade to the worker": request.get("upgrade"), "request": request.lines[0].decode(),
                "connection to the worker": request.get("connection"), "echoed": echoed.decode()}

    def tell(self):
        if self.process.poll() is not None:
            return {"start": self.said()}
        told = {name: self.play(name) for name in REQUESTS}
        told.update(choices=self.choices(), socket=self.socket())
        self.process.send_signal(signal.SIGQUIT)
        told["exit"] = self.process.wait(wait.PATIENCE)
        told["stderr"] = self.said()
        log = pathlib.Path(LOGS, "error.log").read_text(errors="replace")
        told["log"] = re.findall(r"client intended to send too large body: \d+ bytes", log)
        told["notices"] = re.findall(r"\[notice\] [^\n]*WebSocket[^\n]*", log)
        self.stage.close()
        return told


def run(*words):
    subprocess.run(words, check=True, capture_output=True)


if __name__ == "__main__":
    inside = Inside(sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]).read_text())
    try:
        print(json.dumps(inside.tell()))
    finally:
        if inside.process.poll() is None:
            inside.process.kill()
