"""RFC 5005 archives, retraction with RFC 6721 tombstones, and the deny list after the fact."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lxml import etree

from feedmill.feeds.deny import Deny
from feedmill.feeds.publication import Selection
from feedmill.publish.edition import publish
from feedmill.publish.ranges import Rows, read_ranges, write_ranges

ATOM = "{http://www.w3.org/2005/Atom}"
HISTORY = "{http://purl.org/syndication/history/1.0}"
AT = "{http://purl.org/atompub/tombstones/1.0}"
NOW = datetime(2026, 3, 20, tzinfo=UTC)


def feed(folder: Path, name: str = "atom.xml") -> etree._Element:
    return etree.parse(folder / name).getroot()


def ids(root: etree._Element) -> list[str]:
    return [entry.findtext(f"{ATOM}id").rpartition("/")[2] for entry in root.iter(f"{ATOM}entry")]


def link(root: etree._Element, relation: str) -> str | None:
    found = root.find(f"{ATOM}link[@rel='{relation}']")
    return None if found is None else found.get("href")


def chain(folder: Path) -> list[str]:
    """The archive documents as a reader finds them, the newest first."""
    names, root = [], feed(folder)
    while (before := link(root, "prev-archive")) is not None:
        names.append(before.removeprefix("https://planet.example/"))
        root = feed(folder, names[-1])
    return names


def union(folder: Path) -> list[str]:
    found = ids(feed(folder))
    for name in chain(folder):
        found += ids(feed(folder, name))
    return found


@pytest.fixture
def years(bakery) -> Callable[..., object]:
    def made(count: int = 10, *, days: int = 20, start: int = 1):
        """A store with a post every `days`, newest last; numbers from `start`."""
        store = bakery.planet(0)
        store.entries = [
            at(bakery, n, NOW - timedelta(days=days * (start + count - 1 - n))) for n in range(start, start + count)
        ]
        return store

    return made


def at(bakery, number: int, moment: datetime, source: str = "ada"):
    return replace(bakery.entry(number, source), sort_at=moment, first_seen=moment)


def options(bakery, folder: Path, **publication):
    return bakery.options(
        folder, bakery.publication(**{"limit": 3, "archive": True, "formats": ("atom",), **publication})
    )


def test_months_that_are_over_are_closed_and_linked_from_the_newest_back(bakery, years, tmp_path: Path) -> None:
    report = publish(years(10), options(bakery, tmp_path), now=NOW)

    assert report.problems == ()
    names = chain(tmp_path)
    assert names == [
        f"archive/{month}.xml"
        for month in ("2026-03", "2026-02", "2026-01", "2025-12", "2025-11", "2025-10", "2025-09")
    ]
    document = feed(tmp_path, "archive/2026-01.xml")
    assert document.find(f"{HISTORY}archive") is not None
    assert link(document, "current") == "https://planet.example/atom.xml"
    assert link(document, "self") == "https://planet.example/archive/2026-01.xml"
    assert document.findtext(f"{ATOM}id") == feed(tmp_path).findtext(f"{ATOM}id")
    assert document.getprevious().getprevious().get("href") == "../feed.css"
    assert feed(tmp_path).find(f"{HISTORY}archive") is None
    assert link(feed(tmp_path, names[-1]), "prev-archive") is None


def test_the_union_holds_every_entry_at_any_moment(bakery, years, tmp_path: Path) -> None:
    store = years(1)
    for number in range(2, 30):
        moment = NOW + timedelta(days=number)
        store.entries.append(at(bakery, number, moment - timedelta(days=200) if number % 7 == 0 else moment))
        publish(store, options(bakery, tmp_path), now=moment)

        assert {stored.entry.id.rpartition("/")[2] for stored in store.entries} == set(union(tmp_path))
    archived = [identity for name in chain(tmp_path) for identity in ids(feed(tmp_path, name))]
    assert len(archived) == len(set(archived))


def test_a_closed_document_never_changes(bakery, years, tmp_path: Path) -> None:
    store = years(10)
    publish(store, options(bakery, tmp_path), now=NOW)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in (tmp_path / "archive").iterdir()}
    store.entries[0] = replace(store.entries[0], entry=replace(store.entries[0].entry, title="Rewritten"))
    store.entries += [at(bakery, 90, NOW - timedelta(days=100)), at(bakery, 91, NOW + timedelta(days=40))]
    store.sources = store.sources[1:]

    publish(store, options(bakery, tmp_path), now=NOW + timedelta(days=41))

    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in before} == before


def test_what_comes_late_for_a_closed_month_goes_into_the_next_document(bakery, years, tmp_path: Path) -> None:
    store = years(10)
    publish(store, options(bakery, tmp_path), now=NOW)
    store.entries += [at(bakery, n, NOW - timedelta(days=100), "bob") for n in (90, 91)]

    publish(store, options(bakery, tmp_path), now=NOW)

    assert ids(feed(tmp_path, "archive/2026-03-2.xml")) == ["90", "91"]
    assert chain(tmp_path)[:2] == ["archive/2026-03-2.xml", "archive/2026-03.xml"]


@pytest.mark.parametrize(
    ("count", "days", "documents"),
    [
        (4, 1, ["2026-02-2", "2026-02"]),  # a month is over and has them all
        (2, 1, ["2026-02-2", "2026-02"]),
        (1, 1, []),  # nobody to stand beside: it waits, the feed has it
        (9, 0, ["2026-03-2", "2026-03"]),  # pushed out of the feed while the month runs
    ],
)
def test_the_first_archive_document_is_never_alone(
    bakery, years, tmp_path: Path, count: int, days: int, documents: list[str]
) -> None:
    """Two halves that name each other, the older one first (check E8)."""
    store = years(count, days=1)
    if days:
        past = [stored.sort_at - timedelta(days=30) for stored in store.entries]
        store.entries = [replace(each, sort_at=at) for each, at in zip(store.entries, past, strict=True)]

    report = publish(store, options(bakery, tmp_path), now=NOW)

    assert report.problems == ()
    assert chain(tmp_path) == [f"archive/{name}.xml" for name in documents]
    assert {stored.entry.id.rpartition("/")[2] for stored in store.entries} == set(union(tmp_path))
    if documents:
        newer, older = (feed(tmp_path, f"archive/{name}.xml") for name in documents)
        assert link(older, "next-archive") == link(newer, "self")
        assert link(newer, "prev-archive") == link(older, "self")
        assert max(map(int, ids(older))) < min(map(int, ids(newer)))
    assert publish(store, options(bakery, tmp_path), now=NOW).written == ()


def test_the_entry_that_waited_is_archived_with_the_next_one(bakery, years, tmp_path: Path) -> None:
    store = years(1, days=1)
    publish(store, options(bakery, tmp_path), now=NOW + timedelta(days=20))
    assert chain(tmp_path) == []
    store.entries.append(at(bakery, 2, NOW + timedelta(days=20)))

    publish(store, options(bakery, tmp_path), now=NOW + timedelta(days=50))

    assert chain(tmp_path) == ["archive/2026-04.xml", "archive/2026-03.xml"]
    assert sorted(set(union(tmp_path))) == ["1", "2"]


def test_publishing_again_writes_nothing(bakery, years, tmp_path: Path) -> None:
    store = years(10)
    publish(store, options(bakery, tmp_path), now=NOW)

    report = publish(store, options(bakery, tmp_path), now=NOW)

    assert (report.written, report.problems) == ((), ())
    assert report.kept >= 9


def test_a_document_that_was_lost_is_made_again(bakery, years, tmp_path: Path) -> None:
    store = years(10)
    publish(store, options(bakery, tmp_path), now=NOW)
    lost = tmp_path / "archive" / "2026-01.xml"
    before = lost.read_bytes()
    lost.unlink()

    publish(store, options(bakery, tmp_path), now=NOW)

    assert lost.read_bytes() == before


def test_a_store_that_was_rebuilt_closes_the_same_documents(bakery, years, tmp_path: Path) -> None:
    for name in ("a", "b"):
        publish(years(10), options(bakery, tmp_path / name), now=NOW)

    for path in (tmp_path / "a" / "archive").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / "archive" / path.name).read_bytes()


def test_only_what_the_publication_wants_is_archived(bakery, years, tmp_path: Path) -> None:
    store = years(10)
    wanted = Selection(where="endswith(url, '2') or endswith(url, '5')")

    for _ in range(2):
        report = publish(store, options(bakery, tmp_path, limit=1, select=wanted), now=NOW)

    assert sorted(set(union(tmp_path))) == ["2", "5"]
    assert report.written == ()


@pytest.mark.parametrize("number", [10, 3])
def test_a_retracted_entry_leaves_feeds_and_archives_with_a_tombstone(
    bakery, years, tmp_path: Path, number: int
) -> None:
    store = years(10)
    everything = options(bakery, tmp_path, formats=("atom", "rss", "json", "html"), source_feeds=True, search=True)
    publish(store, everything, now=NOW)
    gone = f"https://ada.example/{number}"
    store.gone[number] = NOW + timedelta(hours=1)
    others = {
        path: path.read_bytes()
        for path in (tmp_path / "archive").glob("*.xml")
        if gone.encode() not in path.read_bytes()
    }

    report = publish(store, everything, now=NOW + timedelta(hours=1))

    assert report.problems == ()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    holders = [path for path in files if f"{gone}<" in path.read_text(errors="replace")]
    assert [path for path in holders if path.suffix != ".xml"] == []
    for path in tmp_path.rglob("*"):
        if path.is_file() and path.suffix in {".html", ".json"}:
            assert f'{gone}"' not in path.read_text(errors="replace")
    for name in ("atom.xml", *chain(tmp_path)):
        root = feed(tmp_path, name)
        assert str(number) not in ids(root)
        stones = [(stone.get("ref"), stone.get("when")) for stone in root.iter(f"{AT}deleted-entry")]
        assert stones in ([], [(gone, "2026-03-20T01:00:00Z")])
    assert feed(tmp_path).find(f"{AT}deleted-entry") is not None
    assert {path: path.read_bytes() for path in others} == others
    assert publish(store, everything, now=NOW + timedelta(hours=2)).written == ()


def test_a_retracted_entry_whose_archive_was_lost_does_not_come_back(bakery, years, tmp_path: Path) -> None:
    store = years(10)
    publish(store, options(bakery, tmp_path), now=NOW)
    (tmp_path / "archive" / "2025-10.xml").unlink()
    store.gone[2] = NOW

    publish(store, options(bakery, tmp_path), now=NOW)

    assert "2" not in union(tmp_path)
    assert len(union(tmp_path)) >= 9


def test_what_the_deny_list_names_leaves_the_archives_too(bakery, years, tmp_path: Path) -> None:
    store = years(10)
    store.entries.append(at(bakery, 50, NOW - timedelta(days=100), "bob"))
    publish(store, options(bakery, tmp_path), now=NOW)
    denied = replace(options(bakery, tmp_path), deny=(Deny(domain="bob.example"),))

    publish(store, denied, now=NOW)

    assert "50" not in union(tmp_path)
    assert len(set(union(tmp_path))) == 10
    assert [
        stone.get("ref") for name in chain(tmp_path) for stone in feed(tmp_path, name).iter(f"{AT}deleted-entry")
    ] == ["https://bob.example/50"]
    assert publish(store, denied, now=NOW).written == ()


def test_row_numbers_are_kept_as_ranges() -> None:
    rows = {1, 2, 3, 7, 9, 10}

    assert write_ranges(rows) == "1-3,7,9-10"
    assert read_ranges("1-3,7,9-10") == rows
    assert str(Rows(["7,9-10", "1-3"])) == "1-3,7,9-10"
    assert read_ranges(write_ranges(())) == set()


def test_an_archive_document_passes_the_validators(bakery, years, tmp_path: Path, shared: Path) -> None:
    store = years(10)
    publish(store, options(bakery, tmp_path), now=NOW)
    store.gone[3] = NOW
    publish(store, options(bakery, tmp_path), now=NOW)
    grammar = etree.RelaxNG(etree.parse(shared / "schemas" / "atom.rng"))

    for name in ("atom.xml", *chain(tmp_path)):
        assert grammar.validate(etree.parse(tmp_path / name)), (name, grammar.error_log)


def test_an_archive_document_has_no_finding(bakery, years, tmp_path: Path, w3c) -> None:
    store = years(10)
    publish(store, options(bakery, tmp_path), now=NOW)
    store.gone[3] = NOW
    publish(store, options(bakery, tmp_path), now=NOW)

    for name in ("atom.xml", *chain(tmp_path)):
        found = w3c((tmp_path / name).read_bytes(), f"https://planet.example/{name}")
        # The validator does not know the namespace of RFC 6721, which stands only where something was retracted.
        assert [finding for finding in found if "atompub/tombstones" not in finding] == []


def test_the_first_archive_documents_have_no_finding(bakery, years, tmp_path: Path, w3c) -> None:
    """`ArchiveIncomplete` is what the validator says of an archive document without a neighbour."""
    publish(years(4, days=1), options(bakery, tmp_path, limit=1), now=NOW)

    assert len(chain(tmp_path)) == 2
    for name in ("atom.xml", *chain(tmp_path)):
        assert w3c((tmp_path / name).read_bytes(), f"https://planet.example/{name}") == []
