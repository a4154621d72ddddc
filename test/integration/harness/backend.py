"""A backend made of a socket and a script.

The script is a function that gets a BackendConnection and does what the test
wants with exact bytes; it runs in a thread of its own per connection. What the
proxy sent is kept, byte for byte. A failed assertion in a script fails the
test when the backend is closed; a connection that the proxy ended does not.
"""
import socket
import struct
import threading

from .sockdiag import wait_consumed
from .wait import PATIENCE, Deadline, TooLate
from .wire import Cut, Reader, make_response


class BackendConnection(Reader):
    def __init__(self, backend, sock, peer, number):
        super().__init__(sock, PATIENCE * 6)  # kept connections idle for long
        self.backend, self.peer, self.number = backend, peer, number
        self.requests = []
        self.over = threading.Event()
        self.thread = None

    def request(self):
        request = super().request()
        if request is not None:
            self.backend.note(self, request)
        return request

    def request_head(self):
        request = super().request_head()
        if request is not None:
            self.backend.note(self, request)
        return request

    def send(self, data):
        self.sock.settimeout(self.patience)
        self.sock.sendall(data)
        return self

    def send_seen(self, data):
        self.send(data)
        wait_consumed(self.sock)
        return self

    def half_close(self):
        self.sock.shutdown(socket.SHUT_WR)

    def end(self):
        """Ends the connection; its own thread closes the socket, so that no other gets its number meanwhile."""
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def close(self):
        """For scripts."""
        self.end()
        self.sock.close()

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def wait_closed(self):
        """Reads until the proxy ends the connection; what came before the end."""
        return self.rest("the proxy closes the backend connection")


def answering(answer=None):
    """A script: every request gets `answer`, bytes or a function of the request that returns bytes."""

    def script(conn):
        while (request := conn.request()) is not None:
            reply = conn.backend.answer if answer is None else answer
            data = reply(request) if callable(reply) else reply
            conn.send(data)
            head = data.split(b"\r\n\r\n", 1)[0].lower()
            if b"\r\nconnection: close" in head:
                return

    return script


class Backend:
    """Listens on loopback. `script` may be changed at any time, new connections run the new one."""

    def __init__(self, script=None, answer=None, host="127.0.0.1", backlog=512, port=0):
        self.answer = answer if answer is not None else make_response()
        self.script = script or answering()
        self.host, self.backlog = host, backlog
        self.connections, self.requests, self.failures = [], [], []
        self.changed = threading.Condition()
        self.listener = None
        self.closing = False
        self.holder = self._bind(port)  # keeps the port ours while nobody listens
        self.port = self.holder.getsockname()[1]
        self.listen()

    def _bind(self, port):
        sock = socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind((self.host, port))
        return sock

    def listen(self):
        self.listener = self._bind(self.port)
        self.listener.listen(self.backlog)
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def refuse(self):
        """From now on connecting is refused; existing connections stay."""
        listener, self.listener = self.listener, None
        if listener:
            try:
                listener.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            listener.close()

    def _accept(self, listener):
        while True:
            try:
                sock, peer = listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.changed:
                conn = BackendConnection(self, sock, peer, len(self.connections))
                self.connections.append(conn)
                conn.thread = threading.Thread(target=self._run, args=(conn, self.script), daemon=True)
                self.changed.notify_all()
            conn.thread.start()

    def _run(self, conn, script):
        try:
            script(conn)
        except (OSError, Cut, ValueError):
            pass  # the proxy, or the test's end, closed it under the script
        except BaseException as err:  # pylint: disable=broad-except
            if not self.closing:
                self.failures.append(err)
        finally:
            conn.close()
            conn.over.set()
            with self.changed:
                self.changed.notify_all()

    def note(self, conn, request):
        with self.changed:
            conn.requests.append(request)
            self.requests.append(request)
            self.changed.notify_all()

    def wait_for(self, question, what, seconds=None):
        """Until the answer is true; asked anew whenever something changed here."""
        deadline = Deadline(PATIENCE if seconds is None else seconds)
        with self.changed:
            while not question():
                if self.failures:
                    raise self.failures[0]
                if not self.changed.wait(deadline.left()) and not question():
                    raise TooLate(f"{what}: not within {deadline.seconds} s")

    def wait_requests(self, count, seconds=None):
        self.wait_for(lambda: len(self.requests) >= count, f"{count} requests at the backend", seconds)
        return self.requests

    def wait_connections(self, count, seconds=None):
        self.wait_for(lambda: len(self.connections) >= count, f"{count} connections", seconds)
        return self.connections

    def wait_over(self, seconds=None):
        """Until every script has ended."""
        self.wait_for(lambda: all(c.over.is_set() for c in self.connections), "scripts end", seconds)

    def received(self):
        """Every byte of every connection, in the order of the connections."""
        return b"".join(bytes(conn.received) for conn in self.connections)

    def paths(self):
        return [request.target for request in self.requests]

    def check(self):
        if self.failures:
            raise self.failures[0]

    def forget(self):
        """Closes all connections and starts the records anew."""
        for conn in list(self.connections):
            conn.end()
        for conn in list(self.connections):
            conn.over.wait(PATIENCE)
        with self.changed:
            self.connections, self.requests, self.failures = [], [], []

    def close(self):
        self.closing = True
        self.refuse()
        for conn in list(self.connections):
            conn.end()
        for conn in list(self.connections):
            conn.over.wait(PATIENCE)
        self.holder.close()
