"""Addresses and ports that nobody else on this machine uses.

A run takes a /24 of the loopback for itself: each server has its own address in
it, so that both may listen on the same port numbers and what they say of their
ports is the same.

    .1 .2       the servers          .11 .. .19   plain backends B1 .. B9
    .9          nobody               .21 .. .29   TLS backends S1 .. S9
"""
import random
import socket

TRIES = 200


class Net:
    def __init__(self):
        for _ in range(TRIES):
            prefix = f"127.{random.randint(16, 250)}.{random.randint(1, 250)}"
            lock = socket.socket()
            try:
                lock.bind((f"{prefix}.254", 9))
            except OSError:
                lock.close()
                continue
            lock.listen(1)
            self.prefix, self.lock = prefix, lock
            return
        raise RuntimeError("no free /24 in 127.0.0.0/8")

    def host(self, last):
        return f"{self.prefix}.{last}"

    def ports(self, count):
        """Below the range that the kernel hands out, free on every address. A server that finds one taken all the
        same is started again with others."""
        found = []
        while len(found) < count:
            port = random.randint(10240, 32000)
            with socket.socket() as probe:
                try:
                    probe.bind(("", port))
                except OSError:
                    continue
            if port not in found:
                found.append(port)
        return found

    def close(self):
        self.lock.close()
