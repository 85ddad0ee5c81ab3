#!/usr/bin/env python3
"""What `veritee verify --json` prints is what docs/schema says, no less, no more.

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
SCHEMA = os.path.join(ROOT, "docs", "schema", "verdict.schema.json")


def close(node):
    """The same schema, without room for members that it does not name."""
    if isinstance(node, list):
        return [close(n) for n in node]
    if not isinstance(node, dict):
        return node
    closed = {k: close(v) for k, v in node.items()}
    if node.get("type") == "object" and "properties" in node:
        closed["additionalProperties"] = False
    return closed


def run(veritee, want, args):
    done = subprocess.run([veritee, "verify", "--json"] + args,
                          stdout=subprocess.PIPE, check=False)
    if done.returncode != want:
        sys.exit("%s: exit status %d" % (args, done.returncode))
    return json.loads(done.stdout)


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
    try:
        import jsonschema
    except ImportError:
        print("skipped: there is no python3-jsonschema")
        return 77
    with open(SCHEMA, encoding="utf-8") as f:
        schema = json.load(f)
    jsonschema.Draft202012Validator.check_schema(schema)
    checker = jsonschema.Draft202012Validator(close(schema))
    count = 0
    with tempfile.TemporaryDirectory(prefix="veritee-schema.") as scratch:
        for verdicts in (simulated(veritee, bench, scratch), snp(veritee)):
            for verdict in verdicts:
                checker.validate(verdict)
                count += 1
                del verdict["checks"]
                if checker.is_valid(verdict):
                    sys.exit("a verdict without checks passes")
    print("%d verdicts are as the schema says" % count)
    return 0


if __name__ == "__main__":
    sys.exit(main())
