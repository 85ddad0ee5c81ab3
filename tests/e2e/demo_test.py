#!/usr/bin/python3
"""The demo site behind veriteed, spoken to directly: its answers, its limits."""

import json
import re
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import Programs, check, run_tests, wait_for  # noqa: E402
from wire import (ask, connect, kernel_holds, masked, read_all,  # noqa: E402
                  read_exactly, read_frame, read_head)


def get(path, method="GET", version="1.1", *fields):
    lines = [f"{method} {path} HTTP/{version}", "Host: demo.test", *fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def dechunk(data):
    """The body of a chunked answer, which must be complete."""
    body = b""
    while True:
        size, data = data.split(b"\r\n", 1)
        n = int(size, 16)
        check(data[n:n + 2] == b"\r\n", "a chunk without its end")
        body += data[:n]
        data = data[n + 2:]
        if n == 0:
            check(data == b"", f"{data[:80]} behind the last chunk")
            return body


def counts(server):
    answer = ask(server.demo_port, get("/count", "GET", "1.1", "Connection: close"))
    return json.loads(answer.split(b"\r\n\r\n", 1)[1])


def pattern(n):
    return (bytes(range(251)) * (n // 251 + 1))[:n]


def bytes_are_the_pattern_and_no_more(build):
    with Programs(build) as programs:
        server = programs.server()
        for n in 0, 1, 250, 251, 65535, 65536, 64256, 64257, 257024, 3000000:
            answer = ask(server.demo_port,
                         get(f"/bytes/{n}", "GET", "1.1", "Connection: close"))
            head, body = answer.split(b"\r\n\r\n", 1)
            check(f"Content-Length: {n}\r\n".encode() in head, head)
            check(body == pattern(n), f"{n}: {len(body)} bytes, or others")
        for path in "/bytes/", "/bytes/x", "/bytes/-1", "/bytes/17179869185":
            answer = ask(server.demo_port,
                         get(path, "GET", "1.1", "Connection: close"))
            check(answer.startswith(b"HTTP/1.1 404 "), f"{path}: {answer[:40]}")
        answer = ask(server.demo_port, get("/bytes/17179869184", "HEAD", "1.1",
                                           "Connection: close"))
        check(b"Content-Length: 17179869184\r\n" in answer, answer)
        check(answer.endswith(b"\r\n\r\n"), "HEAD with a body")


def pipelined_requests_are_answered_in_order(build):
    with Programs(build) as programs:
        server = programs.server()
        with connect(server.demo_port) as s:
            s.sendall(b"".join(get(f"/bytes/{n}") for n in range(200)) +
                      get("/sink", "POST", "1.1", "Content-Length: 3") + b"abc" +
                      get("/", "GET", "1.1", "Connection: close"))
            answers = read_all(s)
        found = re.findall(rb"Content-Length: (\d+)\r\n", answers)
        check([int(f) for f in found[:200]] == list(range(200)), found)
        check(b"\r\n\r\n3\nHTTP/1.1 200" in answers, "no answer of the sink")
        check(answers.count(b"HTTP/1.1 200 OK\r\n") == 202, "not 202 answers")


def bodies_are_echoed_and_counted(build):
    body = bytes(range(256)) * 4096
    chunked = b"".join(b"%x\r\n%s\r\n" % (len(body[i:i + 7777]), body[i:i + 7777])
                       for i in range(0, len(body), 7777)) + b"0\r\nX: y\r\n\r\n"
    ways = [(f"Content-Length: {len(body)}", body),
            ("Transfer-Encoding: chunked", chunked)]
    with Programs(build) as programs:
        server = programs.server()
        for field, sent in ways:
            request = get("/echo", "PUT", "1.1", field, "Connection: close")
            answer = ask(server.demo_port, request + sent)
            echoed = dechunk(answer.split(b"\r\n\r\n", 1)[1])
            check(echoed == request + body, f"{field}: another echo")
            request = get("/sink", "POST", "1.1", field, "Connection: close")
            answer = ask(server.demo_port, request + sent)
            check(answer.endswith(b"\r\n\r\n%d\n" % len(body)), answer)


def a_client_that_waits_for_100_gets_it(build):
    with Programs(build) as programs:
        server = programs.server()
        with connect(server.demo_port) as s:
            s.sendall(get("/sink", "POST", "1.1", "Content-Length: 2",
                          "Expect: 100-continue", "Connection: close"))
            check(read_head(s) == b"HTTP/1.1 100 Continue\r\n\r\n", "no 100")
            s.sendall(b"ok")
            check(read_all(s).endswith(b"\r\n\r\n2\n"), "no answer")


def malformed_requests_never_end_well(build):
    with Programs(build) as programs:
        server = programs.server()
        for bad in (b"GET / HTTP/1.1\r\nA : b\r\n\r\n", b"\x00" * 8 + b"\r\n\r\n",
                    get("/", "POST", "1.1", "Content-Length: 1",
                        "Transfer-Encoding: chunked"),
                    b"GET /" + b"x" * 40000 + b" HTTP/1.1\r\n\r\n"):
            check(ask(server.demo_port, bad).startswith(b"HTTP/1.1 4"), bad[:40])
        answer = ask(server.demo_port, get("/echo", "POST", "1.1",
                                           "Transfer-Encoding: chunked") + b"zz\r\n")
        check(not answer.endswith(b"0\r\n\r\n"), "a whole echo of half a request")


def http_1_0_ends_by_the_connection(build):
    with Programs(build) as programs:
        server = programs.server()
        answer = ask(server.demo_port, get("/sse?n=2&ms=1", "GET", "1.0"))
        head, body = answer.split(b"\r\n\r\n", 1)
        check(b"chunked" not in head and b"Connection: close" in head, head)
        check(body == b"id: 1\ndata: 1 more to come\n\nid: 2\ndata: 0 more to "
              b"come\n\n", body)


def events_come_one_by_one(build):
    with Programs(build) as programs:
        server = programs.server()
        with connect(server.demo_port) as s:
            s.sendall(get("/sse?n=3&ms=300", "GET", "1.1", "Connection: close"))
            read_head(s)
            check(dechunk(read_all(s)).count(b"data: ") == 3, "three of them")
        with connect(server.demo_port) as s:  # of an hour, the first ones
            s.sendall(get("/sse?n=36000&ms=100"))
            seen = b""
            while b"id: 3\n" not in seen:
                seen += read_exactly(s, 1)


def what_reached_it_is_counted_and_the_counting_is_not(build):
    with Programs(build) as programs:
        server = programs.server()
        zero = {"connections": 0, "requests": 0, "bytes": 0}
        check(counts(server) == zero, "not zero at first")
        check(counts(server) == zero, "counting counts")
        request = get("/sink", "POST", "1.1", "Content-Length: 5",
                      "Connection: close") + b"hello"
        ask(server.demo_port, request)
        want = {"connections": 1, "requests": 1, "bytes": len(request)}
        check(counts(server) == want, f"{counts(server)} is not {want}")
        with connect(server.demo_port) as s:  # counts, then something else
            s.sendall(get("/count"))
            read_head(s)
            check(counts(server) == want, "an open connection for counts counts")
            s.sendall(get("/"))
            read_head(s)
            want = {"connections": 2, "requests": 2,
                    "bytes": len(request) + len(get("/"))}
            check(counts(server) == want, f"{counts(server)} is not {want}")
        with connect(server.demo_port) as s:  # a single byte, and nothing more
            s.sendall(b"G")
            wait_for("one byte is counted",
                     lambda: counts(server)["bytes"] != want["bytes"])
        want = {"connections": 3, "requests": 2, "bytes": want["bytes"] + 1}
        check(counts(server) == want, f"{counts(server)} is not {want}")


def websocket(port, path="/ws"):
    s = connect(port)
    s.sendall(get(path, "GET", "1.1", "Upgrade: websocket", "Connection: Upgrade",
                  "Sec-WebSocket-Version: 13",
                  "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg=="))
    check(read_head(s).startswith(b"HTTP/1.1 101 "), "no 101")
    return s


def a_websocket_echoes_and_closes(build):
    big = bytes(range(256)) * 1000
    with Programs(build) as programs:
        server = programs.server()
        with websocket(server.demo_port) as s:
            s.sendall(masked(1, "gr\u00fc\u00df".encode()) + masked(2, b""))
            check(read_frame(s) == (1, "gr\u00fc\u00df".encode()), "text")
            check(read_frame(s) == (2, b""), "nothing")
            s.sendall(masked(2, big[:1000], fin=False) + masked(9, b"ping") +
                      masked(0, big[1000:]))
            echoed = b""
            while len(echoed) < len(big):
                opcode, payload = read_frame(s)
                if opcode == 10:
                    check(payload == b"ping" and len(echoed) == 1000, "pong")
                else:
                    echoed += payload
            check(echoed == big, "another message")
            s.sendall(masked(8, b"\x03\xe8bye"))
            check(read_frame(s) == (8, b"\x03\xe8bye"), "no close")
            check(s.recv(1) == b"", "something behind the close")
        defects = {1002: b"\x82\x01x", 1007: masked(1, b"\xff")}
        for code, bad in defects.items():
            with websocket(server.demo_port) as s:
                s.sendall(bad)
                opcode, payload = read_frame(s)
                check((opcode, payload[:2]) == (8, code.to_bytes(2, "big")),
                      f"{opcode} {payload}")
        answer = ask(server.demo_port, get("/ws", "GET", "1.1", "Connection: close"))
        check(answer.startswith(b"HTTP/1.1 400 "), answer)


def what_one_says_all_in_the_room_hear(build):
    with Programs(build) as programs:
        server = programs.server()
        with websocket(server.demo_port, "/chat") as first, websocket(
                server.demo_port, "/chat") as second, websocket(
                    server.demo_port) as echo:
            first.sendall(masked(1, b"one") + masked(1, b"t", fin=False) +
                          masked(9, b"") + masked(0, b"wo"))
            check(read_frame(first) == (1, b"one"), "who said it")
            check(read_frame(first) == (10, b""), "pong")
            check(read_frame(first) == (1, b"two"), "put together")
            check(read_frame(second) == (1, b"one"), "the others")
            check(read_frame(second) == (1, b"two"), "in order")
            echo.sendall(masked(1, b"alone"))
            check(read_frame(echo) == (1, b"alone"), "not in the room")
        with websocket(server.demo_port, "/chat") as late:
            check(read_frame(late) == (1, b"one"), "what was said before")
            check(read_frame(late) == (1, b"two"), "what was said before")
            for i in range(60):
                late.sendall(masked(1, b"%d" % i))
                check(read_frame(late) == (1, b"%d" % i), "still in the room")
        with websocket(server.demo_port, "/chat") as later:
            kept = [read_frame(later)[1] for _ in range(50)]
            check(kept == [b"%d" % i for i in range(10, 60)], kept)


def the_room_has_rules(build):
    rules = {1009: masked(1, b"x" * 2049), 1007: masked(2, b"binary")}
    with Programs(build) as programs:
        server = programs.server()
        for code, bad in rules.items():
            with websocket(server.demo_port, "/chat") as s:
                s.sendall(bad)
                opcode, payload = read_frame(s)
                check((opcode, payload[:2]) == (8, code.to_bytes(2, "big")),
                      f"{opcode} {payload}")
        with websocket(server.demo_port, "/chat") as deaf, websocket(
                server.demo_port, "/chat") as s:
            line = masked(1, b"y" * 2048)
            for _ in range(4000):  # more than any socket holds
                s.sendall(line)
                check(read_frame(s)[1] == b"y" * 2048, "nobody waits")
            try:
                while deaf.recv(1 << 20):
                    pass
            except ConnectionResetError:
                pass
        answer = ask(server.demo_port, get("/chat", "GET", "1.1",
                                           "Connection: close"))
        check(answer.startswith(b"HTTP/1.1 400 "), answer)


def the_small_things_count(build):
    def body(path, *args):
        answer = ask(server.demo_port,
                     get(path, *args, "Connection: close"))
        head, _, found = answer.partition(b"\r\n\r\n")
        return head.decode(), json.loads(found)

    with Programs(build) as programs:
        server = programs.server()
        check(body("/counter", "GET", "1.1")[1] == {"value": 0}, "pressed")
        body("/counter", "POST", "1.1", "Content-Length: 0")
        check(body("/counter", "GET", "1.1")[1] == {"value": 1}, "not pressed")
        head, found = body("/cookie", "GET", "1.1")
        check(found == {"visits": 1}, found)
        check("\r\nSet-Cookie: visits=1; Path=/; HttpOnly" in head, head)
        for cookie, want in (("visits=1", 2), ("a=b; visits=41; c=d", 42),
                             ("visits=x", 1), ("visits=", 1), ("visit", 1),
                             ("visits=99999999999999999999", 1)):
            found = body("/cookie", "GET", "1.1", f"Cookie: {cookie}")[1]
            check(found == {"visits": want}, f"{cookie}: {found}")


def the_page_and_all_it_needs_are_there(build):
    with Programs(build) as programs:
        server = programs.server()
        page = ask(server.demo_port, get("/", "GET", "1.1", "Connection: close"))
        needs = set(re.findall(rb'(?:src|href)="(/[^"#]*)', page))
        check(len(needs) >= 3, needs)
        for path in needs:
            answer = ask(server.demo_port, get(path.decode(), "GET", "1.1",
                                               "Connection: close"))
            check(answer.startswith(b"HTTP/1.1 200 "), path)


def a_half_closed_client_gets_its_whole_answer(build):
    with Programs(build) as programs:
        server = programs.server()
        with connect(server.demo_port) as s:
            s.sendall(get("/bytes/5000000"))
            s.shutdown(socket.SHUT_WR)
            body = read_all(s).split(b"\r\n\r\n", 1)[1]
            check(body == pattern(5000000), f"{len(body)} bytes")


def clients_that_do_not_read_cost_little(build):
    with Programs(build) as programs:
        server = programs.server()
        before = server.resident_kib()
        held = []
        for _ in range(50):
            s = connect(server.demo_port)
            s.sendall(get("/bytes/16000000000"))
            held.append(s)
        upload = connect(server.demo_port)  # an echo that nobody reads
        upload.sendall(get("/echo", "POST", "1.1", "Content-Length: 1000000000"))
        upload.settimeout(1)
        sent, enough = 0, 2 * kernel_holds() + 32_000_000
        try:
            while sent < enough:
                sent += upload.send(bytes(65536))
        except TimeoutError:
            pass
        check(sent < enough, "an echo that nobody reads goes on")
        wait_for("51 requests", lambda: counts(server)["requests"] == 51)
        grown = server.resident_kib() - before
        check(grown < 64 * 1024, f"{grown} KiB more")
        for s in [*held, upload]:
            s.close()


def a_stop_ends_its_connections(build):
    with Programs(build) as programs:
        server = programs.server()
        idle = connect(server.demo_port)
        slow = connect(server.demo_port)
        slow.sendall(get("/slow?ms=60000"))
        busy = connect(server.demo_port)
        busy.sendall(get("/sse?n=100000&ms=1"))
        read_exactly(busy, 1000)
        check(server.stop() == 0, server.tail())
        for s in idle, slow, busy:
            s.close()


if __name__ == "__main__":
    sys.exit(run_tests([
        bytes_are_the_pattern_and_no_more,
        pipelined_requests_are_answered_in_order,
        bodies_are_echoed_and_counted,
        a_client_that_waits_for_100_gets_it,
        malformed_requests_never_end_well,
        http_1_0_ends_by_the_connection,
        events_come_one_by_one,
        what_reached_it_is_counted_and_the_counting_is_not,
        a_websocket_echoes_and_closes,
        what_one_says_all_in_the_room_hear,
        the_room_has_rules,
        the_small_things_count,
        the_page_and_all_it_needs_are_there,
        a_half_closed_client_gets_its_whole_answer,
        clients_that_do_not_read_cost_little,
        a_stop_ends_its_connections,
    ]))
