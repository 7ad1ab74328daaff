"""What no bytes may do: raise, take long, open a file, reach the network; and what a start must not import."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from feedmill.feeds.outcome import Failure, FailureKind, RawDocument
from feedmill.ingest.parse import discover, mapping, parse, parse_any
from feedmill.ingest.parsed import ParsedFeed

Make = Callable[..., RawDocument]
SIZE = 100_000


def rss(inside: str) -> str:
    return f"<rss version='2.0'><channel><title>t</title><item><title>a</title>{inside}</item></channel></rss>"


HOSTILE = {
    "ampersands": rss("<description>" + "&" * SIZE + "</description>"),
    "less-than": rss("<description>" + "<" * SIZE + "</description>"),
    "open-tags": rss("<description>" + "<b" * SIZE + "</description>"),
    "unclosed": rss("<div>" * (SIZE // 5)),
    "unclosed-in-cdata": rss("<description><![CDATA[" + "<div>" * (SIZE // 5) + "]]></description>"),
    "attributes": rss("<x " + " ".join(f"a{n}='1'" for n in range(SIZE // 10)) + "/>"),
    "bare-attributes": rss("<x " + " ".join(f"a{n}=1" for n in range(SIZE // 10)) + "/>"),
    "quotes": rss("<x a=" + "\"'" * (SIZE // 2) + "/>"),
    "comments": rss("<!--" * (SIZE // 4)),
    "cdata": rss("<![CDATA[" * (SIZE // 9)),
    "declarations": rss("<!x" * (SIZE // 3)),
    "doctype": "<!DOCTYPE a [" + "] " * (SIZE // 2),
    "doctypes": "<!DOCTYPE a [" * (SIZE // 13),
    "instructions": "<?x " * (SIZE // 4) + rss(""),
    "author": rss("<author>" + "a" * SIZE + "@" + "b." * SIZE + "</author>"),
    "authors": rss("<author>" + "a@b" * (SIZE // 3) + "</author>"),
    "prefixes": rss("".join(f"<p{n}:x/>" for n in range(SIZE // 10))),
    "white-space": " " * SIZE + rss(""),
    "wide-tag": rss("<title\n" + " " * SIZE + ">x</title>"),
    "nul": rss("\x00" * SIZE),
    "roots": "<rss " * (SIZE // 5),
    "roots-in-a-page": "<html>" + "<feed " * (SIZE // 6),
    "end-tags": rss("</x>" * (SIZE // 4)),
    "crossed-tags": rss("<a></b>" * (SIZE // 7)),
    "json-depth": "[" * SIZE,
    "json-digits": '{"version":"https://jsonfeed.org/version/1","items":[{"id":' + "9" * SIZE + "}]}",
    "links": "<link " * (SIZE // 6) + "<a href='x" * (SIZE // 10),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_input_is_bounded(document: Make, name: str) -> None:
    """100 KB of it never raise and take less than three seconds of CPU through all three entrances."""
    raw = document(HOSTILE[name])
    begin = time.process_time()
    outcome = parse(raw)
    parse_any(raw)
    discover(raw)
    spent = time.process_time() - begin

    assert isinstance(outcome, ParsedFeed | Failure)
    assert spent < 3


def test_too_many_entries(document: Make) -> None:
    """Of more entries than are ever kept the first stay, or the last in a document that runs from old to new."""
    more = mapping.MAX_ENTRIES + 10
    down = "".join(f"<item><guid>{n}</guid><pubDate>{2030 - n // 1000}</pubDate></item>" for n in range(more))
    up = "".join(f"<item><guid>{n}</guid><pubDate>{2000 + n // 1000}</pubDate></item>" for n in range(more))
    newest_first = parse(document(f"<rss><channel>{down}</channel></rss>"))
    oldest_first = parse(document(f"<rss><channel>{up}</channel></rss>"))

    assert isinstance(newest_first, ParsedFeed)
    assert isinstance(oldest_first, ParsedFeed)
    assert len(newest_first.entries) == len(oldest_first.entries) == mapping.MAX_ENTRIES
    assert newest_first.entries[0].id == "0"
    assert oldest_first.entries[-1].id == str(more - 1)
    assert "newest" in newest_first.notes[0].detail


@pytest.mark.parametrize("tail", ["</channel></rss>", "<x></channel></rss>"], ids=["strict", "loose"])
def test_liberal_reader_stops(document: Make, tail: str) -> None:
    """The slow reader stops once it has read twice what is kept."""
    items = "<item><description><b>x</b></description></item>" * (2 * mapping.MAX_ENTRIES + 10)
    feed = parse(document(f"<rss><channel>{items}{tail}"))

    assert isinstance(feed, ParsedFeed)
    assert len(feed.entries) == mapping.MAX_ENTRIES


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        ("", FailureKind.NOT_A_FEED, "an empty body"),
        ("\ufeff \n", FailureKind.NOT_A_FEED, "an empty body"),
        ("<html><body>x", FailureKind.NOT_A_FEED, "an HTML page came"),
        ("words", FailureKind.NOT_A_FEED, "no element"),
        ("<a", FailureKind.NOT_A_FEED, "<a>"),
        ("<rss><channel><description><b>x</i></channel></rss>", FailureKind.UNPARSABLE, "no entry could be read"),
    ],
)
def test_sentences(document: Make, body: str, kind: FailureKind, words: str) -> None:
    """A failure names what came."""
    outcome = parse(document(body))

    assert isinstance(outcome, Failure)
    assert outcome.kind is kind
    assert words in outcome.detail


PROBE = """
import sys
seen = []
def watch(event, arguments):
    if event.startswith(("socket.", "urllib.", "ftplib.")) or (event == "open" and "canary" in str(arguments[0])):
        seen.append((event, str(arguments[0])))
