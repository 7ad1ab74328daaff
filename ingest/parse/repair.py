"""Small damage mended before a parser sees the text.

In:  the decoded text of something that wants to be an XML feed.
Out: the text, mended, with a note for each kind of repair.
Never: an element invented, moved or renamed (closing tags are added where the document was cut off); CDATA touched.

Measured over the real documents of reference parsing.md section 0: five cheap repairs make 47 of 60 malformed
documents well-formed, which spares them the liberal parser and what that does to ids and links.
"""

from __future__ import annotations

import re
from html.entities import html5
from io import StringIO

from feedmill.feeds.entry import Note
from feedmill.ingest.parse import entities

_CP1252 = {code: bytes([code]).decode("cp1252", "ignore") or "" for code in range(0x80, 0xA0)}
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_C1 = re.compile("[\x80-\x9f]")
# Five of them mean nothing there. After another byte of UTF-8 that was misread they are its last one, which the repair
# of the whole document needs ("\u00e2\u20ac" and U+009D are a closing quote); text that needs none loses them later.
_C1_LEFT = {code: text or chr(code) for code, text in _CP1252.items()}
_STRAY = re.compile(f"(?<![\x80-\xbf\u00c2-\u00f4{''.join(_CP1252.values())}])[\x81\x8d\x8f\x90\x9d]")
_C1_REFERENCE = re.compile(r"&#(?:12[89]|1[345][0-9]|[xX]0{0,4}[89][0-9a-fA-F]);")
_OPAQUE_OR_REFERENCE = re.compile(
    r"(?P<opaque><!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z))"
    r"|&(?:\#(?P<decimal>[0-9]{1,10});|\#[xX](?P<hexadecimal>[0-9A-Fa-f]{1,8});|(?P<name>[A-Za-z][A-Za-z0-9]{1,31});|)",
    re.DOTALL,
)
_KEPT_NAMES = frozenset(("amp", "lt", "gt", "quot", "apos"))
_DOCTYPE = re.compile(r"<!DOCTYPE[^\[>]*(?:\[.*?\]\s{0,100})?>", re.IGNORECASE | re.DOTALL)
_DECLARATION = re.compile(r"\s{0,1000}<\?xml(?=[\s?])[^<>]{0,500}\?>+", re.IGNORECASE)
_ROOT = re.compile(r"<(?:(?P<prefix>[A-Za-z_][\w.-]{0,40}):)?(?P<name>rss|rdf|feed|channel)(?=[\s>/])", re.IGNORECASE)
_PREFIX_IN_USE = re.compile(r"</?([A-Za-z_][\w.-]{0,40}):[A-Za-z_]")
_PREFIX_DECLARED = re.compile(r"\sxmlns:([A-Za-z_][\w.-]{0,40})")
_OPAQUE = re.compile(r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)", re.DOTALL)
_MISCELLANY = re.compile(r"<!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z)", re.DOTALL)  # what XML allows around the root element
_UNQUOTED = re.compile(r"(\s[A-Za-z_][\w.:-]{0,60}\s{0,5}=\s{0,5})([^\s\"'<>]+)")
_NAMESPACE_VALUE = re.compile(r"(\sxmlns[\w.:-]{0,60}\s{0,5}=\s{0,5})([\"'])([^\"'<>]{0,500})\2")
_ENTRY_END = re.compile(r"</(?:[A-Za-z_][\w.-]{0,40}:)?(?:item|entry)\s{0,20}>", re.IGNORECASE)
_TAG = re.compile(r"<(/?)([A-Za-z_][\w.:-]{0,60})((?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*?)(/?)>")

MAX_MENDED = 250_000  # bare ampersands and names of HTML entities of one document
_MAX_OPEN = 50  # elements open at the end of an entry; more means that the tags do not match anyway

# What an undeclared prefix must have meant (trap 12); the rest get a URI of no meaning.
_KNOWN_PREFIXES = {
    "rss": "http://purl.org/rss/1.0/",
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "feedburner": "http://rssnamespace.org/feedburner/ext/1.0",
    "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "media": "http://search.yahoo.com/mrss/",
    "podcast": "https://podcastindex.org/namespace/1.0",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "slash": "http://purl.org/rss/1.0/modules/slash/",
    "sy": "http://purl.org/rss/1.0/modules/syndication/",
    "thr": "http://purl.org/syndication/thread/1.0",
    "wfw": "http://wellformedweb.org/CommentAPI/",
    "xhtml": "http://www.w3.org/1999/xhtml",
}


