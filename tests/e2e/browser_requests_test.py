#!/usr/bin/python3
"""How Firefox asks a proxy, request by request, as it does by HTTP and SOCKS.

Firefox itself is not started: what it sends is written down here. Chromium is,
in browser_test.py; curl and other programs in clients_test.py.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import HOST, Programs, check, run_tests  # noqa: E402
from wire import (connect, masked, read_exactly, read_frame,  # noqa: E402
                  read_head)

AGENT = ("User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 "
         "Firefox/140.0")
PAGE = ["Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "Accept-Language: en-US,en;q=0.5", "Accept-Encoding: gzip, deflate",
        "Connection: keep-alive", "Upgrade-Insecure-Requests: 1",
        "Priority: u=0, i"]
SOCKET = ["Accept: */*", "Accept-Language: en-US,en;q=0.5",
          "Accept-Encoding: gzip, deflate", "Sec-WebSocket-Version: 13",
          f"Origin: http://{HOST}", "Sec-WebSocket-Extensions: permessage-deflate",
          "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==",
          "Connection: keep-alive, Upgrade", "Pragma: no-cache",
          "Cache-Control: no-cache", "Upgrade: websocket"]


def request(method, target, *fields, host=HOST):
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", AGENT, *fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def read_answer(s):
    """Head and body, which has a length or comes in chunks."""
    head = read_head(s).decode()
    fields = {k.lower(): v for k, _, v in
              (line.partition(": ") for line in head.split("\r\n")[1:])}
    if "content-length" in fields:
        return head, read_exactly(s, int(fields["content-length"]))
    check(fields.get("transfer-encoding") == "chunked", head)
    body = b""
    while True:
        size = b""
        while not size.endswith(b"\r\n"):
            size += read_exactly(s, 1)
        piece = read_exactly(s, int(size, 16))
        read_exactly(s, 2)
        if not piece:
            return head, body
        body += piece


def pages_come_over_one_connection(build):
    with Programs(build) as programs:
        _, proxy = programs.pair()
        with connect(proxy.port) as s:
            for path in ("/", "/demo.css", "/demo.js", "/icons.svg", "/count"):
                s.sendall(request("GET", f"http://{HOST}{path}", *PAGE,
                                  f"Referer: http://{HOST}/"))
                head, body = read_answer(s)
                check(head.startswith("HTTP/1.1 200 "), head)
                check(len(body) > 0, path)
            s.sendall(request("GET", f"http://{HOST}/echo", *PAGE))
            _, seen = read_answer(s)
            check(seen.startswith(b"GET /echo HTTP/1.1\r\n"), seen)
            check(AGENT.encode() in seen and b"Priority: u=0, i" in seen, seen)
            check(b"Via" not in seen and b"Proxy-" not in seen, seen)


def a_form_with_a_file_arrives(build):
    with Programs(build) as programs:
        _, proxy = programs.pair()
        body = (b"-----------------------------1\r\nContent-Disposition: form-data;"
                b' name="f"; filename="a.bin"\r\n\r\n' + bytes(200000) +
                b"\r\n-----------------------------1--\r\n")
        with connect(proxy.port) as s:
            s.sendall(request(
                "POST", f"http://{HOST}/sink", *PAGE, f"Origin: http://{HOST}",
                "Content-Type: multipart/form-data; "
                "boundary=---------------------------1",
                f"Content-Length: {len(body)}") + body)
            head, answer = read_answer(s)
            check(answer == b"%d\n" % len(body), head)


def chat(s, line=b"hello"):
    """A WebSocket, once the connection leads to the demo."""
    s.sendall(request("GET", "/chat", *SOCKET))
    head = read_head(s).decode()
    check(head.startswith("HTTP/1.1 101 "), head)
    check("permessage-deflate" not in head, head)
    s.sendall(masked(1, line))
    while read_frame(s) != (1, line):
        pass  # what others said before
    s.sendall(masked(8, b"\x03\xe9"))
    check(read_frame(s) == (8, b"\x03\xe9"), "the end")


def a_websocket_comes_by_connect(build):
    with Programs(build) as programs:
        _, proxy = programs.pair()
        with connect(proxy.port) as s:
            s.sendall(request("CONNECT", f"{HOST}:80",
                              "Proxy-Connection: keep-alive",
                              "Connection: keep-alive", host=f"{HOST}:80"))
            head = read_head(s)
            check(head.startswith(b"HTTP/1.1 200 "), head)
            chat(s)


def socks(proxy, version):
    """A connection to the demo; names are for the proxy to know."""
    s = connect(proxy.port)
    if version == 5:
        s.sendall(b"\x05\x01\x00")
        check(read_exactly(s, 2) == b"\x05\x00", "no password")
        s.sendall(b"\x05\x01\x00\x03" + bytes([len(HOST)]) + HOST.encode() +
                  b"\x00\x50")
        check(read_exactly(s, 10)[:2] == b"\x05\x00", "SOCKS5")
    else:
        s.sendall(b"\x04\x01\x00\x50\x00\x00\x00\x01MOZ\x00" + HOST.encode() +
                  b"\x00")
        check(read_exactly(s, 8)[:2] == b"\x00\x5a", "SOCKS4a")
    return s


def socks_carries_pages_and_websockets(build):
    with Programs(build) as programs:
        _, proxy = programs.pair()
        for version in 5, 4:
            with socks(proxy, version) as s:
                for path in "/", "/demo.js":
                    s.sendall(request("GET", path, *PAGE))
                    head, body = read_answer(s)
                    check(head.startswith("HTTP/1.1 200 ") and body, head)
                # Nobody answers for the proxy inside: the page says so.
                s.sendall(request("GET", "/.well-known/veritee", "Accept: */*"))
                check(read_answer(s)[0].startswith("HTTP/1.1 404 "), "the demo")
            with socks(proxy, version) as s:
                chat(s, b"by SOCKS %d" % version)


def events_begin_before_they_end(build):
    with Programs(build) as programs:
        _, proxy = programs.pair()
        with connect(proxy.port) as s:
            s.sendall(request("GET", f"http://{HOST}/sse?n=1000&ms=50",
                              "Accept: text/event-stream",
                              "Cache-Control: no-cache",
                              "Connection: keep-alive"))
            check("text/event-stream" in read_head(s).decode(), "events")
            heard = b""
            while b"id: 3\n" not in heard:
                heard += read_exactly(s, 1)


def the_pac_file_is_had_directly(build):
    with Programs(build) as programs:
        _, proxy = programs.pair()
        with connect(proxy.port) as s:
            s.sendall(request("GET", "/proxy.pac", "Accept: */*",
                              "Connection: keep-alive",
                              host=f"127.0.0.1:{proxy.port}"))
            head, body = read_answer(s)
            check("application/x-ns-proxy-autoconfig" in head, head)
            check(f'"PROXY 127.0.0.1:{proxy.port}"'.encode() in body, body)


def as_the_schema_says(answer):
    try:
        import jsonschema
    except ImportError:
        print("skipped - no python3-jsonschema to check the schema", flush=True)
        return
    schema = json.loads((Path(__file__).resolve().parents[2] / "docs" /
                         "schema" / "service.schema.json").read_text())
    checker = jsonschema.Draft202012Validator(schema)
    checker.validate(answer)
    check(not checker.is_valid({**answer, "state": "fine"}), "it says something")


def a_page_learns_of_its_own_service_only(build):
    with Programs(build) as programs:
        server = programs.server()
        policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                 server.sim_dir, default="direct")
        proxy = programs.proxy(policy)
        mine = f"http://{HOST}/.well-known/veritee"
        with connect(proxy.port) as s:
            s.sendall(request("GET", f"http://{HOST}/", *PAGE))
            read_answer(s)
            s.sendall(request("GET", mine, "Accept: */*"))
            head, body = read_answer(s)
            check("application/json" in head and "nosniff" in head, head)
            check(b'"state":"SIMULATED"' in body, body)
            check(b'"mr_td":"d1d1' in body, body)
            as_the_schema_says(json.loads(body))
            for secret in (b"127.0.0.1", b"policy", b"checks"):
                check(secret not in body, body)
            for origin in ("http://evil.example", "null", f"https://{HOST}"):
                s.sendall(request("GET", mine, f"Origin: {origin}"))
                check(read_answer(s)[0].startswith("HTTP/1.1 403 "), origin)
            s.sendall(request("OPTIONS", mine, "Origin: http://evil.example",
                              "Access-Control-Request-Method: GET"))
            head, _ = read_answer(s)
            check("access-control" not in head.lower(), head)
            # Of another host nothing is known: it is asked itself.
            s.sendall(request("GET", f"http://127.0.0.1:{server.demo_port}"
                              "/.well-known/veritee",
                              host=f"127.0.0.1:{server.demo_port}"))
            check(read_answer(s)[0].startswith("HTTP/1.1 404 "), "not ours")


if __name__ == "__main__":
    sys.exit(run_tests([
        pages_come_over_one_connection,
        a_form_with_a_file_arrives,
        a_websocket_comes_by_connect,
        socks_carries_pages_and_websockets,
        events_begin_before_they_end,
        the_pac_file_is_had_directly,
        a_page_learns_of_its_own_service_only,
    ]))
