"""A man in the middle between veritee and veriteed, for end-to-end tests.

Relays TCP connections on a port that the system picks, understands enough of
WebSocket (RFC 6455) to see binary messages, and does to one of them what it
was told:

    with Mitm(server.port) as mitm:
        mitm.alter("server", 0, after=b"quote", offset=10)
        ... connect to mitm.port ...
        assert mitm.altered == 1

Messages are counted from 0 in each direction ("client" and "server" are the
senders) of each connection; from the server, 0 is the announcement and 1 the
handshake's answer. An order is carried out once, in whatever connection comes
to it first; `times=None` carries it out in each. Only the standard library.
"""

import asyncio
import os
import threading

BINARY = 2
DIRECTIONS = ("client", "server")


class Frame:
    """One WebSocket frame as it came, and its payload once asked for."""

    def __init__(self, head, key, body):
        self.head = head  # the first two bytes and the extended length
        self.key = key  # b"" when not masked
        self.body = body  # as on the wire

    @property
    def opcode(self):
        return self.head[0] & 0x0F

    @property
    def raw(self):
        return self.head + self.key + self.body

    @property
    def payload(self):
        return masked(self.body, self.key) if self.key else self.body


def masked(body, key):
    n = len(body)
    pad = (key * (n // 4 + 1))[:n]
    return (int.from_bytes(body, "big") ^ int.from_bytes(pad, "big")).to_bytes(
        n, "big")


def binary(payload, mask):
    """A whole binary message, masked as a client does it or not."""
    n = len(payload)
    if n < 126:
        length = bytes([n | (0x80 if mask else 0)])
    elif n < 65536:
        length = bytes([126 | (0x80 if mask else 0)]) + n.to_bytes(2, "big")
    else:
        length = bytes([127 | (0x80 if mask else 0)]) + n.to_bytes(8, "big")
    key = os.urandom(4) if mask else b""
    return bytes([0x80 | BINARY]) + length + key + (
        masked(payload, key) if mask else payload)


async def read_frame(reader):
    head = await reader.readexactly(2)
    length = head[1] & 0x7F
    if length >= 126:
        more = await reader.readexactly(2 if length == 126 else 8)
        head += more
        length = int.from_bytes(more, "big")
    key = await reader.readexactly(4) if head[1] & 0x80 else b""
    return Frame(head, key, await reader.readexactly(length))


class Cut(Exception):
    """The connection is to be cut here."""


class Order:
    def __init__(self, direction, index, act, times):
        if direction not in DIRECTIONS:
            raise ValueError(direction)
        self.direction = direction
        self.index = index
        self.act = act  # (payload) -> what to do, see Mitm
        self.left = times  # None: as often as it comes


class Relay:
    """One connection, relayed; holds back a message that is to be reordered."""

    def __init__(self, mitm, client, server):
        self.mitm = mitm
        self.readers = {"client": client[0], "server": server[0]}
        self.writers = {"client": client[1], "server": server[1]}
        self.seen = {"client": 0, "server": 0}
        self.held = {"client": None, "server": None}
        self.extra = []  # (to whom, bytes) that an order adds

    async def run(self):
        tasks = [asyncio.ensure_future(self.pump(d)) for d in DIRECTIONS]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            for writer in self.writers.values():
                if any(isinstance(o, Cut) for o in outcomes):
                    writer.transport.abort()
                writer.close()

    async def pump(self, sender):
        reader = self.readers[sender]
        receiver = "server" if sender == "client" else "client"
        writer = self.writers[receiver]
        try:
            writer.write(await reader.readuntil(b"\r\n\r\n"))
            while True:
                frame = await read_frame(reader)
                for raw in self.judge(sender, frame):
                    writer.write(raw)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return

    def write_extra(self):
        for to, raw in self.extra:
            self.writers[to].write(raw)
        self.extra.clear()

    def judge(self, sender, frame):
        """The frames to pass on in the place of |frame|."""
        if frame.opcode != BINARY:
            return [frame.raw]
        index = self.seen[sender]
        self.seen[sender] += 1
        held, self.held[sender] = self.held[sender], None
        out = self.mitm.obey(self, sender, index, frame)
        return out + [held] if held else out


class Mitm:
    """Listens on |port| and relays to |server_port| of this machine."""

    def __init__(self, server_port, host="127.0.0.1"):
        self.server = (host, server_port)
        self.port = None
        self.altered = 0  # how often an order was carried out
        self.connections = 0
        self._orders = []
        self._loop = asyncio.new_event_loop()
        self._tasks = set()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._started = threading.Event()

    def __enter__(self):
        self._thread.start()
        if not self._started.wait(180) or self.port is None:
            raise RuntimeError("the relay does not start")
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)

    # --- orders: each is for message |index| of |direction| ------------------

    def alter(self, direction, index, after=None, offset=0, bit=0, times=1):
        """Flip a bit |offset| bytes from the start, or behind |after|."""

        def act(relay, payload):
            at = offset
            if after is not None:
                found = payload.find(after)
                if found < 0:
                    return None
                at += found + len(after)
            if not payload:
                return None
            at %= len(payload)
            flipped = bytes([payload[at] ^ (1 << bit)])
            return [payload[:at] + flipped + payload[at + 1:]]

        self._order(direction, index, act, times)

    def replace(self, direction, index, old, new, times=1):
        """Put |new| where |old| first stands."""

        def act(relay, payload):
            return [payload.replace(old, new, 1)] if old in payload else None

        self._order(direction, index, act, times)

    def substitute(self, direction, index, payload, times=1):
        """Send |payload| instead."""
        self._order(direction, index, lambda relay, _: [payload], times)

    def forge_close(self, direction, index, times=1):
        """Instead of it, send its receiver a close frame that says 1000."""

        def act(relay, payload):
            masked_ = direction == "client"
            frame = b"\x88\x82\0\0\0\0\x03\xe8" if masked_ else b"\x88\x02\x03\xe8"
            relay.extra.append(("server" if masked_ else "client", frame))
            return []

        self._order(direction, index, act, times)

    def drop(self, direction, index, times=1):
        self._order(direction, index, lambda relay, payload: [], times)

    def duplicate(self, direction, index, times=1):
        self._order(direction, index, lambda relay, payload: [payload, payload],
                    times)

    def truncate(self, direction, index, by=1, times=1):
        self._order(direction, index,
                    lambda relay, payload: [payload[:max(len(payload) - by, 0)]],
                    times)

    def reorder(self, direction, index, times=1):
        """Send it behind the next one."""

        def act(relay, payload):
            relay.held[direction] = binary(payload, direction == "client")
            return []

        self._order(direction, index, act, times)

    def reflect(self, direction, index, times=1):
        """Send it back to its sender, too."""

        def act(relay, payload):
            relay.extra.append((direction, binary(payload, direction != "client")))
            return [payload]

        self._order(direction, index, act, times)

    def cut(self, direction, index, times=1):
        """End the connection instead of sending it."""

        def act(relay, payload):
            raise Cut

        self._order(direction, index, act, times)

    # --- the inside -----------------------------------------------------------

    def _order(self, direction, index, act, times):
        self._orders.append(Order(direction, index, act, times))

    def obey(self, relay, sender, index, frame):
        out = [frame.raw]
        for order in self._orders:
            if (order.direction, order.index) != (sender, index) or order.left == 0:
                continue
            try:
                payloads = order.act(relay, frame.payload)
            except Cut:
                self._done(order)
                raise
            if payloads is None:
                continue
            self._done(order)
            out = [binary(p, sender == "client") for p in payloads]
        relay.write_extra()  # once it is counted: whoever sees it may look
        return out

    def _done(self, order):
        self.altered += 1
        if order.left is not None:
            order.left -= 1

    async def _serve(self, reader, writer):
        self._tasks.add(asyncio.current_task())
        self.connections += 1
        try:
            server = await asyncio.open_connection(*self.server, limit=1 << 20)
            await Relay(self, (reader, writer), server).run()
        except (OSError, asyncio.CancelledError):
            writer.close()
        finally:
            self._tasks.discard(asyncio.current_task())

    def _run(self):
        asyncio.set_event_loop(self._loop)
        listener = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 20))
        self.port = listener.sockets[0].getsockname()[1]
        self._started.set()
        self._loop.run_forever()
        listener.close()
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            self._loop.run_until_complete(asyncio.wait(list(self._tasks),
                                                       timeout=5))
        self._loop.close()
