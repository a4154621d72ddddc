"""One program, nginx or comfymux, on one configuration, in a folder of its own."""
import os
import pathlib
import re
import signal
import socket
import subprocess

from . import wait

ROOT = pathlib.Path(__file__).resolve().parents[3]
NGINX = os.environ.get("NGINX", "/usr/sbin/nginx")
COMFYMUX = os.environ.get("COMFYMUX", str(ROOT / "build/test/comfymux"))
AGAINST_ITSELF = bool(os.environ.get("TEST_NGINX_SELF"))
# comfymux reads the same in libconfig's clothes, as --to-native prints it.
AS_NATIVE = bool(os.environ.get("TEST_NGINX_NATIVE"))

# What every configuration begins with.
HEAD = """daemon off;
master_process off;
pid %%DIR%%/nginx.pid;
error_log %%DIR%%/error.log info;
events { worker_connections 512; }
"""
# What every http block begins with. "bytes=" is checked against what the client got (normal.py).
HTTP = """client_body_temp_path %%DIR%%/body;
proxy_temp_path %%DIR%%/proxy;
%%ELSEWHERE%%
%%OWN%%
log_format seen '$remote_addr "$request" $status bytes=$body_bytes_sent $upstream_addr $upstream_status';
access_log %%DIR%%/access.log seen;
"""
# Only nginx has these, and without them it wants folders below /var.
ELSEWHERE = "".join(f"{kind}_temp_path %%DIR%%/{kind};\n" for kind in ("fastcgi", "uwsgi", "scgi"))
# Only comfymux has this: without it a handshake goes on where nobody sets Upgrade (test_seed.py).
OWN = "comfymux_websocket off;"


def fill(text, values):
    for name in ("HEAD", "HTTP", "ELSEWHERE", "OWN"):
        text = text.replace(f"%%{name}%%", values[name])
    return re.sub(r"%%(\w+)%%", lambda found: str(values[found.group(1)]), text)


def native(program, folder, file):
    """The file that --to-native makes of that one."""
    done = subprocess.run([program, "-p", f"{folder}/", "-c", str(file), "--to-native"], capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=60, cwd=folder)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
    made = folder / "native.conf"
    made.write_bytes(done.stdout)
    return made


class Server:
    """kind: "nginx" or "comfymux". text: the configuration with its placeholders filled in."""

    def __init__(self, kind, folder, address, text):
        self.kind, self.folder, self.address, self.text = kind, folder, address, text
        self.program = NGINX if kind == "nginx" else COMFYMUX
        self.process = None
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / "nginx.conf"
        self.file.write_text(text)
        if kind != "nginx" and AS_NATIVE:
            self.file = native(self.program, folder, self.file)
        self.error_log, self.access_log = folder / "error.log", folder / "access.log"
        self.stderr = folder / "stderr"

    def start(self, port):
        """Up when the port answers. False: an address was taken."""
        with open(self.stderr, "wb") as stderr:
            self.process = subprocess.Popen(
                [self.program, "-p", f"{self.folder}/", "-c", str(self.file)],
                stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr, cwd=self.folder)
        try:
            wait.wait_until(lambda: self.process.poll() is not None or self.answers(port), f"{self.kind} starts")
        except AssertionError:
            self.stop()
            raise
        if self.process.poll() is None:
            return True
        said = self.stderr.read_text(errors="replace") + self.errors()
        if "Address already in use" in said:
            return False
        raise AssertionError(f"{self.kind} did not start: {said.strip()[-1500:]}")

    def answers(self, port):
        # The pid file comes when all sockets listen; a connection would leave a line in the log.
        return (self.folder / "nginx.pid").exists() and (self.folder / "nginx.pid").read_text().strip()

    def errors(self, offset=0):
        return self._tail(self.error_log, offset)

    def accesses(self, offset=0):
        return self._tail(self.access_log, offset)

    @staticmethod
    def _tail(path, offset):
        try:
            with open(path, "rb") as file:
                file.seek(offset)
                return file.read().decode("latin-1")
        except FileNotFoundError:
            return ""

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        """Returns what is wrong with how it ended, or ""."""
        if self.process is None:
            return ""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(wait.PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return f"{self.kind} did not end"
        said = self.stderr.read_text(errors="replace")
        if status != 0 or "Sanitizer" in said or "runtime error" in said:
            return f"{self.kind} ended with {status}: {said[-3000:]}"
        return ""

    def connect(self, port, source=None, timeout=wait.PATIENCE):
        sock = socket.socket()
        sock.settimeout(timeout)
        if source:
            sock.bind((source, 0))
        sock.connect((self.address, port))
        return sock
