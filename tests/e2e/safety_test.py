#!/usr/bin/env python3
"""A machine that others use too: UNIX sockets, credentials, who may connect.
Argument: the build folder."""

import contextlib
import json
import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from ports import free_port  # noqa: E402
from programs import (HOST, PATIENCE, Programs, check, curl,  # noqa: E402
                      run_tests)

NOBODY = 65534
CLOSED = ("closed", "BrokenPipeError", "ConnectionResetError")


@contextlib.contextmanager
def rig(build, secret="alice:open:sesame%", listen='"127.0.0.1:0"', more="",
        args=()):
    """A server and a proxy that asks for |secret|, if that is one."""
    with Programs(build) as programs:
        server = programs.server()
        path = programs.dir / "proxy.secret"
        if secret:
            path.write_text(secret + "\n")
            path.chmod(0o600)
            more += f"credentials: {path}\n"
        policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                 server.sim_dir, extra=more)
        policy.write_text(policy.read_text().replace('"127.0.0.1:0"', listen, 1))
        proxy = programs.start("veritee", "run", "--policy", policy, *args)
        proxy.policy = policy
        proxy.at = proxy.wait_line(r"^ready: listening on (.*)$").group(1)
        proxy.secret_path = path
        yield proxy, programs


def code(*args):
    r = curl("-o", "/dev/null", "-w", "%{http_code} %{http_connect}", *args)
    return r.stdout.decode()


def what_curl_says_is_asked_for_and_taken(build):
    with rig(build) as (proxy, _):
        url = f"http://{HOST}/"
        at = f"http://{proxy.at}"
        check(code("-x", at, url) == "407 000", "none")
        check(code("-x", at, "-U", "alice:wrong", url) == "407 000", "wrong")
        check(code("-x", at, "-U", "bob:open:sesame%", url) == "407 000", "user")
        check(code("-x", at, "-U", "alice:open:sesame%", url) == "200 000", "right")
        check(code("-x", at, "-p", url) == "000 407", "CONNECT without")
        check(code("-x", at, "-p", "-U", "alice:open:sesame%", url) == "200 200",
              "CONNECT")
        socks = f"socks5h://{proxy.at}"
        check(curl("-x", socks, url).returncode == 97, "SOCKS5 without")
        check(curl("-x", socks, "-U", "alice:no", url).returncode == 97, "wrong")
        check(code("-x", socks, "-U", "alice:open:sesame%", url) == "200 000",
              "SOCKS5")
        check(curl("-x", f"socks4a://{proxy.at}", url).returncode == 97, "SOCKS4")
        head = curl("-x", at, "-D", "-", "-o", "/dev/null", url).stdout
        check(b'Proxy-Authenticate: Basic realm="veritee", charset="UTF-8"' in head,
              head)
        check("open:sesame" not in proxy.tail(), "the password is in the log")


def our_pages_ask_as_a_site_does(build):
    with rig(build) as (proxy, _):
        for path in ("/", "/status.json", "/metrics", "/healthz"):
            url = f"http://{proxy.at}{path}"
            check(code(url) == "401 000", path)
            check(code("-u", "alice:wrong", url) == "401 000", path)
            check(code("-u", "alice:open:sesame%", url) == "200 000", path)
        # Whoever follows a PAC file has no password for it.
        check(code(f"http://{proxy.at}/proxy.pac") == "200 000", "the PAC file")
        head = curl("-D", "-", "-o", "/dev/null", f"http://{proxy.at}/").stdout
        check(b"WWW-Authenticate: Basic realm=" in head, head)
        # Through the proxy, it is the proxy that asks.
        check(code("-x", f"http://{proxy.at}", "http://veritee.invalid/")
              == "407 000", "through the proxy")
        r = curl("-x", f"http://{proxy.at}", "-H", "Accept: application/json",
                 f"http://{HOST}/")
        check("NO_ACCESS" in r.stdout.decode() and json.loads(r.stdout), r.stdout)


def a_token_is_a_password_for_any_user(build):
    with rig(build, secret="0123456789abcdef") as (proxy, _):
        for user in ("x", "token"):
            check(code("-x", f"http://{user}:0123456789abcdef@{proxy.at}",
                       f"http://{HOST}/") == "200 000", user)
        check(code("-x", f"http://x:0123456789abcdee@{proxy.at}",
                   f"http://{HOST}/") == "407 000", "another token")


