#!/usr/bin/env python3
"""The local front from outside: real curl and raw sockets, through a proxy
without a policy (local_front_test --serve), to backends that do as each case
says. Argument: the build folder."""

import hashlib
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
from programs import PATIENCE, Program, wait_for  # noqa: E402
from wire import kernel_holds, wait_read  # noqa: E402

BUILD = Path(sys.argv[1] if len(sys.argv) > 1 else "build/asan")
RIG = BUILD / "bin" / "local_front_test"


def read_until(sock, mark):
    data = b""
    while mark not in data:
        block = sock.recv(65536)
        if not block:
            raise EOFError(f"ended before {mark!r}: {data[-200:]!r}")
        data += block
    return data


def read_head(sock):
    return read_until(sock, b"\r\n\r\n").split(b"\r\n\r\n", 1)


def read_all(sock):
    data = b""
    while True:
        block = sock.recv(65536)
        if not block:
            return data
        data += block


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


class Backend:
    """Runs |serve|(self, sock, number) for each connection, in a thread."""

    def __init__(self, serve, family=socket.AF_INET):
        self.serve = serve
        self.count = 0
        self.errors = []
        self.seen = []  # whatever |serve| wants to keep
        self.listener = socket.socket(family)
        self.listener.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        self.listener.listen(512)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.count += 1
            sock.settimeout(PATIENCE)
            threading.Thread(
                target=self._run, args=(sock, self.count), daemon=True
            ).start()

    def _run(self, sock, number):
        try:
            self.serve(self, sock, number)
        except Exception as e:  # told by the case that wants to know
            self.errors.append(repr(e))
        finally:
            sock.close()

    def close(self):
        self.listener.close()


def http_server(backend, sock, number):
    """Keeps connections alive; echoes bodies of POST."""
    rest = b""
    while True:
        while b"\r\n\r\n" not in rest:
            block = sock.recv(65536)
            if not block:
                return
            rest += block
        head, rest = rest.split(b"\r\n\r\n", 1)
        backend.seen.append(head)
        lines = head.split(b"\r\n")
        fields = {
            k.strip().lower(): v.strip()
            for k, v in (line.split(b":", 1) for line in lines[1:])
        }
        length = int(fields.get(b"content-length", b"0"))
        if fields.get(b"expect") == b"100-continue":
            sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        whole = bytearray(rest)  # which grows in its place
        while len(whole) < length:
            whole += sock.recv(65536)
        body, rest = bytes(whole[:length]), bytes(whole[length:])
        path = lines[0].split(b" ")[1]
        answer = body or b"you asked for " + path
        sock.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n"
            % len(answer)
        )
        if not lines[0].startswith(b"HEAD"):
            sock.sendall(answer)


