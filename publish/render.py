"""One publication in all the formats it offers.

In:  an `Edition`; the ledger of what was delivered, and from what.
Out: files put into the ledger, and what went wrong.
Never: delivers; renders what is as it should be; gives out a rendition that does not read back; imports a library that
no wanted format needs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path

from feedmill.feeds.errors import DeliveryError
from feedmill.feeds.publication import FORMATS, Publication
from feedmill.feeds.source import SourceRecord
from feedmill.publish.aggregate import FILES, Edition
from feedmill.publish.deliver import read
from feedmill.publish.ledger import Ledger, digest
from feedmill.publish.links import is_private


def render(edition: Edition, output: Path, ledger: Ledger, *, key: str | None = None) -> list[str]:
    """Put the files of one publication that are not fresh; what went wrong.

    The feeds and the list go out together or not at all: when one of them fails and there is an earlier edition, that
    one stays whole. A page that fails (a theme can) keeps its own last good file and costs the feeds nothing.
    `key`: of what it is made, when the caller knows it without the entries.
    """
    problems: list[str] = []
    put: list[str] = []
    failed: list[str] = []
    said = ""
    for kind in (kind for kind in FORMATS if edition.offers(kind)):
        name = place(edition.publication, FILES[kind])
        if key is None and not said:
            said = digest(works(), edition.rows_key)
        made_from = key or _key(edition, kind, said)
        if ledger.fresh(name, made_from):
            continue
        data, found, wrong = _made(kind, edition, output)
        problems.extend(found)
        if wrong or data is None:
            problems.append(f"{name} {wrong}")
            ledger.keep(name)
            failed += [name] if kind != "html" else []
            continue
        ledger.put(name, data, made_from)
        put += [name] if kind != "html" else []
    if failed and put and any((output / name).exists() for name in (*put, *failed)):
        ledger.drop(put)
        problems.append(f"{', '.join(put)}: the last good edition stays whole")
    if not edition.assets:
        companions(edition, ledger)
    return problems


def _made(kind: str, edition: Edition, output: Path) -> tuple[bytes | None, list[str], str]:
    """(bytes, entries left out, what is wrong)."""
    try:
        data, count, left_out = _RENDERERS[kind](edition, output)
        wrong = _wrong(kind, data, count)
    except DeliveryError:
        raise
    except Exception as error:  # noqa: BLE001  a format that fails keeps its last good file; the page and feeds go on
        return None, [], f"was not rendered, the last good one stays: {error!r}"
    sentence = f"failed its check, the last good one stays: {'; '.join(wrong[:3])}" if wrong else ""
    return data, list(left_out), sentence


def _wrong(kind: str, data: bytes, count: int | None) -> list[str]:
    from feedmill.publish.check import check

    return check(kind, data, entries=count)


def _key(edition: Edition, kind: str, said: str) -> str:
    """`said`: the digest of what the feeds say."""
    if kind == "opml":  # the list's own date moves only when the list does
        return digest(works(), kind, edition.title, edition.publication.owner, *map(_listed, edition.sources))
    if kind == "html":
        return digest(said, kind, edition.around, *map(_listed, edition.sources))
    return digest(said, kind)


def _listed(record: SourceRecord) -> object:
    """What the page and the list say of a source."""
    about = record.channel.about
    return record.source, about.title, about.site_url, record.state.standing.value == "gone", record.state.adopted


_WORKS = (
    "about", "aggregate", "atom", "branches", "branching", "cards", "date_words", "feed", "fragment", "frame", "icons",
    "issue", "json_feed", "links", "months", "opml", "page", "past", "podcast",
    "podcast_categories", "podcast_xml", "render", "rss", "show", "theme", "xmltext",
)  # fmt: skip


@cache
def works() -> str:
    """What renders: these modules and the theme's files. Other code or another theme renders everything anew once."""
    here = Path(__file__).parent
    try:
        found = [*(here / f"{name}.py" for name in _WORKS), *here.glob("themes/*/*")]
        seen = [(path.name, path.stat()) for path in found]
        return digest(sorted((name, stat.st_size, stat.st_mtime_ns) for name, stat in seen))
    except OSError:  # not on a file system: the version is in each edition
        return ""


def companions(edition: Edition, ledger: Ledger) -> None:
    """The stylesheets and the icons that the page and the feeds name by relative addresses."""
    from feedmill.publish.theme import ICONS

    wanted = set()
    if edition.offers("html"):
        wanted |= {"style.css", *ICONS}
        if edition.around.search:
            wanted.add("search.js")
    if edition.offers("atom") or edition.offers("rss"):
        wanted.add("feed.css")
    theme = edition.around.theme
    for name, data in theme.static_files().items():
        target, key = place(edition.publication, name), digest(works(), theme)
        if name in wanted and not ledger.fresh(target, key):
            ledger.put(target, data, key)


def place(publication: Publication, name: str) -> str:
    folder = publication.path.strip("/")
    return f"{folder}/{name}" if folder else name


Rendered = tuple[bytes, int | None, Sequence[str]]


def _atom(edition: Edition, _output: Path) -> Rendered:
    from feedmill.publish.feed import render_atom

    rendition = render_atom(edition)
    return rendition.data, rendition.entries, rendition.problems


def _rss(edition: Edition, _output: Path) -> Rendered:
    from feedmill.publish.feed import render_rss

    rendition = render_rss(edition)
    return rendition.data, rendition.entries, rendition.problems


def _json(edition: Edition, _output: Path) -> Rendered:
    from feedmill.publish.json_feed import render_json

    data, problems = render_json(edition)
    return data, len(edition.entries) - len(problems), problems


def _html(edition: Edition, _output: Path) -> Rendered:
    from feedmill.publish.page import render_page

    return render_page(edition), None, ()


def _opml(edition: Edition, output: Path) -> Rendered:
    """The list's own date moves only when the list does: the file's date is kept as long as nothing else differs."""
    from feedmill.publish.opml import modified_of, write_opml

    def write(modified: datetime) -> bytes:
        return write_opml(
            edition.title,
            edition.sources,
            private_hosts=is_private(edition.url),
            owner=edition.publication.owner,
            modified=modified,
        )

    before = read(output, place(edition.publication, FILES["opml"]))
    dated = modified_of(before) if before else None
    if dated is not None and write(dated) == before:
        return before, None, ()
    return write(edition.updated), None, ()


_RENDERERS: dict[str, Callable[[Edition, Path], Rendered]] = {
    "atom": _atom,
    "rss": _rss,
    "json": _json,
    "html": _html,
    "opml": _opml,
}
