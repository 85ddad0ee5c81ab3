#!/usr/bin/python3
"""What idles too long ends, what does not goes on; who asks for too much is told
so, and who asks for as much as is allowed gets it."""

import select
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import HOST, Programs, check, curl, run_tests  # noqa: E402
from server_test import upgrade  # noqa: E402
from wire import connect, read_all, read_frame, read_head  # noqa: E402


def pair(programs, *args):
    server = programs.server(*args)
    proxy = programs.proxy(programs.policy(
        [f"ws://127.0.0.1:{server.port}/__ra__"], server.sim_dir))
    return server, proxy


def code(proxy, path="/"):
    return curl("-x", proxy.url, "-o", "/dev/null", "-w", "%{http_code}",
                f"http://{HOST}{path}").stdout.decode()


def a_session_without_streams_ends_and_is_made_again(build):
    with Programs(build) as programs:
        server, proxy = pair(programs, "--limit", "session-idle=2")
        check(code(proxy) == "200", "the first request")
        server.wait_log("session.idle")
        server.wait_log("session.down")
        check(code(proxy) == "200", "after the session had ended")
        check(proxy.told("session.accepted") == 2, proxy.tail())


def a_session_with_a_stream_does_not_idle(build):
    with Programs(build) as programs:
        server, proxy = pair(programs, "--limit", "session-idle=2")
        # A stream that says nothing for five seconds.
        check(code(proxy, "/slow?ms=5000") == "200", "a slow answer")
        check(server.told("session.idle") <= 1, server.tail())
        check(proxy.told("session.accepted") == 1, proxy.tail())


def tunnel(proxy):
    s = connect(proxy.port)
    s.sendall(f"CONNECT {HOST}:80 HTTP/1.1\r\n"
              f"Host: {HOST}:80\r\n\r\n".encode())
    check(b" 200 " in read_head(s), "CONNECT")
    return s


def a_stream_without_bytes_is_cut_and_one_with_some_is_not(build):
    with Programs(build) as programs:
        server, proxy = pair(programs, "--limit", "stream-idle=6")
        mute, busy = tunnel(proxy), tunnel(proxy)
        busy.sendall(f"GET /echo HTTP/1.1\r\nHost: {HOST}\r\nX: ".encode())
        while not select.select([mute], [], [], 0.2)[0]:
            busy.sendall(b"x")
        try:
            check(mute.recv(1) == b"", "bytes from nowhere")
        except ConnectionResetError:
            pass
        busy.sendall(b"\r\n\r\n")
        check(read_head(busy).startswith(b"HTTP/1.1 200"), "the busy one")
        for s in mute, busy:
            s.close()


def nought_is_for_ever(build):
    with Programs(build) as programs:
        server, proxy = pair(programs, "--limit", "session-idle=0", "--limit",
                             "stream-idle=0")
        s = tunnel(proxy)
        time.sleep(2)
        s.sendall(f"GET /echo HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        check(read_head(s).startswith(b"HTTP/1.1 200"), "after a rest")
        s.close()


def a_quote_too_many_is_answered_503_and_when_to_come_back(build):
    with Programs(build) as programs:
        server = programs.server("--limit", "peer-quote-rate=2")
        began = time.monotonic()
        held = [connect(server.port) for _ in range(50)]
        for s in held:  # all of them before any answer
            s.sendall(upgrade())
        heads = [read_head(s) for s in held]
        allowed = sum(b" 101 " in head for head in heads)
        took = time.monotonic() - began
        check(2 <= allowed <= 2 + 2 * took, f"{allowed} in {took:.1f} s")
        for s, head in zip(held, heads):
            if b" 101 " not in head:
                check(b" 503 " in head and b"\r\nRetry-After: 1\r\n" in head, head)
                check(b"limit.peer-quote-rate" in read_all(s), head)
            s.close()
        time.sleep(1.1)
        with connect(server.port) as s:
            s.sendall(upgrade())
            check(b" 101 " in read_head(s), "a second later")


def who_waited_for_a_quote_while_memory_went_is_told(build):
    with Programs(build) as programs:
        server = programs.server("--limit", "peer-queued-mib=4", "--limit",
                                 "queued-mib=8", "--limit", "quote-rate=10")
        held = [connect(server.port) for _ in range(25)]
        for s in held:  # all wait before the first has its session
            s.sendall(upgrade())
        refused = 0
        for s in held:
            head = read_head(s)
            if b" 101 " in head:
                check(read_frame(s)[0] == 2, "no announcement")
                continue
            check(b" 503 " in head, head)
            check(b"limit.peer-queued-mib" in read_all(s), head)
            refused += 1
        check(0 < refused < len(held), f"{refused} of {len(held)}")
        for s in held:
            s.close()


def streams_of_a_session_are_bounded(build):
    with Programs(build) as programs:
        server, proxy = pair(programs, "--limit", "streams=4")
        held = [tunnel(proxy) for _ in range(4)]
        check(proxy.told("session.accepted") == 1, proxy.tail())
        check(code(proxy) == "200", "in another session")
        check(proxy.told("session.accepted") == 2, proxy.tail())
        for s in held:  # those within the limit are as they were
            s.sendall(f"GET /echo HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
            check(read_head(s).startswith(b"HTTP/1.1 200"), "within the limit")
            s.close()


if __name__ == "__main__":
    sys.exit(run_tests([
        a_session_without_streams_ends_and_is_made_again,
        a_session_with_a_stream_does_not_idle,
        a_stream_without_bytes_is_cut_and_one_with_some_is_not,
        nought_is_for_ever,
        a_quote_too_many_is_answered_503_and_when_to_come_back,
        who_waited_for_a_quote_while_memory_went_is_told,
        streams_of_a_session_are_bounded,
    ]))
