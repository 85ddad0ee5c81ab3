#!/usr/bin/python3
"""The server as its container runs it, by deploy/container and
deploy/kubernetes: the image's files alone, read-only, without a capability, on
what the kernel of a confidential VM offers as files.

usage: container_plain.py BUILD_DIR [NAME...]. Everything happens in namespaces
of its own, so that ports are free; exit status 77 where there are none, or
where Debian is not the image's."""

import http.client
import http.server
import re
import signal
import socket
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import image  # noqa: E402
from programs import (PATIENCE, Programs, check, curl,  # noqa: E402
                      run_tests, wait_for)

try:
    import kubernetes  # noqa: E402
except ImportError:
    kubernetes = None

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
FILE = image.Containerfile(DEPLOY / "container/Containerfile")
TSM = "/sys/kernel/config/tsm/report"
RULES = "/etc/veritee/veriteed.rules"
PROGRAM = FILE.entry[0]
HALF = b"x" * 1000000


class Backend(http.server.ThreadingHTTPServer):
    """The other container: /slow gives the second half when it is told to."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(2 * len(HALF)))
            self.end_headers()
            self.wfile.write(HALF)
            if self.path == "/slow":
                self.server.asked.set()
                self.server.go_on.wait(PATIENCE)
            self.wfile.write(HALF)

        def log_message(self, *_):
            pass

    def __init__(self, port):
        super().__init__(("127.0.0.1", port), self.Handler)
        self.asked, self.go_on = threading.Event(), threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        pass  # who asks may go away

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class Pod:
    """The server inside the image, with |rules|, and a backend where they lead."""

    def __init__(self, programs, args, rules):
        self.programs, self.args, self.rules = programs, args, rules
        self.host, port = re.search(r"^([^#\s]+):80=127\.0\.0\.1:(\d+)$", rules,
                                    re.M).groups()
        self.backend = Backend(int(port))
        self.root = programs.dir / "image"

    def __enter__(self):
        programs = self.programs
        self.tsm = fake_kernel(programs)
        config = programs.dir / "config"
        config.mkdir()
        (config / Path(RULES).name).write_text(self.rules)
        image.make_root(self.root, programs.bin / "veriteed", PROGRAM,
                        image.Installed().with_needs(FILE.packages))
        image.mount(config, self.root, Path(RULES).parent)
        image.mount(self.tsm.tree, self.root, TSM)
        image.make_read_only(self.root)
        self.server = programs.start(sys.executable, image.__file__, self.root,
                                     *FILE.entry, *self.args)
        self.server.wait_line(r"^ready: .*:(\d+)$")
        return self

    def __exit__(self, *error):
        self.server.stop()
        image.unmount(self.root)
        self.backend.__exit__(*error)

    def proxy(self, port):
        """A client that accepts what the fake kernel proves."""
        accept = (self.tsm.sim_dir / "accept.yaml").read_text()
        return self.programs.proxy(self.programs.policy(
            [f"ws://127.0.0.1:{port}/__ra__"], self.tsm.sim_dir,
            accept + "  revocation: optional\n", host=self.host))


def fake_kernel(programs):
    tree = programs.dir / "tsm"
    tree.mkdir()
    sim = programs.dir / "sim"
    child = programs.start("fake_platform", "tsm", tree, sim, "sev-snp")
    child.expected = (-signal.SIGTERM,)
    child.tree, child.sim_dir = tree, sim
    child.wait_line("^ready$")
    return child


def status_of(pid):
    text = Path(f"/proc/{pid}/status").read_text()
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def runs_without_privilege(server, root):
    found = status_of(server.process.pid)
    for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb"):
        check(int(found[name], 16) == 0, f"{name} {found[name]}")
    check(found["NoNewPrivs"] == "1", found)
    there = Path(f"/proc/{server.process.pid}/root").resolve()
    check(there == root.resolve(), f"it sees {there}")
    mounts = Path(f"/proc/{server.process.pid}/mountinfo").read_text()
    read_only = {m[4]: "ro" in m[5].split(",")
                 for m in map(str.split, mounts.splitlines())}
    check(read_only["/"], mounts)


def answers(pod, proxy):
    r = curl("-x", proxy.url, f"http://{pod.host}/")
    check(r.stdout == 2 * HALF, r.stderr)


def drains(pod, proxy, port, stop):
    """What is under way is finished, and nothing new is begun."""
    got = []
    asking = threading.Thread(target=lambda: got.append(
        curl("-x", proxy.url, f"http://{pod.host}/slow")))
    asking.start()
    check(pod.backend.asked.wait(PATIENCE), "nothing arrived")
    pod.server.process.send_signal(getattr(signal, stop))
    wait_for("nobody listens any more", lambda: not probe_tcp(port))
    check(pod.server.process.poll() is None, "it did not wait")
    pod.backend.go_on.set()
    asking.join()
    check(got[0].stdout == 2 * HALF, got[0])
    check(pod.server.process.wait(PATIENCE) == 0, pod.server.tail())


# --- probes, as a kubelet makes them -----------------------------------------


def probe_tcp(port):
    try:
        socket.create_connection(("127.0.0.1", port), PATIENCE).close()
    except OSError:
        return False
    return True


def probe_http(port, path):
    there = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    there.request("GET", path, headers={"Host": f"10.1.2.3:{port}",
                                        "User-Agent": "kube-probe/1.30",
                                        "Accept": "*/*", "Connection": "close"})
    return 200 <= there.getresponse().status < 400


# --- the image ---------------------------------------------------------------


def the_image_has_what_it_needs(build):
    """Each library is of a package that the file installs, and none besides."""
    (source, there), = FILE.copies
    check(there == PROGRAM and source.endswith("build/release/bin/veriteed"),
          FILE.copies)
    packages = image.Installed()
    check(not packages.lacks(FILE.packages), packages.lacks(FILE.packages))
    owners = image.owners_of(image.libraries_of(Path(build) / "bin/veriteed"))
    needed = set(owners.values())
    missing = needed - packages.with_needs(FILE.packages)
    check(not missing, f"{missing} are not in the image")
    for name in set(FILE.packages) - {"ca-certificates"}:  # files, for --staple
        without = packages.with_needs(p for p in FILE.packages if p != name)
        check(needed - without, f"{name} is not needed")


def the_container_serves_and_drains(build):
    port, = FILE.ports
    check(FILE.args[1] == f"*:{port}" and FILE.args[3] == RULES, FILE.args)
    check(FILE.user == "0", "the kernel's files are root's")
    with Programs(build) as programs:
        with Pod(programs, FILE.args, "app.test:80=127.0.0.1:8080\n") as pod:
            runs_without_privilege(pod.server, pod.root)
            proxy = pod.proxy(port)
            answers(pod, proxy)
            drains(pod, proxy, port, FILE.stop)


def the_pod_serves_and_drains(build):
    """Arguments, mounts, probes and limits of the Kubernetes file."""
    if kubernetes is None:
        print("skipped - no python3-yaml", flush=True)
        return
    rules, deployment, service, budget = kubernetes.read(
        DEPLOY / "kubernetes/veriteed.yaml")
    spec = deployment["spec"]["template"]["spec"]
    server = spec["containers"][0]
    ports = {p["name"]: p["containerPort"] for p in server["ports"]}
    port = ports[service["spec"]["ports"][0]["targetPort"]]
    hangs_together(rules, deployment, service, budget)
    is_restricted(server)
    drain = int(server["args"][server["args"].index("--drain-seconds") + 1])
    check(drain < spec["terminationGracePeriodSeconds"], "no time to drain")
    with Programs(build) as programs:
        with Pod(programs, server["args"],
                 rules["data"][Path(RULES).name]) as pod:
            runs_without_privilege(pod.server, pod.root)
            ready = server["readinessProbe"]["httpGet"]
            check(probe_http(ports[ready["port"]], ready["path"]), "not ready")
            alive = server["livenessProbe"]["tcpSocket"]
            check(probe_tcp(ports[alive["port"]]), "not alive")
            proxy = pod.proxy(port)
            answers(pod, proxy)
            most = int(server["resources"]["requests"]["memory"].removesuffix("Mi"))
            check(pod.server.resident_kib() < 1024 * most, "it takes more memory")
            drains(pod, proxy, port, "SIGTERM")


def hangs_together(rules, deployment, service, budget):
    """What one part of the file names is in another."""
    pods = deployment["spec"]["template"]
    labels = pods["metadata"]["labels"].items()
    for selector in (deployment["spec"]["selector"]["matchLabels"],
                     budget["spec"]["selector"]["matchLabels"],
                     service["spec"]["selector"]):
        check(selector and selector.items() <= labels, selector)
    check(budget["spec"]["minAvailable"] < deployment["spec"]["replicas"],
          "no pod may ever be moved")
    server = pods["spec"]["containers"][0]
    volumes = {v["name"]: v for v in pods["spec"]["volumes"]}
    mounts = {m["mountPath"]: m for m in server["volumeMounts"]}
    check({m["name"] for m in mounts.values()} == set(volumes), mounts)
    config = mounts[str(Path(RULES).parent)]
    check(config["readOnly"] and volumes[config["name"]]["configMap"]["name"]
          == rules["metadata"]["name"], config)
    check(RULES in server["args"] and Path(RULES).name in rules["data"], RULES)
    check(volumes[mounts[TSM]["name"]]["hostPath"]["path"] == TSM, TSM)


def is_restricted(server):
    """As `runs_without_privilege` finds it."""
    check(server["securityContext"] == {
        "runAsUser": int(FILE.user), "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"}}, server["securityContext"])


if __name__ == "__main__":
    if not Path("/etc/debian_version").read_text().startswith("12"):
        print(f"skipped: the image is {FILE.base}, this is not")
        sys.exit(77)
    if not image.enter_namespaces():
        print("skipped: unshare(1) makes no namespaces here")
        sys.exit(77)
    sys.exit(run_tests([
        the_image_has_what_it_needs,
        the_container_serves_and_drains,
        the_pod_serves_and_drains,
    ]))
