#!/usr/bin/python3
"""What check, pin, ca, doctor and audit print with --json, and what a policy's exec
reads, is what docs/schema says, no less, no more."""

import json
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import schema  # noqa: E402
from programs import HOST, PATIENCE, Programs, check, curl, run_tests  # noqa: E402

SERVICE = "hosts: a, endpoints: ws://a"
# Policies that say all there is to say, in turn.
POLICIES = (
    f"listen: [ localhost:1 ]\nservices: {{ a: {{ {SERVICE}, revoked: '0102', "
    f"accept: {{ tee: tdx, any-of: [ {{ name: '1', mrtd: {'d1' * 48} }}, "
    f"{{ rtmr1: [ {'d2' * 48}, {'d3' * 48} ], td-attributes: {{ value: "
    "'0000001000000000', mask: 'ffffffffffffffff' }, tee-tcb-svn: "
    f"'{'01' * 16}' }} ], tcb: {{ status: [ UpToDate, OutOfDate ], platform: "
    "UpToDate, module: UpToDate, qe: UpToDate, grace-days: 3, advisories: "
    "[ INTEL-SA-00615 ], min-evaluation-number: 18 }, exec: { command: "
    "[ /bin/true, x ], timeout: 2s }, max-age: 1h, min-collateral-life: 1h } } }",
    f"services: {{ a: {{ {SERVICE}, protocol: teekit, crls: nowhere.crl, root: "
    f"nowhere.pem, accept: {{ tee: sgx, mrenclave: {'e1' * 32}, freshness: epoch, "
    "max-age: 1h, tcb: { advisories: any } } } }",
    f"default: direct\nservices: {{ a: {{ {SERVICE}, accept: {{ tee: sev-snp, "
    f"measurement: {'f1' * 48}, revocation: optional, debug: true }} }} }}",
    f"services: {{ a: {{ {SERVICE}, accept: {{ tee: tdx }} }} }}",
    "",
    "lisen: x",
    f"services: {{ a: {{ {SERVICE}, accept: {{ tee: sgx }} }}, b: {{ {SERVICE}, "
    "accept: { tee: sgx } } }",
)


def told(programs, codes, *args):
    """What a command prints, as JSON."""
    done = subprocess.run([programs.bin / "veritee", *args, "--json"],
                          capture_output=True, text=True, timeout=PATIENCE,
                          env={**os.environ, "HOME": str(programs.dir),
                               "XDG_STATE_HOME": str(programs.dir / "state")})
    check(done.returncode in codes, f"{args}: {done.returncode} {done.stderr}")
    return json.loads(done.stdout)


def each_is_as_the_schema_says(name, answers):
    checker = schema.checker(name)
    for answer in answers:
        checker.validate(answer)
        for member in ("version", list(answer)[-1]):
            less = {k: v for k, v in answer.items() if k != member}
            check(not checker.is_valid(less), f"a {name} without {member} passes")
        check(not checker.is_valid({**answer, "more": 1}), f"{name}: more passes")


def policies_are_told(build):
    def answers(programs):
        path = programs.dir / "p.yaml"
        for text in POLICIES:
            path.write_text(text + "\n")
            yield told(programs, (0, 1), "check", str(path))
        yield told(programs, (2,), "check", str(programs.dir / "nowhere"))

    with Programs(build) as programs:
        found = list(answers(programs))
        check([a["verdict"] for a in found] == ["pass"] * 4 + ["fail"] * 4, found)
        check("also" in found[-2]["error"], found[-2])
        each_is_as_the_schema_says("check", found)


def pins_are_told(build):
    with Programs(build) as programs:
        answers = []
        for tee in ("tdx", "sgx", "sev-snp"):
            server = programs.server("--simulate-tee", tee)
            root = ("--root", f"{server.sim_dir}/root.pem")
            url = f"ws://127.0.0.1:{server.port}/__ra__"
            answers += [told(programs, (0,), "pin", *root, url),
                        told(programs, (1, 3), "pin", url)]
        answers.append(told(programs, (3,), "pin", "ws://127.0.0.1:1/"))
        each_is_as_the_schema_says("pin", answers)


def a_ca_is_told(build):
    with Programs(build) as programs:
        policy = programs.dir / "p.yaml"
        at = ("--policy", policy, "--dir", programs.dir / "ca")
        text = f"services: {{ a: {{ {SERVICE}, tls: intercept, accept: {{ tee: " \
               f"sgx, mrsigner: {'e1' * 32} }} }} }}\n"
        policy.write_text(text)
        answers = [told(programs, (1,), "ca", "show", *at),
                   told(programs, (0,), "ca", "make", *at)]
        shown = told(programs, (0, 1), "ca", "show", *at)
        check(shown["covers"] and shown["names"], shown)
        policy.write_text(text.replace("hosts: a", "hosts: b.test"))
        answers += [shown, told(programs, (1,), "ca", "show", *at)]
        check(not answers[-1]["covers"], answers[-1])
        each_is_as_the_schema_says("ca", answers)


def what_a_proxy_leaves_is_told(build):
    with Programs(build) as programs:
        heard = programs.dir / "heard"
        server = programs.server()
        accept = (Path(server.sim_dir) / "accept.yaml").read_text()
        policy = programs.policy(
            [f"ws://127.0.0.1:{server.port}/__ra__"], server.sim_dir,
            accept=accept + f"\n  exec: [ /bin/sh, -c, 'cat >{heard}' ]\n")
        findings = [told(programs, (0,), "doctor", "-p", policy)]
        each_is_as_the_schema_says("exec", [json.loads(heard.read_bytes())])

        policy.write_text(policy.read_text().partition("      exec:")[0])
        proxy = programs.proxy(policy)
        curl("-x", proxy.url, "-o", "/dev/null", f"http://{HOST}/")
        check(proxy.stop() == 0, "a clean stop")
        policy.write_text(policy.read_text().replace("d1d1", "d2d2", 1))
        findings.append(told(programs, (1,), "doctor", "-p", policy))
        each_is_as_the_schema_says("doctor", findings)

        at = ("--dir", programs.dir / "state/veritee/audit")
        proxy = programs.proxy(policy)
        curl("-x", proxy.url, "-o", "/dev/null", f"http://{HOST}/")
        check(proxy.stop() == 0, "a clean stop")
        decisions = told(programs, (0,), "audit", *at)["decisions"]
        check([d["accepted"] for d in decisions] == [True, False], decisions)
        answers = [
            told(programs, (0,), "audit", *at),
            told(programs, (0,), "audit", "show", *at, "1"),
            told(programs, (0,), "audit", "show", *at, "last"),
            told(programs, (0,), "audit", "judge", *at, "1"),
            told(programs, (1,), "audit", "judge", *at, "2"),
            told(programs, (1,), "audit", "judge", *at, "1", "--at", "1"),
            told(programs, (0,), "audit", "verify", *at),
        ]
        log = programs.dir / "state/veritee/audit/log.jsonl"
        log.write_text(log.read_text().replace('"demo"', '"deno"', 1))
        answers.append(told(programs, (1,), "audit", "verify", *at))
        each_is_as_the_schema_says("audit", answers)


if __name__ == "__main__":
    sys.exit(run_tests([
        policies_are_told,
        pins_are_told,
        a_ca_is_told,
        what_a_proxy_leaves_is_told,
    ]))
