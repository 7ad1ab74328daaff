"""What Atom 1.0 says beyond what feedgen writes: links, source, dates, language, and how a browser shows it.

In:  feedgen's `<feed>` and `<entry>` elements, the edition or entry they are of.
Out: the same elements, finished (RFC 4287; checks A1-A19, H1, H3).
Never: imports feedgen. Atom children are written without a namespace: feedgen's elements have none in memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from typing import Any

from lxml import etree

from feedmill.feeds.entry import Author, Origin
from feedmill.publish.aggregate import FILES, TYPES, Edition, PublishedEntry
from feedmill.publish.podcast_xml import MEDIA_RSS, finish_episode, finish_show
from feedmill.publish.xmltext import rfc3339

HISTORY = "http://purl.org/syndication/history/1.0"  # RFC 5005
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"  # RFC 6721
NAMESPACES = {"media": MEDIA_RSS}
MEDIA = f"{{{MEDIA_RSS}}}"
XHTML = "http://www.w3.org/1999/xhtml"
_XML = "{http://www.w3.org/XML/1998/namespace}"
PLAIN = ("title", "subtitle", "rights", "summary", "name")
_MARK = re.compile("([&<])")
_REFERENCES = {"&": "#x26", "<": "#x3C"}
_END_TAG = re.compile(r"</\w")
_BANNER = "This is a web feed. Copy its address into a feed reader to get new posts as they appear."

Element = Any


def add(parent: Element, name: str, text: str | None = None) -> Element:
    """A child element with text; `name` with its namespace in braces, or without one (see above)."""
    child: Element = etree.SubElement(parent, name)
    child.text = text
    return child


def spell_plainly(parent: Element, names: Iterable[str] = PLAIN) -> None:
    """Write `&` and `<` as character references in the plain texts below `parent`, in any namespace.

    XML reads the same text from either spelling. RSS's Best Practices Profile asks for this one in titles: nobody who
    looks for HTML in a text (W3C: ContainsHTML, in Atom too) takes it for some.
    """
    for element in list(parent.iter(*(f"{{*}}{name}" for name in names))):
        text = element.text
        if not text or ("&" not in text and "<" not in text) or element.get("type", "text") != "text":
            continue
        element.text, *rest = _MARK.split(text)
        for mark, tail in zip(rest[::2], rest[1::2], strict=True):
            reference: Element = etree.Entity(_REFERENCES[mark])
            reference.tail = tail
            element.append(reference)


def summary_of(entry: PublishedEntry) -> tuple[str, str]:
    """(text, type). A plain text that quotes whole HTML elements is declared as HTML that shows them."""
    if _END_TAG.search(entry.summary):
        return escape(entry.summary, quote=False), "html"
    return entry.summary, "text"


def content_of(entry: PublishedEntry) -> str:
    """The entry's HTML, else its summary or title: an entry without link must have content (RFC 4287 4.1.2)."""
    return entry.content_html or f"<p>{escape(entry.summary or entry.title, quote=False)}</p>"


def finish_feed(feed: Element, edition: Edition) -> None:
    """Dates, links, author, and the first lines that a browser or a curious person reads."""
    add_prolog(feed, edition)
    feed.find("updated").text = rfc3339(edition.updated)
    if edition.publication.owner:
        _person(feed, Author(name=edition.publication.owner), edition.publication.owner_email)
    _link(feed, rel="self", type=TYPES["atom"], href=edition.address("atom"))
    _link(feed, rel="alternate", type=TYPES["html"], href=edition.url)
    for hub in edition.hubs:
        _link(feed, rel="hub", href=hub)
    for name, picture in (("icon", edition.icon), ("logo", edition.logo)):
        if picture:
            add(feed, name, picture)
    finish_show(feed, edition.show)
    spell_plainly(feed)
    _history(feed, edition)
    feed.append(banner(edition))
    for stone in edition.tombstones:
        deleted = etree.SubElement(feed, f"{{{TOMBSTONES}}}deleted-entry", nsmap={"at": TOMBSTONES})
        deleted.set("ref", stone.id)
        deleted.set("when", rfc3339(stone.at))


