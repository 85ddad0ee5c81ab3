#!/usr/bin/python3
"""veriteed, spoken to byte by byte: what it answers, refuses, bounds and ends."""

import base64
import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import prometheus  # noqa: E402
from ports import free_port  # noqa: E402
from programs import (PATIENCE, Programs, check, curl, run_tests,  # noqa: E402
                      wait_for)
from wire import (ask, connect, masked, read_all, read_frame,  # noqa: E402
                  read_head, wait_read)

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def upgrade(line="GET /__ra__ HTTP/1.1", without=(), **other):
    """An upgrade request; fields by name with _ for -, or left out."""
    fields = {
        "Host": "server.test",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(bytes(16)).decode(),
        "Sec-WebSocket-Protocol": "veritee.2",
        "Veritee-Challenge": base64.urlsafe_b64encode(
            os.urandom(32)).decode().rstrip("="),
    }
    for name, value in other.items():
        fields[name.replace("_", "-")] = value
    lines = [f"{n}: {v}" for n, v in fields.items() if n not in without]
    return ("\r\n".join([line, *lines]) + "\r\n\r\n").encode()


def announced(s, request):
    s.sendall(request)
    head = read_head(s)
    check(head.startswith(b"HTTP/1.1 101 "), head)
    opcode, payload = read_frame(s)
    check(opcode == 2, f"opcode {opcode}")
    return head, payload


def alive(server):
    check(ask(server.port, b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").endswith(
        b"\r\n\r\nok\n"), "the server does not answer any more")


# --- tests ---------------------------------------------------------------------


def it_says_where_it_listens_and_that_it_is_simulated(build):
    with Programs(build) as programs:
        server = programs.server("--listen", "localhost:0")
        server.wait_line(r"^ready: SIMULATED, listening on 127\.0\.0\.1:\d+$")
        found = server.wait_line(r"^ready: SIMULATED, listening on localhost:(\d+)$")
        check("SIMULATED" in server.tail(), "the log does not say SIMULATED")
        for family in socket.AF_INET, socket.AF_INET6:
            try:
                with socket.socket(family) as probe:
                    probe.bind(("::1" if family == socket.AF_INET6
                                else "127.0.0.1", 0))
            except OSError:
                continue  # the machine has no such address
            host = "::1" if family == socket.AF_INET6 else "127.0.0.1"
            with socket.create_connection((host, int(found.group(1)))) as s:
                s.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
                check(read_all(s).endswith(b"ok\n"), host)


def it_listens_on_a_unix_socket(build):
    with Programs(build) as programs:
        path = programs.dir / "s.sock"
        server = programs.start("veriteed", "--listen", path, "--simulate",
                                "--demo")
        server.wait_line(rf"^ready: SIMULATED, listening on {re.escape(str(path))}$")
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(str(path))
            s.sendall(upgrade())
            check(read_head(s).startswith(b"HTTP/1.1 101 "), "no 101")
        check(server.stop() == 0, server.tail())
        check(not path.exists(), "the socket is left")


def an_upgrade_gets_an_announcement(build):
    with Programs(build) as programs:
        server = programs.server()
        key = base64.b64encode(os.urandom(16)).decode()
        with connect(server.port) as s:
            head, payload = announced(s, upgrade(Sec_WebSocket_Key=key))
        accept = base64.b64encode(hashlib.sha1(key.encode() + GUID).digest())
        check(b"Sec-WebSocket-Accept: " + accept + b"\r\n" in head, head)
        check(b"Sec-WebSocket-Protocol: veritee.2\r\n" in head, head)
        for word in b"server_kx", b"quote", b"x25519PublicKey", b"veritee":
            check(word in payload, f"no {word} in the announcement")
        check(b"tcbInfo" in payload, "no collateral is stapled")


def part(payload, word, length):
    at = payload.index(word) + len(word)
    return payload[at:at + length]


def a_challenge_gets_a_quote_of_its_own_and_an_epoch_is_shared(build):
    with Programs(build) as programs:
        server = programs.server()
        quotes = {}
        keys = set()
        for freshness in "challenge", "epoch":
            for i in range(2):
                with connect(server.port) as s:
                    _, payload = announced(s, upgrade(Veritee_Freshness=freshness))
                keys.add(part(payload, b"x25519PublicKey", 36))
                quotes[freshness, i] = part(payload, b"quote", 3000)
        check(len(keys) == 1, "the key is not that of the epoch")
        check(quotes["epoch", 0] == quotes["epoch", 1], "two quotes in an epoch")
        check(quotes["challenge", 0] != quotes["challenge", 1],
              "one quote for two challenges")


