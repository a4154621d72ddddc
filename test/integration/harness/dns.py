"""A name server on loopback, UDP and TCP, whose answers a test gives.

    names.a["w.test"] = ["127.0.0.1"]; names.silent.add("slow.test")
    names.cname["alias.test"] = "w.test"; names.srv["_http._tcp.w.test"] = [(1, 5, 8188, "w.test")]
    names.long.add("w.test")      its answer does not fit into a datagram
    names.liar = lambda answer: [answer[:20], answer]      datagrams in place of one

A name that is not known does not exist. `asked`: (name, type) in the order they came.
"""
import socket
import struct
import threading

from .wait import PATIENCE, Deadline, TooLate

A, CNAME, AAAA, SRV = 1, 5, 28, 33
FAILED, NO_SUCH_NAME, REFUSED = 2, 3, 5
TRUNCATED = 0x0200


def wire_name(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


class Names:
    def __init__(self):
        self.a, self.aaaa, self.cname, self.srv, self.codes = {}, {}, {}, {}, {}
        self.silent, self.long = set(), set()
        self.ttl, self.held, self.liar = 300, None, None
        self.asked = []
        self.changed = threading.Condition()
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.port = self.tcp.getsockname()[1]
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", self.port))
        self.threads = [threading.Thread(target=serve, daemon=True) for serve in (self._serve, self._serve_tcp)]
        for thread in self.threads:
            thread.start()

    def _serve(self):
        while True:
            try:
                packet, peer = self.sock.recvfrom(4096)
            except OSError:
                return
            if not packet:
                return
            answer = self._answer(packet, may_cut=True)
            if answer is None:
                continue
            if self.liar is not None:
                for lie in self.liar(answer):
                    self.sock.sendto(lie, peer)
                continue
            with self.changed:
                if self.held is not None:
                    self.held.append((answer, peer))
                    continue
            self.sock.sendto(answer, peer)

    def _serve_tcp(self):
        """One connection after the other; one without a question ends it."""
        is_empty = False
        while not is_empty:
            peer, _ = self.tcp.accept()
            is_empty = True
            with peer, peer.makefile("rb") as stream:
                while len(size := stream.read(2)) == 2:
                    is_empty = False
                    answer = self._answer(stream.read(struct.unpack("!H", size)[0]), may_cut=False)
                    if answer is not None:
                        peer.sendall(struct.pack("!H", len(answer)) + answer)

    def _records(self, name, kind):
        if name in self.cname:
            return [(CNAME, wire_name(self.cname[name]))]
        if kind == SRV:
            return [(SRV, struct.pack("!HHH", *row[:3]) + wire_name(row[3])) for row in self.srv.get(name, [])]
        family = socket.AF_INET if kind == A else socket.AF_INET6
        addresses = (self.a if kind == A else self.aaaa).get(name, [])
        return [(kind, socket.inet_pton(family, address)) for address in addresses]

    def _answer(self, packet, may_cut):
        labels, at = [], 12
        while packet[at] != 0:
            labels.append(packet[at + 1:at + 1 + packet[at]].decode().lower())
            at += 1 + packet[at]
        kind, = struct.unpack_from("!H", packet, at + 1)
        question, name = packet[12:at + 5], ".".join(labels)
        with self.changed:
            self.asked.append((name, kind))
            self.changed.notify_all()
        if name in self.silent:
            return None
        known = any(name in table for table in (self.a, self.aaaa, self.cname, self.srv))
        code = self.codes.get(name, 0 if known else NO_SUCH_NAME)
        found = self._records(name, kind)
        if may_cut and name in self.long:
            return packet[:2] + struct.pack("!HHHHH", 0x8180 | TRUNCATED, 1, 0, 0, 0) + question
        records = b"".join(b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, self.ttl, len(packed)) + packed for kind, packed in found)
        return packet[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, len(found), 0, 0) + question + records

    def go_on(self):
        """What was held (`held` was a list) is sent now."""
        with self.changed:
            held, self.held = self.held, None
        for answer, peer in held:
            self.sock.sendto(answer, peer)

    def wait_asked(self, name, count=1):
        deadline = Deadline(PATIENCE)
        with self.changed:
            while sum(asked == name for asked, _ in self.asked) < count:
                if not self.changed.wait(deadline.left()):
                    raise TooLate(f"{name} was not asked for {count} times: {self.asked}")

    def close(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"", ("127.0.0.1", self.port))  # ends the threads
        socket.create_connection(("127.0.0.1", self.port)).close()
        for thread in self.threads:
            thread.join()
        self.sock.close()
        self.tcp.close()
