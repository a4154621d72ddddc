"""The proxies beside each other: how each is configured and started, and what it used.

All have one worker on a processor of its own, kept connections to the same
origin, an access log in a file, X-Forwarded-For, and the same certificate, with
AES-128-GCM first.
"""
import contextlib
import ctypes
import os
import pathlib
import select
import signal
import socket
import subprocess
import time

PROXY_CPU, LOAD_CPU = 0, 1
START_SECONDS = 10
SUITES = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

NGINX = """
daemon off; master_process off; worker_processes 1; worker_rlimit_nofile {files};
pid {folder}/nginx.pid; error_log {folder}/nginx.error error;
events {{ worker_connections {connections}; }}
http {{
    access_log {log} combined{log_options};
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    keepalive_requests 1000000000; keepalive_timeout 75; client_max_body_size 0;
    map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
    upstream origin {{ server 127.0.0.1:{origin}; keepalive 64; keepalive_requests 1000000000; }}
    server {{
        listen 127.0.0.1:{plain} backlog=4096;
        listen 127.0.0.1:{tls} ssl backlog=4096;
        ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
        ssl_protocols TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers on; ssl_conf_command Ciphersuites {suites};
        proxy_http_version 1.1; proxy_read_timeout 3600;
        proxy_set_header Host $http_host; proxy_set_header X-Real-IP $remote_addr;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;
        location / {{ proxy_pass http://origin; }}
    }}
}}
"""

HAPROXY = """
global
    nbthread 1
    maxconn {half}
    log stdout format raw local0 info
    ssl-default-bind-options ssl-min-ver TLSv1.2
    ssl-default-bind-ciphersuites {suites}
defaults
    mode http
    log global
    option httplog
    option forwardfor
    option http-keep-alive
    http-reuse always
    timeout connect 5s
    timeout client 75s
    timeout server 3600s
    timeout http-request 60s
    timeout http-keep-alive 75s
    timeout tunnel 1h
    {options}
frontend front
    bind 127.0.0.1:{plain} backlog 4096
    bind 127.0.0.1:{tls} backlog 4096 ssl crt {folder}/both.pem alpn http/1.1
    default_backend back
backend back
    server origin 127.0.0.1:{origin} pool-max-conn 64
"""

COMFYMUX = """
daemon = false;
error_log = {{ file = "stderr"; level = "warn"; }};
access_log = {{ file = "{log}"; format = "combined"; }};
admin = {{ listen = "unix:{folder}/admin-{plain}.sock"; }};
limits = {{ max_connections = {connections}; body_bytes = 0; }};
pools = ( {{
    name = "origin"; keepalive = 64;
    static_nodes = ( {{ node_id = "origin"; host = "127.0.0.1"; port = {origin}; }} );
    {options}
    health_check = {{ interval = 0; }}; }} );
servers = (
    {{ listen = ["127.0.0.1:{plain}"]; locations = ( {{ path = "/"; pool = "origin"; }} ); }},
    {{ listen = ["127.0.0.1:{tls}"]; locations = ( {{ path = "/"; pool = "origin"; }} );
       tls = {{ certificate = "{folder}/cert.pem"; key = "{folder}/key.pem"; }}; }} );
"""
PLAIN_PROXYING = 'load_balancing = { strategy = "round_robin"; sticky = { keys = []; }; };'

# name -> (family, what its configuration says beside the usual)
KINDS = {
    "nginx": ("nginx", {}),
    "haproxy": ("haproxy", {}),
    "comfymux": ("comfymux", {"options": PLAIN_PROXYING}),
    # The very file that nginx has.
    "comfymux, nginx.conf": ("nginx", {}),
    # Variants: shown, but no yardstick.
    "nginx, log buffered": ("nginx", {"log_options": " buffer=64k flush=1s"}),
    "haproxy, splice": ("haproxy", {"options": "option splice-auto"}),
    "comfymux, defaults": ("comfymux", {}),
}
MEASURED = ("nginx", "haproxy", "comfymux", "comfymux, nginx.conf")
VARIANTS = tuple(name for name in KINDS if name not in MEASURED)


