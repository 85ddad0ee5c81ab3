#!/usr/bin/env python3
"""What `veritee verify --json` and `veritee inspect --json` print is what
docs/schema says, no less, no more.

usage: schema_test.py BUILD_DIR. Exit status 77 without python3-jsonschema or
the programs. A report of AMD's is checked where ../shared/vectors has one.
"""

import json
import os
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
VECTORS = os.path.join(os.path.dirname(ROOT), "shared", "vectors")
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
import schema  # noqa: E402


def run(veritee, want, args):
    done = subprocess.run([veritee, "verify", "--json"] + args,
                          stdout=subprocess.PIPE, check=False)
    if done.returncode != want:
        sys.exit("%s: exit status %d" % (args, done.returncode))
    return json.loads(done.stdout)


def inspected(veritee, scratch):
    """What is in each simulated quote, in a half of one, and in no quote."""
    def inspect(want, path):
        done = subprocess.run([veritee, "inspect", "--json", path],
                              stdout=subprocess.PIPE, check=False)
        if done.returncode != want:
            sys.exit("%s: exit status %d" % (path, done.returncode))
        return json.loads(done.stdout)

    for tee in ("sgx", "tdx", "sev-snp"):
        path = os.path.join(scratch, tee, "quote.bin")
        yield inspect(0, path)
        with open(path, "rb") as f:
            quote = f.read()
        with open(path + ".half", "wb") as f:
            f.write(quote[:len(quote) // 2])
        yield inspect(1, path + ".half")
        with open(path + ".padded", "wb") as f:
            f.write(quote + bytes(100))
        yield inspect(0, path + ".padded")


def simulate_snp(programs, scratch):
    """Files of a simulated AMD, as the server writes them."""
    where = os.path.join(scratch, "sev-snp")
    server = subprocess.Popen(
        [programs + "/veriteed", "--listen", "127.0.0.1:0", "--demo",
         "--simulate", "--simulate-tee", "sev-snp", "--simulate-dir", where],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    server.stdout.readline()
    server.terminate()
    server.communicate()
    return where


def simulated_snp(veritee, where):
    args = ["--tee", "sev-snp", "--quote", where + "/quote.bin",
            "--endorsement", where + "/vcek.pem", "--crl",
            where + "/ark_crl.der"]
    root = ["--root", where + "/root.pem"]
    yield run(veritee, 0, args + root)
    yield run(veritee, 0, args + root + ["--explain"])
    yield run(veritee, 1, args)


def simulated(veritee, bench, scratch):
    """Verdicts of simulated evidence: accepted, explained, refused."""
    now = str(int(time.time()) + 60)
    for tee in ("sgx", "tdx"):
        where = os.path.join(scratch, tee)
        os.makedirs(where)
        subprocess.run([bench, "make", tee, where], check=True)
        args = ["--quote", os.path.join(where, "quote.bin"), "--collateral",
                where, "--at", now]
        root = ["--root", os.path.join(where, "root.pem")]
        yield run(veritee, 0, args + root)
        yield run(veritee, 0, args + root + ["--explain"])
        for check, want in (("exit 0", 0), ("exit 1", 1)):
            policy = os.path.join(where, "policy.yaml")
            named = ("mrtd: " + "d1" * 48 if tee == "tdx" else
                     "mrsigner: " + "00" * 32)
            with open(policy, "w", encoding="utf-8") as f:
                f.write("services: { a: { hosts: a, endpoints: ws://a, root: "
                        "root.pem, accept: { tee: %s, %s, exec: [ /bin/sh, -c, "
                        "%s ] } } }\n" % (tee, named, check))
            yield run(veritee, want if tee == "tdx" else 1,
                      args + ["--policy", policy])
        yield run(veritee, 1, args)
        yield run(veritee, 1, args + ["--explain"])


def snp(veritee):
    """Verdicts of the first report of each product."""
    path = os.path.join(VECTORS, "snp.json")
    if not os.path.exists(path):
        print("no SEV-SNP report: there is no " + path)
        return
    with open(path, encoding="utf-8") as f:
        cases = {c["product"]: c for c in reversed(json.load(f)["cases"])
                 if c["expect"] == "accept"}
    for case in cases.values():
        yield run(veritee, 0, [
            "--tee", "sev-snp", "--quote", os.path.join(VECTORS,
                                                        case["report"]),
            "--endorsement", os.path.join(VECTORS, case["endorsement_key"]),
            "--at", str(case["time"])])


def main():
    bench = os.path.join(sys.argv[1], "bin", "verify_bench")
    veritee = os.path.join(sys.argv[1], "bin", "veritee")
    for needed in (veritee, bench):
        if not os.path.exists(needed):
            print("skipped: there is no " + needed)
            return 77

    def check_all(name, documents, needed):
        """Each is valid, and no more without the member |needed|."""
        checker = schema.checker(name)
        count = 0
        for document in documents:
            checker.validate(document)
            count += 1
            del document[needed]
            if checker.is_valid(document):
                sys.exit("a %s without %s passes" % (name, needed))
        print("%d of %s are as the schema says" % (count, name))

    with tempfile.TemporaryDirectory(prefix="veritee-schema.") as scratch:
        snp_dir = simulate_snp(os.path.dirname(veritee), scratch)
        check_all("verdict", simulated(veritee, bench, scratch), "checks")
        check_all("verdict", simulated_snp(veritee, snp_dir), "checks")
        check_all("verdict", snp(veritee), "checks")
        check_all("inspect", inspected(veritee, scratch), "tee")
    return 0


if __name__ == "__main__":
    sys.exit(main())
