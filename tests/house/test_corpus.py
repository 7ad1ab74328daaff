"""Real documents through one `sync`: nothing crashes, nothing is lost, what comes out is valid."""

from __future__ import annotations

import io
import json
import warnings
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.corpus, pytest.mark.slow]


def entries_by_feedparser(body: bytes) -> int:
    """What the reference parser finds."""
    import feedparser

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parsed = feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
    return len(parsed.entries)


def test_the_corpus_syncs_once_and_the_second_time_writes_nothing(
    planet: Any, blogs: Any, shared: Path, corpus: Any
) -> None:
    """Entries for every document that has some; the outputs are valid; a second forced sync touches no file."""
    paths = corpus(blogs)
    planet.configure(*[blogs.url(path) for path in paths])

    lines, summary = planet.sync(expect=None)
    before = planet.files()

    assert len(lines) == len(paths)
    missing = []
    for path in paths:
        body, media_type = blogs.documents[path]
        count = len(json.loads(body)["items"]) if "json" in media_type else entries_by_feedparser(body)
        line = lines[blogs.url(path)]
        if count and not line["new"]:
            missing.append((path, count, line["failure"], line["detail"]))
    assert missing == []
    assert {"atom.xml", "rss.xml", "feed.json", "index.html", "subscriptions.opml", "status.json"} <= set(before)
    check_schemas(planet.output, shared)

    again, summary = planet.sync("--force", expect=None)

    assert (summary["new"], summary["changed"], summary["published"]) == (0, 0, 0)
    assert planet.files() == before
    assert {line["outcome"] for line in again.values()} <= {"not_modified", "failed"}


def test_a_store_that_is_deleted_and_rebuilt_gives_every_entry_and_feed_its_id_again(
    planet: Any, blogs: Any, corpus: Any
) -> None:
    """Ids come from documents, not from the store: whoever reads the planet sees nothing twice."""
    paths = corpus(blogs)[::4]
    publication = '[[publication]]\ntitle = "Everything"\nlimit = 5000\nsource_feeds = true\narchive = true\n'
    planet.configure(*[blogs.url(path) for path in paths], extra=publication)
    planet.sync(expect=None)
    feeds, entries = ids_in(planet.output)
    for path in planet.folder.glob("feedmill.db*"):
        path.unlink()
    for path in sorted(planet.output.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()

    planet.sync(expect=None)

    assert len(feeds) > 40
    assert sum(map(len, entries.values())) > 1000
    assert ids_in(planet.output) == (feeds, entries)


def ids_in(output: Path) -> tuple[dict[str, str], dict[str, set[str]]]:
    """Of each Atom document the feed's id, and of each publication and source the entries' ids."""
    from lxml import etree

    feeds, entries = {}, {}
    for path in output.rglob("atom.xml"):
        root = etree.parse(str(path)).getroot()
        name = str(path.relative_to(output))
        feeds[name] = root.findtext("{*}id")
        entries[name] = {entry.findtext("{*}id") for entry in root.findall("{*}entry")}
    return feeds, entries


def check_schemas(output: Path, shared: Path) -> None:
    """RELAX NG for every Atom document, JSON Schema for JSON Feed."""
    import jsonschema
    from lxml import etree

    grammar = etree.RelaxNG(etree.parse(str(shared / "schemas" / "atom.rng")))
    seen = 0
    for path in output.rglob("*.xml"):
        document = etree.parse(str(path))
        if document.getroot().tag.endswith("feed"):
            seen += 1
            assert grammar.validate(document), (path, grammar.error_log)
    assert seen > 200  # the publication, each source, each month of the archive, the operator's feed
    schema = json.loads((shared / "schemas" / "jsonfeed-1.1.schema.json").read_text())
    validator = jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker())
    for path in output.rglob("feed.json"):
        assert [error.message for error in validator.iter_errors(json.loads(path.read_text()))] == []
