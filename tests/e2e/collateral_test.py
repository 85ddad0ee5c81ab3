#!/usr/bin/python3
"""Collateral that the proxy fetches by itself, over HTTPS, from a PCS or PCCS."""

import calendar
import json
import re
import shutil
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from pcs_server import PcsServer, serve_kds  # noqa: E402
from programs import (HOST, Programs, check, curl, run_tests,  # noqa: E402
                      wait_for)


def ask(proxy):
    r = curl("-x", proxy.url, "-H", "Accept: application/json", "-w",
             "\n%{http_code}", f"http://{HOST}/echo", "-d", "hello")
    body, code = r.stdout.decode().rsplit("\n", 1)
    return code, body


def begin(programs, kind, more="", server=None):
    """A server that staples nothing, its files at a PCS, a policy to match."""
    if server is None:
        server = programs.server("--simulate-fault", "no-staple")
    scratch = programs.dir / "pcs"
    scratch.mkdir()
    pcs = PcsServer({"tdx": server.sim_dir}, scratch)
    policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                             server.sim_dir)
    source = f'{{ kind: {kind}, url: "{pcs.url}", ca-file: "{pcs.ca_file}" }}'
    text = policy.read_text().replace(
        "sources: [ stapled ]",
        f"sources: [ store, stapled, {source} ]{more}")
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
                once = pcs.count("tcb") - pcs.count("tcb-early")
                check(once == 1, f"{once} fetches")
                proxy.stop()
            # The source is gone: a new proxy lives on what the first one kept.
            proxy = programs.proxy(policy)
            code, body = ask(proxy)
            check(code == "200" and "hello" in body, f"{code} {body}")


def direct_connections(proxy):
    text = curl(f"{proxy.url}/metrics").stdout.decode()
    return int(re.search(r"^veritee_direct_total (\d+)$", text, re.M).group(1))


def a_source_is_reached_through_the_proxy_that_it_names(build):
    with Programs(build) as programs:
        pcs, policy = begin(programs, "pcs")
        open_policy = programs.dir / "open.yaml"
        open_policy.write_text('listen: [ "127.0.0.1:0" ]\ndefault: direct\n')
        with pcs:
            outer = programs.proxy(open_policy)
            text = policy.read_text()
            named = f'ca-file: "{pcs.ca_file}"'
            check(named in text, text)
            policy.write_text(text.replace(
                named, f'{named}, proxy: "{outer.url}"'))
            proxy = programs.proxy(policy)
            code, body = ask(proxy)
            check(code == "200", f"{code} {body}")
            check(0 < direct_connections(outer), "nothing went through it")
            proxy.stop()
            # Without it the source is out of reach: nothing goes around it.
            outer.stop()
            shutil.rmtree(programs.dir / "cache")
            asked = pcs.count("all")
            proxy = programs.proxy(policy)
            code, body = ask(proxy)
            check(code in ("502", "503"), f"{code} {body}")
            check(pcs.count("all") == asked, "it was asked without the proxy")


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


def a_source_that_is_not_reached_is_not_taken_for_the_server(build):
    with Programs(build) as programs:
        pcs, policy = begin(programs, "pccs")
        with pcs:
            pass  # which is gone from now on
        code, body = ask(programs.proxy(policy))
        answer = json.loads(body)
        check(code == "503" and answer["status"] == "NO_COLLATERAL", body)
        check(answer["class"] == "collateral" and pcs.url in answer["found"], body)


def publish(programs, sim_dir, name, fault):
    """What the maker of |sim_dir| publishes once |fault| is true of it."""
    folder = programs.dir / name
    folder.mkdir()
    shutil.copy(sim_dir / "simulation.keys", folder)
    programs.server("--simulate-fault", fault, sim_dir=folder).stop()
    return folder


def status(proxy):
    return json.loads(curl(f"{proxy.url}/status.json").stdout)


REFRESH = 10


