"""Where feedmill's entries differ from feedparser's over the corpus of real feeds, one by one, and by which rule.

    python bench/corpus_differences.py [FOLDER]            how many by rule, and what no rule explains
    python bench/corpus_differences.py [FOLDER] --all      every one
    python bench/corpus_differences.py [FOLDER] --write    into docs/deviations.md and docs/deviations-listed.md

Compared are published ids, links, titles and both dates of every entry of every document that feedparser reads.
feedparser (both its HTML passes off) is asked for the document as its server sent it; ours is what `feedmill normalize`
says. A rule recognises a difference by what the document says; none is a list of files.
"""

from __future__ import annotations

import csv
import io
import re
import sys
import tomllib
import warnings
from calendar import timegm
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urljoin

import feedparser

from feedmill.feeds.entry import Entry
from feedmill.feeds.identity import published_id
from feedmill.feeds.outcome import RawDocument
from feedmill.ingest.clean import DEFAULT_RECIPE
from feedmill.ingest.links import Places
from feedmill.ingest.normalize import Identified, identify, normalize, prepare
from feedmill.ingest.parse import parse
from feedmill.ingest.parsed import ParsedFeed
from feedmill.ingest.urls import absolute, tidy, unescape_once

HERE = Path(__file__).resolve().parent
CORPUS = HERE.parent.parent / "shared" / "corpus"
DOCS = HERE.parent / "docs"
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)  # when every entry is first seen
BEGIN, END = "<!-- differences: begin -->", "<!-- differences: end -->"
_LONGEST = 52  # characters of a value in a listing
_UNSEEN = re.compile(r"[^\S ]|(?<= ) ")  # spaces that a reader of the listing would not see
_OFFSET = re.compile(r"[+-](\d{2}):?\d{2}\s*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One entry as both have it. `item` and `entry` are None for one that is equal to another to the letter."""

    feed: ParsedFeed
    url: str
    places: Places
    item: Identified
    entry: Entry
    other: Mapping[str, Any]

    def their(self, name: str) -> Any:
        """feedparser's value without its fall-backs from one key to another."""
        value = dict.get(self.other, name)
        if name in ("published", "updated"):
            parts = dict.get(self.other, f"{name}_parsed")
            return datetime.fromtimestamp(timegm(parts), UTC) if parts else None
        return value or ""

    def our(self, name: str) -> Any:
        """The value of the published entry."""
        value = {"id": self.entry.id, "link": self.entry.url, "title": self.entry.title}.get(name)
        return getattr(self.entry, name) if name in ("published", "updated") else value or ""

    def noted(self, words: str) -> bool:
        return any(words in note.detail for note in self.entry.notes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One value. `place`: the entry's number in its document, from 1; 0 for the document itself."""

    document: str
    place: int
    field: str
    theirs: str
    ours: str
    rule: str


class Rule(NamedTuple):
    """A reason for which a value of a field differs; corpus_rules.toml tells it in words."""

    name: str
    field: str
    holds: Callable[[Pair], bool]


# --- ids ---


def _is_derived(pair: Pair) -> bool:
    return pair.their("id") == "" and pair.item.parsed.id is None and bool(pair.item.notes)


def _is_opaque(pair: Pair) -> bool:
    written = pair.item.parsed.id
    return written is not None and pair.their("id") != written and pair.their("id") == urljoin(pair.url, written)


def _is_shared(pair: Pair) -> bool:
    return pair.item.guid.startswith(f"{pair.their('id')} ") and pair.item.parsed.id == pair.their("id")


def _is_named(pair: Pair) -> bool:
    guid = pair.item.guid
    return guid == pair.their("id") and pair.our("id") == published_id(pair.url, guid) != guid


# --- links ---


def _canonical(url: str, places: Places) -> str:
    return tidy(absolute(url, places.base) or "", places.own_hosts)[0]


def _is_original(pair: Pair) -> bool:
    kept = pair.item.parsed.orig_link
    return kept is not None and _canonical(unescape_once(kept), pair.places) == pair.our("link")


def _is_untracked(pair: Pair) -> bool:
    plain = absolute(pair.their("link")) or ""
    return pair.noted("removed tracking") and tidy(plain, pair.places.own_hosts)[0] == pair.our("link") != plain


def _is_respelt(pair: Pair) -> bool:
    return absolute(pair.their("link")) == pair.our("link") != ""


def _is_rebased(pair: Pair) -> bool:
    written = [link.href for link in pair.item.parsed.links if link.rel == "alternate"] or [pair.item.parsed.id or ""]
    return any(
        urljoin(pair.url, href) == pair.their("link") and pair.our("link").endswith(href.lstrip("/"))
        for href in written
        if "://" not in href
    )


# --- titles ---


def _plain(title: str) -> str:
    """The words of a title: tags out, entities read once, spaces folded; nothing of feedmill's."""
    return " ".join(unescape(re.sub(r"</?[a-zA-Z][^<>]*>", "", title)).split())


def _is_words(pair: Pair) -> bool:
    return _plain(pair.their("title")) == pair.our("title") != " ".join(pair.their("title").split())


def _is_folded(pair: Pair) -> bool:
    visible = re.sub("[\u200b\u2060\ufeff\u00ad]", "", pair.their("title"))
    return " ".join(visible.split()) == pair.our("title")


def _is_untitled(pair: Pair) -> bool:
    return pair.their("title") == "" and pair.noted("derived from")


def _is_mojibake(pair: Pair) -> bool:
    try:
        return bool(pair.our("title").encode("latin-1").decode() == pair.their("title"))
    except UnicodeError:
        return False


# --- dates ---


def _is_only_updated(pair: Pair) -> bool:
    return pair.their("published") is None and pair.our("published") == pair.their("updated") is not None


def _is_undated(pair: Pair) -> bool:
    parsed = pair.item.parsed
    return not (parsed.published or parsed.updated) and pair.our("published") == NOW


def _is_read(pair: Pair) -> bool:
    return pair.their("published") is None and bool(pair.item.parsed.published) and pair.our("published") != NOW


def _is_absurd(pair: Pair) -> bool:
    return pair.their("published") is not None and not 1990 <= pair.their("published").year <= NOW.year + 2


def _is_far_zone(pair: Pair) -> bool:
    found = _OFFSET.search(pair.item.parsed.published or "")
    return found is not None and int(found[1]) > 14 and pair.noted("offset")


def _is_before(pair: Pair) -> bool:
    return bool(pair.their("updated") and pair.their("updated") < pair.our("published") == pair.our("updated"))


RULES = (
    Rule("no id", "id", _is_derived),
    Rule("ids are opaque", "id", _is_opaque),
    Rule("id of several entries", "id", _is_shared),
    Rule("id becomes a URI", "id", _is_named),
    Rule("original link", "link", _is_original),
    Rule("without tracking", "link", _is_untracked),
    Rule("spelling of a link", "link", _is_respelt),
    Rule("base of a relative link", "link", _is_rebased),
    Rule("deliberate mojibake", "title", _is_mojibake),
    Rule("no title", "title", _is_untitled),
    Rule("spaces in a title", "title", _is_folded),
    Rule("title as text", "title", _is_words),
    Rule("dated by `updated`", "published", _is_only_updated),
    Rule("undated", "published", _is_undated),
    Rule("a date in another language", "published", _is_read),
    Rule("no year of a blog", "published", _is_absurd),
    Rule("no such time zone", "published", _is_far_zone),
    Rule("updated before published", "updated", _is_before),
)
COUNTS = ("cut off", "undeclared prefix", "equal to the letter")


def documents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The XML documents: feedparser 6 reads no JSON Feed."""
    with (folder / "manifest.tsv").open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            if row["format"] != "json":
                yield row["file"], (folder / "feeds" / row["file"]).read_bytes()


def read_theirs(body: bytes, url: str) -> Any:
    """feedparser's reading of it; both HTML passes off."""
    headers = {"content-location": url, "content-type": "application/xml"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return feedparser.parse(
            io.BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )


def compare(folder: Path) -> tuple[list[Difference], int]:
    """All differences, in the order of the documents; how many entries were compared."""
    found: list[Difference] = []
    compared = 0
    for name, body in documents(folder):
        url = f"https://feeds.example/{name}"
        theirs, ours = read_theirs(body, url), parse(RawDocument(body=body, url=url))
        if not isinstance(ours, ParsedFeed):
            if theirs.entries:
                found.append(_counted(name, len(theirs.entries), 0, ""))
            continue
        items = identify(ours, source_url=url)
        found += _count(name, ours, items, theirs)
        if len(ours.entries) == len(theirs.entries):
            compared += len(items)
            found += _values(name, url, ours, items, theirs)
    return found, compared


def _count(name: str, ours: ParsedFeed, items: Sequence[Identified], theirs: Any) -> Iterator[Difference]:
    read, kept, said = len(ours.entries), len(items), [note.detail for note in ours.notes]
    if kept == len(theirs.entries):
        return
    rule = ""
    if read == len(theirs.entries) and kept == len({entry.to_json() for entry in ours.entries}):
        rule = "equal to the letter"
    elif not theirs.entries and any("prefix" in words for words in said):
        rule = "undeclared prefix"
    elif read == len(theirs.entries) - 1 and any("cut off" in words for words in said):
        rule = "cut off"
    yield _counted(name, len(theirs.entries), kept, rule)


def _counted(name: str, theirs: int, ours: int, rule: str) -> Difference:
    return Difference(document=name, place=0, field="count", theirs=str(theirs), ours=str(ours), rule=rule)


def _values(name: str, url: str, ours: ParsedFeed, items: Sequence[Identified], theirs: Any) -> Iterator[Difference]:
    context = prepare(ours, source_url=url)
    by_parsed = {id(item.parsed): item for item in items}
    for place, (parsed, other) in enumerate(zip(ours.entries, theirs.entries, strict=True), 1):
        item = by_parsed.get(id(parsed))
        if item is None:
            continue
        entry = normalize(item, context, now=NOW, recipe=DEFAULT_RECIPE)
        pair = Pair(feed=ours, url=url, places=context.places, item=item, entry=entry, other=other)
        for field in ("id", "link", "title", "published", "updated"):
            if pair.their(field) != pair.our(field):
                rule = next((rule.name for rule in RULES if rule.field == field and rule.holds(pair)), "")
                yield Difference(
                    document=name, place=place, field=field,
                    theirs=_shown(field, pair.their(field), pair.our(field)),
                    ours=_shown(field, pair.our(field), pair.their(field)), rule=rule,
                )  # fmt: skip


# --- showing ---


def _shown(field: str, value: Any, beside: Any) -> str:
    """Short enough for a line: of a title only the words around the first difference."""
    if not value:
        return "nothing"
    if isinstance(value, datetime):
        return "first seen" if value == NOW else f"{value.year:04d}-{value:%m-%d %H:%M:%S}"
    text = str(value)
    if field == "title" and beside:
        at = next((at for at, (a, b) in enumerate(zip(text, str(beside), strict=False)) if a != b), 0)
        begin = max(0, at - 10)
        text = ("…" if begin else "") + text[begin : at + 22] + ("…" if len(text) > at + 22 else "")
    elif field == "title":
        text = " ".join(text.split()[:5])
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST // 2]}…{text[-_LONGEST // 2 :]}"
    seen = _UNSEEN.sub("␣", text).replace("`", "'").replace("|", "¦")
    return f"`{seen}`"


def _order(difference: Difference) -> tuple[int, str, int]:
    names = [*COUNTS, *(rule.name for rule in RULES)]
    return names.index(difference.rule) if difference.rule else -1, difference.document, difference.place


def summary(differences: Sequence[Difference]) -> str:
    """What docs/deviations.md says of the corpus: each rule, its reason, and its documents with their first case."""
    reasons = tomllib.loads((HERE / "corpus_rules.toml").read_text(encoding="utf-8"))
    lines = []
    for name, group in groupby(sorted(differences, key=_order), key=lambda each: each.rule):
        rows = list(group)
        lines += [
            "",
            f"### {name or 'Unexplained'}",
            "",
            " ".join(reasons[name]["why"].split()) if name else "No rule holds.",
            "",
        ]
        lines += ["| document | entries | the first: feedparser | feedmill |", "|---|---|---|---|"]
        for document, mine in groupby(rows, key=lambda each: each.document):
            cases = list(mine)
            what = f"{len(cases)}" if cases[0].place else "the document"
            lines.append(f"| `{document}` | {what} | {cases[0].theirs} | {cases[0].ours} |")
    return "\n".join(lines).strip()


def listing(differences: Sequence[Difference]) -> str:
    """docs/deviations-listed.md: every difference, a line each."""
    lines = [
        "# Every difference from feedparser in the corpus",
        "",
        "Made by `python bench/corpus_differences.py --write`; [deviations](deviations.md) tells the rules.",
        "A line is an entry's number in its document: feedparser's value → ours, shortened.",
    ]
    for name, group in groupby(sorted(differences, key=_order), key=lambda each: each.rule):
        lines += ["", f"## {name or 'Unexplained'}"]
        for document, mine in groupby(group, key=lambda each: each.document):
            lines += ["", f"**{document}**", ""]
            lines += [f"- {each.place or 'entries'}: {each.theirs} → {each.ours}" for each in mine]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str]) -> int:
    """0 when a rule explains every difference."""
    folder = next((Path(each) for each in arguments if not each.startswith("--")), CORPUS)
    differences, compared = compare(folder)
    counts = Counter((each.field, each.rule) for each in differences)
    for (field, rule), count in sorted(counts.items()):
        print(f"{count:6}  {field:9}  {rule or 'UNEXPLAINED'}")
    unexplained = [each for each in differences if not each.rule]
    for each in differences if "--all" in arguments else unexplained:
        print(f"{each.document} {each.place} {each.field}: {each.theirs} -> {each.ours} ({each.rule or 'unexplained'})")
    print(f"{compared} entries compared, {len(differences)} differences, {len(unexplained)} without a rule")
    if "--write" in arguments:
        page = DOCS / "deviations.md"
        head, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
        tail = rest.partition(END)[2]
        page.write_text(f"{head}{BEGIN}\n{summary(differences)}\n{END}{tail}", encoding="utf-8")
        (DOCS / "deviations-listed.md").write_text(listing(differences), encoding="utf-8")
    return 1 if unexplained else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
