#!/usr/bin/python3
"""What idles in the proxy ends after the time that was said, and not before;
who is too many, or tries too many passwords, is told so."""

import re
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from limits_test import code, tunnel  # noqa: E402
from programs import HOST, Programs, check, curl, run_tests, wait_for  # noqa: E402
from wire import connect, read_all, read_head  # noqa: E402


def proxy_with(programs, *args, more=""):
    server = programs.server()
    policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                             server.sim_dir)
    policy.write_text(more + policy.read_text())
    return server, programs.proxy(policy, *args)


def a_session_that_nobody_uses_ends_and_is_made_again(build):
    with Programs(build) as programs:
        server, proxy = proxy_with(programs, "--session-idle-seconds", "1")
        check(code(proxy) == "200", "the first request")
        proxy.wait_log("session.idle", 1)
        server.wait_log("session.down", 1)
        check(proxy.told("session.lost") == 0, proxy.tail())
        check(code(proxy) == "200", "after the session had ended")
        check(proxy.told("session.accepted") == 2, proxy.tail())


def a_session_in_use_does_not_idle(build):
    with Programs(build) as programs:
        _, proxy = proxy_with(programs, "--session-idle-seconds", "2")
        held = tunnel(proxy)
        time.sleep(5)
        check(proxy.told("session.idle") == 0, proxy.tail())
        held.sendall(f"GET /echo HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        check(read_head(held).startswith(b"HTTP/1.1 200"), "the tunnel")
        held.close()


def what_says_nothing_for_too_long_is_cut_and_said(build):
    with Programs(build) as programs:
        _, proxy = proxy_with(programs, "--stream-idle-seconds", "4")
        mute, busy = tunnel(proxy), tunnel(proxy)
        busy.sendall(f"GET /echo HTTP/1.1\r\nHost: {HOST}\r\nX: ".encode())
        for _ in range(25):
            busy.sendall(b"x")
            time.sleep(0.3)
        check(read_all(mute) == b"", "bytes from nowhere")
        proxy.wait_log("stream.idle", 1)
        check(code(proxy, "/slow?ms=15000") == "000", "a mute answer")
        proxy.wait_log("stream.idle", 2)
        check(code(proxy, "/slow?ms=500") == "200", "an answer in time")
        for s in mute, busy:
            s.close()


def a_tunnel_may_be_silent_unless_told_otherwise(build):
    with Programs(build) as programs:
        _, proxy = proxy_with(programs, "--keep-alive-seconds", "1")
        held, idle = tunnel(proxy), connect(proxy.port)
        idle.sendall(f"GET http://{HOST}/bytes/1 HTTP/1.1\r\n"
                     f"Host: {HOST}\r\n\r\n".encode())
        check(read_all(idle).startswith(b"HTTP/1.1 200"), "between requests")
        time.sleep(2)
        held.sendall(f"GET /echo HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        check(read_head(held).startswith(b"HTTP/1.1 200"), "the tunnel")
        for s in held, idle:
            s.close()


def connections_are_counted_over_all_workers(build):
    with Programs(build) as programs:
        _, proxy = proxy_with(programs, "--connections", "6", "--workers", "3")
        held = []
        for _ in range(6):
            held.append(connect(proxy.port))
            held[-1].sendall(b"G")  # it is accepted, and stays
        # Another worker may be faster than those that have the six.
        wait_for("one too many", lambda: code(proxy) == "000")
        check(proxy.told("client.refused") > 0, proxy.tail())
        held.pop().close()
        wait_for("room again", lambda: code(proxy) == "200")
        for s in held:
            s.close()


def wrong_passwords_end_after_so_many(build):
    with Programs(build) as programs:
        secret = programs.dir / "credentials"
        secret.write_text("alice:open-sesame\n")
        secret.chmod(0o600)
        _, proxy = proxy_with(programs, more=f"credentials: {secret}\n")

        def ask(password):
            head = curl("-x", proxy.url, "--proxy-user", f"alice:{password}",
                        "-i", f"http://{HOST}/bytes/1").stdout
            return int(re.match(rb"HTTP/1.1 (\d+)", head).group(1)), head

        check(ask("open-sesame")[0] == 200, "the right one")
        codes = [ask(f"wrong-{n}")[0] for n in range(20)]
        check(codes == [407] * 20, f"{codes}")

        def refused():
            """The answer to the right one, right after a wrong one: one more
            is let through every three seconds."""
            late, (status, head) = ask("wrong-again")[0], ask("open-sesame")
            return head if (late, status) == (429, 429) else None

        head = wait_for("too many", refused)
        check(b"\r\nRetry-After: 60\r\n" in head, f"{head}")
        check(0 < proxy.told("login.limited") < 5, proxy.tail())
        check("wrong-" not in Path(proxy.log_path).read_text(), "the log")
        # A browser reads its configuration before it asks for a password.
        pac = curl(f"{proxy.url}/proxy.pac").stdout
        check(b"FindProxyForURL" in pac and HOST.encode() in pac, f"{pac}")


if __name__ == "__main__":
    sys.exit(run_tests([
        a_session_that_nobody_uses_ends_and_is_made_again,
        a_session_in_use_does_not_idle,
        what_says_nothing_for_too_long_is_cut_and_said,
        a_tunnel_may_be_silent_unless_told_otherwise,
        connections_are_counted_over_all_workers,
        wrong_passwords_end_after_so_many,
    ]))
