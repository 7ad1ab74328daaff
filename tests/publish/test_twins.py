"""Compressed twins beside the published files: the same words, the same time, and never one that was left over (I6)."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import brotli
import pytest

from feedmill.feeds.errors import DeliveryError
from feedmill.publish.deliver import deliver, pair, read, withdraw
from feedmill.publish.edition import publish, publish_status
from feedmill.publish.shelf import Representation, Shelf
from feedmill.publish.twins import holds, is_packable, pack

UNPACK = {".gz": gzip.decompress, ".br": brotli.decompress}
TEXT = b"<p>The same words, over and over.</p>" * 50


def lying(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino)
        for path in folder.rglob("*")
        if path.is_file()
    }


def amiss(folder: Path, *suffixes: str) -> list[str]:
    """Twins that are missing, hold something else, or are of another time; and those that nobody asked for."""
    found = lying(folder)
    odd = []
    for name, (data, at, _) in found.items():
        twins = {name + suffix for suffix in UNPACK}
        asked = {name + suffix for suffix in suffixes if is_packable(name)}
        odd += [twin for twin in asked if twin not in found or found[twin][1] != at]
        odd += [twin for twin in asked & found.keys() if UNPACK[twin[-3:]](found[twin][0]) != data]
        odd += twins & found.keys() - asked
    return sorted(odd)


def test_every_text_file_of_a_planet_has_its_twins_and_no_picture_has(bakery, tmp_path: Path) -> None:
    """Publications, branches, archives, pages of the past, stylesheets and the status."""
    everything = bakery.publication(archive=True, search=True, source_feeds=True, tag_feeds=True, limit=3)
    options = replace(bakery.options(tmp_path, everything), precompress=("gzip", "br"))
    store = bakery.planet(9)

    report = publish(store, options)

    names = {name for name in lying(tmp_path) if not name.endswith((".gz", ".br"))}
    assert {"atom.xml", "feed.json", "status.json", "ops.xml", "style.css", "search.js", "icon.svg"} <= names
    assert {"source/ada-example/atom.xml", "archive/2026-03.xml", "archive/2026-03.html"} <= names
    assert amiss(tmp_path, ".gz", ".br") == []
    assert {str(path.relative_to(tmp_path)) for path in report.written} == names
    assert publish(store, options, check=True).problems == ()


def test_without_news_no_twin_moves_and_with_some_only_those_of_changed_files(bakery, tmp_path: Path) -> None:
    options = replace(bakery.options(tmp_path, bakery.publication()), precompress=("gzip",))
    store = bakery.planet(3)
    publish(store, options)
    before = lying(tmp_path)

    publish(store, options)
    publish_status(store, options)
    assert lying(tmp_path) == before

    store.entries.append(bakery.entry(50))
    publish(store, options)
    after = lying(tmp_path)
    moved = {name for name in after if after[name] != before[name]}
    assert {"atom.xml", "atom.xml.gz", "index.html.gz"} <= moved
    assert {name.removesuffix(".gz") for name in moved} == {name for name in moved if not name.endswith(".gz")}
    assert not {"style.css.gz", "subscriptions.opml.gz"} & moved
    assert amiss(tmp_path, ".gz") == []


def test_twins_come_with_the_option_without_touching_a_file_and_go_with_it(bakery, tmp_path: Path) -> None:
    options = bakery.options(tmp_path, bakery.publication(archive=True, limit=2))
    store = bakery.planet(3)
    publish(store, options)
    before = lying(tmp_path)
    assert amiss(tmp_path) == []

    publish(store, replace(options, precompress=("gzip", "br")))
    assert amiss(tmp_path, ".gz", ".br") == []
    assert {name: lying(tmp_path)[name] for name in before} == before

    publish(store, replace(options, precompress=("br",)))
    assert amiss(tmp_path, ".br") == []

    publish(store, options)
    assert lying(tmp_path) == before
    assert store.meta("twins") is None


def test_a_retracted_post_leaves_the_twins_too(bakery, tmp_path: Path) -> None:
    """A web server asks for the twin first: what is left in one is published."""
    everything = bakery.publication(archive=True, limit=2, source_feeds=True, max_loss=1.0)
    options = replace(bakery.options(tmp_path, everything), precompress=("gzip",))
    store = bakery.planet(4)
    publish(store, options)
    gone = store.entries[0]
    words = b"part %d<" % gone.row
    assert any(words in gzip.decompress(path.read_bytes()) for path in tmp_path.rglob("*.gz"))
    store.gone[gone.row] = bakery.start

    publish(store, options)

    assert not any(words in gzip.decompress(path.read_bytes()) for path in tmp_path.rglob("*.gz"))
    assert amiss(tmp_path, ".gz") == []


def test_a_file_that_is_withdrawn_takes_its_twins_along(tmp_path: Path) -> None:
    """And the folder that is empty then."""
    deliver(tmp_path, {"a.html": b"1", "sub/b.html": b"2"}, codings=("gzip", "br"))

    withdraw(tmp_path, ["sub/b.html"])

    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.html", "a.html.br", "a.html.gz"]


def test_what_a_kill_between_twin_and_file_leaves_is_put_right(bakery, tmp_path: Path) -> None:
    """The twin is new and the file old, or the other way round; nothing else is touched."""
    options = replace(bakery.options(tmp_path, bakery.publication()), precompress=("gzip",))
    store = bakery.planet(3)
    publish(store, options)
    before = lying(tmp_path)
    (tmp_path / "atom.xml.gz").write_bytes(pack(b"another edition", "gzip"))
    (tmp_path / "rss.xml.gz").unlink()
    (tmp_path / "feed.json.gz").write_bytes(b"no twin at all")

    publish(store, options)

    after = lying(tmp_path)
    assert amiss(tmp_path, ".gz") == []
    assert {name: each[:2] for name, each in after.items()} == {name: each[:2] for name, each in before.items()}
    assert {name for name in after if after[name] != before[name]} <= {"atom.xml.gz", "rss.xml.gz", "feed.json.gz"}


def test_a_copied_folder_keeps_its_twins_and_only_their_times_are_set(bakery, tmp_path: Path) -> None:
    """A checkout gives every file another time."""
    options = replace(bakery.options(tmp_path, bakery.publication()), precompress=("gzip",))
    store = bakery.planet(3)
    publish(store, options)
    for at, path in enumerate(sorted(tmp_path.rglob("*.*"))):
        os.utime(path, (1_700_000_000 + at,) * 2)
    inodes = {name: each[2] for name, each in lying(tmp_path).items()}

    publish(store, options)

    assert amiss(tmp_path, ".gz") == []
    assert {name: each[2] for name, each in lying(tmp_path).items()} == inodes


def test_a_twin_that_says_something_else_is_found_by_the_check(bakery, tmp_path: Path) -> None:
    options = replace(bakery.options(tmp_path, bakery.publication(formats=("atom",))), precompress=("gzip",))
    store = bakery.planet(3)
    publish(store, options)
    (tmp_path / "atom.xml.gz").write_bytes(pack(b"other", "gzip"))

    report = publish(store, options, check=True)

    assert report.problems == ("atom.xml.gz does not hold atom.xml: remove it and run `feedmill publish`",)


@pytest.mark.parametrize("coding", ["gzip", "br"])
def test_equal_bytes_make_equal_twins_without_name_or_time(coding: str) -> None:
    """In another process, too."""
    code = f"import sys; from feedmill.publish.twins import pack; sys.stdout.buffer.write(pack({TEXT!r}, {coding!r}))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout

    assert pack(TEXT, coding) == other
    assert len(other) < len(TEXT) / 5
    if coding == "gzip":
        assert other[3:8] == bytes(5)  # flags: no name; the time: none (RFC 1952 section 2.3)


@pytest.mark.parametrize("coding", ["gzip", "br"])
def test_only_what_unpacks_to_the_very_bytes_is_a_twin(coding: str) -> None:
    packed = pack(TEXT, coding)

    assert holds(packed, coding, TEXT)
    for odd in (b"", b"x", packed[:-1], packed + b"x", pack(TEXT + b"x", coding), pack(TEXT[:-1], coding), TEXT):
        assert not holds(odd, coding, TEXT)
    assert holds(pack(b"", coding), coding, b"")


def test_each_file_system_call_may_fail_and_no_half_twin_stays(tmp_path: Path, full_disk) -> None:
    """Make the n-th call fail, for each n: every file and twin is old or new, no file newer than its twin, nothing is
    left over, and the next delivery puts things in order."""
    new = {"a.xml": b"new a" * 9, "sub/b.xml": b"new b" * 9}
    old = dict.fromkeys(new, b"old" * 9)
    for call in ("fsync", "open", "fchmod", "utime", "replace"):
        for number in range(1, 9):
            out = tmp_path / f"{call}{number}"
            deliver(out, old, codings=("gzip",))
            try:
                with full_disk(call, number):
                    deliver(out, new, codings=("gzip",))
            except DeliveryError as error:
                assert str(out) in str(error)

            found = {name: each[0] for name, each in lying(out).items()}
            assert set(found) == {"a.xml", "a.xml.gz", "sub/b.xml", "sub/b.xml.gz"}
            assert all(found[name] in (old[name], new[name]) for name in new)
            assert all(gzip.decompress(found[f"{name}.gz"]) in (old[name], new[name]) for name in new)
            assert not [name for name in new if found[name] == new[name] != gzip.decompress(found[f"{name}.gz"])]
            deliver(out, new, codings=("gzip",))
            pair(out, new, ("gzip",))
            assert (amiss(out, ".gz"), read(out, "a.xml")) == ([], new["a.xml"])


def test_a_link_in_a_twins_place_is_replaced_and_its_target_untouched(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    out = tmp_path / "out"
    out.mkdir()
    for name in ("a.xml.gz", "b.xml.gz"):
        (out / name).symlink_to(precious)
    (out / "b.xml").write_bytes(b"b")

    deliver(out, {"a.xml": b"a"}, codings=("gzip",))
    pair(out, ["b.xml"], ("gzip",))

    assert precious.read_text() == "mine"
    assert amiss(out, ".gz") == []
    assert not (out / "a.xml.gz").is_symlink()


def test_nothing_is_written_or_taken_away_through_a_link_in_a_folders_place(tmp_path: Path) -> None:
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    deliver(elsewhere, {"a.xml": b"a", "b.xml": b"b"}, codings=("gzip",))
    (elsewhere / "a.xml.gz").unlink()
    out.mkdir()
    (out / "sub").symlink_to(elsewhere)

    pair(out, ["sub/a.xml", "sub/b.xml"], ("gzip",))
    pair(out, ["sub/a.xml", "sub/b.xml"], (), given_up=("gzip",))
    withdraw(out, ["sub/b.xml"])

    assert sorted(path.name for path in elsewhere.iterdir()) == ["a.xml", "b.xml", "b.xml.gz"]


def got(folder: Path) -> bytes:
    shelf = Shelf(folder)
    shelf.refresh()
    found = shelf.table["/atom.xml"]
    assert isinstance(found, Representation)
    assert found.gzip is not None
    return found.gzip.body


def test_our_own_server_sends_a_twin_that_matches_and_no_other(tmp_path: Path) -> None:
    """Told apart by how it was packed; one of another time or of other bytes is not used."""
    other = gzip.compress(TEXT, 1, mtime=0)
    assert other != pack(TEXT, "gzip")
    deliver(tmp_path, {"atom.xml": TEXT})
    twin, at = tmp_path / "atom.xml.gz", (tmp_path / "atom.xml").stat().st_mtime_ns

    twin.write_bytes(other)
    assert got(tmp_path) == pack(TEXT, "gzip")
    os.utime(twin, ns=(at, at))
    assert got(tmp_path) == other
    twin.write_bytes(gzip.compress(TEXT + b"x", 1))
    os.utime(twin, ns=(at, at))
    assert got(tmp_path) == pack(TEXT, "gzip")
