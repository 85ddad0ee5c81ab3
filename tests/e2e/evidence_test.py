#!/usr/bin/python3
"""No evidence that fails lets a byte through: not first, not on reconnect.

For every kind of bad evidence the backend behind the server counts nothing,
and the client gets 502 or 503 with a reason that names the check."""

import json
import sys
import tempfile
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from mitm import Mitm  # noqa: E402
from ports import free_port  # noqa: E402
from programs import (HOST, PATIENCE, Programs, check, curl,  # noqa: E402
                      run_tests)

# What the server does wrong: the status and the field that the reason names.
# Items of collateral are looked at side by side: where all are bad, any may be
# named, and the field is None. Under a foreign root a chain ends at the wrong
# root, and the root's own list has another issuer, or its key did not sign it.
FOREIGN_ROOT = ("BAD_CHAIN|MISMATCH|BAD_SIGNATURE", None)
FAULTS = {
    "debug": ("POLICY", "accept.debug"),
    "wrong-measurement": ("POLICY", "accept.mrtd"),
    "revoked-pck": ("REVOKED", "pck_chain.leaf.serial"),
    "revoked-pck-ca": ("REVOKED", "pck_crl_chain.ca.serial"),
    "revoked-tcb-signing": ("REVOKED", "tcb_info_chain.leaf.serial"),
    "expired-tcb-info": ("EXPIRED", "tcb_info"),
    "future-tcb-info": ("NOT_YET", "tcb_info"),
    "expired-qe-identity": ("EXPIRED", "qe_identity"),
    "expired-pck-crl": ("EXPIRED", "pck_crl"),
    "expired-root-crl": ("EXPIRED", "root_ca_crl"),
    "missing-pck-crl": ("NO_COLLATERAL", "pck_crl"),
    "missing-root-crl": ("NO_COLLATERAL", "root_ca_crl"),
    "missing-tcb-info": ("NO_COLLATERAL", "tcb_info"),
    "out-of-date": ("POLICY", "accept.tcb.status"),
    "tcb-recovery": ("POLICY", "accept.tcb.status"),
    "revoked-tcb": ("REVOKED", "tcb_status"),
    "unknown-tcb": ("TCB_UNKNOWN", "tcb_info.tcb_levels"),
    "unknown-root": FOREIGN_ROOT,
    "wrong-fmspc": ("MISMATCH", "tcb_info"),
    "wrong-key": ("BAD_BINDING", "quote.report_data"),
    "wrong-challenge": ("BAD_BINDING", "quote.report_data"),
    "flip-quote-signature": ("BAD_SIGNATURE", "quote.auth.signature"),
    "flip-quote-body": ("BAD_SIGNATURE", "quote.auth.signature"),
    "flip-qe-report": ("BAD_SIGNATURE", "quote.auth.qe_signature"),
    "flip-qe-signature": ("BAD_SIGNATURE", "quote.auth.qe_signature"),
    "flip-tcb-info": ("BAD_SIGNATURE", "tcb_info"),
    "flip-qe-identity": ("BAD_SIGNATURE", "qe_identity"),
    "flip-pck": ("BAD_SIGNATURE", "pck_chain.leaf.signature"),
    "wrong-qe": ("MISMATCH", "qe_report.mr_signer"),
    "no-quote": ("BAD_FIELD", "server_kx.quote"),
    "no-staple": ("NO_COLLATERAL", None),
}


