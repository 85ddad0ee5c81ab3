#!/usr/bin/env python3
"""Whatever one address does not read, or has sent to who does not read, veriteed
holds no more than its limit for it, and others do not notice.

Each case is also run without a limit, to see that it would be more. Needs the
programs as released: sanitizers multiply memory."""

import contextlib
import socket
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import HOST, Programs, check, curl, run_tests  # noqa: E402
import odd_backend  # noqa: E402
from tap import Tap  # noqa: E402
import teekit_raw  # noqa: E402
import wire  # noqa: E402

MIB = 1024 * 1024
LIMIT_MIB = 16
# What the program has besides, and what the allocator keeps of what was freed.
ROOM_MIB = 40
PROXIES, TUNNELS = 4, 60
SESSIONS, ASKED = 12, 10  # of teekit
MUTE = "mute.test"


class Mute:
    """A backend that takes connections and reads nothing."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.port = self.listener.getsockname()[1]
        self.held = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                self.held.append(self.listener.accept()[0])

    def close(self):
        self.listener.close()
        for s in self.held:
            s.close()


def pour(s):
    """All that |s| takes, until it takes no more for a while."""
    s.settimeout(0.05)
    with contextlib.suppress(OSError):
        while True:
            s.sendall(bytes(65536))


def tunnel(port):
    s = wire.connect(port)
    s.sendall(f"CONNECT {MUTE}:80 HTTP/1.1\r\nHost: {MUTE}\r\n\r\n".encode())
    return s, int(wire.read_head(s).split()[1])


class Other:
    """Somebody who comes from another address."""

    def __init__(self, programs, server):
        self.tap = Tap(server.port, "127.0.0.2")
        policy = programs.policy([f"ws://127.0.0.1:{self.tap.port}/__ra__"],
                                 server.sim_dir)
        self.proxy = programs.proxy(policy)

    def works(self):
        for _ in range(3):
            got = curl("-x", self.proxy.url, f"http://{HOST}/size/3000000")
            check(len(got.stdout) == 3000000, got.stderr)


def served(programs, limit_mib, backend, *rules):
    """A server with so much memory for an address."""
    return programs.server("--limit", f"peer-queued-mib={limit_mib}",
                           "--limit", "peer-pending=512",
                           "--rule", f"{HOST}:80=127.0.0.1:{backend.port}",
                           *rules, demo=False)


def uploads(programs, limit_mib, backend):
    """What is held of uploads, in MiB, and how many were refused."""
    mute = Mute()
    server = served(programs, limit_mib, backend, "--rule",
                    f"{MUTE}:80=127.0.0.1:{mute.port}")
    policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                             server.sim_dir, host=MUTE)
    other = Other(programs, server)
    other.works()
    before = server.resident_kib()
    tunnels, refused = [], 0
    for proxy in [programs.proxy(policy) for _ in range(PROXIES)]:
        for _ in range(TUNNELS):
            s, status = tunnel(proxy.port)
            check(status in (200, 503), status)
            refused += status != 200
            tunnels.append(s)
            pour(s)
    other.works()
    grown = (server.resident_kib() - before) / 1024
    for s in tunnels:
        s.close()
    mute.close()
    return grown, refused


def answers(programs, limit_mib, backend):
    """The same, of answers that clients of teekit do not read."""
    server = served(programs, limit_mib, backend, "--rule",
                    f"site.test:80=127.0.0.1:{backend.port}")
    other = Other(programs, server)
    before = server.resident_kib()
    clients = [teekit_raw.Client(server.port).agree() for _ in range(SESSIONS)]
    for c in clients:
        for i in range(ASKED):
            c.send(type="http_request", requestId=i, url="/size/4000000")
    with teekit_raw.Client(other.tap.port).agree() as c:
        check(c.get("/size/4000000")["status"] == 200, "another address")
    other.works()
    grown = (server.resident_kib() - before) / 1024
    refused = sum(c.next()["status"] != 200 for c in clients
                  for _ in range(ASKED))
    check(clients[0].get("/size/1000")["status"] == 200, "not freed")
    for c in clients:
        c.s.close()
    return grown, refused


def parts(programs, limit_mib, backend):
    """The same, of messages of teekit that do not end."""
    server = served(programs, limit_mib, backend)
    other = Other(programs, server)
    before = server.resident_kib()
    clients, refused = [], 0
    for _ in range(SESSIONS):
        clients.append(teekit_raw.Client(server.port).agree())
    for c in clients:
        c.s.sendall(wire.masked(2, b"", length=20 * MIB))
        with contextlib.suppress(OSError):
            c.s.sendall(bytes(6 * MIB))
            wire.wait_read(c.s)
    other.works()
    grown = (server.resident_kib() - before) / 1024
    for c in clients:
        c.s.settimeout(0.2)
        refused += c.closed() == 1013
        c.s.close()
    return grown, refused


def clear(programs, limit_mib, backend):
    """The same, of requests in clear whose answers are not read."""
    server = served(programs, limit_mib, backend, "--rule",
                    f"site.test:80=127.0.0.1:{backend.port} plain")
    other = Other(programs, server)
    before = server.resident_kib()
    held, refused = [], 0
    for _ in range(200):
        s = wire.connect(server.port)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.sendall(b"GET /size/8000000 HTTP/1.1\r\nHost: site.test\r\n\r\n")
        status = int(s.recv(12).split()[1])
        check(status in (200, 503), status)
        refused += status != 200
        held.append(s)
    other.works()
    grown = (server.resident_kib() - before) / 1024
    for s in held:
        s.close()
    return grown, refused


def compare(build, case, refuses=True):
    backend = odd_backend.Backend()
    with Programs(build) as programs:
        most, refused = case(programs, 1024, backend)
    check(refused == 0, f"{refused} refused without need")
    with Programs(build) as programs:
        grown, refused = case(programs, LIMIT_MIB, backend)
    print(f"# {grown:.0f} MiB with a limit of {LIMIT_MIB}, {refused} refused; "
          f"{most:.0f} without")
    check(grown < LIMIT_MIB + ROOM_MIB, "more than the limit")
    check(most > grown + LIMIT_MIB, "nothing was tried")
    check((refused > 0) == refuses, "who was refused?")
    backend.close()


def uploads_that_nobody_takes_are_bounded(build):
    compare(build, uploads, refuses=False)  # they get less credit


def answers_that_nobody_reads_are_bounded(build):
    compare(build, answers)


def messages_that_do_not_end_are_bounded(build):
    compare(build, parts)


def requests_in_clear_are_bounded(build):
    compare(build, clear)


if __name__ == "__main__":
    if teekit_raw.sodium is None:
        print("skipped: no libsodium for Python")
        sys.exit(77)
    sys.exit(run_tests([uploads_that_nobody_takes_are_bounded,
                        answers_that_nobody_reads_are_bounded,
                        messages_that_do_not_end_are_bounded,
                        requests_in_clear_are_bounded]))
