#!/usr/bin/env python3
"""A PCS, a PCCS and a KDS in one, over HTTPS on a port the system picks, for tests.

Serves folders as `sim_write_dir` and `veritee verify --collateral` know them,
under the paths and headers of Intel's PCS API v4 and of a PCCS. What is in a
folder "early" below them is the answer to update=early. The KDS serves from a
folder for "snp": vcek.der, ark_crl.der and cert_chain.pem, for any product,
and the first only for the chip and TCB in vcek.txt, "CHIP?blSPL=...". Files are read
at each request, so that a test can change them meanwhile. It can be told to
misbehave in many ways. Only the standard library, and /usr/bin/openssl for a
certificate.

In Python:

    with PcsServer({"tdx": folder}, scratch) as pcs:
        use(pcs.url, pcs.ca_file)
        pcs.fault("tcb", "status", "404")

From other programs: pcs_server.py SCRATCH tdx=FOLDER [sgx=FOLDER] [snp=FOLDER]. It prints
"ready PORT", then takes a line a command on standard input and answers each by
a line: "fault ITEM KIND [ARGUMENT]", "clear", "count ITEM". It ends with its
input. SCRATCH/ca.pem is what its certificate is checked by.

Items: tcb, qe, pckcrl, rootcrl, numbers; of the KDS vcek, arkcrl, amdchain;
all. tcb-early and qe-early can only be counted. Kinds of fault:

    status N [S]   answer N, with Retry-After: S if given
    slow S         wait S seconds before the answer
    trickle S      a byte of the body each S seconds
    hang           never answer
    drop           close the connection instead of answering
    cut            announce the whole body, send half, close
    oversize N     N bytes of spaces behind the body
    long-head N    N bytes of headers before the others
    page           a sign-in page in HTML instead, with 200
    no-chain       leave out the issuer chain
    plain          the chain is not percent-encoded, spaces for line breaks
    twice          the chain is percent-encoded twice
    old-name       the header's name as older services have it, in lower case
    swapped        the answer to another question: QE identity for TCB info...
    folder PATH    files from another folder
    encoding E     revocation lists as "pem", "hex" or "der"
    redirect URL   answer 302
"""

import base64
import http.server
import json
import shutil
import ssl
import sys
import threading
import urllib.parse
from collections import Counter
from pathlib import Path

from certificate import make_certificate

V4 = "/certification/v4/"

# item: file of the body, file of the chain, header, older header
ITEMS = {
    "tcb": (
        "tcb_info.json",
        "tcb_info_issuer_chain.pem",
        "TCB-Info-Issuer-Chain",
        "sgx-tcb-info-issuer-chain",
    ),
    "qe": (
        "qe_identity.json",
        "qe_identity_issuer_chain.pem",
        "SGX-Enclave-Identity-Issuer-Chain",
        "sgx-enclave-identity-issuer-chain",
    ),
    "pckcrl": (
        "pck_crl.der",
        "pck_crl_issuer_chain.pem",
        "SGX-PCK-CRL-Issuer-Chain",
        "sgx-pck-crl-issuer-chain",
    ),
    "rootcrl": ("root_ca_crl.der", None, None, None),
    "numbers": (
        "tcb_numbers.json",
        "tcb_info_issuer_chain.pem",
        "TCB-Evaluation-Data-Numbers-Issuer-Chain",
        "tcb-evaluation-data-numbers-issuer-chain",
    ),
    "vcek": ("vcek.der", None, None, None),
    "arkcrl": ("ark_crl.der", None, None, None),
    "amdchain": ("cert_chain.pem", None, None, None),
}
KDS = "/vcek/v1/"
KDS_ITEMS = {"crl": "arkcrl", "cert_chain": "amdchain"}
SWAPPED = {
    "tcb": "qe",
    "qe": "tcb",
    "pckcrl": "rootcrl",
    "rootcrl": "pckcrl",
    "numbers": "tcb",
    "vcek": "arkcrl",
    "arkcrl": "vcek",
}


CHIP, TCB = slice(0x1A0, 0x1E0), slice(0x180, 0x188)  # of a report


def serve_kds(sim_dir):
    """Let the files of a simulated AMD be what a KDS has of that chip."""
    report = (sim_dir / "quote.bin").read_bytes()
    bootloader, tee, *_, snp, microcode = report[TCB]
    (sim_dir / "vcek.txt").write_text(
        f"{report[CHIP].hex()}?blSPL={bootloader:02}&teeSPL={tee:02}"
        f"&snpSPL={snp:02}&ucodeSPL={microcode:02}"
    )
    shutil.copy(sim_dir / "vcek.pem", sim_dir / "vcek.der")


