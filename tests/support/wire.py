"""HTTP and WebSocket byte by byte, for end-to-end tests that speak them raw."""

import socket
from pathlib import Path

from programs import PATIENCE, check, wait_for


def connect(port):
    s = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def kernel_holds():
    """How many bytes may be in the kernel between two ends of this machine."""
    return sum(int(Path(f"/proc/sys/net/ipv4/tcp_{way}mem").read_text().split()[2])
               for way in "rw")


def wait_read(s):
    """Until the other end, a program of this machine, has read all that |s| has
    sent to it."""
    def address(name):
        host, port = name
        return f"{int.from_bytes(socket.inet_aton(host), 'little'):08X}:{port:04X}"

    wanted = address(s.getpeername()), address(s.getsockname())

    def is_read():
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            if (fields[1], fields[2]) == wanted:
                return int(fields[4].split(":")[1], 16) == 0
        return False

    wait_for("what was sent is read", is_read)


def read_head(s):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = s.recv(1)
        if not byte:
            break
        head += byte
    return head


def read_all(s):
    data = b""
    while True:
        try:
            more = s.recv(65536)
        except ConnectionResetError:
            return data
        if not more:
            return data
        data += more


def ask(port, request):
    """All of the answer; nothing when the server does not want to talk."""
    try:
        with connect(port) as s:
            s.sendall(request)
            return read_all(s)
    except ConnectionResetError:
        return b""


def read_exactly(s, n):
    data = b""
    while len(data) < n:
        more = s.recv(n - len(data))
        check(more, f"the end after {len(data)} of {n} bytes")
        data += more
    return data


def read_frame(s):
    """Opcode and payload of one frame of the server's."""
    head = read_exactly(s, 2)
    check(head[1] & 0x80 == 0, "the server masks")
    length = head[1]
    if length >= 126:
        length = int.from_bytes(read_exactly(s, 2 if length == 126 else 8), "big")
    return head[0] & 15, read_exactly(s, length)


def masked(opcode, payload, fin=True, length=None, rsv=0):
    """A frame as a client sends it; |length| says another length than it has."""
    n = len(payload) if length is None else length
    head = bytes([(0x80 if fin else 0) | rsv | opcode])
    if n < 126:
        head += bytes([0x80 | n])
    elif n < 65536:
        head += bytes([0x80 | 126]) + n.to_bytes(2, "big")
    else:
        head += bytes([0x80 | 127]) + n.to_bytes(8, "big")
    key = b"\x5a\xa5\x0f\xf0"
    pad = key * (len(payload) // 4 + 1)
    return head + key + bytes(a ^ b for a, b in zip(payload, pad))