def strip_prolog(text: str) -> tuple[str, tuple[Note, ...]]:
    """The text from its first element on: XML declarations and the document type are gone, comments too.

    We have decoded already, so what the declaration says no longer holds. The document type goes whole: no external
    file is named; entities that it spells out stand in their places (`entity_refusal` has judged them), names of HTML
    entities are mended by `mend_references` (network.md T20-T24).
    """
    notes: list[Note] = []
    start = _first_element(text)
    head, rest = text[:start], text[start:]
    doctype = _doctype(text, head)
    if doctype is not None and "<!ENTITY" in doctype.group():
        rest, count = entities.put_in(entities.declared(doctype.group()), rest)
        said = f"{count} references to entities declared in the document type were read" if count else ""
        notes.append(_note(said or "the entities declared in the document type were left out"))
    lead = _MISCELLANY.sub("", head.replace(doctype.group(), "") if doctype else head)
    if text[:1] in (" ", "\t", "\r", "\n", "\x00") or lead.strip():
        notes.append(_note("what stood before the first element was left out"))
    if len(re.findall(r"<\?xml[\s?]", head)) > 1:
        notes.append(_note("a second XML declaration was left out"))
    return rest, tuple(notes)


def entity_refusal(text: str) -> str | None:
    """Why a document is not read for the entities that its document type declares; None: they are harmless."""
    start = _first_element(text)
    doctype = _doctype(text, text[:start])
    if doctype is None or "<!ENTITY" not in doctype.group():
        return None
    return entities.refusal(entities.declared(doctype.group()), text[start:])


def _doctype(text: str, head: str) -> re.Match[str] | None:
    """The first document type, looked for once: a search would start again at each of a thousand unclosed ones."""
    found = re.search("<!doctype", head, re.IGNORECASE)
    return _DOCTYPE.match(text, found.start()) if found else None


def first_element(text: str) -> str:
    """The text from its first element on."""
    return text[_first_element(text) :]


def _first_element(text: str) -> int:
    """Where the first element starts: after declarations, comments and the document type."""
    position, closed = 0, True
    while True:
        position = text.find("<", position)
        if position < 0:
            return len(text)
        following = text[position + 1 : position + 4]
        if following.startswith("!--"):
            end = text.find("-->", position)
        elif following.startswith("?"):
            end = text.find(">", position)
        elif following.startswith("!"):
            found = None
            if closed and text[position : position + 9].lower() == "<!doctype":
                found = _DOCTYPE.match(text, position)
                closed = found is not None  # a subset without an end is looked for once, or time is quadratic
            end = found.end() - 1 if found else text.find(">", position)
        elif following[:1].isalpha() or following[:1] == "_":
            return position
        else:
            end = position
        if end < 0:
            return len(text)
        position = end + 1


def mend_characters(text: str) -> tuple[str, tuple[Note, ...]]:
    """Characters that XML forbids are dropped (trap 3); C1 controls become what windows-1252 meant (trap 43)."""
    notes = []
    if _ILLEGAL.search(text):
        text, count = _ILLEGAL.subn("", text)
        notes.append(_note(f"{count} control characters were dropped"))
    if _C1.search(text):
        text = _STRAY.sub("", text).translate(_C1_LEFT)
        notes.append(_note("C1 characters were read as windows-1252"))
    return text, tuple(notes)


def has_c1_reference(text: str) -> bool:
    """Whether a numeric reference names a C1 control; XML allows them, so that only `mend_references` sees them."""
    return _C1_REFERENCE.search(text) is not None


def reference_refusal(text: str) -> str | None:
    """Why so many references are not mended: each costs a hundred bytes meanwhile, and no feed has so many."""
    honest = sum(text.count(known) for known in ("&amp;", "&lt;", "&gt;", "&quot;", "&apos;", "&#"))
    if text.count("&") - honest <= MAX_MENDED:
        return None
    bad = 0
    for found in _OPAQUE_OR_REFERENCE.finditer(text):
        bad += found.lastgroup is None or (found.lastgroup == "name" and found["name"] not in _KEPT_NAMES)
    return f"it has {bad:,} ampersands that are no references of XML" if bad > MAX_MENDED else None


def mend_references(text: str) -> tuple[str, tuple[Note, ...]]:
    """References outside CDATA: HTML names become characters, bare ampersands are escaped, illegal numbers dropped."""
    if "&" not in text:
        return text, ()
    counts = {"names": 0, "bare": 0, "illegal": 0, "c1": 0}

    out = StringIO()
    done = 0
    for found in _OPAQUE_OR_REFERENCE.finditer(text):
        mended = _mended_reference(found, counts)
        if mended is not None:
            out.write(text[done : found.start()])
            out.write(mended)
            done = found.end()
    if done:
        out.write(text[done:])
        text = out.getvalue()
    words = {
        "names": "{} HTML entity names were read as their characters",
        "bare": "{} bare ampersands were escaped",
        "illegal": "{} references to illegal characters were dropped",
        "c1": "{} references to C1 characters were read as windows-1252",
    }
    return text, tuple(_note(words[key].format(count)) for key, count in counts.items() if count)


