#!/usr/bin/env python3
"""Bytes that end servers of teekit end one connection of ours, and what its
protocol leaves open is closed as far as it can be. Argument: the build folder.
"""

import contextlib
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import Programs, check, run_tests, wait_for  # noqa: E402
import odd_backend  # noqa: E402
import teekit_raw  # noqa: E402
import wire  # noqa: E402
from teekit_raw import Client, Raw, cbor  # noqa: E402


@contextlib.contextmanager
def site(build, *args):
    backend = odd_backend.Backend()
    with Programs(build) as programs:
        server = programs.server("--rule", f"*:80=127.0.0.1:{backend.port}",
                                 *args, demo=False)
        with Client(server.port).agree() as other:
            check(other.get("/seen")["status"] == 200, "before")
            yield backend, server.port
            check(other.get("/seen")["status"] == 200, "another client")
        check(server.process.poll() is None, "the server is gone")
    backend.close()


BIGNUM = b"\xc2\x59\x03\x00" + b"\xff" * 768

# What a client without a key may do: name, bytes on the wire.
EARLY = [
    ("extension bits and no mask", bytes.fromhex("f28000000000")),
    ("text that is no UTF-8", wire.masked(1, cbor({"type": "enc"}))),
    ("a text message", wire.masked(1, b"hello")),
    ("no mask", bytes.fromhex("820100")),
    ("an opcode that is none", wire.masked(3, b"")),
    ("105 MiB announced", wire.masked(2, b"", length=105 << 20)),
    ("2^63 bytes announced", wire.masked(2, b"", length=1 << 63)),
    ("1025 bytes announced", wire.masked(2, b"", length=1025)),
    ("1025 bytes in parts", wire.masked(2, bytes(600), fin=False)
     + wire.masked(0, bytes(425), fin=False)),
    ("a ping of 126 bytes", wire.masked(9, bytes(126))),
    ("a continuation of nothing", wire.masked(0, b"x")),
    ("not CBOR", wire.masked(2, b"\xff\x00")),
    ("nothing", wire.masked(2, b"")),
    ("a big number", wire.masked(2, b"\xa1\x61x" + BIGNUM)),
    ("nesting", wire.masked(2, b"\xa1\x61x" + b"\x81" * 900 + b"\x00")),
    ("2^64-1 pairs", wire.masked(2, b"\xbb" + b"\xff" * 8)),
    ("enc before a key", wire.masked(2, cbor(
        {"type": "enc", "nonce": bytes(24), "ciphertext": bytes(32)}))),
    ("a key sealed to nobody", wire.masked(2, cbor(
        {"type": "client_kx", "sealedSymmetricKey": bytes(80)}))),
    ("a seal that is too short", wire.masked(2, cbor(
        {"type": "client_kx", "sealedSymmetricKey": bytes(48)}))),
    ("a close of one byte", wire.masked(8, b"\x03")),
]


def bytes_without_a_key_end_their_connection(build):
    with site(build) as (_, port):
        for name, attack in EARLY:
            with Client(port) as c:
                c.s.sendall(attack)
                code = c.closed()
                check(code is None or 1001 < code < 1012, (name, code))


