"""What must never be published, whatever an import, a list or another planet brings: the `[[deny]]` of the operator.

In:  the addresses of sources and entries.
Out: whether one is refused, and why.
Never: fetches, resolves, or forgets: a deny outlasts the source that it names.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from feedmill.feeds.entry import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Deny:
    """One `[[deny]]`: exactly one of `source` (a feed's URL), `domain` (with all below it), `entry` (id or URL)."""

    source: str = ""
    domain: str = ""
    entry: str = ""
    reason: str = ""


class DenyList:
    """All of them, ready to be asked. The answer is a sentence, or "" when nothing speaks against it."""

    def __init__(self, rows: tuple[Deny, ...] = ()) -> None:
        self._rows = rows
        self._sources = {_spelling(row.source): row for row in rows if row.source}
        self._domains = {row.domain.lower().strip("."): row for row in rows if row.domain}
        self._entries = {_spelling(row.entry): row for row in rows if row.entry}

    def __bool__(self) -> bool:
        return bool(self._rows)

    def source(self, url: str) -> str:
        """Why a feed at `url` is refused."""
        return _sentence(self._sources.get(_spelling(url)) or self._of_host(url))

    def entry(self, entry: Entry, source_url: str) -> str:
        """Why an entry is refused: for itself, for where it lies, for the source it came from or first came from."""
        if not self._rows:
            return ""
        row = self._entries.get(_spelling(entry.id)) or self._entries.get(_spelling(entry.url or ""))
        origin = (entry.origin.url, entry.origin.site_url, entry.origin.id) if entry.origin else ()
        for url in (source_url, entry.url, *origin):
            if row is None and url:
                row = self._sources.get(_spelling(url)) or self._of_host(url)
        return _sentence(row)

    def _of_host(self, url: str) -> Deny | None:
        if not self._domains:
            return None
        try:
            host = (urlsplit(url).hostname or "").strip(".").lower()
        except ValueError:
            return None
        while host:
            if host in self._domains:
                return self._domains[host]
            host = host.partition(".")[2]
        return None


def _spelling(url: str) -> str:
    """http or https, `www.`, a slash at the end and a fragment make no other feed; anything else is opaque."""
    head, colon, rest = url.strip().partition("://")
    if not colon or head.lower() not in {"http", "https"}:
        return url.strip()
    authority, slash, path = rest.partition("/")
    host = authority.rpartition("@")[2].lower().removeprefix("www.")
    return f"{host}{slash}{path.partition('#')[0]}".rstrip("/")


def _sentence(row: Deny | None) -> str:
    if row is None:
        return ""
    what = row.source or row.domain or row.entry
    return f"the deny list names {what}" + (f": {row.reason}" if row.reason else "")
