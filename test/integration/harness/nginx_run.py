"""comfymux with an nginx.conf: a folder as its prefix, a unix socket to be asked by, nginx's log."""
import os
import re
import signal
import subprocess

import pytest

from . import paths
from .client import RawClient
from .mux import SANITIZERS
from .wait import wait_until

FRAME = """daemon {daemon};
{main}
pid mux.pid;
error_log error.log {level};
events {{ {events} }}
http {{
    access_log off;
    {http}
    server {{
        listen unix:{folder}/s;
        {server}
    }}
}}
"""
LINE = re.compile(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[(\w+)\] (\d+)#\d+: (.*)$")


class NginxRun:
    """One folder, and the programs that run in it, one after the other or side by side."""

    def __init__(self, folder):
        self.folder, self.pids, self.process = folder, set(), None
        self.log, self.pid_file = folder / "error.log", folder / "mux.pid"

    def write(self, main="", http="", server="return 200 one;", daemon="off", level="info", events="", text=None):
        fresh = self.folder / "fresh.conf"
        fresh.write_text(text or FRAME.format(main=main, http=http, server=server, daemon=daemon, level=level,
                                              events=events, folder=self.folder))
        fresh.replace(self.folder / "mux.conf")
        return self

    def command(self, *words):
        return [paths.binary(), "-p", f"{self.folder}/", "-c", "mux.conf", *words]

    def start(self, *words, env=None, wait=True, **more):
        self.process = subprocess.Popen(
            more.pop("command", None) or self.command(*words), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=open(self.folder / "stderr", "ab"), env={**os.environ, **SANITIZERS, **(env or {})}, **more)
        self.pids.add(self.process.pid)
        if wait:
            wait_until(lambda: self.pid() or self.process.poll() is not None, "the pid file")
            assert self.pid(), self.said()
        return self

    def pid(self, ending=""):
        """What the pid file says, None without one."""
        try:
            text = (self.folder / f"mux.pid{ending}").read_text()
        except FileNotFoundError:
            return None
        if text.endswith("\n"):
            self.pids.add(int(text))
            return int(text)
        return None

    def said(self):
        return "".join(file.read_text() for file in (self.folder / "stderr", self.log) if file.exists())

    def lines(self, pattern, level=None, pid=None):
        """The texts of the log's lines in which the pattern is found."""
        found = []
        for row in self.log.read_text().splitlines() if self.log.exists() else ():
            line = LINE.match(row)
            assert line, row
            if re.search(pattern, line[3]) and level in (None, line[1]) and pid in (None, int(line[2])):
                found.append(line[3])
        return found

    def wait_line(self, pattern, **more):
        return wait_until(lambda: self.lines(pattern, **more), pattern)[0]

    def client(self):
        return RawClient(f"{self.folder}/s")

    def ask(self):
        with self.client() as client:
            return client.ask("/").body

    def signal(self, number, pid=None):
        os.kill(pid or self.pid(), number)

    def wait_exit(self):
        return self.process.wait(timeout=20)

    def wait_gone(self, pid):
        """One that is nobody's child here."""
        wait_until(lambda: not is_alive(pid), f"{pid} has ended")

    def finish(self):
        for ending in ("", ".oldbin"):
            self.pid(ending)
        for pid in self.pids:
            if is_alive(pid):
                os.kill(pid, signal.SIGTERM)
        if self.process is not None:
            self.wait_exit()
        for pid in self.pids:
            self.wait_gone(pid)
        assert not re.search(r"Sanitizer|runtime error:", self.said()), self.said()


def is_alive(pid):
    """Not if it only waits to be taken note of."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def nginx_run(short_folder):
    run = NginxRun(short_folder)
    yield run
    run.finish()