def what_is_passed_over_leaves_the_session_whole(build):
    with site(build) as (_, port):
        with Client(port) as c:
            c.plain(type="client_kx_ready")
            c.plain(type="client_kx_ready")
            c.plain(type="who knows", x=1)
            c.agree()
            c.plain(type="client_kx_ready")
            c.plain(type="server_kx", x25519PublicKey=bytes(32), quote=b"q")
            for message in (
                    {"type": "who knows"}, {"type": "http_request"}, {"x": 1},
                    {"type": "ws_event", "connectionId": "x",
                     "eventType": "open"},
                    {"type": "ws_message", "connectionId": "x", "data": "y"},
                    {"type": "ws_message", "connectionId": "x", "data": 5},
                    {"type": "ws_close", "connectionId": "x"},
                    {"type": "http_response", "requestId": 1, "status": 200}):
                c.send(**message)
            for text in b"", b"\xff", b"\xa1\x61x" + BIGNUM, os.urandom(100):
                c.raw(c.seal(text))
            check(c.get("/seen")["status"] == 200, "after it all")
            for url, headers, status in (
                    (5, {}, 400), ("/", 5, 400), ("/", {"x": [[]]}, 400),
                    ("/", {"x": "y" * 40000}, 431),
                    ("/" + "x" * 40000, {}, 400)):
                c.send(type="http_request", requestId="a", method="GET",
                       url=url, headers=headers)
                got = c.next()
                check(got["status"] == status and got["requestId"] == "a",
                      (url, got))


def what_does_not_open_ends_the_session(build):
    with site(build) as (_, port):
        for text in (teekit_raw.cbor({"type": "enc", "nonce": bytes(24),
                                      "ciphertext": bytes(32)}),
                     teekit_raw.cbor({"type": "enc", "nonce": bytes(23),
                                      "ciphertext": bytes(32)}),
                     teekit_raw.cbor({"type": "enc", "nonce": bytes(24),
                                      "ciphertext": "text"}),
                     teekit_raw.cbor({"type": "enc", "nonce": bytes(24)})):
            with Client(port).agree() as c:
                check(c.get("/seen")["status"] == 200, "before")
                c.raw(text)
                check(c.closed() in (1002, 1007), "it goes on")
        with Client(port).agree() as c:
            c.raw(c.seal(b"x", key=bytes(32)))
            check(c.closed() == 1002, "it goes on under another key")


# W12: who is sent our announcement again chooses another key. Answers to what
# was asked under the first must not be sealed with the second.
def a_second_key_ends_the_session(build):
    with site(build) as (_, port):
        with Client(port).agree() as c:
            c.send(type="http_request", requestId=1, method="GET",
                   url="/slow/300", headers={})
            c.agree()
            check(c.closed() == 1002, "it goes on")
        with Client(port).agree() as c:
            check(c.get("/seen")["status"] == 200, "a new one works")


# W5: ids are those of one session.
def sockets_belong_to_their_session(build):
    with site(build) as (backend, port):
        with Client(port).agree() as a, Client(port).agree() as b:
            a.send(type="ws_connect", connectionId="ws_1", url="/")
            check(a.next()["eventType"] == "open", "open")
            b.send(type="ws_message", connectionId="ws_1", data="injected",
                   dataType="string")
            b.send(type="ws_close", connectionId="ws_1", code=4000)
            check(b.get("/slow/200")["status"] == 200, "b")
            a.send(type="ws_message", connectionId="ws_1", data="mine",
                   dataType="string")
            check(a.next()["data"] == "mine", "not the first to arrive")
            b.send(type="ws_connect", connectionId="ws_1", url="/")
            check(b.next()["eventType"] == "open", "its own")
            check(backend.closes == [], backend.closes)


def an_id_used_again_is_another_socket(build):
    with site(build) as (backend, port):
        with Client(port).agree() as c:
            for _ in range(2):
                c.send(type="ws_connect", connectionId="x", url="/")
                check(c.next()["eventType"] == "open", "open")
            c.send(type="ws_message", connectionId="x", data=b"\x00\xff",
                   dataType="arraybuffer")
            check(c.next()["data"] == b"\x00\xff", "the second")
            wait_for("the first ends", lambda: backend.closes == [None])
            # not for good: the first close needs no code, and no answer comes
            c.send(type="ws_close", connectionId="x")
            wait_for("the second ends",
                     lambda: backend.closes == [None, (1000, "")])
            check(c.get("/seen")["status"] == 200, "after it")


