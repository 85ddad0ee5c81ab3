#!/usr/bin/env python3
"""Clients of teekit on veriteed: a peer in Node with the libraries that teekit
uses. Argument: the build folder."""

import contextlib
import hashlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import Programs, check, run_tests, wait_for  # noqa: E402
import odd_backend  # noqa: E402
import teekit_peers  # noqa: E402


@contextlib.contextmanager
def site(build, *args, tee="tdx", rule="*:80=127.0.0.1:%d"):
    """A backend, a veriteed before it, and a client that has connected."""
    backend = odd_backend.Backend()
    with Programs(build) as programs:
        server = programs.server("--rule", rule % backend.port,
                                 "--simulate-tee", tee, *args, demo=False)
        with teekit_peers.Client(programs, server.port, tee) as client:
            client.do("connect")
            yield backend, server, client, programs
    backend.close()


def headers_of(answer):
    return [tuple(h) for h in answer["headers"]]


def every_method_and_body(build):
    with site(build) as (backend, _, client, _):
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE",
                       "OPTIONS", "PURGE", "post"):
            r = client.fetch("/seen?m=1", method=method)
            check(r["status"] == 200, (method, r))
            asked = backend.requests[-1]
            known = method.upper() if method != "PURGE" else method
            check(asked["method"] == known, asked)
            check((r["length"] == 0) == (method == "HEAD"), r)
        for method in "CONNECT", "TRACE", "G ET":
            r = client.fetch("/seen", method=method)
            check(r["status"] == 405, (method, r))
        for body in "", "x", "gr\u00fc\u00dfe \u20ac \U0001f600", "y" * 70000:
            r = client.fetch("/echo", method="POST", body=body)
            check(r["status"] == 200 and r["sha256"] == hashlib.sha256(
                body.encode()).hexdigest(), r)
            kind = backend.requests[-1]["headers"]["content-type"]
            check(kind == "text/plain;charset=UTF-8", kind)
        for body in b"", b"\x80\xff\xfe", bytes(range(256)) * 300:
            r = client.fetch("/echo", method="POST", hex=body.hex())
            check(r["sha256"] == hashlib.sha256(body).hexdigest(), r)
            check("content-type" not in backend.requests[-1]["headers"], r)
        r = client.fetch("/seen")  # no body, no length
        check("content-length" not in backend.requests[-1]["headers"], r)


def bodies_of_64_mib(build):
    size = 64 * 1024 * 1024
    with site(build) as (_, _, client, _):
        r = client.fetch("/echo", method="POST", repeat=size)
        want = hashlib.sha256(b"x" * size).hexdigest()
        check(r["length"] == size and r["sha256"] == want, r)


def a_body_over_the_limit_has_a_clear_answer(build):
    with site(build, "--limit", "teekit-body=1000000") as (_, _, client, _):
        r = client.fetch("/echo", method="POST", repeat=1000000)
        check(r["status"] == 200 and r["length"] == 1000000, r)
        r = client.fetch("/echo", method="POST", repeat=1000001)
        check(r["status"] == 413 and "veriteed" in r["text"], r)
        for path in "/size/1000001", "/announce/1000001", "/chunked/200001":
            r = client.fetch(path)
            check(r["status"] == 502 and "1000000" in r["text"], (path, r))
        r = client.fetch("/chunked/200000")
        check(r["status"] == 200 and r["length"] == 1000000, r)


def every_status(build):
    with site(build) as (_, _, client, _):
        for status in (200, 201, 202, 204, 205, 206, 300, 301, 302, 304, 307,
                       400, 401, 403, 404, 410, 418, 429, 500, 501, 503, 599):
            r = client.fetch(f"/status/{status}")
            check(r["status"] == status, r)
            bare = status in (204, 205, 304)
            check(r["text"] == ("" if bare else "body"), r)
        for status in 600, 999:
            r = client.fetch(f"/status/{status}")
            check(r["status"] == 502, r)
        check(client.fetch("/interim")["text"] == "late", "interim")
        check(client.fetch("/until-end")["text"] == "to the end", "until-end")
        check(client.fetch("/chunked/3")["text"] == "chunk" * 3, "chunked")
        for path in "/cut", "/garbage", "/status/101":
            r = client.fetch(path)
            check(r["status"] == 502, (path, r))
        check(client.alive(), "the client died")


