"""The table: what is on it, what is not, and when it moves."""

from __future__ import annotations

import gzip
import os
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from feedmill.publish.shelf import Redirect, Representation, Shelf, scan, watch


def shelf_of(folder: Path, now: float = 2_000_000_000) -> Shelf:
    shelf = Shelf(folder, clock=lambda: now)
    shelf.refresh()
    return shelf


def got(shelf: Shelf, path: str) -> Representation:
    found = shelf.table[path]
    assert isinstance(found, Representation)
    return found


def headers(shelf: Shelf, path: str) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in got(shelf, path).identity.ok}


def test_every_file_has_its_path_and_every_index_its_folder(folder: Path) -> None:
    """`/` and `/python/` are index.html, `/python` redirects."""
    table = shelf_of(folder).table

    assert set(table) == {
        *("/", "/index.html", "/atom.xml", "/feed.json", "/status.json", "/subscriptions.opml", "/style.css"),
        *("/icon.png", "/python", "/python/", "/python/index.html", "/python/atom.xml"),
    }
    assert table["/"] is table["/index.html"]
    assert table["/python"] == Redirect(location=b"/python/")


@pytest.mark.parametrize(
    "name",
    [
        ".htaccess",
        ".git/config",
        "atom.xml~",
        "atom.xml.tmp",
        ".atom.xml.feedmill-7-0123456789abcdef.tmp",
        "x.swp",
        "a\nb",
    ],
)
def test_hidden_and_temporary_files_are_not_served(folder: Path, name: str) -> None:
    """Nor what lies in hidden folders."""
    target = folder / name
    target.parent.mkdir(exist_ok=True)
    before = set(shelf_of(folder).table)
    target.write_bytes(b"secret")

    assert set(shelf_of(folder).table) == before


