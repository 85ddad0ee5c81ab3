#!/usr/bin/python3
"""veriteed on a platform's interface: its quotes reach the client and are
accepted; what fails there is said, and costs nobody what was quoted before."""

import os
import sys
from pathlib import Path
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from pcs_server import PcsServer  # noqa: E402
from programs import HOST, PATIENCE, Programs, check, curl, run_tests  # noqa: E402


def platform(programs, kind, tee, fault="", sim=None):
    """A fake platform that stands ready; has .tree and .sim_dir."""
    tree = programs.dir / f"tree{len(programs.children)}"
    tree.mkdir()
    sim = sim or programs.dir / f"sim-{tee}"
    child = programs.start("fake_platform", kind, tree, sim, tee, fault)
    child.expected = (-15, -9)
    child.tree, child.sim_dir = tree, sim
    child.wait_line("^ready$")
    return child


def script(programs, body):
    path = programs.dir / "quote.sh"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o700)
    return path


def server(programs, source, *more):
    child = programs.start("veriteed", "--listen", "127.0.0.1:0", "--demo",
                           "--quote-source", source, *more)
    line = child.wait_line(r"^ready: (.*):(\d+)$")
    check("SIMULATED" not in line.group(1), line.group(0))
    child.port = int(line.group(2))
    return child


def proxy_for(programs, port, sim_dir, tee, more="", pcs=None):
    """Nobody staples anything: |pcs| has Intel's collateral, nobody AMD's list."""
    accept = (sim_dir / "accept.yaml").read_text() + more
    if tee == "sev-snp":
        accept += "  revocation: optional\n"
    policy = programs.policy([f"ws://127.0.0.1:{port}/__ra__"], sim_dir, accept)
    if pcs is not None:
        where = f'{{ kind: pcs, url: "{pcs.url}", ca-file: "{pcs.ca_file}" }}'
        policy.write_text(policy.read_text().replace(
            "sources: [ stapled ]", f"sources: [ {where} ]"))
    return programs.proxy(policy)


def code_and_body(proxy):
    r = curl("-x", proxy.url, "-w", "\n%{http_code}", f"http://{HOST}/echo",
             "-d", "hello")
    return r.stdout.decode()


def sev_snp_from_configfs(build):
    for fresh in ("", "  freshness: epoch\n  max-age: 1h\n"):
        with Programs(build) as programs:
            kernel = platform(programs, "tsm", "sev-snp")
            at = server(programs, f"configfs-tsm:{kernel.tree}")
            proxy = proxy_for(programs, at.port, kernel.sim_dir, "sev-snp", fresh)
            answer = code_and_body(proxy)
            check(answer.endswith("hello\n200"), answer)


def a_command_knows_a_few_words_of_our_environment(build):
    with Programs(build) as programs:
        kernel = platform(programs, "tsm", "sev-snp")
        seen = programs.dir / "environment"
        path = script(programs, f"env -0 >{seen}\n"
                      f"exec {programs.bin}/fake_platform command - "
                      f"{kernel.sim_dir} sev-snp")
        given = {"PATH": os.environ["PATH"], "TZ": "UTC", "LANG": "C",
                 "QUOTE_SOCKET": "/run/quotes", "API_TOKEN": "secret",
                 "PATHS": "secret", "MY_QUOTE_": "secret", "HOMER": "secret"}
        with patch.dict(os.environ, given):
            os.environ.pop("TMPDIR", None)
            server(programs, f"command:{path}")
        text = seen.read_text()
        names = {line.split("=")[0] for line in text.split("\0") if line}
        check({"PATH", "TZ", "LANG", "QUOTE_SOCKET"} <= names, f"{names}")
        # What a shell sets by itself is its own.
        names -= {"PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "TZ", "PWD",
                  "OLDPWD", "SHLVL", "_", "QUOTE_SOCKET"}
        check(not names and "secret" not in text, f"{names}")


def a_command_for_sev_snp(build):
    with Programs(build) as programs:
        sim = programs.dir / "sim"
        path = script(programs, f"exec {programs.bin}/fake_platform command - "
                      f"{sim} sev-snp")
        at = server(programs, f"command:{path}")
        proxy = proxy_for(programs, at.port, sim, "sev-snp")
        answer = code_and_body(proxy)
        check(answer.endswith("hello\n200"), answer)


def intel_quotes_and_fetched_collateral(build):
    for kind, tee, source in (("tsm", "tdx", "configfs-tsm"),
                              ("gramine", "sgx", "gramine")):
        with Programs(build) as programs:
            made = platform(programs, kind, tee)
            at = server(programs, f"{source}:{made.tree}")
            scratch = programs.dir / "pcs"
            scratch.mkdir()
            with PcsServer({tee: made.sim_dir}, scratch) as pcs:
                proxy = proxy_for(programs, at.port, made.sim_dir, tee, pcs=pcs)
                answer = code_and_body(proxy)
                check(answer.endswith("hello\n200"), answer)


def a_source_that_fails_at_the_start_is_said(build):
    with Programs(build) as programs:
        child = programs.start("veriteed", "--listen", "127.0.0.1:0", "--demo",
                               "--quote-source", "gramine:/nowhere")
        child.expected = (1,)
        code = child.process.wait(PATIENCE)
        check(code == 1 and "/nowhere/attestation_type" in child.tail(),
              child.tail())


def health(server):
    """What a balancer is told."""
    return curl("-o", "/dev/null", "-w", "%{http_code}",
                f"http://127.0.0.1:{server.port}/healthz").stdout.decode()


def a_failing_source_keeps_the_epoch_until_its_age(build):
    fresh = "  freshness: epoch\n  max-age: 1h\n"
    with Programs(build) as programs:
        sim, scratch = programs.dir / "sim", programs.dir / "pcs"
        scratch.mkdir()
        broken = programs.dir / "broken"
        path = script(programs, f"test -e {broken} && echo no device >&2 && exit 7\n"
                      f"exec {programs.bin}/fake_platform command - {sim} tdx")
        at = server(programs, f"command:{path}", "--epoch-seconds", "4")
        with PcsServer({"tdx": sim}, scratch) as pcs:
            proxy = proxy_for(programs, at.port, sim, "tdx", fresh, pcs)
            check(health(at) == "200", "while all is well")
            broken.touch()
            at.wait_log("quote.failed")
            check("ended with status 7: no device" in at.logged(), at.tail())
            answer = code_and_body(proxy)
            check(answer.endswith("hello\n200"), answer)
            at.wait_log("keys.too_old")
            check(health(at) == "503", "without a key")
            late = proxy_for(programs, at.port, sim, "tdx", fresh, pcs)
            answer = code_and_body(late)
            check(not answer.endswith("200"), answer)
        made = at.told("keys.epoch")
        broken.unlink()
        at.wait_log("keys.epoch", made + 1)
        check(health(at) == "200", "with a new key")


def the_version_says_which_sources_there_are(build):
    with Programs(build) as programs:
        child = programs.start("veriteed", "--version")
        child.wait_line("^quote sources: configfs-tsm, gramine, command, "
                        r"simulated \(--simulate\)$")
        child.process.wait(PATIENCE)


if __name__ == "__main__":
    sys.exit(run_tests([
        sev_snp_from_configfs,
        a_command_for_sev_snp,
        a_command_knows_a_few_words_of_our_environment,
        intel_quotes_and_fetched_collateral,
        a_source_that_fails_at_the_start_is_said,
        a_failing_source_keeps_the_epoch_until_its_age,
        the_version_says_which_sources_there_are,
    ]))
