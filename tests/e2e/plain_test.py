#!/usr/bin/env python3
"""Requests that come in clear on veriteed's port: what passes, as what, and
what never does. Argument: the build folder."""

import contextlib
import hashlib
import json
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import (PATIENCE, Programs, check, curl,  # noqa: E402
                      run_tests, wait_for)
import odd_backend  # noqa: E402
import wire  # noqa: E402


@contextlib.contextmanager
def site(build, words="plain"):
    backend = odd_backend.Backend()
    with Programs(build) as programs:
        server = programs.server(
            "--rule", f"*:80=127.0.0.1:{backend.port} {words}",
            "--rule", f"closed.test:80=127.0.0.1:{backend.port}", demo=False)
        yield backend, f"http://127.0.0.1:{server.port}", server
    backend.close()


def asked(answer):
    return json.loads(answer.stdout)


def nothing_passes_unless_a_rule_says_so(build):
    with site(build, "") as (backend, url, _):
        r = curl("-w", "%{http_code}", url + "/seen")
        check(r.stdout.endswith(b"404"), r)
        check(backend.requests == [], backend.requests)
    with site(build) as (backend, url, _):
        r = curl("-w", "%{http_code}", "-H", "Host: closed.test", url + "/seen")
        check(r.stdout.endswith(b"404"), r)
        check(curl(url + "/healthz").stdout == b"ok\n", "healthz is ours")
        check(backend.requests == [], backend.requests)


def backends_are_told_that_it_came_in_clear(build):
    with site(build) as (_, url, _):
        r = asked(curl("-H", "Veritee-Encrypted: yes", "-H", "X-Hop: 1",
                       "-H", "VERITEE-Session: teekit-1", "-H", "X-Kept: 1",
                       "-H", "Connection: keep-alive, x-hop",
                       "-H", "Connection: x-hop-2", "-H", "X-Hop-2: 1",
                       # what a CGI would read as a header of ours
                       "-H", "Veritee_Encrypted: yes",
                       "-H", "Veritee.Session: teekit-1",
                       "-H", "Proxy_Authorization: x",
                       "-H", "Upgrade: websocket",
                       "-H", "Proxy-Authorization: x", url + "/seen?a=1"))
        check(r["target"] == "/seen?a=1", r)
        seen = r["headers"]
        check(seen["veritee-encrypted"] == "no" and seen["x-kept"] == "1", r)
        for name in ("veritee-session", "x-hop", "x-hop-2", "upgrade",
                     "proxy-authorization", "veritee_encrypted",
                     "veritee.session", "proxy_authorization"):
            check(name not in seen, r)


def encrypted_paths_stay_closed(build):
    with site(build, "plain encrypted=/secret encrypted=/Api/v1/") as (
            backend, url, server):
        for path in ("/secret", "/secret/", "/secret/x", "/secret?x",
                     "/SECRET", "/x/../secret", "/x/%2e%2e/secret",
                     "//secret", "/./secret", "/%73ecret", "/secret%2fx",
                     "/\\secret", "/secret;x=1/y", "/;x/secret", "/secret%00",
                     "/api/v1", "/api//v1/x", "/api/V1/",
                     "/x/..%2fsecret", "/%2e%2e%2Fsecret", "/x/..;/secret"):
            head = wire.ask(server.port, f"GET {path} HTTP/1.1\r\n"
                            "Host: a.test\r\nConnection: close\r\n\r\n".encode())
            check(b" 403 " in head.split(b"\r\n")[0], (path, head))
        check(backend.requests == [], backend.requests)
        for path in "/seen", "/secrets", "/x/secret", "/api", "/api/v10":
            r = curl("-w", "%{http_code}", url + path)
            check(r.stdout[-3:] == b"200" or r.stdout == b"nothing here404",
                  (path, r))
        check(len(backend.requests) == 5, backend.requests)


def bodies_pass_both_ways(build):
    body = bytes(range(256)) * 8192
    want = hashlib.sha256(body).hexdigest()
    with site(build) as (_, url, _):
        for extra in [], ["-H", "Expect: 100-continue"]:
            r = curl_with(body, *extra, "--data-binary", "@-", url + "/echo")
            check(hashlib.sha256(r.stdout).hexdigest() == want, extra)
        check(curl(url + "/chunked/3").stdout == b"chunk" * 3, "chunked")
        check(curl(url + "/until-end").stdout == b"to the end", "until the end")
        check(curl(url + "/interim").stdout == b"late", "interim")
        check(curl("-0", url + "/chunked/3").stdout == b"chunk" * 3, "1.0")
        r = curl("-I", url + "/size/5000000")
        check(b"Content-Length: 5000000" in r.stdout, r)
        r = curl(url + "/size/20000000")
        check(len(r.stdout) == 20000000, len(r.stdout))
        r = curl("-w", "%{http_code}", url + "/status/304")
        check(r.stdout == b"304", r)


