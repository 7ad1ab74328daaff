"""The feeds of a shelf as WebSub topics: by the address that a subscriber wrote.

In:  a shelf, its public address.
Out: the content of a topic as readers get it now, its digest, its own address.
Never: a request, a clock.
"""

from __future__ import annotations

from feedmill.publish.headers import FEED_ENDINGS, self_url
from feedmill.publish.hub_form import topic_path
from feedmill.publish.shelf import Representation, Shelf, Table


def is_feed(path: str) -> bool:
    """Our topics: what names the hub in its Link header."""
    return path.endswith(FEED_ENDINGS)


def digest_of(content: Representation) -> bytes:
    """The content hash that the ETag shows, as bytes (blake2b-128)."""
    return bytes.fromhex(content.identity.etag.strip(b'"').decode("ascii"))


class Topics:
    """See the module. `site_url` ends in a slash. `table` may be given to stay with one edition."""

    def __init__(self, shelf: Shelf, site_url: str) -> None:
        self.shelf = shelf
        self.site_url = site_url

    def content(self, topic: str, table: Table | None = None) -> Representation | None:
        """None: it is not published (now)."""
        path = topic_path(topic, self.site_url)
        found = None if path is None else (self.shelf.table if table is None else table).get(path)
        return found if isinstance(found, Representation) else None

    def digest(self, topic: str, table: Table | None = None) -> bytes | None:
        """Of its content; None: it is not published."""
        found = self.content(topic, table)
        return None if found is None else digest_of(found)

    def own_url(self, topic: str) -> str:
        """As its own `rel=self` has it, however the subscriber spelled it."""
        return self_url(self.site_url, (topic_path(topic, self.site_url) or "/")[1:])

    def shows(self, topic: str, digest: bytes) -> bool:
        """Whether these are the bytes that we serve now: what a ping waits for."""
        return self.digest(topic) == digest
