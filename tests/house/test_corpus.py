"""Real documents through one `sync`: nothing crashes, nothing is lost, what comes out is valid."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.corpus, pytest.mark.slow]
TYPES = {"json": "application/feed+json", "atom": "application/atom+xml"}


def serve_corpus(blogs: Any, shared: Path) -> list[str]:
    """All documents onto the server, none with a charset in its type; their paths."""
    with (shared / "corpus" / "manifest.tsv").open() as manifest:
        rows = list(csv.DictReader(manifest, delimiter="\t"))
    for row in rows:
        body = (shared / "corpus" / "feeds" / row["file"]).read_bytes()
        blogs.documents[row["file"]] = (body, TYPES.get(row["format"], "application/xml"))
    return [row["file"] for row in rows]


def entries_by_feedparser(body: bytes) -> int:
    """What the reference parser finds."""
    import feedparser

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parsed = feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
    return len(parsed.entries)


def test_the_corpus_syncs_once_and_the_second_time_writes_nothing(planet: Any, blogs: Any, shared: Path) -> None:
    """Entries for every document that has some; the outputs are valid; a second forced sync touches no file."""
    paths = serve_corpus(blogs, shared)
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


def check_schemas(output: Path, shared: Path) -> None:
    """RELAX NG for Atom, JSON Schema for JSON Feed."""
    import jsonschema
    from lxml import etree

    grammar = etree.RelaxNG(etree.parse(str(shared / "schemas" / "atom.rng")))
    for path in output.rglob("atom.xml"):
        document = etree.parse(str(path))
        assert grammar.validate(document), (path, grammar.error_log)
    schema = json.loads((shared / "schemas" / "jsonfeed-1.1.schema.json").read_text())
    validator = jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker())
    for path in output.rglob("feed.json"):
        assert [error.message for error in validator.iter_errors(json.loads(path.read_text()))] == []


W3C = """
import json, sys
sys.path.insert(0, sys.argv[1])
import feedvalidator
from feedvalidator import compatibility
from feedvalidator.logging import Error
for name, base in zip(sys.argv[2::2], sys.argv[3::2]):
    events = feedvalidator.validateString(open(name, "rb").read(), firstOccurrenceOnly=0, base=base)["loggedEvents"]
    bad = [(type(e).__name__, e.params) for e in compatibility.AA(events) if isinstance(e, Error)]
    print(json.dumps([name, [[kind, {k: str(v)[:200] for k, v in params.items()}] for kind, params in bad]]))
"""


def w3c_findings(files: dict[Path, str]) -> dict[str, list[Any]]:
    """The W3C validator's errors at level AA; the validator's folder is named by FEEDMILL_FEEDVALIDATOR."""
    place = os.environ.get("FEEDMILL_FEEDVALIDATOR")
    if not place:
        pytest.skip("FEEDMILL_FEEDVALIDATOR does not name a checkout of the W3C feed validator")
    python = os.environ.get("FEEDMILL_FEEDVALIDATOR_PYTHON", sys.executable)
    args = [part for path, base in files.items() for part in (str(path), base)]
    done = subprocess.run(
        [python, "-W", "ignore", "-c", W3C, str(Path(place) / "src"), *args],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return dict(json.loads(line) for line in done.stdout.splitlines())


def test_the_w3c_validator_finds_no_error_in_what_the_corpus_becomes(planet: Any, blogs: Any, shared: Path) -> None:
    """Atom and RSS of the whole corpus, 2000 entries of it. Warnings name what ids and texts of strangers hold."""
    paths = serve_corpus(blogs, shared)
    publication = '[[publication]]\ntitle = "Everything"\nlimit = 2000\nformats = ["atom", "rss"]\n'
    planet.configure(*[blogs.url(path) for path in paths])
    toml = planet.folder / "feedmill.toml"
    toml.write_text(toml.read_text() + publication)
    planet.sync(expect=None)

    found = w3c_findings({planet.output / name: f"https://planet.example/{name}" for name in ("atom.xml", "rss.xml")})

    assert found == {str(planet.output / name): [] for name in ("atom.xml", "rss.xml")}
