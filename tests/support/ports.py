"""Ports of 127.0.0.1 for programs that cannot be told to pick one, or that are to
listen again where they have listened before."""

import socket

from programs import Failed, wait_for

_kept = []


def free_port():
    """One that nobody else gets while this test runs: it stays bound here. Who
    sets SO_REUSEADDR, as servers do, can listen there all the same; until then,
    connections are refused."""
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", 0))
    _kept.append(s)
    return s.getsockname()[1]


def wait_port(port, child):
    """Until somebody listens there, which |child| is to do."""
    def is_open():
        if child.process.poll() is not None:
            raise Failed(f"{child.argv[0]} ended\n{child.tail()}")
        try:
            socket.create_connection(("127.0.0.1", port), 10).close()
            return True
        except OSError:
            return False

    wait_for(lambda: f"somebody listens on port {port}\n{child.tail()}", is_open)
