#!/usr/bin/python3
"""A session that is cut or tampered with is an error, never a short success."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from mitm import Mitm  # noqa: E402
from ports import free_port  # noqa: E402
from programs import (HOST, PATIENCE, Programs, check, curl,  # noqa: E402
                      run_tests, wait_for)


def download(proxy, n, *args):
    return subprocess.Popen(
        ["curl", "-qsS", "-o", "/dev/null", *args,
         f"http://{HOST}/bytes/{n}"], stderr=subprocess.PIPE)


def wait_for_bytes(server, n):
    """Until the server has carried |n| bytes: the download is in its middle."""
    def written():
        io = Path(f"/proc/{server.process.pid}/io").read_text()
        return int(io.split("wchar:")[1].split()[0])

    wait_for("the download gets going", lambda: written() > n)


def killing_the_server_fails_the_download_and_the_next_one_works(build):
    with Programs(build) as programs:
        server, proxy = programs.pair(port=free_port())
        for args in (["-x", proxy.url], ["-x", proxy.url, "--proxytunnel"],
                     ["-x", f"socks5h://127.0.0.1:{proxy.port}"]):
            child = download(proxy, 16_000_000_000, *args)
            wait_for_bytes(server, 20_000_000)
            server.kill()
            code = child.wait(PATIENCE)
            check(code in (18, 56), f"{args}: curl says {code}")
            server = programs.server(port=server.port, sim_dir=server.sim_dir)
            r = curl("-x", proxy.url, f"http://{HOST}/echo", "-d", "again")
            check(b"again" in r.stdout, f"{args}: {r.stdout} {r.stderr}")


def tampering_with_a_record_fails_the_download(build):
    """Whatever is done to the sixth record of the server."""
    for how in ("alter", "drop", "duplicate", "reorder", "reflect", "truncate",
                "cut"):
        with Programs(build) as programs:
            server = programs.server()
            with Mitm(server.port) as mitm:
                getattr(mitm, how)("client" if how == "reflect" else "server", 6)
                policy = programs.policy([f"ws://127.0.0.1:{mitm.port}/__ra__"],
                                         server.sim_dir)
                proxy = programs.proxy(policy)
                args = ["-x", proxy.url]
                if how == "reflect":  # an upload has records of the client
                    # and can be answered by 502, as nothing of the answer came
                    args += ["-T", "/dev/zero", "-X", "POST", "--fail"]
                code = download(proxy, 100_000_000, *args).wait(PATIENCE)
                check(mitm.altered > 0, f"{how}: nothing was done")
                check(code in (18, 22, 52, 55, 56), f"{how}: curl says {code}")
                # The next session is whole again.
                r = curl("-x", proxy.url, f"http://{HOST}/echo", "-d", "again")
                check(b"again" in r.stdout, f"{how}: {r.stdout} {r.stderr}")


def stopping_the_proxy_leaves_nothing(build):
    with Programs(build) as programs:
        server, proxy = programs.pair()
        check(curl("-x", proxy.url, f"http://{HOST}/").returncode == 0, "page")
        check(proxy.stop() == 0, proxy.tail())
        check(server.stop() == 0, server.tail())


def a_port_that_is_taken_is_all_that_is_complained_of(build):
    with Programs(build) as programs:
        server = programs.server()
        policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                 server.sim_dir)
        taken = f"127.0.0.1:{server.port}"
        policy.write_text(policy.read_text().replace("127.0.0.1:0", taken, 1))
        r = subprocess.run([programs.bin / "veritee", "run", "--log-level",
                            "error", "--policy", policy],
                           capture_output=True, text=True, timeout=PATIENCE)
        check(r.returncode == 1, f"{r.returncode} {r.stderr}")
        check(r.stderr == f"veritee run: listen: {taken}: address already in use, "
              "expected an address that no other program listens at\n", r.stderr)


if __name__ == "__main__":
    sys.exit(run_tests([
        killing_the_server_fails_the_download_and_the_next_one_works,
        tampering_with_a_record_fails_the_download,
        stopping_the_proxy_leaves_nothing,
        a_port_that_is_taken_is_all_that_is_complained_of,
    ]))
