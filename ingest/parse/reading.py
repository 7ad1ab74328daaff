"""A document of any feed dialect to what it says.

In:  `RawDocument`: the bytes of one answer, its URL, its Content-Type.
Out: `ParsedFeed`, or `Failure` with a sentence that says what came instead of a feed.
Never: an exception, whatever the bytes; a file or address opened; an entry invented.

    body -> empty? JSON? -> fast reader on the bytes, when nothing needs mending
         -> decode -> cut to the feed -> drop illegal characters -> fast reader
         -> mend references, root, a cut-off end -> guard -> fast reader -> liberal reader
         -> ParsedFeed with a note for each repair
"""

from __future__ import annotations

import codecs
import re
from dataclasses import replace

from feedmill.feeds.entry import Note
from feedmill.feeds.outcome import Failure, FailureKind, RawDocument
from feedmill.ingest.parse import charset, guard, repair
from feedmill.ingest.parsed import ParsedFeed

_ROOT = re.compile(r"<(?:[A-Za-z_][\w.-]{0,40}:)?([A-Za-z_][\w.-]{0,60})([^<>]{0,20000})", re.DOTALL)
_VERSION = re.compile(r"\bversion\s{0,8}=\s{0,8}[\"']\s{0,8}([\w.]{1,8})")
_TITLE = re.compile(r"<title[^<>]{0,1000}>\s*([^<]{1,300})", re.IGNORECASE)
_PAGE = re.compile(r"<!doctype\s+html|<(?:html|head|body)[\s>]", re.IGNORECASE)
_HEAD_BYTES = 16_384
_C1_BYTES = re.compile(rb"\xc2[\x80-\x9f]")
_C1_REFERENCE = re.compile(rb"&#(?:12[89]|1[345][0-9]|[xX]0{0,4}[89][0-9a-fA-F]);")
_FAST_DIALECTS = ("rss20", "rss09x", "rss10", "atom10")
_FEED_ROOTS = ("rss", "rdf", "feed", "channel")
_ENTRY = re.compile(r"<((?:[A-Za-z_][\w.-]{0,40}:)?entry)\s([^<>]{0,20000})>")


def parse(document: RawDocument) -> ParsedFeed | Failure:
    """What a feed document says: RSS 0.9x, 1.0, 2.0, Atom, CDF, JSON Feed, well-formed or not.

    A document with the root of a feed and no entries is a feed. An HTML page, an empty body or anything else is a
    `Failure`: NOT_A_FEED when something other than a feed came, UNPARSABLE when it is one that cannot be read.
    """
    body = document.body
    if not body.strip(b" \t\r\n\x00\xef\xbb\xbf"):
        return _not_a_feed("an empty body came in place of a feed")
    if _looks_like_json(body):
        reason = guard.json_refusal(body)
        if reason:
            return Failure(kind=FailureKind.UNPARSABLE, detail=f"the feed was refused: {reason}")
        from feedmill.ingest.parse.jsonfeed import read_json

        return read_json(document)
    feed = _read_clean(document)
    if feed is not None:
        return feed
    text, notes = charset.decode(body, document.content_type)
    return _read_text(text, notes, document.url)


def _read_clean(document: RawDocument) -> ParsedFeed | None:
    """The fast reader straight on the bytes of a document in which nothing needs mending; None: the long way."""
    body = document.body.removeprefix(codecs.BOM_UTF8)
    if not body.startswith(b"<") or not charset.is_plainly_utf8(document.body, document.content_type):
        return None
    head = body[:_HEAD_BYTES]
    if b"<!" in head and b"<!doctype" in head.lower():
        return None
    if _C1_BYTES.search(body) or _C1_REFERENCE.search(body):
        return None
    dialect = dialect_of(repair.first_element(head.decode("utf-8", "replace")))
    if dialect is None or guard.has_crowded_tag(body) or guard.has_too_much_markup(body):
        return None
    return _try_fast(body, dialect, document.url)


def _try_fast(data: bytes, dialect: str, url: str) -> ParsedFeed | None:
    from lxml.etree import XMLSyntaxError

    from feedmill.ingest.parse.fast import read_fast
    from feedmill.ingest.parse.fast_tree import Unusual

    if dialect not in _FAST_DIALECTS:
        return None
    try:
        return read_fast(data, dialect=dialect, url=url)
    except (Unusual, XMLSyntaxError):
        return None


