#!/usr/bin/python3
"""veriteed fetches the collateral of its own quotes and staples it, so that
clients need no network; it follows what is published, keeps what it has while
its sources are down, and serves without."""

import re
import shutil
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from pcs_server import PcsServer, serve_kds  # noqa: E402
from programs import (HOST, Programs, check, curl, run_tests,  # noqa: E402
                      wait_for)


class Bench:
    """A server whose quotes a command makes, and a PCS that serves copies of
    what the maker of its platform publishes."""

    def __init__(self, programs, tee="tdx", fault=""):
        self.programs, self.tee = programs, tee
        self.sim = programs.dir / "sim"
        self.script = programs.dir / "quote.sh"
        self.script.write_text(
            f"#!/bin/sh\nexec {programs.bin}/fake_platform command - {self.sim} "
            f"{tee} {fault}\n")
        self.script.chmod(0o700)
        self.published = programs.dir / "published"
        # One start without clients makes the files.
        self.publish("sim")
        shutil.copytree(self.sim, self.published)
        if tee == "sev-snp":
            serve_kds(self.published)
        scratch = programs.dir / "pcs"
        scratch.mkdir()
        served = "snp" if tee == "sev-snp" else tee
        self.pcs = PcsServer({served: self.published}, scratch)
        self.clients = 0

    def publish(self, name, *more):
        """A folder of what that maker publishes now."""
        folder = self.programs.dir / name
        folder.mkdir()
        if name != "sim":
            shutil.copy(self.sim / "simulation.keys", folder)
        self.programs.server("--simulate-tee", self.tee, *more,
                             sim_dir=folder).stop()
        return folder

    def server(self, kind, *more):
        source = f"{kind}:{self.pcs.url},ca={self.pcs.ca_file}"
        child = self.programs.start(
            "veriteed", "--listen", "127.0.0.1:0", "--demo", "--quote-source",
            f"command:{self.script}", "--staple", source, "--staple-root",
            self.published / "root.pem", *more)
        child.port = int(child.wait_line(r"^ready: .*:(\d+)$").group(1))
        return child

    def ask(self, server):
        """What a new client hears that takes only what is stapled."""
        return answer_of(self.client(server))

    def client(self, server, sources="stapled"):
        self.clients += 1
        policy = self.programs.policy(
            [f"ws://127.0.0.1:{server.port}/__ra__"], self.published,
            (self.published / "accept.yaml").read_text())
        policy.write_text(policy.read_text().replace(
            "/cache,", f"/cache{self.clients},").replace(
            "[ stapled ]", f"[ {sources} ]"))
        return self.programs.proxy(policy)


def answer_of(proxy):
    r = curl("-x", proxy.url, "-w", "\n%{http_code}", "-H",
             "Accept: application/json", f"http://{HOST}/echo", "-d", "hello")
    return r.stdout.decode()


def staple_figures(watch):
    """What /metrics says of what is stapled."""
    text = curl(f"http://{watch}/metrics").stdout.decode()
    return tuple(
        int(re.search(rf"^veriteed_{name} (\d+)$", text, re.M).group(1))
        for name in ("stapled", "stapled_expiry_timestamp_seconds",
                     "staple_failing"))


def what_is_stapled_is_enough_for_a_client(build):
    for tee, kind in (("tdx", "pcs"), ("tdx", "pccs"), ("sgx", "pcs")):
        with Programs(build) as programs:
            bench = Bench(programs, tee)
            with bench.pcs:
                server = bench.server(kind)
                server.wait_log("staple.set")
                answer = bench.ask(server)
                check(answer.endswith("hello\n200"), answer)
                check("taken_back" not in server.tail(), server.tail())