# The same for SEV-SNP.
SNP_FAULTS = {
    "debug": ("POLICY", "accept.debug"),
    "wrong-measurement": ("POLICY", "accept.measurement"),
    "wrong-vmpl": ("POLICY", "accept.vmpl"),
    "wrong-chip": ("MISMATCH", "report.chip_id"),
    "wrong-processor": ("MISMATCH", "report.cpuid"),
    "tcb-above": ("MISMATCH", "report.reported_tcb"),
    "tcb-uncommitted": ("MISMATCH", "report.reported_tcb"),
    "tcb-old": ("POLICY", "accept.tcb.snp"),
    "revoked-vcek": ("REVOKED", "endorsement.serial"),
    "revoked-ask": ("REVOKED", "ask.serial"),
    "expired-vcek": ("EXPIRED", "endorsement.validity"),
    "expired-ark-crl": ("POLICY", "accept.revocation"),
    "flip-ark-crl": ("POLICY", "accept.revocation"),
    "no-staple": ("POLICY", "accept.revocation"),
    "no-vcek": ("NO_COLLATERAL", None),
    "flip-vcek": ("BAD_SIGNATURE", "endorsement.signature"),
    "flip-quote-body": ("BAD_SIGNATURE", "report.signature"),
    "flip-quote-signature": ("BAD_SIGNATURE", "report.signature"),
    "unknown-root": ("BAD_SIGNATURE", "endorsement.signature"),
    "wrong-key": ("BAD_BINDING", "quote.report_data"),
    "wrong-challenge": ("BAD_BINDING", "quote.report_data"),
    "no-quote": ("BAD_FIELD", "server_kx.quote"),
}
SNP = ("--simulate-tee", "sev-snp")


def seen_by_backend(server):
    url = f"http://127.0.0.1:{server.demo_port}/count"
    return json.loads(urllib.request.urlopen(url, timeout=PATIENCE).read())


def refused(proxy, status, field):
    """Every kind of request is refused, for just that reason."""
    r = curl("-x", proxy.url, "-H", "Accept: application/json", "-H",
             "Authorization: Bearer secret", "-w", "\n%{http_code}", "-d", "body",
             f"http://{HOST}/sink")
    body, code = r.stdout.decode().rsplit("\n", 1)
    check(code in ("502", "503"), f"HTTP {code} {body} {r.stderr}")
    answer = json.loads(body)
    named = answer["status"], answer["field"]
    check(named[0] in status.split("|") and field in (None, named[1]),
          f"{named} is named, not {status} {field}: {answer['found']}")
    r = curl("-x", proxy.url, "--proxytunnel", f"http://{HOST}/")
    check(r.returncode == 56, f"CONNECT: curl says {r.returncode} {r.stderr}")
    r = curl("-x", f"socks5h://127.0.0.1:{proxy.port}", f"http://{HOST}/")
    check(r.returncode == 97, f"SOCKS5: curl says {r.returncode} {r.stderr}")


def nothing_seen(server):
    count = seen_by_backend(server)
    check(not any(count.values()), f"the backend has seen {count}")


def every_fault_is_refused_and_named(build):
    refuse_each(build, FAULTS, ())


def every_fault_of_sev_snp_is_refused_and_named(build):
    # One folder, as keys take their time to be made.
    with tempfile.TemporaryDirectory(prefix="veritee-snp-") as keys:
        refuse_each(build, SNP_FAULTS, SNP, keys)


def refuse_each(build, faults, options, sim_dir=None):
    wrong = []
    for fault, reason in faults.items():
        try:
            with Programs(build) as programs:
                server, proxy = programs.pair(*options, "--simulate-fault", fault,
                                              sim_dir=sim_dir)
                refused(proxy, *reason)
                refused(proxy, *reason)  # and again: nothing was remembered
                nothing_seen(server)
        except Exception as error:
            wrong.append(f"{fault}: {error}")
    check(not wrong, "\n  ".join(["", *wrong]))
    print(f"# {len(faults)} kinds of bad evidence")


def answers(proxy):
    r = curl("-x", proxy.url, f"http://{HOST}/echo", "-d", "good")
    check(b"good" in r.stdout, f"{r.stdout} {r.stderr}")


