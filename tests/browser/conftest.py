"""A real browser, driven over its DevTools protocol through a pair of pipes: nothing to install beside chromium.

The browser resolves no name, so that nothing but this machine can be reached, whatever a page asks for.
"""

from __future__ import annotations

import base64
import fcntl
import itertools
import json
import os
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from feedmill.build import Mill
from feedmill.config.load import load
from feedmill.demo import configuration
from feedmill.sample_blogs import Blogs
from feedmill.serving import hosting

PATIENCE = 30.0  # seconds for one answer of the browser, on a machine that has other things to do
KEYS = {"Tab": (9, ""), "Enter": (13, "\r"), "Space": (32, " "), "Escape": (27, "")}
FLAGS = (
    "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--no-first-run", "--mute-audio",
    "--disable-background-networking", "--disable-component-update", "--disable-extensions", "--disable-sync",
    "--disable-dev-shm-usage", "--force-color-profile=srgb", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip


class Chromium:
    """One browser process; what it says is sorted to the tab that it concerns."""

    def __init__(self, program: str, profile: Path) -> None:
        ours, theirs = os.pipe(), os.pipe()
        # Chromium reads file 3 and writes file 4. Ours lie well above, so that no copy lands on another.
        commands, answers = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 20) for end in (ours[0], theirs[1]))
        quiet = os.open(os.devnull, os.O_WRONLY)
        self._pid = os.posix_spawn(
            program,
            [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, commands, 3),
                (os.POSIX_SPAWN_DUP2, answers, 4),
                (os.POSIX_SPAWN_DUP2, quiet, 2),
            ],
            setpgroup=0,
        )
        for end in (ours[0], theirs[1], commands, answers, quiet):
            os.close(end)
        self._in, self._out = ours[1], theirs[0]
        self._numbers = itertools.count(1)
        self._said = threading.Condition()
        self._answers: dict[int, dict[str, Any]] = {}
        self._events: dict[str, list[dict[str, Any]]] = {}
        self._over = False
        self._listener = threading.Thread(target=self._listen, name="chromium", daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        rest = b""
        while data := os.read(self._out, 1 << 20):
            *messages, rest = (rest + data).split(b"\0")
            with self._said:
                for message in map(json.loads, messages):
                    if "id" in message:
                        self._answers[message["id"]] = message
                    else:
                        self._events.setdefault(message.get("sessionId", ""), []).append(message)
                self._said.notify_all()
        with self._said:
            self._over = True
            self._said.notify_all()

    def ask(self, method: str, session: str = "", **parameters: Any) -> Any:
        """The browser's answer to one command."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._in, data) :]
        with self._said:
            told = self._said.wait_for(lambda: number in self._answers or self._over, PATIENCE)
            answer = self._answers.pop(number, {"error": {"message": f"no answer (told: {told})"}})
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def await_event(self, session: str, method: str, after: int) -> None:
        """Until the session has said `method`, beyond its first `after` events."""
        with self._said:
            found = self._said.wait_for(
                lambda: any(event["method"] == method for event in self._events.get(session, [])[after:]), PATIENCE
            )
        assert found, f"the browser never said {method}"

    def events(self, session: str, method: str = "", after: int = 0) -> list[dict[str, Any]]:
        """The parameters of what the session has said beyond its first `after` events."""
        with self._said:
            return [
                event["params"] | {"method": event["method"]}
                for event in self._events.get(session, [])[after:]
                if not method or event["method"] == method
            ]

    def quit(self) -> None:
        """End the process and its children."""
        os.killpg(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        self._listener.join(PATIENCE)
        os.close(self._in)
        os.close(self._out)


class Tab:
    """One page in a window of its own: no cookies, caches or settings of another one."""

    def __init__(
        self, chromium: Chromium, *, width: int = 1280, height: int = 900, dark: bool = False, scripts: bool = True
    ) -> None:
        self._chromium = chromium
        self._since = 0
        self._context = chromium.ask("Target.createBrowserContext")["browserContextId"]
        target = chromium.ask("Target.createTarget", url="about:blank", browserContextId=self._context)["targetId"]
        self._session = chromium.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "DOM"):
            self.ask(f"{domain}.enable")
        self.ask("Emulation.setFocusEmulationEnabled", enabled=True)
        self.look(dark=dark)
        self.resize(width, height)
        self.ask("Emulation.setScriptExecutionDisabled", value=not scripts)

    def ask(self, method: str, **parameters: Any) -> Any:
        """One command of the protocol."""
        return self._chromium.ask(method, self._session, **parameters)

    def look(self, *, dark: bool = False, media: str = "") -> None:
        """What the page is told of the reader: the colour scheme, and whether it is printed."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", media=media, features=[scheme])

    def resize(self, width: int, height: int) -> None:
        """A window of so many CSS pixels."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def open(self, url: str) -> Tab:
        """Go there, and wait until it is loaded."""
        self._since = len(self._chromium.events(self._session))
        failed = self.ask("Page.navigate", url=url).get("errorText")
        assert failed is None, f"{url}: {failed}"
        self._chromium.await_event(self._session, "Page.loadEventFired", self._since)
        return self

    def click_through(self, x: float, y: float) -> None:
        """Click where a link is, and wait until the page that it leads to is loaded."""
        self._since = len(self._chromium.events(self._session))
        for what in ("mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=what, x=x, y=y, button="left", clickCount=1)
        self._chromium.await_event(self._session, "Page.loadEventFired", self._since)

    def events(self, method: str = "") -> list[dict[str, Any]]:
        """What the browser has told since the last page was opened."""
        return self._chromium.events(self._session, method, self._since)

    def run(self, script: str) -> Any:
        """The value of an expression in the page, promises awaited. It works where the page's own scripts may not."""
        told = self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def until(self, script: str) -> Any:
        """The value of an expression as soon as it is true."""
        end = time.monotonic() + PATIENCE
        while not (value := self.run(script)):
            assert time.monotonic() < end, f"never came true: {script}"
            time.sleep(0.05)
        return value

    def press(self, *keys: str) -> None:
        """Keys of the keyboard, one after the other: names of KEYS, or words to type."""
        for key in keys:
            if key not in KEYS:
                self.ask("Input.insertText", text=key)
                continue
            code, text = KEYS[key]
            named = {"key": " " if key == "Space" else key, "code": key, "windowsVirtualKeyCode": code}
            self.ask("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **named)
            self.ask("Input.dispatchKeyEvent", type="keyUp", **named)

    def picture(self, *, whole: bool = False) -> bytes:
        """A PNG of what the window shows, or of the whole page."""
        shot = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole, **self._clip(whole))
        return base64.b64decode(shot["data"])

    def _clip(self, whole: bool) -> dict[str, Any]:
        if not whole:
            return {}
        size = self.ask("Page.getLayoutMetrics")["cssContentSize"]
        return {"clip": {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}}

    def unfold(self) -> None:
        """Open all that can be opened."""
        self.run("document.querySelectorAll('details').forEach((each) => { each.open = true; })")

    def complaints(self) -> list[str]:
        """What a developer would see in red in the console."""
        logged = [told["entry"] for told in self.events("Log.entryAdded")]
        found = [f"{entry['text']} {entry.get('url', '')}" for entry in logged if entry["level"] == "error"]
        found += [told["exceptionDetails"]["text"] for told in self.events("Runtime.exceptionThrown")]
        return found + [
            str(told["args"]) for told in self.events("Runtime.consoleAPICalled") if told["type"] == "error"
        ]

    def requests(self) -> list[tuple[str, str]]:
        """(kind, URL) of all that was asked for."""
        asked = self.events("Network.requestWillBeSent")
        return [(request["type"], request["request"]["url"]) for request in asked]

    def close(self) -> None:
        """Forget it all."""
        self._chromium.ask("Target.disposeBrowserContext", browserContextId=self._context)


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    program = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("needs chromium")
    browser = Chromium(program, tmp_path_factory.mktemp("profile"))
    yield browser
    browser.quit()