class BenchError(Exception):
    pass


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def file_limit():
    """Descriptors a process may have: ours is raised to the hard limit, children inherit it."""
    import resource
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def spawn(command, cpu, **streams):
    """A child on that processor, None: on any, that ends with us."""
    def prepare():
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
        if cpu is not None and os.cpu_count() > 1:
            os.sched_setaffinity(0, {cpu})
    return subprocess.Popen([str(word) for word in command], preexec_fn=prepare, **streams)


def end(child):
    if child.poll() is not None:
        return
    child.terminate()
    try:
        child.wait(5)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def read_line(child, seconds, what):
    """A line of its output; an error when none comes in time."""
    if not select.select([child.stdout], [], [], seconds)[0]:
        raise BenchError(f"{what}: nothing heard for {seconds} s")
    line = child.stdout.readline()
    if not line:
        raise BenchError(f"{what}: ended with {child.wait()}")
    return line.decode().strip()


def wait_for_port(child, port, name, said):
    """Until somebody listens there; an error with what the child said when it ends before."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        if child.poll() is not None:
            raise BenchError(f"{name} ended with {child.returncode}: {said.read_text(errors='replace')[-2000:]}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if time.monotonic() > deadline:
            raise BenchError(f"{name} does not listen")
        time.sleep(0.02)


def cpu_seconds_of(pid):
    """What its threads spent on the processor, kernel included, to the nanosecond."""
    nanoseconds = sum(int(path.read_text().split()[0])
                      for path in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"))
    if nanoseconds:
        return nanoseconds / 1e9
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def make_certificate(folder):
    """EC P-256, self-signed."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "2", "-subj", "/CN=bench", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
                   check=True, capture_output=True)
    (folder / "both.pem").write_text((folder / "cert.pem").read_text() + (folder / "key.pem").read_text())


class Proxy:
    """One that runs. CPU time and memory are those of its only process."""

    def __init__(self, name, folder, origin_port, binary):
        family, more = KINDS[name]
        self.name = name
        self.folder = folder
        self.log = folder / f"{name.replace(', ', '-').replace(' ', '-')}.log"
        self.ports = {"plain": free_port(), "tls": free_port()}
        files = file_limit()
        values = {"folder": folder, "origin": origin_port, "log": self.log, "suites": SUITES, "files": files,
                  "connections": files * 3 // 4, "half": (files - 200) // 2, "log_options": "", "options": "",
                  **self.ports, **more}
        config = folder / f"{self.log.stem}.conf"
        config.write_text({"nginx": NGINX, "haproxy": HAPROXY, "comfymux": COMFYMUX}[family].format(**values))
        program = binary if name.startswith("comfymux") else family
        command = {"nginx": [program, "-p", folder, "-c", config, "-e", folder / "nginx.error"],
                   "haproxy": [program, "-db", "-f", config],
                   "comfymux": [program, "-c", config]}[family]
        self.log.touch()
        self.said = folder / f"{self.log.stem}.said"
        out = self.log if family == "haproxy" else self.said
        with open(out, "ab") as stdout, open(self.said, "ab") as stderr:
            self.child = spawn(command, PROXY_CPU, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr)
        self.pid = self.child.pid
        for port in self.ports.values():
            wait_for_port(self.child, port, name, self.said)

    def cpu_seconds(self):
        return cpu_seconds_of(self.pid)

    def resident_bytes(self):
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise BenchError(f"{self.name}: no VmRSS")

    def forget_log(self):
        """Millions of lines; the file was opened to append, so it may be cut."""
        if self.log.stat().st_size > 0:
            os.truncate(self.log, 0)

    def stop(self):
        end(self.child)


class Origin:
    def __init__(self, binary):
        self.child = spawn([binary], LOAD_CPU, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.port = int(read_line(self.child, START_SECONDS, "origin").split()[1])

    def stop(self):
        self.child.stdin.close()
        end(self.child)
