#!/usr/bin/env python3
"""A service's own address, for programs that take a base URL. Argument: the
build folder."""

import contextlib
import http.client
import json
import signal
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import HOST, PATIENCE, Programs, check, curl, run_tests  # noqa: E402
from ws_client import Refused, WebSocket  # noqa: E402
import teekit_peers  # noqa: E402


@contextlib.contextmanager
def rig(build, local='"127.0.0.1:0"', teekit=False, proxy_args=()):
    """A server and a proxy whose service has an address of its own."""
    with contextlib.ExitStack() as stack:
        programs = stack.enter_context(Programs(build))
        server = programs.server()
        server.endpoint = f"ws://127.0.0.1:{server.port}/__ra__"
        local = f"    local: {local}\n"
        if teekit:
            desk = stack.enter_context(
                teekit_peers.Desk(programs, tdx=server.sim_dir))
            policy = desk.policy([server], local)
        else:
            policy = programs.policy([server.endpoint], server.sim_dir,
                                     service=local)
        proxy = programs.proxy(policy, *proxy_args)
        proxy.at = proxy.wait_line(r"^ready: demo at (.*)$").group(1)
        yield proxy, policy, programs


def port_of(url):
    return int(url.rsplit(":", 1)[1])


def ask(url, *args):
    r = curl("-w", "\n%{http_code}", *args, url)
    check(r.returncode == 0, r.stderr)
    body, code = r.stdout.rsplit(b"\n", 1)
    return int(code), body


def reload(proxy, policy, text, word="policy.reloaded"):
    seen = proxy.told(word)
    policy.write_text(text)
    proxy.process.send_signal(signal.SIGHUP)
    proxy.wait_log(word, seen + 1)


def an_origin_form_request_goes_to_the_service_by_its_own_name(build):
    for teekit in (False, True):
        with rig(build, teekit=teekit) as (proxy, _, _p):
            code, body = ask(f"{proxy.at}/echo?a=1&b=%2F", "-d", "hello",
                             "-H", "X-Kept: yes")
            head, rest = body.split(b"\r\n\r\n", 1)
            lines = head.split(b"\r\n")
            check(code == 200 and rest == b"hello", body)
            check(lines[0] == b"POST /echo?a=1&b=%2F HTTP/1.1", lines[0])
            hosts = [l for l in lines if l.lower().startswith(b"host:")]
            check([h.lower() for h in hosts] == [b"host: " + HOST.encode()], hosts)
            check(b"x-kept: yes" in head.lower(), head)
            # A connection that is kept; a name of this machine; no such page.
            r = curl("-s", "-o", "/dev/null", "-w", "%{http_code} %{num_connects}\n",
                     f"{proxy.at}/", "--next", "-s", "-o", "/dev/null", "-w",
                     "%{http_code} %{num_connects}\n", f"{proxy.at}/nothing")
            check(r.stdout == b"200 1\n404 0\n", r.stdout)
            check(ask(f"http://localhost:{port_of(proxy.at)}/")[0] == 200, "name")


def websockets_go_through(build):
    for teekit in (False, True):
        with rig(build, teekit=teekit) as (proxy, _, _p):
            port = port_of(proxy.at)
            with WebSocket(port, f"127.0.0.1:{port}", "/ws", "direct") as ws:
                ws.send("hello")
                check(ws.receive() == "hello", "text")
                ws.send(b"\x00\xff" * 400)
                check(ws.receive() == b"\x00\xff" * 400, "binary")


def say(where, head):
    family = socket.AF_UNIX if isinstance(where, str) else socket.AF_INET
    with socket.socket(family) as s:
        s.settimeout(PATIENCE)
        s.connect(where if family == socket.AF_UNIX else ("127.0.0.1", where))
        s.sendall(head)
        got = b""
        while b"\r\n\r\n" not in got:
            more = s.recv(65536)
            if not more:
                break
            got += more
        return int(got.split()[1]) if got else 0


def code_of(kept, request):
    """Ask on a connection that is kept: the code of the answer, read whole."""
    kept.sendall(request)
    answer = http.client.HTTPResponse(kept)
    answer.begin()
    answer.read()
    return answer.status


