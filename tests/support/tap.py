"""A relay between a client and a server that writes down what the client says,
byte for byte, so that it can be said again."""

import socket
import threading


class Tap:
    """Listens on |port| and relays to |server_port| of this machine, which sees
    the address |source|."""

    def __init__(self, server_port, source="127.0.0.1"):
        self.source = source
        self.server_port = server_port
        self.said = []  # by clients: a bytearray a connection
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()

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
            for source, to, note in ((client, server, self.said[-1]),
                                     (server, client, bytearray())):
                threading.Thread(target=self._pump, args=(source, to, note),
                                 daemon=True).start()

    @staticmethod
    def _pump(source, to, note):
        try:
            while data := source.recv(65536):
                note += data
                to.sendall(data)
            to.shutdown(socket.SHUT_WR)
        except OSError:
            source.close()
            to.close()
