"""The sources' own icons beside the pages: served from here, so that no reader's browser asks a stranger (check J3).

In:  the names and bytes that the memory keeps; the ledger.
Out: files `icons/NAME` put into it; where each source's is.
Never: names an icon that is not there: without one a page shows the letter of the source's name.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from feedmill.feeds.publication import Publication
from feedmill.feeds.source import SourceRecord
from feedmill.publish.ledger import Ledger
from feedmill.publish.render import place

FOLDER = "icons"


class Icons(Protocol):
    """The part of the store that keeps them."""

    def icons(self) -> dict[str, str]: ...
    def icon(self, name: str) -> bytes | None: ...


def put_icons(
    store: Icons, ledger: Ledger, publication: Publication, records: Iterable[SourceRecord]
) -> dict[str, str]:
    """Put the icons of these sources; their places below the publication's folder, by the source's URL."""
    if "html" not in publication.formats:
        return {}
    kept = store.icons()
    places = {}
    for url in (record.source.url for record in records):
        name = kept.get(url)
        if name is None:
            continue
        file = place(publication, f"{FOLDER}/{name}")
        if not ledger.fresh(file, name):
            body = store.icon(name)
            if body is None:
                continue
            ledger.put(file, body, name)
        places[url] = f"{FOLDER}/{name}"
    return places