def keys_change_with_the_epoch(build):
    with Programs(build) as programs:
        server = programs.server("--epoch-seconds", "1")
        keys = set()
        deadline = time.monotonic() + PATIENCE
        while len(keys) < 3:
            check(time.monotonic() < deadline, f"only {len(keys)} keys")
            with connect(server.port) as s:
                # of an epoch: one address may not ask for many quotes
                _, payload = announced(s, upgrade(Veritee_Freshness="epoch"))
            keys.add(part(payload, b"x25519PublicKey", 36))


def whatever_is_no_upgrade_gets_a_reason(build):
    plain = b"Host: a\r\n\r\n"
    cases = [
        ("another path", b"GET / HTTP/1.1\r\n" + plain, 404, "__ra__"),
        ("a path that only begins so", b"GET /__ra__x HTTP/1.1\r\n" + plain, 404,
         "__ra__"),
        ("no upgrade", b"GET /__ra__ HTTP/1.1\r\n" + plain, 426, "WebSocket"),
        ("a POST", upgrade("POST /__ra__ HTTP/1.1"), 405, "GET"),
        ("HTTP/1.0", upgrade("GET /__ra__ HTTP/1.0"), 400, "HTTP/1.0"),
        ("another protocol", upgrade(Sec_WebSocket_Protocol="veritee.1"), 400,
         "veritee.2"),
        ("no protocol", upgrade(without=["Sec-WebSocket-Protocol"]), 400,
         "veritee.2"),
        ("another version", upgrade(Sec_WebSocket_Version="8"), 426, "13"),
        ("no key", upgrade(without=["Sec-WebSocket-Key"]), 400, "key"),
        ("no challenge", upgrade(without=["Veritee-Challenge"]), 400, "challenge"),
        ("a short challenge", upgrade(Veritee_Challenge="AAAA"), 400, "32 bytes"),
        ("an unknown freshness", upgrade(Veritee_Freshness="stale"), 400,
         "challenge or epoch"),
        ("no HTTP", b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 405, "method"),
        ("a method that is none", b"BREW / HTTP/1.1\r\n" + plain, 405, "method"),
        ("a bare line feed", b"GET / HTTP/1.1\n" + plain, 400, ""),
        ("a head that is too large",
         b"GET / HTTP/1.1\r\nA: " + b"x" * 9000 + b"\r\n\r\n", 431, ""),
        ("too many fields", b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 65 + b"\r\n", 431,
         "fields"),
    ]
    with Programs(build) as programs:
        # Whose clients offer no protocol.
        server = programs.server("--teekit", "off")
        for name, request, code, word in cases:
            answer = ask(server.port, request).decode(errors="replace")
            check(answer.startswith(f"HTTP/1.1 {code} "), f"{name}: {answer}")
            check(word in answer.split("\r\n\r\n", 1)[1], f"{name}: {answer}")
            check("Connection: close" in answer, f"{name}: {answer}")
        answer = ask(server.port, b"HEAD /healthz HTTP/1.1\r\n" + plain)
        check(answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"\r\n\r\n"),
              answer)
        alive(server)


def a_head_may_come_byte_by_byte(build):
    with Programs(build) as programs:
        server = programs.server()
        with connect(server.port) as s:
            for byte in upgrade():
                s.send(bytes([byte]))
            check(read_head(s).startswith(b"HTTP/1.1 101 "), "no 101")
            check(read_frame(s)[0] == 2, "no announcement")


