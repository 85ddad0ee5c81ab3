#!/usr/bin/env python3
"""veritee to teekit servers, played by Node with the libraries that teekit
uses. Argument: the build folder."""

import contextlib
import hashlib
import json
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import (HOST, Programs, check, curl, run_tests,  # noqa: E402
                      wait_for)
import teekit_peers  # noqa: E402

URL = f"http://{HOST}"
FOLDERS = {"tdx": "tdx", "sgx": "sgx", "sev-snp": "snp"} # of a PcsServer


@contextlib.contextmanager
def proxied(build, tee="tdx", more="", **options):
    """A server and a proxy that accepts it: (server, proxy, programs)."""
    with Programs(build) as programs:
        server = teekit_peers.Server(programs, tee, **options)
        folder = {FOLDERS[tee]: server.sim_dir}
        with teekit_peers.Desk(programs, **folder) as desk:
            yield server, programs.proxy(desk.policy([server], more)), programs


def ask(proxy, path, *args):
    """Status, headers (name, value) and body of a request through |proxy|."""
    r = curl("-x", proxy.url, "-D", "-", "-o", "/dev/stderr", *args, URL + path)
    blocks = r.stdout.decode("latin-1").strip().split("\r\n\r\n")
    lines = [line for line in blocks[-1].split("\r\n") if line]
    check(lines, f"curl: {r.returncode} {r.stderr[-300:]!r}")
    headers = [tuple(p.strip() for p in line.split(":", 1)) for line in lines[1:]]
    body = b"" if "-I" in args else r.stderr  # there it would be the head
    return int(lines[0].split()[1]), [(n.lower(), v) for n, v in headers], body


def same(found, want, what):
    check(found == want, f"{what}: found {found!r}, expected {want!r}")


def requests_of_every_shape(build):
    for tee, style in (("tdx", "express"), ("tdx", "hono"), ("sgx", "hono"),
                       ("sev-snp", "express")):
        with proxied(build, tee, style=style) as (server, proxy, _):
            same(ask(proxy, "/hello")[::2], (200, b"world"), "GET")
            for method in "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
                status, headers, body = ask(proxy, "/echo", "-X", method)
                same((status, dict(headers)["x-method"], body),
                     (200, method, b""), method)
            status, headers, body = ask(proxy, "/hello", "-I")
            same((status, body), (200, b""), "HEAD")
            for n in 200, 201, 400, 404, 418, 500, 503, 599:
                same(ask(proxy, f"/status/{n}")[::2], (n, b"body"), n)
            for n in 204, 205, 304: # which kill clients of theirs
                same(ask(proxy, f"/status/{n}")[::2], (n, b""), n)
            for n in 100, 101, 199, 600, 999:
                same(ask(proxy, f"/status/{n}")[0], 502, n)
            same(ask(proxy, "/hello")[::2], (200, b"world"), "still there")
            same(server.stats()["made"], 1, "sessions")


def bodies_of_every_kind(build):
    with proxied(build) as (_, proxy, programs):
        path = programs.dir / "body"
        for name, body, kind in (
                ("text", "gr\u00fc\u00dfe".encode(), "string"),
                ("bytes", bytes(range(256)), "object"),
                ("half a character", b"abc\xc3", "object"),
                ("a NUL", b"a\0b", "string"),
                ("a large text", b"x" * 3000000, "string"),
                ("large bytes", os.urandom(3000000), "object")):
            path.write_bytes(body)
            for more in (), ("-H", "Transfer-Encoding: chunked"), ("-H", "Expect:"):
                status, headers, got = ask(
                    proxy, "/echo", "--data-binary", f"@{path}", *more)
                same((status, got == body, dict(headers).get("x-kind")),
                     (200, True, kind), name)
        status, headers, got = ask(proxy, "/random/5000000")
        same(hashlib.sha256(got).hexdigest(), dict(headers)["x-sha256"], "down")


def a_body_of_64_mib_goes_both_ways(build):
    with proxied(build) as (_, proxy, programs):
        body = os.urandom(1 << 20) * 64
        path = programs.dir / "body"
        path.write_bytes(body)
        status, _, got = ask(proxy, "/digest", "--data-binary", f"@{path}")
        same((status, got.decode()), (200, hashlib.sha256(body).hexdigest()),
             "up")
        status, headers, got = ask(proxy, f"/random/{64 << 20}")
        same(hashlib.sha256(got).hexdigest(), dict(headers)["x-sha256"], "down")


