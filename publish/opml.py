"""OPML 2.0: the subscriptions as a list that any reader imports, and such lists read back.

In:  sources or records; or the bytes of somebody's OPML.
Out: bytes; or `Subscriptions`: sources with tags from categories and nesting, and what was skipped and why.
Never: publishes an address that opens a private feed; follows a DTD, an entity or an `xmlUrl` that is not http(s).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from feedmill.feeds.source import Source, SourceRecord, Standing
from feedmill.publish.links import has_secret, is_private, web_url
from feedmill.publish.xmltext import clean, one_line, rfc822

if TYPE_CHECKING:
    from lxml import etree

MOST_OUTLINES = 10_000  # check T35
DEEPEST = 1_000  # check T35
LARGEST_BYTES = 20_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriptions:
    """What an OPML document lists; `problems` has one sentence for each outline that was skipped, `notes` one for each
    setting of another planet that has no place here."""

    sources: tuple[Source, ...]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    title: str = ""


def write_opml(
    title: str,
    sources: Iterable[Source | SourceRecord],
    *,
    private_hosts: bool = False,
    secrets: bool = False,
    gone: bool = False,
    owner: str | None = None,
    modified: datetime | None = None,
) -> bytes:
    """A subscription list (checks D1-D5).

    Left out unless asked for: hosts that the public cannot reach, addresses with a password or token, feeds that are
    gone for good. `xmlUrl` is where a feed moved to for good, when that may be told, too. `htmlUrl` comes with records.
    No `docs`: the W3C validator does not know it in OPML.
    """
    from xml.sax.saxutils import escape, quoteattr

    head = [f"    <title>{escape(one_line(title))}</title>"]
    if modified is not None:
        head.append(f"    <dateModified>{rfc822(modified)}</dateModified>")
    if owner:
        head.append(f"    <ownerName>{escape(one_line(owner))}</ownerName>")
    lines = []
    seen = set()
    for listed in sources:
        outline = _outline(listed, private_hosts=private_hosts, secrets=secrets, gone=gone)
        if outline is None or outline["xmlUrl"] in seen:
            continue
        seen.add(outline["xmlUrl"])
        attributes = " ".join(f"{name}={quoteattr(value)}" for name, value in outline.items() if value)
        lines.append(f"    <outline {attributes}/>")
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            '<opml version="2.0">',
            "  <head>",
            *head,
            "  </head>",
            "  <body>",
            *lines,
            "  </body>",
            "</opml>",
            "",
        ]
    ).encode()


def _outline(listed: Source | SourceRecord, *, private_hosts: bool, secrets: bool, gone: bool) -> dict[str, str] | None:
    record = listed if isinstance(listed, SourceRecord) else None
    source = listed.source if isinstance(listed, SourceRecord) else listed

    def told(address: str | None) -> str | None:
        url = web_url(address)
        hidden = url is None or (not secrets and has_secret(url)) or (not private_hosts and is_private(url))
        return None if hidden else url

    url = told(source.url)
    if url is None:
        return None
    if record and record.state.adopted:  # check D4
        url = told(record.state.adopted) or url
    if record and record.state.standing is Standing.GONE and not gone:
        return None
    title = one_line(record.title if record else source.title) or url
    site = web_url(record.channel.about.site_url) if record else None
    if site and not private_hosts and is_private(site):
        site = None
    # OPML 2.0: categories are separated by commas, a slash would nest them.
    tags = ",".join(one_line(tag).replace(",", " ") for tag in source.tags)
    return {
        "type": "rss",
        "text": title,
        "title": title,
        "xmlUrl": url,
        "htmlUrl": site or "",
        "category": tags,
    }


def modified_of(data: bytes) -> datetime | None:
    """The dateModified of a list that `write_opml` wrote, None when it says none."""
    from email.utils import parsedate_to_datetime

    match = re.search(rb"<dateModified>([^<]+)</dateModified>", data)
    try:
        return parsedate_to_datetime(match[1].decode()) if match else None
    except ValueError:
        return None


def read_opml(data: bytes, *, url: str | None = None) -> Subscriptions:
    """The subscriptions of an OPML document, each address once, in its order; `url` is the base of relative ones.

    Tags come from `category` and from the `text` of the outlines above. A document that is no OPML, declares a DTD or
    is larger than any list of people raises ValueError with a sentence.
    """
    root = _parse(data)
    problems: list[str] = []
    found: dict[str, Source] = {}
    count = 0
    # By hand, not by recursion: nesting is bounded by us, not by the interpreter's stack.
    pending: list[tuple[etree._Element, tuple[str, ...]]] = [
        (outline, ()) for outline in reversed(_outlines(root.find("{*}body")))
    ]
    while pending:
        outline, above = pending.pop()
        count += 1
        if count > MOST_OUTLINES:
            problems.append(f"only the first {MOST_OUTLINES} outlines were read")
            break
        source = _source(outline, above, base=url, problems=problems)
        if source is not None:
            known = found.get(source.url)
            merged = tuple(dict.fromkeys([*known.tags, *source.tags])) if known else source.tags
            found[source.url] = Source(url=source.url, title=known.title if known else source.title, tags=merged)
        inside = _outlines(outline)
        if inside:
            group = () if source else _group(outline)
            pending.extend((child, tuple(dict.fromkeys([*above, *group]))) for child in reversed(inside))
    title = root.findtext("{*}head/{*}title") or ""
    return Subscriptions(sources=tuple(found.values()), problems=tuple(problems), title=one_line(title))


def _parse(data: bytes) -> etree._Element:
    from lxml import etree

    if len(data) > LARGEST_BYTES:
        raise ValueError(f"the OPML is larger than {LARGEST_BYTES // 1_000_000} MB")
    plain = data.lstrip(b"\xef\xbb\xbf \t\r\n")
    _refuse_dangers(plain)
    # What expat accepted is well-formed; `recover` is for namespace prefixes that nobody declared.
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=True, recover=True, remove_pis=True
    )
    root: etree._Element = etree.fromstring(plain, parser)
    if not isinstance(root.tag, str) or etree.QName(root).localname.lower() != "opml" or root.find("{*}body") is None:
        raise ValueError("this is not OPML: it needs an <opml> with a <body>")
    return root


def _refuse_dangers(data: bytes) -> None:
    """Look at the document with expat before any tree exists: no entity declarations, bounded depth."""
    from xml.parsers import expat

    depth = 0

    def start(_name: str, _attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST + 2:
            raise ValueError(f"the OPML nests deeper than {DEEPEST} outlines")

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    def declared(*_args: object) -> None:
        raise ValueError("the OPML declares XML entities, which subscription lists never need: refused")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.EntityDeclHandler = declared
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise ValueError(f"the OPML is not well-formed XML: {error}") from error


def _outlines(parent: etree._Element | None) -> list[etree._Element]:
    return [] if parent is None else list(parent.iterchildren("{*}outline"))


def _source(outline: etree._Element, above: Sequence[str], *, base: str | None, problems: list[str]) -> Source | None:
    attributes = {str(name).lower(): str(value) for name, value in outline.attrib.items()}
    written = clean(attributes.get("xmlurl")).strip()
    if not written:
        return None
    resolved = web_url(urljoin(base, written) if base else written)
    title = one_line(attributes.get("title")) or one_line(attributes.get("text"))
    if resolved is None:
        problems.append(f"skipped {title or 'an outline'!r}: {written[:100]!r} is not an http(s) address")
        return None
    tags = [*above, *_categories(attributes.get("category", ""))]
    return Source(url=resolved, title=title if title and title != written else None, tags=tuple(dict.fromkeys(tags)))


def _group(outline: etree._Element) -> tuple[str, ...]:
    name = one_line(outline.get("text") or outline.get("title"))
    return (name,) if name else ()


def _categories(written: str) -> list[str]:
    """OPML 2.0 `category`: comma-separated; "/a/b" is a path of nested categories, each a tag of its own."""
    return [one_line(part) for listed in written.split(",") for part in listed.split("/") if one_line(part)]