def wait_until_refused(proxy):
    """Wait until the session is over; why it is."""
    def service():
        return status(proxy)["services"][0]

    wait_for("the session is over", lambda: not service()["sessions"])
    wait_for("it is refused", lambda: service()["state"] == "refused")
    return service()["failure"]


def a_revocation_ends_the_session_within_the_refresh_period(build):
    with Programs(build) as programs:
        pcs, policy = begin(programs, "pcs", f", refresh: {REFRESH}s")
        with pcs:
            proxy = programs.proxy(policy)
            code, body = ask(proxy)
            check(code == "200", f"{code} {body}")
            check(status(proxy)["services"][0]["state"] == "SIMULATED", "state")
            revoked = publish(programs, programs.children[0].sim_dir, "revoked",
                              "revoked-pck")
            pcs.fault("pckcrl", "folder", revoked)
            fetches = pcs.count("pckcrl")
            wait_for("the list is fetched again",
                     lambda: pcs.count("pckcrl") > fetches)
            reason = wait_until_refused(proxy)
            check(reason["status"] == "REVOKED", f"{reason}")
            check(reason["field"] == "pck_chain.leaf.serial", f"{reason}")
            told = programs.start("veritee", "status", "--proxy",
                                  f"127.0.0.1:{proxy.port}")
            told.wait_line("reason .* is on the list pck_crl")
            code, body = ask(proxy)
            check(code in ("502", "503"), f"{code} {body}")
            check(json.loads(body)["status"] == "REVOKED", body)


def forecast_of(proxy):
    return status(proxy)["services"][0]["forecast"]


def a_tcb_recovery_is_foreseen_before_it_breaks_the_service(build):
    with Programs(build) as programs:
        pcs, policy = begin(programs, "pcs", f", refresh: {REFRESH}s")
        sim_dir = programs.children[0].sim_dir
        with pcs:
            proxy = programs.proxy(policy)
            code, body = ask(proxy)
            check(code == "200", f"{code} {body}")
            wait_for("a forecast", lambda: forecast_of(proxy))
            check(forecast_of(proxy)["outlook"] == "holds", forecast_of(proxy))

            # Intel publishes a recovery: early, the standard stays.
            coming = publish(programs, sim_dir, "coming", "tcb-recovery")
            # Each at once: it is read meanwhile.
            shutil.copytree(coming, sim_dir / "early.new")
            (sim_dir / "early.new").rename(sim_dir / "early")
            shutil.copy(coming / "tcb_numbers.json", sim_dir / "numbers.new")
            (sim_dir / "numbers.new").rename(sim_dir / "tcb_numbers.json")
            # TCB info and QE identity are fetched one by one.
            wait_for("a break is foreseen", lambda: (forecast_of(proxy) or {})
                     .get("early_evaluation_number") == 19)
            f = forecast_of(proxy)
            check((f["outlook"], f["status"]) == ("breaks", "POLICY"), f)
            check(f["early_tcb_status"] == "OutOfDate", f)
            check(f["new_advisories"] == ["INTEL-SA-00002"], f)
            check((f["evaluation_number"], f["early_evaluation_number"]) == (18, 19), f)
            check(f["public_since"] is not None and f["advice"], f)
            told = programs.start("veritee", "status", "--proxy",
                                  f"127.0.0.1:{proxy.port}")
            told.wait_line("forecast +breaks")
            told.wait_line("INTEL-SA-00002")
            code, body = ask(proxy)
            check(code == "200", f"nothing is judged by it yet: {code} {body}")

            # It becomes the standard: what was foreseen happens.
            pcs.fault("tcb", "folder", coming)
            reason = wait_until_refused(proxy)
            check(reason["status"] == f["status"], f"{reason} {f}")