def headers_both_ways(build):
    with site(build) as (backend, server, client, _):
        r = client.fetch("/headers")
        got = headers_of(r)
        check(("set-cookie", "a=1; Path=/") in got, got)
        check(("set-cookie", "b=2") in got, got)
        check(("x-latin", "caf\u00e9") in got and ("x-empty", "") in got, got)
        check(r["statusText"] == "Tr\u00e8s bien", r)
        for name in "keep-alive", "connection", "x-hop", "content-length":
            check(name not in dict(got), got)
        r = client.fetch("/seen", headers={
            "X-A": "1", "x-latin": "caf\u00e9", "x-list": ["a", "b"],
            "x-number": 5, "Host": "evil.test", "Content-Length": "7",
            "Connection": "close", "Transfer-Encoding": "chunked",
            "Veritee-Encrypted": "no", "veritee-session": "mine",
            "Veritee_Session": "mine", "Proxy-Authorization": "x"})
        seen = backend.requests[-1]["headers"]
        check(r["status"] == 200, r)
        check(seen["x-a"] == "1" and seen["x-latin"] == "caf\u00e9", seen)
        check(seen["x-number"] == "5" and "x-list" in seen, seen)
        check(seen["host"] == f"127.0.0.1:{server.port}", seen)
        check(seen["veritee-encrypted"] == "yes", seen)
        check(seen["veritee-session"].startswith("teekit-"), seen)
        for name in ("content-length", "connection", "transfer-encoding",
                     "proxy-authorization", "veritee_session"):
            check(name not in seen, seen)
        before = len(backend.requests)
        for odd in ({"x y": "1"}, {"x": "a\r\nb: c"}, {"x": "a\x0bb: c"},
                    {"x": "\u20ac"}):
            r = client.fetch("/seen", headers=odd)
            check(r["status"] == 400, (odd, r))
        check(len(backend.requests) == before, "asked all the same")
        r = client.fetch("/seen", headers={f"x-{i}": "1" for i in range(200)})
        check(r["status"] == 431, r)


def every_shape_of_url(build):
    with site(build) as (backend, server, client, _):
        here = f"127.0.0.1:{server.port}"
        for url, target, host in (
                ("/seen?a=1#frag", "/seen?a=1", here),
                ("seen", "/seen", here),
                ("/a/../seen", "/seen", here),
                ("/a/%2e%2E/seen/./x", "/seen/x", here),
                ("\\seen\\x", "/seen/x", here),
                ("/seen/\u00fc x", "/seen/%C3%BC%20x", here),
                ("http://other.test/seen#x", "/seen", "other.test"),
                ("https://other.test:8443/seen", "/seen", "other.test:8443"),
                ("//other.test/seen?", "/seen?", "other.test"),
                ("http://[::1]:9/seen", "/seen", "[::1]:9")):
            r = client.fetch(url)
            asked = backend.requests[-1]
            check(r["status"] == 200, (url, r))
            check(asked["target"] == target, (url, asked))
            check(asked["headers"]["host"] == host, (url, asked))
        check(client.fetch("")["status"] == 404, "the root")
        for url in "http://[bad", "ftp://x/", "javascript:1", "http:///":
            check(client.fetch(url)["status"] == 400, url)


def rules_decide(build):
    with site(build, rule="chat.test:80=127.0.0.1:%d") as (
            backend, _, client, _):
        check(client.fetch("/seen")["status"] == 403, "by address")
        check(client.fetch("http://chat.test/seen")["status"] == 200, "chat")
        check(client.fetch("https://chat.test:444/seen")["status"] == 200, "")
        check(client.fetch("http://other.test/seen")["status"] == 403, "other")
        check(len(backend.requests) == 2, backend.requests)
        client.do("open", name="a", url="ws://other.test/")
        event = client.do("next", name="a")
        check(event["event"] == "error", event)
        check(client.do("next", name="a")["event"] == "close", "close")


def connections_are_kept_and_replaced(build):
    with site(build) as (backend, _, client, _):
        numbers = set()
        for _ in range(20):
            client.fetch("/seen")
            numbers.add(backend.requests[-1]["number"])
        check(len(numbers) == 1, numbers)
        for _ in range(3):  # one that ended while it was kept
            check(client.fetch("/end")["text"] == "end", "end")
            check(client.fetch("/seen")["status"] == 200, "after it")
        r = client.do("fetchMany", count=100, url="/seen?n=%")
        for n, one in enumerate(r["all"]):
            check(f"/seen?n={n}\"" in one["text"], one)
        r = client.do("fetchMany", count=300, url="/slow/20?%")
        check(all(one["text"] == "20" for one in r["all"]), "300 at once")


