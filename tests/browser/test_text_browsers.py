"""The pages in text browsers: no styles, no scripts, one line after the other (check G12)."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import Any

import pytest

pytestmark = pytest.mark.browser

COMMANDS = {
    "lynx": ("-dump", "-nolist", "-width=200", "-assume_charset=utf-8", "-display_charset=utf-8"),
    "w3m": ("-dump", "-cols", "200", "-I", "UTF-8", "-O", "UTF-8"),
}
NOISE = re.compile(r"[{}]|undefined|function|@media|<[a-z/]|&[a-z]+;|h-entry|\[(?:INLINE|IMG|IMAGE)", re.IGNORECASE)


@pytest.fixture(params=sorted(COMMANDS))
def read(request: pytest.FixtureRequest) -> Any:
    """What a text browser makes of an address, in lines without their indents."""
    name = request.param
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"needs {name}")

    def lines(url: str) -> list[str]:
        done = subprocess.run([program, *COMMANDS[name], url], capture_output=True, check=True, timeout=30)
        return [line.strip() for line in done.stdout.decode().splitlines() if line.strip()]

    return lines


def words(text: str) -> str:
    return " ".join(text.split())


def test_the_front_page_reads_from_top_to_bottom(read: Any, site: Any) -> None:
    """First the way past the head, then whose planet it is, how to subscribe, the ways on, and every post's title."""
    lines = read(site.url)
    items = json.loads((site.folder / "feed.json").read_text())["items"]
    text = words(" ".join(lines))
    titles = [words(item["title"]) for item in items[:10]]

    at = [lines.index(line) for line in ("Skip to the content", "Demo Planet", "Subscribe")]
    assert at == sorted(at)
    assert f"{site.url}atom.xml" in text, "the address to subscribe to is told in full"
    assert "Sources Archive Search Status" in text
    places = [text.index(title) for title in titles]
    assert places == sorted(places)
    assert [line for line in lines if NOISE.search(line)] == []


def test_a_post_can_be_read_whole_where_it_stands(read: Any, site: Any) -> None:
    """What unfolds in a browser is there at once, however the browser writes lists and links."""
    page = (site.folder / "index.html").read_text()
    whole = re.findall(r'<div class="post e-content"[^>]*>(.*?)</div>', page, re.DOTALL)
    paragraphs = [words(found) for post in whole for found in re.findall(r"<p>([^<&]{40,})</p>", post)]
    text = words(" ".join(read(site.url)))

    assert len(paragraphs) > 2
    assert [paragraph for paragraph in paragraphs if paragraph not in text] == []


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("source", ["Skip to the content", "Updated", "Subscribe"]),
        ("sources", ["Sources", "each with a page and a feed of its own", "newest"]),
        ("archive", ["Archive", "Month by month", "posts"]),
        ("month", ["Posts belong to their authors"]),
        ("search", ["Search", "This page needs a script. Without it, the archive lists every title by month"]),
        ("status", ["Status of Demo Planet", "Incidents as a feed · status.json"]),
    ],
)
def test_every_page_says_in_words_what_it_is(read: Any, site: Any, kind: str, told: list[str]) -> None:
    lines = read(site.pages()[kind])
    text = words(" ".join(lines))

    assert [each for each in told if each not in text] == []
    assert [line for line in lines if NOISE.search(line)] == []
    assert "Sources Archive Search Status" in text