def too_large_a_body_is_refused_before_anything_is_sent(build):
    with proxied(build) as (server, proxy, programs):
        path = programs.dir / "body"
        with open(path, "wb") as f:
            f.truncate(101 << 20)
        for more in (), ("-H", "Transfer-Encoding: chunked"), ("-H", "Expect:"):
            status, _, body = ask(proxy, "/digest", "--data-binary",
                                  f"@{path}", *more)
            check(status == 413 and b"TOO_LARGE" in body, f"{status} {body}")
        check(server.alive() and server.stats()["requests"] == [],
              "something was sent")
        same(ask(proxy, "/hello")[0], 200, "afterwards")


def headers_of_every_shape(build):
    for style in "express", "hono":
        with proxied(build, style=style) as (_, proxy, _programs):
            _, headers, body = ask(proxy, "/headers")
            same(body, b"headers", "body")
            for want in (("set-cookie", "a=1; Path=/"), ("set-cookie", "b=2"),
                         ("x-multi", "B1"), ("x-multi", "B2"), ("x-number", "7"),
                         ("x-latin", "caf\u00e9"), ("content-length", "7")):
                check(want in headers, f"no {want} in {headers}")
            for name in "transfer-encoding", "keep-alive":
                check(name not in dict(headers), f"{name} in {headers}")
            _, _, body = ask(
                proxy, "/seen?a=1&b=%20", "-H", "X-Mixed: Case", "-H", "X-Two: 1",
                "-H", "X-Two: 2", "-H", b"X-Latin: caf\xe9".decode("latin-1"),
                "-H", "Connection: X-Hop", "-H", "X-Hop: 1", "-H", "TE: trailers",
                "-H", "Cookie: a=1", "-H", "Cookie: b=2", "--data", "x")
            seen = json.loads(body)
            same(seen["url"], URL + "/seen?a=1&b=%20", "url")
            for name in ("content-length", "host", "connection", "x-hop", "te",
                         "transfer-encoding", "proxy-connection", "expect"):
                check(name not in seen["headers"], f"{name} was sent: {seen}")
            for name, value in (("x-mixed", "Case"), ("x-two", "1, 2"),
                                ("cookie", "a=1; b=2")):
                same(seen["headers"].get(name), value, name)


def a_hundred_requests_at_once(build):
    with proxied(build) as (server, proxy, _):
        answers = [None] * 100

        def one(i):
            answers[i] = ask(proxy, f"/slow/{(i * 7) % 300}")[::2]

        threads = [threading.Thread(target=one, args=(i,)) for i in range(100)]
        [t.start() for t in threads]
        [t.join() for t in threads]
        for i in range(100):
            same(answers[i], (200, str((i * 7) % 300).encode()), i)
        same(server.stats()["made"], 1, "sessions")


def every_oddity_of_answers(build):
    good = {"float-status": b"200 as a float", "double-status": b"200 as a double",
            "wide-status": b"200 in eight bytes", "open-map": b"open",
            "wide-map": b"wide", "unknown-keys": b"more", "null-body": b"",
            "undefined-body": b"", "no-body": b"", "no-status-text": b"x",
            "null-status-text": b"x", "empty-error": b"x",
            "untagged-body": b"\x01\x02\xff", "reason-beyond-latin": b"x",
            "reason-with-line-end": b"x"}
    bad = ("error", "bad-header-name", "header-with-line-end",
           "header-beyond-latin", "status-101", "status-100", "status-600",
           "status-999", "bignum", "deep", "cut", "no-status")
    with proxied(build, more="    answer-timeout: 5s\n") as (server, proxy, _):
        for name, body in good.items():
            same(ask(proxy, f"/odd/{name}")[::2], (200, body), name)
        for name in bad:
            status, headers, body = ask(proxy, f"/odd/{name}")
            same((name, status), (name, 502), body)
            check("set-cookie" not in dict(headers), headers)
        for n in 205, 304:
            same(ask(proxy, f"/odd/status-{n}-body")[::2], (n, b""), n)
        for name in "text-status", "no-headers":  # either way
            check(ask(proxy, f"/odd/{name}")[0] in (200, 502), name)
        nobodys = "other-id", "number-id", "self-described"
        with ThreadPoolExecutor(len(nobodys)) as pool:
            for name, answer in zip(nobodys, pool.map(
                    lambda n: ask(proxy, f"/odd/{n}"), nobodys)):
                same(answer[0], 504, name)
        same(ask(proxy, "/hello")[::2], (200, b"world"), "afterwards")
        same(server.stats()["made"], 1, "sessions")


