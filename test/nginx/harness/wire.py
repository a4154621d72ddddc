"""HTTP/1 as far as a test needs it: messages taken off a socket as raw octets."""
import re
import socket
import zlib


class Reader:
    """Octets of a socket. get() returns b"" at the end, also when it is a reset; then was_reset says so."""

    def __init__(self, sock):
        self.sock, self.held = sock, b""
        self.ended, self.was_reset, self.late = False, False, False

    def fill(self):
        if self.ended:
            return False
        try:
            more = self.sock.recv(65536)
        except (socket.timeout, TimeoutError):
            self.ended = self.late = True
            return False
        except ConnectionResetError:
            self.ended = self.was_reset = True
            return False
        except OSError:  # also TLS without its proper end
            self.ended = True
            return False
        if not more:
            self.ended = True
            return False
        self.held += more
        return True

    def until(self, mark):
        """Up to and with mark; all there is if it does not come."""
        start = 0
        while (at := self.held.find(mark, start)) < 0:
            start = max(0, len(self.held) - len(mark))
            if not self.fill():
                return self.take(len(self.held))
        return self.take(at + len(mark))

    def exactly(self, count):
        while len(self.held) < count and self.fill():
            pass
        return self.take(min(count, len(self.held)))

    def rest(self):
        while self.fill():
            pass
        return self.take(len(self.held))

    def take(self, count):
        taken, self.held = self.held[:count], self.held[count:]
        return taken


def head_lines(head):
    return head.split(b"\r\n")[:-2] if head.endswith(b"\r\n\r\n") else [head]


def fields(lines, name):
    """The values of a field, in order."""
    name = name.lower().encode()
    return [value.strip() for key, colon, value in (line.partition(b":") for line in lines[1:])
            if key.lower() == name]


def chunked_body(reader):
    """(data, whole?, wire length, trailer lines)"""
    data, length = b"", 0
    while True:
        line = reader.until(b"\r\n")
        length += len(line)
        if not re.fullmatch(rb"[0-9a-fA-F]+(;.*)?\r\n", line):
            return data, False, length, []
        size = int(line.split(b";")[0], 16)
        if size == 0:
            break
        piece = reader.exactly(size + 2)
        length += len(piece)
        data += piece[:size]
        if len(piece) < size + 2 or not piece.endswith(b"\r\n"):
            return data, False, length, []
    trailer = []
    while (line := reader.until(b"\r\n")) not in (b"\r\n", b""):
        length += len(line)
        trailer.append(line[:-2])
    return data, line == b"\r\n", length + len(line), trailer


def inflate(data):
    """(plain octets, whole?)"""
    stream = zlib.decompressobj(31)
    try:
        plain = stream.decompress(data) + stream.flush()
    except zlib.error as why:
        return f"not gzip: {why}".encode(), False
    return plain, stream.eof and not stream.unused_data
