"""A client made of a socket: sends exactly the given bytes, reads with Reader."""
import socket
import ssl
import struct

from .sockdiag import wait_consumed
from .wait import PATIENCE, Stopwatch
from .wire import Malformed, Reader, make_request


def _connect(address, source, patience, buffers):
    family = socket.AF_UNIX if isinstance(address, str) else (
        socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(patience)
        if buffers:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffers)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffers)
        if source:
            sock.bind((source, 0))
        sock.connect(address)
        if family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        sock.close()
        raise
    return sock


class RawClient(Reader):
    def __init__(self, address, tls=None, name=None, source=None, patience=None, buffers=None,
                 tls_session=None):
        """address: (ip, port) or the path of a unix socket. tls: an ssl.SSLContext, name: its SNI.
        source: the address to come from (any of 127.0.0.0/8). buffers: bytes of the kernel's buffers."""
        patience = PATIENCE if patience is None else patience
        sock = _connect(address, source, patience, buffers)
        self.plain = sock
        if tls is not None:
            try:
                sock = tls.wrap_socket(sock, server_hostname=name, suppress_ragged_eofs=False,
                                       session=tls_session)
            except BaseException:
                self.plain.close()
                raise
        super().__init__(sock, patience)

    @property
    def port(self):
        return self.sock.getsockname()[1]

    def send(self, data):
        self.sock.settimeout(self.patience)
        self.sock.sendall(data)
        return self

    def send_seen(self, data):
        """Sends, and returns once the proxy has read it all (plain TCP only)."""
        self.send(data)
        wait_consumed(self.sock)
        return self

    def ask(self, target="/", method="GET", fields=(), body=None, host="comfy.test", version="1.1"):
        """One request and its response."""
        self.send(make_request(target, method, fields, body, host, version))
        return self.response(method)

    def half_close(self):
        if isinstance(self.sock, ssl.SSLSocket):
            raise NotImplementedError("TLS has no half-close here")
        self.sock.shutdown(socket.SHUT_WR)
        return self

    def close(self):
        self.sock.close()

    def reset(self):
        """Ends the connection with a RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def is_closed(self):
        """The proxy ended the connection and sent nothing before. Returns how: eof, reset, truncated."""
        left = self.rest()
        if left:
            raise Malformed(f"bytes before the end: {left[:300]!r}")
        return self.ended

    def seconds_until_closed(self):
        watch = Stopwatch()
        self.is_closed()
        return watch.seconds()

    def has_nothing(self, seconds=0.1):
        """Nothing came, and the connection stands, for a short time."""
        if self.buffer:
            raise Malformed(f"unexpected bytes: {self.buffer[:300]!r}")
        self.sock.settimeout(seconds)
        try:
            data = self.sock.recv(1, 0 if isinstance(self.sock, ssl.SSLSocket) else socket.MSG_PEEK)
        except (socket.timeout, ssl.SSLWantReadError):
            return
        raise Malformed(f"unexpected {data!r}" if data else "the connection was closed")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
