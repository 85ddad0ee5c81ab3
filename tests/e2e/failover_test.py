#!/usr/bin/python3
"""A server that dies: what had sent nothing goes elsewhere, what had begun fails
clearly and is not begun again."""

import concurrent.futures
import json
import signal
import sys
from contextlib import contextmanager
from pathlib import Path

from fleet_test import Backend, Load, policy_for, three, ups

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import (PATIENCE, Programs, check, curl,  # noqa: E402
                      run_tests, wait_for)
from tap import Tap  # noqa: E402


@contextmanager
def with_one_session(build):
    """A backend, three servers, the one of them that has a session, and a load
    that does not run: one may ask by it."""
    with Programs(build) as programs, Backend() as backend:
        servers = three(programs, backend)
        proxy = programs.proxy(policy_for(programs, servers), "--workers", "1")
        load = Load(proxy)
        check(load.ask(0, "/first") is None, proxy.tail())
        (server,) = (s for s in servers if ups([s]) > 0)
        yield backend, server, load


def streams(proxy):
    text = curl(f"{proxy.url}/status.json").stdout
    return json.loads(text)["totals"]["streams"]


def what_had_sent_nothing_goes_elsewhere(build):
    with with_one_session(build) as (backend, server, load), \
            concurrent.futures.ThreadPoolExecutor() as pool:
        server.process.send_signal(signal.SIGSTOP)  # it answers no more
        asked = [pool.submit(load.ask, i, f"/{i}") for i in range(4)]
        wait_for("all are under way", lambda: streams(load.proxy) == 5)
        check(not any(a.done() for a in asked), "an answer from nowhere")
        server.kill()
        answers = [a.result() for a in asked]
        check(answers == [None] * 4, f"{answers}\n{load.proxy.tail()}")
        for i in range(4):
            by = backend.seen[f"/{i}"]
            check(len(by) == 1 and by[0] != server.port, f"/{i} came by {by}")


def what_had_begun_fails_clearly_and_only_once(build):
    with with_one_session(build) as (backend, server, load), \
            concurrent.futures.ThreadPoolExecutor() as pool:
        backend.seconds = PATIENCE  # longer than anybody waits
        asked = [pool.submit(load.ask, i, f"/{i}") for i in range(4)]
        wait_for("all have begun", lambda: len(backend.seen) == 5)
        server.kill()
        for told in (a.result() for a in asked):
            check(told is not None and told.startswith("502 veritee; error="), told)
            check("CUT" in told, told)
        backend.seconds = 0
        check(load.ask(0, "/last") is None, load.proxy.tail())
        for path, by in backend.seen.items():
            check(len(by) == 1, f"{path} came by {by}")


@contextmanager
def with_one_endpoint(build):
    """A backend, what is between its one server and a proxy that has a session
    with it, and a load as above."""
    with Programs(build) as programs, Backend() as backend:
        server = three(programs, backend)[0]
        with Tap(server.port) as tap:
            url = f"ws://127.0.0.1:{tap.port}/__ra__"
            load = Load(programs.proxy(
                policy_for(programs, [server], [url]), "--workers", "1"))
            check(load.ask(0, "/first") is None, load.proxy.tail())
            tap.hold()  # what the server says
            yield backend, tap, load


def once_each(backend):
    check(all(len(by) == 1 for by in backend.seen.values()), f"{backend.seen}")


def a_safe_request_does_not_wait_for_its_target(build):
    """Where there is one endpoint, so that there is no other to go to."""
    with with_one_endpoint(build) as (backend, tap, load), \
            concurrent.futures.ThreadPoolExecutor() as pool:
        asked = [pool.submit(load.ask, i, f"/{i}") for i in (1, 2, 3)]
        wait_for("those that may have come",
                 lambda: {"/1", "/3"} <= set(backend.seen))
        check("/2" not in backend.seen, "POST did not wait")
        tap.let_go()
        check([a.result() for a in asked] == [None] * 3, load.proxy.tail())
        once_each(backend)


def what_was_sent_and_lost_is_not_sent_again(build):
    with with_one_endpoint(build) as (backend, tap, load), \
            concurrent.futures.ThreadPoolExecutor() as pool:
        asked = [pool.submit(load.ask, i, f"/{i}") for i in (1, 2)]
        wait_for("it has come", lambda: "/1" in backend.seen)
        wait_for("both are under way", lambda: streams(load.proxy) == 3)
        tap.cut()
        told, other = (a.result() for a in asked)
        check(told is not None and told.startswith("502 veritee; error="), told)
        check(other is None, other)  # it waited, and went by a new session
        once_each(backend)


if __name__ == "__main__":
    sys.exit(run_tests([
        what_had_sent_nothing_goes_elsewhere,
        what_had_begun_fails_clearly_and_only_once,
        a_safe_request_does_not_wait_for_its_target,
        what_was_sent_and_lost_is_not_sent_again,
    ]))