def test_links_are_not_followed_but_the_folder_itself_may_be_one(folder: Path, tmp_path: Path) -> None:
    """A link inside the folder could show anything on the machine (T71); one to the folder switches releases."""
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "diary.html").write_text("secret")
    before = set(shelf_of(folder).table)
    (folder / "secret.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "private").symlink_to(tmp_path / "private")
    os.mkfifo(folder / "pipe.txt")
    (tmp_path / "current").symlink_to(folder)

    assert set(shelf_of(folder).table) == before
    assert set(shelf_of(tmp_path / "current").table) == before


def test_the_tags_come_from_the_content_alone(folder: Path, tmp_path: Path) -> None:
    """Another host, another time, another inode: the same ETag; another coding: another one (S2, S3)."""
    one = got(shelf_of(folder), "/atom.xml")
    other = tmp_path / "elsewhere"
    other.mkdir()
    (other / "atom.xml").write_bytes((folder / "atom.xml").read_bytes())
    two = got(shelf_of(other), "/atom.xml")

    assert one.gzip is not None
    assert two.gzip is not None
    assert one.identity.etag == two.identity.etag
    assert one.gzip.etag == two.gzip.etag != one.identity.etag
    assert one.gzip.body == two.gzip.body
    assert gzip.decompress(one.gzip.body) == one.identity.body
    assert not one.identity.etag.startswith(b"W/")


def test_media_types_are_those_that_browsers_show_and_readers_accept(folder: Path) -> None:
    """publishing.md, finding 7: a feed named *.xml is application/xml."""
    shelf = shelf_of(folder)
    types = {path: headers(shelf, path)["content-type"] for path in shelf.table if path != "/python"}

    assert types["/atom.xml"] == "application/xml; charset=utf-8"
    assert types["/feed.json"] == "application/feed+json; charset=utf-8"
    assert types["/status.json"] == "application/json; charset=utf-8"
    assert types["/subscriptions.opml"] == "text/x-opml; charset=utf-8"
    assert types["/"] == types["/python/"] == "text/html; charset=utf-8"
    assert types["/style.css"] == "text/css; charset=utf-8"
    assert types["/icon.png"] == "image/png"


def test_feeds_may_be_read_by_scripts_of_other_sites_and_pages_may_run_none(folder: Path) -> None:
    """CORS on feeds only (S12), a policy on all that a browser renders (S11)."""
    (folder / "icon.svg").write_text("<svg/>")
    (folder / "search.html").write_text("<p>")
    shelf = shelf_of(folder)

    for path in ("/atom.xml", "/feed.json", "/status.json", "/subscriptions.opml"):
        assert headers(shelf, path)["access-control-allow-origin"] == "*"
        assert headers(shelf, path)["access-control-expose-headers"] == "ETag, Link"
    for path in ("/", "/style.css", "/icon.png"):
        assert "access-control-allow-origin" not in headers(shelf, path)
    for path in ("/", "/atom.xml"):
        assert headers(shelf, path)["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
        assert "script-src" not in headers(shelf, path)["content-security-policy"]
    assert "script-src 'self'" in headers(shelf, "/search.html")["content-security-policy"]
    assert "sandbox" in headers(shelf, "/icon.svg")["content-security-policy"]
    for path in ("/", "/atom.xml", "/icon.png"):
        assert headers(shelf, path)["x-content-type-options"] == "nosniff"
        assert headers(shelf, path)["referrer-policy"] == "no-referrer"


def test_an_unchanged_folder_keeps_its_table(folder: Path) -> None:
    """Not even a new object."""
    shelf = shelf_of(folder)
    table = shelf.table

    assert shelf.refresh() == 0
    assert shelf.table is table


def test_only_what_moved_is_read_again(folder: Path) -> None:
    """The rest stays as it was."""
    shelf = shelf_of(folder)
    before = dict(shelf.table)
    replace(folder / "atom.xml", b"new")

    assert shelf.refresh() == 1
    assert [path for path in before if shelf.table[path] != before[path]] == ["/atom.xml"]


def replace(path: Path, data: bytes, mtime: int | None = None) -> None:
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_bytes(data)
    if mtime is not None:
        os.utime(temporary, (mtime, mtime))
    temporary.replace(path)


def test_files_come_and_go(folder: Path) -> None:
    """With their folders' redirects."""
    shelf = shelf_of(folder)
    (folder / "python" / "index.html").unlink()
    (folder / "rust").mkdir()
    (folder / "rust" / "index.html").write_text("crabs")

    assert shelf.refresh() == 2
    assert "/python" not in shelf.table
    assert "/rust" in shelf.table


def test_the_same_bytes_rewritten_move_no_validator(folder: Path) -> None:
    """A `cp` or a checkout by somebody else must not send every subscriber the whole feed again (S3)."""
    shelf = shelf_of(folder)
    before = got(shelf, "/atom.xml")
    replace(folder / "atom.xml", before.identity.body, mtime=1_800_000_000)

    assert shelf.refresh() == 0
    assert got(shelf, "/atom.xml") is before


@pytest.mark.parametrize("mtime", [1_700_000_000, 1_600_000_000])
def test_new_bytes_always_have_a_later_last_modified(folder: Path, mtime: int) -> None:
    """Twice within a second, or rolled back: a client with only If-Modified-Since still sees it (S4)."""
    shelf = shelf_of(folder)
    replace(folder / "atom.xml", b"other", mtime=mtime)
    shelf.refresh()

    assert got(shelf, "/atom.xml").modified == 1_700_000_001


def test_last_modified_is_the_files_and_never_in_the_future(folder: Path) -> None:
    """RFC 9110, 8.8.2.1."""
    os.utime(folder / "style.css", (1_900_000_000, 1_900_000_000))

    assert headers(shelf_of(folder), "/atom.xml")["last-modified"] == "Tue, 14 Nov 2023 22:13:20 GMT"
    assert got(shelf_of(folder, now=1_750_000_000), "/style.css").modified == 1_750_000_000


def test_a_missing_folder_is_empty_and_one_that_vanishes_leaves_the_last_edition(folder: Path, tmp_path: Path) -> None:
    """Somebody is swapping it; nobody wants an empty planet meanwhile."""
    assert shelf_of(tmp_path / "nowhere").table == {}
    shelf = shelf_of(folder)
    folder.rename(tmp_path / "aside")
    assert shelf.refresh() == 0
    assert "/atom.xml" in shelf.table
    (tmp_path / "aside").rename(folder)
    replace(folder / "atom.xml", b"again")
    assert shelf.refresh() == 1


def test_compressed_twins_are_for_other_servers(folder: Path) -> None:
    """atom.xml.gz beside atom.xml is not a page of its own; a lone archive is."""
    (folder / "atom.xml.gz").write_bytes(b"x")
    (folder / "backup.gz").write_bytes(b"x")

    assert "/atom.xml.gz" not in shelf_of(folder).table
    assert "/backup.gz" in shelf_of(folder).table


def test_an_unreadable_file_keeps_its_last_bytes(folder: Path) -> None:
    """And one that was never readable is not there."""
    shelf = shelf_of(folder)
    before = got(shelf, "/style.css")
    (folder / "style.css").unlink()
    (folder / "style.css").symlink_to(folder / "index.html")
    shelf.refresh()
    assert "/style.css" not in shelf.table
    assert before.identity.body.startswith(b"p {")


def test_names_with_spaces_and_letters_of_any_script_are_served(folder: Path) -> None:
    """The redirect of a folder is percent-encoded."""
    (folder / "grün & blau").mkdir()
    (folder / "grün & blau" / "index.html").write_text("x")

    assert shelf_of(folder).table["/grün & blau"] == Redirect(location=b"/gr%C3%BCn%20%26%20blau/")


def test_watch_takes_in_what_others_publish_and_survives_errors(folder: Path, tmp_path: Path) -> None:
    """An error is told to the caller, the next look goes on."""
    shelf = shelf_of(folder)
    stop = threading.Event()
    errors: list[OSError] = []
    real = shelf.refresh
    looked = threading.Semaphore(0)

    class Flaky(Shelf):
        def refresh(self) -> int:
            looked.release()
            if not errors:
                raise OSError(24, "too many open files")
            return real()

    flaky = Flaky(folder)
    thread = threading.Thread(
        target=watch, args=(flaky, stop), kwargs={"on_error": errors.append, "between": timedelta(milliseconds=10)}
    )
    thread.start()
    replace(folder / "atom.xml", b"news")
    for _ in range(4):
        assert looked.acquire(timeout=5)
    stop.set()
    thread.join(5)

    assert len(errors) == 1
    assert got(shelf, "/atom.xml").identity.body == b"news"


def test_scan_sees_names_that_are_no_unicode_and_leaves_them(folder: Path) -> None:
    """Their URL could not be written."""
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff.html")).write_bytes(b"x")

    assert all(name.isprintable() for name in scan(folder))
