#!/usr/bin/python3
"""No evidence that fails lets a byte through: not first, not on reconnect.

For every kind of bad evidence the backend behind the server counts nothing,
and the client gets 502 or 503 with a reason that names the check."""

import json
import sys
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from mitm import Mitm  # noqa: E402
from programs import HOST, Programs, check, curl, run_tests  # noqa: E402

# What the server does wrong: what the reason must name.
FAULTS = {
    "debug": "debug",
    "wrong-measurement": "mrtd",
    "revoked-pck": "pck",
    "revoked-pck-ca": "revoked",
    "revoked-tcb-signing": "revoked",
    "expired-tcb-info": "tcb_info",
    "future-tcb-info": "tcb_info",
    "expired-qe-identity": "qe_identity",
    "expired-pck-crl": "pck_crl",
    "expired-root-crl": "root_ca_crl",
    "missing-pck-crl": "pck_crl",
    "missing-root-crl": "root_ca_crl",
    "missing-tcb-info": "tcb_info",
    "out-of-date": "OutOfDate",
    "revoked-tcb": "evoked",
    "unknown-tcb": "tcb",
    "unknown-root": "root",
    "wrong-fmspc": "fmspc",
    "wrong-key": "report_data",
    "wrong-challenge": "report_data",
    "flip-quote-signature": "signature",
    "flip-quote-body": "signature",
    "flip-qe-report": "qe_report",
    "flip-qe-signature": "qe_report",
    "flip-tcb-info": "tcb_info",
    "flip-qe-identity": "qe_identity",
    "flip-pck": "pck",
    "wrong-qe": "mrsigner",
    "no-quote": "quote",
    "no-staple": "tcb_info",
}


def seen_by_backend(server):
    url = f"http://127.0.0.1:{server.demo_port}/count"
    return json.loads(urllib.request.urlopen(url, timeout=30).read())


def refused(proxy, word):
    """Every kind of request is refused, with a reason that has |word|."""
    r = curl("-x", proxy.url, "-H", "Accept: application/json", "-H",
             "Authorization: Bearer secret", "-w", "\n%{http_code}", "-d", "body",
             f"http://{HOST}/sink")
    body, code = r.stdout.decode().rsplit("\n", 1)
    check(code in ("502", "503"), f"HTTP {code} {body} {r.stderr}")
    answer = json.loads(body)
    check(word.lower() in json.dumps(answer).lower(), f"no '{word}' in {answer}")
    r = curl("-x", proxy.url, "--proxytunnel", f"http://{HOST}/")
    check(r.returncode == 56, f"CONNECT: curl says {r.returncode} {r.stderr}")
    r = curl("-x", f"socks5h://127.0.0.1:{proxy.port}", f"http://{HOST}/")
    check(r.returncode == 97, f"SOCKS5: curl says {r.returncode} {r.stderr}")


def nothing_seen(server):
    count = seen_by_backend(server)
    check(not any(count.values()), f"the backend has seen {count}")


def every_fault_is_refused_and_named(build):
    wrong = []
    for fault, word in FAULTS.items():
        try:
            with Programs(build) as programs:
                server, proxy = programs.pair("--simulate-fault", fault)
                refused(proxy, word)
                refused(proxy, word)  # and again: nothing was remembered
                nothing_seen(server)
        except Exception as error:
            wrong.append(f"{fault}: {error}")
    check(not wrong, "\n  ".join(["", *wrong]))
    print(f"# {len(FAULTS)} kinds of bad evidence")


def refused_by(build, accept, word):
    with Programs(build) as programs:
        server = programs.server()
        policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                 server.sim_dir, accept)
        proxy = programs.proxy(policy)
        refused(proxy, word)
        nothing_seen(server)


def a_policy_that_names_nothing_accepts_nothing(build):
    refused_by(build, "accept: { tee: tdx }", "measurement")


def another_tee_is_refused(build):
    refused_by(build, 'accept: { tee: sgx, mrenclave: "' + "00" * 32 + '" }', "tee")


def a_built_in_root_does_not_take_a_simulated_one(build):
    with Programs(build) as programs:
        server = programs.server()
        policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                 server.sim_dir)
        text = policy.read_text()
        policy.write_text("\n".join(line for line in text.splitlines()
                                    if "root.pem" not in line) + "\n")
        proxy = programs.proxy(policy)
        refused(proxy, "root")
        nothing_seen(server)


def a_server_gone_bad_is_refused_on_reconnect(build):
    with Programs(build) as programs:
        server, proxy = programs.pair()
        r = curl("-x", proxy.url, f"http://{HOST}/echo", "-d", "good")
        check(b"good" in r.stdout, f"{r.stdout} {r.stderr}")
        server.kill()
        bad = programs.server("--simulate-fault", "wrong-measurement",
                              port=server.port, sim_dir=server.sim_dir)
        refused(proxy, "mrtd")
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
        a_policy_that_names_nothing_accepts_nothing,
        another_tee_is_refused,
        a_built_in_root_does_not_take_a_simulated_one,
        a_server_gone_bad_is_refused_on_reconnect,
        an_altered_announcement_is_refused,
    ]))
