"""feedparser's walk through a document, with our idea of where things belong.

In:  start tags, end tags and text, from feedparser's strict or loose parser.
Out: feedparser's own state, plus the base and language in effect at each element (`bases`, `languages`).
Never: a URL joined (`resolve_uri` is the identity: feedparser's bases leak, parsing.md trap 23), a date parsed, HTML
       sanitized.

Mixed in before feedparser's classes; `liberal_elements` says what single elements mean.
"""

from __future__ import annotations

import contextlib
from typing import Any

import feedparser.mixin  # type: ignore[import-untyped]

from feedmill.ingest.parse import mapping, vocabulary

_VERSIONS = {"rss20": "rss20", "rss09x": "rss092", "rss10": "rss10", "atom10": "atom10", "atom03": "atom03"}
_MAX_READ = 2 * mapping.MAX_ENTRIES  # entries after which reading stops: feedparser is slow enough to be worth a bound

# Elements whose children mean something. A child of any other element inside a feed or an entry is not looked at.
_CONTAINERS = vocabulary.names(
    "rss rdf:rdf channel feed item entry items source author contributor managingeditor image textinput skiphours "
    "skipdays media:group media:content itunes:author itunes:category itunes:owner"
)
_VOID_ENDS = frozenset(f"</{name}>" for name in vocabulary.VOID)
# Elements of a document that carry the names of feedparser's own book-keeping are read under another name.
_READABLE = dict.fromkeys(
    vocabulary.names("title_detail summary_detail subtitle_detail rights_detail authors"), "unread"
)
# What feedparser's handlers raise when tags do not match: it costs the element, not the feed.
_TRIPS = (TypeError, KeyError, IndexError, ValueError)
_TOP = vocabulary.names("channel item entry items feed")


# What one document may cost, in references; a tag costs four of them. Measured: 10 MB of tags keep the liberal parser
# busy for a minute, references take a gigabyte. 200 000 tags are 5 000 entries with twenty elements each.
MAX_WORK = 800_000
_TAG_WORK = 4
_JOINED_EVERY = 65_536  # pieces of one text: 10 MB of references would else lie there as five million strings


class Enough(Exception):
    """Reading stops here."""