def _mended_reference(found: re.Match[str], counts: dict[str, int]) -> str | None:
    """What stands in the place of a reference, None when it stays; counted by kind."""
    if found.group("opaque"):
        return None
    name = found.group("name")
    if name is not None:
        return _named(name, counts)
    digits, hexadecimal = found.group("decimal"), found.group("hexadecimal")
    if digits is None and hexadecimal is None:
        counts["bare"] += 1
        return "&amp;"
    code = int(digits) if digits is not None else int(hexadecimal, 16)
    if 0x80 <= code <= 0x9F:
        counts["c1"] += 1
        return _CP1252[code]
    if code > 0x10FFFF or _ILLEGAL.match(chr(code)):
        counts["illegal"] += 1
        return ""
    return None


def _named(name: str, counts: dict[str, int]) -> str | None:
    if name in _KEPT_NAMES:
        return None
    value = html5.get(name + ";")
    if value is None:
        counts["bare"] += 1
        return f"&amp;{name};"
    counts["names"] += 1
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def cut_to_feed(text: str) -> tuple[str, tuple[Note, ...]]:
    """The feed inside whatever was wrapped around it: junk after the root, a page around a feed (traps 8, 47)."""
    root = _ROOT.match(text)
    notes = []
    if root is None:
        root = next((found for found in _ROOT.finditer(text) if _is_root(text, found)), None)
        if root is None:
            return text, ()
        text = text[root.start() :]
        notes.append(_note("what stood around the feed was left out"))
    name = root.group()[1:]
    end = re.compile(rf"</{re.escape(name)}\s{{0,20}}>", re.IGNORECASE)
    last = None
    for last in end.finditer(text):  # noqa: B007 - only the last one is wanted
        pass
    if last is not None:
        if _MISCELLANY.sub("", text[last.end() :]).strip() and not notes:
            notes.append(_note("what stood after the end of the feed was left out"))
        text = text[: last.end()]
    return text, tuple(notes)


def _is_root(text: str, found: re.Match[str]) -> bool:
    tag = text[found.start() : found.start() + 2000].partition(">")[0]
    return "xmlns" in tag or "version" in tag


def mend_root(text: str) -> tuple[str, tuple[Note, ...]]:
    """Prefixes in use that nobody declared are declared on the root element, its attributes quoted (trap 12)."""
    notes = []
    head = text[: text.find(">")]
    quoted = _UNQUOTED.sub(r'\1"\2"', head)
    if quoted != head:
        text = quoted + text[len(head) :]
        notes.append(_note("attribute values of the root element were put in quotes"))
    trimmed = _NAMESPACE_VALUE.sub(lambda found: found.group(1) + '"' + "".join(found.group(3).split()) + '"', quoted)
    if len(trimmed) != len(quoted):
        text = trimmed + text[len(quoted) :]
        notes.append(_note("white space inside namespace names was left out"))
    bare = _OPAQUE.sub("", text)
    used = dict.fromkeys(_PREFIX_IN_USE.findall(bare))
    declared = {"xml", "xmlns", *_PREFIX_DECLARED.findall(bare)}
    missing = [name for name in used if name not in declared]
    root = re.match(r"<[A-Za-z_][\w.:-]*", text)
    if not missing or root is None or len(missing) > 50:
        return text, tuple(notes)
    said = "".join(f' xmlns:{name}="{_KNOWN_PREFIXES.get(name.lower(), "urn:undeclared:" + name)}"' for name in missing)
    notes.append(_note(f"prefixes that were not declared: {', '.join(missing)}"))
    return text[: root.end()] + said + text[root.end() :], tuple(notes)


def has_complete_entry(text: str) -> bool:
    """Whether an entry ends anywhere outside CDATA and comments."""
    return _ENTRY_END.search(_OPAQUE.sub("", text)) is not None


def close_truncated(text: str) -> tuple[str, tuple[Note, ...]]:
    """A document that was cut off keeps its complete entries: it is ended after the last of them (trap 8)."""
    solid = _OPAQUE.sub(lambda found: " " * len(found.group()), text)
    last = None
    for last in _ENTRY_END.finditer(solid):  # noqa: B007 - only the last one is wanted
        pass
    end = last.end() if last else 0
    if not last:
        return text, ()
    open_tags: list[str] = []
    for found in _TAG.finditer(solid, 0, end):
        closing, name, _, empty = found.groups()
        if closing:
            if name in open_tags:
                while open_tags and open_tags.pop() != name:
                    pass
        elif not empty:
            open_tags.append(name)
        if len(open_tags) > _MAX_OPEN:
            return text, ()
    if not open_tags:
        return text, ()
    closing_tags = "".join(f"</{name}>" for name in reversed(open_tags))
    return text[:end] + closing_tags, (_note("the document is cut off: its complete entries were kept"),)


def is_truncated(text: str) -> bool:
    """No end tag of the root element anywhere."""
    root = re.match(r"<([A-Za-z_][\w.:-]*)", text)
    return root is not None and not re.search(rf"</{re.escape(root.group(1))}\s{{0,20}}>\s*\Z", text[-2000:])


def _note(detail: str) -> Note:
    return Note(step="repair", field="document", detail=detail)
