#!/usr/bin/python3
"""The server as its container runs it, by deploy/container and
deploy/kubernetes: by a container runtime, with the image's files alone,
read-only, without a capability, with an engine's profile of system calls, on
what the kernel of a confidential VM offers as files.

usage: container_plain.py BUILD_DIR [NAME...]. Everything happens in namespaces
of its own, so that ports are free; exit status 77 where there are none, or no
crun, or where Debian is not the image's."""

import http.client
import http.server
import os
import re
import signal
import socket
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import image  # noqa: E402
import oci  # noqa: E402
from procfs import read_only_mounts, status_of  # noqa: E402
from programs import (PATIENCE, Programs, check, curl,  # noqa: E402
                      run_tests, wait_for)

try:
    import kubernetes  # noqa: E402
except ImportError:
    kubernetes = None

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
FILE = image.Containerfile(DEPLOY / "container/Containerfile")
CONFIGFS = "/sys/kernel/config"  # outside
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
    """The server inside the image, as user |uid|, with volumes of (from, to,
    read-only); and a backend where |rules| lead, which are in |folder|. Keys
    last two seconds."""

    def __init__(self, programs, args, rules, uid, volumes, folder):
        self.programs, self.rules = programs, rules
        self.host, self.to = re.search(r"^([^#\s]+):80=(127\.0\.0\.1:\d+)$",
                                       rules, re.M).groups()
        self.backend = Backend(int(self.to.rpartition(":")[2]))
        self.argv = [*FILE.entry, *args, "--epoch-seconds", "2"]
        self.uid, self.volumes, self.folder = uid, volumes, folder
        self.config = programs.dir / "config"

    def __enter__(self):
        programs = self.programs
        self.config.mkdir()
        self.write_rules(self.rules)
        self.tsm = fake_kernel(programs)
        bundle = programs.dir / "bundle"
        image.make_root(bundle / "rootfs", programs.bin / "veriteed", PROGRAM,
                        image.Installed().with_needs(FILE.packages))
        self.server = oci.start(programs, bundle, self.argv, self.uid,
                                [self.mounted(*v) for v in self.volumes])
        self.server.wait_line(r"^ready: .*:(\d+)$")
        self.pid = int(self.server.pid_file.read_text())
        return self

    def __exit__(self, *error):
        self.server.stop()
        self.backend.__exit__(*error)

    def mounted(self, source, there, read_only):
        if source == self.folder:
            return self.config, there, read_only
        check(source.startswith(CONFIGFS), f"nobody has {source}")
        return (f"{self.programs.dir}{source}", there, read_only)

    def write_rules(self, text):
        """As a kubelet does: a new folder, and one link that is replaced."""
        fresh = self.config / f"..{len(list(self.config.iterdir()))}"
        fresh.mkdir()
        name = Path(RULES).name
        (fresh / name).write_text(text)
        (self.config / "..new").symlink_to(fresh.name)
        (self.config / "..new").rename(self.config / "..data")
        if not (self.config / name).is_symlink():
            (self.config / name).symlink_to(f"..data/{name}")

    def proxy(self, port):
        """A client that accepts what the fake kernel proves, for the host and
        what is below it."""
        accept = (self.tsm.sim_dir / "accept.yaml").read_text()
        return self.programs.proxy(self.programs.policy(
            [f"ws://127.0.0.1:{port}/__ra__"], self.tsm.sim_dir,
            accept + "  revocation: optional\n",
            host=f'{self.host}", "*.{self.host}'))


def fake_kernel(programs):
    tree = Path(f"{programs.dir}{CONFIGFS}/tsm/report")
    tree.mkdir(parents=True)
    sim = programs.dir / "sim"
    child = programs.start("fake_platform", "tsm", tree, sim, "sev-snp")
    child.expected = (-signal.SIGTERM,)
    child.sim_dir = sim
    child.wait_line("^ready$")
    return child


def runs_without_privilege(pod):
    found = status_of(pod.pid)
    for name in ("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb"):
        check(int(found[name], 16) == 0, f"{name} {found[name]}")
    check(found["NoNewPrivs"] == "1" and found["Seccomp"] == "2", found)
    check(found["VmLck"] != "0 kB", "its key can be swapped out")
    check(found["Uid"].split() == [str(pod.uid)] * 4, found["Uid"])
    check(found["NSpid"].split()[-1] == "1", found["NSpid"])
    read_only = read_only_mounts(pod.pid)
    check(read_only["/"], read_only)
    for _, there, wanted in pod.volumes:
        check(read_only[there] == wanted, read_only)