class Walk:
    """Where we stand in a document, over feedparser's machinery."""

    namespaces = {  # noqa: RUF012 - overrides a class attribute of feedparser
        **feedparser.mixin._FeedParserMixin.namespaces,  # noqa: SLF001
        **{
            f"http://{uri}": prefix
            for uri, prefix in vocabulary.NAMESPACES.items()
            if uri and prefix not in ("", "xml")
        },
        "https://podcastindex.org/namespace/1.0": "podcast",
        "": "",
    }
    _matchnamespaces: dict[str, str] = {}  # noqa: RUF012 - filled by feedparser from `namespaces`

    document_url = ""
    strict = True

    def begin(self, *, dialect: str, document_url: str, strict: bool) -> None:
        self.version = _VERSIONS.get(dialect, "rss20")
        self.atom = dialect.startswith("atom")
        self.document_url = document_url
        self.strict = strict
        self.path: list[str] = []
        self.bases: list[str | None] = [None]
        self.languages: list[str | None] = [None]
        self.skipping = 0
        self.text_depth = 0  # of the element that holds the text being read
        self.permalink = True
        self.open_link: dict[str, Any] | None = None
        self.open_category: dict[str, Any] = {}
        self.rank = vocabulary.DESCRIPTION
        self.order = 0
        self.keywords = ""
        self.guidislink = 0  # feedparser asks for it when an id closes
        self.outer_entries: list[Any] = []
        self.work = 0
        self.exhausted = False  # it was more than anybody's feed, and the rest was not read
        self.resolve_relative_uris = False
        self.sanitize_html = False

    # --- the walk ---------------------------------------------------------------------------------------------------

    def spend(self, work: int) -> None:
        """Count what was read: it bounds time and memory without a clock, the same on every machine."""
        before = self.work
        self.work += work
        if self.work > MAX_WORK:
            self.exhausted = True
            raise Enough
        if before // _JOINED_EVERY != self.work // _JOINED_EVERY and self.elementstack:  # type: ignore[attr-defined]
            pieces = self.elementstack[-1][2]  # type: ignore[attr-defined]
            pieces[:] = ["".join(each.decode() if isinstance(each, bytes) else each for each in pieces)]

    def handle_charref(self, ref: str) -> None:
        self.spend(1)
        super().handle_charref(ref)  # type: ignore[misc]

    def handle_entityref(self, ref: str) -> None:
        self.spend(1)
        super().handle_entityref(ref)  # type: ignore[misc]

    def unknown_starttag(self, tag: str, attrs: Any) -> None:
        self.spend(_TAG_WORK)
        if self.skipping:
            self.skipping += 1
            return
        if self.strict and self._is_foreign(tag):
            self.skipping = 1
            return
        tag = _READABLE.get(tag, tag)
        given = {key.lower(): value for key, value in attrs}
        self.path.append(tag)
        self.bases.append(mapping.join_base(self.bases[-1], given.get("xml:base"), self.document_url))
        language = given.get("xml:lang")
        self.languages.append(self.languages[-1] if language is None else language.strip().replace("_", "-") or None)
        with contextlib.suppress(*_TRIPS):
            super().unknown_starttag(tag, attrs)  # type: ignore[misc]

    def unknown_endtag(self, tag: str) -> None:
        self.spend(_TAG_WORK)
        if self.skipping:
            self.skipping -= 1
            return
        if self._is_inline(tag):
            self._end_inline(tag)
            return
        with contextlib.suppress(*_TRIPS):
            super().unknown_endtag(_READABLE.get(tag, tag))  # type: ignore[misc]
        if len(self.path) > 0:
            self.path.pop()
            self.bases.pop()
            self.languages.pop()

    def _is_inline(self, tag: str) -> bool:
        """Whether an end tag belongs to markup inside a text, whatever its name (HTML has a `summary` too)."""
        me: Any = self
        if not me.incontent or not 0 < self.text_depth <= len(self.path):
            return False
        if self.strict:
            return len(self.path) > self.text_depth
        return tag != self.path[self.text_depth - 1] and tag not in _CONTAINERS

    def _end_inline(self, tag: str) -> None:
        me: Any = self
        local = tag.rpartition(":")[2]
        if local == "svg" and me.svgOK:
            me.svgOK -= 1
        if me.contentparams.get("type") == "application/xhtml+xml":
            self.handle_data(f"</{local}>", 0)
        if len(self.path) > self.text_depth:
            for stack in (self.path, self.bases, self.languages, me.basestack, me.langstack):
                if len(stack) > 1:
                    stack.pop()
            me.depth -= 1

    def _is_foreign(self, tag: str) -> bool:
        me: Any = self
        if me.incontent or not self.path:
            return False
        if not (me.infeed or me.inentry or me.insource):
            return tag not in _TOP
        if me.inentry and tag in ("image", "textinput"):
            return True
        if self.path[-1] == "itunes:owner":
            return tag not in ("itunes:name", "itunes:email")
        return self.path[-1] not in _CONTAINERS

    def handle_data(self, text: str, escape: int = 1) -> None:
        self.spend(1)
        if self.skipping or (not escape and text in _VOID_ENDS):
            return
        if not escape and text.startswith("<") and f"</{text[1:-1].partition(' ')[0]}>" in _VOID_ENDS:
            text = text[:-1] + " />"
        super().handle_data(text, escape)  # type: ignore[misc]

    def _normalize_attributes(self, kv: tuple[str, str]) -> tuple[str, str]:
        me: Any = self
        if self.strict and me.incontent:
            return kv[0].lower(), kv[1]  # inside XHTML a `type` is the author's: <ol type="A">
        return super()._normalize_attributes(kv)  # type: ignore[misc,no-any-return]

    def resolve_uri(self, uri: str) -> str:
        return uri

    def push_content(self, tag: str, attrs_d: Any, default_content_type: str, expecting_text: int) -> None:
        super().push_content(tag, attrs_d, default_content_type, expecting_text)  # type: ignore[misc]
        me: Any = self
        self.text_depth = len(self.path)
        me.contentparams["base"] = self.bases[-1]
        me.contentparams["language"] = self.languages[-1]

    def _context(self) -> dict[str, Any]:
        context: dict[str, Any] = self._get_context()  # type: ignore[attr-defined]
        return context

    def _rows(self, key: str) -> list[Any]:
        """The list kept under `key` where we stand; plain dict access, because feedparser's looks for synonyms."""
        context = self._context()
        if not dict.__contains__(context, key):
            dict.__setitem__(context, key, [])
        rows: list[Any] = dict.__getitem__(context, key)
        return rows

    # --- entries ----------------------------------------------------------------------------------------------------

    def _start_item(self, attrs_d: Any) -> None:
        me: Any = self
        if len(me.entries) >= _MAX_READ:
            raise Enough
        if self.strict and me.inentry and me.entries:
            self.outer_entries.append(me.entries[-1])
        super()._start_item(attrs_d)  # type: ignore[misc]
        entry = me.entries[-1]
        entry["=language"] = self.languages[-1]
        entry["=order"] = self.order = self.order + 1

    def _end_item(self) -> None:
        me: Any = self
        super()._end_item()  # type: ignore[misc]
        if self.outer_entries:  # an entry inside an entry: what follows belongs to the outer one again (trap 11)
            outer = self.outer_entries.pop()
            me.entries[:] = [entry for entry in me.entries if entry is not outer]
            me.entries.append(outer)
            me.inentry = 1

    _start_entry, _end_entry = _start_item, _end_item

    def _start_source(self, attrs_d: Any) -> None:
        me: Any = self
        if attrs_d.get("url"):
            me.sourcedata["=url"] = attrs_d["url"]
        me.push("source", 1)
        me.insource = 1

    def _end_source(self) -> None:
        me: Any = self
        me.insource = 0
        value = me.pop("source")
        said = dict(me.sourcedata)
        me.sourcedata.clear()
        if value:
            title = {"value": value, "type": "text/plain", "base": self.bases[-1], "language": self.languages[-1]}
            said["=titles"] = [(0, title)]
        self._context()["=source"] = said
