"""Asks the kernel how many bytes of a connection its owner has not read yet.

That is how a test sends a message in two parts and knows, without a pause,
that the proxy saw the first before the second was sent. NETLINK_SOCK_DIAG
(see sock_diag(7)); TCP over IPv4 on this machine.
"""
import os
import socket
import struct

from .wait import wait_until

_SOCK_DIAG_BY_FAMILY = 20
_NETLINK_SOCK_DIAG = 4
_HEAD = struct.Struct("=IHHII")
_REST = struct.Struct("=IIIII")  # expires, rqueue, wqueue, uid, inode
_ID_END = _HEAD.size + 4 + 48
_ESTABLISHED, _CLOSE_WAIT = 1, 8
_LISTEN = "0A"  # in /proc/net/tcp


def _query(owner, peer):
    """(state, unread bytes, inode) of a connection, or None."""
    ident = struct.pack("!HH", owner[1], peer[1])
    ident += socket.inet_aton(owner[0]) + bytes(12) + socket.inet_aton(peer[0]) + bytes(12)
    ident += struct.pack("=III", 0, 0xFFFFFFFF, 0xFFFFFFFF)
    body = struct.pack("=BBBBI", socket.AF_INET, socket.IPPROTO_TCP, 0, 0, 0xFFFFFFFF) + ident
    head = _HEAD.pack(_HEAD.size + len(body), _SOCK_DIAG_BY_FAMILY, 1, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as asker:
        asker.settimeout(5)
        asker.send(head + body)
        answer = asker.recv(65536)
    if _HEAD.unpack_from(answer)[1] != _SOCK_DIAG_BY_FAMILY:
        return None  # no such connection any more
    _, queue, _, _, inode = _REST.unpack_from(answer, _ID_END)
    return answer[_HEAD.size + 1], queue, inode


def unread_bytes(owner, peer):
    """Bytes that wait in the socket at `owner`, an (address, port), or None when it is gone."""
    row = _query(owner, peer)
    return None if row is None else row[1]


def wait_consumed(sock, what="the peer reads what was sent"):
    """Until the other end of `sock` has read everything (or is gone)."""
    if sock.family != socket.AF_INET:
        return
    mine, theirs = sock.getsockname(), sock.getpeername()

    def consumed():
        row = _query(theirs, mine)
        if row is None:
            return True
        state, queue, inode = row
        # One that is not accepted yet has no inode, and nobody saw anything of it.
        return state not in (_ESTABLISHED, _CLOSE_WAIT) or (queue == 0 and inode != 0)

    wait_until(consumed, what)


def socket_inodes(pid):
    """{inode: descriptor} of the sockets of a process, and how many other descriptors it has by kind."""
    sockets, others = {}, {}
    folder = f"/proc/{pid}/fd"
    for name in os.listdir(folder):
        try:
            target = os.readlink(f"{folder}/{name}")
        except FileNotFoundError:
            continue
        if target.startswith("socket:["):
            sockets[int(target[8:-1])] = int(name)
        else:
            kind = target.split(":", 1)[0] if not target.startswith("/") else target
            others[kind] = others.get(kind, 0) + 1
    return sockets, others


def listeners():
    """Inodes of this machine's sockets that are no connections: those that listen, and all unix sockets."""
    found = set()
    for name in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(name, encoding="ascii") as table:
            next(table)
            found |= {int(fields[9]) for fields in map(str.split, table) if fields[3] == _LISTEN}
    with open("/proc/net/unix", encoding="ascii") as table:
        next(table)
        return found | {int(line.split()[6]) for line in table}


def tcp_connections(ports=None):
    """Inodes of this machine's TCP sockets that are connections; only those to these ports if given."""
    found = set()
    for name in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(name, encoding="ascii") as table:
            next(table)
            for line in table:
                fields = line.split()
                peer_port = int(fields[2].rpartition(":")[2], 16)
                if fields[3] != _LISTEN and fields[9] != "0" and (ports is None or peer_port in ports):
                    found.add(int(fields[9]))
    return found


def kernel_buffers():
    """Bytes that the kernel may hold for one transfer through the proxy, two connections of it: no memory of ours."""
    total = 0
    for name in ("tcp_rmem", "tcp_wmem"):
        with open(f"/proc/sys/net/ipv4/{name}", encoding="ascii") as limits:
            total += 2 * int(limits.read().split()[2])
    return total