def what_kills_their_clients_ends_one_session_at_most(build):
    with proxied(build) as (server, proxy, _):
        made = 1
        same(ask(proxy, "/hello")[0], 200, "before")
        for trick in ("announce-again", "plain", "unknown-type",
                      "unknown-socket", "sealed-garbage", "ping"):
            server.trick(trick)
            same(ask(proxy, "/session")[::2], (200, str(made).encode()), trick)
        for trick in ("bogus-enc", "short-nonce", "text-ciphertext", "not-cbor",
                      "rsv", "text", "oversize", "masked", "close",
                      "terminate"):
            server.trick(trick)
            wait_for(f"{trick}: it ends",
                     lambda: server.stats()["sessions"] == 0)
            made += 1
            same(ask(proxy, "/session")[::2], (200, str(made).encode()), trick)


def a_request_is_never_sent_twice(build):
    with proxied(build) as (server, proxy, _):
        for _ in range(3):
            status, _, body = ask(proxy, "/cut", "--data", "x")
            check(status == 502, f"{status} {body}")
        same(len([r for r in server.stats()["requests"] if r["url"] == URL + "/cut"]),
             3, "requests")


def an_answer_that_never_comes_is_a_504(build):
    with proxied(build, more="    answer-timeout: 5s\n") as (_, proxy, _p):
        status, _, body = ask(proxy, "/never")
        check(status == 504 and b"not sent again" in body, f"{status} {body}")
        same(ask(proxy, "/hello")[0], 200, "afterwards")


def a_server_that_comes_back_is_found_again(build):
    with proxied(build) as (server, proxy, _):
        same(ask(proxy, "/hello")[0], 200, "before")
        for _ in range(2):
            server.process.kill()
            status, _, body = ask(proxy, "/hello")
            check(status in (502, 503), f"{status} {body}")
            server.start()
            wait_for("it is found", lambda: ask(proxy, "/hello")[0] == 200)


def keys_change_in_the_middle(build):
    with proxied(build) as (server, proxy, _):
        results = []

        def load():
            for _ in range(60):
                results.append(ask(proxy, "/slow/20")[0])

        threads = [threading.Thread(target=load) for _ in range(4)]
        [t.start() for t in threads]
        for _ in range(3):
            time.sleep(0.3)
            server.trick("rotate")
            server.trick("terminate")
        [t.join() for t in threads]
        good = results.count(200)
        check(good >= 150 and set(results) <= {200, 502, 503},
              f"{good} of {len(results)}")
        same(ask(proxy, "/hello")[0], 200, "afterwards")


def a_server_that_waits_for_a_word_gets_one(build):
    with proxied(build, late=True) as (_, proxy, _p):
        same(ask(proxy, "/hello")[0], 200, "a request")


def heartbeats_are_answered(build):
    with proxied(build, heartbeat=2000) as (server, proxy, _):
        same(ask(proxy, "/session")[::2], (200, b"1"), "the session")
        wait_for("some are answered", lambda: server.stats()["pongs"] >= 3)
        same(ask(proxy, "/session")[::2], (200, b"1"), "the session")
        same(server.stats()["made"], 1, "sessions")


def the_status_says_what_the_protocol_leaves_open(build):
    with proxied(build) as (_, proxy, _p):
        same(ask(proxy, "/hello")[0], 200, "a request")
        state = json.loads(curl(proxy.url + "/status.json").stdout)
        service = state["services"][0]
        same((service["protocol"], [w["id"] for w in service["weaknesses"]]),
             ("teekit", ["W2", "W3", "W4", "W8", "W10", "W16"]), "status.json")
        page = curl(proxy.url + "/").stdout.decode()
        check("It speaks teekit" in page, "the page does not say it")


# --- attacks ------------------------------------------------------------------