def a_policy_that_is_read_again_has_a_new_secret(build):
    with rig(build) as (proxy, _):
        proxy.secret_path.write_text("another-secret\n")
        proxy.process.send_signal(signal.SIGHUP)
        proxy.wait_log("policy.reloaded")
        at = f"http://{proxy.at}"
        check(code("-x", at, "-U", "alice:open:sesame%", f"http://{HOST}/")
              == "407 000", "the old one")
        check(code("-x", at, "-U", "alice:another-secret", f"http://{HOST}/")
              == "200 000", "the new one")
        # One that others can read changes nothing.
        proxy.secret_path.chmod(0o644)
        proxy.process.send_signal(signal.SIGHUP)
        proxy.wait_log("policy.kept")
        check("chmod 600" in proxy.tail(), proxy.tail())


def a_secret_that_others_can_read_stops_the_start(build):
    with Programs(build) as programs:
        path = programs.dir / "proxy.secret"
        path.write_text("0123456789abcdef\n")
        path.chmod(0o640)
        policy = programs.dir / "policy.yaml"
        policy.write_text(f"listen: 127.0.0.1:0\ncredentials: {path}\n")
        r = subprocess.run([programs.bin / "veritee", "run", "--policy", policy],
                           capture_output=True, timeout=PATIENCE)
        check(r.returncode == 1 and b"chmod 600" in r.stderr, r.stderr)


def tools_know_the_secret(build):
    port = free_port()
    with rig(build, listen=f'"127.0.0.1:{port}"') as (proxy, programs):
        config = programs.dir / "config"
        (config / "veritee").mkdir(parents=True)
        (config / "veritee" / "policy.yaml").write_text(proxy.policy.read_text())
        env = {k: v for k, v in os.environ.items()
               if not k.lower().endswith("_proxy")}
        env["XDG_CONFIG_HOME"] = str(config)

        def tool(*args):
            return subprocess.run([programs.bin / "veritee", *args], env=env,
                                  capture_output=True, timeout=PATIENCE)

        r = tool("status")
        check(r.returncode == 0 and b"demo" in r.stdout, r)
        r = tool("exec", "--", "curl", "-qsS", "-o", "/dev/null", "-w",
                 "%{http_code}", f"http://{HOST}/")
        check(r.stdout == b"200", r)
        url = f"http://alice:open%3Asesame%25@127.0.0.1:{port}".encode()
        r = tool("env", "--shell", "sh")
        check(b"http_proxy='" + url + b"'" in r.stdout, r)
        check(b"password" in r.stderr, r.stderr)
        check(tool("env", "--shell", "sh", "--unset").stderr == b"", "a note")
        # To nobody but who listens where the policy says.
        r = tool("env", "--shell", "sh", "--proxy", "127.0.0.1:1")
        check(b"sesame" not in r.stdout and r.returncode == 0, r)
        r = tool("doctor")
        check(b"a veritee listens there" in r.stdout, r.stdout)
        check(b"sesame" not in r.stdout + r.stderr, "the password is shown")


def unsafe_listen_needs_a_secret(build):
    with Programs(build) as programs:
        policy = programs.dir / "policy.yaml"
        policy.write_text('unsafe-listen: "0.0.0.0:0"\n')
        r = subprocess.run([programs.bin / "veritee", "run", "--policy", policy],
                           capture_output=True, timeout=PATIENCE)
        check(r.returncode == 2 and b"credentials beside it" in r.stderr, r)
        policy.write_text('listen: "0.0.0.0:0"\n')
        r = subprocess.run([programs.bin / "veritee", "run", "--policy", policy],
                           capture_output=True, timeout=PATIENCE)
        check(r.returncode == 2 and b"an address of this machine" in r.stderr, r)
    with rig(build, more='unsafe-listen: "0.0.0.0:0"\n') as (proxy, _):
        at = proxy.wait_line(r"^ready: listening on 0\.0\.0\.0:(\d+)$").group(1)
        url = f"http://127.0.0.1:{at}"
        check(code("-x", url, f"http://{HOST}/") == "407 000", "without")
        check(code("-x", url, "-U", "alice:open:sesame%", f"http://{HOST}/")
              == "200 000", "with")


