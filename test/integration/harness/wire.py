"""HTTP/1.1 as bytes, read by someone who forgives nothing.

Reader takes messages off a socket and complains about everything that a
strict peer could complain about. Both scripted sides use it: the client for
what the proxy answers, the backend for what the proxy forwards.
"""
import re
import socket
import ssl

from .wait import PATIENCE, Deadline, TooLate

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_FIELD = re.compile(rb"(" + TOKEN + rb"):[ \t]*([\x20-\x7e\x80-\xff\t]*?)[ \t]*")
_STATUS = re.compile(rb"HTTP/1\.1 ([1-5][0-9][0-9]) ([\x20-\x7e\x80-\xff\t]*)")
_REQUEST = re.compile(rb"(" + TOKEN + rb") ([\x21-\x7e]+) HTTP/1\.1")
_HEX = re.compile(rb"[0-9a-fA-F]{1,15}")


class Malformed(AssertionError):
    """The peer sent what nobody may send."""


class Cut(Exception):
    """The peer ended the connection in the middle of a message, or where one was expected.

    how is "eof" (FIN), "reset" (RST) or "truncated" (TLS without close_notify);
    body is what had come of the body."""

    def __init__(self, how, what, body=b""):
        super().__init__(f"{how} in {what}, {len(body)} bytes of the body had come")
        self.how, self.what, self.body = how, what, body


class Message:
    def __init__(self, raw_head, start, fields):
        self.raw_head, self.start, self.fields = raw_head, start, fields
        self.body = b""
        self.raw_body = b""
        self.framing = "none"  # none length chunked close
        self.chunks = []
        self.trailers = []
        self.interim = []

    def all(self, name):
        name = name.lower()
        return [value for key, value in self.fields if key.lower() == name]

    def get(self, name):
        found = self.all(name)
        if len(found) > 1:
            raise Malformed(f"{name} comes {len(found)} times: {found}")
        return found[0] if found else None

    def has(self, name):
        return bool(self.all(name))

    def names(self):
        return [key.lower() for key, _ in self.fields]

    def tokens(self, name):
        return [t.strip().lower() for value in self.all(name) for t in value.split(",") if t.strip()]


class Request(Message):
    method = target = ""

    @property
    def raw(self):
        return self.raw_head + self.raw_body


class Response(Message):
    status = 0
    reason = ""

    def cookies(self):
        return self.all("set-cookie")


def parse_fields(lines):
    fields = []
    for line in lines:
        match = _FIELD.fullmatch(line)
        if not match:
            raise Malformed(f"field line {line!r}")
        fields.append((match[1].decode("latin-1"), match[2].decode("latin-1")))
    return fields


def _split_head(raw):
    if raw.replace(b"\r\n", b"").count(b"\n") or raw.replace(b"\r\n", b"").count(b"\r"):
        raise Malformed(f"bare CR or LF in {raw!r}")
    lines = raw[:-4].split(b"\r\n")
    return lines[0], parse_fields(lines[1:])


def parse_response(raw):
    start, fields = _split_head(raw)
    match = _STATUS.fullmatch(start)
    if not match:
        raise Malformed(f"status line {start!r}")
    response = Response(raw, start, fields)
    response.status, response.reason = int(match[1]), match[2].decode("latin-1")
    return response


def parse_request(raw):
    start, fields = _split_head(raw)
    match = _REQUEST.fullmatch(start)
    if not match:
        raise Malformed(f"request line {start!r}")
    request = Request(raw, start, fields)
    request.method, request.target = match[1].decode(), match[2].decode()
    if len(request.all("host")) != 1:
        raise Malformed(f"not exactly one Host in {raw!r}")
    return request


