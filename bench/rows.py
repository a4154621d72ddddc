"""The rows of the table: what work is done, and what one unit of it cost the proxy.

A row is a function from a running proxy and a number of seconds to its figures,
smaller is better. Whatever goes wrong (an error, an answer that is not 200)
raises: there are no figures for work that was not done.
"""
import re
import subprocess

from proxies import LOAD_CPU, BenchError, end, read_line, spawn

SLACK_SECONDS = 40  # beyond what a load should take
TUNNELS, SLOW = 5000, 500
WRK_DONE = re.compile(r"(\d+) requests in ")


class Tools:
    """Where the load comes from."""

    def __init__(self, load):
        self.load = load


class Load:
    """bench/load, told to begin when its connections stand."""

    def __init__(self, tools, seconds, *words):
        self.seconds = seconds
        self.what = " ".join(map(str, words))
        self.child = spawn([tools.load, *words], LOAD_CPU, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            if read_line(self.child, SLACK_SECONDS, self.what) != "ready":
                raise BenchError(f"{self.what}: not ready")
        except BaseException:
            self.stop()
            raise

    def run(self):
        """Its figures."""
        self.child.stdin.write(b"go\n")
        self.child.stdin.flush()
        return [float(word) for word in read_line(self.child, self.seconds + SLACK_SECONDS, self.what).split()]

    def stop(self):
        self.child.stdin.close()
        end(self.child)
        self.child.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.stop()


def wrk(proxy, scheme, path, seconds, connections, *more):
    """CPU seconds per request."""
    url = f"{'https' if scheme == 'tls' else 'http'}://127.0.0.1:{proxy.ports[scheme]}{path}"
    before = proxy.cpu_seconds()
    child = spawn(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", *more, url], LOAD_CPU,
                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        text = child.communicate(timeout=seconds + SLACK_SECONDS)[0].decode()
    finally:
        end(child)
    used = proxy.cpu_seconds() - before
    done = WRK_DONE.search(text)
    if child.returncode != 0 or not done or int(done[1]) == 0 or "Non-2xx" in text or "Socket errors" in text:
        raise BenchError(f"{proxy.name}: wrk {url}: {text}")
    return used / int(done[1])


def load(proxy, tools, seconds, *words):
    """CPU seconds per unit."""
    with Load(tools, seconds, *words) as work:
        before = proxy.cpu_seconds()
        done = work.run()[0]
        if done <= 0:
            raise BenchError(f"{proxy.name}: {work.what}: nothing done")
        return (proxy.cpu_seconds() - before) / done


def small_plain(proxy, tools, seconds):
    return wrk(proxy, "plain", "/88", seconds, 64)


def small_tls(proxy, tools, seconds):
    return wrk(proxy, "tls", "/88", seconds, 64)


def small_close(proxy, tools, seconds):
    return wrk(proxy, "plain", "/88", seconds, 64, "-H", "Connection: close")


def handshakes(proxy, tools, seconds):
    return load(proxy, tools, seconds, "handshakes", proxy.ports["tls"], seconds, 16)


def big_get(proxy, tools, seconds):
    return wrk(proxy, "plain", "/1m", seconds, 16)


def times(seconds):
    """A big transfer takes a good part of a second."""
    return max(1, int(seconds))


def download(proxy, tools, seconds):
    return load(proxy, tools, seconds, "get", proxy.ports["plain"], "/300m", "plain", times(seconds)) * 300e6


def upload(proxy, tools, seconds):
    return load(proxy, tools, seconds, "put", proxy.ports["plain"], 200000000, times(seconds)) * 200e6


def download_tls(proxy, tools, seconds):
    return load(proxy, tools, seconds, "get", proxy.ports["tls"], "/300m", "tls", times(seconds)) * 300e6


def ping_pong(proxy, tools, seconds):
    return load(proxy, tools, seconds, "ping-pong", proxy.ports["plain"], seconds, 64)


def tunnel_memory(proxy, tools, seconds):
    """Octets per idle tunnel, of a fresh process that has served a little."""
    wrk(proxy, "plain", "/88", 1, 8)
    before = proxy.resident_bytes()
    with Load(tools, 1, "hold", proxy.ports["plain"], TUNNELS, 0) as hold:
        used = proxy.resident_bytes() - before
        if hold.run()[0] != TUNNELS:
            raise BenchError(f"{proxy.name}: tunnels ended")
    return used / TUNNELS


def crowd(proxy, tools, seconds):
    """How many times longer others wait while 5,000 tunnels idle and 500 clients are slow: the worse of
    median and 99th percentile."""
    def latency():
        with Load(tools, seconds, "latency", proxy.ports["plain"], seconds, 500) as work:
            return work.run()[:2]
    alone = latency()
    with Load(tools, 1, "hold", proxy.ports["plain"], TUNNELS, SLOW):
        beside = latency()
    return max(b / a for a, b in zip(alone, beside))


class Row:
    def __init__(self, key, title, work, unit, scale, bar, is_absolute=False, is_fresh=False):
        self.key = key
        self.title = title
        self.work = work
        self.unit = unit
        self.scale = scale  # from what work returns to unit
        self.bar = bar      # against the better of nginx and haproxy, or absolute in unit
        self.is_absolute = is_absolute
        self.is_fresh = is_fresh  # wants processes that have done nothing yet


ROWS = (
    Row("plain", "GET of 88 bytes, keep-alive, plain", small_plain, "µs/request", 1e6, 0.70),
    Row("tls", "the same over TLS", small_tls, "µs/request", 1e6, 0.80),
    Row("close", "the same, a new connection each", small_close, "µs/request", 1e6, 0.85),
    Row("handshakes", "TLS handshakes, ECDSA P-256, no resumption", handshakes, "µs/handshake", 1e6, 1.05),
    Row("1m", "1 MB GET", big_get, "µs/request", 1e6, 0.60),
    Row("download", "300 MB download, plain", download, "ms each", 1e3, 0.50),
    Row("upload", "200 MB upload, plain", upload, "ms each", 1e3, 0.60),
    Row("download-tls", "300 MB download over TLS", download_tls, "ms each", 1e3, 1.00),
    Row("ping-pong", "200-byte messages ping-ponged on 64 tunnels", ping_pong, "µs/message", 1e6, 0.75),
    Row("memory", "memory per idle tunnel", tunnel_memory, "KiB", 1 / 1024, 4.0, is_absolute=True, is_fresh=True),
    Row("crowd", "latency of others beside 5,000 idle tunnels and 500 slow clients, against alone", crowd, "times",
        1, 2.0, is_absolute=True, is_fresh=True),
)
