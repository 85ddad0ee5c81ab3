"""Firefox, headless, for end-to-end tests: a `Browser` by Marionette.

Marionette is Firefox's own door for WebDriver: over TCP, each message is
"length:JSON". Where profiles are is left to Firefox, so that what looks for
them has to find them; HOME is the test's own.
"""

import base64
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

from browser import Browser
from programs import PATIENCE, Failed, wait_for

PREFERENCES = {
    "marionette.port": 0,
    # It asks nobody but whom the test has it visit.
    "app.update.disabledForTesting": True,
    "app.normandy.enabled": False,
    "browser.aboutwelcome.enabled": False,
    "browser.region.network.url": "",
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.trr.mode": 5,
    "services.settings.server": "data:,",
    # As users have it, where WebDriver would have it otherwise.
    "dom.security.https_first": True,
}
# Of each command of WebDriver that `Browser` gives, Marionette's.
COMMANDS = {
    ("POST", "url"): "WebDriver:Navigate",
    ("GET", "url"): "WebDriver:GetCurrentURL",
    ("GET", "title"): "WebDriver:GetTitle",
    ("POST", "execute/sync"): "WebDriver:ExecuteScript",
    ("POST", "element"): "WebDriver:FindElement",
    ("POST", "click"): "WebDriver:ElementClick",
    ("POST", "value"): "WebDriver:ElementSendKeys",
}


def by_server(proxy):
    return {"network.proxy.type": 1,
            "network.proxy.http": "127.0.0.1",
            "network.proxy.http_port": proxy.port,
            "network.proxy.ssl": "127.0.0.1",
            "network.proxy.ssl_port": proxy.port}


def by_pac(proxy):
    return {"network.proxy.type": 2,
            "network.proxy.autoconfig_url": f"{proxy.url}/proxy.pac"}


class Profile:
    """One of Firefox's profiles, where Firefox puts them; .path."""

    NAME = "veritee"

    def __init__(self, programs, config=".config"):
        self.programs = programs
        self.home = programs.dir / "home"
        self.config = self.home / config
        self.home.mkdir(exist_ok=True)
        made = subprocess.run(
            ["firefox-esr", "--headless", "-CreateProfile", self.NAME],
            env=os.environ | self.env(), capture_output=True, text=True,
            timeout=PATIENCE)
        found = list(self.home.glob(f"**/*.{self.NAME}/times.json"))
        if not found:
            raise Failed(f"Firefox makes no profile: {made.stderr}")
        self.path = found[0].parent

    def env(self):
        """No folder that the session of the test's user has."""
        return {"HOME": str(self.home), "XDG_CONFIG_HOME": str(self.config),
                "XDG_CACHE_HOME": str(self.home / ".cache"),
                "MOZ_CRASHREPORTER_DISABLE": "1"}

    def open(self, preferences):
        """A Firefox with this profile and |preferences|, a `Browser`."""
        (self.path / "user.js").write_text("".join(
            f"user_pref({json.dumps(name)}, {json.dumps(value)});\n"
            for name, value in (PREFERENCES | preferences).items()))
        return Firefox(self.programs, self)


class Firefox(Browser):
    def __init__(self, programs, profile):
        active = profile.path / "MarionetteActivePort"
        active.unlink(missing_ok=True)
        self.child = programs.start(
            shutil.which("firefox-esr"), "--headless", "--marionette",
            "-P", profile.NAME, env=profile.env())
        self.child.expected = (0, -signal.SIGTERM, -signal.SIGKILL)
        self.numbers = itertools.count()
        self.socket = self.connect(active)
        self.received = b""
        self.receive()  # its greeting
        self.call("WebDriver:NewSession", {"capabilities": {"alwaysMatch": {
            "timeouts": {"pageLoad": 1000 * PATIENCE,
                         "script": 1000 * PATIENCE}}}})

    def __exit__(self, kind, error, trace):
        self.socket.close()
        self.child.stop()

    def connect(self, active):
        def is_told():
            if self.child.process.poll() is not None:
                raise Failed(f"Firefox ended: {self.child.tail()}")
            return active.exists() and active.read_text()

        wait_for(lambda: f"Firefox opens a door\n{self.child.tail()}", is_told)
        return socket.create_connection(("127.0.0.1", int(active.read_text())),
                                        3 * PATIENCE)

    # --- Marionette ----------------------------------------------------------

    def receive(self):
        while b":" not in self.received:
            self.read_more()
        length, self.received = self.received.split(b":", 1)
        while len(self.received) < int(length):
            self.read_more()
        message = json.loads(self.received[:int(length)])
        self.received = self.received[int(length):]
        return message

    def read_more(self):
        more = self.socket.recv(1 << 20)
        if not more:
            raise Failed(f"Firefox closed its door: {self.child.tail()}")
        self.received += more

    def call(self, command, params):
        text = json.dumps([0, next(self.numbers), command, params]).encode()
        self.socket.sendall(b"%d:%s" % (len(text), text))
        _, _, error, result = self.receive()
        if error is not None:
            raise Failed(f"{command}: {error['error']}: {error['message'][:500]}")
        return result

    def ask(self, method, path, body=None):
        words = path.strip("/").split("/")
        params = dict(body or {})
        if words[0] == "element" and len(words) == 3:
            params["id"], words = words[1], words[2:]
        result = self.call(COMMANDS[method, "/".join(words)], params)
        return result["value"] if set(result) == {"value"} else result

    # --- what Chromium has otherwise -----------------------------------------

    def look(self, *_, **__):
        pass

    def shoot(self, path):
        taken = self.call("WebDriver:TakeScreenshot", {"full": True})
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(base64.b64decode(taken["value"]))

    def complaints(self):
        return []  # it keeps none
