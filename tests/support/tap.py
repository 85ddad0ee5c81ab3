"""A relay between a client and a server that writes down what the client says,
byte for byte, so that it can be said again; and that can hold back what the
server says."""

import socket
import threading


class Tap:
    """Listens on |port| and relays to |server_port| of this machine, which sees
    the address |source|."""

    def __init__(self, server_port, source="127.0.0.1"):
        self.source = source
        self.server_port = server_port
        self.said = []  # by clients: a bytearray a connection
        self.clients = []  # their connections
        self.open = threading.Event()  # the server is let speak
        self.open.set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.open.set()
        self.listener.close()

    def hold(self):
        """Keep what the server says from now on."""
        self.open.clear()

    def let_go(self):
        self.open.set()

    def cut(self):
        """End all connections, and what was held is lost; others may come."""
        for client in list(self.clients):
            client.shutdown(socket.SHUT_RDWR)
        self.open.set()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(
                ("127.0.0.1", self.server_port),
                source_address=(self.source, 0))
            self.said.append(bytearray())
            self.clients.append(client)
            for args in ((client, server, self.said[-1], None),
                         (server, client, bytearray(), self.open)):
                threading.Thread(target=self._pump, args=args,
                                 daemon=True).start()

    @staticmethod
    def _pump(source, to, note, gate):
        try:
            while data := source.recv(65536):
                note += data
                if gate is not None:
                    gate.wait()
                to.sendall(data)
            to.shutdown(socket.SHUT_WR)
        except OSError:
            source.close()
            to.close()
