#!/usr/bin/env python3
"""Attacks that have worked on protocols of this kind, by who is on the way or
at the other end, on both of ours. docs/THREAT-MODEL.md has the list, and where
the others are tested. Argument: the build folder."""

import contextlib
import hashlib
import json
import os
import socket
import sys
import threading
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from mitm import Mitm  # noqa: E402
from ports import free_port  # noqa: E402
from programs import (HOST, PATIENCE, Programs, check, curl,  # noqa: E402
                      run_tests, wait_for)
from tap import Tap  # noqa: E402
from wire import connect, read_head  # noqa: E402
import odd_backend  # noqa: E402
import teekit_peers  # noqa: E402
import teekit_raw  # noqa: E402

PROTOCOLS = "native", "teekit"
URL = f"http://{HOST}"


class At:
    """A server at |port|, as Desk.policy() wants one."""

    def __init__(self, port, sim_dir):
        self.endpoint = f"ws://127.0.0.1:{port}/__ra__"
        self.sim_dir = sim_dir


@contextlib.contextmanager
def policies(programs, protocol, server):
    """A function that makes a policy for the servers at some ports."""
    if protocol == "native":
        yield lambda *ports: programs.policy(
            [At(p, "").endpoint for p in ports], server.sim_dir)
        return
    with teekit_peers.Desk(programs, tdx=server.sim_dir) as desk:
        yield lambda *ports: desk.policy([At(p, server.sim_dir) for p in ports])


@contextlib.contextmanager
def between(build, protocol, middle, *args):
    """A proxy and a server with |middle| between them."""
    with Programs(build) as programs:
        server = programs.server(*args)
        with policies(programs, protocol, server) as policy, \
                middle(server.port) as m:
            yield server, m, programs.proxy(policy(m.port))


def ask(proxy, path, *args):
    """Status (0: none), and body."""
    r = curl("-x", proxy.url, "-w", "\n%{http_code}", *args, URL + path)
    body, code = r.stdout.rsplit(b"\n", 1)
    return (int(code) if r.returncode == 0 else 0), body


def pressed(server):
    """How often the backend's counter was pressed."""
    with urllib.request.urlopen(
            f"http://127.0.0.1:{server.demo_port}/counter", timeout=PATIENCE) as r:
        return json.load(r)["value"]


def same(found, want, what):
    check(found == want, f"{what}: found {found!r}, expected {want!r}")


# --- W2: messages said again --------------------------------------------------


def a_message_said_again_is_not_obeyed_again(build):
    for index in range(4):  # the handshake's, and what opens a stream
        with between(build, "native", Mitm) as (server, mitm, proxy):
            mitm.duplicate("client", index)
            ask(proxy, "/counter", "-X", "POST")
            check(mitm.altered == 1 or index > 1, f"{index}: not repeated")
            check(pressed(server) <= 1, f"{index}: {pressed(server)} times")
            same(ask(proxy, "/echo")[0], 200, "a new session")


def what_teekit_lets_be_repeated_is_answered_once(build):
    with between(build, "teekit", Mitm) as (server, mitm, proxy):
        mitm.duplicate("client", 2)  # ready, key, request
        same(ask(proxy, "/counter", "-X", "POST")[0], 200, "the first answer")
        same(mitm.altered, 1, "not repeated")
        wait_for("it is pressed twice: inherent, the status page says so",
                 lambda: pressed(server) == 2)
        for i in range(5):  # the other answer is nobody's
            check(str(i).encode() in ask(proxy, "/echo", "-d", str(i))[1], i)


# --- W3: sessions said again --------------------------------------------------


def replay(server, said, done=lambda: True):
    """Say it to the server once more, until it goes, or until nothing happens
    and |done|."""
    with connect(server.port) as s:
        s.sendall(said)
        s.settimeout(1)
        try:
            while True:
                with contextlib.suppress(TimeoutError):
                    while s.recv(65536):
                        pass
                    return
                if done():
                    return
        except OSError:
            pass


def a_session_said_again_does_nothing(build):
    with between(build, "native", Tap) as (server, tap, proxy):
        same(ask(proxy, "/counter", "-X", "POST")[0], 200, "first")
        replay(server, bytes(tap.said[0]))
        same(pressed(server), 1, "pressed")