def sev_snp_is_accepted_and_shown(build):
    for fresh in ("", "  freshness: epoch\n  max-age: 1h\n"):
        with Programs(build) as programs:
            server = programs.server(*SNP)
            accept = (server.sim_dir / "accept.yaml").read_text() + fresh
            proxy = programs.proxy(programs.policy(
                [f"ws://127.0.0.1:{server.port}/__ra__"], server.sim_dir, accept))
            answers(proxy)
            status = json.loads(curl(f"{proxy.url}/status.json").stdout)
            claims = status["services"][0]["attestation"]["claims"]
            check(claims["tee"] == "sev-snp" and claims["simulated"], claims)
            check(claims["snp"]["measurement"] == "90" * 48, claims)


def what_a_peer_says_of_ask_and_ark_changes_nothing(build):
    for fault in ("other-ask", "no-ask"):
        with Programs(build) as programs:
            _, proxy = programs.pair(*SNP, "--simulate-fault", fault)
            answers(proxy)


def refused_by(build, accept, status, field):
    with Programs(build) as programs:
        server = programs.server()
        policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                 server.sim_dir, accept)
        proxy = programs.proxy(policy)
        refused(proxy, status, field)
        nothing_seen(server)


def a_policy_that_names_nothing_accepts_nothing(build):
    refused_by(build, "accept: { tee: tdx }", "EMPTY_POLICY", None)


def another_tee_is_refused(build):
    accept = 'accept: { tee: sgx, mrenclave: "' + "00" * 32 + '" }'
    refused_by(build, accept, "POLICY", "accept.tee")


def a_built_in_root_does_not_take_a_simulated_one(build):
    with Programs(build) as programs:
        server = programs.server()
        policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                 server.sim_dir)
        text = policy.read_text()
        policy.write_text("\n".join(line for line in text.splitlines()
                                    if "root.pem" not in line) + "\n")
        proxy = programs.proxy(policy)
        refused(proxy, *FOREIGN_ROOT)
        nothing_seen(server)


def a_server_gone_bad_is_refused_on_reconnect(build):
    with Programs(build) as programs:
        server, proxy = programs.pair(port=free_port())
        r = curl("-x", proxy.url, f"http://{HOST}/echo", "-d", "good")
        check(b"good" in r.stdout, f"{r.stdout} {r.stderr}")
        server.kill()
        bad = programs.server("--simulate-fault", "wrong-measurement",
                              port=server.port, sim_dir=server.sim_dir)
        refused(proxy, "POLICY", "accept.mrtd")
        nothing_seen(bad)


def an_altered_announcement_is_refused(build):
    alterations = {
        "a byte of the quote": dict(after=b"quote", offset=200),
        "a byte of the key": dict(after=b"x25519PublicKey", offset=10),
        "a byte of the veritee part": dict(after=b"veritee", offset=12),
        "the suites": dict(after=b"suites", offset=2),
    }
    for name, how in alterations.items():
        with Programs(build) as programs:
            server = programs.server()
            with Mitm(server.port) as mitm:
                mitm.alter("server", 0, **how)
                policy = programs.policy([f"ws://127.0.0.1:{mitm.port}/__ra__"],
                                         server.sim_dir)
                proxy = programs.proxy(policy)
                r = curl("-x", proxy.url, "-o", "/dev/null", "-w", "%{http_code}",
                         f"http://{HOST}/sink", "-d", "body")
                check(r.stdout in (b"502", b"503"), f"{name}: {r.stdout}")
                check(mitm.altered > 0, f"{name}: nothing was altered")
                nothing_seen(server)


if __name__ == "__main__":
    sys.exit(run_tests([
        every_fault_is_refused_and_named,
        every_fault_of_sev_snp_is_refused_and_named,
        sev_snp_is_accepted_and_shown,
        what_a_peer_says_of_ask_and_ark_changes_nothing,
        a_policy_that_names_nothing_accepts_nothing,
        another_tee_is_refused,
        a_built_in_root_does_not_take_a_simulated_one,
        a_server_gone_bad_is_refused_on_reconnect,
        an_altered_announcement_is_refused,
    ]))