def _history(feed: Element, edition: Edition) -> None:
    """RFC 5005: a feed that is all there is says so (section 2), another one where the entries before these are
    (section 4); an archive says what it is and where the present is."""
    if edition.prev_archive:
        _link(feed, rel="prev-archive", type=TYPES["atom"], href=edition.prev_archive)
    if edition.next_archive:
        _link(feed, rel="next-archive", type=TYPES["atom"], href=edition.next_archive)
    if edition.is_complete:
        etree.SubElement(feed, f"{{{HISTORY}}}complete", nsmap={"fh": HISTORY})
    if edition.is_archive:
        _link(feed, rel="current", type=TYPES["atom"], href=edition.url + FILES["atom"])
        etree.SubElement(feed, f"{{{HISTORY}}}archive", nsmap={"fh": HISTORY})


def add_prolog(root: Element, edition: Edition) -> None:
    """The stylesheet for browsers, by a relative address: it moves with the folder. And a word on what this is."""
    style = "../" * edition.file.count("/") + edition.assets + "feed.css"
    root.addprevious(etree.ProcessingInstruction("xml-stylesheet", f'type="text/css" href="{style}"'))
    root.addprevious(etree.Comment(f" {_BANNER} "))


def banner(edition: Edition) -> Element:
    """A line for people who open the feed in a browser (check H3); no namespace prefix: validators mind."""
    div = etree.Element(f"{{{XHTML}}}div", nsmap={None: XHTML})
    paragraph = etree.SubElement(div, f"{{{XHTML}}}p")
    paragraph.text = _BANNER + " "
    link = etree.SubElement(paragraph, f"{{{XHTML}}}a", href=edition.url)
    link.text = "Read it as a web page"
    link.tail = "."
    if edition.offers("html"):
        link.tail = ". "
        about = etree.SubElement(paragraph, f"{{{XHTML}}}a", href=f"{edition.url}#feeds")
        about.text = "What is a feed?"
    return div


def finish_entry(element: Element, entry: PublishedEntry) -> None:
    """What feedgen is never told of, as it would write it wrongly: links, source, dates; and language and base."""
    element.find("updated").text = rfc3339(entry.updated)
    if entry.published:
        add(element, "published", rfc3339(entry.published))
    content = element.find("content")
    if entry.language:
        element.set(f"{_XML}lang", entry.language)
        content.set(f"{_XML}lang", entry.language)
    if entry.url:
        content.set(f"{_XML}base", entry.url)
        _link(element, rel="alternate", type=TYPES["html"], href=entry.url)
    for enclosure in entry.enclosures:
        length = None if enclosure.length is None else str(enclosure.length)
        _link(element, rel="enclosure", type=enclosure.media_type, length=length, href=enclosure.url)
    if entry.image:
        etree.SubElement(element, f"{MEDIA}thumbnail", url=entry.image)
    finish_episode(element, entry)
    _source(element, entry.source)
    spell_plainly(element)


def _source(element: Element, origin: Origin) -> None:
    source = etree.SubElement(element, "source")
    if origin.language:
        source.set(f"{_XML}lang", origin.language)
    if origin.id:
        add(source, "id", origin.id)
    add(source, "title", origin.title)
    if origin.updated:
        add(source, "updated", rfc3339(origin.updated))
    for author in origin.authors:
        _person(source, author)
    if origin.url:
        _link(source, rel="self", href=origin.url)
    if origin.site_url:
        _link(source, rel="alternate", type=TYPES["html"], href=origin.site_url)
    for name in ("subtitle", "rights", "icon", "logo"):
        value = getattr(origin, name)
        if value:
            add(source, name, value)


def _person(parent: Element, author: Author, email: str | None = None) -> None:
    person = add(parent, "author")
    add(person, "name", author.name)
    if author.url:
        add(person, "uri", author.url)
    if email:
        add(person, "email", email)


def _link(parent: Element, **attributes: str | None) -> None:
    etree.SubElement(parent, "link", {name: value for name, value in attributes.items() if value})
