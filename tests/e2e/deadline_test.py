#!/usr/bin/python3
"""An attestation that ends: the next one is made in time, unseen; without one
nothing new goes out, to the second."""

import calendar
import contextlib
import json
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import HOST, PATIENCE, Programs, check, curl, run_tests  # noqa: E402

AGE = 15  # seconds an attestation is good for; the next is made after 10


def unix(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def attested(proxy):
    """When the evidence in use was made, and until when it is good."""
    service = json.loads(curl(f"{proxy.url}/status.json").stdout)["services"][0]
    found = service["attestation"]
    return unix(found["attested"]), unix(found["deadline"])


def code(proxy):
    r = curl("-x", proxy.url, "-o", "/dev/null", "-w", "%{http_code}",
             f"http://{HOST}/")
    return r.stdout.decode()


def proxy_for(programs, server, port):
    policy = programs.policy([f"ws://127.0.0.1:{port}/__ra__"], server.sim_dir,
                             service=f"    max-age: {AGE}s\n")
    return programs.proxy(policy)


def stream(proxy, seconds):
    """A download of an event each quarter of a second."""
    return subprocess.Popen(
        ["curl", "-qsSN", "-x", proxy.url,
         f"http://{HOST}/sse?n={seconds * 4}&ms=250"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finished(download, seconds):
    rest = download.communicate(timeout=PATIENCE)[0]
    check(download.returncode == 0, f"curl says {download.returncode}")
    check(rest.count(b"data:") == seconds * 4, f"{rest}")


def the_next_attestation_is_made_in_the_background(build):
    with Programs(build) as programs:
        server = programs.server()
        proxy = proxy_for(programs, server, server.port)
        check(code(proxy) == "200", "the first request")
        first, deadline = attested(proxy)
        check(deadline == first + AGE, f"good for {deadline - first} s")
        download = stream(proxy, AGE + 2)
        # Nobody asks for anything, and still there is a next one in time.
        while attested(proxy)[0] == first:
            check(time.time() < deadline, "the deadline came first")
            time.sleep(0.1)
        second = attested(proxy)[0]
        check(2 * AGE / 3 <= second - first < AGE,
              f"made after {second - first} of {AGE} s")
        check(code(proxy) == "200", "by the second one")
        finished(download, AGE + 2)


@contextlib.contextmanager
def one_connection(port):
    """A way to |port| for one connection alone: the next finds nobody there."""
    listener = socket.create_server(("127.0.0.1", 0))
    ends = []

    def copy(a, b):
        with contextlib.suppress(OSError):
            while data := a.recv(65536):
                b.sendall(data)
            b.shutdown(socket.SHUT_WR)

    def carry():
        near = listener.accept()[0]
        listener.close()
        far = socket.create_connection(("127.0.0.1", port))
        ends.extend((near, far))
        back = threading.Thread(target=copy, args=(far, near))
        back.start()
        copy(near, far)
        back.join()

    thread = threading.Thread(target=carry)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        thread.join()
        for end in ends:
            end.close()


def without_a_next_attestation_it_ends_to_the_second(build):
    with Programs(build) as programs:
        server = programs.server()
        with one_connection(server.port) as port:
            proxy = proxy_for(programs, server, port)
            check(code(proxy) == "200", "the first request")
            _, deadline = attested(proxy)
            download = stream(proxy, AGE + 2)
            served = refused = 0
            while refused < 3:
                before = time.time()
                got = code(proxy)
                # The second of the deadline is the last good one.
                if time.time() < deadline + 1:
                    check(got == "200", f"{deadline - before} s before: {got}")
                    served += 1
                elif before >= deadline + 1:
                    check(got in ("502", "503"), f"{before - deadline} s after: {got}")
                    refused += 1
                time.sleep(0.1)
            check(served > 0, "nothing was asked in time")
            # What was under way is let end.
            finished(download, AGE + 2)


if __name__ == "__main__":
    sys.exit(run_tests([
        the_next_attestation_is_made_in_the_background,
        without_a_next_attestation_it_ends_to_the_second,
    ]))