def curl_with(body, *args):
    return subprocess.run(["curl", "-q", "-sS", "--max-time", str(PATIENCE), *args],
                          input=body, capture_output=True, timeout=PATIENCE)


class LateBackend:
    """Reads nothing until it may, then all there is, and answers."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        self.port = self.listener.getsockname()[1]
        self.may_read = threading.Event()
        self.got = b""
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        s, _ = self.listener.accept()
        self.may_read.wait()
        got = bytearray()
        while not got.endswith(b"\r\n0\r\n\r\n"):
            got += s.recv(65536)
        self.got = bytes(got)
        s.settimeout(2)  # nothing should come behind the end
        try:
            while more := s.recv(65536):
                self.got += more
        except TimeoutError:
            s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        s.close()

    def waiting(self):
        """Bytes that the system holds on the way here."""
        port = f":{self.port:04X}"
        lines = [line.split() for line in open("/proc/net/tcp")]
        return sum(int(x[4].split(":")[0], 16) for x in lines if x[2].endswith(port))


def a_request_ends_once_however_slowly_it_is_read(build):
    backend, held = LateBackend(), []
    with Programs(build) as programs:
        server = programs.server("--rule", f"*:80=127.0.0.1:{backend.port} plain",
                                 demo=False)
        with wire.connect(server.port) as s:
            s.sendall(b"POST / HTTP/1.1\r\nHost: a.test\r\n"
                      b"Transfer-Encoding: chunked\r\n\r\n")
            while len(held) < 4 or held[-1] > held[-3]:
                held.append(backend.waiting())
                s.sendall(b"10000\r\n" + bytes(65536) + b"\r\n")
                time.sleep(0.05)  # until more waits in the server
            s.sendall(b"0\r\n\r\n")
            time.sleep(0.2)
            backend.may_read.set()
            wait_for("all of it arrives", lambda: backend.got)
            s.sendall(b"GET /second HTTP/1.1\r\nHost: a.test\r\n\r\n")
            check(wire.read_all(s).endswith(b"ok"), "the answer")
        check(b"second" not in backend.got, backend.got[-200:])
        check(not backend.got.endswith(b"\r\n0\r\n\r\n0\r\n\r\n"),
              backend.got[-200:])


def what_is_cut_looks_cut(build):
    with site(build) as (_, url, _):
        for path in "/cut", "/garbage":
            check(curl(url + path).returncode != 0, path)


def odd_requests_reach_nobody(build):
    with site(build) as (backend, _, server):
        for head in (b"GET http://a.test/seen HTTP/1.1\r\nHost: a.test\r\n\r\n",
                     b"GET /seen HTTP/1.1\r\n\r\n",
                     b"GET /seen HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
                     b"GET /seen HTTP/1.1\r\nHost: a.test/x\r\n\r\n",
                     b"CONNECT a.test:80 HTTP/1.1\r\nHost: a.test\r\n\r\n",
                     b"OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n"):
            answer = wire.ask(server.port, head)
            check(answer.split()[1][:1] == b"4", (head, answer))
        check(backend.requests == [], backend.requests)
        # a second request behind the first goes nowhere
        answer = wire.ask(server.port, b"GET /seen HTTP/1.1\r\nHost: a.test\r\n"
                          b"\r\nGET /seen?2 HTTP/1.1\r\nHost: a.test\r\n\r\n")
        check(answer.count(b"HTTP/1.1 ") == 1, answer)
        check(len(backend.requests) == 1, backend.requests)


if __name__ == "__main__":
    sys.exit(run_tests([
        nothing_passes_unless_a_rule_says_so,
        backends_are_told_that_it_came_in_clear,
        encrypted_paths_stay_closed,
        bodies_pass_both_ways,
        a_request_ends_once_however_slowly_it_is_read,
        what_is_cut_looks_cut,
        odd_requests_reach_nobody,
    ]))
