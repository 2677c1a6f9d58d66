"""A real Chromium, driven by its own protocol over a WebSocket: open a page, click, read, take a picture."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast  # Any: what the protocol answers

import aiohttp

from tests.services.not_run import not_run

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)

#: The machine may be loaded: conditions are waited for so long.
PATIENCE_S = 120.0


def chromium_path() -> str:
    """Return where Chromium is; the test at hand is not run where there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        not_run("the pages in a real Chromium", "chromium (apt install chromium) is not installed here")
    return found


class Chromium:
    """One browser with one tab, inside the ``async with`` block."""

    def __init__(self, profile: Path) -> None:
        self._profile = profile
        self._number = 0
        self.said: list[str] = []  # errors on the console: a page has none

    async def __aenter__(self) -> Self:
        command = [chromium_path(), *_FLAGS, f"--user-data-dir={self._profile}", "about:blank"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._http = aiohttp.ClientSession()
        port = await self._port()
        tab = await self._tab(port)
        self._socket = await self._http.ws_connect(tab["webSocketDebuggerUrl"], max_msg_size=0)
        for domain in ("Page", "Runtime", "Log"):
            await self.call(f"{domain}.enable")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._socket.close()
        await self._http.close()
        self._process.terminate()
        await asyncio.to_thread(self._process.wait)

    async def _port(self) -> int:
        file, until = self._profile / "DevToolsActivePort", time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            if file.exists() and (lines := file.read_text().split()):
                return int(lines[0])
            await asyncio.sleep(0.05)
        raise TimeoutError("Chromium does not open its port")

    async def _tab(self, port: int) -> Mapping[str, Any]:
        """Wait for the first tab, which may come a little after the port."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            async with self._http.get(f"http://127.0.0.1:{port}/json/list") as answer:
                tabs = [tab for tab in await answer.json() if tab["type"] == "page"]
            if tabs:
                return cast("Mapping[str, Any]", tabs[0])
            await asyncio.sleep(0.05)
        raise TimeoutError("Chromium does not open its first tab")

    async def call(self, method: str, **parameters: object) -> Mapping[str, Any]:
        """Call a method of the protocol and return its result; notes what the console says meanwhile."""
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": parameters})
        while True:
            message = json.loads(await self._socket.receive_str(timeout=PATIENCE_S))
            if message.get("method") == "Log.entryAdded" and message["params"]["entry"]["level"] == "error":
                self.said.append(message["params"]["entry"]["text"])
            if message.get("method") == "Runtime.exceptionThrown":
                self.said.append(str(message["params"]["exceptionDetails"]))
            if message.get("id") == self._number:
                if "error" in message:
                    raise AssertionError(f"{method}: {message['error']}")
                result: Mapping[str, Any] = message["result"]
                return result

    async def look(self, width: int, *, dark: bool = False, height: int = 900) -> None:
        """Show pages as a window so wide shows them."""
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.call("Emulation.setEmulatedMedia", features=[scheme])

    async def open(self, address: str) -> None:
        """Open ``address`` and wait until it is there with its images."""
        await self.call("Page.navigate", url=address)
        await self.until(f"document.readyState === 'complete' && location.href.startsWith({json.dumps(address)})")

    async def value(self, expression: str) -> Any:  # Any: whatever the page answers
        """Return the value of ``expression`` in the page."""
        result = await self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    async def press(self, key: str) -> None:
        """Press ``Tab`` or ``Enter``."""
        code, text = {"Tab": (9, ""), "Enter": (13, "\r")}[key]
        for kind in ("keyDown", "keyUp"):
            more = {"text": text} if text and kind == "keyDown" else {}
            await self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **more)

    async def until(self, expression: str) -> None:
        """Wait until ``expression`` is true in the page."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            result = await self.call("Runtime.evaluate", expression=expression, returnByValue=True)
            if result["result"].get("value") is True:
                return
            await asyncio.sleep(0.1)
        raise AssertionError(f"never came true: {expression}; the console said {self.said}")

    async def picture(self, file: Path) -> None:
        """Take a picture of the whole page."""
        size = (await self.call("Page.getLayoutMetrics"))["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 6000), "scale": 1}
        shot = await self.call("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
        await asyncio.to_thread(file.write_bytes, base64.b64decode(shot["data"]))
