"""A backend that answers as its request's path says, and remembers what it
was asked. HTTP/1.1 with keep-alive, and WebSockets; written by hand, so that
it can be odd."""

import base64
import hashlib
import json
import socket
import struct
import threading
import time

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Backend:
    """Listens on |port| of loopback until close()."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.connections = 0
        self.requests = []  # {method, target, headers, body length, number}
        self.closes = []    # (code, reason) of WebSockets; None: cut
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
                number = self.connections
            threading.Thread(target=self._serve, args=(s, number),
                             daemon=True).start()

    def _serve(self, s, number):
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        f = s.makefile("rb")
        try:
            while self._one(s, f, number):
                pass
        except (OSError, ValueError):
            pass
        finally:
            f.close()
            s.close()

    def _one(self, s, f, number):
        line = f.readline()
        if not line:
            return False
        method, target, _ = line.decode("latin-1").split()
        fields = []
        while (line := f.readline().decode("latin-1").rstrip("\r\n")):
            name, value = line.split(":", 1)
            fields.append((name.lower(), value.strip()))
        headers = dict(fields)
        body = f.read(int(headers.get("content-length", 0)))
        asked = {"method": method, "target": target, "headers": headers,
                 "length": len(body), "number": number,
                 "sha256": hashlib.sha256(body).hexdigest()}
        with self.lock:
            self.requests.append(asked)
        if "upgrade" in headers:
            self._web_socket(s, f, target, headers)
            return False
        return self._answer(s, asked, body)

    # --- answers ---

    def _answer(self, s, asked, body):
        words = asked["target"].split("?")[0].strip("/").split("/")
        if words[0] == "status":
            return self._say(s, asked, int(words[1]), b"body")
        if words[0] == "seen":
            return self._say(s, asked, 200, json.dumps(asked).encode(),
                             [("Content-Type", "application/json")])
        if words[0] == "echo":
            kind = asked["headers"].get("content-type", "")
            return self._say(s, asked, 200, body, [("Content-Type", kind)])
        if words[0] == "size":
            return self._say(s, asked, 200, b"a" * int(words[1]))
        if words[0] == "announce":  # a length, and nothing behind it
            s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
                      % int(words[1]))
            return True
        if words[0] == "headers":
            return self._say(s, asked, 200, b"h", [
                ("Set-Cookie", "a=1; Path=/"), ("X-One", "1"),
                ("Set-Cookie", "b=2"), ("X-Latin", "caf\u00e9"),
                ("X-Empty", ""), ("Keep-Alive", "timeout=5"),
                ("Connection", "keep-alive, X-Hop"), ("X-Hop", "1")],
                reason="Tr\u00e8s bien")
        if words[0] == "chunked":
            s.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in range(int(words[1])):
                s.sendall(b"5\r\nchunk\r\n")
            s.sendall(b"0\r\nX-Trailer: 1\r\n\r\n")
            return True
        if words[0] == "until-end":
            s.sendall(b"HTTP/1.0 200 OK\r\n\r\nto the end")
            return False
        if words[0] == "interim":
            s.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
            return self._say(s, asked, 200, b"late")
        if words[0] == "cut":
            s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            return False
        if words[0] == "garbage":
            s.sendall(b"what?\r\n\r\n")
            return False
        if words[0] == "slow":
            time.sleep(int(words[1]) / 1000)
            return self._say(s, asked, 200, words[1].encode())
        if words[0] == "end":  # answered, and gone without a word
            self._say(s, asked, 200, b"end")
            return False
        return self._say(s, asked, 404, b"nothing here")

    @staticmethod
    def _say(s, asked, status, body, headers=(), reason="OK"):
        bare = asked["method"] == "HEAD" or status in (204, 304)
        head = f"HTTP/1.1 {status} {reason}\r\n"
        head += "".join(f"{n}: {v}\r\n" for n, v in headers)
        if status not in (204, 304):
            head += f"Content-Length: {len(body)}\r\n"
        s.sendall(head.encode("latin-1") + b"\r\n" + (b"" if bare else body))
        return True

    # --- WebSockets ---

    def _web_socket(self, s, f, target, headers):
        if target.startswith("/refuse"):
            s.sendall(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
            return
        accept = base64.b64encode(hashlib.sha1(
            headers["sec-websocket-key"].encode() + GUID).digest())
        offered = headers.get("sec-websocket-protocol")
        s.sendall(b"HTTP/1.1 101 Go\r\nUpgrade: websocket\r\n"
                  b"Connection: Upgrade\r\nSec-WebSocket-Accept: " + accept
                  + (b"\r\nSec-WebSocket-Protocol: "
                     + offered.split(",")[-1].strip().encode()
                     if offered else b"") + b"\r\n\r\n")
        if target.startswith("/first"):
            send_frame(s, 1, b"welcome")
            send_frame(s, 9, b"ping")
            send_frame(s, 2, bytes(range(256)))
        if target.startswith("/bye"):
            send_frame(s, 8, struct.pack(">H", 3001) + b"bye bye")
        self._web_socket_loop(s, f)

    def _web_socket_loop(self, s, f):
        while True:
            frame = read_frame(f)
            if frame is None:
                self.closes.append(None)
                return
            opcode, payload = frame
            if opcode == 8:
                code = struct.unpack(">H", payload[:2])[0] if payload else 1005
                self.closes.append((code, payload[2:].decode()))
                send_frame(s, 8, payload)
                return
            if payload == b"cut":
                s.shutdown(socket.SHUT_RDWR)
                return
            if payload == b"close":
                send_frame(s, 8, struct.pack(">H", 4002) + b"as you wish")
            elif opcode in (1, 2):
                send_frame(s, opcode, payload)


def send_frame(s, opcode, payload):
    if len(payload) < 126:
        head = bytes([0x80 | opcode, len(payload)])
    elif len(payload) < 65536:
        head = struct.pack(">BBH", 0x80 | opcode, 126, len(payload))
    else:
        head = struct.pack(">BBQ", 0x80 | opcode, 127, len(payload))
    s.sendall(head + payload)


def read_frame(f):
    """(opcode, payload) of one frame of a client; None at the end."""
    try:
        head = f.read(2)
        if len(head) < 2:
            return None
        length = head[1] & 0x7F
        if length == 126:
            length = struct.unpack(">H", f.read(2))[0]
        elif length == 127:
            length = struct.unpack(">Q", f.read(8))[0]
        key = f.read(4)
        payload = f.read(length)
    except OSError:
        return None
    if len(payload) < length:
        return None
    whole = int.from_bytes(payload, "big")
    mask = int.from_bytes((key * (length // 4 + 1))[:length], "big")
    return head[0] & 0x0F, (whole ^ mask).to_bytes(length, "big")