def a_session_of_teekit_lasts_as_long_as_its_key(build):
    with between(build, "teekit", Tap) as (server, tap, proxy):
        same(ask(proxy, "/counter", "-X", "POST")[0], 200, "first")
        # inherent: the status page says so
        replay(server, bytes(tap.said[0]), lambda: pressed(server) == 2)
        same(pressed(server), 2, "pressed")
    with between(build, "teekit", Tap, "--epoch-seconds", "1") as (
            server, tap, proxy):
        same(ask(proxy, "/counter", "-X", "POST")[0], 200, "first")
        # The key is replaced twice; each connection asks.
        server.wait_log("keys.epoch", server.told("keys.epoch") + 2)
        replay(server, bytes(tap.said[0]))
        replay(server, bytes(tap.said[0]))
        same(pressed(server), 1, "pressed, with another key")


# --- W4: messages turned round ------------------------------------------------


def a_message_turned_round_is_no_message(build):
    for direction in "client", "server":
        with between(build, "native", Mitm) as (_, mitm, proxy):
            mitm.reflect(direction, 2)
            status, body = ask(proxy, "/bytes/3000000", "-o", os.devnull)
            same(mitm.altered, 1, "nothing was turned round")
            check(status in (0, 502, 503), f"{direction}: {status}")
            same(ask(proxy, "/echo")[0], 200, "a new session")
        with between(build, "teekit", Mitm) as (_, mitm, proxy):
            mitm.reflect(direction, 2 if direction == "client" else 1)
            for i in range(3):
                check(str(i).encode() in ask(proxy, "/echo", "-d", str(i))[1], i)
            same(mitm.altered, 1, "nothing was turned round")


# --- W9: old evidence ---------------------------------------------------------


def an_announcement_of_before_is_refused(build):
    with Programs(build) as programs:
        server = programs.server()
        old = []
        with Mitm(server.port) as mitm:
            mitm._order("server", 0, lambda _, p: [old.append(p) or p], None)
            with policies(programs, "native", server) as policy:
                proxy = programs.proxy(policy(mitm.port))
                same(ask(proxy, "/echo")[0], 200, "its own")
                proxy.stop()
                mitm.substitute("server", 0, old[0])
                again = programs.proxy(policy(mitm.port))
                status, body = ask(again, "/counter", "-X", "POST")
                check(status == 502 and b"BAD_BINDING" in body, body)
        same(pressed(server), 0, "pressed")


# --- W10: an end that looks clean ---------------------------------------------


def a_forged_close_is_no_end(build):
    for protocol, index in ("native", 6), ("teekit", 1):
        with between(build, protocol, Mitm) as (_, mitm, proxy):
            mitm.forge_close("server", index)
            status, _ = ask(proxy, "/bytes/9000000", "-o", os.devnull)
            same(mitm.altered, 1, f"{protocol}: nothing was forged")
            check(status in (0, 502), f"{protocol}: {status}")
            same(ask(proxy, "/echo")[0], 200, f"{protocol}: a new session")


# --- W6, W11, W14: bytes that end the other program ----------------------------

BIGNUM = b"\xc2\x5a\x00\x03\x00\x00" + b"\xff" * (192 << 10)
HEAD = (b"HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: %s\r\n")


def frame(opcode, payload):
    return bytes([0x80 | opcode, 127]) + len(payload).to_bytes(8, "big") + payload


def announcement(**other):
    return frame(2, teekit_raw.cbor({"type": "server_kx", **other}))


# What a server may say to a client that has just come.
HOSTILE = {
    "nothing": b"",
    "extension bits": b"\xf2\x00",
    "a mask": b"\x82\x81\0\0\0\0x",
    "text": b"\x81\x05hello",
    "text that is no UTF-8": b"\x81\x02\xff\xff",
    "an opcode that is none": b"\x83\x00",
    "2^62 bytes announced": b"\x82\x7f\x40" + bytes(7),
    "105 MiB announced": b"\x82\x7f" + (105 << 20).to_bytes(8, "big"),
    "a ping of 126 bytes": b"\x89\x7e\x00\x7e" + bytes(126),
    "a continuation of nothing": b"\x80\x01x",
    "half a frame": b"\x82\x7e\x01",
    "an end without a word": b"\x88\x00",
    "a close of one byte": b"\x88\x01\x03",
    "no CBOR": b"\x82\x03\xff\x00\x00",
    "an empty message": b"\x82\x00",
    "a big number": frame(2, b"\xa1\x61x" + BIGNUM),
    "nesting": frame(2, b"\xa1\x61x" + b"\x81" * 100000),
    "2^64-1 pairs": b"\x82\x09\xbb" + b"\xff" * 8,
    "no key": announcement(quote=b"q"),
    "an empty quote": announcement(x25519PublicKey=bytes(32), quote=b""),
    "a key of zeros": announcement(x25519PublicKey=bytes(32), quote=b"q" * 5000),
    "an envelope": frame(2, teekit_raw.cbor(
        {"type": "enc", "nonce": bytes(24), "ciphertext": bytes(64)})),
}


