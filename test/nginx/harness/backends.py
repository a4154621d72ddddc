"""Scripted backends: each keeps every octet it gets and answers what the running case says.

An answer is octets, or one of Close, Reset, Hang, Switch, Steps. Without one
the backend says its name. Requests are taken down when they are complete, so
whoever has the answer finds them.
"""
import socket
import ssl
import struct
import threading

from . import wait, wire


class Close:
    """Says this and closes."""

    def __init__(self, octets=b""):
        self.octets = octets


class Reset:
    """Says this and breaks the connection."""

    def __init__(self, octets=b""):
        self.octets = octets


class Hang:
    """Says this and then nothing, until the other side closes."""

    def __init__(self, octets=b""):
        self.octets = octets


class Switch:
    """This head of a 101, if the request asks for one; then says after, and sends every octet back that comes."""

    def __init__(self, head, after=b""):
        self.head, self.after = head, after


class Steps:
    """pieces of one answer; between two the backend waits for go(). It closes after the last if is_last."""

    def __init__(self, *pieces, closes=True):
        self.pieces, self.closes = pieces, closes
        self.may_go = threading.Semaphore(0)
        self.sent = threading.Semaphore(0)

    def go(self):
        self.may_go.release()

    def wait_sent(self):
        assert self.sent.acquire(timeout=wait.PATIENCE), "the backend could not send"


def ok(body=b"ok", *lines, status="200 OK", length=True):
    """An answer in octets."""
    body = body.encode() if isinstance(body, str) else body
    head = [f"HTTP/1.1 {status}", *lines]
    if length:
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


class Request:
    def __init__(self, connection, head):
        self.connection = connection  # its number, counted at this backend on this side
        self.nth = 0                  # the how many-th on its connection
        self.head, self.body, self.framing = head, b"", "none"
        self.whole = True

    @property
    def lines(self):
        return wire.head_lines(self.head)

    def get(self, name):
        values = wire.fields(self.lines, name)
        return values[0].decode("latin-1") if values else None


class Backend:
    """Listens on an address of its own; one thread per connection, which ends with it."""

    def __init__(self, all_of_them, name, address, tls=None, port=0):
        self.all, self.name, self.tls = all_of_them, name, tls
        self.listener = socket.create_server((address, port), backlog=64)
        self.where = "%s:%d" % self.listener.getsockname()
        self.open = set()
        self.threads = []
        self._begin(self._accept)

    def _begin(self, work, *arguments):
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self.threads.append(thread)
        thread.start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.open.add(sock)
            self._begin(self._serve, sock)

    def _serve(self, sock):
        number, script = self.all.connected(self)
        try:
            if self.tls:
                sock = self._handshake(sock)
            self._requests(sock, number, script)
        except OSError:
            pass
        finally:
            self.open.discard(sock)
            sock.close()

    def _handshake(self, sock):
        self.open.discard(sock)
        sock = self.tls.wrap_socket(sock, server_side=True)
        self.open.add(sock)
        return sock

    def _requests(self, sock, number, script):
        reader, nth = wire.Reader(sock), 0
        while head := reader.until(b"\r\n\r\n"):
            nth += 1
            request = Request(number, head)
            request.nth = nth
            expects = request.get("expect")
            if expects:
                sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._body(reader, request)
            answer = self.all.arrived(self, request, script)
            if not request.whole or not self._answer(sock, reader, request, answer):
                return

    @staticmethod
    def _body(reader, request):
        if not request.head.endswith(b"\r\n\r\n"):
            request.framing, request.whole = "cut", False
        elif wire.fields(request.lines, "transfer-encoding"):
            request.framing = "chunked"
            request.body, request.whole, _, _ = wire.chunked_body(reader)
        elif length := request.get("content-length"):
            request.framing = "length"
            request.body = reader.exactly(int(length))
            request.whole = len(request.body) == int(length)

    def _answer(self, sock, reader, request, answer):
        """False: the connection is over."""
        if answer is None or (isinstance(answer, Switch) and not request.get("upgrade")):
            closes = ("Connection: close",) if self._is_last(request) else ()
            answer = ok(f"{self.name}\n", "Content-Type: text/plain", *closes)
        if isinstance(answer, Close):
            sock.sendall(answer.octets)
            return False
        if isinstance(answer, Reset):
            sock.sendall(answer.octets)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        if isinstance(answer, Hang):
            sock.sendall(answer.octets)
            reader.rest()
            return False
        if isinstance(answer, Switch):
            return self._echo(sock, reader, answer)
        if isinstance(answer, Steps):
            return self._steps(sock, answer)
        sock.sendall(answer)
        return not self._is_last(request)

    @staticmethod
    def _is_last(request):
        word = (request.get("connection") or "").lower()
        return word == "close" or (request.lines[0].endswith(b"HTTP/1.0") and word != "keep-alive")

    @staticmethod
    def _echo(sock, reader, answer):
        sock.sendall(answer.head + answer.after)
        while reader.held or reader.fill():
            sock.sendall(reader.take(len(reader.held)))
        return False

    @staticmethod
    def _steps(sock, answer):
        for i, piece in enumerate(answer.pieces):
            if i:
                answer.may_go.acquire(timeout=wait.PATIENCE)
            sock.sendall(piece)
            answer.sent.release()
        return not answer.closes

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for sock in list(self.open):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self.threads:
            thread.join(wait.PATIENCE)


class Script:
    """What the backends do in one case on one side: answers in the order of asking, or by backend's name."""

    def __init__(self, answers=()):
        self.by_name = {name: list(some) for name, some in answers.items()} if isinstance(answers, dict) else None
        self.in_order = [] if self.by_name is not None else list(answers)
        self.seen = []  # (backend's name, Request)

    def next_answer(self, name):
        waiting = self.in_order if self.by_name is None else self.by_name.get(name, [])
        return waiting.pop(0) if waiting else None


class Stage:
    """Backends and the script they play. One side at a time is asked, so a new connection belongs to the running script."""

    def __init__(self):
        self.lock = threading.Condition()
        self.script = Script()
        self.numbers = {}
        self.by_name = {}

    def add(self, name, address, **more):
        self.by_name[name] = Backend(self, name, address, **more)

    def begin(self, script):
        with self.lock:
            self.script = script
            self.numbers = {}

    def connected(self, backend):
        """A kept connection may serve a later case: it asks for the script of that time."""
        with self.lock:
            number = self.numbers[backend.name] = self.numbers.get(backend.name, 0) + 1
            return f"{backend.name}-{number}", self.script

    def arrived(self, backend, request, script):
        with self.lock:
            if script is not self.script:
                request.connection = f"{backend.name}-kept"
            self.script.seen.append((backend.name, request))
            self.lock.notify_all()
            return self.script.next_answer(backend.name)

    def wait_seen(self, count):
        with self.lock:
            assert self.lock.wait_for(lambda: len(self.script.seen) >= count, wait.PATIENCE), "no request came"

    def where(self):
        return {name: backend.where for name, backend in self.by_name.items()}

    def close(self):
        for backend in self.by_name.values():
            backend.close()


class Backends(Stage):
    """B1 .. B6, plain, and S1, S2, with TLS."""

    PLAIN, TLS = 6, 2

    def __init__(self, net, certificates):
        super().__init__()
        for i in range(1, self.PLAIN + 1):
            self.add(f"B{i}", net.host(10 + i))
        for i in range(1, self.TLS + 1):
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(*certificates.of("worker.test"))
            self.add(f"S{i}", net.host(20 + i), tls=tls)