def names_and_origins_of_others_get_nothing(build):
    with rig(build) as (proxy, _, _p):
        port = port_of(proxy.at)

        def get(host, *fields, line="GET / HTTP/1.1"):
            lines = [line, f"Host: {host}", *fields]
            return say(port, ("\r\n".join(lines) + "\r\n\r\n").encode())

        check(get(f"127.0.0.1:{port}") == 200, "the address")
        check(get(HOST) == 200, "the service's own name")
        check(get("[::1]:1") == 200, "another port of this machine")
        check(get("evil.test") == 403, "DNS rebinding")
        check(get(f"evil.test:{port}") == 403, "DNS rebinding, with the port")
        check(get("127.0.0.1.evil.test") == 403, "a name that only looks so")
        check(get("localhost", "Origin: http://evil.test") == 403, "origin")
        check(get("localhost", "Origin: null") == 403, "no origin")
        check(get("localhost", "Origin: http://localhost:3000") == 200, "ours")
        check(get("localhost", f"Origin: https://{HOST}") == 200, "its own")
        check(get("localhost", "Origin: http://localhost",
                  "Origin: http://evil.test") == 403, "the second origin")
        check(get("x", line="CONNECT demo.test:80 HTTP/1.1") == 405, "CONNECT")
        check(get("x", line="GET http://evil.test/ HTTP/1.1") == 403, "absolute")
        check(get("x", line=f"GET http://{HOST}/ HTTP/1.1") == 200, "absolute")
        check(say(port, b"GET / HTTP/1.0\r\n\r\n") == 200, "HTTP/1.0")
        check(say(port, b"\x05\x01\x00") == 405, "SOCKS")
        try:
            WebSocket(port, "evil.test", "/ws", "direct")
            check(False, "a WebSocket by another's name")
        except Refused as e:
            check(e.status == 403, e)


def the_pages_of_the_proxy_are_not_there(build):
    with rig(build) as (proxy, _, _p):
        code, body = ask(f"{proxy.at}/status.json")
        check(code == 404 and b"schema" not in body, body)
        code, body = ask(f"{proxy.at}/")
        check(code == 200 and b"demo.js" in body, body[:200])


def a_refusal_explains_itself(build):
    with rig(build) as (proxy, policy, _p):
        text = policy.read_text().replace("d1d1d1d1", "d1d1d1d2", 1)
        reload(proxy, policy, text)
        code, body = ask(f"{proxy.at}/")
        check(code == 502 and b"accept.mrtd" in body, body)
        check(b"\n" not in body.strip(), "one line")
        code, body = ask(f"{proxy.at}/", "-H", "Accept: application/json")
        check(code == 502 and json.loads(body)["status"], body)


def a_policy_that_is_read_again_moves_addresses(build):
    with rig(build) as (proxy, policy, programs):
        old = port_of(proxy.at)
        text = policy.read_text()
        with socket.create_connection(("127.0.0.1", old)) as kept:
            kept.settimeout(PATIENCE)
            request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
            check(code_of(kept, request) == 200, "the first answer")
            # The same policy: the same socket, though the system chose it.
            reload(proxy, policy, text)
            check(ask(proxy.at)[0] == 200, "after nothing has changed")
            path = f"{programs.dir}/demo.sock"
            reload(proxy, policy, text.replace('"127.0.0.1:0"\n',
                                               f'"{path}"\n', 1))
            check(say(path, request) == 200, "the new address")
            check(curl(proxy.at).returncode == 7, "the old one is closed")
            # Without any, who still has a connection is told.
            reload(proxy, policy, text.replace('    local: "127.0.0.1:0"\n', ""))
            check(code_of(kept, request) == 403, "what came before")
        check(not Path(path).exists(), "the socket's file is left")
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            reload(proxy, policy, text.replace(
                '    local: "127.0.0.1:0"', f'    local: "127.0.0.1:{port}"'),
                   "policy.kept")
        check("address already in use" in proxy.tail(), proxy.tail())


def several_workers_share_an_address(build):
    with rig(build, '"localhost:0"',
             proxy_args=("--workers", "3")) as (proxy, policy, _p):
        for _ in range(12):
            check(ask(f"{proxy.at}/")[0] == 200, "a worker")
        reload(proxy, policy, policy.read_text())
        for _ in range(6):
            check(ask(f"{proxy.at}/")[0] == 200, "after a reload")


def a_service_without_a_name_has_its_endpoints(build):
    with Programs(build) as programs:
        server = programs.server()
        policy = programs.policy([f"ws://localhost:{server.port}/__ra__"],
                                 server.sim_dir,
                                 service='    local: "127.0.0.1:0"\n')
        policy.write_text(policy.read_text().replace(
            f'    hosts: [ "{HOST}" ]\n', "", 1))
        proxy = programs.proxy(policy)
        at = proxy.wait_line(r"^ready: demo at (.*)$").group(1)
        code, body = ask(f"{at}/echo", "-d", "x")
        check(code == 200 and b"\r\nHost: localhost\r\n" in body, body)


sys.exit(run_tests([
    an_origin_form_request_goes_to_the_service_by_its_own_name,
    websockets_go_through,
    names_and_origins_of_others_get_nothing,
    the_pages_of_the_proxy_are_not_there,
    a_refusal_explains_itself,
    a_policy_that_is_read_again_moves_addresses,
    several_workers_share_an_address,
    a_service_without_a_name_has_its_endpoints,
]))
