"""A feed opened in Firefox, driven over its Marionette protocol: nothing to install beside firefox (checks H2, H3, H4).

The browser reaches this machine and nothing else: every other host is behind a proxy that is not there.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser

PATIENCE = 60.0  # seconds: the first start of a profile takes some
PREFERENCES = {
    "marionette.port": 0,  # any that is free; it is written into the profile
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "network.proxy.no_proxies_on": "127.0.0.1",
    "app.update.disabledForTesting": True,
    "browser.safebrowsing.downloads.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    "startup.homepage_welcome_url": "",
    "toolkit.telemetry.enabled": False,
}
CLICKABLE = """
const [box] = document.querySelector('div > p > a').getClientRects();
return document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2).localName;
"""


class Firefox:
    """One browser and its one window. Messages are `LENGTH:[kind, number, command or error, parameters or result]`."""

    def __init__(self, program: str, profile: Path) -> None:
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
        (profile / "user.js").write_text("\n".join(lines), encoding="utf-8")
        command = [program, "--headless", "--no-remote", "--profile", str(profile), "--marionette", "about:blank"]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        self._number = 0
        try:
            self._socket = socket.create_connection(("127.0.0.1", self._port(profile)), PATIENCE)
            self._stream = self._socket.makefile("rb")
            self._message()  # it says who it is
            self.ask("WebDriver:NewSession", capabilities={})
        except BaseException:
            self._end()
            raise

    def _port(self, profile: Path) -> int:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            told = profile / "MarionetteActivePort"
            if told.exists() and told.read_text().strip():
                return int(told.read_text())
            assert self._process.poll() is None, "firefox has ended"
            time.sleep(0.05)
        raise AssertionError("firefox never told its port")

    def _message(self) -> Any:
        length = b""
        while (digit := self._stream.read(1)) != b":":
            assert digit, "firefox has hung up"
            length += digit
        return json.loads(self._stream.read(int(length)))

    def ask(self, command: str, **parameters: Any) -> Any:
        """The answer to one command."""
        self._number += 1
        data = json.dumps([0, self._number, command, parameters]).encode()
        self._socket.sendall(b"%d:%s" % (len(data), data))
        _, number, error, result = self._message()
        assert (number, error) == (self._number, None), f"{command}: {error}"
        return result

    def run(self, script: str) -> Any:
        """What a function with this body returns in the page."""
        return self.ask("WebDriver:ExecuteScript", script=script, args=[])["value"]

    def shown(self, selector: str) -> list[bool]:
        """Whether each of the elements takes a place on the screen."""
        return list(
            self.run(f"return [...document.querySelectorAll('{selector}')].map((one) => one.checkVisibility())")
        )

    def quit(self) -> None:
        """End the process and its children."""
        self._stream.close()
        self._socket.close()
        self._end()

    def _end(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


@pytest.fixture(scope="module")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    program = shutil.which("firefox-esr") or shutil.which("firefox")
    if program is None:
        pytest.skip("needs firefox (Debian: firefox-esr)")
    browser = Firefox(program, tmp_path_factory.mktemp("firefox"))
    yield browser
    browser.quit()


@pytest.mark.parametrize("name", ["atom.xml", "rss.xml", "source/{}/atom.xml"])
def test_a_feed_in_firefox_is_a_page_that_leads_on(firefox: Firefox, site: Any, name: str) -> None:
    """Shown, not downloaded, by CSS alone: the banner's link works, titles are seen, ids and escaped HTML are not."""
    one = next(path.parent.name for path in sorted(site.folder.glob("source/*/atom.xml")))
    firefox.ask("WebDriver:SetWindowRect", width=500, height=800)
    firefox.ask("WebDriver:Navigate", url=site.url + name.format(one))
    of = "item" if name == "rss.xml" else "entry"

    assert firefox.run("return document.contentType") == "application/xml"
    style = firefox.run("return getComputedStyle(document.documentElement).backgroundColor")
    assert style in {"rgb(250, 248, 244)", "rgb(21, 23, 26)"}, "the stylesheet was loaded"
    assert all(firefox.shown(f"{of} > title"))
    assert len(firefox.shown(f"{of} > title")) > 1
    assert not any(firefox.shown(f"{of} > id, {of} > guid, {of} > link, {of} > content, {of} > encoded"))
    assert firefox.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0

    assert firefox.shown("div > p > a") == [True, True]
    assert firefox.run(CLICKABLE) == "a"
    link = firefox.ask("WebDriver:FindElement", using="css selector", value="div > p > a")["value"]
    firefox.ask("WebDriver:ElementClick", id=next(iter(link.values())))
    assert firefox.run("return document.querySelector('main#content') !== null")
    assert firefox.ask("WebDriver:GetCurrentURL")["value"].startswith(site.url)


def test_a_page_in_firefox_does_not_scroll_sideways_and_shows_its_posts(firefox: Firefox, site: Any) -> None:
    firefox.ask("WebDriver:SetWindowRect", width=500, height=800)
    for kind, url in site.pages().items():
        firefox.ask("WebDriver:Navigate", url=url)
        firefox.run("document.querySelectorAll('details').forEach((each) => { each.open = true; })")

        assert firefox.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0, (
            kind
        )
        assert firefox.shown("main"), kind
