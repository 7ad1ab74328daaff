"""What RSS 2.0 says beyond what feedgen writes: Atom links, names of authors, dates, media, and how a browser shows it.

In:  feedgen's `<rss>` and `<item>` elements, the edition or entry they are of.
Out: the same elements, finished (RSS 2.0 and its Best Practices Profile; checks B1-B13).
Never: imports feedgen; writes a bare name into `author`, which asks for an e-mail address (check B8).
"""

from __future__ import annotations

from html import escape
from posixpath import splitext
from typing import Any
from urllib.parse import urlsplit

from lxml import etree

from feedmill.feeds.entry import Enclosure
from feedmill.publish.aggregate import TYPES, Edition, PublishedEntry
from feedmill.publish.atom import HISTORY, MEDIA, add, add_prolog, banner, spell_plainly
from feedmill.publish.podcast_xml import MEDIA_RSS, finish_episode, finish_show
from feedmill.publish.xmltext import rfc822

NAMESPACES = {"dc": "http://purl.org/dc/elements/1.1/", "media": MEDIA_RSS}
TTL_MINUTES = 30  # how long a reader may keep it (check B4)
_ATOM = "{http://www.w3.org/2005/Atom}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_TYPE_OF_SUFFIX = {
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".pdf": "application/pdf",
}

Element = Any


def texts_of(entry: PublishedEntry) -> tuple[str, str]:
    """(description, content:encoded), both HTML: there is always a description, and never the same text twice (B7)."""
    if entry.summary and entry.content_html:
        return escape(entry.summary, quote=False), entry.content_html
    return entry.content_html or escape(entry.summary or entry.title, quote=False), ""


def media_type_of(enclosure: Enclosure) -> str:
    """The enclosure's type, which RSS insists on: as told, else by its file name."""
    suffix = splitext(urlsplit(enclosure.url).path)[1].lower()
    return enclosure.media_type or _TYPE_OF_SUFFIX.get(suffix, "application/octet-stream")


def finish_channel(root: Element, edition: Edition) -> None:
    """Atom links (self, hub), the date of the newest content, time to live, and the banner."""
    add_prolog(root, edition)
    channel = root[0]
    add(channel, "lastBuildDate", rfc822(edition.updated))
    add(channel, "ttl", str(TTL_MINUTES))
    etree.SubElement(channel, f"{_ATOM}link", rel="self", type=TYPES["rss"], href=edition.address("rss"))
    etree.SubElement(channel, f"{_ATOM}link", rel="alternate", type=TYPES["html"], href=edition.url)
    for hub in edition.hubs:
        etree.SubElement(channel, f"{_ATOM}link", rel="hub", href=hub)
    if edition.is_complete:
        etree.SubElement(channel, f"{{{HISTORY}}}complete", nsmap={"fh": HISTORY})
    finish_show(channel, edition.show)
    _image(channel, edition)
    spell_plainly(channel, ("title", "description", "copyright", "author"))
    channel.append(banner(edition))


def _image(channel: Element, edition: Edition) -> None:
    """The picture of the channel: title and link are the channel's; GIF, JPEG or PNG, as RSS has it (check B4)."""
    if not edition.favicon or urlsplit(edition.favicon).path.lower().endswith((".svg", ".ico", ".webp")):
        return
    image = add(channel, "image")
    add(image, "url", edition.favicon)
    add(image, "title", edition.title)
    add(image, "link", edition.url)
    if not edition.publication.icon:  # of another one we do not know how large it is
        add(image, "width", "144")
        add(image, "height", "144")


def finish_item(item: Element, entry: PublishedEntry) -> None:
    """`pubDate`: when published, else first seen, never `updated` (check B6). Names go to dc:creator."""
    add(item, "pubDate", rfc822(entry.published or entry.sort_at))
    for author in entry.authors:
        add(item, f"{_DC}creator", author.name)
    if entry.image:
        etree.SubElement(item, f"{MEDIA}thumbnail", url=entry.image)
    finish_episode(item, entry)
    for enclosure in entry.enclosures[1:]:
        media = etree.SubElement(item, f"{MEDIA}content", url=enclosure.url, type=media_type_of(enclosure))
        if enclosure.length is not None:
            media.set("fileSize", str(enclosure.length))
    spell_plainly(item, ("title", "category", "creator", "source"))