def by_path(path, head=b"GET /healthz HTTP/1.0\r\n\r\n"):
    """The code of the answer at a UNIX socket; 0 for none."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(PATIENCE)
        s.connect(str(path))
        try:
            s.sendall(head)
            got = s.recv(65536)
        except (BrokenPipeError, ConnectionResetError):
            return 0
        return int(got.split()[1]) if got else 0


def by_path_as(path, uid):
    """The same as somebody else: what it came to, or the name of the error."""
    script = ("import socket,sys\ns=socket.socket(socket.AF_UNIX)\n"
              "s.settimeout(180)\n"
              "try:\n s.connect(sys.argv[1])\n"
              " s.sendall(b'GET /healthz HTTP/1.0\\r\\n\\r\\n')\n"
              " print(s.recv(99)[9:12].decode() or 'closed')\n"
              "except OSError as e: print(type(e).__name__)\n")
    r = subprocess.run(["/usr/bin/python3", "-c", script, str(path)], user=uid,
                       capture_output=True, timeout=PATIENCE)
    return (r.stdout + r.stderr).decode().strip()


def a_unix_socket_is_for_its_user_alone(build):
    path = Path(f"/tmp/veritee-unix-{os.getpid()}.sock")
    for workers in ("1", "3"):
        with rig(build, secret=None, listen=f'"{path}"',
                 args=("--workers", workers)) as (proxy, programs):
            check(proxy.at == str(path), proxy.at)
            mode = path.stat().st_mode
            check(stat.S_ISSOCK(mode) and mode & 0o777 == 0o600, oct(mode))
            check(by_path(path) == 200, "our own page")
            check(by_path(path, f"GET http://{HOST}/ HTTP/1.1\r\nHost: x\r\n\r\n"
                          .encode()) == 200, "a service")
            if os.geteuid() == 0:
                check(by_path_as(path, NOBODY) == "PermissionError", "the mode")
                path.chmod(0o666)  # and even then the kernel says who it is
                check(by_path_as(path, NOBODY) in CLOSED, "the check")
                proxy.wait_log("listener.stranger uid=65534")
            r = subprocess.run([programs.bin / "veritee", "status", "--proxy",
                                str(path)], capture_output=True, timeout=PATIENCE)
            check(r.returncode == 0 and b"demo" in r.stdout, r)
            r = subprocess.run([programs.bin / "veritee", "exec", "--proxy",
                                str(path), "true"], capture_output=True,
                               timeout=PATIENCE)
            check(r.returncode == 125 and b"UNIX socket" in r.stderr, r)
            second = subprocess.run(
                [programs.bin / "veritee", "run", "--policy", proxy.policy],
                capture_output=True, timeout=PATIENCE)
            check(second.returncode == 1 and b"in use" in second.stderr, second)
            check(by_path(path) == 200, "who listens is left alone")
            proxy.kill()
            check(path.exists(), "killed: nobody removes it")
            again = programs.start("veritee", "run", "--policy", proxy.policy)
            again.wait_line(r"^ready: listening on ")
            check(by_path(path) == 200, "what is left is replaced")
        check(not path.exists(), "it is removed at the end")


def users_that_are_named_may_use_it_too(build):
    if os.geteuid() != 0:
        print("# skipped: nobody else to be", flush=True)
        return
    path = f"/tmp/veritee-users-{os.getpid()}.sock"
    with rig(build, secret=None, listen=f'"{path}"',
             more=f'allow-users: [ "{NOBODY}" ]\n') as (proxy, _):
        check(by_path_as(path, NOBODY) == "200", by_path_as(path, NOBODY))
        check(by_path_as(path, NOBODY - 1) in CLOSED, "who is not")
        check(by_path(path) == 200, "our own")


sys.exit(run_tests([
    what_curl_says_is_asked_for_and_taken,
    our_pages_ask_as_a_site_does,
    a_token_is_a_password_for_any_user,
    a_policy_that_is_read_again_has_a_new_secret,
    a_secret_that_others_can_read_stops_the_start,
    tools_know_the_secret,
    unsafe_listen_needs_a_secret,
    a_unix_socket_is_for_its_user_alone,
    users_that_are_named_may_use_it_too,
]))