def _read_text(text: str, notes: tuple[Note, ...], url: str) -> ParsedFeed | Failure:
    """The XML dialects from decoded text: as little mending as makes it readable."""
    reason = repair.entity_refusal(text)
    if reason:
        return Failure(kind=FailureKind.UNPARSABLE, detail=f"the feed was refused: {reason}")
    text, more = repair.strip_prolog(text)
    notes += more
    text, more = _wrap_entry(text)
    notes += more
    original = text
    text, more = repair.cut_to_feed(text)
    notes += more
    dialect = dialect_of(text)
    if dialect is None:
        return not_a_feed(original)
    text, more = repair.mend_characters(text)
    notes += more
    cut_off = repair.is_truncated(text)
    data = text.encode("utf-8", "replace")
    hostile = guard.has_crowded_tag(data) or guard.has_too_much_markup(data)
    tried = not (cut_off or repair.has_c1_reference(text) or hostile)
    feed = _try_fast(data, dialect, url) if tried else None
    if feed is not None:
        return replace(feed, notes=notes + feed.notes)
    if cut_off and not repair.has_complete_entry(text):
        return Failure(kind=FailureKind.UNPARSABLE, detail="the feed is cut off before the end of its first entry")
    reason = repair.reference_refusal(text)
    if reason:
        return Failure(kind=FailureKind.UNPARSABLE, detail=f"the feed was refused: {reason}")
    mended, more = _mend(text, cut_off=cut_off)
    notes += more
    reason = guard.refusal(mended)
    if reason:
        return Failure(kind=FailureKind.UNPARSABLE, detail=f"the feed was refused: {reason}")
    if not tried or mended != text:
        feed = _try_fast(mended.encode("utf-8", "replace"), dialect, url)
    outcome = feed or _read_liberal(mended, dialect, url)
    if isinstance(outcome, ParsedFeed) and not outcome.entries and any(note.step == "parse" for note in outcome.notes):
        nothing = "the feed is not well-formed XML, and no entry could be read from it"
        outcome = Failure(kind=FailureKind.UNPARSABLE, detail=nothing)
    return outcome if isinstance(outcome, Failure) else replace(outcome, notes=notes + outcome.notes)


def _wrap_entry(text: str) -> tuple[str, tuple[Note, ...]]:
    """An Atom entry that is a document of its own (RFC 4287 section 2) becomes a feed of one entry."""
    root = _ENTRY.match(text)
    if root is None or "http://www.w3.org/2005/Atom" not in root.group(2):
        return text, ()
    end = text.rfind(f"</{root.group(1)}>")
    if end < 0:
        return text, ()
    entry = text[: end + len(root.group(1)) + 3]
    said = Note(step="repair", field="document", detail="an entry without a feed: read as a feed of one entry")
    return f'<feed xmlns="http://www.w3.org/2005/Atom">{entry}</feed>', (said,)


def _mend(text: str, *, cut_off: bool) -> tuple[str, tuple[Note, ...]]:
    text, notes = repair.mend_references(text)
    text, more = repair.mend_root(text)
    if cut_off:
        text, last = repair.close_truncated(text)
        more += last
    return text, notes + more


def _read_liberal(text: str, dialect: str, url: str) -> ParsedFeed | Failure:
    from feedmill.ingest.parse.liberal import TooMuchMarkup, read_liberal

    try:
        feed, well_formed = read_liberal(text, dialect=dialect, url=url)
    except TooMuchMarkup as error:
        return Failure(kind=FailureKind.UNPARSABLE, detail=f"the feed was refused: {error}")
    except Exception as error:  # noqa: BLE001 - a foreign parser on hostile bytes: the kinds of its errors have no list
        return Failure(kind=FailureKind.UNPARSABLE, detail=f"the feed could not be read: {type(error).__name__}")
    if well_formed:
        return feed
    said = Note(step="parse", field="document", detail="not well-formed XML: read by the liberal parser")
    return replace(feed, notes=(*feed.notes, said))


def dialect_of(text: str) -> str | None:
    """The format by the root element of a document without prolog, None when it is no feed's."""
    root = _ROOT.match(text)
    if root is None or root.group(1).lower() not in _FEED_ROOTS:
        return None
    name, attributes = root.group(1).lower(), root.group(2)
    version = _VERSION.search(attributes)
    number = version.group(1) if version else ""
    if name == "rss":
        return "rss09x" if number.startswith("0.9") else "rss20"
    if name == "rdf":
        return "rss09x" if "my.netscape.com/rdf/simple/0.9" in attributes else "rss10"
    if name == "channel":
        return "cdf"
    if "purl.org/atom/ns" in attributes or (number.startswith("0.") and "2005/Atom" not in attributes):
        return "atom03"
    return "atom10"


def not_a_feed(text: str) -> Failure:
    """The sentence that says what came in place of a feed."""
    head = text[:20000]
    if _PAGE.search(head):
        title = _TITLE.search(head)
        named = f" titled {' '.join(title.group(1).split())[:120]!r}" if title and title.group(1).strip() else ""
        return _not_a_feed(f"an HTML page{named} came in place of a feed")
    root = _ROOT.match(text)
    if root is not None:
        return _not_a_feed(f"a document with the root element <{root.group(1)}> came in place of a feed")
    return _not_a_feed("something that is no feed came: it has no element that a feed begins with")


def _looks_like_json(body: bytes) -> bool:
    return body[:64].lstrip(b" \t\r\n\x00\xef\xbb\xbf\xff\xfe").startswith((b"{", b"["))


def _not_a_feed(detail: str) -> Failure:
    return Failure(kind=FailureKind.NOT_A_FEED, detail=detail)
