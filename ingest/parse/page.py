"""An HTML page or plain text as one entry, and the feeds that a page links to.

In:  `RawDocument`.
Out: `parse_any`: `ParsedFeed` (format html or text: one entry) or `Failure`. `discover`: candidates, best first.
Never: a request; text that is not in the page; chrome removed (cleaning does that, with its rules).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from feedmill.feeds.outcome import Failure, FailureKind, RawDocument
from feedmill.ingest.parse import charset, guard, mapping, repair
from feedmill.ingest.parse.reading import parse
from feedmill.ingest.parsed import Link, ParsedEntry, ParsedFeed, ParsedSource, Person, Text

# Where a post's text stands, most telling first (cleaning.md section 1.4: these select prose, not chrome).
_CONTAINERS = (
    "[itemprop~=articleBody]",
    ".post-body",
    ".entry-content",
    ".post-content",
    "article",
    "main",
    "[role=main]",
    "body",
)
_PUBLISHED = (
    ("meta[property='article:published_time']", "content"),
    ("[itemprop~=datePublished]", "datetime"),
    ("[itemprop~=datePublished]", "content"),
    ("[itemprop~=datePublished]", "title"),
    ("time.published", "datetime"),
    ("article time[datetime]", "datetime"),
    ("meta[name='date' i]", "content"),
    ("meta[name='dc.date' i]", "content"),
    ("time[datetime]", "datetime"),
)
_UPDATED = (("meta[property='article:modified_time']", "content"), ("[itemprop~=dateModified]", "datetime"))
_MARKUP_FIRST = re.compile(
    r"\s*(?:<!doctype|<!--|<(?:html|head|body|div|p|article|main|section|h[1-6]|ul|ol|table|blockquote|span|a|img|b|i|em"
    r"|strong|figure|pre|br)[\s/>])",
    re.IGNORECASE,
)
# Markup that begins with words: a link, a picture, an element that ends, a line break as a document writes it. One bare
# `<br>` is somebody who writes about HTML.
_MARKUP_WITHIN = re.compile(
    r"<(?:a\s[^<>]{0,2000}href|img\s[^<>]{0,2000}src)\s*=|<(p|div|a|b|i|em|strong|span|li|blockquote|h[1-6])(?:\s[^<>]{0,2000})?>"
    r"[^<]*</\1\s*>|<br\s*/>|<br>.*<br>",
    re.IGNORECASE | re.DOTALL,
)
_HIDDEN = re.compile(
    r"<!--.*?(?:-->|\Z)|<(?P<name>script|style|textarea|template)(?=[\s>]).*?(?:</(?P=name)\s{0,20}>|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_LINKING_TAG = re.compile(r"<(link|a|base)\s((?:[^<>\"']|\"[^\"<]{0,4000}\"|'[^'<]{0,4000}')*)>", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    r"([^\s\"'<>/=]{1,100})\s{0,20}=\s{0,20}(?:\"([^\"]{0,4000})\"|'([^']{0,4000})'|([^\s\"'<>]{1,4000}))"
)
_FEED_TYPES = {
    "application/atom+xml": 0,
    "application/rss+xml": 1,
    "application/rdf+xml": 2,
    "application/feed+json": 3,
    "application/json": 3,
    "application/xml": 4,
    "text/xml": 4,
}
_ANCHOR_GROUP = 5
_FEED_PATH = re.compile(
    r"(?:/(?:feeds?|rss|atom|rdf)(?:/(?:posts|all|default|rss|rss2|atom|index\.xml)){0,3}/?"
    r"|(?:/|[._-])(?:feed|rss|rss2|atom|rdf)\.(?:xml|json|rdf)|/index\.(?:xml|rdf|rss|atom)|\.(?:rss|atom|rdf))$",
    re.IGNORECASE,
)
_COMMENTS = re.compile(r"comment|kommentar|coment[aá]rio|reaktion", re.IGNORECASE)
_MAX_CANDIDATES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A feed that a page links to. `media_type` is as the page says, "" for a plain link."""

    url: str
    title: str = ""
    media_type: str = ""


def parse_any(document: RawDocument) -> ParsedFeed | Failure:
    """A feed; or else an HTML page or plain text as a feed of one entry; or a `Failure` for what is none of these."""
    outcome = parse(document)
    if isinstance(outcome, ParsedFeed) or outcome.kind is not FailureKind.NOT_A_FEED or not document.body.strip():
        return outcome
    if document.body.lstrip().startswith((b"{", b"[{")):
        return outcome
    text, notes = charset.decode(document.body, document.content_type)
    text, more = repair.mend_characters(text)
    notes += more
    if not text.strip():
        return outcome
    if _MARKUP_FIRST.match(text) or "<html" in text[:2000].lower() or _MARKUP_WITHIN.search(text):
        reason = guard.page_refusal(text)
        if reason:
            return Failure(kind=FailureKind.UNPARSABLE, detail=f"the page was refused: {reason}")
        entry, about = _read_page(text, document.url)
        return ParsedFeed(format="html", about=about, entries=(entry,), base=document.url, notes=notes)
    links = (Link(href=document.url),) if document.url else ()
    entry = ParsedEntry(links=links, contents=(Text(value=text.strip(), kind="text"),))
    return ParsedFeed(format="text", entries=(entry,), base=document.url, notes=notes)


