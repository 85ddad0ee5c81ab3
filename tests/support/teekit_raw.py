"""A teekit client by hand: every byte of it can be wrong. CBOR written here,
cryptography by libsodium through ctypes; read_frame() and such from wire."""

import ctypes
import ctypes.util
import os
import struct

import wire
from programs import check

_name = ctypes.util.find_library("sodium")
sodium = ctypes.CDLL(_name) if _name else None

UPGRADE = (b"GET /__ra__ HTTP/1.1\r\nHost: site.test\r\nUpgrade: websocket\r\n"
           b"Connection: upgrade\r\nSec-WebSocket-Version: 13\r\n"
           b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
           b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n")


class Raw(bytes):
    """CBOR that is written as it is."""


def cbor(value):
    if isinstance(value, Raw):
        return bytes(value)
    if value is None:
        return b"\xf6"
    if isinstance(value, int):
        return _head(0, value)
    if isinstance(value, bytes):
        return b"\xd8\x40" + _head(2, len(value)) + value
    if isinstance(value, str):
        text = value.encode()
        return _head(3, len(text)) + text
    if isinstance(value, list):
        return _head(4, len(value)) + b"".join(map(cbor, value))
    return (b"\xb9" + struct.pack(">H", len(value))
            + b"".join(cbor(k) + cbor(v) for k, v in value.items()))


def _head(major, n):
    if n < 24:
        return bytes([major << 5 | n])
    for code, form in (24, ">B"), (25, ">H"), (26, ">I"), (27, ">Q"):
        if n < 1 << 8 * struct.calcsize(form):
            return bytes([major << 5 | code]) + struct.pack(form, n)
    raise ValueError(n)


def uncbor(data):
    value, rest = _item(data)
    check(not rest, "bytes behind an item")
    return value


def _item(data):
    major, n, data = data[0] >> 5, data[0] & 31, data[1:]
    if major == 7:
        return {20: False, 21: True, 22: None, 23: None}[n], data
    if n >= 24:
        size = 1 << (n - 24)
        n, data = int.from_bytes(data[:size], "big"), data[size:]
    if major == 0:
        return n, data
    if major == 2:
        return data[:n], data[n:]
    if major == 3:
        return data[:n].decode(), data[n:]
    if major == 6:
        return _item(data)
    items = []
    for _ in range(n * (2 if major == 5 else 1)):
        item, data = _item(data)
        items.append(item)
    return (items if major == 4 else dict(zip(items[::2], items[1::2]))), data


class Client:
    """A connection that was upgraded; it has .kx, and a .key after agree()."""

    def __init__(self, port, host=b"site.test"):
        self.s = wire.connect(port)
        self.s.sendall(UPGRADE.replace(b"site.test", host))
        self.head = wire.read_head(self.s)
        check(b" 101 " in self.head, self.head)
        opcode, message = wire.read_frame(self.s)
        check(opcode == 2, opcode)
        self.kx = uncbor(message)
        self.key = None
        self.ids = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.s.close()

    def raw(self, payload, opcode=2, **how):
        self.s.sendall(wire.masked(opcode, payload, **how))

    def plain(self, **message):
        self.raw(cbor(message))

    def sealed_key(self, key):
        out = ctypes.create_string_buffer(80)
        sodium.crypto_box_seal(out, key, ctypes.c_ulonglong(32),
                               self.kx["x25519PublicKey"])
        return out.raw

    def agree(self):
        self.key = os.urandom(32)
        self.plain(type="client_kx_ready")
        self.plain(type="client_kx",
                   sealedSymmetricKey=self.sealed_key(self.key))
        return self

    def seal(self, text, key=None):
        nonce = os.urandom(24)
        out = ctypes.create_string_buffer(len(text) + 16)
        sodium.crypto_secretbox_easy(out, text, ctypes.c_ulonglong(len(text)),
                                     nonce, key or self.key)
        return cbor({"type": "enc", "nonce": nonce, "ciphertext": out.raw})

    def send(self, **message):
        self.raw(self.seal(cbor(message)))

    def frame(self):
        """The next frame that is no ping: (opcode, payload)."""
        while True:
            opcode, payload = wire.read_frame(self.s)
            if opcode != 9:
                return opcode, payload

    def next(self):
        """The next message, opened."""
        opcode, payload = self.frame()
        check(opcode == 2, (opcode, payload))
        envelope = uncbor(payload)
        box = envelope["ciphertext"]
        out = ctypes.create_string_buffer(max(len(box) - 16, 1))
        bad = sodium.crypto_secretbox_open_easy(
            out, box, ctypes.c_ulonglong(len(box)), envelope["nonce"], self.key)
        check(bad == 0, "a message that does not open")
        return uncbor(out.raw[:len(box) - 16])

    def get(self, url, **more):
        """The answer to a request."""
        self.ids += 1
        self.send(type="http_request", requestId=self.ids, method="GET",
                  url=url, headers={}, **more)
        answer = self.next()
        check(answer["requestId"] == self.ids, answer)
        return answer

    def closed(self):
        """The code of the server's close frame; None if it just went."""
        try:
            while True:
                opcode, payload = self.frame()
                if opcode == 8:
                    return int.from_bytes(payload[:2], "big")
        except Exception:  # the end, with or without a reset
            return None
