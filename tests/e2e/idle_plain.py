#!/usr/bin/python3
"""Connections that are open and idle: all are held, each answers once more, and
one costs little.

Needs the programs as released: sanitizers multiply memory.

IDLE_COUNT: how many (default 10,000; fewer where a process may not have so many
descriptors)."""

import os
import resource
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import HOST, Programs, check, run_tests  # noqa: E402
from wire import connect, read_exactly, read_head  # noqa: E402

# One descriptor each in this process, and in each of the three others.
FILES = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
COUNT = min(int(os.environ.get("IDLE_COUNT", "10000")), FILES - 500)
EACH_KIB = 12  # goal of the proxy


def tunnel(proxy):
    s = connect(proxy.port)
    s.sendall(f"CONNECT {HOST}:80 HTTP/1.1\r\nHost: {HOST}:80\r\n\r\n".encode())
    head = read_head(s)
    check(b" 200 " in head, f"CONNECT: {head}")
    return s


def ask(s):
    s.sendall(f"GET /bytes/100 HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
    head = read_head(s)
    check(head.startswith(b"HTTP/1.1 200 "), f"{head}")
    read_exactly(s, 100)


def all_are_held_and_answer_once_more(build):
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))
    with Programs(build) as programs:
        # The web site in a process of its own, which has its own descriptors.
        site = programs.server()
        server, proxy = programs.pair(
            "--rule", f"{HOST}:80=127.0.0.1:{site.demo_port}", demo=False)
        ask(tunnel(proxy))  # the session is not what is measured
        before = [p.resident_kib() for p in (proxy, server)]
        held = []
        for _ in range(COUNT):
            held.append(tunnel(proxy))
            ask(held[-1])
        each = [(p.resident_kib() - b) / COUNT
                for p, b in zip((proxy, server), before)]
        for s in held:
            ask(s)
        print(f"# {COUNT} idle connections: {each[0]:.1f} KiB each in veritee, "
              f"{each[1]:.1f} in veriteed", flush=True)
        check(each[0] <= EACH_KIB, f"{each[0]:.1f} KiB, goal {EACH_KIB}")
        for s in held:
            s.close()


if __name__ == "__main__":
    sys.exit(run_tests([all_are_held_and_answer_once_more]))
