"""Real feed readers, driven by script against a real `feedmill serve`.

Each sees what is published and asks conditionally; an edit, another recipe and a retraction give it no new item, and a
new post gives it one.
"""

from __future__ import annotations

import contextlib
import email
import email.policy
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow


def needs(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")


def run(command: list[str], folder: Path, *, text: str = "") -> str:
    """In a home of its own."""
    env = {
        **os.environ,
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_DATA_HOME": str(folder / "data"),
        "LC_ALL": "C.UTF-8",
        "PYTHONWARNINGS": "ignore",
    }
    done = subprocess.run(
        command, cwd=folder, env=env, input=text, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


class Newsboat:
    """Its cache is a database; every entry stays unread."""

    reads_rss_titles_as_html = None

    def __init__(self, folder: Path, url: str, make: Any) -> None:
        self.folder, self.make = folder, make
        (folder / "urls").write_text(url + "\n")
        (folder / "settings").write_text("suppress-first-reload yes\n")

    def poll(self) -> None:
        command = ["newsboat", "-u", "urls", "-c", "cache.db", "-C", "settings", "-x", "reload", "print-unread"]
        said = run(command, self.folder)
        assert said.split()[0] == str(len(self.items()))

    def items(self) -> list[Any]:
        with contextlib.closing(sqlite3.connect(self.folder / "cache.db")) as database:
            rows = list(database.execute("SELECT title, enclosure_url FROM rss_item"))
        return [self.make(title, enclosure or None) for title, enclosure in rows]


class Sfeed:
    """Its store is lines of fields with tabs between them; curl keeps the ETag."""

    reads_rss_titles_as_html = None

    def __init__(self, folder: Path, url: str, make: Any) -> None:
        self.folder, self.make = folder, make
        (folder / "sfeedrc").write_text(
            f'sfeedpath="{folder}/feeds"\nmaxjobs=1\nfeeds() {{ feed planet "{url}"; }}\n'
            'fetch() { touch "$3.etag"; curl -sS --fail --etag-compare "$3.etag" --etag-save "$3.new" "$2" &&\n'
            '  { test ! -s "$3.new" || mv "$3.new" "$3.etag"; }; }\n'
        )

    def poll(self) -> None:
        run(["sfeed_update", "sfeedrc"], self.folder)

    def items(self) -> list[Any]:
        lines = (self.folder / "feeds" / "planet").read_text().splitlines()
        fields = [line.split("\t") for line in lines]
        return [self.make(part[1].replace("\\\\", "\\"), part[7] or None) for part in fields]


class Rss2email:
    """Every new entry is a mail in a Maildir."""

    reads_rss_titles_as_html = "Use the **bold** element"

    def __init__(self, folder: Path, url: str, make: Any) -> None:
        self.folder, self.make = folder, make
        for name in ("cur", "new", "tmp"):
            (folder / "mail" / "inbox" / name).mkdir(parents=True)
        (folder / "config").mkdir()
        (folder / "config" / "rss2email.cfg").write_text(
            f"[DEFAULT]\nfrom = planet@example.org\nto = reader@example.org\nemail-protocol = maildir\n"
            f"maildir-path = {folder}/mail\nmaildir-mailbox = inbox\n"
        )
        run(["r2e", "add", "planet", url], folder)

    def poll(self) -> None:
        run(["r2e", "run"], self.folder)

    def items(self) -> list[Any]:
        mails = [path.read_bytes() for path in (self.folder / "mail" / "inbox" / "new").iterdir()]
        parsed = [email.message_from_bytes(mail, policy=email.policy.default) for mail in mails]
        return [self.make(str(mail["Subject"])) for mail in parsed]


class Feedparser:
    """The library most Python readers stand on; keeps what it saw by id, as they do."""

    reads_rss_titles_as_html = None

    def __init__(self, folder: Path, url: str, make: Any) -> None:
        self.url, self.make = url, make
        self.seen: dict[str, Any] = {}
        self.tags: dict[str, str | None] = {"etag": None, "modified": None}

    def poll(self) -> None:
        import feedparser

        found = feedparser.parse(self.url, **self.tags)
        if found.status == 304:
            return
        self.tags = {"etag": found.get("etag"), "modified": found.get("modified")}
        assert not found.bozo
        for entry in found.entries:
            self.seen.setdefault(entry.id, entry)

    def items(self) -> list[Any]:
        return [
            self.make(entry.title, entry.enclosures[0].href if entry.enclosures else None)
            for entry in self.seen.values()
        ]


LEMON = """
import json, sys
from reader import make_reader
reader = make_reader("reader.db")
url = sys.argv[1]
reader.add_feed(url, exist_ok=True)
reader.update_feed(url)
entries = [[entry.title, entry.enclosures[0].href if entry.enclosures else None] for entry in reader.get_entries()]
print(json.dumps(entries))
"""


class Lemon:
    """lemon24/reader, in an environment of its own when FEEDMILL_READER_PYTHON names one."""

    reads_rss_titles_as_html = None
    python = os.environ.get("FEEDMILL_READER_PYTHON", sys.executable)

    def __init__(self, folder: Path, url: str, make: Any) -> None:
        self.folder, self.url, self.make = folder, url, make
        self.known: list[Any] = []

    def poll(self) -> None:
        self.known = json.loads(run([self.python, "-c", LEMON, self.url], self.folder))

    def items(self) -> list[Any]:
        return [self.make(title, enclosure) for title, enclosure in self.known]


def subscribed(reader: Any, kinds: tuple[str, ...], scene: Any, folder: Path, item: Any) -> dict[str, Any]:
    found = {}
    for kind in kinds:
        home = folder / kind
        home.mkdir()
        found[kind] = reader(home, scene.address(kind), item)
    return found


@pytest.mark.newsboat
def test_newsboat(scene: Any, feed_life: Any, item: Any, tmp_path: Path) -> None:
    needs("newsboat")
    readers = subscribed(Newsboat, ("atom", "rss"), scene, tmp_path, item)
    feed_life(scene, readers)

    assert all(any(seen.enclosure for seen in reader.items()) for reader in readers.values())


def test_sfeed(scene: Any, feed_life: Any, item: Any, tmp_path: Path) -> None:
    needs("sfeed_update")
    needs("curl")
    readers = subscribed(Sfeed, ("atom", "rss"), scene, tmp_path, item)
    feed_life(scene, readers)

    assert all(any(seen.enclosure for seen in reader.items()) for reader in readers.values())


def test_rss2email(scene: Any, feed_life: Any, item: Any, tmp_path: Path) -> None:
    """Nobody gets a mail twice."""
    needs("r2e")
    feed_life(scene, subscribed(Rss2email, ("atom", "rss"), scene, tmp_path, item))


def test_feedparser(scene: Any, feed_life: Any, item: Any, tmp_path: Path) -> None:
    readers = subscribed(Feedparser, ("atom", "rss"), scene, tmp_path, item)
    feed_life(scene, readers)

    assert all(any(seen.enclosure for seen in reader.items()) for reader in readers.values())


def test_lemon24_reader(scene: Any, feed_life: Any, item: Any, tmp_path: Path) -> None:
    """The one of them that reads JSON Feed as well."""
    probe = subprocess.run([Lemon.python, "-W", "ignore", "-c", "import reader"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip(
            "lemon24/reader is not installed (pip install reader; FEEDMILL_READER_PYTHON names a python with it)"
        )
    readers = subscribed(Lemon, ("atom", "rss", "json"), scene, tmp_path, item)
    feed_life(scene, readers)

    assert all(any(seen.enclosure for seen in reader.items()) for reader in readers.values())