def web_sockets_both_ways(build):
    with site(build) as (backend, server, client, _):
        client.do("open", name="a", url=f"ws://127.0.0.1:{server.port}/first",
                  protocols=["p1", "p2"])
        said = [client.do("next", name="a") for _ in range(3)]
        check(said[0]["event"] == "open", said)
        check(said[1]["rest"] == ["welcome"], said)
        check(said[2]["rest"] == [{"hex": bytes(range(256)).hex()}], said)
        seen = backend.requests[-1]
        check(seen["headers"]["sec-websocket-protocol"] == "p1, p2", seen)
        check(seen["headers"]["veritee-encrypted"] == "yes", seen)
        check(seen["target"] == "/first", seen)
        for message in "", "gr\u00fc\u00dfe", "z" * 200000:
            client.do("send", name="a", text=message)
            check(client.do("next", name="a")["rest"] == [message], message)
        for message in b"", bytes(range(256)) * 1000:
            client.do("send", name="a", hex=message.hex())
            got = client.do("next", name="a")
            check(got["rest"] == [{"hex": message.hex()}], got)
        client.do("send", name="a", text="close")
        check(client.do("next", name="a") == {
            "event": "close", "rest": [4002, "as you wish"]}, "close")

        client.do("open", name="b", url="/bye")
        check(client.do("next", name="b")["event"] == "open", "open")
        check(client.do("next", name="b")["rest"] == [3001, "bye bye"], "bye")

        client.do("open", name="c", url="/")
        client.do("send", name="c", text="early")  # before it is open
        check(client.do("next", name="c")["event"] == "open", "open")
        check(client.do("next", name="c")["rest"] == ["early"], "early")
        client.do("send", name="c", text="cut")
        check(client.do("next", name="c") == {
            "event": "close", "rest": [1006, ""]}, "cut")

        client.do("open", name="d", url="/refuse")
        check(client.do("next", name="d")["event"] == "error", "refused")
        check(client.do("next", name="d")["event"] == "close", "refused")

        client.do("open", name="e", url="/")
        check(client.do("next", name="e")["event"] == "open", "open")
        backend.closes.clear()
        client.do("close", name="e", code=4001, reason="client bye")
        wait_for("its close arrives",
                 lambda: backend.closes == [(4001, "client bye")])


def fifty_web_sockets_at_once(build):
    with site(build) as (backend, _, client, _):
        for i in range(50):
            client.do("open", name=str(i), url="/")
        for i in range(50):
            client.do("send", name=str(i), text=f"from {i}")
        for i in range(50):
            check(client.do("next", name=str(i))["event"] == "open", i)
            check(client.do("next", name=str(i))["rest"] == [f"from {i}"], i)
        backend.closes.clear()
        client.do("drop")  # the session goes, and all with it
        for i in range(50):
            check(client.do("next", name=str(i))["event"] == "close", i)
        check(client.fetch("/slow/300")["status"] == 200, "a new session")
        wait_for("all are cut", lambda: backend.closes.count(None) == 50)


def each_tee_binds_its_own_way(build):
    for tee in "tdx", "sgx", "sev-snp":
        with site(build, tee=tee) as (_, _, client, _):
            check(client.fetch("/seen")["status"] == 200, tee)
            said = client.do("announced")
            check(said["quote"] > 1000 and "veritee" not in said, said)


def keys_rotate_under_clients(build):
    with site(build, "--epoch-seconds", "1") as (_, _, client, programs):
        keys = set()
        for _ in range(40):
            keys.add(client.do("announced")["key"])
            check(client.fetch("/slow/100")["status"] == 200, "a request")
            if len(keys) > 1:
                break
            client.do("drop")
            client.fetch("/seen")
        check(len(keys) > 1, "the key never changed")


def clients_of_teekit_can_be_kept_out(build):
    with Programs(build) as programs:
        server = programs.server("--teekit", "off")
        with teekit_peers.Client(programs, server.port) as client:
            r = client.do("connect")
            check("error" in r, r)


if __name__ == "__main__":
    if teekit_peers.install() is None:
        sys.exit(77)
    sys.exit(run_tests([
        every_method_and_body,
        bodies_of_64_mib,
        a_body_over_the_limit_has_a_clear_answer,
        every_status,
        headers_both_ways,
        every_shape_of_url,
        rules_decide,
        connections_are_kept_and_replaced,
        web_sockets_both_ways,
        fifty_web_sockets_at_once,
        each_tee_binds_its_own_way,
        keys_rotate_under_clients,
        clients_of_teekit_can_be_kept_out,
    ]))