def ids_come_back_as_they_were(build):
    with site(build) as (_, port):
        with Client(port).agree() as c:
            for name, item in (("a number", b"\x1a\x00\x01\x00\x00"),
                               ("a double", b"\xfb\x42\x7a" + bytes(6)),
                               ("text", b"\x78\x02ab"), ("true", b"\xf5")):
                c.send(type="http_request", requestId=Raw(item), url="/seen")
                opcode, payload = c.frame()
                check(opcode == 2, name)
                envelope = teekit_raw.uncbor(payload)
                out = teekit_raw.ctypes.create_string_buffer(4096)
                box = envelope["ciphertext"]
                teekit_raw.sodium.crypto_secretbox_open_easy(
                    out, box, teekit_raw.ctypes.c_ulonglong(len(box)),
                    envelope["nonce"], c.key)
                check(b"\x69requestId" + item in out.raw, name)


def pair(key, value):
    return cbor(key) + cbor(value)


TYPE, URL = pair("type", "http_request"), pair("url", "/seen")
POST, ECHO = pair("method", "POST"), pair("url", "/echo")
ID, NO_FIELDS = pair("requestId", 7), cbor("headers") + b"\xa0"

# Requests as clients may write them: name, CBOR, body of the answer if known.
ODD = [
    ("nothing but an id and a URL", b"\xa3" + TYPE + ID + URL, None),
    ("a lower-case method", b"\xa4" + TYPE + ID + URL + pair("method", "get"),
     None),
    ("undefined headers and body", b"\xa5" + TYPE + ID + URL
     + cbor("headers") + b"\xf7" + cbor("body") + b"\xf7", None),
    ("headers and a body of null", b"\xa5" + TYPE + ID + URL
     + cbor("headers") + b"\xf6" + cbor("body") + b"\xf6", None),
    ("a timeout, and more", b"\xa5" + TYPE + ID + URL + pair("timeout", 5)
     + cbor("x") + b"\x82\xf5\xa1\x01\xf6", None),
    ("a map of 8 bits", b"\xb8\x03" + TYPE + ID + URL, None),
    ("a map of 32 bits", b"\xba\0\0\0\x03" + TYPE + ID + URL, None),
    ("a map of 64 bits", b"\xbb" + bytes(7) + b"\x03" + TYPE + ID + URL, None),
    ("a map without a length", b"\xbf" + URL + ID + TYPE + b"\xff", None),
    ("a list of values", b"\xa4" + TYPE + ID + URL + cbor("headers")
     + b"\xa1" + cbor("x-a") + b"\x82\x61b\x61c", None),
    ("lengths longer than they need be", b"\xa3" + TYPE + ID + cbor("url")
     + b"\x7a\0\0\0\x05/seen", None),
    ("text as a body", b"\xa6" + TYPE + ID + ECHO + POST + NO_FIELDS
     + pair("body", "gr\u00fc\u00dfe"), "gr\u00fc\u00dfe".encode()),
    ("bytes with a tag", b"\xa6" + TYPE + ID + ECHO + POST + NO_FIELDS
     + pair("body", b"\x80\xff\xfe"), b"\x80\xff\xfe"),
    ("bytes without one", b"\xa6" + TYPE + ID + ECHO + POST + NO_FIELDS
     + cbor("body") + b"\x59\0\x03\x80\xff\xfe", b"\x80\xff\xfe"),
]


def every_form_of_a_request_is_read(build):
    with site(build) as (_, port):
        with Client(port).agree() as c:
            for name, item, body in ODD:
                c.raw(c.seal(item))
                got = c.next()
                check((got["requestId"], got["status"]) == (7, 200), (name, got))
                check(body is None or got["body"] == body, (name, got))
            check(c.get("/seen")["status"] == 200, "afterwards")


