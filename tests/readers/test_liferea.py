"""Liferea, a desktop reader, on a screen that nobody sees; it is told to look over its D-Bus interface."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import pytest

pytestmark = pytest.mark.slow
PROGRAMS = ("liferea", "Xvfb", "dbus-daemon", "dbus-send")
REFRESH = [
    "dbus-send", "--session", "--print-reply", "--dest=org.gnome.feed.Reader", "/org/gnome/feed/Reader",
    "org.gnome.feed.Reader.Refresh",
]  # fmt: skip


def wait_for(what: Callable[[], object], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "liferea did not do it in time"
        time.sleep(0.1)


@dataclass
class Desktop:
    """A running liferea."""

    folder: Path
    environment: dict[str, str]

    def refresh(self) -> bool:
        return subprocess.run(REFRESH, env=self.environment, capture_output=True, check=False).returncode == 0

    def rows(self, query: str, *values: str) -> list[Any]:
        place = self.folder / "data" / "liferea" / "liferea.db"
        try:
            with contextlib.closing(sqlite3.connect(f"file:{place}?mode=ro", uri=True, timeout=5)) as database:
                return database.execute(query, values).fetchall()
        except sqlite3.OperationalError:  # not made yet
            return []


@dataclass
class Subscription:
    """One of its feeds."""

    desktop: Desktop
    relay: Any
    url: str
    make: Any
    reads_rss_titles_as_html = "Use the bold element"

    def poll(self) -> None:
        """One look, and until its database has come to rest."""
        name = self.url.rsplit("/", 1)[1]
        before = len(self.relay.statuses(name))
        assert self.desktop.refresh()
        wait_for(lambda: len(self.relay.statuses(name)) > before, 30)
        held, since = self.found(), time.monotonic()
        while time.monotonic() - since < 1:
            time.sleep(0.1)
            if (now := self.found()) != held:
                held, since = now, time.monotonic()

    def found(self) -> list[Any]:
        return self.desktop.rows(
            "SELECT items.title, group_concat(metadata.value) FROM items JOIN subscription USING (node_id)"
            " LEFT JOIN metadata ON metadata.item_id = items.item_id AND metadata.key = 'enclosure'"
            " WHERE subscription.source = ? GROUP BY items.item_id ORDER BY items.item_id",
            self.url,
        )

    def items(self) -> list[Any]:
        # "enc:0:audio/mpeg:12345::https://..."
        return [
            self.make(title, enclosure[enclosure.index("http") :] if enclosure else None)
            for title, enclosure in self.found()
        ]


@pytest.fixture
def desktop(scene: Any, tmp_path: Path) -> Iterator[Desktop]:
    """Liferea with a home of its own, subscribed to the Atom and the RSS feed."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    home = tmp_path / "home"
    (home / "config" / "liferea").mkdir(parents=True)
    (home / "run").mkdir(mode=0o700)
    outlines = "".join(
        f"<outline title='{kind}' text='{kind}' type='{kind}' xmlUrl={quoteattr(scene.address(kind))}"
        ' updateInterval="-1"/>'
        for kind in ("atom", "rss")
    )
    (home / "config" / "liferea" / "feedlist.opml").write_text(
        f'<?xml version="1.0"?><opml version="1.0"><head><title>Feeds</title></head><body>{outlines}</body></opml>'
    )
    environment = {
        **os.environ,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_RUNTIME_DIR": str(home / "run"),
        "GSETTINGS_BACKEND": "memory",
        "NO_AT_BRIDGE": "1",
        "LC_ALL": "C.UTF-8",
    }
    with contextlib.ExitStack() as programs:
        quiet = {"stdin": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        read, write = os.pipe()
        screen = ["Xvfb", "-displayfd", str(write), "-screen", "0", "800x600x24", "-nolisten", "tcp"]
        programs.callback(end, subprocess.Popen(screen, pass_fds=[write], stdout=subprocess.DEVNULL, **quiet))
        os.close(write)
        with os.fdopen(read) as line:
            environment["DISPLAY"] = f":{line.readline().strip()}"
        bus = subprocess.Popen(
            ["dbus-daemon", "--session", "--nofork", "--print-address=1"],
            stdout=subprocess.PIPE, text=True, env=environment, **quiet,
        )  # fmt: skip
        programs.callback(end, bus)
        environment["DBUS_SESSION_BUS_ADDRESS"] = bus.stdout.readline().strip()
        program = subprocess.Popen(["liferea"], env=environment, stdout=subprocess.DEVNULL, **quiet)
        programs.callback(end, program)
        made = Desktop(home, environment)
        wait_for(made.refresh, 60)
        wait_for(lambda: {"atom.xml", "rss.xml"} <= {path[1:] for path, _, _ in scene.relay.log}, 60)
        yield made


def end(process: subprocess.Popen[Any]) -> None:
    """Stop a program that we started; one that is in no hurry is killed."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout:
        process.stdout.close()


def test_liferea(scene: Any, desktop: Desktop, feed_life: Any, item: Any) -> None:
    """It sees what is published, enclosure and all, and nothing twice."""
    readers = {kind: Subscription(desktop, scene.relay, scene.address(kind), item) for kind in ("atom", "rss")}
    feed_life(scene, readers)

    assert all(any(seen.enclosure for seen in reader.items()) for reader in readers.values())
