#!/usr/bin/env python3
"""WebSockets through veritee to teekit servers, played by Node. Argument: the
build folder."""

import contextlib
import json
import os
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import (HOST, Programs, check, curl, run_tests,  # noqa: E402
                      wait_for)
from wire import connect, masked, read_head  # noqa: E402
from ws_client import PING, PONG, Refused, WebSocket  # noqa: E402
import teekit_peers  # noqa: E402


@contextlib.contextmanager
def proxied(build, more="", **options):
    with Programs(build) as programs:
        server = teekit_peers.Server(programs, **options)
        with teekit_peers.Desk(programs, tdx=server.sim_dir) as desk:
            yield server, programs.proxy(desk.policy([server], more))


def same(found, want, what):
    check(found == want, f"{what}: found {found!r}, expected {want!r}")


def streams(proxy):
    """How many there are in the proxy's sessions."""
    state = json.loads(curl(proxy.url + "/status.json").stdout)
    return sum(s["streams"] for s in state["services"][0]["sessions"])


def messages_of_every_kind(build):
    with proxied(build) as (_, proxy):
        for by in "absolute", "connect":
            with WebSocket(proxy.port, HOST, "/echo", by) as ws:
                for said in ("hello", "", "gr\u00fc\u00dfe \U0001f600", b"", b"\0\xff",
                             "x" * 200000, os.urandom(3000000)):
                    for fragments in 1, 3:
                        ws.send(said, fragments)
                        same(ws.receive(), said, f"{len(said)} by {by}")


def large_messages_come_back(build):
    said = os.urandom(16 << 20)
    with proxied(build) as (_, proxy):
        with WebSocket(proxy.port, HOST, "/echo") as ws:
            for fragments in 1, 3:
                ws.send(said, fragments)
                check(ws.receive() == said, f"16 MiB in {fragments}")
            ws.send("x" * (8 << 20))
            check(ws.receive() == "x" * (8 << 20), "8 MiB of text")


def pings_are_answered_here(build):
    with proxied(build) as (_, proxy):
        with WebSocket(proxy.port, HOST, "/echo") as ws:
            ws.s.sendall(masked(PING, b"there?"))
            same(ws.frame(), (PONG, b"there?"), "pong")


def the_server_may_speak_first(build):
    with proxied(build) as (_, proxy):
        with WebSocket(proxy.port, HOST, "/greet") as ws:
            same(ws.receive(), "hello before anything", "first")
            same(ws.receive(), b"\0\xff", "second")
            ws.send("me too")
            same(ws.receive(), "me too", "third")


def closes_go_both_ways(build):
    with proxied(build) as (server, proxy):
        for sent, want in ((3001, 3001), (1000, 1000), (4999, 4999),
                           (0, 1000), (1006, 1011), (99999, 1011)):
            with WebSocket(proxy.port, HOST, f"/close/{sent}/bye%20bye") as ws:
                ws.send("go")
                same(ws.receive(), (want, "bye bye"), sent)
                ws.close(want)
                same(ws.at_end(), "fin", sent)
        with WebSocket(proxy.port, HOST, "/bare") as ws:
            ws.send("go")
            same(ws.receive(), (1000, ""), "neither code nor reason")
        for code, reason in ((4001, "client bye"), (1000, ""), (None, "")):
            with WebSocket(proxy.port, HOST, "/echo") as ws:
                ws.send("x")
                same(ws.receive(), "x", "echo")
                ws.close(code, reason)
                same(ws.receive(), (code or 1005, reason), "the echo of a close")
                same(ws.at_end(), "fin", "behind it")
                wait_for(f"{code} arrives", lambda: code is None or
                         server.stats().get("lastSocketClose", [])[:1] == [code])


def an_application_that_vanishes_is_no_clean_close(build):
    with proxied(build) as (server, proxy):
        ws = WebSocket(proxy.port, HOST, "/echo")
        ws.s.close()
        wait_for("a close arrives",
                 lambda: server.stats().get("lastSocketClose"))
        same(server.stats()["lastSocketClose"][0], 1006, "code")


def fifty_at_once(build):
    with proxied(build) as (server, proxy):
        errors = []

        def one(i):
            try:
                with WebSocket(proxy.port, HOST, "/echo",
                               "connect" if i % 2 else "absolute") as ws:
                    for k in range(20):
                        said = f"{i} {k}" if k % 2 else bytes([i, k])
                        ws.send(said)
                        same(ws.receive(), said, i)
                    ws.close(1000)
                    same(ws.receive(), (1000, ""), i)
            except Exception as e:
                errors.append(f"{i}: {e!r}")

        threads = [threading.Thread(target=one, args=(i,)) for i in range(50)]
        [t.start() for t in threads]
        [t.join() for t in threads]
        check(not errors, errors[:3])
        same(server.stats()["made"], 1, "sessions")
        wait_for("none is left there", lambda: server.stats()["sockets"] == 0)
        wait_for("none is left here", lambda: streams(proxy) == 0)


