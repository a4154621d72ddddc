"""A machine that does not answer: its queue of connections is full, so the kernel drops what would connect."""
import socket


class DeadMachine:
    host = "127.0.0.1"

    def __init__(self):
        self.listener = socket.socket()
        self.listener.bind((self.host, 0))
        self.listener.listen(0)
        self.port = self.listener.getsockname()[1]
        self.fillers = []
        for _ in range(3):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex((self.host, self.port))
            self.fillers.append(filler)

    def close(self):
        for sock in (*self.fillers, self.listener):
            sock.close()
