"""Documents in which every field that a feed can carry holds one and the same text.

In:  a vector (or something harmless), the document's number, a dialect.
Out: bytes of an Atom, RSS or JSON Feed document, or of RSS whose author escapes nothing.
Never: two entries with the same words: what is alike would be merged.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from hashlib import blake2b
from html import escape
from typing import Any

from lxml import etree

TYPES = {
    "atom": "application/atom+xml",
    "rss": "application/rss+xml",
    "json": "application/feed+json",
    "torn": "application/xml",
}
_SYLLABLES = ("ba", "do", "ki", "lu", "me", "na", "po", "ri", "so", "tu", "va", "we", "za", "fi", "gu")


def words(*seed: object) -> str:
    """Thirty words that nothing else has."""
    digest = blake2b(repr(seed).encode(), digest_size=60).digest()
    made = [
        _SYLLABLES[left % 15] + _SYLLABLES[right % 15] for left, right in zip(digest[::2], digest[1::2], strict=True)
    ]
    return " ".join(made)


def day_of(number: int) -> str:
    """A moment in one of two months that are over; some twenty on one day, so that runs of one source are folded."""
    return f"2024-0{3 + number % 2}-{1 + number // 48 % 28:02d}T{number // 2 % 24:02d}:30:00Z"


def address(vector: str, number: int, place: int) -> str:
    """The vector as an address, and inside one: its path, its query."""
    if place == 0:
        return vector
    return (
        f"https://blog{number}.example/{place}/{vector}"
        if place == 1
        else f"https://blog{number}.example/?{place}={vector}"
    )


def make(dialect: str, vector: str, number: int) -> bytes:
    """The document of a dialect, in UTF-8."""
    makers: dict[str, Callable[[str, int], str]] = {"atom": _atom, "rss": _rss, "json": _json, "torn": _torn}
    return makers[dialect](vector, number).encode("utf-8", "surrogatepass")


def _cdata(text: str) -> str:
    return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>"


def _fragment(vector: str, number: int, place: int) -> str:
    told = f"<p>{words('content', number, place)}</p>"
    return f"{told}{vector}<p>Afterwards.</p>" if place != 1 else f"{vector}{told}"


# --- Atom ---


def _atom(vector: str, number: int) -> str:
    v = escape(vector)
    entries = "".join(_atom_entry(vector, number, place) for place in range(3))
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/">'
        f'<id>urn:feed:{number}:{v}</id><title type="html">{v}</title><subtitle>{v}</subtitle>'
        f'<link rel="alternate" href="{v}"/><link rel="hub" href="{v}"/><link rel="license" href="{v}"/>'
        f"<author><name>{v}</name><uri>{v}</uri><email>{v}</email></author>"
        f'<category term="{v}" label="{v}" scheme="{v}"/><generator uri="{v}" version="{v}">{v}</generator>'
        f"<icon>{v}</icon><logo>{v}</logo><rights>{v}</rights><updated>{day_of(number)}</updated>{entries}</feed>"
    )


def _atom_entry(vector: str, number: int, place: int) -> str:
    v, kind = escape(vector), ("html", "text", "html")[place]
    href = escape(address(vector, number, place))
    source = (
        f"<source><id>{v}</id><title>{v}</title><subtitle>{v}</subtitle><link href='{v}'/><link rel='self' href='{v}'/>"
        f"<author><name>{v}</name><uri>{v}</uri></author><icon>{v}</icon><logo>{v}</logo><rights>{v}</rights>"
        f"<updated>{day_of(number)}</updated></source>"
    )
    return (
        f"<entry><id>{v}#{number}-{place}</id><title type='{kind}'>{v}</title>"
        f"<link rel='alternate' href='{href}' title='{v}' hreflang='{v}'/>"
        f"<link rel='enclosure' href='{href}' type='{v}' length='{v}' title='{v}'/>"
        f"<link rel='enclosure' href='https://blog{number}.example/{place}.mp3?{v}' type='audio/mpeg' length='7'/>"
        f"<link rel='related' href='{href}'/><link rel='replies' href='{href}'/>"
        f"<author><name>{v}</name><uri>{href}</uri><email>{v}</email></author>"
        f"<author><name>By {place} {v}</name></author><contributor><name>{v}</name></contributor>"
        f"<category term='{v}' label='{v}' scheme='{v}'/><category term='{place} {v}'/>"
        f"<summary type='{kind}'>{words('summary', number, place)} {v}</summary><rights type='{kind}'>{v}</rights>"
        f"<published>{day_of(number)}</published><updated>{day_of(number)}</updated>"
        f"<media:thumbnail url='{href}'/><media:title>{v}</media:title><media:description>{v}</media:description>"
        f"{source if place == 2 else ''}{_atom_content(vector, number, place)}</entry>"
    )


def _atom_content(vector: str, number: int, place: int) -> str:
    html = _fragment(vector, number, place)
    if place == 2:
        xhtml = f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{words("content", number, place)}</p>{vector}</div>'
        try:
            etree.fromstring(xhtml)
        except (etree.XMLSyntaxError, ValueError):
            pass
        else:
            return f'<content type="xhtml">{xhtml}</content>'
    return f'<content type="html" xml:base="{escape(address(vector, number, place))}">{escape(html)}</content>'


# --- RSS ---

_RSS = (
    '<?xml version="1.0" encoding="utf-8"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" '
    'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" '
    'xmlns:media="http://search.yahoo.com/mrss/" xmlns:podcast="https://podcastindex.org/namespace/1.0" '
    'xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0" xmlns:wfw="http://wellformedweb.org/CommentAPI/" '
    'xmlns:atom="http://www.w3.org/2005/Atom"><channel>'
)


def _rss(vector: str, number: int) -> str:
    v = escape(vector)
    items = "".join(_rss_item(vector, number, place) for place in range(3))
    return (
        f"{_RSS}<title>{v}</title><link>{v}</link><description>{_cdata(vector)}</description><language>{v}</language>"
        f"<copyright>{v}</copyright><managingEditor>{v}</managingEditor><webMaster>{v}</webMaster>"
        f"<category domain='{v}'>{v}</category><generator>{v}</generator><docs>{v}</docs>"
        f"<image><url>{v}</url><title>{v}</title><link>{v}</link></image><atom:link rel='hub' href='{v}'/>"
        f"<itunes:author>{v}</itunes:author><itunes:image href='{v}'/><itunes:owner><itunes:name>{v}</itunes:name>"
        f"<itunes:email>{v}</itunes:email></itunes:owner><itunes:category text='{v}'/>{items}</channel></rss>"
    )


def _rss_item(vector: str, number: int, place: int) -> str:
    v, href = escape(vector), escape(address(vector, number, place))
    title = (v, _cdata(vector), "")[place]
    html = f"<h2>{vector}</h2>{_fragment(vector, number, place)}" if place == 2 else _fragment(vector, number, place)
    return (
        f"<item><title>{title}</title><link>{href}</link>"
        f"<guid isPermaLink='{'true' if place else 'false'}'>{href}#{place}</guid>"
        f"<author>{v}</author><dc:creator>{_cdata(vector)}</dc:creator><dc:creator>By {place} {v}</dc:creator>"
        f"<itunes:author>{v}</itunes:author><category domain='{v}'>{v}</category><dc:subject>{place} {v}</dc:subject>"
        f"<comments>{href}</comments><wfw:commentRss>{href}</wfw:commentRss><source url='{v}'>{v}</source>"
        f"<enclosure url='{href}' type='{v}' length='{v}'/>"
        f"<enclosure url='https://blog{number}.example/{place}.mp3?{v}' type='audio/mpeg' length='7'/>"
        f"<media:content url='{href}&amp;m' type='{v}' medium='video'/><media:thumbnail url='{href}'/>"
        f"<media:title>{v}</media:title><media:description>{v}</media:description><media:credit>{v}</media:credit>"
        f"<itunes:duration>{v}</itunes:duration><itunes:explicit>{v}</itunes:explicit><itunes:image href='{href}'/>"
        f"<itunes:summary>{v}</itunes:summary><itunes:episode>{v}</itunes:episode>"
        f"<itunes:episodeType>{v}</itunes:episodeType>"
        f"<podcast:transcript url='{href}' type='{v}'/><podcast:chapters url='{href}' type='{v}'/>"
        f"<podcast:guid>{v}</podcast:guid>"
        f"{f'<feedburner:origLink>{v}</feedburner:origLink>' if place == 2 else ''}<dc:rights>{v}</dc:rights>"
        f"<pubDate>{day_of(number)}</pubDate><description>{words('summary', number, place)} {v}</description>"
        f"<content:encoded>{_cdata(html)}</content:encoded></item>"
    )


def _torn(vector: str, number: int) -> str:
    """RSS by somebody who has never heard of escaping; a sound entry before and after."""
    v, items = vector, []
    for place in range(3):
        told = words("torn", number, place)
        v = vector if place == 1 else ""
        items.append(
            f"<item><title>Torn {place} {v}</title><link>https://blog{number}.example/{place}{v}</link>"
            f'<guid isPermaLink="false">{number}-{place}{v}</guid><dc:creator>{v}</dc:creator>'
            f'<category domain="{v}">{v}</category><enclosure url="{v}" type="{v}" length="7"/>'
            f'<source url="{v}">{v}</source>'
            f"<comments>{v}</comments><pubDate>{day_of(number)}</pubDate><description>{told}{v}</description>"
            f"<content:encoded><![CDATA[<p>{told}</p>{v}]]></content:encoded></item>"
        )
    return (
        f"{_RSS}<title>{number} {vector}</title><link>https://blog{number}.example/</link>"
        f"<description>{vector}</description>{''.join(items)}</channel></rss>"
    )


# --- JSON Feed ---


def _json(vector: str, number: int) -> str:
    author = {"name": vector, "url": vector, "avatar": vector}
    feed: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": vector,
        "description": vector,
        "user_comment": vector,
        "home_page_url": vector,
        "next_url": vector,
        "icon": vector,
        "favicon": vector,
        "authors": [author],
        "language": vector,
        "hubs": [{"type": vector, "url": vector}],
        "items": [_json_item(vector, number, place) for place in range(3)],
    }
    return json.dumps(feed, ensure_ascii=number % 2 == 0)


def _json_item(vector: str, number: int, place: int) -> dict[str, Any]:
    url = address(vector, number, place)
    item: dict[str, Any] = {
        "id": f"{vector}#{place}",
        "url": url,
        "external_url": url,
        "title": ("", vector, f"<b>{vector}</b>")[place],
        "content_html": _fragment(vector, number, place),
        "summary": f"{words('summary', number, place)} {vector}",
        "image": url,
        "banner_image": vector,
        "date_published": day_of(number),
        "authors": [{"name": vector, "url": url, "avatar": url}, {"name": f"By {place} {vector}"}],
        "tags": [vector, f"{place} {vector}"],
        "language": vector,
        "attachments": [
            {"url": url, "mime_type": vector, "title": vector, "size_in_bytes": 7},
            {"url": f"https://blog{number}.example/{place}.mp3?{vector}", "mime_type": "audio/mpeg"},
        ],
    }
    if place == 2:
        item["content_text"] = f"{words('text', number)} {vector}"
        del item["content_html"]
    return item


def many(vectors: Sequence[str]) -> bytes:
    """One JSON Feed with an entry for each vector: as its content, title, author and tag."""
    items = [
        {
            "id": f"urn:x-many:{number}",
            "url": f"https://many.example/{number}",
            "title": vector,
            "content_html": f"<p>{words('many', number)}</p>{vector}<p>Afterwards.</p>",
            "authors": [{"name": vector, "url": vector}],
            "tags": [vector],
            "date_published": day_of(number),
        }
        for number, vector in enumerate(vectors)
    ]
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "Many", "items": items}
    return json.dumps(feed).encode()


def trouble(vector: str, turn: int) -> tuple[int, str, dict[str, str], bytes]:
    """What the source answers later: (status, its words, headers, body), with the vector wherever it has words."""
    told = "".join(sign for sign in vector if " " <= sign < "\x7f") or "odd"
    page = f"<!doctype html><html><head><title>{vector}</title></head><body>{vector}</body></html>"
    body = page.encode("utf-8", "surrogatepass")
    return (
        (200, "OK", {"Content-Type": "text/html"}, body),
        (200, "OK", {"Content-Type": TYPES["rss"], "Content-Encoding": told}, body),
        (404, told, {"Content-Type": told}, body),
        (302, "Found", {"Location": told}, b""),
        (503, told, {"Retry-After": told, "Server": told}, body),
    )[turn % 5]
