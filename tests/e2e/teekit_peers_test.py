#!/usr/bin/env python3
"""The peers of the teekit protocol against each other: what the other tests
of that protocol stand on. Argument: the build folder."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import PATIENCE, Programs, check, run_tests  # noqa: E402
import teekit_peers  # noqa: E402


def requests_and_sockets_go_both_ways(build):
    for tee in "tdx", "sgx":
        for style in "express", "hono":
            with Programs(build) as programs:
                server = teekit_peers.Server(programs, tee, style=style)
                with teekit_peers.Client(programs, server.port, tee) as client:
                    r = client.fetch("/echo", method="POST", body="gr\u00fc\u00dfe")
                    check(r["text"] == "gr\u00fc\u00dfe" and r["status"] == 200, r)
                    r = client.do("fetchMany", count=100, url="/seen?n=%")
                    for n, one in enumerate(r["all"]):
                        check(f'/seen?n={n}"' in one["text"], one)
                    client.do("open", name="a", url="/greet")
                    said = [client.do("next", name="a") for _ in range(3)]
                    check([s["event"] for s in said] == ["message", "message",
                                                         "open"], said)
                    client.do("send", name="a", hex="00ff")
                    said = client.do("next", name="a")
                    check(said["rest"] == [{"hex": "00ff"}], said)


def a_client_dies_of_what_theirs_die_of(build):
    with Programs(build) as programs:
        server = teekit_peers.Server(programs)
        for path in "status/304", "odd/no-headers", "odd/status-600":
            with teekit_peers.Client(programs, server.port) as client:
                client.do("connect")
                try:
                    r = client.fetch("/" + path)
                    check(False, f"{path}: {r}")
                except teekit_peers.Failed:
                    pass
                check(client.process.wait(PATIENCE) != 0, f"{path}: it lives")


def a_server_dies_of_what_theirs_die_of(build):
    with Programs(build) as programs:
        server = teekit_peers.Server(programs)
        with teekit_peers.Client(programs, server.port) as client:
            try:
                client.fetch("/echo", method="POST", body="x",
                             headers={"Content-Length": "1"})
            except teekit_peers.Failed:
                pass
        check(server.process.process.wait(PATIENCE) == 70, "it lives")


if __name__ == "__main__":
    if teekit_peers.install() is None:
        sys.exit(77)
    sys.exit(run_tests([
        requests_and_sockets_go_both_ways,
        a_client_dies_of_what_theirs_die_of,
        a_server_dies_of_what_theirs_die_of,
    ]))
