#!/usr/bin/python3
"""Several workers in both programs: each does its part, and together they say
what one would say."""

import concurrent.futures
import contextlib
import http.client
import json
import re
import signal
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import (HOST, PATIENCE, Programs, check, run_tests,  # noqa: E402
                      wait_for)

REQUESTS = 24


def ask(port, target):
    """An answer on a connection of its own."""
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    c.request("GET", target)
    answer = c.getresponse()
    body = answer.read()
    c.close()
    return answer.status, body


def pair(programs, workers=3):
    server = programs.server("--workers", str(workers))
    policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                             server.sim_dir)
    return server, programs.proxy(policy, "--workers", str(workers))


def ask_many(proxy):
    with concurrent.futures.ThreadPoolExecutor(REQUESTS) as pool:
        answers = list(pool.map(lambda _: ask(proxy.port, f"http://{HOST}/"),
                                range(REQUESTS)))
    check(all(a[0] == 200 for a in answers), answers)


def each_worker_has_sessions_and_whoever_is_asked_knows_of_all(build):
    with Programs(build) as programs:
        server, proxy = pair(programs)
        ask_many(proxy)
        for asked in range(1, 9):  # by whichever worker accepts it
            now = json.loads(ask(proxy.port, "/status.json")[1])
            check(now["totals"]["streams"] == REQUESTS, now["totals"])
            check(now["totals"]["connections"] == REQUESTS + asked,
                  now["totals"])
            service = now["services"][0]
            check(2 <= len(service["sessions"]) <= 3, service["sessions"])
            check(service["state"] == "SIMULATED", service["state"])
            check(now["totals"]["sessions"] == len(service["sessions"]), now)
        peers = set(re.findall(r"session.up peer=(\S+)", server.logged()))
        check(len(peers) >= 2, "the server had one session")


def collateral_is_had_once_for_all(build):
    with Programs(build) as programs:
        _, proxy = pair(programs)
        ask_many(proxy)
        got = re.findall(r"collateral.got item=(\S+)", proxy.logged())
        check(len(got) == len(set(got)) > 0, got)


def counters_never_go_back(build):
    with Programs(build) as programs:
        _, proxy = pair(programs)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            load = [pool.submit(ask, proxy.port, f"http://{HOST}/bytes/100000")
                    for _ in range(60)]
            before = {}
            while not all(f.done() for f in load):
                text = ask(proxy.port, "/metrics")[1].decode()
                now = {k: int(v) for k, v in
                       re.findall(r"^(\w+_total(?:\{.*\})?) (\d+)$", text, re.M)}
                back = [k for k, v in before.items() if now[k] < v]
                check(not back, f"{back}")
                before = now
        check(before["veritee_streams_total"] > 0, before)


def a_policy_is_followed_by_all(build):
    with Programs(build) as programs:
        server = programs.server()
        policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                 server.sim_dir)
        proxy = programs.proxy(policy, "--workers", "3")
        ask_many(proxy)
        policy.write_text(policy.read_text().replace(HOST, "other.test", 1))
        proxy.process.send_signal(signal.SIGHUP)
        proxy.wait_log("policy.reloaded")
        codes = {ask(proxy.port, f"http://{HOST}/")[0] for _ in range(REQUESTS)}
        check(codes == {403}, codes)


def many_reloads_at_once_end_well(build):
    with Programs(build) as programs:
        _, proxy = pair(programs)
        for _ in range(50):
            proxy.process.send_signal(signal.SIGHUP)
            ask(proxy.port, f"http://{HOST}/")
        check(ask(proxy.port, f"http://{HOST}/")[0] == 200, "after them")


def is_refused(s):
    """Whether the server ended it; False while it waits for a request."""
    try:
        return s.recv(1, socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def limits_are_for_all_workers_together(build):
    with Programs(build) as programs:
        server = programs.server("--workers", "4", "--limit", "peer-pending=2")
        held = []
        for _ in range(12):
            s = socket.socket()
            with contextlib.suppress(ConnectionError):
                s.connect(("127.0.0.1", server.port))
                held.append(s)

        def all_refused():
            nonlocal held
            held = [s for s in held if not is_refused(s)]
            return len(held) <= 12 - 10

        wait_for("10 of 12 are refused", all_refused)
        check(len(held) == 2, f"{len(held)} are let in")


if __name__ == "__main__":
    sys.exit(run_tests([
        each_worker_has_sessions_and_whoever_is_asked_knows_of_all,
        collateral_is_had_once_for_all,
        counters_never_go_back,
        a_policy_is_followed_by_all,
        many_reloads_at_once_end_well,
        limits_are_for_all_workers_together,
    ]))
