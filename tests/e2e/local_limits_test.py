#!/usr/bin/python3
"""What idles in the proxy ends after the time that was said, and not before;
who is too many, or tries too many passwords, is told so."""

import re
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from limits_test import code, count, tunnel, wait_count  # noqa: E402
from programs import HOST, Programs, check, curl, run_tests  # noqa: E402
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
        wait_count(proxy, "session.idle", 1)
        wait_count(server, "session.down", 1)
        check(count(proxy, "session.lost") == 0, proxy.tail())
        check(code(proxy) == "200", "after the session had ended")
        check(count(proxy, "session.accepted") == 2, proxy.tail())


def a_session_in_use_does_not_idle(build):
    with Programs(build) as programs:
        _, proxy = proxy_with(programs, "--session-idle-seconds", "2")
        held = tunnel(proxy)
        time.sleep(5)
        check(count(proxy, "session.idle") == 0, proxy.tail())
        held.sendall(f"GET /echo HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        check(read_head(held).startswith(b"HTTP/1.1 200"), "the tunnel")
        held.close()


def what_says_nothing_for_too_long_is_cut_and_said(build):
    with Programs(build) as programs:
        _, proxy = proxy_with(programs, "--stream-idle-seconds", "2")
        mute, busy = tunnel(proxy), tunnel(proxy)
        busy.sendall(f"GET /echo HTTP/1.1\r\nHost: {HOST}\r\nX: ".encode())
        for _ in range(15):
            busy.sendall(b"x")
            time.sleep(0.3)
        check(read_all(mute) == b"", "bytes from nowhere")
        wait_count(proxy, "stream.idle", 1)
        check(code(proxy, "/slow?ms=8000") == "000", "a mute answer")
        wait_count(proxy, "stream.idle", 2)
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
        deadline = time.monotonic() + 20
        while count(proxy, "client.refused") == 0:
            check(time.monotonic() < deadline, proxy.tail())
            check(code(proxy) == "000", "one too many")
            time.sleep(0.1)
        held.pop().close()
        while code(proxy) != "200":
            check(time.monotonic() < deadline, "no room again")
            time.sleep(0.1)
        for s in held:
            s.close()


def wrong_passwords_end_after_so_many(build):
    with Programs(build) as programs:
        secret = programs.dir / "credentials"
        secret.write_text("alice:open-sesame\n")
        secret.chmod(0o600)
        _, proxy = proxy_with(programs, more=f"credentials: {secret}\n")

        def ask(password, *args):
            r = curl("-x", proxy.url, *args, "--proxy-user",
                     f"alice:{password}", "-i", f"http://{HOST}/bytes/1")
            return int(re.match(rb"HTTP/1.1 (\d+)", r.stdout).group(1)), r

        check(ask("open-sesame")[0] == 200, "the right one")
        codes = [ask(f"wrong-{n}")[0] for n in range(24)]
        check(codes[:20] == [407] * 20 and codes[-1] == 429, f"{codes}")
        answer, r = ask("open-sesame")
        check(answer == 429 and b"\r\nRetry-After: 60\r\n" in r.stdout, f"{r}")
        check(count(proxy, "login.limited") == 1, proxy.tail())
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
