"""The icon of each source, asked for as politely as its feed, and seldom.

    sources not looked at for a week -> Visitor, with a tick's manners -> bytes -> picture_of -> the store

In:  the store, fetch options, who is to be asked.
Out: icons in the store; whether any is new.
Never: asks for more than `MOST_AT_ONCE` in one tick, or twice in `LOOK_AGAIN`; takes an SVG, which may carry a script,
or a picture that would fill a reader's memory; looks into a web page for one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from feedmill.feeds.outcome import Fetched
from feedmill.ingest.options import FetchOptions

if TYPE_CHECKING:
    from feedmill.feeds.source import SourceRecord
    from feedmill.feeds.store import Store

LOOK_AGAIN = timedelta(days=7)
MOST_AT_ONCE = 10
MOST_BYTES = 100_000
MOST_PIXELS = 1024  # of a side: a picture of 100 kB may unfold to gigabytes


def take_icons(
    store: Store,
    options: FetchOptions,
    *,
    clock: Callable[[], datetime],
    stop: threading.Event,
    before_news: Callable[[], None],
) -> bool:
    """One round; whether a source has another icon now. `before_news` is called before the first one is stored."""
    looks = store.icons_wanted(clock() - LOOK_AGAIN, limit=MOST_AT_ONCE)
    if not looks:
        return False
    from feedmill.ingest.fetch import Fetcher
    from feedmill.ingest.visit import Visitor

    records = {record.row: record for record in store.records()}
    news = False
    with closing(Fetcher(replace(options, max_body_bytes=MOST_BYTES))) as fetcher:
        visitor = Visitor(fetcher, options, store, wall=clock)
        for look in looks:
            if stop.is_set():
                break
            url = address_of(records[look.source_row], failed=look.failed) if look.source_row in records else ""
            outcome = visitor.fetch(url) if url else None
            body = outcome.document.body if isinstance(outcome, Fetched) else b""
            suffix = picture_of(body)
            if suffix and not news:
                before_news()
            news |= store.keep_icon(look.source_row, url, clock(), body=body if suffix else b"", suffix=suffix)
    return news


def address_of(record: SourceRecord, *, failed: str = "") -> str:
    """Where a source's icon is: where its feed says, else where browsers look; "" when neither is known.

    The next one of these after `failed`, which brought none the last time.
    """
    about = record.channel.about
    said = [url for url in (about.icon,) if url and urlsplit(url).scheme in {"http", "https"}]
    usual = [urljoin(about.site_url, "/favicon.ico")] if about.site_url else []
    known = list(dict.fromkeys(said + usual))
    if failed in known:
        return known[(known.index(failed) + 1) % len(known)]
    return known[0] if known else ""


def picture_of(body: bytes) -> str:
    """The suffix of a picture that browsers show, by its first bytes; "" for anything else, and for a huge one."""
    if body.startswith(b"\x89PNG\r\n\x1a\n") and len(body) > 24:
        return _sound(".png", int.from_bytes(body[16:20]), int.from_bytes(body[20:24]))
    if body[:6] in {b"GIF87a", b"GIF89a"} and len(body) > 10:
        return _sound(".gif", int.from_bytes(body[6:8], "little"), int.from_bytes(body[8:10], "little"))
    if body.startswith(b"\x00\x00\x01\x00") and 0 < int.from_bytes(body[4:6], "little") < 100:
        return ".ico"
    if body.startswith(b"\xff\xd8\xff"):
        return ".jpg"
    return ".webp" if body[:4] == b"RIFF" and body[8:12] == b"WEBP" else ""


def _sound(suffix: str, width: int, height: int) -> str:
    return suffix if 0 < width <= MOST_PIXELS and 0 < height <= MOST_PIXELS else ""
