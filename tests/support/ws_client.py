"""A WebSocket client, byte by byte, directly or through a proxy."""

import base64
import os

from programs import check
from wire import connect, masked, read_frame, read_head

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Refused(Exception):
    def __init__(self, head):
        super().__init__(head)
        self.status = int(head.split()[1])


class WebSocket:
    """An open WebSocket to http://|host|/|path| through the proxy at |port|;
    |by| is "absolute", "connect", "https" by the TLS |context|, or "direct" for
    a server at |port|."""

    def __init__(self, port, host, path, by="absolute", protocols=(),
                 context=None):
        self.s = connect(port)
        if by in ("connect", "https"):
            to = f"{host}:{443 if by == 'https' else 80}"
            self.s.sendall(f"CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n\r\n"
                           .encode())
            head = read_head(self.s)
            check(head.startswith(b"HTTP/1.1 200 "), head)
        if by == "https":
            self.s = context.wrap_socket(self.s, server_hostname=host)
        target = f"http://{host}{path}" if by == "absolute" else path
        lines = [f"GET {target} HTTP/1.1", f"Host: {host}", "Upgrade: websocket",
                 "Connection: keep-alive, Upgrade", "Sec-WebSocket-Version: 13",
                 "Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)).decode()]
        if protocols:
            lines.append("Sec-WebSocket-Protocol: " + ", ".join(protocols))
        self.s.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.head = read_head(self.s).decode("latin-1")
        if not self.head.startswith("HTTP/1.1 101 "):
            raise Refused(self.head)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.s.close()

    def send(self, data, fragments=1):
        """Text or bytes as one message, in so many fragments."""
        opcode = TEXT if isinstance(data, str) else BINARY
        data = data.encode() if isinstance(data, str) else data
        size = len(data) // fragments + 1
        for i in range(fragments):
            self.s.sendall(masked(opcode if i == 0 else 0,
                                  data[i * size:(i + 1) * size],
                                  fin=i == fragments - 1))
            if i < fragments - 1:
                self.s.sendall(masked(PING, b"between"))

    def frame(self):
        return read_frame(self.s)

    def receive(self):
        """The next message, or (code, reason) of a close frame."""
        while True:
            opcode, payload = self.frame()
            if opcode == TEXT:
                return payload.decode()
            if opcode == BINARY:
                return payload
            if opcode == CLOSE:
                if not payload:
                    return (1005, "")
                return (int.from_bytes(payload[:2], "big"), payload[2:].decode())

    def close(self, code=None, reason=""):
        payload = b"" if code is None else code.to_bytes(2, "big") + reason.encode()
        self.s.sendall(masked(CLOSE, payload))

    def at_end(self):
        """How the connection ends: "fin" or "reset"."""
        try:
            return "fin" if self.s.recv(1) == b"" else "more"
        except ConnectionResetError:
            return "reset"
