#!/usr/bin/env python3
"""Run `veritee verify` over a folder of test vectors and count what it says.

usage: run.py VERITEE VECTORS [--jobs N] [--only ID...] [--quiet]

Sets: expected.json (real quotes and collateral), negative.json (mutations of
them, written out by the folder's scripts/mkneg.py), synthetic.json (each case
with a root of its own), invalid.json. Classes: must_accept and must_reject are
strict; policy cases that recommend reject must be refused; of the other policy
cases the outcome is only told. Exit status 0 when nothing contradicts.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile

VERSIONS = (3, 4, 5)
TRISTATE = {None: 2, False: 0, True: 1}


class Case:
    """One verification, and what must come of it."""

    def __init__(self, raw, quote, collateral, root=None):
        expect = raw.get("expect", raw)
        self.id = raw["id"]
        self.name = raw.get("name") or raw.get("kind") or raw.get("why", "")
        self.cls = expect["class"]
        self.recommended = raw.get("recommended")
        self.version = raw.get("quote_version", raw.get("version"))
        self.args = ["--quote", quote, "--collateral", collateral,
                     "--at", str(raw["time"])]
        if root is not None:
            self.args += ["--root", root]
        self.expect = expect
        self.supplemental = raw.get("qve_supplemental")


def load(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8") as f:
        return json.load(f)["cases"]


def read_expected(folder, _scratch):
    return [Case(c, os.path.join(folder, c["quote"]),
                 os.path.join(folder, c["collateral"]))
            for c in load(folder, "expected.json")]


def read_negative(folder, scratch):
    out = os.path.join(scratch, "negative")
    subprocess.run([sys.executable, "-B",
                    os.path.join(folder, "scripts", "mkneg.py"), folder, out],
                   check=True, stdout=subprocess.DEVNULL)
    versions = {c["id"]: c["quote_version"]
                for c in load(folder, "expected.json")}
    cases = []
    for c in load(folder, "negative.json"):
        c["quote_version"] = versions[c["base"]]
        where = os.path.join(out, c["id"])
        cases.append(Case(c, os.path.join(where, "quote.bin"), where))
    return cases


def read_synthetic(folder, _scratch):
    cases = []
    for c in load(folder, "synthetic.json"):
        where = os.path.join(folder, c["dir"])
        cases.append(Case(c, os.path.join(where, "quote.bin"), where,
                          os.path.join(where, "root.pem")))
    return cases


def read_invalid(folder, _scratch):
    return [Case(c, os.path.join(folder, c["quote"]),
                 os.path.join(folder, c["collateral"]))
            for c in load(folder, "invalid.json")]


SETS = {"expected": read_expected, "negative": read_negative,
        "synthetic": read_synthetic, "invalid": read_invalid}


def compare_claims(case, answer):
    """What the claims of an accepted quote say differently, as a list."""
    claims = answer["claims"]
    found = {
        "status": answer["status"],
        "advisories": answer["advisories"],
        "tcb_eval_data_number": claims["tcb"]["evaluation_number"],
        "earliest_issue_date": claims["validity"]["earliest_issue"],
        "latest_issue_date": claims["validity"]["latest_issue"],
        "earliest_expiration_date": claims["validity"]["earliest_expiry"],
        "tcb_level_date": claims["tcb"]["tcb_level_date_tag"],
    }
    wrong = ["%s: %s, expected %s" % (k, v, case.expect[k])
             for k, v in found.items()
             if k in case.expect and v != case.expect[k]]
    return wrong + compare_supplemental(case, claims)


def compare_supplemental(case, claims):
    want = case.supplemental
    if want is None:
        return []
    platform = claims["platform"]
    found = {
        "ppid": platform.get("ppid"),
        "cpusvn": platform["cpu_svn"],
        "pcesvn": platform["pce_svn"],
        "pce_id": int.from_bytes(bytes.fromhex(platform["pce_id"]), "little"),
        "sgx_type": platform["sgx_type"],
        "smt": TRISTATE[platform["smt_enabled"]],
    }
    # Intel's library leaves these two undefined where they are false.
    for name, key in (("dynamic", "dynamic_platform"),
                      ("cached", "cached_keys")):
        found[name] = TRISTATE[platform[key]] or 2
    if "instance_id" in platform:
        found["piid"] = platform["instance_id"]
    return ["%s: %s, expected %s" % (k, v, want[k])
            for k, v in found.items() if k in want and v != want[k]]


def run(veritee, case):
    """(verdict, check, complaints) of one case."""
    done = subprocess.run([veritee, "verify", "--json"] + case.args,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=60, check=False)
    if done.returncode not in (0, 1):
        return "error", None, ["exit status %d: %s" % (
            done.returncode, done.stderr.decode(errors="replace")[-2000:])]
    answer = json.loads(done.stdout)
    verdict = answer["verdict"]
    if (verdict == "pass") != (done.returncode == 0):
        return "error", None, ["verdict %s with exit status %d" % (
            verdict, done.returncode)]
    return verdict, answer["failed_check"], judge(case, answer)


def judge(case, answer):
    verdict = answer["verdict"]
    if case.cls == "must_accept":
        if verdict != "pass":
            return ["refused at %s" % answer["failed_check"]]
        return compare_claims(case, answer)
    if case.cls == "must_reject" or case.recommended == "reject":
        return [] if verdict == "fail" else ["accepted"]
    return []


def label(case):
    if case.cls != "policy":
        return case.cls
    return "policy, reject" if is_strict(case) else "policy, free"


def is_strict(case):
    return case.cls != "policy" or case.recommended == "reject"


def tell_free(outcomes):
    for name, count in sorted(outcomes.items()):
        print("    free: %s (%d)" % (name, count))


def run_set(name, cases, options):
    """Run one set; returns how many cases contradict."""
    skipped = [c for c in cases if c.version not in VERSIONS]
    cases = [c for c in cases if c.version in VERSIONS]
    counts = collections.Counter()
    free = collections.Counter()
    wrong = []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = pool.map(lambda c: run(options.veritee, c), cases)
        for case, (verdict, check, complaints) in zip(cases, results):
            counts[label(case), verdict] += 1
            if not is_strict(case) and verdict != "error":
                free["%s: %s" % (case.name, check or "accepted")] += 1
            for complaint in complaints:
                wrong.append("%s v%s %s: %s" % (case.id, case.version,
                                                case.name, complaint))
    print("%s: %d cases" % (name, len(cases)))
    for (kind, verdict), count in sorted(counts.items()):
        print("    %-15s %-5s %5d" % (kind, verdict, count))
    if not options.quiet:
        tell_free(free)
    for case in skipped:
        print("    skipped: %s, quote version %s" % (case.id, case.version))
    for line in wrong:
        print("    WRONG: " + line)
    return len({line.split()[0] for line in wrong})


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("veritee")
    parser.add_argument("vectors")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--quiet", action="store_true")
    options = parser.parse_args()
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="veritee-vectors.") as scratch:
        for name, read in SETS.items():
            cases = read(options.vectors, scratch)
            if options.only:
                cases = [c for c in cases if c.id in options.only]
            wrong += run_set(name, cases, options)
    print("cases that contradict: %d" % wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
