"""The listening socket: opened, closed for a while by a fault, its connections counted or cut."""
import asyncio
import socket
import struct

from aiohttp import web


class Listener:
    def __init__(self, application, host, port):
        # ComfyUI's own: no access log, idle connections end after 75 s.
        self.runner = web.AppRunner(application, access_log=None, keepalive_timeout=75)
        self.host = host
        self.port = port
        self.accepted = 0
        self.server = None

    async def start(self):
        if not self.runner.server:
            await self.runner.setup()
        if self.server:
            return
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(
            self.accept, self.host, self.port, reuse_address=True, backlog=1024)
        self.port = self.server.sockets[0].getsockname()[1]

    def accept(self):
        self.accepted += 1
        return self.runner.server()

    def open_connections(self):
        return sum(1 for one in self.runner.server.connections if one.transport is not None)

    def refuse(self, but=None):
        """New connections are refused, those that stand are reset, except the one asking."""
        if self.server:
            self.server.close()
            self.server = None
        for one in list(self.runner.server.connections):
            if one.transport is not None and one.transport is not but:
                reset(one.transport)

    async def stop(self):
        if self.server:
            self.server.close()
            self.server = None
        for one in list(self.runner.server.connections):
            if one.transport is not None:
                one.transport.abort()


def reset(transport):
    """Ends a connection by RST."""
    transport.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