def a_message_may_come_in_parts(build):
    with site(build) as (_, port):
        with Client(port).agree() as c:
            whole = c.seal(cbor({"type": "http_request", "requestId": 1,
                                 "url": "/seen"}))
            c.raw(whole[:10], fin=False)
            c.raw(b"between", opcode=9)
            for byte in whole[10:-1]:
                c.raw(bytes([byte]), opcode=0, fin=False)
            c.raw(whole[-1:], opcode=0)
            opcode, payload = c.frame()
            check((opcode, payload) == (10, b"between"), "a pong")
            check(c.next()["status"] == 200, "the answer")


def an_origin_may_have_a_query(build):
    with site(build) as (_, port):
        with wire.connect(port) as s:
            s.sendall(teekit_raw.UPGRADE.replace(b"/__ra__ ",
                                                 b"/__ra__?tok=1 "))
            head = wire.read_head(s)
            check(b" 101 " in head and b"xtensions" not in head, head)
            check(wire.read_frame(s)[0] == 2, "an announcement")


def close_codes_that_cannot_be_are_none(build):
    with site(build) as (backend, port):
        with Client(port).agree() as c:
            for code in 0, 999, 1005, 1006, 1015, 99999, "text", b"bytes":
                c.send(type="ws_connect", connectionId="x", url="/")
                check(c.next()["eventType"] == "open", "open")
                c.send(type="ws_close", connectionId="x", code=code,
                       reason="r" * 200)
                check(c.get("/slow/50")["status"] == 200, code)
        # the last one ends with the session
        wait_for("all end", lambda: len(backend.closes) == 8)
        for got in backend.closes:  # cut, or a code that may be sent
            check(got is None or got[0] in (1000, 1005, 1011), backend.closes)


def sockets_have_a_limit(build):
    with site(build, "--limit", "streams=3") as (backend, port):
        with Client(port).agree() as c:
            for i in range(3):
                c.send(type="ws_connect", connectionId=i, url="/")
                check(c.next()["eventType"] == "open", i)
            c.send(type="ws_connect", connectionId=3, url="/")
            check(c.next()["eventType"] == "error", "one too many")
            check(c.next()["eventType"] == "close", "and closed")
            c.send(type="ws_close", connectionId=0)
            wait_for("it ends", lambda: backend.closes)
            check(c.get("/slow/100")["status"] == 200, "a request")
            c.send(type="ws_connect", connectionId=3, url="/")
            check(c.next()["eventType"] == "open", "there is room again")


def what_a_client_leaves_open_is_ended(build):
    with site(build) as (backend, port):
        with Client(port).agree() as c:
            for i in range(20):
                c.send(type="ws_connect", connectionId=i, url="/")
                check(c.next()["eventType"] == "open", i)
            c.send(type="http_request", requestId=1, url="/slow/10000")
        wait_for("all end", lambda: backend.closes.count(None) == 20)


def requests_have_a_limit(build):
    with site(build, "--limit", "streams=5") as (_, port):
        with Client(port).agree() as c:
            c.s.sendall(b"".join(wire.masked(2, c.seal(cbor(
                {"type": "http_request", "requestId": i, "url": "/slow/1000"})))
                for i in range(8)))
            statuses = sorted(c.next()["status"] for _ in range(8))
            check(statuses == [200] * 5 + [503] * 3, statuses)
            check(c.get("/seen")["status"] == 200, "there is room again")


if __name__ == "__main__":
    if teekit_raw.sodium is None:
        print("skipped: no libsodium for Python")
        sys.exit(77)
    sys.exit(run_tests([
        bytes_without_a_key_end_their_connection,
        what_is_passed_over_leaves_the_session_whole,
        what_does_not_open_ends_the_session,
        a_second_key_ends_the_session,
        sockets_belong_to_their_session,
        an_id_used_again_is_another_socket,
        ids_come_back_as_they_were,
        every_form_of_a_request_is_read,
        a_message_may_come_in_parts,
        an_origin_may_have_a_query,
        close_codes_that_cannot_be_are_none,
        sockets_have_a_limit,
        what_a_client_leaves_open_is_ended,
        requests_have_a_limit,
    ]))