def refused(build, status, word, tee="tdx", trusted=True, max_age="1h",
            **options):
    """A server that is bent as |options| say is refused with |word|, or one of
    several, and gets no key."""
    words = (word,) if isinstance(word, str) else word
    with Programs(build) as programs:
        server = teekit_peers.Server(programs, tee, **options)
        folder = {FOLDERS[tee]: server.sim_dir}
        with teekit_peers.Desk(programs, **folder) as desk:
            policy = desk.policy([server], max_age=max_age)
            if not trusted:
                policy.write_text("".join(
                    line for line in policy.read_text().splitlines(True)
                    if " root: " not in line))
            proxy = programs.proxy(policy)
            for _ in range(2):  # a failed verification leaves nothing half open
                code, _, body = ask(proxy, "/inc", "-H", "Authorization: secret")
                check(code == status and any(w in body.decode() for w in words),
                      f"{code} {body}")
        same(server.stats()["requests"], [], "what was sent")


def a_made_up_root_is_refused(build):
    # By its chain, or by the root's list if that comes first.
    refused(build, 502, ("BAD_CHAIN", "MISMATCH"), trusted=False)
    # Its own ASK and ARK come with it, as theirs believe them; or none do.
    refused(build, 502, "BAD_", tee="sev-snp", trusted=False)
    refused(build, 502, "BAD_", tee="sev-snp", trusted=False, certs=["vcek_cert"])


def a_quote_for_another_key_is_refused(build):
    refused(build, 502, "BAD_BINDING", bindTo="another")
    refused(build, 502, "BAD_BINDING", tee="sgx", bindTo="another")
    refused(build, 502, "BAD_BINDING", tee="sev-snp", bindTo="another")


def all_of_the_report_data_counts(build):
    refused(build, 502, "BAD_BINDING", tee="sgx", upperHalf=0xEE)


def an_old_quote_is_refused(build):
    hour_ago = int(time.time()) - 3700
    for form in "bytes", "text":
        refused(build, 502, "max-age", issued=hour_ago, issuedAs=form)
    refused(build, 502, "POLICY", issued=int(time.time()) + 3600)


def a_time_of_every_form_is_read(build):
    for form in "bytes", "text":
        with proxied(build, issuedAs=form) as (_, proxy, _p):
            same(ask(proxy, "/hello")[0], 200, form)


def an_announcement_that_cannot_be_is_refused(build):
    zeros = {str(i): 0 for i in range(32)}
    for announce in ({"x25519PublicKey": "text"}, {"quote": None},
                     {"x25519PublicKey": zeros}, {"verifier_data": None},
                     {"verifier_data": {"iat": "x"}}):
        with Programs(build) as programs:
            server = teekit_peers.Server(programs, announce=announce)
            with teekit_peers.Desk(programs, tdx=server.sim_dir) as desk:
                proxy = programs.proxy(desk.policy([server]))
                check(ask(proxy, "/hello")[0] == 502, announce)
            same(server.stats()["requests"], [], announce)


def ids_cannot_be_guessed(build):
    with proxied(build) as (server, proxy, _):
        for _ in range(20):
            same(ask(proxy, "/hello")[0], 200, "a request")
        ids = [r["id"] for r in server.stats()["requests"]]
        same(len({i[3:] for i in ids}), 20, "different ones")
        check(all(len(i) == 22 for i in ids), ids)


if __name__ == "__main__":
    if teekit_peers.install() is None:
        sys.exit(77)
    sys.exit(run_tests([
        requests_of_every_shape,
        bodies_of_every_kind,
        a_body_of_64_mib_goes_both_ways,
        too_large_a_body_is_refused_before_anything_is_sent,
        headers_of_every_shape,
        a_hundred_requests_at_once,
        every_oddity_of_answers,
        what_kills_their_clients_ends_one_session_at_most,
        a_request_is_never_sent_twice,
        an_answer_that_never_comes_is_a_504,
        a_server_that_comes_back_is_found_again,
        keys_change_in_the_middle,
        a_server_that_waits_for_a_word_gets_one,
        heartbeats_are_answered,
        the_status_says_what_the_protocol_leaves_open,
        a_made_up_root_is_refused,
        a_quote_for_another_key_is_refused,
        all_of_the_report_data_counts,
        an_old_quote_is_refused,
        a_time_of_every_form_is_read,
        an_announcement_that_cannot_be_is_refused,
        ids_cannot_be_guessed,
    ]))
