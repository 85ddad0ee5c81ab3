#!/usr/bin/env python3
"""Run `veritee verify` over a folder of test vectors and count what it says.

usage: run.py VERITEE VECTORS [--jobs N] [--only ID...] [--quiet]

Sets: expected.json (real quotes and collateral), negative.json (mutations of
them, written out by the folder's scripts/mkneg.py), synthetic.json (each case
with a root of its own), invalid.json, snp.json (real SEV-SNP reports, and
mutations of them under "negative"). Classes: must_accept and must_reject are
strict; policy cases that recommend reject must be refused; of the other policy
cases the outcome is only told. Exit status 0 when nothing contradicts.
"""

import argparse
import collections
import concurrent.futures
import hashlib
import json
import os
import subprocess
import sys
import tempfile

VERSIONS = (3, 4, 5)
TRISTATE = {None: 2, False: 0, True: 1}


class SnpCase:
    """The same of an SEV-SNP report."""

    version = VERSIONS[0]  # of quotes; reports are never left out

    def __init__(self, raw, cls, args, fields=None):
        self.id = raw["id"]
        self.name = raw.get("name", "")
        self.cls = cls
        self.recommended = raw.get("recommended")
        self.args = ["--tee", "sev-snp"] + args
        self.fields = fields

    def compare(self, answer):
        return compare_report(self.fields, answer["claims"])


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

    def compare(self, answer):
        return compare_claims(self, answer)


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


def bend(report, spec):
    """|report| after the changes of |spec|, in the words of snp.json: pairs of
    offset and bytes in hex, "x" before them for exclusive or; or T-n (shorter
    by n), An (n zeros more), E (as it is, with another endorsement)."""
    report = bytearray(report)
    if isinstance(spec, dict) or spec == "E":
        return bytes(report)
    if isinstance(spec, str):
        count = int(spec[1:])
        return bytes(report[:count]) if count < 0 else \
            bytes(report) + bytes(count)
    for at, text in spec:
        new = bytes.fromhex(text.lstrip("x"))
        for i, byte in enumerate(new):
            report[at + i] = report[at + i] ^ byte if text[0] == "x" else byte
    return bytes(report)


def snp_args(folder, raw, report, time):
    return ["--quote", report, "--endorsement",
            os.path.join(folder, raw["endorsement_key"]), "--at", str(time)]


def read_snp(folder, scratch):
    with open(os.path.join(folder, "snp.json"), encoding="utf-8") as f:
        data = json.load(f)
    cases = []
    bases = {c["id"]: c for c in data["cases"]}
    for c in data["cases"]:
        report = os.path.join(folder, c["report"])
        cases.append(SnpCase(c, "must_" + c["expect"],
                             snp_args(folder, c, report, c["time"]),
                             c["fields"]))
    for c in data["negative"]:
        base = bases[c["base"]]
        with open(os.path.join(folder, base["report"]), "rb") as f:
            bent = bend(f.read(), c["spec"])
        digest = hashlib.sha256(bent).hexdigest()
        if c.get("sha256", digest) != digest:
            raise ValueError("%s: not the bytes it is about" % c["id"])
        report = os.path.join(scratch, c["id"] + ".report")
        with open(report, "wb") as f:
            f.write(bent)
        late = c["spec"]["time_rel"] if isinstance(c["spec"], dict) else 0
        cases.append(SnpCase(c, c["class"],
                             snp_args(folder, c, report, base["time"] + late)))
    return cases


SETS = {"expected": read_expected, "negative": read_negative,
        "synthetic": read_synthetic, "invalid": read_invalid,
        "snp": read_snp}


def tcb_hex(tcb):
    """Of Milan and Genoa: the bytes of a report."""
    return bytes([tcb["bootloader"], tcb["tee"], 0, 0, 0, 0, tcb["snp"],
                  tcb["microcode"]]).hex()


def compare_report(want, claims):
    """What the claims of an accepted report say differently, as a list."""
    if want is None:
        return []
    snp = claims["snp"]
    found = {
        "version": claims["quote_version"],
        "policy": snp["policy"]["bits"],
        "report_data": claims["report_data"],
        "platform_info": snp["platform_info"],
        "cpuid_fam_mod_step": bytes(
            [snp.get("cpuid_" + part, 0)
             for part in ("family", "model", "stepping")]).hex(),
    }
    for key in ("guest_svn", "family_id", "image_id", "vmpl", "measurement",
                "host_data", "report_id", "report_id_ma", "chip_id"):
        found[key] = snp[key]
    for key in ("current_tcb", "reported_tcb", "committed_tcb", "launch_tcb"):
        found[key] = tcb_hex(snp[key])
    return ["%s: %s, expected %s" % (k, v, want[k])
            for k, v in found.items() if v != want[k]]


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
        return case.compare(answer)
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