class Hostile:
    """A server that upgrades as it should, then says |then| and waits."""

    def __init__(self, then):
        self.then = then
        self.visits = 0
        self.open = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)  # accept() ends, too
        self.listener.close()
        self.thread.join()
        for s in self.open:
            s.close()

    def _run(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError):
                self._serve(s)
            self.visits += 1
            self.open.append(s)

    def _serve(self, s):
        lines = read_head(s).decode("latin-1").split("\r\n")
        asked = {n.lower(): v.strip() for n, v in (
            line.split(":", 1) for line in lines[1:] if ":" in line)}
        accept = odd_backend.base64.b64encode(hashlib.sha1(
            asked["sec-websocket-key"].encode() + odd_backend.GUID).digest())
        protocol = asked.get("sec-websocket-protocol")
        chosen = f"Sec-WebSocket-Protocol: {protocol}\r\n" if protocol else ""
        s.sendall(HEAD % accept + chosen.encode() + b"\r\n" + self.then)


def a_service_each(path, server, bad):
    """Services bad0, bad1... in the policy at |path|, beside the one there."""
    text = path.read_text()
    service = text[text.index("  demo:\n"):]
    for i, b in enumerate(bad):
        text += service.replace("  demo:\n", f"  bad{i}:\n", 1).replace(
            HOST, f"bad{i}.test", 1).replace(
                f":{server.port}/__ra__", f":{b.port}/__ra__", 1)
    path.write_text(text)
    return path


def visit(proxy, i, answers):
    answers[i] = curl("-x", proxy.url, "-w", "%{http_code}", "-o", os.devnull,
                      f"http://bad{i}.test/").stdout


def nothing_a_server_says_ends_the_client(build):
    """Beside a good server of another service, which goes on."""
    for protocol in PROTOCOLS:
        with Programs(build) as programs:
            server = programs.server()
            with policies(programs, protocol, server) as policy, \
                    contextlib.ExitStack() as stack:
                bad = [stack.enter_context(Hostile(then))
                       for then in HOSTILE.values()]
                proxy = programs.proxy(a_service_each(policy(server.port), server,
                                                      bad))
                answers = [None] * len(bad)
                threads = [threading.Thread(target=visit, args=(
                    proxy, i, answers)) for i in range(len(bad))]
                [t.start() for t in threads]
                wait_for("all are visited", lambda: all(b.visits for b in bad))
                for _ in range(10):
                    same(ask(proxy, "/echo")[0], 200, f"{protocol}: meanwhile")
                [b.end() for b in bad]
                [t.join() for t in threads]
                for name, b, answer in zip(HOSTILE, bad, answers):
                    check(b.visits > 0 and answer in (b"000", b"502", b"503"),
                          f"{protocol}: {name}: {b.visits} visits, {answer}")
                same(ask(proxy, "/echo")[0], 200, f"{protocol}: afterwards")


def every_status_arrives_as_it_is(build):
    """304 above all, without a body."""
    for protocol in PROTOCOLS:
        backend = odd_backend.Backend()
        with Programs(build) as programs:
            server = programs.server(
                "--rule", f"{HOST}:80=127.0.0.1:{backend.port}", demo=False)
            with policies(programs, protocol, server) as policy:
                proxy = programs.proxy(policy(server.port))
                for status in 200, 201, 204, 205, 301, 304, 404, 418, 500, 599:
                    bare = status in (204, 205, 304)
                    found = ask(proxy, f"/status/{status}")
                    if status == 205 and protocol == "native":
                        bare = found[1] == b""  # as the backend has it
                    same(found, (status, b"" if bare else b"body"), protocol)
        backend.close()


# --- W12: the handshake once more ---------------------------------------------