def answers(*parts, cut=None):
    """A server that reads one head and sends |parts|; |cut| is how it ends."""

    def serve(backend, sock, number):
        backend.seen.append(read_head(sock)[0])
        for part in parts:
            sock.sendall(part)
        if cut == "reset":
            wait_read(sock)
            reset(sock)

    return serve


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.proxy = Program([RIG, "--serve"], Path(cls.folder.name) / "log")
        cls.port = int(cls.proxy.wait_line(r"^(\d+)$").group(1))

    @classmethod
    def tearDownClass(cls):
        cls.proxy.process.terminate()
        code = cls.proxy.process.wait(PATIENCE)
        log = cls.proxy.tail()
        cls.folder.cleanup()
        if code != 0:
            raise AssertionError(f"the proxy ended with {code}\n{log}")

    def backend(self, serve, **kw):
        b = Backend(serve, **kw)
        self.addCleanup(b.close)
        return b

    def connect(self, room=None):
        """|room|: that the kernel has for what nobody reads, if not its own."""
        sock = socket.socket()
        self.addCleanup(sock.close)
        if room is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        sock.settimeout(PATIENCE)
        sock.connect(("127.0.0.1", self.port))
        return sock

    def tunnel(self, port, room=None):
        sock = self.connect(room)
        sock.sendall(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\nHost: x\r\n\r\n" % port)
        head = b""
        while not head.endswith(b"\r\n\r\n"):  # what follows is not ours
            head += sock.recv(1)
        self.assertEqual(head, b"HTTP/1.1 200 OK\r\n\r\n")
        return sock

    def curl(self, *args, proxy=None, code=0, **kw):
        env = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        done = subprocess.run(
            ["curl", "-sS", "--max-time", str(PATIENCE), "--noproxy", ""]
            + ["-x", proxy or f"http://127.0.0.1:{self.port}", *args],
            capture_output=True,
            env=env,
            **kw,
        )
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout

    def request(self, backend, path=b"/", fields=b"", method=b"GET", version=b"1.1"):
        return (
            b"%s http://127.0.0.1:%d%s HTTP/%s\r\nHost: 127.0.0.1:%d\r\n%s\r\n"
            % (method, backend.port, path, version, backend.port, fields)
        )


class Curl(Case):
    def test_absolute_form(self):
        b = self.backend(http_server)
        out = self.curl(f"http://127.0.0.1:{b.port}/x?y=1", "-H", "Proxy-Foo: 1")
        self.assertEqual(out, b"you asked for /x?y=1")
        self.assertIn(b"Host: 127.0.0.1:%d" % b.port, b.seen[0])
        self.assertNotIn(b"proxy", b.seen[0].lower())
        self.assertNotIn(b"Via", b.seen[0])
        self.assertNotIn(b"Forwarded", b.seen[0])

    def test_every_kind_of_tunnel(self):
        b = self.backend(http_server)
        for scheme in ("socks5", "socks5h", "socks4", "socks4a"):
            out = self.curl(
                f"http://127.0.0.1:{b.port}/{scheme}",
                proxy=f"{scheme}://127.0.0.1:{self.port}",
            )
            self.assertEqual(out, b"you asked for /" + scheme.encode())
        out = self.curl("--proxytunnel", f"http://127.0.0.1:{b.port}/tunnel")
        self.assertEqual(out, b"you asked for /tunnel")

    def test_names_are_resolved_behind_the_front(self):
        b = self.backend(http_server)
        for scheme in ("socks5h", "socks4a", "http"):
            out = self.curl(
                f"http://localhost:{b.port}/name",
                proxy=f"{scheme}://127.0.0.1:{self.port}",
            )
            self.assertEqual(out, b"you asked for /name")

    def test_ipv6(self):
        try:
            b = self.backend(http_server, family=socket.AF_INET6)
        except OSError:
            self.skipTest("this machine has no IPv6 loopback")
        for scheme in ("socks5", "socks5h", "http"):
            out = self.curl(
                "-g", f"http://[::1]:{b.port}/6",
                proxy=f"{scheme}://127.0.0.1:{self.port}",
            )
            self.assertEqual(out, b"you asked for /6")

    def test_connections_are_kept_on_both_sides(self):
        b = self.backend(http_server)
        urls = [f"http://127.0.0.1:{b.port}/{i}" for i in range(5)]
        out = self.curl("-w", "%{num_connects},", *urls)
        self.assertEqual(b.count, 1)
        self.assertEqual(len(b.seen), 5)
        self.assertEqual(sum(int(x[-1:]) for x in out.split(b",")[:-1]), 1)

    def test_head_post_and_expect(self):
        b = self.backend(http_server)
        url = f"http://127.0.0.1:{b.port}/"
        self.assertIn(b"200 OK", self.curl("-I", url))
        self.assertEqual(self.curl("-d", "hello", url), b"hello")
        body = os.urandom(3_000_000)
        out = self.curl(
            "-H", "Expect: 100-continue", "--data-binary", "@-", url, input=body
        )
        self.assertEqual(out, body)
        self.assertIn(b"Expect: 100-continue", b.seen[-1])

    def test_bulk_both_ways(self):
        b = self.backend(http_server)
        body = os.urandom(40_000_000)
        out = self.curl(
            "--data-binary", "@-", f"http://127.0.0.1:{b.port}/", input=body
        )
        self.assertEqual(hashlib.sha256(out).digest(), hashlib.sha256(body).digest())

    def test_two_hundred_at_once(self):
        b = self.backend(http_server)
        urls = [f"http://127.0.0.1:{b.port}/{i}" for i in range(200)]
        out = self.curl("--parallel", "--parallel-immediate", "--parallel-max", "200", *urls)
        self.assertEqual(out.count(b"you asked for"), 200)


class Refusals(Case):
    URL = "http://a.refused.invalid/"

    def test_forms(self):
        line = self.curl(self.URL)
        self.assertEqual(line.count(b"\n"), 1)
        self.assertTrue(line.startswith(b"veritee: a.refused.invalid:80: "), line)
        page = self.curl("-H", "Accept: text/html,*/*;q=0.8", self.URL)
        self.assertTrue(page.startswith(b"<!doctype html>"))
        told = json.loads(self.curl("-H", "Accept: application/json", self.URL))
        self.assertEqual(told["status"], "NOT_SERVICE")
        self.assertEqual(told["asked"], "a.refused.invalid:80")

    def test_head_of_a_refusal(self):
        head = self.curl("-I", self.URL)
        self.assertIn(b"403 Forbidden", head)
        self.assertIn(b"Proxy-Status: veritee; error=http_request_denied", head)
        self.assertIn(b"Cache-Control: no-store", head)

    def test_connect(self):
        out = self.curl("-v", "https://a.refused.invalid/", code=56)
        self.assertEqual(out, b"")
        sock = self.connect()
        sock.sendall(b"CONNECT a.refused.invalid:443 HTTP/1.1\r\nHost: x\r\n\r\nGET / ")
        answer = read_all(sock)
        self.assertEqual(answer.count(b"HTTP/1.1"), 1)
        self.assertIn(b"403 Forbidden", answer)
        self.assertIn(b"Connection: close", answer)

    def test_socks(self):
        self.curl(self.URL, proxy=f"socks5h://127.0.0.1:{self.port}", code=97)
        self.curl(self.URL, proxy=f"socks4a://127.0.0.1:{self.port}", code=97)
        sock = self.connect()
        name = b"a.refused.invalid"
        sock.sendall(b"\x05\x01\x00\x05\x01\x00\x03" + bytes([len(name)]) + name + b"\0P")
        self.assertEqual(read_all(sock), b"\x05\x00\x05\x02\x00\x01" + b"\0" * 6)

    def test_nobody_listens(self):
        with socket.socket() as nobody:  # bound, so that no one else gets it
            nobody.bind(("127.0.0.1", 0))
            self.check_refused(nobody.getsockname()[1])

    def check_refused(self, port):
        head = self.curl("-I", f"http://127.0.0.1:{port}/")
        self.assertIn(b"502 Bad Gateway", head)
        self.assertIn(b"error=connection_refused", head)
        sock = self.connect()
        sock.sendall(b"\x05\x01\x00\x05\x01\x00\x01\x7f\0\0\x01" + struct.pack(">H", port))
        self.assertEqual(read_all(sock)[3:4], b"\x05")

    def test_connection_outlives_a_refusal(self):
        b = self.backend(http_server)
        sock = self.connect()
        ask = b"GET http://a.refused.invalid/ HTTP/1.1\r\nHost: a\r\n\r\n"
        sock.sendall(ask * 300 + self.request(b, b"/last", b"Connection: close\r\n"))
        answer = read_all(sock)
        self.assertEqual(answer.count(b"403 Forbidden"), 300)
        self.assertTrue(answer.endswith(b"you asked for /last"))

    def test_refused_upload_is_told(self):
        body = b"x" * 1_000_000
        out = self.curl("--data-binary", "@-", "-w", "%{http_code}", self.URL, input=body)
        self.assertIn(b"NOT_SERVICE", out)
        self.assertTrue(out.endswith(b"403"))

    def test_smuggling_ends_the_connection(self):
        b = self.backend(http_server)
        sock = self.connect()
        bad = self.request(
            b, method=b"POST",
            fields=b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        )
        sock.sendall(self.request(b) + bad + b"0\r\n\r\n" + self.request(b, b"/smuggled"))
        answer = read_all(sock)
        self.assertEqual(answer.count(b"HTTP/1.1 200 OK"), 1)
        self.assertEqual(answer.count(b"HTTP/1.1 400 Bad Request"), 1)
        self.assertEqual(len(b.seen), 1)

    def test_tls_to_the_plain_port(self):
        sock = self.connect()
        sock.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        self.assertIn(b"405", read_all(sock))


class Pages(Case):
    def page(self, request):
        sock = self.connect()
        sock.sendall(request)
        return read_all(sock)

    def test_health(self):
        for request in (
            b"GET /healthz HTTP/1.1\r\nHost: localhost:8118\r\nConnection: close\r\n\r\n",
            b"GET /healthz HTTP/1.0\r\n\r\n",
            b"GET http://veritee.invalid/healthz HTTP/1.0\r\n\r\n",
            b"GET http://localhost:%d/healthz HTTP/1.0\r\n\r\n" % self.port,
        ):
            answer = self.page(request)
            self.assertIn(b"HTTP/1.1 200 OK", answer)
            self.assertTrue(answer.endswith(b"\r\n\r\nok\n"), answer)

    def test_others_get_nothing(self):
        for fields in (
            b"Host: evil.example\r\n",
            b"Host: evil.example:%d\r\n" % self.port,
            b"Host: localhost\r\nOrigin: http://evil.example\r\n",
            b"Host: localhost\r\nOrigin: null\r\n",
            b"Host: localhost\r\nOrigin: http://localhost:3000\r\n",
            b"Host: localhost\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n",
        ):
            answer = self.page(b"GET /healthz HTTP/1.0\r\n" + fields + b"\r\n")
            self.assertRegex(answer, rb"^HTTP/1.1 (403|421) ")

    def test_missing_and_wrong(self):
        self.assertIn(b" 404 ", self.page(b"GET /x HTTP/1.0\r\n\r\n"))
        self.assertIn(b" 405 ", self.page(b"PUT /healthz HTTP/1.0\r\n\r\n"))
        head = self.page(b"HEAD /healthz HTTP/1.0\r\n\r\n")
        self.assertTrue(head.endswith(b"\r\n\r\n"))


class Streams(Case):
    def test_half_close_both_ways(self):
        def serve(backend, sock, number):
            sock.sendall(read_all(sock)[::-1])

        b = self.backend(serve)
        sock = self.tunnel(b.port)
        sock.sendall(b"abc")
        sock.shutdown(socket.SHUT_WR)
        self.assertEqual(read_all(sock), b"cba")

    def test_backend_ends_first(self):
        def serve(backend, sock, number):
            sock.recv(2)
            sock.sendall(b"bye")
            sock.shutdown(socket.SHUT_WR)
            backend.seen.append(read_all(sock))

        b = self.backend(serve)
        sock = self.tunnel(b.port)
        sock.sendall(b"hi")
        self.assertEqual(read_all(sock), b"bye")
        sock.sendall(b"last words")
        sock.close()
        wait_for("the backend has seen it", lambda: b.seen)
        self.assertEqual(b.seen, [b"last words"])

    def test_data_sent_ahead(self):
        def serve(backend, sock, number):
            sock.sendall(read_all(sock))

        b = self.backend(serve)
        early = os.urandom(300_000)
        sock = self.connect()
        sock.sendall(b"\x04\x01" + struct.pack(">H", b.port) + b"\x7f\0\0\x01\0" + early)
        sock.shutdown(socket.SHUT_WR)
        answer = read_all(sock)
        self.assertEqual(answer[:8], b"\0\x5a" + b"\0" * 6)
        self.assertEqual(answer[8:], early)

    def test_reset_is_a_reset(self):
        def serve(backend, sock, number):
            sock.sendall(b"part")
            wait_read(sock)
            reset(sock)

        b = self.backend(serve)
        sock = self.tunnel(b.port)
        self.assertEqual(sock.recv(4), b"part")
        with self.assertRaises(ConnectionResetError):
            sock.recv(1)

    def test_reset_of_the_application_is_a_reset(self):
        def serve(backend, sock, number):
            sock.sendall(b"x")
            try:
                backend.seen.append(read_all(sock))
            except ConnectionResetError:
                backend.seen.append("reset")

        b = self.backend(serve)
        sock = self.tunnel(b.port)
        self.assertEqual(sock.recv(1), b"x")
        reset(sock)
        wait_for("the backend has seen it", lambda: b.seen)
        self.assertEqual(b.seen, ["reset"])

    def test_a_slow_reader_holds_the_sender(self):
        # The kernel's buffers and our windows, not whatever there is.
        most = kernel_holds() + 16_000_000

        def serve(backend, sock, number):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
            if number == 2:
                read_head(sock)
                sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            sock.settimeout(1.0)
            sent = 0
            try:
                while sent < 4 * most:
                    sent += sock.send(b"x" * 65536)
            except TimeoutError:
                pass
            backend.seen.append(sent)

        b = self.backend(serve)
        self.tunnel(b.port, room=65536)
        wait_for("the first", lambda: len(b.seen) == 1)
        self.connect(room=65536).sendall(self.request(b))
        wait_for("the second", lambda: len(b.seen) == 2)
        self.assertTrue(all(sent < most for sent in b.seen), b.seen)
        self.assertLess(self.proxy.resident_kib(), 192 * 1024)

    def test_events_arrive_one_by_one(self):
        go = threading.Semaphore(0)

        def serve(backend, sock, number):
            read_head(sock)
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
            for i in range(3):
                go.acquire(timeout=PATIENCE)
                sock.sendall(b"data: %d\n\n" % i)

        b = self.backend(serve)
        sock = self.connect()
        sock.sendall(self.request(b))
        read_until(sock, b"\r\n\r\n")
        for i in range(3):
            go.release()
            rest = read_until(sock, b"data: %d\n\n\r\n" % i)
        if not rest.endswith(b"0\r\n\r\n"):
            read_until(sock, b"0\r\n\r\n")


class Http(Case):
    def test_pipelining(self):
        b = self.backend(http_server)
        sock = self.connect()
        many = b"".join(self.request(b, b"/%d" % i) for i in range(50))
        sock.sendall(many + self.request(b, b"/end", b"Connection: close\r\n"))
        answer = read_all(sock)
        order = [int(x) for x in __import__("re").findall(rb"asked for /(\d+)", answer)]
        self.assertEqual(order, list(range(50)))
        self.assertTrue(answer.endswith(b"/end"))
        self.assertEqual(b.count, 1)

    def test_pipelining_to_two_targets(self):
        a, b = self.backend(http_server), self.backend(http_server)
        sock = self.connect()
        sock.sendall(
            (self.request(a, b"/a") + self.request(b, b"/b")) * 3
            + self.request(a, b"/z", b"Connection: close\r\n")
        )
        answer = read_all(sock)
        self.assertEqual(answer.count(b"asked for /a"), 3)
        self.assertEqual(answer.count(b"asked for /b"), 3)
        self.assertEqual((len(a.seen), len(b.seen)), (4, 3))

    def test_chunks_and_trailers_both_ways(self):
        def serve(backend, sock, number):
            backend.seen.append(read_until(sock, b"X-Sum: 7\r\n\r\n"))
            sock.sendall(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-End\r\n\r\n"
                b"3\r\nabc\r\n0\r\nX-End: yes\r\n\r\n"
            )

        b = self.backend(serve)
        sock = self.connect()
        sock.sendall(
            self.request(b, method=b"POST", fields=b"Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n")
        )
        for piece in (b"5\r\nhe", b"llo\r\n6;x=y\r\n world\r\n0\r\n", b"X-Sum: 7\r\n\r\n"):
            sock.sendall(piece)
            time.sleep(0.05)
        head, body = read_head(sock)
        while b"X-End" not in body:
            body += sock.recv(4096)
        self.assertEqual(body, b"3\r\nabc\r\n0\r\nX-End: yes\r\n\r\n")
        self.assertIn(b"Trailer: X-End", head)
        up = b.seen[0].split(b"\r\n\r\n", 1)[1]
        self.assertNotIn(b"x=y", up)
        self.assertIn(b"X-Sum: 7", up)

    def test_upgrade(self):
        def serve(backend, sock, number):
            head, rest = read_head(sock)
            backend.seen.append(head)
            sock.sendall(
                b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                b"Upgrade: echo\r\n\r\nfirst"
            )
            while True:
                data = rest or sock.recv(65536)
                if not data:
                    return
                sock.sendall(data)
                rest = b""

        b = self.backend(serve)
        sock = self.connect()
        sock.sendall(
            self.request(b, fields=b"Connection: Upgrade\r\nUpgrade: echo\r\n") + b"early"
        )
        head, rest = read_head(sock)
        self.assertIn(b"101 Switching Protocols", head)
        self.assertIn(b"Upgrade: echo", head)
        self.assertIn(b"Connection: Upgrade", b.seen[0])
        while len(rest) < 10:
            rest += sock.recv(10)
        self.assertEqual(rest, b"firstearly")
        sock.sendall(b"ping")
        self.assertEqual(sock.recv(4), b"ping")
        sock.shutdown(socket.SHUT_WR)
        self.assertEqual(read_all(sock), b"")

    def test_declined_upgrade(self):
        b = self.backend(http_server)
        sock = self.connect()
        sock.sendall(
            self.request(b, b"/1", b"Connection: Upgrade\r\nUpgrade: echo\r\n")
            + self.request(b, b"/2", b"Connection: close\r\n")
        )
        answer = read_all(sock)
        self.assertEqual(answer.count(b"200 OK"), 2)

    def test_half_close_after_the_request(self):
        b = self.backend(http_server)
        sock = self.connect()
        sock.sendall(self.request(b, b"/half"))
        sock.shutdown(socket.SHUT_WR)
        self.assertTrue(read_all(sock).endswith(b"you asked for /half"))

    def test_http10(self):
        b = self.backend(http_server)
        sock = self.connect()
        sock.sendall(self.request(b, version=b"1.0", fields=b"Connection: keep-alive\r\n"))
        answer = read_all(sock)
        self.assertIn(b"Connection: close", answer)
        self.assertTrue(answer.endswith(b"you asked for /"))

    def test_cut_answers_fail(self):
        ok = b"HTTP/1.1 200 OK\r\n"
        for name, serve, code in (
            ("length", answers(ok + b"Content-Length: 10\r\n\r\nabc"), 18),
            ("length, reset", answers(ok + b"Content-Length: 10\r\n\r\nabc", cut="reset"), 18),
            ("chunks", answers(ok + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"), 18),
            ("until close, reset", answers(ok + b"\r\nabc", cut="reset"), 18),
        ):
            with self.subTest(name):
                b = self.backend(serve)
                self.curl(f"http://127.0.0.1:{b.port}/", code=code)
        b = self.backend(answers(ok + b"\r\nabc", cut="reset"))
        self.curl("--http1.0", f"http://127.0.0.1:{b.port}/", code=56)
        b = self.backend(answers(ok + b"\r\nabc"))
        self.assertEqual(self.curl(f"http://127.0.0.1:{b.port}/"), b"abc")
        self.assertEqual(self.curl("--http1.0", f"http://127.0.0.1:{b.port}/"), b"abc")

    def test_no_answer_is_said(self):
        b = self.backend(answers())
        out = self.curl("-w", "%{http_code}", f"http://127.0.0.1:{b.port}/")
        self.assertTrue(out.endswith(b"502"), out)
        b = self.backend(answers(b"SSH-2.0-OpenSSH_9.2\r\n"))
        out = self.curl("-w", "%{http_code}", f"http://127.0.0.1:{b.port}/")
        self.assertTrue(out.endswith(b"502"), out)

    def test_a_request_is_sent_once(self):
        def serve(backend, sock, number):
            head, _ = read_head(sock)
            backend.seen.append(head)
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            head, _ = read_head(sock)  # and end without an answer
            backend.seen.append(head)

        b = self.backend(serve)
        sock = self.connect()
        sock.sendall(self.request(b, b"/1"))
        read_until(sock, b"ok")
        sock.sendall(self.request(b, b"/2"))
        head, rest = read_head(sock)
        self.assertIn(b"502 Bad Gateway", head)
        self.assertIn(b"not sent again", head)
        self.assertEqual(len(b.seen), 2)
        sock.sendall(self.request(b, b"/3"))  # the client's connection lives on
        read_until(sock, b"ok")

    def test_a_kept_connection_that_ended_is_replaced(self):
        def serve(backend, sock, number):
            read_head(sock)
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            sock.shutdown(socket.SHUT_WR)
            backend.seen.append(read_all(sock))  # ends once that was noticed

        b = self.backend(serve)
        sock = self.connect()
        for i in range(3):
            sock.sendall(self.request(b))
            read_until(sock, b"ok")
            wait_for("its end was noticed", lambda: len(b.seen) == i + 1)
        self.assertEqual(b.count, 3)

    def test_an_answer_before_the_end_of_the_request(self):
        heard = threading.Event()

        def serve(backend, sock, number):
            read_head(sock)
            sock.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")
            sock.shutdown(socket.SHUT_WR)
            heard.wait(PATIENCE)  # nothing is read meanwhile

        b = self.backend(serve)
        body = b"x" * 1_000_000
        out = self.curl(
            "--data-binary", "@-", "-w", "%{http_code}", f"http://127.0.0.1:{b.port}/", input=body
        )
        heard.set()
        self.assertEqual(out, b"big413")

    def test_echo_while_sending(self):
        def serve(backend, sock, number):
            _, rest = read_head(sock)
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n")
            got = rest
            while len(got) < 6:
                sock.sendall(got[-1:])
                block = sock.recv(1)
                got += block
            sock.sendall(got[-1:])

        def echo(backend, sock, number):
            read_until(sock, b"\r\n\r\n")
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n")
            for _ in range(6):
                sock.sendall(sock.recv(1))

        b = self.backend(echo)
        sock = self.connect()
        sock.sendall(self.request(b, method=b"POST", fields=b"Content-Length: 6\r\n"))
        head, rest = read_head(sock)
        self.assertIn(b"Connection: close", head)
        for byte in b"abcdef":
            sock.sendall(bytes([byte]))
            self.assertEqual(sock.recv(1), bytes([byte]))
        self.assertEqual(read_all(sock), b"")

    def test_a_client_that_leaves_ends_the_far_side(self):
        def serve(backend, sock, number):
            read_head(sock)
            try:
                sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                while True:
                    sock.sendall(b"x" * 65536)
            except (ConnectionResetError, BrokenPipeError):
                backend.seen.append("gone")

        b = self.backend(serve)
        sock = self.connect()
        sock.sendall(self.request(b))
        sock.recv(1000)
        sock.close()
        wait_for("the backend has seen it", lambda: b.seen)
        self.assertEqual(b.seen, ["gone"])

    def test_a_cut_request_is_not_completed(self):
        def serve(backend, sock, number):
            read_until(sock, b"\r\n\r\nabc")
            backend.seen.append("abc")
            try:
                backend.seen.append(read_all(sock))
            except ConnectionResetError:
                backend.seen.append("reset")

        b = self.backend(serve)
        sock = self.connect()
        sock.sendall(self.request(b, method=b"POST", fields=b"Content-Length: 10\r\n") + b"abc")
        wait_for("the part arrives", lambda: b.seen)
        sock.shutdown(socket.SHUT_WR)
        wait_for("the end arrives", lambda: len(b.seen) == 2)
        self.assertEqual(b.seen, ["abc", "reset"])

    def test_interim_answers(self):
        b = self.backend(
            answers(
                b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
                b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"
            )
        )
        sock = self.connect()
        sock.sendall(self.request(b, fields=b"Connection: close\r\n"))
        answer = read_all(sock)
        self.assertTrue(answer.startswith(b"HTTP/1.1 103 Early Hints\r\n"))
        sock = self.connect()
        sock.sendall(self.request(b, version=b"1.0"))
        self.assertTrue(read_all(sock).startswith(b"HTTP/1.1 200 OK\r\n"))


if __name__ == "__main__":
    if not RIG.exists():
        print(f"skipped: {RIG} is not built")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1], verbosity=2)