sys.addaudithook(watch)
from feedmill.feeds.outcome import RawDocument
from feedmill.ingest.parse import parse, parse_any
HEAVY = ("feedparser", "lxml", "selectolax", "jinja2", "rich")
print("imported:", [name for name in HEAVY if name in sys.modules])
parse(RawDocument(body=b"<rss version='2.0'><channel><item><title>x</title></item></channel></rss>", url=""))
print("clean:", [name for name in HEAVY if name in sys.modules])
path = sys.argv[1]
for body in (
    path, "file://" + path, "http://127.0.0.1:9/canary",
    f'<!DOCTYPE rss SYSTEM "{path}"><rss><channel><item><title>x</title></item></channel></rss>',
    f'<!DOCTYPE rss [<!ENTITY a SYSTEM "{path}">]><rss><channel><item><title>&a;</title></item></channel></rss>',
    f'<!DOCTYPE rss [<!ENTITY % p SYSTEM "http://127.0.0.1:9/canary">%p;]><rss><channel><b>x</i></channel></rss>',
    f'<?xml-stylesheet href="{path}"?><rss xmlns:i="http://www.w3.org/2001/XInclude"><channel><item>'
    f'<i:include href="{path}"/><title>x</title><description><b>y</i></description></item></channel></rss>',
):
    for read in (parse, parse_any):
        assert "secret" not in repr(read(RawDocument(body=body.encode(), url="http://127.0.0.1:9/")))
print("seen:", seen)
"""


def test_nothing_is_opened(tmp_path: Path) -> None:
    """No body opens a file or a connection; importing the room loads no parser, a clean feed not feedparser."""
    canary = tmp_path / "canary"
    canary.write_text("secret")
    ran = subprocess.run(
        [sys.executable, "-c", PROBE, str(canary)], capture_output=True, text=True, timeout=60, check=False
    )

    assert ran.stderr == ""
    assert ran.stdout.splitlines() == ["imported: []", "clean: ['lxml']", "seen: []"]