def an_announcement_said_again_changes_nothing(build):
    for protocol in PROTOCOLS:
        with between(build, protocol, Mitm) as (server, mitm, proxy):
            old = []
            mitm._order("server", 0, lambda _, p: [old.append(p) or p], 1)
            mitm._order("server", 2, lambda _, p: [old[0], p], 1)
            for _ in range(4):
                status, _ = ask(proxy, "/echo")
                check(status in ((200,) if protocol == "teekit" else
                                 (0, 200, 502)), f"{protocol}: {status}")
            same(mitm.altered, 2, "it was not said again")
            same(ask(proxy, "/echo")[0], 200, protocol)


# --- W13: the way in clear ----------------------------------------------------


def without_a_session_nothing_leaves(build):
    """The host itself can be reached, and anything else is let through."""
    for protocol in PROTOCOLS:
        plain = odd_backend.Backend()
        with Programs(build) as programs:
            server = programs.server()
            with policies(programs, protocol, server) as policy:
                path = policy(free_port())  # where nobody listens
                path.write_text(path.read_text().replace(
                    f'"{HOST}"', '"127.0.0.1"').replace("default: block",
                                                        "default: direct"))
                proxy = programs.proxy(path)
                for args in ("-x", proxy.url), ("-x", proxy.url, "-p"), (
                        "-x", f"socks5h://127.0.0.1:{proxy.port}"):
                    for port in plain.port, 80:
                        r = curl(*args, "-H", "Authorization: secret", "-d",
                                 "body", "-w", "%{http_code}",
                                 f"http://127.0.0.1:{port}/seen")
                        check(not r.stdout.endswith(b"200"), f"{args}: {r.stdout}")
        same(plain.connections, 0, f"{protocol}: in clear")
        plain.close()


# --- W15: checks that are left out --------------------------------------------

# Of the evidence itself, and of what an honest service says of its platform.
FAULTS = {
    "debug": "accept.debug",
    "wrong-measurement": "accept.mrtd",
    "revoked-pck": "REVOKED",
    "out-of-date": "accept.tcb.status",
    "revoked-tcb": "REVOKED",
    "expired-pck-crl": "pck_crl",
    "wrong-qe": "qe_report.mr_signer",
    "wrong-key": "BAD_BINDING",
    "flip-quote-body": "BAD_SIGNATURE",
}


def no_check_is_left_out_for_teekit(build):
    wrong = []
    for fault, word in FAULTS.items():
        with Programs(build) as programs:
            server = programs.server("--simulate-fault", fault)
            with policies(programs, "teekit", server) as policy:
                proxy = programs.proxy(policy(server.port))
                for _ in range(2):
                    status, body = ask(proxy, "/counter", "-X", "POST")
                    if status not in (502, 503) or word not in body.decode():
                        wrong.append(f"{fault}: {status} {body}")
            same(pressed(server), 0, fault)
    check(not wrong, "\n  ".join(["", *wrong]))


# --- W17: bodies that are changed ---------------------------------------------


def binary_bodies_arrive_as_they_are(build):
    bodies = (bytes(range(256)), b"\x00\x01\x7f\x80\xff\xfe", b"abc\xc3",
              os.urandom(300000))
    for protocol in PROTOCOLS:
        backend = odd_backend.Backend()
        with Programs(build) as programs:
            server = programs.server(
                "--rule", f"{HOST}:80=127.0.0.1:{backend.port}", demo=False)
            with policies(programs, protocol, server) as policy:
                proxy = programs.proxy(policy(server.port))
                path = programs.dir / "body"
                for body in bodies:
                    path.write_bytes(body)
                    found = ask(proxy, "/echo", "--data-binary", f"@{path}")
                    check(found == (200, body), f"{protocol}: {body[:8]}")
                    same(backend.requests[-1]["sha256"],
                         hashlib.sha256(body).hexdigest(), protocol)
        backend.close()


if __name__ == "__main__":
    if teekit_raw.sodium is None:
        print("skipped: no libsodium for Python")
        sys.exit(77)
    sys.exit(run_tests([
        a_message_said_again_is_not_obeyed_again,
        what_teekit_lets_be_repeated_is_answered_once,
        a_session_said_again_does_nothing,
        a_session_of_teekit_lasts_as_long_as_its_key,
        a_message_turned_round_is_no_message,
        an_announcement_of_before_is_refused,
        a_forged_close_is_no_end,
        nothing_a_server_says_ends_the_client,
        every_status_arrives_as_it_is,
        an_announcement_said_again_changes_nothing,
        without_a_session_nothing_leaves,
        no_check_is_left_out_for_teekit,
        binary_bodies_arrive_as_they_are,
    ]))