def a_chat_with_a_backlog(build):
    with proxied(build) as (_, proxy):
        with WebSocket(proxy.port, HOST, "/chat") as a, \
                WebSocket(proxy.port, HOST, "/chat") as b:
            a.send("one")
            same((a.receive(), b.receive()), ("one", "one"), "to all")
            b.send("two")
            same((a.receive(), b.receive()), ("two", "two"), "to all")
            with WebSocket(proxy.port, HOST, "/chat") as c:
                same([c.receive(), c.receive()], ["one", "two"], "the backlog")


def a_subprotocol_is_asked_for_and_one_is_answered(build):
    with proxied(build) as (_, proxy):
        with WebSocket(proxy.port, HOST, "/protocols",
                       protocols=("p1", "p2")) as ws:
            check("\r\nSec-WebSocket-Protocol: p1\r\n" in ws.head, ws.head)
            ws.send("?")
            same(json.loads(ws.receive()), ["p1", "p2"], "protocols")
        with WebSocket(proxy.port, HOST, "/protocols") as ws:
            check("Sec-WebSocket-Protocol" not in ws.head, ws.head)
        with WebSocket(proxy.port, HOST, "/url?x=1") as ws:
            ws.send("?")
            same(ws.receive(), f"ws://{HOST}/url?x=1", "url")


def what_cannot_be_is_refused(build):
    with proxied(build, more="    answer-timeout: 5s\n") as (_, proxy):
        for path, want in (("/refuse", 502), ("/silent", 504)):
            for by in "absolute", "connect":
                try:
                    WebSocket(proxy.port, HOST, path, by)
                    check(False, f"{path}: it opened")
                except Refused as e:
                    same(e.status, want, f"{path} by {by}")


def oddities_end_one_socket_at_most(build):
    with proxied(build) as (server, proxy):
        with WebSocket(proxy.port, HOST, "/echo") as other:
            with WebSocket(proxy.port, HOST, "/error") as ws:
                ws.send("go")
                same(ws.receive(), (1011, "the socket broke"), "error")
            with WebSocket(proxy.port, HOST, "/number") as ws:
                ws.send("go")
                same(ws.receive()[0], 1011, "a number")
            with WebSocket(proxy.port, HOST, "/text-as-bytes") as ws:
                ws.send("go")
                check(ws.receive() in ("text", b"text"), "text as bytes")
            for bad in (b"\xf2\x80\0\0\0\0", b"\x81\x01x", masked(1, b"\xff"),
                        masked(3, b"x"), masked(2, b"", length=1 << 40)):
                with WebSocket(proxy.port, HOST, "/echo") as ws:
                    ws.s.sendall(bad)
                    check(ws.receive()[0] in (1002, 1007, 1009), bad)
            other.send("still there?")
            same(other.receive(), "still there?", "the other")
        check(server.alive() and server.stats()["made"] == 1, "the session")


def a_lost_session_is_no_clean_close(build):
    """A close frame of the outer connection vouches for nothing either."""
    with proxied(build) as (server, proxy):
        for trick in "terminate", "close", "bogus-enc":
            with WebSocket(proxy.port, HOST, "/echo", "connect") as ws:
                ws.send("x")
                same(ws.receive(), "x", "echo")
                server.trick(trick)
                same(ws.at_end(), "reset", trick)


def what_is_no_http_is_told_so(build):
    with proxied(build) as (server, proxy):
        for first in (b"\x16\x03\x01\x02\x00\x01", b"SSH-2.0-x\r\n", b"\0\0\0\0",
                      b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n"):
            with connect(proxy.port) as s:
                s.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}\r\n\r\n"
                          .encode())
                check(read_head(s).startswith(b"HTTP/1.1 200 "), "CONNECT")
                s.sendall(first)
                status = int(read_head(s).split()[1])
                check(status in (400, 405), f"{first}: {status}")
        same(server.stats()["requests"], [], "what was sent")


def requests_one_after_another_on_a_connection(build):
    with proxied(build) as (server, proxy):
        with connect(proxy.port) as s:
            s.sendall(f"CONNECT {HOST}:80 HTTP/1.1\r\nHost: {HOST}\r\n\r\n"
                      .encode())
            read_head(s)
            ask = b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
            s.sendall(ask * 3 + ask.replace(b"\r\n\r\n",
                                            b"\r\nConnection: close\r\n\r\n"))
            got = b""
            while True:
                block = s.recv(65536)
                if not block:
                    break
                got += block
            same(got.count(b"HTTP/1.1 200 OK"), 4, got)
            same(got.count(b"world"), 4, got)


if __name__ == "__main__":
    if teekit_peers.install() is None:
        sys.exit(77)
    sys.exit(run_tests([
        messages_of_every_kind, large_messages_come_back,
        pings_are_answered_here,
        the_server_may_speak_first,
        closes_go_both_ways,
        an_application_that_vanishes_is_no_clean_close,
        fifty_at_once,
        a_chat_with_a_backlog,
        a_subprotocol_is_asked_for_and_one_is_answered,
        what_cannot_be_is_refused,
        oddities_end_one_socket_at_most,
        a_lost_session_is_no_clean_close,
        what_is_no_http_is_told_so,
        requests_one_after_another_on_a_connection,
    ]))