def discover(document: RawDocument) -> tuple[Candidate, ...]:
    """The feeds behind a page: `link rel=alternate` by type (Atom, RSS, RDF, JSON Feed, other XML), each group in
    document order; then links of the same site that look like feeds; feeds of comments last. Absolute URLs, each once.

    Read tag by tag, without a tree: one pass over any input.
    """
    text, _ = charset.decode(document.body, document.content_type)
    text = _HIDDEN.sub("", text)
    base = document.url
    found: dict[str, tuple[tuple[bool, int], Candidate]] = {}
    for tag in _LINKING_TAG.finditer(text):
        name, attributes = tag.group(1).lower(), _tag_attributes(tag.group(2))
        href = attributes.get("href")
        if not href:
            continue
        if name == "base":
            base = mapping.join_base(None, href, document.url) or base
            continue
        url = _absolute(href, base)
        words = text[tag.end() : tag.end() + 200].partition("<")[0] if name == "a" else attributes.get("title", "")
        row = _linked(url, words, attributes) if name == "link" else _anchored(url, words, document.url or base)
        if row is not None:
            group, candidate = row
            about_comments = bool(_COMMENTS.search(candidate.url) or _COMMENTS.search(candidate.title))
            found.setdefault(candidate.url, ((about_comments, group), candidate))
    ranked = sorted(found.values(), key=lambda row: row[0])
    return tuple(candidate for _, candidate in ranked[:_MAX_CANDIDATES])


def _tag_attributes(source: str) -> dict[str, str]:
    """Attribute names in lower case to values; of a name that stands twice, the first counts, as in browsers."""
    attributes: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(source):
        attributes.setdefault(name.lower(), unescape(double or single or bare))
    return attributes


def _linked(url: str | None, title: str, attributes: dict[str, str]) -> tuple[int, Candidate] | None:
    rel = attributes.get("rel", "").lower().split()
    media_type = attributes.get("type", "").partition(";")[0].strip().lower()
    group = _FEED_TYPES.get(media_type)
    if url is None or "stylesheet" in rel or not {"alternate", "feed"} & set(rel):
        return None
    if group is None and not ("feed" in rel and not media_type):
        return None
    if media_type == "application/json" and "feed" not in (url + title).lower():
        return None  # an API beside the page
    candidate = Candidate(url=url, title=" ".join(title.split()), media_type=media_type)
    return (_ANCHOR_GROUP if group is None else group), candidate


def _anchored(url: str | None, words: str, page_url: str) -> tuple[int, Candidate] | None:
    if url is None or not _FEED_PATH.search(urlsplit(url).path) or not _same_site(url, page_url):
        return None
    return _ANCHOR_GROUP, Candidate(url=url, title=" ".join(unescape(words).split()))


def _same_site(url: str, page_url: str) -> bool:
    mine, other = _host(page_url), _host(url)
    return bool(mine) and (mine == other or other.endswith("." + mine) or mine.endswith("." + other))


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")


def _absolute(href: str | None, base: str) -> str | None:
    try:
        url = urldefrag(urljoin(base, (href or "").strip())).url
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.hostname else None


# --- one page, one entry ----------------------------------------------------------------------------------------------


def _read_page(text: str, url: str) -> tuple[ParsedEntry, ParsedSource]:
    tree = _tree(text)
    base = _base(tree, url)
    language = _attribute(tree, "html", "lang")
    address = _attribute(tree, "link[rel~=canonical]", "href") or _attribute(tree, "meta[property='og:url']", "content")
    link = address or url
    title = _page_title(tree)
    content = _main_container(tree)
    entry = ParsedEntry(
        links=(Link(href=link, media_type="text/html", base=base),) if link else (),
        title=Text(value=title, kind="text", language=language) if title else None,
        contents=(Text(value=content, kind="html", base=base, language=language),) if content else (),
        published=_first(tree, _PUBLISHED),
        updated=_first(tree, _UPDATED),
        authors=_page_authors(tree, base or url),
        language=language,
    )
    site = _attribute(tree, "meta[property='og:site_name']", "content")
    about = ParsedSource(title=Text(value=site) if site else None, language=language)
    return entry, about


def _tree(text: str) -> Any:
    from selectolax.lexbor import LexborHTMLParser

    return LexborHTMLParser(text.encode("utf-8", "replace").decode("utf-8"))


def _base(tree: Any, url: str) -> str | None:
    return mapping.join_base(None, _attribute(tree, "base[href]", "href"), url)


def _attribute(tree: Any, selector: str, name: str) -> str | None:
    for node in tree.css(selector):
        value = (node.attributes.get(name) or "").strip()
        if value:
            return value
    return None


def _first(tree: Any, places: tuple[tuple[str, str], ...]) -> str | None:
    return next((value for selector, name in places if (value := _attribute(tree, selector, name))), None)


def _page_title(tree: Any) -> str | None:
    """og:title, else the post's own heading, else the only `h1`, else `title`."""
    said = _attribute(tree, "meta[property='og:title']", "content")
    if said:
        return said
    headings = [
        " ".join(node.text().split())
        for selector in ("article h1", ".post-title", ".entry-title", "h1")
        for node in tree.css(selector)
    ]
    titles = [" ".join(node.text().split()) for node in tree.css("head > title")]
    return next((words for words in (*headings, *titles) if words), None)


def _main_container(tree: Any) -> str:
    for selector in _CONTAINERS:
        for node in tree.css(selector):
            if node.text().strip() or node.css_first("img, video, audio, iframe") is not None:
                return str(node.inner_html or "").strip()
    return ""


def _page_authors(tree: Any, base: str) -> tuple[Person, ...]:
    people: list[Person | None] = []
    for node in tree.css("a[rel~=author], [itemprop~=author] [itemprop~=name], .vcard .fn"):
        name = " ".join(node.text().split())[:200]
        if name:
            url = _absolute(node.attributes.get("href"), base) if node.attributes.get("href") else None
            people.append(Person(name=name, url=url))
            break
    if not people:
        said = _attribute(tree, "meta[name='author' i]", "content")
        people.append(mapping.split_person(said) if said else None)
    return mapping.unique(people)