def answers(pod, proxy, host=None):
    r = curl("-x", proxy.url, f"http://{host or pod.host}/")
    check(r.stdout == 2 * HALF, r.stderr)


def renews_its_key(pod, proxy):
    """With a quote each: and sessions go on."""
    pod.server.wait_log("keys.epoch", 1 + pod.server.told("keys.epoch"))
    answers(pod, proxy)


def reloads(pod, proxy):
    other = f"other.{pod.host}"
    pod.write_rules(f"{pod.rules}\n{other}:80={pod.to}\n")
    check(len(curl("-x", proxy.url, f"http://{other}/").stdout) < len(HALF),
          "it reads rules unasked")
    os.kill(pod.pid, signal.SIGHUP)
    pod.server.wait_log("rules.reloaded")
    answers(pod, proxy, other)


def drains(pod, proxy, port, stop):
    """What is under way is finished, and nothing new is begun."""
    got = []
    asking = threading.Thread(target=lambda: got.append(
        curl("-x", proxy.url, f"http://{pod.host}/slow")))
    asking.start()
    check(pod.backend.asked.wait(PATIENCE), "nothing arrived")
    os.kill(pod.pid, getattr(signal, stop))
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
        with Pod(programs, FILE.args, "app.test:80=127.0.0.1:8080\n",
                 int(FILE.user), FILE.volumes, "./veritee") as pod:
            runs_without_privilege(pod)
            proxy = pod.proxy(port)
            answers(pod, proxy)
            renews_its_key(pod, proxy)
            reloads(pod, proxy)
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
    has_time_and_memory(spec, server)
    with Programs(build) as programs:
        with Pod(programs, server["args"], rules["data"][Path(RULES).name],
                 server["securityContext"]["runAsUser"],
                 list(volumes_of(spec, server)), rules["metadata"]["name"]) as pod:
            runs_without_privilege(pod)
            ready = server["readinessProbe"]["httpGet"]
            check(probe_http(ports[ready["port"]], ready["path"]), "not ready")
            alive = server["livenessProbe"]["tcpSocket"]
            check(probe_tcp(ports[alive["port"]]), "not alive")
            proxy = pod.proxy(port)
            answers(pod, proxy)
            renews_its_key(pod, proxy)
            reloads(pod, proxy)
            most = mib(server["resources"]["requests"]["memory"])
            used = int(status_of(pod.pid)["VmHWM"].split()[0])  # KiB
            check(used < 1024 * most, "it takes more memory")
            drains(pod, proxy, port, "SIGTERM")


def volumes_of(spec, server):
    """What is mounted: (from, to, read-only)."""
    volumes = {v["name"]: v for v in spec["volumes"]}
    for m in server["volumeMounts"]:
        v = volumes[m["name"]]
        source = v["hostPath"]["path"] if "hostPath" in v else v["configMap"]["name"]
        yield source, m["mountPath"], m.get("readOnly", False)


def option_of(server, start):
    found, = [a.removeprefix(start) for a in server["args"] if a.startswith(start)]
    return found


def mib(quantity):
    return int(quantity.removesuffix("Mi"))


def has_time_and_memory(spec, server):
    """For what its arguments let it do."""
    wait = int(server["lifecycle"]["preStop"]["exec"]["command"][-1])
    drain = int(option_of(server, "--drain-seconds="))
    check(wait + drain < spec["terminationGracePeriodSeconds"], "no time to drain")
    queued = int(option_of(server, "--limit=queued-mib="))
    check(1.5 * queued < mib(server["resources"]["limits"]["memory"]),
          "it may use more than the pod has")


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
    volumes = {there: (source, read_only)
               for source, there, read_only in volumes_of(pods["spec"], server)}
    check(len(volumes) == len(pods["spec"]["volumes"]), volumes)
    check(volumes[str(Path(RULES).parent)] == (rules["metadata"]["name"], True),
          volumes)
    check(f"--rules={RULES}" in server["args"] and Path(RULES).name in rules["data"],
          RULES)


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
    if oci.lacks():
        print(f"skipped: there is {oci.lacks()}")
        sys.exit(77)
    sys.exit(run_tests([
        the_image_has_what_it_needs,
        the_container_serves_and_drains,
        the_pod_serves_and_drains,
    ]))
