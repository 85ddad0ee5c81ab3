"""The npm package @phala/dcap-qvl, for tests and benchmarks only.

Another verifier of the same evidence, by other people. It is installed into
a folder that is kept from run to run, and never becomes part of a product."""

import json
import os
import shutil
import subprocess
import sys

PACKAGE = "@phala/dcap-qvl"
VERSION = "0.3.9"


def install():
    """The folder that holds node_modules, or None and the reason on stdout."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        print("skipped: there is no node or no npm")
        return None
    cache = os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache"))
    folder = os.path.join(cache, "veritee-tests", "dcap-qvl-" + VERSION)
    if os.path.exists(os.path.join(folder, "node_modules", PACKAGE)):
        return folder
    os.makedirs(folder, exist_ok=True)
    try:
        done = subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts",
             "--prefix", folder, "%s@%s" % (PACKAGE, VERSION)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=90,
            check=False)
    except subprocess.TimeoutExpired:
        print("skipped: npm took over 90 s")
        return None
    if done.returncode != 0:
        print("skipped: npm cannot install %s" % PACKAGE)
        sys.stderr.write(done.stdout.decode(errors="replace")[-1000:])
        return None
    return folder


def collateral(files):
    """Collateral as the package wants it; |files| are bytes by file name.

    The package takes the signed objects cut out of what the PCS serves; what
    cannot be cut out is given as an empty text."""
    def text(name):
        return files[name].decode("utf-8", errors="replace")

    info, info_signature = cut(text("tcb_info.json"), "tcbInfo")
    qe, qe_signature = cut(text("qe_identity.json"), "enclaveIdentity")
    return {
        "tcb_info_issuer_chain": text("tcb_info_issuer_chain.pem"),
        "tcb_info": info,
        "tcb_info_signature": info_signature,
        "qe_identity_issuer_chain": text("qe_identity_issuer_chain.pem"),
        "qe_identity": qe,
        "qe_identity_signature": qe_signature,
        "pck_crl_issuer_chain": text("pck_crl_issuer_chain.pem"),
        "pck_crl": files["pck_crl.der"].hex(),
        "root_ca_crl": files["root_ca_crl.der"].hex(),
    }


def cut(text, member):
    """The exact text of the inner object, and the signature."""
    try:
        outer = json.loads(text)
        start = text.index('"%s"' % member) + len(member) + 2
        start = text.index("{", start)
        _, end = json.JSONDecoder().raw_decode(text, start)
        return text[start:end], str(outer["signature"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return "", ""
