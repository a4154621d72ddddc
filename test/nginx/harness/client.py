"""A client that sends raw octets and keeps what comes back, message by message."""
import ssl

from . import wait, wire

BODYLESS = (b"204", b"304")


class Response:
    """lines: the head's, [0] the status line. end: "kept", "closed" (by the server), "cut" (in the message),
    "reset", "nothing" (no octet came), "left open" (it should have been closed), "switched" (101)."""

    def __init__(self):
        self.interim = []
        self.lines, self.body, self.trailer = [], b"", []
        self.head_length = self.wire_length = 0  # what the status line and fields, and the body, took
        self.framing, self.end = "", "kept"

    @property
    def status(self):
        words = self.lines[0].split(b" ") if self.lines else []
        return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0

    def get(self, name):
        values = wire.fields(self.lines, name)
        return values[0].decode("latin-1") if values else None


class Client:
    def __init__(self, server, port, source=None, tls=None, timeout=wait.PATIENCE):
        self.sock = server.connect(port, source, timeout)
        if tls is not None:
            self.sock = client_tls(self.sock, **tls)
        self.reader = wire.Reader(self.sock)
        self.is_tls = tls is not None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def send(self, octets):
        """What cannot be sent because the server has closed is not."""
        try:
            self.sock.sendall(octets)
        except OSError:
            pass

    def ask(self, octets, method=None):
        self.send(octets)
        return self.response(method or octets.split(b" ", 1)[0])

    def response(self, method=b"GET"):
        answer = Response()
        while True:
            while len(self.reader.held) < 5 and self.reader.fill():
                pass
            if not self.reader.held:
                answer.end = self._ending("nothing")
                return answer
            if not self.reader.held.startswith(b"HTTP/"):
                return self._no_head(answer)
            head = self.reader.until(b"\r\n\r\n")
            answer.lines, answer.head_length = wire.head_lines(head), len(head)
            if not head.endswith(b"\r\n\r\n"):
                answer.end = "cut"
                return answer
            if not 100 <= answer.status < 200 or answer.status == 101:
                break
            answer.interim.append(answer.lines)
        self._body(answer, method)
        return answer

    def _no_head(self, answer):
        answer.framing, answer.body = "none", self.reader.rest()
        answer.wire_length = len(answer.body)
        answer.end = self._ending("closed")
        return answer

    def _ending(self, ordinary):
        if self.reader.late:
            return "left open"
        return "reset" if self.reader.was_reset else ordinary

    def _body(self, answer, method):
        lines = answer.lines
        lengths = wire.fields(lines, "content-length")
        promised_close = [value.lower() for value in wire.fields(lines, "connection")] == [b"close"]
        if answer.status == 101:
            answer.end = "switched"
            return
        if method == b"HEAD" or lines[0].split(b" ")[1] in BODYLESS:
            answer.framing = "bodyless"
        elif wire.fields(lines, "transfer-encoding"):
            answer.framing = "chunked"
            answer.body, whole, answer.wire_length, answer.trailer = wire.chunked_body(self.reader)
            if not whole:
                answer.end = "cut"
        elif lengths:
            answer.framing = "length"
            answer.body = self.reader.exactly(int(lengths[0]))
            answer.wire_length = len(answer.body)
            if len(answer.body) < int(lengths[0]):
                answer.end = "cut"
        else:
            answer.framing = "close"
            answer.body = self.reader.rest()
            answer.wire_length = len(answer.body)
            answer.end = self._ending("closed")
        if answer.end == "kept" and promised_close:
            surplus = self.reader.rest()
            answer.end = self._ending("closed") + (f" after {surplus!r}" if surplus else "")

    def finish(self):
        """Ends a kept connection and returns what the server had still to say."""
        if not self.is_tls:
            try:
                self.sock.shutdown(1)
            except OSError:
                pass
            surplus = self.reader.rest()
            self.close()
            return surplus
        self.sock.close()
        return b""


def client_tls(sock, name="comfy.test", ca=None, certificate=None, versions=(None, None), alpn=None, ciphers=None,
               session=None):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    if ca:
        made.load_verify_locations(ca)
        made.verify_mode = ssl.CERT_REQUIRED
    if certificate:
        made.load_cert_chain(*certificate)
    low, high = versions
    if low:
        made.minimum_version = low
    if high:
        made.maximum_version = high
    if alpn:
        made.set_alpn_protocols(alpn)
    if ciphers:
        made.set_ciphers(ciphers)
    return made.wrap_socket(sock, server_hostname=name, session=session)
