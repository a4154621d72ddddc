"""A name server on loopback, UDP, whose answers a test gives.

    names.a["w.test"] = ["127.0.0.1"]; names.silent.add("slow.test")

A name that is not known does not exist. `asked`: (name, type) in the order they came.
"""
import socket
import struct
import threading

from .wait import PATIENCE, Deadline, TooLate

A, AAAA = 1, 28
NO_SUCH_NAME, REFUSED = 3, 5


class Names:
    def __init__(self):
        self.a, self.aaaa, self.codes, self.silent = {}, {}, {}, set()
        self.ttl, self.held = 300, None
        self.asked = []
        self.changed = threading.Condition()
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while True:
            try:
                packet, peer = self.sock.recvfrom(4096)
            except OSError:
                return
            if not packet:
                return
            answer = self._answer(packet)
            if answer is None:
                continue
            with self.changed:
                if self.held is not None:
                    self.held.append((answer, peer))
                    continue
            self.sock.sendto(answer, peer)

    def _answer(self, packet):
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
        family = socket.AF_INET if kind == A else socket.AF_INET6
        addresses = (self.a if kind == A else self.aaaa).get(name, [])
        known = name in self.a or name in self.aaaa
        code = self.codes.get(name, 0 if known else NO_SUCH_NAME)
        records = b"".join(b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, self.ttl, len(packed)) + packed
                           for packed in (socket.inet_pton(family, address) for address in addresses))
        return packet[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, len(addresses), 0, 0) + question + records

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
            sock.sendto(b"", ("127.0.0.1", self.port))  # ends the thread
        self.thread.join()
        self.sock.close()