class Reader:
    """Messages off a socket. Everything that came is in self.received."""

    def __init__(self, sock, patience=None):
        self.sock = sock
        self.patience = PATIENCE if patience is None else patience
        self.buffer = b""
        self.received = bytearray()
        self.ended = None  # eof reset truncated

    def _fill(self, deadline, what):
        """More bytes into the buffer; False at the end."""
        if self.ended:
            return False
        self.sock.settimeout(max(deadline.left(), 0.001))
        try:
            data = self.sock.recv(262144)
        except (socket.timeout, ssl.SSLWantReadError) as err:
            raise TooLate(f"{what}: nothing more within {deadline.seconds} s, "
                          f"buffer {self.buffer[:200]!r}") from err
        except ssl.SSLEOFError:
            self.ended = "truncated"
            return False
        except (ConnectionError, ssl.SSLError):
            self.ended = "reset"
            return False
        if not data:
            self.ended = "eof"
            return False
        self.received += data
        self.buffer += data
        return True

    def exactly(self, count, what="bytes", keep=False):
        deadline = Deadline(self.patience)
        parts, have = [], 0
        while have + len(self.buffer) < count:
            parts.append(self.buffer)
            have += len(self.buffer)
            self.buffer = b""
            if not self._fill(deadline, what):
                raise Cut(self.ended, what, b"".join(parts))
        need = count - have
        parts.append(self.buffer[:need])
        if not keep:
            self.buffer = self.buffer[need:]
        return b"".join(parts)

    def until(self, mark, what="bytes", limit=1 << 20):
        deadline = Deadline(self.patience)
        while mark not in self.buffer:
            if len(self.buffer) > limit:
                raise Malformed(f"{what}: no end within {limit} bytes")
            if not self._fill(deadline, what):
                raise Cut(self.ended, what, self.buffer)
        end = self.buffer.index(mark) + len(mark)
        taken, self.buffer = self.buffer[:end], self.buffer[end:]
        return taken

    def some(self, what="bytes"):
        """Whatever comes next, b"" at the end."""
        if not self.buffer:
            self._fill(Deadline(self.patience), what)
        taken, self.buffer = self.buffer, b""
        return taken

    def rest(self, what="the end of the connection"):
        """Everything up to the end; self.ended says how it ended."""
        deadline = Deadline(self.patience)
        parts = [self.buffer]
        self.buffer = b""
        while self._fill(deadline, what):
            parts.append(self.buffer)
            self.buffer = b""
        return b"".join(parts)

    def read_body(self, message, length, chunked):
        try:
            if chunked:
                message.framing = "chunked"
                self._chunked(message)
            elif length is not None:
                message.framing = "length"
                message.body = message.raw_body = self.exactly(length, "a body of known length")
        except Cut as cut:
            cut.body = message.body or cut.body
            raise

    def _chunked(self, message):
        raw, body = [], []
        while True:
            line = self._chunk_part(body, lambda: self.until(b"\r\n", "a chunk size", 4096))
            if not _HEX.fullmatch(line[:-2]):
                raise Malformed(f"chunk size line {line!r}")
            size = int(line[:-2], 16)
            raw.append(line)
            if size == 0:
                break
            data = self._chunk_part(body, lambda n=size: self.exactly(n + 2, "a chunk"))
            if data[-2:] != b"\r\n":
                raise Malformed(f"chunk data followed by {data[-2:]!r}")
            raw.append(data)
            body.append(data[:-2])
            message.chunks.append(size)
        message.body = b"".join(body)
        while True:
            line = self._chunk_part(body, lambda: self.until(b"\r\n", "trailers", 65536))
            raw.append(line)
            if line == b"\r\n":
                break
            message.trailers += parse_fields([line[:-2]])
        message.raw_body = b"".join(raw)

    def chunk(self):
        """The data of the next chunk, b"" for the last (its trailers are not read)."""
        size = int(self.until(b"\r\n", "a chunk size", 4096)[:-2], 16)
        return self.exactly(size + 2, "a chunk")[:-2] if size else b""

    @staticmethod
    def _chunk_part(body, read):
        try:
            return read()
        except Cut as cut:
            extra = cut.body if cut.what == "a chunk" else b""
            cut.body = b"".join(body) + extra
            raise

    @staticmethod
    def framing(message):
        lengths, codings = message.all("content-length"), message.all("transfer-encoding")
        if len(lengths) + len(codings) > 1:
            raise Malformed(f"more than one framing field in {message.raw_head!r}")
        if codings and codings[0].lower() != "chunked":
            raise Malformed(f"transfer coding {codings[0]!r}")
        if lengths and not re.fullmatch(r"[0-9]{1,18}", lengths[0]):
            raise Malformed(f"length {lengths[0]!r}")
        return (int(lengths[0]) if lengths else None), bool(codings)

    def request(self):
        """The next request, None when the connection ended before its first byte."""
        try:
            raw = self.until(b"\r\n\r\n", "a request head", 1 << 20)
        except Cut as cut:
            if not cut.body:
                return None
            raise
        request = parse_request(raw)
        self.read_body(request, *self.framing(request))
        return request

    def request_head(self):
        """Only the head; the script reads the body itself. None at the end."""
        try:
            raw = self.until(b"\r\n\r\n", "a request head", 1 << 20)
        except Cut as cut:
            if not cut.body:
                return None
            raise
        request = parse_request(raw)
        self.framing(request)
        return request

    def response_head(self):
        response = parse_response(self.until(b"\r\n\r\n", "a response head"))
        self.framing(response)
        if response.status < 200 or response.status == 204:
            if response.has("content-length") or response.has("transfer-encoding"):
                raise Malformed(f"framing field in a {response.status}")
        return response

    def response(self, method="GET", keep_interim=True):
        """The next final response; those of 1xx before it are in .interim."""
        interim = []
        while True:
            response = self.response_head()
            if response.status >= 200 or response.status == 101:
                break
            interim.append(response)
        response.interim = interim if keep_interim else []
        if method == "HEAD" or response.status in (101, 204, 304):
            return response
        length, chunked = self.framing(response)
        if length is None and not chunked:
            response.framing = "close"
            body = self.rest("a body that ends by close")
            if self.ended != "eof":
                raise Cut(self.ended, "a body that ends by close", body)
            response.body = response.raw_body = body
        else:
            self.read_body(response, length, chunked)
        return response


def make_response(body=b"ok", status=200, reason="OK", fields=(), framing="length"):
    """A well-formed answer for scripted backends. fields: (name, value) pairs."""
    head = f"HTTP/1.1 {status} {reason}\r\n" + "".join(f"{k}: {v}\r\n" for k, v in fields)
    if framing == "length":
        return head.encode("latin-1") + b"Content-Length: %d\r\n\r\n" % len(body) + body
    if framing == "chunked":
        return head.encode("latin-1") + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(body)
    return head.encode("latin-1") + b"Connection: close\r\n\r\n" + body


def chunked(body, size=None, last=True):
    size = size or max(len(body), 1)
    parts = [body[i:i + size] for i in range(0, len(body), size)]
    out = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    return out + (b"0\r\n\r\n" if last else b"")


def make_request(target="/", method="GET", fields=(), body=None, host="comfy.test", version="1.1"):
    """A well-formed request. A body gets its Content-Length unless fields frame it."""
    lines = [f"{method} {target} HTTP/{version}"]
    if host is not None:
        lines.append(f"Host: {host}")
    lines += [f"{k}: {v}" for k, v in fields]
    names = {k.lower() for k, _ in fields}
    if body is not None and not names & {"content-length", "transfer-encoding"}:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b"")