def garbage_after_the_upgrade_ends_one_connection_only(build):
    cases = {
        "reserved bits": masked(2, b"", rsv=0x70),
        "an unmasked frame": b"\x82\x01x",
        "a text frame": masked(1, b"hello"),
        "text that is no UTF-8": masked(1, b"\xff\xfe"),
        "a frame of 105 MiB announced": masked(2, b"", length=105 << 20),
        "a frame of 2^63 bytes announced": masked(2, b"", length=1 << 63),
        "a message in endless parts": masked(2, b"x" * 120, fin=False) * 100,
        "a handshake of zeros": masked(2, bytes(100)),
        "an empty message": masked(2, b""),
        "a big number in CBOR": masked(2, b"\xc2\x59\xff\xff" + b"\xff" * 2000),
        "no WebSocket": b"GET / HTTP/1.1\r\n\r\n" * 10,
    }
    with Programs(build) as programs:
        server = programs.server()
        for name, garbage in cases.items():
            with connect(server.port) as witness, connect(server.port) as s:
                announced(witness, upgrade())
                announced(s, upgrade())
                s.sendall(garbage)
                try:
                    read_all(s)
                except TimeoutError:
                    check(False, f"{name}: the connection is left open")
                witness.sendall(masked(9, b"ping"))
                check(read_frame(witness) == (10, b"ping"),
                      f"{name}: the witness is gone")
        alive(server)


def bytes_behind_the_request_are_read_as_frames(build):
    with Programs(build) as programs:
        server = programs.server()
        with connect(server.port) as s:
            s.sendall(upgrade() + masked(9, b"early"))
            check(read_head(s).startswith(b"HTTP/1.1 101 "), "no 101")
            frames = [read_frame(s), read_frame(s)]
            check((10, b"early") in frames, f"{[f[0] for f in frames]}")


def connections_without_a_session_are_bounded(build):
    with Programs(build) as programs:
        server = programs.server("--limit", "peer-pending=4", "--metrics",
                                 "127.0.0.1:0")
        watch = server.wait_line(r"^metrics: (.*)$").group(1)

        def pending():
            text = curl(f"http://{watch}/metrics").stdout.decode()
            return prometheus.read(text)[("veriteed_connections_pending",)]

        held = [connect(server.port) for _ in range(2)]
        for s in held:
            s.sendall(b"GET /slow")
        for _ in range(2):  # an upgrade without a handshake is pending, too
            s = connect(server.port)
            announced(s, upgrade())
            held.append(s)
        wait_for("all are let in", lambda: pending() == 4)
        check(ask(server.port, b"GET /healthz HTTP/1.1\r\n\r\n") == b"",
              "a fifth is answered")
        server.wait_log("limit.peer-pending")
        for s in held:
            s.close()
        wait_for("there is room again",
                 lambda: ask(server.port, b"GET /healthz HTTP/1.1\r\n\r\n"))


def who_waits_too_long_is_sent_away(build):
    with Programs(build) as programs:
        server = programs.server()
        with connect(server.port) as s:
            s.sendall(b"GET /healthz HTTP/1.1\r\n")
            began = time.monotonic()
            check(read_all(s) == b"", "an answer to half a request")
            check(5 < time.monotonic() - began < 60, "not after ten seconds")


def children_of(pid):
    out = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)],
                         capture_output=True, text=True, check=False)
    return out.stdout.split()


def sigterm_ends_it_cleanly(build):
    with Programs(build) as programs:
        # It waits for nobody: no session is there that could end.
        server = programs.server("--drain-seconds", "86400", port=free_port())
        idle = connect(server.port)
        half = connect(server.port)
        half.sendall(b"GET /__ra__")
        wait_read(half)
        check(children_of(server.process.pid) == [], "it has children")
        check(server.stop() == 0, server.tail())
        check(read_all(idle) == b"", "an answer to nothing")
        check(b" 503 " in read_all(half), "no answer to who had asked")
        for s in idle, half:
            s.close()
        try:
            connect(server.port).close()
            check(False, "the port is still taken")
        except ConnectionRefusedError:
            pass


def a_second_sigterm_ends_it_at_once(build):
    with Programs(build) as programs:
        server, proxy = programs.pair("--drain-seconds", "86400")
        child = subprocess.Popen(
            ["curl", "-qsS", "-o", "/dev/null", "-x", proxy.url,
             "http://demo.test/slow?ms=600000"], stderr=subprocess.PIPE)

        def requests():
            r = curl(f"http://127.0.0.1:{server.demo_port}/count")
            return json.loads(r.stdout)["requests"]

        wait_for("the request is there", lambda: requests() == 1)
        server.process.send_signal(signal.SIGTERM)
        server.wait_log("server.stopping")
        time.sleep(0.5)
        check(server.process.poll() is None, "it did not wait for the stream")
        check(server.stop() == 0, server.tail())
        child.wait(PATIENCE)


