#!/usr/bin/env python3
"""What a connection may take of memory before its client has a key, and after.

Needs the programs as released: sanitizers multiply memory."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import Programs, check, run_tests  # noqa: E402
import odd_backend  # noqa: E402
import teekit_raw  # noqa: E402
import wire  # noqa: E402

COUNT = 400
LIMIT_KIB = 64
HELD_KIB = 800 * 1024  # 256 MiB that a session may hold, and as much again
                       # that the allocator has not given back, with room


def resident_kib(child):
    status = Path(f"/proc/{child.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status).group(1))


def grown_kib(server, begin):
    """Memory a connection, when COUNT of them have done |begin|."""
    before = resident_kib(server)
    clients = [begin(server.port) for _ in range(COUNT)]
    with teekit_raw.Client(server.port) as last:
        check(len(last.kx["quote"]) > 0, "it does not answer any more")
    grown = (resident_kib(server) - before) / COUNT
    for c in clients:
        c.s.close()
    return grown


def announced(port):
    return teekit_raw.Client(port)


def part_of_a_message(port):
    c = teekit_raw.Client(port)
    c.raw(bytes(1000), fin=False)  # more was refused at its header
    c.s.sendall(wire.masked(0, b"", length=24)[:6])
    return c


def announced_natively(port):
    s = wire.connect(port)
    s.sendall(teekit_raw.UPGRADE.replace(
        b"Sec-WebSocket-Extensions: permessage-deflate",
        b"Sec-WebSocket-Protocol: veritee.2\r\nVeritee-Freshness: epoch\r\n"
        b"Veritee-Challenge: " + b"A" * 43))
    check(b" 101 " in wire.read_head(s), "no upgrade")
    wire.read_frame(s)
    s.sendall(wire.masked(2, bytes(64), length=100))
    return Native(s)


class Native:
    def __init__(self, s):
        self.s = s


class Half:
    """A request head that does not end."""

    def __init__(self, port):
        self.s = wire.connect(port)
        self.s.sendall(b"GET /__ra__ HTTP/1.1\r\nX: " + b"y" * 8000)


def connections_without_a_key_are_small(build):
    with Programs(build) as programs:
        server = programs.server("--limit", "pending=1000", "--limit",
                                 "peer-pending=1000")
        for begin in announced, part_of_a_message, announced_natively, Half:
            grown = grown_kib(server, begin)
            print(f"# {begin.__name__}: {grown:.1f} KiB a connection")
            check(grown < LIMIT_KIB, f"{grown} KiB")


def answers_for_who_reads_none_are_bounded(build):
    backend = odd_backend.Backend()
    with Programs(build) as programs:
        server = programs.server("--rule", f"*:80=127.0.0.1:{backend.port}",
                                 demo=False)
        with teekit_raw.Client(server.port).agree() as c:
            for i in range(400):  # 1.6 GB, if there were no limit
                c.send(type="http_request", requestId=i, url="/size/4000000")
            with teekit_raw.Client(server.port).agree() as other:
                for _ in range(20):
                    check(other.get("/slow/100")["status"] == 200, "another")
            used = server.resident_kib()
            print(f"# {used} KiB resident at most")
            check(used < HELD_KIB, f"{used} KiB")
    backend.close()


if __name__ == "__main__":
    if teekit_raw.sodium is None:
        print("skipped: no libsodium for Python")
        sys.exit(77)
    sys.exit(run_tests([connections_without_a_key_are_small,
                        answers_for_who_reads_none_are_bounded]))
