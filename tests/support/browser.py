"""A headless Chromium, driven through its own protocol over two pipes: no driver and no library between it and a test.

The protocol is https://chromedevtools.github.io/devtools-protocol/: JSON messages that end with a zero byte, read from
file descriptor 3 and written to 4.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from attrs import define, field
from typing_extensions import Self

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless",
    "--remote-debugging-pipe",
    "--no-sandbox",  # a sandbox needs rights that containers lack; the only pages opened are our own
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--no-first-run",
    "--disable-background-networking",
)
ANSWER_SECONDS = 30
"""A page of the report is there within one; a machine that is busy gets more."""
LOWEST_FREE = 10
KEYS = {
    "ArrowDown": 40,
    "ArrowUp": 38,
    "ArrowLeft": 37,
    "ArrowRight": 39,
    "Escape": 27,
    "Enter": 13,
    "End": 35,
    "Tab": 9,
}


def find_browser(environ: Mapping[str, str] = os.environ) -> str | None:
    """The Chromium that `BROWSER_BINARY` names, else one from PATH."""
    named = environ.get("BROWSER_BINARY")
    return named or next((found for name in NAMES if (found := shutil.which(name))), None)


@define(eq=False)
class Browser:
    """A running browser; a context manager ends it."""

    binary: str
    profile: Path
    process: subprocess.Popen[bytes] | None = None
    to_browser: int = -1
    from_browser: int = -1
    number: int = 0
    buffer: bytes = b""
    events: deque[dict] = field(factory=deque)

    def __enter__(self) -> Self:
        read_there, self.to_browser = os.pipe()
        self.from_browser, write_there = os.pipe()
        # High numbers: neither of them may be 3 or 4 already, or the shell would close one with the other.
        theirs = [fcntl.fcntl(each, fcntl.F_DUPFD, LOWEST_FREE) for each in (read_there, write_there)]
        flags = [*FLAGS, f"--user-data-dir={self.profile}"]
        script = f'exec "$@" 3<&{theirs[0]} 4>&{theirs[1]} {theirs[0]}<&- {theirs[1]}>&-'
        self.process = subprocess.Popen(
            ["bash", "-c", script, "bash", self.binary, *flags, "about:blank"],
            pass_fds=theirs,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for each in (read_there, write_there, *theirs):
            os.close(each)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self.to_browser)  # which ends it
        os.close(self.from_browser)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def call(self, method: str, session: str | None = None, **arguments: object) -> dict:
        """Have something done, and wait for what came of it. Events that arrive meanwhile are kept."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": arguments}
        if session is not None:
            message["sessionId"] = session
        os.write(self.to_browser, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)

    def receive(self) -> dict:
        """The next message."""
        while b"\0" not in self.buffer:
            if not select.select([self.from_browser], [], [], ANSWER_SECONDS)[0]:
                raise TimeoutError(f"{self.binary} has said nothing for {ANSWER_SECONDS} s")
            got = os.read(self.from_browser, 1 << 20)
            if not got:
                raise RuntimeError(f"{self.binary} has ended")
            self.buffer += got
        message, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(message)

    def open(self, file: Path, *, scheme: str = "light", width: int = 1400, height: int = 1000) -> Page:
        """A page of its own, loaded from a file; everything that it complains about or asks for is kept."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session)
        for domain in ("Page", "Runtime", "Log", "Network"):
            page.call(f"{domain}.enable")
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        page.call("Emulation.setEmulatedMedia", features=features)
        page.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        page.call("Page.navigate", url=file.as_uri())
        page.wait_loaded()
        return page


@define(eq=False)
class Page:
    """One page."""

    browser: Browser
    session: str
    told: list[dict] = field(factory=list)

    def call(self, method: str, **arguments: object) -> dict:
        """Have something done with this page."""
        return self.browser.call(method, self.session, **arguments)

    def wait_loaded(self) -> None:
        while not any(event["method"] == "Page.loadEventFired" for event in self.told):
            self.gather()
            if not any(event["method"] == "Page.loadEventFired" for event in self.told):
                self.browser.events.append(self.browser.receive())

    def gather(self) -> None:
        """Take what the browser told of this page."""
        kept = list(self.browser.events)
        self.browser.events.clear()
        for event in kept:
            (self.told if event.get("sessionId") == self.session else self.browser.events).append(event)

    def run(self, script: str) -> object:
        """What an expression is worth in the page."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"].get("description", script))
        return answer["result"].get("value")

    def press(self, *keys: str) -> None:
        """Press keys as a person would: by name, or characters."""
        for key in keys:
            text = {"text": key} if key not in KEYS else {"text": "\r"} if key == "Enter" else {}
            code = {"windowsVirtualKeyCode": KEYS[key], "code": key} if key in KEYS else {}
            self.call("Input.dispatchKeyEvent", type="keyDown", key=key, **text, **code)
            self.call("Input.dispatchKeyEvent", type="keyUp", key=key, **code)

    def click(self, selector: str) -> None:
        """Click into the middle of an element, after it was scrolled to."""
        box = self.run(
            f"(() => {{ const element = document.querySelector({json.dumps(selector)}); "
            "element.scrollIntoView({block: 'center', inline: 'center'}); "
            "const box = element.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2] })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1)

    def complaints(self) -> list[str]:
        """Errors of scripts, of the console, and what the browser logs: refused requests among it."""
        self.run("1")  # what was said before the answer has arrived with it
        self.gather()
        found = []
        for event in self.told:
            params = event["params"]
            if event["method"] == "Runtime.exceptionThrown":
                found.append(params["exceptionDetails"]["exception"].get("description", "an exception"))
            elif event["method"] == "Runtime.consoleAPICalled" and params["type"] in {"error", "warning", "assert"}:
                found.append(" ".join(str(each.get("value")) for each in params["args"]))
            elif event["method"] == "Log.entryAdded" and params["entry"]["level"] in {"error", "warning"}:
                found.append(params["entry"]["text"])
        return found

    def requests(self) -> list[str]:
        """Everything that the page asked for, itself included."""
        self.run("1")
        self.gather()
        sent = [event["params"] for event in self.told if event["method"] == "Network.requestWillBeSent"]
        return [params["request"]["url"] for params in sent]

    def screenshot(self, file: Path, *, whole: bool = False) -> Path:
        """What it looks like, as PNG; `whole`: all of it, not only what is in the window."""
        answer = self.call(
            "Page.captureScreenshot", format="png", captureBeyondViewport=whole, **self._clip(whole=whole)
        )
        file.write_bytes(base64.b64decode(answer["data"]))
        return file

    def _clip(self, *, whole: bool) -> dict:
        if not whole:
            return {}
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        return {"clip": {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}}
