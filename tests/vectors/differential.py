#!/usr/bin/env python3
"""Compare Veritee's verifier with @phala/dcap-qvl, and explain what differs.

usage: differential.py VERIFY_BATCH VECTORS [--mutations N] [--seed N]
                       [--seconds N] [--all]

Cases: every one of expected.json, then seeded mutations of them. Every case in
which the two disagree (accepted or not, TCB status, advisories) must belong to
a class of docs/VERIFICATION.md section 11. Exit status 1 when one does not; 77
without node, npm or the vectors.
"""

import argparse
import collections
import json
import os
import random
import struct
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
import dcap_qvl  # noqa: E402

# In the order of verify_batch.
FILES = ["quote.bin", "tcb_info.json", "tcb_info_issuer_chain.pem",
         "qe_identity.json", "qe_identity_issuer_chain.pem", "pck_crl.der",
         "pck_crl_issuer_chain.pem", "root_ca_crl.der"]
DAY = 86400


class Case:
    def __init__(self, name, files, when):
        self.name = name
        self.files = files
        self.time = when

    def quote_is(self, version, tee):
        head = self.files["quote.bin"][:8]
        return len(head) == 8 and struct.unpack("<HHI", head)[0::2] == (
            version, tee)

    def is_tdx(self):
        return self.quote_is(4, 0x81) or self.quote_is(5, 0x81)

    def module_version(self):
        """TEE_TCB_SVN[1]; 0 for SGX."""
        if not self.is_tdx():
            return 0
        at = 48 if self.quote_is(4, 0x81) else 54
        return (self.files["quote.bin"][at + 1:at + 2] or b"\0")[0]


def read_cases(folder):
    with open(os.path.join(folder, "expected.json"), encoding="utf-8") as f:
        raw = json.load(f)["cases"]
    cache = {}

    def read(path):
        if path not in cache:
            with open(os.path.join(folder, path), "rb") as f:
                cache[path] = f.read()
        return cache[path]

    return [Case(c["id"], {n: read(c["quote"] if n == "quote.bin" else
                                   os.path.join(c["collateral"], n))
                           for n in FILES}, c["time"]) for c in raw]


def flip(rng, data):
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1:]


def put(rng, data):
    at = rng.randrange(len(data))
    return data[:at] + bytes([rng.choice([0, 1, 0x7f, 0xff, 0x30, 0x20,
                                          rng.randrange(256)])]) + data[at + 1:]


def insert(rng, data):
    at = rng.randrange(len(data) + 1)
    return data[:at] + bytes([rng.choice(b"\0\n =0aA\xff")]) + data[at:]


def delete(rng, data):
    at = rng.randrange(len(data))
    return data[:at] + data[at + rng.choice([1, 1, 2, 16]):]


def cut(rng, data):
    return data[:rng.randrange(len(data))]


def extend(rng, data):
    return data + bytes([rng.choice([0, 10, 32, 255])]) * rng.choice([1, 2, 70])


def repeat(rng, data):
    at = rng.randrange(len(data))
    part = data[at:at + rng.randrange(1, 64)]
    return data[:at] + part + data[at:]


BYTES = [flip, flip, flip, flip, put, put, insert, delete, cut, extend, repeat]


def mutate(rng, cases, number):
    base = rng.choice(cases)
    files = dict(base.files)
    when = base.time
    kind = rng.randrange(20)
    if kind == 0: # collateral of another case
        name = rng.choice(FILES[1:])
        files[name] = rng.choice(cases).files[name]
        what = "swap " + name
    elif kind == 1: # another time
        when += rng.choice([-400, -30, -1, 1, 10, 30, 60, 400]) * DAY
        what = "time"
    else:
        # Half of all in the quote: it is what a peer sends.
        name = rng.choice(FILES[:1] * 7 + FILES[1:])
        change = rng.choice(BYTES)
        files[name] = change(rng, files[name])
        what = "%s %s" % (change.__name__, name)
    return Case("M%05d of %s: %s" % (number, base.name, what), files, when)


# Why they may differ: a class, and whether a case with these two answers is of
# it. The first that fits counts. docs/VERIFICATION.md section 11 has them all.
def they_refuse(*words):
    """We accept; they refuse, saying one of |words|."""
    return lambda case, ours, theirs: ours["accepted"] and any(
        w in theirs["message"] for w in words)


def we_refuse(*checks):
    """They accept; we refuse at one of |checks|."""
    return lambda case, ours, theirs: theirs["accepted"] and ours[
        "check"] in checks