class PcsServer:
    def __init__(self, folders, scratch):
        """|folders|: {"tdx": path, "sgx": path}, one or both."""
        self.folders = {tee: Path(path) for tee, path in folders.items()}
        self.counts = Counter()
        self.faults = {}
        self.stopping = threading.Event()
        self.ca_file = f"{scratch}/ca.pem"
        # by number only
        make_certificate(self.ca_file, f"{scratch}/key.pem", "IP:127.0.0.1")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.ca_file, f"{scratch}/key.pem")
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.pcs = self
        self.server.tls = context
        self.port = self.server.server_address[1]
        self.url = f"https://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def fault(self, item, kind, *arguments):
        """The next answers for |item| misbehave; faults add up."""
        for one in ITEMS if item == "all" else [item]:
            self.faults.setdefault(one, {})[kind] = list(arguments)

    def clear(self):
        self.faults = {}

    def count(self, item):
        """How many requests there were for |item|."""
        if item == "all":
            return sum(self.counts[one] for one in ITEMS)
        return self.counts[item]

    def close(self):
        self.stopping.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def finish_request(self, request, client_address):
        # Here, in the thread of the connection: a slow client stops nobody.
        try:
            request.settimeout(180)
            tls = self.tls.wrap_socket(request, server_side=True)
        except (OSError, ssl.SSLError):
            return
        with tls:
            self.RequestHandlerClass(tls, client_address, self)

    def handle_error(self, request, client_address):
        pass  # clients come and go as tests want them to


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        pcs = self.server.pcs
        item, tee = self.find()
        if item is None:
            self.answer(404, [], b"")
            return
        pcs.counts[item] += 1
        if "update=early" in self.path:
            pcs.counts[item + "-early"] += 1
        faults = pcs.faults.get(item, {})
        if "slow" in faults:
            pcs.stopping.wait(float(faults["slow"][0]))
        if "hang" in faults:
            pcs.stopping.wait(600)
        if "hang" in faults or "drop" in faults:
            self.close_connection = True
            return
        if "status" in faults:
            code, *wait = faults["status"]
            headers = [("Retry-After", wait[0])] if wait else []
            self.answer(int(code), headers, b"not today\n")
            return
        if "redirect" in faults:
            self.answer(302, [("Location", faults["redirect"][0])], b"")
            return
        self.serve(item, tee, faults)

    def find(self):
        """Which item of which TEE the path asks for."""
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        parts = url.path.split(V4)
        if url.path.startswith(KDS) and "snp" in self.server.pcs.folders:
            return self.find_amd(url), "snp"
        if url.path == "/IntelSGXRootCA.der":
            return "rootcrl", None
        if len(parts) != 2:
            return None, None
        tee, what = parts[0][-3:], parts[1]
        if what == "rootcacrl":
            return "rootcrl", None
        if what == "pckcrl" and query.get("ca") in ("platform", "processor"):
            return "pckcrl", None
        if what == "tcbevaluationdatanumbers" and tee in self.server.pcs.folders:
            return "numbers", tee
        if what == "qe/identity" and tee in self.server.pcs.folders:
            return "qe", tee
        if what == "tcb" and self.is_our_platform(tee, query.get("fmspc")):
            return "tcb", tee
        return None, None

    def find_amd(self, url):
        what = url.path.split("/", 4)[4]
        if what in KDS_ITEMS:
            return KDS_ITEMS[what]
        ours = (self.server.pcs.folders["snp"] / "vcek.txt").read_text().strip()
        return "vcek" if f"{what}?{url.query}" == ours else None

    def is_our_platform(self, tee, fmspc):
        folder = self.server.pcs.folders.get(tee)
        if folder is None:
            return False
        info = json.loads((folder / "tcb_info.json").read_bytes())
        return info["tcbInfo"]["fmspc"].lower() == (fmspc or "").lower()

    def serve(self, item, tee, faults):
        folders = self.server.pcs.folders
        folder = folders[tee] if tee else next(iter(folders.values()))
        if "folder" in faults:
            folder = Path(faults["folder"][0])
        if "update=early" in self.path and (folder / "early").is_dir():
            folder = folder / "early"
        source = SWAPPED[item] if "swapped" in faults else item
        body = (folder / ITEMS[source][0]).read_bytes()
        headers = []
        if "long-head" in faults:
            count = int(faults["long-head"][0]) // 1024
            headers += [(f"X-Pad-{i}", "x" * 1014) for i in range(count)]
        if "page" in faults:
            body = b"<html><form>Sign in to the network</form></html>"
        elif item in ("pckcrl", "rootcrl", "arkcrl"):
            body = self.encode(item, body, faults)
        if "oversize" in faults:
            body += b" " * int(faults["oversize"][0])
        headers += self.chain(item, source, folder, faults)
        kind = "text/html" if "page" in faults else "application/json"
        self.answer(200, headers + [("Content-Type", kind)], body, faults)

    def encode(self, item, der, faults):
        """As a PCS or PCCS would, unless told otherwise."""
        default = "hex" if self.path.endswith("/rootcacrl") else "der"
        encoding = faults.get("encoding", [default])[0]
        if encoding == "hex":
            return der.hex().encode()
        if encoding == "pem":
            label = b"X509 CRL-----\n"
            text = base64.encodebytes(der)
            return b"-----BEGIN " + label + text + b"-----END " + label
        return der

    def chain(self, item, source, folder, faults):
        _, _, name, old_name = ITEMS[item]
        file = ITEMS[source][1]
        if name is None or file is None or "no-chain" in faults:
            return []
        pem = (folder / file).read_text()
        text = urllib.parse.quote(pem, safe="")
        if "plain" in faults:
            text = pem.replace("\n", " ").strip()
        if "twice" in faults:
            text = urllib.parse.quote(text, safe="")
        return [(old_name if "old-name" in faults else name, text)]

    def answer(self, code, headers, body, faults={}):
        half = len(body) // 2
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Request-ID", "0123456789abcdef")
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if "cut" in faults:
            self.wfile.write(body[:half])
            self.close_connection = True
        elif "trickle" in faults:
            for i in range(len(body)):
                self.wfile.write(body[i : i + 1])
                if self.server.pcs.stopping.wait(float(faults["trickle"][0])):
                    break
        else:
            self.wfile.write(body)


def main():
    scratch, *pairs = sys.argv[1:]
    folders = dict(pair.split("=", 1) for pair in pairs)
    with PcsServer(folders, scratch) as pcs:
        print("ready", pcs.port, flush=True)
        for line in sys.stdin:
            command, *words = line.split()
            if command == "fault":
                pcs.fault(*words)
                print("ok", flush=True)
            elif command == "clear":
                pcs.clear()
                print("ok", flush=True)
            elif command == "count":
                print(pcs.count(*words), flush=True)
            else:
                print("unknown command", flush=True)


if __name__ == "__main__":
    main()
