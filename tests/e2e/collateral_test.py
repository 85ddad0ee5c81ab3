#!/usr/bin/python3
"""Collateral that the proxy fetches by itself, over HTTPS, from a PCS or PCCS."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from pcs_server import PcsServer  # noqa: E402
from programs import HOST, Programs, check, curl, run_tests  # noqa: E402


def ask(proxy):
    r = curl("-x", proxy.url, "-H", "Accept: application/json", "-w",
             "\n%{http_code}", f"http://{HOST}/echo", "-d", "hello")
    body, code = r.stdout.decode().rsplit("\n", 1)
    return code, body


def begin(programs, kind):
    """A server that staples nothing, its files at a PCS, a policy to match."""
    server = programs.server("--simulate-fault", "no-staple")
    scratch = programs.dir / "pcs"
    scratch.mkdir()
    pcs = PcsServer({"tdx": server.sim_dir}, scratch)
    policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                             server.sim_dir)
    source = f'{{ kind: {kind}, url: "{pcs.url}", ca-file: "{pcs.ca_file}" }}'
    text = policy.read_text().replace(
        "sources: [ stapled ]", f"sources: [ store, stapled, {source} ]")
    policy.write_text(text)
    return pcs, policy


def what_the_server_does_not_staple_is_fetched_once(build):
    for kind in ("pcs", "pccs"):
        with Programs(build) as programs:
            pcs, policy = begin(programs, kind)
            with pcs:
                proxy = programs.proxy(policy)
                code, body = ask(proxy)
                check(code == "200" and "hello" in body, f"{code} {body}")
                check(pcs.count("tcb") == 1, f"{pcs.count('tcb')} fetches")
                proxy.stop()
            # The source is gone: a new proxy lives on what the first one kept.
            proxy = programs.proxy(policy)
            code, body = ask(proxy)
            check(code == "200" and "hello" in body, f"{code} {body}")


def a_failed_fetch_says_which_url_what_and_for_what(build):
    with Programs(build) as programs:
        pcs, policy = begin(programs, "pccs")
        with pcs:
            pcs.fault("tcb", "status", "404")
            code, body = ask(programs.proxy(policy))
            answer = json.loads(body)
            check(code in ("502", "503"), f"{code} {body}")
            for word in (pcs.url, "404", "fmspc"):
                check(word.lower() in answer["found"].lower(), f"no {word}: {answer}")


if __name__ == "__main__":
    sys.exit(run_tests([
        what_the_server_does_not_staple_is_fetched_once,
        a_failed_fetch_says_which_url_what_and_for_what,
    ]))