def no_forecast_is_made_where_the_policy_says_so(build):
    with Programs(build) as programs:
        pcs, policy = begin(programs, "pcs", ", forecast: false")
        with pcs:
            proxy = programs.proxy(policy)
            code, body = ask(proxy)
            check(code == "200", f"{code} {body}")
            time.sleep(1)
            check(forecast_of(proxy) is None, forecast_of(proxy))
            check(pcs.count("tcb-early") == 0, "it was asked for")


SNP = ("--simulate-tee", "sev-snp")


def what_sev_snp_lacks_is_fetched_from_a_kds(build):
    with Programs(build) as programs:
        server = programs.server(*SNP, "--simulate-fault", "no-vcek")
        scratch = programs.dir / "kds"
        scratch.mkdir()
        serve_kds(server.sim_dir)
        policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                 server.sim_dir)
        with PcsServer({"snp": server.sim_dir}, scratch) as kds:
            source = f'{{ kind: kds, url: "{kds.url}", ca-file: "{kds.ca_file}" }}'
            policy.write_text(policy.read_text().replace(
                "sources: [ stapled ]",
                f"sources: [ store, {source} ], refresh: {REFRESH}s"))
            proxy = programs.proxy(policy)
            code, body = ask(proxy)
            check(code == "200", f"{code} {body}")
            claims = status(proxy)["services"][0]["attestation"]["claims"]
            check(claims["snp"]["revocation_checked"], claims)
            check(kds.count("vcek") == 1, f"{kds.count('vcek')} fetches")

            revoked = programs.dir / "revoked"
            revoked.mkdir()
            shutil.copy(server.sim_dir / "simulation.keys", revoked)
            programs.server(*SNP, "--simulate-fault", "revoked-vcek",
                            sim_dir=revoked).stop()
            kds.fault("arkcrl", "folder", revoked)
            reason = wait_until_refused(proxy)
            check((reason["status"], reason["field"])
                  == ("REVOKED", "endorsement.serial"), reason)
            check(kds.count("vcek") == 1, "the certificate was fetched again")


def with_the_server_down_all_goes_on_to_the_last_second_and_no_longer(build):
    with Programs(build) as programs:
        server = programs.server("--simulate-fault", "no-staple")
        brief = publish(programs, server.sim_dir, "brief", "brief-tcb-info")
        info = json.loads((brief / "tcb_info.json").read_bytes())["tcbInfo"]
        last = calendar.timegm(
            time.strptime(info["nextUpdate"], "%Y-%m-%dT%H:%M:%SZ"))
        pcs, policy = begin(programs, "pcs", server=server)
        with pcs:
            pcs.fault("tcb", "folder", brief)
            proxy = programs.proxy(policy)
            code, body = ask(proxy)
            check(code == "200", f"{code} {body}")
            pcs.clear()
            pcs.fault("all", "drop")
            served = refused = 0
            while refused < 3:
                before = time.time()
                code, body = ask(proxy)
                after = time.time()
                # Times are whole seconds: the last one ends where the next
                # begins.
                if after < last + 1:
                    check(code == "200", f"{last - after} s before: {code} {body}")
                    served += 1
                if before >= last + 1:
                    check(code in ("502", "503"), f"{before - last} s after: {code}")
                    check(json.loads(body)["class"] in ("collateral", "network"),
                          body)
                    refused += 1
                time.sleep(0.1)
            check(served > 0, "nothing was asked in time")


if __name__ == "__main__":
    sys.exit(run_tests([
        what_the_server_does_not_staple_is_fetched_once,
        a_source_is_reached_through_the_proxy_that_it_names,
        a_failed_fetch_says_which_url_what_and_for_what,
        a_source_that_is_not_reached_is_not_taken_for_the_server,
        a_revocation_ends_the_session_within_the_refresh_period,
        what_sev_snp_lacks_is_fetched_from_a_kds,
        a_tcb_recovery_is_foreseen_before_it_breaks_the_service,
        no_forecast_is_made_where_the_policy_says_so,
        with_the_server_down_all_goes_on_to_the_last_second_and_no_longer,
    ]))