def sev_snp_gets_its_list_and_the_certificate_it_lacks(build):
    for fault in ("", "no-certs"):
        with Programs(build) as programs:
            bench = Bench(programs, "sev-snp", fault)
            with bench.pcs:
                server = bench.server("kds")
                server.wait_log("staple.set")
                # A list is required unless a policy says otherwise.
                answer = bench.ask(server)
                check(answer.endswith("hello\n200"), answer)
                asked = bench.pcs.count("vcek")
                check((asked > 0) == (fault == "no-certs"), f"{asked} asked")


def a_newer_set_is_followed(build):
    with Programs(build) as programs:
        bench = Bench(programs)
        with bench.pcs:
            server = bench.server("pcs", "--staple-seconds", "2")
            server.wait_log("staple.set")
            answer = bench.ask(server)
            check(answer.endswith("hello\n200"), answer)
            revoked = bench.publish("revoked", "--simulate-fault", "revoked-pck")
            bench.pcs.fault("pckcrl", "folder", revoked)
            # What was asked for before that may be set once more.
            wait_for("it is followed", lambda: "REVOKED" in bench.ask(server))


def an_old_set_that_is_stapled_hides_nothing_for_long(build):
    with Programs(build) as programs:
        bench = Bench(programs)
        with bench.pcs:
            server = bench.server("pcs")
            server.wait_log("staple.set")
            revoked = bench.publish("revoked", "--simulate-fault", "revoked-pck")
            bench.pcs.fault("pckcrl", "folder", revoked)
            own = (f'stapled, {{ kind: pcs, url: "{bench.pcs.url}", '
                   f'ca-file: "{bench.pcs.ca_file}" }}')
            proxy = bench.client(server, own)
            # What is stapled is good, and nobody is kept waiting for more.
            answer = answer_of(proxy)
            check(answer.endswith("hello\n200"), answer)
            proxy.wait_log("REVOKED")
            answer = answer_of(proxy)
            check("REVOKED" in answer, answer)


def a_source_that_is_down_costs_nothing_that_is_held(build):
    with Programs(build) as programs:
        bench = Bench(programs)
        cache = programs.dir / "staple-cache"
        with bench.pcs:
            server = bench.server("pcs", "--staple-seconds", "2",
                                  "--staple-cache", cache)
            server.wait_log("staple.set")
            bench.pcs.fault("all", "status", "500")
            server.wait_log("HTTP 500")
            answer = bench.ask(server)
            check(answer.endswith("hello\n200"), answer)
        # The next start has nobody to ask, and needs nobody.
        again = bench.server("pcs", "--staple-cache", cache)
        again.wait_log("staple.set")
        answer = bench.ask(again)
        check(answer.endswith("hello\n200"), answer)


def without_a_source_it_serves_and_says_why_it_staples_nothing(build):
    with Programs(build) as programs:
        bench = Bench(programs)
        with bench.pcs:
            bench.pcs.fault("tcb", "status", "404")
            server = bench.server("pcs", "--metrics", "127.0.0.1:0")
            watch = server.wait_line(r"^metrics: (.*)$").group(1)
            server.wait_log("staple.failed")
            check(staple_figures(watch) == (0, 0, 1), staple_figures(watch))
            answer = bench.ask(server)
            # All items are missing: the first is named.
            check("tcb_info" in answer and "hello" not in answer, answer)
            # It is asked again, and then all is well.
            bench.pcs.clear()
            server.wait_log("staple.set")
            stapled, until, failing = staple_figures(watch)
            check((stapled, failing) == (1, 0), f"{stapled} {failing}")
            check(until > time.time(), f"until {until}")
            answer = bench.ask(server)
            check(answer.endswith("hello\n200"), answer)


if __name__ == "__main__":
    sys.exit(run_tests([
        what_is_stapled_is_enough_for_a_client,
        sev_snp_gets_its_list_and_the_certificate_it_lacks,
        a_newer_set_is_followed,
        an_old_set_that_is_stapled_hides_nothing_for_long,
        a_source_that_is_down_costs_nothing_that_is_held,
        without_a_source_it_serves_and_says_why_it_staples_nothing,
    ]))
