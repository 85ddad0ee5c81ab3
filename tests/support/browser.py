"""A real browser for end-to-end tests: Chromium, headless, by chromedriver.

Speaks the W3C WebDriver protocol with the standard library alone. Nothing
sleeps: every wait is for a condition, with much patience for a busy machine.
Everything lives in a folder of the caller's and dies with the `Browser`.
"""

import base64
import contextlib
import http.client
import json
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path

from programs import PATIENCE, Failed

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # WebDriver section 12

DESKTOP = (1280, 900, 1)
PHONE = (390, 844, 2)


class Driver:
    """A running chromedriver, from which any number of browsers come."""

    def __init__(self, programs, env=None):
        self.dir = programs.dir
        for _ in range(10):
            child = programs.start(shutil.which("chromedriver"), "--port=0",
                                   env={"TMPDIR": str(programs.dir),
                                        **(env or {})})
            # It takes a free port of IPv4, and ends if IPv6 has it not free.
            child.expected = (-signal.SIGTERM, 1)
            found = child.wait_line(r"successfully on port (\d+)|not available")
            if found.group(1):
                self.port = int(found.group(1))
                return
        raise Failed("chromedriver finds no port")

    def open(self, *args):
        """A new browser with a profile of its own; |args| are Chromium's."""
        profile = tempfile.mkdtemp(prefix="browser-", dir=self.dir)
        return Browser(self.port, Path(profile), args)


class Browser:
    def __init__(self, port, profile, args):
        self.downloads = profile / "downloads"
        self.port = port
        self.root = ""
        flags = ["--headless=new", "--disable-gpu", "--disable-dev-shm-usage",
                 "--no-first-run", "--disable-component-update",
                 "--disable-background-networking", "--disable-sync",
                 "--disable-default-apps", "--disable-features="
                 "AutofillServerCommunication,OptimizationHints,MediaRouter",
                 "--hide-scrollbars", "--force-color-profile=srgb",
                 f"--user-data-dir={profile}/profile", *args]
        if os.geteuid() == 0:
            flags.append("--no-sandbox")  # which root cannot have
        options = {"args": flags, "binary": shutil.which("chromium")}
        made = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL"},
            "timeouts": {"pageLoad": 1000 * PATIENCE,
                         "script": 1000 * PATIENCE}}}})
        self.root = "/session/" + made["sessionId"]
        self.cdp("Browser.setDownloadBehavior", behavior="allow",
                 downloadPath=str(self.downloads))
        self.look(*DESKTOP)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        with contextlib.suppress(OSError, Failed):
            self.ask("DELETE", "")

    def ask(self, method, path, body=None):
        """One command of WebDriver; its value."""
        there = http.client.HTTPConnection("127.0.0.1", self.port,
                                           timeout=3 * PATIENCE)
        with contextlib.closing(there):
            there.request(method, self.root + path,
                          None if body is None else json.dumps(body),
                          {"Content-Type": "application/json"})
            value = json.loads(there.getresponse().read())["value"]
        if isinstance(value, dict) and "error" in value:
            raise Failed(f"{path}: {value['error']}: {value['message'][:500]}")
        return value

    def cdp(self, command, **params):
        """One command of Chromium's own protocol."""
        return self.ask("POST", "/goog/cdp/execute",
                        {"cmd": command, "params": params})

    # --- pages ---------------------------------------------------------------

    def visit(self, url):
        self.ask("POST", "/url", {"url": url})

    def url(self):
        return self.ask("GET", "/url")

    def title(self):
        return self.ask("GET", "/title")

    def run(self, script, *args):
        """What |script|, the body of a function, returns; promises included."""
        return self.ask("POST", "/execute/sync",
                        {"script": script, "args": list(args)})

    def text(self, selector="body"):
        return self.run("return document.querySelector(arguments[0])"
                        "?.innerText ?? ''", selector)

    def wait(self, script, what, *args, seconds=PATIENCE):
        """Wait until |script| returns something true; that."""
        deadline = time.monotonic() + seconds
        while True:
            found = self.run(script, *args)
            if found:
                return found
            if time.monotonic() > deadline:
                raise Failed(f"no {what} in {seconds} s at {self.url()}:\n"
                             f"{self.text()[:3000]}\n{self.complaints()}")
            self.run("return new Promise(r => setTimeout(r, 50))")

    def wait_text(self, words, selector="body"):
        return self.wait("return document.querySelector(arguments[1])"
                         "?.innerText.includes(arguments[0])",
                         f'"{words}" in {selector}', words, selector)

    def wait_number(self, selector, least):
        """The number at the beginning of a text, once it is |least| or more."""
        return self.wait("const n = parseInt(document.querySelector("
                         "arguments[0])?.innerText); "
                         "return n >= arguments[1] && n",
                         f"{least} in {selector}", selector, least)

    def wait_file(self, path, size):
        """Wait until a download is complete."""
        deadline = time.monotonic() + PATIENCE
        while not path.exists() or path.stat().st_size < size:
            if time.monotonic() > deadline:
                raise Failed(f"no {path} of {size} bytes")
            self.run("return new Promise(r => setTimeout(r, 50))")

    def tab(self):
        """Open another tab and go there; its handle."""
        handle = self.ask("POST", "/window/new", {"type": "tab"})["handle"]
        self.go(handle)
        self.look(*DESKTOP)
        return handle

    def here(self):
        return self.ask("GET", "/window")

    def go(self, handle):
        self.ask("POST", "/window", {"handle": handle})

    # --- hands ---------------------------------------------------------------

    def find(self, selector):
        found = self.ask("POST", "/element",
                         {"using": "css selector", "value": selector})
        return "/element/" + found[ELEMENT]

    def click(self, selector):
        self.ask("POST", self.find(selector) + "/click", {})

    def type(self, selector, text):
        self.ask("POST", self.find(selector) + "/value", {"text": text})

    def press(self, key):
        """One key, wherever the focus is."""
        self.ask("POST", "/actions", {"actions": [
            {"type": "key", "id": "keys", "actions": [
                {"type": "keyDown", "value": key},
                {"type": "keyUp", "value": key}]}]})

    # --- eyes ----------------------------------------------------------------

    def look(self, width, height, scale, dark=False):
        """From now on the page is seen on such a screen."""
        self.cdp("Emulation.setDeviceMetricsOverride", width=width,
                 height=height, deviceScaleFactor=scale, mobile=width < 600)
        self.cdp("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme",
             "value": "dark" if dark else "light"}])

    def shoot(self, path):
        """A picture of the whole page."""
        size = self.cdp("Page.getLayoutMetrics")["cssContentSize"]
        taken = self.cdp("Page.captureScreenshot", captureBeyondViewport=True,
                         clip={"x": 0, "y": 0, "width": size["width"],
                               "height": min(size["height"], 4000), "scale": 1})
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(taken["data"]))

    def is_cut_off(self):
        """Is the page wider than its screen?"""
        return self.run("return document.documentElement.scrollWidth > "
                        "document.documentElement.clientWidth")

    def complaints(self):
        """What the page wrote to the console since this was asked last."""
        return [e["message"] for e in self.ask("POST", "/se/log",
                                               {"type": "browser"})]
