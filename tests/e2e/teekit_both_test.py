#!/usr/bin/env python3
"""teekit between veritee and veriteed, with the demo site behind, and with the
native protocol beside. Argument: the build folder."""

import contextlib
import hashlib
import os
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import HOST, Programs, check, curl, run_tests  # noqa: E402
from ws_client import WebSocket  # noqa: E402
import teekit_peers  # noqa: E402

URL = f"http://{HOST}"


class Ours:
    """A veriteed, as Desk.policy() wants a server."""

    def __init__(self, server):
        self.sim_dir = server.sim_dir
        self.endpoint = f"ws://127.0.0.1:{server.port}/__ra__"


@contextlib.contextmanager
def pair(build, *server_args, more="", max_age="1h"):
    with Programs(build) as programs:
        server = programs.server(*server_args)
        with teekit_peers.Desk(programs, tdx=server.sim_dir) as desk:
            policy = desk.policy([Ours(server)], more, max_age)
            yield server, programs.proxy(policy), programs


def ask(proxy, path, *args):
    r = curl("-x", proxy.url, "-w", "\n%{http_code}", *args, URL + path)
    body, code = r.stdout.rsplit(b"\n", 1)
    if path == "/echo":  # which shows the head first
        check(b"\r\nVeritee-Encrypted: yes\r\n" in body, body[:300])
        body = body.split(b"\r\n\r\n", 1)[1]
    return int(code), body


def same(found, want, what):
    check(found == want, f"{what}: found {found!r}, expected {want!r}")


def requests_arrive(build):
    with pair(build) as (_, proxy, programs):
        same(ask(proxy, "/echo", "-d", "hello"), (200, b"hello"), "echo")
        body = os.urandom(1 << 20) * 64
        path = programs.dir / "body"
        path.write_bytes(body)
        code, got = ask(proxy, "/echo", "--data-binary", f"@{path}")
        same((code, hashlib.sha256(got).digest()),
             (200, hashlib.sha256(body).digest()), "bytes")
        check(ask(proxy, "/nothing-here")[0] == 404, "404")


def a_hundred_at_once(build):
    with pair(build) as (_, proxy, _p):
        errors = []

        def one(i):
            try:
                same(ask(proxy, "/echo", "-d", str(i)), (200, str(i).encode()), i)
            except Exception as e:
                errors.append(str(e))

        threads = [threading.Thread(target=one, args=(i,)) for i in range(100)]
        [t.start() for t in threads]
        [t.join() for t in threads]
        check(not errors, errors[:3])


def fifty_sockets_at_once(build):
    with pair(build) as (_, proxy, _p):
        errors = []

        def one(i):
            try:
                with WebSocket(proxy.port, HOST, "/ws",
                               "connect" if i % 2 else "absolute") as ws:
                    for said in f"text {i}", bytes([0, i, 255]), "x" * 70000:
                        ws.send(said)
                        same(ws.receive(), said, i)
                    ws.close(1000, "bye")
                    same(ws.receive()[0], 1000, i)
            except Exception as e:
                errors.append(f"{i}: {e!r}")

        threads = [threading.Thread(target=one, args=(i,)) for i in range(50)]
        [t.start() for t in threads]
        [t.join() for t in threads]
        check(not errors, errors[:3])


def keys_rotate_in_the_middle(build):
    with pair(build, "--epoch-seconds", "3", max_age="12s") as (_, proxy, _p):
        until = time.monotonic() + 16
        count = 0
        while time.monotonic() < until:
            same(ask(proxy, "/echo", "-d", "x"), (200, b"x"), count)
            count += 1
            time.sleep(0.05)


if __name__ == "__main__":
    if teekit_peers.install() is None:
        sys.exit(77)
    sys.exit(run_tests([
        requests_arrive,
        a_hundred_at_once,
        fifty_sockets_at_once,
        keys_rotate_in_the_middle,
    ]))
