"""One publication in all the formats it offers.

In:  an `Edition`; the output folder, for the date of the subscription list that lies there.
Out: files by their path below the output, and what went wrong.
Never: delivers; gives out a rendition that does not read back; imports a library that no wanted format needs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from feedmill.feeds.errors import DeliveryError
from feedmill.feeds.publication import FORMATS, Publication
from feedmill.publish.aggregate import FILES, Edition
from feedmill.publish.deliver import read
from feedmill.publish.links import is_private


def render(edition: Edition, output: Path) -> tuple[dict[str, bytes], list[str]]:
    """The files of one publication by their path below the output, and what went wrong."""
    files: dict[str, bytes] = {}
    problems: list[str] = []
    for kind in (kind for kind in FORMATS if edition.offers(kind)):
        name = place(edition.publication, FILES[kind])
        try:
            data, count, left_out = _RENDERERS[kind](edition, output)
            wrong = _wrong(kind, data, count)
        except DeliveryError:
            raise
        except Exception as error:  # noqa: BLE001  a format that fails keeps its last good file; the others go on
            problems.append(f"{name} was not rendered, the last good one stays: {error!r}")
            continue
        problems.extend(left_out)
        if wrong:
            problems.append(f"{name} failed its check, the last good one stays: {'; '.join(wrong[:3])}")
            continue
        files[name] = data
    if files:
        files.update(companions(edition))
    return files, problems


def _wrong(kind: str, data: bytes, count: int | None) -> list[str]:
    from feedmill.publish.check import check

    return check(kind, data, entries=count)


def companions(edition: Edition) -> dict[str, bytes]:
    """The stylesheets and the icon that the page and the feeds name by relative addresses."""
    from feedmill.publish.theme import static_files

    wanted = set()
    if edition.offers("html"):
        wanted |= {"style.css", "icon.svg"}
    if edition.offers("atom") or edition.offers("rss"):
        wanted.add("feed.css")
    return {place(edition.publication, name): data for name, data in static_files().items() if name in wanted}


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
