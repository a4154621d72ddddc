"""comfymux as a process: its file, its log, its signals, and what must hold when it ends."""
import array
import fcntl
import http.client
import json
import os
import re
import select
import signal
import socket
import subprocess
import termios
import threading

from . import conf, paths, sockdiag
from .client import RawClient
from .logs import Line, read_json_lines
from .metrics import Metrics
from .wait import PATIENCE, Deadline, TooLate, wait_until

SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=1:exitcode=99:quarantine_size_mb=8:malloc_context_size=12:"
                    "allocator_may_return_null=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1:exitcode=98",
    "LSAN_OPTIONS": "exitcode=97",
}
_CRASH = re.compile(r"Sanitizer|runtime error:|ensure\(|Assertion|stack smashing|\[warn\]|\[err\]|BUG")


class Exited(AssertionError):
    """The program ended, and nobody had asked it to."""


class _UnixHTTP(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Mux:
    """One run of the program. `folder` holds its files; switches are values of -d."""

    def __init__(self, config, folder, switches=(), arguments=(), preexec=None, env=None):
        self.folder = folder
        self.file = folder / "comfymux.cfg"
        self.access_log = folder / "access.log"
        self.lines, self.announced = [], []
        self.log_changed = threading.Condition()
        self.clients, self.backends, self.worker_ports = [], [], set()
        self.baseline = None
        self.write(config)
        self.argv = [paths.binary(), "-c", str(self.file), *arguments]
        for switch in switches:
            self.argv += ["-d", switch]
        self.process = subprocess.Popen(
            self.argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            cwd=folder, env={**os.environ, **SANITIZERS, **(env or {})}, preexec_fn=preexec)
        self.pid = self.process.pid
        self.reader = threading.Thread(target=self._read_log, daemon=True)
        self.reader.start()

    # -- the file

    def write(self, config):
        """Writes the file; a dict without access_log gets a JSON one beside it."""
        if isinstance(config, dict):
            config = {"access_log": {"file": str(self.access_log), "format": "json"}, **config}
        fresh = self.file.with_suffix(".new")
        fresh.write_text(conf.render(config), encoding="utf-8")
        fresh.replace(self.file)  # never half of it, for a reload that runs just now

    # -- the log

    def _read_log(self):
        pipe, rest = self.process.stderr.fileno(), b""
        while True:
            select.select([pipe], [], [])
            with self.log_changed:  # read under the lock: whoever has it and sees an empty pipe has seen every line
                data = os.read(pipe, 65536)
                *whole, rest = (rest + data).split(b"\n")
                if not data and rest:
                    whole.append(rest)
                self.lines += [Line(raw.decode("utf-8", "replace")) for raw in whole]
                self.log_changed.notify_all()
            if not data:
                return

    def _all_read(self):
        waiting = array.array("i", [0])
        with self.log_changed:
            if not self.reader.is_alive():
                return True
            fcntl.ioctl(self.process.stderr.fileno(), termios.FIONREAD, waiting)
            return waiting[0] == 0

    def mark(self):
        """A place in the log, for `since`: behind everything said so far."""
        wait_until(self._all_read, "the log is read")
        return len(self.lines)

    def events(self, event, since=0, **fields):
        self.mark()
        return [line for line in self.lines[since:] if line.matches(event, **fields)]

    def wait_event(self, event, since=0, seconds=None, **fields):
        """The first such line, now or later."""
        return self._wait_line(lambda line: line.matches(event, **fields), f"event={event} {fields}", since, seconds)

    def _wait_line(self, wanted, what, since=0, seconds=None):
        deadline = Deadline(PATIENCE if seconds is None else seconds)
        position = since
        with self.log_changed:
            while True:
                while position < len(self.lines):
                    if wanted(self.lines[position]):
                        return self.lines[position]
                    position += 1
                if not self.reader.is_alive():
                    raise Exited(f"{what} never came, the program has ended:\n{self.log_tail()}")
                if deadline.left() == 0:
                    raise TooLate(f"{what}: not within {deadline.seconds} s:\n{self.log_tail()}")
                self.log_changed.wait(min(deadline.left() + 0.001, 0.2))

    def log_tail(self, count=40):
        return "\n".join(line.text for line in self.lines[-count:])

    def announce(self, pattern=".*", level="warn"):
        """This test causes such lines; they are no failure at its end."""
        self.announced.append((level, re.compile(pattern)))

    def unannounced(self, since=0):
        self.mark()
        found = []
        for line in self.lines[since:]:
            if line.level in ("error", "warn") and not any(
                    line.level == level and pattern.search(line.text) for level, pattern in self.announced):
                found.append(line.text)
            elif _CRASH.search(line.text) and not line.level:
                found.append(line.text)
        return found

    # -- start

    def started(self, seconds=None):
        """Waits until it serves, and notes what it holds open but for connections (probes may run already)."""
        self.wait_event("started", seconds=seconds)
        self.baseline = self.held(connections=False)
        return self

    def listening(self, configured="127.0.0.1:0", since=0, event="listening"):
        """The address behind a `listen` text: (ip, port), or a path for unix:."""
        address = self.wait_event(event, since=since, configured=configured)["address"]
        return parse_address(address)

    @property
    def address(self):
        """Where the first listener is."""
        return parse_address(self.wait_event("listening")["address"])

    def client(self, address=None, **more):
        client = RawClient(address or self.address, **more)
        self.clients.append(client)
        return client

    def ask(self, target="/", method="GET", fields=(), body=None, address=None, tls=None, name=None, source=None, **more):
        """One request on a connection of its own."""
        with RawClient(address or self.address, tls=tls, name=name, source=source) as client:
            return client.ask(target, method, fields, body, **more)

    def connections_to(self, backend):
        """How many connections it has to that backend, as the kernel knows them."""
        return len(sockdiag.tcp_connections({backend.port}) & set(sockdiag.socket_inodes(self.pid)[0]))

    # -- the admin side

    def admin(self, path, method="GET", body=None):
        """(status, headers, text) of an admin request."""
        where = parse_address(self.wait_event("admin_listening")["address"])
        if isinstance(where, str):
            link = _UnixHTTP(where, PATIENCE)
        else:
            link = http.client.HTTPConnection(*where, timeout=PATIENCE)
        try:
            link.request(method, path, body)
            answer = link.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            link.close()

    def metrics(self):
        status, _, text = self.admin("/metrics")
        assert status == 200, text
        return Metrics(text)

    def nodes(self, pool=None):
        """{node_id: what /nodes tells}."""
        status, _, text = self.admin("/nodes")
        assert status == 200, text
        told = json.loads(text)
        rows = told["nodes"] if isinstance(told, dict) else told
        return {row["node_id"]: row for row in rows if pool is None or row.get("pool") == pool}

    def wait_state(self, worker, state, seconds=None, pool=None):
        wait_until(lambda: self.nodes(pool)[worker]["state"] == state, f"{worker} is {state}", seconds)

    def exchanges(self):
        """Complete lines of the JSON access log."""
        return read_json_lines(self.access_log)

    # -- /proc

    def status(self, key):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            return next(line.split(":", 1)[1].strip() for line in status if line.startswith(key + ":"))

    def memory(self, key="VmRSS"):
        """Bytes; VmHWM is the highest so far."""
        return int(self.status(key).split()[0]) * 1024

    def cpu_seconds(self):
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def held(self, connections=True):
        """Descriptors by kind. Pipes are pooled and connections to live workers may be kept: not counted. Nor is
        /dev/urandom: jansson reads it for a moment when it makes its first object, which may be after the start."""
        sockets, others = sockdiag.socket_inodes(self.pid)
        if not connections:
            sockets = sockets.keys() & sockdiag.listeners()
        elif self.worker_ports:
            sockets = sockets.keys() - sockdiag.tcp_connections(self.worker_ports)
        return {"sockets": len(sockets), "files": sum(n for kind, n in others.items() if kind not in ("pipe", "/dev/urandom"))}

    # -- signals and the end

    def signal(self, number):
        self.process.send_signal(number)

    def reload(self, config=None):
        """HUP with a new file (or the old one); the line that ended it."""
        if config is not None:
            self.write(config)
        since = self.mark()
        self.signal(signal.SIGHUP)
        return self._wait_line(lambda line: line.event in ("reload_done", "reload_failed"),
                               "the end of a reload", since)

    def reload_ok(self, config=None):
        line = self.reload(config)
        assert line.event == "reload_done", self.log_tail()
        return line

    def wait_exit(self, seconds=None):
        """The exit code."""
        try:
            code = self.process.wait(PATIENCE * 2 if seconds is None else seconds)
        except subprocess.TimeoutExpired as err:
            raise TooLate(f"the program does not end:\n{self.log_tail()}") from err
        self.reader.join(PATIENCE)
        return code

    def is_running(self):
        return self.process.poll() is None

    def settle(self):
        """Everybody else leaves; what the program holds must go back to what it had at the start."""
        for client in self.clients:
            client.close()
        for backend in self.backends:
            backend.close()
        for backend in self.backends:
            backend.check()

        def is_back():
            return self.held() == self.baseline

        try:
            wait_until(is_back, "descriptors", PATIENCE)
        except TooLate:
            raise AssertionError(f"descriptors at the start {self.baseline}, now {self.held()}\n"
                                 f"{self._list_descriptors()}\n{self.log_tail()}") from None
        if self.events("admin_listening"):
            wait_until(lambda: self.open_connections() == 0, "the gauge of connections goes back to 0")

    def open_connections(self):
        """Clients, as the program itself counts them."""
        return self.metrics().value("comfymux_client_connections")

    def _list_descriptors(self):
        folder = f"/proc/{self.pid}/fd"
        found = subprocess.run(["ls", "-l", folder], capture_output=True, text=True, check=False).stdout
        return found + subprocess.run(["ss", "-tnp"], capture_output=True, text=True, check=False).stdout[-4000:]

    def finish(self, settle=True):
        """The hidden checks: settled, clean end on TERM, nothing in the log that was not announced."""
        try:
            if not self.is_running():
                raise Exited(f"exit code {self.wait_exit()} before the test's end:\n{self.log_tail()}")
            if settle and self.baseline is not None:
                self.settle()
            self.signal(signal.SIGTERM)
            code = self.wait_exit()
            assert code == 0, f"exit code {code} on TERM:\n{self.log_tail()}"
        finally:
            self.kill()
        self.check_log()

    def check_log(self):
        wrong = self.unannounced()
        assert not wrong, "lines nobody announced:\n" + "\n".join(wrong[:60])

    def kill(self):
        """Never leaves a process behind, whatever happened."""
        for client in self.clients:
            client.close()
        for backend in self.backends:
            backend.close()
        if self.is_running():
            self.process.kill()
        self.process.wait()
        self.reader.join(PATIENCE)


def parse_address(text):
    if text.startswith("unix:"):
        return text[5:]
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def run(*arguments, cwd=None, seconds=30, env=None):
    """The program as a command that ends by itself: (exit code, stdout, stderr)."""
    done = subprocess.run([paths.binary(), *map(str, arguments)], cwd=cwd, capture_output=True, text=True,
                          timeout=seconds, env={**os.environ, **SANITIZERS, **(env or {})}, check=False,
                          stdin=subprocess.DEVNULL)
    assert not re.search(r"Sanitizer|runtime error:", done.stderr), done.stderr
    return done.returncode, done.stdout, done.stderr
