"""A headless Chromium, driven over the pipes of its DevTools protocol: nothing but Python's own
library is needed besides the browser."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from select import select
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((found for name in NAMES if (found := shutil.which(name))), None)

PATIENCE = 60
"""Seconds in which the browser answers."""


class Browser:
    """One page of one browser; what it complains of is collected."""

    def __init__(self, into: int, out: int) -> None:
        self.into, self.out = into, out
        self.rest = b""
        self.count = 0
        self.session = ""
        self.complaints: list[str] = []
        self.requests: list[str] = []

    def open_tab(self) -> None:
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:  # Any: JSON
        self.count += 1
        message = {"id": self.count, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.into, json.dumps(message).encode() + b"\0")
        while (answer := self._read()).get("id") != self.count:
            self._note(answer)
        assert "error" not in answer, answer
        return dict(answer["result"])

    def _read(self) -> dict[str, Any]:  # Any: JSON
        while b"\0" not in self.rest:
            ready, _, _ = select([self.out], [], [], PATIENCE)
            assert ready, "the browser says nothing"
            data = os.read(self.out, 1 << 16)
            assert data, "the browser is gone"
            self.rest += data
        line, _, self.rest = self.rest.partition(b"\0")
        return dict(json.loads(line))

    def _note(self, event: dict[str, Any]) -> None:  # Any: JSON
        method, said = event.get("method", ""), event.get("params", {})
        printed = method == "Runtime.consoleAPICalled" and said["type"] in ("error", "warning")
        if printed or method in ("Runtime.exceptionThrown", "Log.entryAdded"):
            self.complaints.append(json.dumps(said))
        elif method == "Network.requestWillBeSent":
            self.requests.append(said["request"]["url"])
        elif method == "Page.loadEventFired":
            self.loaded = True

    def show(self, page: Path, wide: int = 1280, *, dark: bool = False) -> None:
        """Load a page in a window of a width."""
        self.complaints, self.requests, self.loaded = [], [], False
        self.resize(wide)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Page.navigate", url=page.resolve().as_uri())
        while not self.loaded:
            self._note(self._read())

    def resize(self, wide: int) -> None:
        size = {"width": wide, "height": 900, "deviceScaleFactor": 1, "mobile": wide < 600}
        self.call("Emulation.setDeviceMetricsOverride", **size)

    def run(self, script: str) -> Any:  # Any: JSON
        """Evaluate an expression in the page."""
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def find(self, selector: str) -> tuple[float, float]:
        """Find the middle of an element, in the window, to which it is scrolled."""
        x, y = self.run(
            f"(() => {{ const one = document.querySelector({json.dumps(selector)});"
            "one.scrollIntoView({block: 'center'}); const box = one.getBoundingClientRect();"
            "return [box.left + box.width / 2, box.top + box.height / 2]; })()"
        )
        return x, y

    def move(self, x: float, y: float) -> None:
        self._send_mouse("mouseMoved", x, y, 0)

    def click(self, selector: str) -> None:
        x, y = self.find(selector)
        self.move(x, y)
        for kind in ("mousePressed", "mouseReleased"):
            self._send_mouse(kind, x, y, 1)

    def _send_mouse(self, kind: str, x: float, y: float, count: int) -> None:
        button = "left" if count else "none"
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button=button, clickCount=count)

    def press(self, key: str) -> None:
        text = "\r" if key == "Enter" else ""
        code = {"Tab": 9, "Enter": 13, "Escape": 27, "ArrowLeft": 37, "ArrowRight": 39}[key]
        same = {"key": key, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **same)
        self.call("Input.dispatchKeyEvent", type="keyUp", **same)

    def texts(self, selector: str) -> list[str]:
        script = f"[...document.querySelectorAll({json.dumps(selector)})].map(e => e.textContent)"
        return list(self.run(script))

    def text(self, selector: str) -> str:
        return str(self.run(f"document.querySelector({json.dumps(selector)}).textContent"))

    def screenshot(self, path: Path, *, whole: bool = True) -> None:
        """Save what is shown as PNG."""
        said = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(said["data"]))


@contextmanager
def start_browser(folder: Path) -> Iterator[Browser]:
    """Start Chromium with a profile in a folder, and end it."""
    assert CHROMIUM is not None, "no chromium is installed, in which these tests click"
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
               "--no-first-run", "--disable-extensions", f"--user-data-dir={folder}",
               "--remote-debugging-pipe"]  # fmt: skip
    script = f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}'
    with subprocess.Popen(
        ["bash", "-c", script, "bash", CHROMIUM, *options],
        pass_fds=(theirs_in, theirs_out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        os.close(theirs_in)
        os.close(theirs_out)
        try:
            browser = Browser(ours_out, ours_in)
            browser.open_tab()
            yield browser
        finally:
            process.terminate()
            os.close(ours_out)
            os.close(ours_in)