def is_version_2(case, ours, theirs):
    return b'"version":2' in case.files["tcb_info.json"][:200] and ours[
        "accepted"] and "Failed to decode TcbInfo" in theirs["message"]


def is_module(case, ours, theirs):
    """Another result of the TCB levels, for a module with a version."""
    if case.module_version() == 0:
        return False
    if ours["accepted"]:
        return theirs["accepted"] or "No matching TCB" in theirs["message"]
    return ours["check"] in ("tdx-module", "tdx-module-level", "tcb-level")


def is_form_of_chain(case, ours, theirs):
    """Not three (two) certificates in PEM and nothing else: told by our field,
    which names a certificate in all other cases."""
    return theirs["accepted"] and (ours["check"], ours["field"]) in (
        ("pck-chain-format", "pck_chain"),
        ("tcb-info-chain", "tcb_info_chain"),
        ("qe-identity-chain", "qe_identity_chain"))


def is_outer_type(case, ours, theirs):
    return theirs["accepted"] and (ours["check"], ours["field"]) == (
        "quote-format", "quote.auth.cert_type")


CLASSES = [
    ("TCB info version 2", is_version_2),
    ("TDX module", is_module),
    ("attributes of the TD or enclave", they_refuse(
        "SEPT_VE_DISABLE", "Debug mode is enabled", "Reserved bits in TD",
        "Invalid mr service td")),
    ("revocation lists", we_refuse(
        "root-crl-signature", "root-crl-dates", "pck-crl-signature",
        "pck-crl-dates")),
    ("issuer chain of the PCK CRL", we_refuse("pck-crl-chain")),
    ("form of chains", is_form_of_chain),
    ("outer certification type", is_outer_type),
]


def explain(case, ours, theirs):
    for name, applies in CLASSES:
        if applies(case, ours, theirs):
            return name
    return None


def same(ours, theirs):
    if not ours["accepted"] and not theirs["accepted"]:
        return True
    return all(ours[k] == theirs[k]
               for k in ("accepted", "status", "advisories"))


class Peers:
    """Both verifiers, asked at the same time."""

    def __init__(self, batch, package):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.ours = subprocess.Popen([batch], **pipes)
        self.theirs = subprocess.Popen(
            ["node", os.path.join(ROOT, "tests", "vectors",
                                  "differential.mjs"), package], **pipes)

    def ask(self, case):
        frame = struct.pack(">q", case.time) + b"".join(
            struct.pack(">I", len(case.files[n])) + case.files[n]
            for n in FILES)
        line = json.dumps({"quote": case.files["quote.bin"].hex(),
                           "collateral": dcap_qvl.collateral(case.files),
                           "time": case.time}).encode() + b"\n"
        for peer, text in ((self.theirs, line), (self.ours, frame)):
            peer.stdin.write(text)
            peer.stdin.flush()
        return [json.loads(peer.stdout.readline())
                for peer in (self.ours, self.theirs)]

    def close(self):
        for peer in (self.ours, self.theirs):
            peer.stdin.close()
            peer.wait(timeout=30)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("batch")
    parser.add_argument("vectors")
    parser.add_argument("--mutations", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=float("inf"),
                        help="make no more mutations after that time")
    parser.add_argument("--all", action="store_true",
                        help="print every difference")
    options = parser.parse_args()
    if not os.path.exists(os.path.join(options.vectors, "expected.json")):
        print("skipped: there are no vectors in " + options.vectors)
        return 77
    package = dcap_qvl.install()
    if package is None:
        return 77
    cases = read_cases(options.vectors)
    rng = random.Random(options.seed)
    peers = Peers(options.batch, package)
    counts = collections.Counter()
    unexplained = 0
    end = time.monotonic() + options.seconds
    for number in range(len(cases) + options.mutations):
        if number > len(cases) and time.monotonic() > end:
            break
        counts["cases"] += 1
        case = cases[number] if number < len(cases) else mutate(
            rng, cases, number - len(cases))
        ours, theirs = peers.ask(case)
        if same(ours, theirs):
            counts["the same: " + ("accepted" if ours["accepted"]
                                   else "refused")] += 1
            continue
        reason = explain(case, ours, theirs)
        counts["differs: " + (reason or "UNEXPLAINED")] += 1
        unexplained += reason is None
        if reason is None or options.all:
            print("%s: %s: %s | %s" % (reason or "UNEXPLAINED", case.name,
                                       ours, theirs))
    peers.close()
    for name, count in sorted(counts.items()):
        print("%6d  %s" % (count, name))
    if counts["cases"] < len(cases) + options.mutations:
        print("stopped by --seconds")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