@pytest.fixture
def tab(chromium: Chromium) -> Iterator[Callable[..., Tab]]:
    """Opens tabs: `tab(width=320, dark=True).open(url)`."""
    opened: list[Tab] = []

    def make(**how: Any) -> Tab:
        opened.append(Tab(chromium, **how))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A planet of the sample blogs, served by the program's own server."""

    url: str
    folder: Path

    def pages(self) -> dict[str, str]:
        """One of each kind of page by kind, as addresses."""
        patterns = {
            "front": "index.html",
            "source": "source/*/index.html",
            "tag": "tag/*/index.html",
            "sources": "source/index.html",
            "archive": "archive/index.html",
            "month": "archive/2*.html",
            "search": "search.html",
            "status": "status.html",
            "second": "handwork/index.html",
        }
        found = {kind: min(self.folder.glob(pattern)) for kind, pattern in patterns.items()}
        return {kind: self.url + path.relative_to(self.folder).as_posix() for kind, path in found.items()}


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("planet")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with Blogs() as blogs:
        (folder / "feedmill.toml").write_text(configuration(blogs.blogs, port=port), encoding="utf-8")
        settings = load(folder / "feedmill.toml")
        with Mill(settings) as mill:
            mill.sync()
        with hosting(settings, routes=[]) as hosted:
            yield Site(url=hosted.urls[0], folder=settings.output)
