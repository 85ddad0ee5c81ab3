"""The npm package @phala/dcap-qvl, for tests and benchmarks only.

Another verifier of the same evidence, by other people."""

import json

import npm

PACKAGE = "@phala/dcap-qvl"
VERSION = "0.3.9"


def install():
    """The folder that holds node_modules, or None and the reason on stdout."""
    return npm.install(PACKAGE, VERSION)


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