def what_cannot_be_is_said_at_the_start(build):
    with Programs(build) as programs:
        taken = programs.server()
        cases = [
            (["--listen", f"127.0.0.1:{taken.port}", "--demo"], 1, "in use"),
            (["--listen", "192.0.2.1:0", "--demo"], 1, "192.0.2.1"),
            (["--listen", "127.0.0.1", "--demo"], 1, "127.0.0.1"),
            (["--listen", "127.0.0.1:0", "--demo", "--simulate-dir",
              "/proc/nowhere"], 1, "/proc/nowhere"),
            (["--listen", "127.0.0.1:0"], 2, "--rule"),
        ]
        for args, code, word in cases:
            r = subprocess.run([programs.bin / "veriteed", "--simulate", *args],
                               capture_output=True, text=True, timeout=PATIENCE)
            check(r.returncode == code, f"{args}: {r.returncode} {r.stderr}")
            check(word in r.stderr, f"{args}: {r.stderr}")
            check("ready:" not in r.stdout, f"{args}: {r.stdout}")


def accept_yaml_is_what_a_policy_needs(build):
    for tee in "tdx", "sgx":
        with Programs(build) as programs:
            _, proxy = programs.pair("--simulate-tee", tee)
            r = subprocess.run(["curl", "-qsS", "-x", proxy.url,
                                "http://demo.test/echo"], capture_output=True)
            check(b"GET /echo HTTP/1.1" in r.stdout, f"{tee}: {r.stdout} {r.stderr}")


def new_keys_under_load_lose_nothing(build):
    with Programs(build) as programs:
        server, proxy = programs.pair("--epoch-seconds", "1")
        count = 0
        while server.told("keys.epoch") < 4:
            r = subprocess.run(["curl", "-qsS", "-x", proxy.url, "-o", "/dev/null",
                                "http://demo.test/bytes/100000"],
                               capture_output=True)
            check(r.returncode == 0, f"after {count}: {r.stderr}")
            count += 1
        check(count > 0, "nothing was asked")


def simulated_keys_are_kept_and_private(build):
    with Programs(build) as programs:
        first = programs.server(port=free_port())
        root = (first.sim_dir / "root.pem").read_text()
        names = {p.name for p in first.sim_dir.iterdir()}
        for name in ("accept.yaml", "quote.bin", "tcb_info.json", "pck_crl.der",
                     "qe_identity.json", "root_ca_crl.der"):
            check(name in names, f"no {name} in {names}")
        for path in first.sim_dir.iterdir():
            if "keys" in path.name:
                check(path.stat().st_mode & 0o77 == 0, f"{path} is for all")
        policy = programs.policy([f"ws://127.0.0.1:{first.port}/__ra__"],
                                 first.sim_dir)
        check(first.stop() == 0, first.tail())
        programs.server(port=first.port, sim_dir=first.sim_dir)
        proxy = programs.proxy(policy)
        r = subprocess.run(["curl", "-qsS", "-x", proxy.url,
                            "http://demo.test/echo"], capture_output=True)
        check(r.returncode == 0, f"{r.stderr}")
        check("BEGIN CERTIFICATE" in root, root)


if __name__ == "__main__":
    sys.exit(run_tests([
        it_says_where_it_listens_and_that_it_is_simulated,
        it_listens_on_a_unix_socket,
        an_upgrade_gets_an_announcement,
        a_challenge_gets_a_quote_of_its_own_and_an_epoch_is_shared,
        keys_change_with_the_epoch,
        whatever_is_no_upgrade_gets_a_reason,
        a_head_may_come_byte_by_byte,
        garbage_after_the_upgrade_ends_one_connection_only,
        bytes_behind_the_request_are_read_as_frames,
        connections_without_a_session_are_bounded,
        who_waits_too_long_is_sent_away,
        sigterm_ends_it_cleanly,
        a_second_sigterm_ends_it_at_once,
        what_cannot_be_is_said_at_the_start,
        accept_yaml_is_what_a_policy_needs,
        new_keys_under_load_lose_nothing,
        simulated_keys_are_kept_and_private,
    ]))
