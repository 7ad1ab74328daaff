"""What single elements mean, where feedparser would have it otherwise (docs/deviations.md lists the cases).

In:  feedparser's calls `_start_NAME` / `_end_NAME`.
Out: feedparser's dictionaries, filled; what is ours stands under keys that begin with "=", which no element can have.
Never: a value judged: the adapter does that, by the rules both readers share.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from feedmill.ingest.parse import mapping, vocabulary
from feedmill.ingest.parse.liberal_walk import Walk

# feedparser's handlers that bring nothing we keep, and that raise or take time on odd input.
_IGNORED = vocabulary.names(
    "media_title media_description media_credit media_rating media_restriction media_license media_player media_text "
    "psc_chapters psc_chapter georss_point georss_line georss_polygon georss_box georss_where georss_elev gml_point "
    "gml_pos gml_linestring gml_polygon gml_poslist gml_exterior gml_linearring gml_envelope cc_license "
    "creativecommons_license creativecommons_permits dcterms_valid itunes_owner itunes_block info tags "
    "feedburner_browserfriendly newlocation cloud body xhtml_body fullitem expirationdate dc_contributor dc_publisher "
    "webmaster itunes_link width height"
)
# Elements whose text is kept under their own name; feedparser loses the text of those that carry an attribute.
_KEPT = vocabulary.names("comments ttl icon logo sy_updateperiod sy_updatefrequency")


class Elements(Walk):
    """The elements that need more than the text they hold."""

    # --- ids and links ----------------------------------------------------------------------------------------------

    def _start_guid(self, attrs_d: Any) -> None:
        self.permalink = attrs_d.get("ispermalink", "true") == "true"
        self.push("id", 1)  # type: ignore[attr-defined]

    def _end_guid(self) -> None:
        self.pop("id")  # type: ignore[attr-defined]
        self._context()["=permalink"] = self.permalink

    def _start_id(self, _attrs_d: Any) -> None:
        self.push("id", 1)  # type: ignore[attr-defined]

    def _end_id(self) -> None:
        self.pop("id")  # type: ignore[attr-defined]
        self._context()["=permalink"] = None

    def _start_link(self, attrs_d: Any) -> None:
        link = {**attrs_d, "base": self.bases[-1]}
        self._rows("=links").append(link)
        self.open_link = None
        if link.get("href") is None:
            self.open_link = link
            self.push("link_text", 1)  # type: ignore[attr-defined]

    def _end_link(self) -> None:
        if self.open_link is None:
            return
        value = self.pop("link_text")  # type: ignore[attr-defined]
        self.open_link["href"] = mapping.link_text(value or "")
        self.open_link = None

    def _start_enclosure(self, attrs_d: Any) -> None:
        href = attrs_d.get("url") or attrs_d.get("href")
        self._rows("=links").append({**attrs_d, "href": href, "rel": "enclosure", "base": self.bases[-1]})

    # --- texts ------------------------------------------------------------------------------------------------------

    def _open_text(self, rank: int, attrs_d: Any) -> None:
        self.rank = rank
        self.push_content("description", attrs_d, "text/plain" if self.atom else "text/html", 1)

    def _close_text(self) -> None:
        me: Any = self
        rank = self.rank
        value = me.pop_content("description")
        key = "summary_detail" if me.inentry and not me.insource else "subtitle_detail"
        detail = dict.pop(self._context(), key, None)
        if value is not None and detail is not None:
            self._rows("=descriptions").append((rank, dict(detail)))

    def _start_title(self, attrs_d: Any) -> None:
        self._open_title(0, attrs_d)

    def _start_dc_title(self, attrs_d: Any) -> None:
        self._open_title(1, attrs_d)

    def _open_title(self, rank: int, attrs_d: Any) -> None:
        me: Any = self
        self.rank = rank
        me.title_depth = -1  # feedparser's own precedence is off: `best_title` decides
        me.push_content("title", attrs_d, "text/plain", 1)

    def _end_title(self) -> None:
        me: Any = self
        value = me.pop_content("title")
        detail = dict.pop(self._context(), "title_detail", None)
        if value is not None and detail is not None:
            self._rows("=titles").append((self.rank, dict(detail)))

    _end_dc_title = _end_title

    def _start_description(self, attrs_d: Any) -> None:
        self._open_text(vocabulary.DESCRIPTION, attrs_d)

    _start_summary = _start_subtitle = _start_tagline = _start_abstract = _start_description

    def _start_dc_description(self, attrs_d: Any) -> None:
        self._open_text(vocabulary.DC_DESCRIPTION, attrs_d)

    def _start_itunes_summary(self, attrs_d: Any) -> None:
        self._open_text(vocabulary.ITUNES_SUMMARY, attrs_d)

    def _start_itunes_subtitle(self, attrs_d: Any) -> None:
        self._open_text(vocabulary.ITUNES_SUBTITLE, attrs_d)

    _end_description = _end_summary = _end_subtitle = _end_tagline = _end_abstract = _close_text
    _end_dc_description = _end_itunes_summary = _end_itunes_subtitle = _close_text

    def _start_content(self, attrs_d: Any) -> None:
        self.push_content("content", attrs_d, "text/plain", 1)
        if attrs_d.get("src"):
            self._rows("=sources_of_content").append(attrs_d["src"])

    def _start_content_encoded(self, attrs_d: Any) -> None:
        self.push_content("content", attrs_d, "text/html", 1)
        me: Any = self
        me.contentparams["encoded"] = True

    def _end_content(self) -> None:
        self.pop_content("content")  # type: ignore[attr-defined]

    _end_content_encoded = _end_content

    # --- dates: strings ---------------------------------------------------------------------------------------------

    def _end_published(self) -> None:
        self.pop("published")  # type: ignore[attr-defined]

    def _end_updated(self) -> None:
        self.pop("updated")  # type: ignore[attr-defined]

    def _end_created(self) -> None:
        self.pop("created")  # type: ignore[attr-defined]

    _end_issued = _end_pubdate = _end_published
    _end_modified = _end_lastbuilddate = _end_updated

    # --- people -----------------------------------------------------------------------------------------------------

    def _end_author(self) -> None:
        me: Any = self
        value = me.pop("author")
        me.inauthor = 0
        people = self._rows("authors")
        if value and people and not people[-1]:
            people[-1]["said"] = value

    _end_managingeditor = _end_author

    def _sync_author_detail(self, key: str = "author") -> None:
        """feedparser splits names here with an expression that takes quadratic time; `split_person` does it later."""

    def _save_author(self, key: str, value: str, prefix: str = "author") -> None:
        people = self._rows("authors")
        if prefix == "author" and people:
            people[-1].setdefault(key, value)

    # --- categories, media, hints -----------------------------------------------------------------------------------

    def _start_category(self, attrs_d: Any) -> None:
        scheme = attrs_d.get("scheme", attrs_d.get("domain"))
        self.open_category = {"term": attrs_d.get("term"), "scheme": scheme, "label": attrs_d.get("label")}
        self._rows("=tags").append(self.open_category)
        self.push("category", 1)  # type: ignore[attr-defined]

    _start_keywords = _start_category

    def _start_itunes_category(self, attrs_d: Any) -> None:
        self._rows("=podcast").append(("itunes:category", attrs_d.get("text") or ""))
        self._start_category({"term": attrs_d.get("text"), "scheme": "http://www.itunes.com/"})

    def _end_category(self) -> None:
        value = self.pop("category")  # type: ignore[attr-defined]
        if not value:
            return
        if not self.open_category.get("term"):
            self.open_category["term"] = value
        elif value != self.open_category["term"]:
            self._rows("=tags").append({"term": value})

    _end_keywords = _end_category

    def _start_media_content(self, attrs_d: Any) -> None:
        self._rows("=media_content").append({**attrs_d, "base": self.bases[-1]})

    def _start_itunes_keywords(self, attrs_d: Any) -> None:
        self.keywords = attrs_d.get("text") or ""
        self.push("keywords", 0)  # type: ignore[attr-defined]

    _start_media_keywords = _start_itunes_keywords

    def _end_itunes_keywords(self) -> None:
        self._file_keywords("http://www.itunes.com/")

    def _end_media_keywords(self) -> None:
        self._file_keywords(None)

    def _file_keywords(self, scheme: str | None) -> None:
        words = self.pop("keywords") or self.keywords  # type: ignore[attr-defined]
        self._rows("=tags").extend({"term": term.strip(), "scheme": scheme} for term in words.split(","))

    def _start_hour(self, _attrs_d: Any) -> None:
        self.push("hour", 0)  # type: ignore[attr-defined]

    def _end_hour(self) -> None:
        self._rows("=skip").append(("skipHours", self.pop("hour")))  # type: ignore[attr-defined]

    def _start_day(self, _attrs_d: Any) -> None:
        self.push("day", 0)  # type: ignore[attr-defined]

    def _end_day(self) -> None:
        self._rows("=skip").append(("skipDays", self.pop("day")))  # type: ignore[attr-defined]

    def _start_generator(self, _attrs_d: Any) -> None:
        self.push("generator", 1)  # type: ignore[attr-defined]

    def _end_generator(self) -> None:
        self.pop("generator")  # type: ignore[attr-defined]


def _extra(name: str, attribute: str | None) -> dict[str, Callable[..., None]]:
    """The two handlers that keep one pass-through element."""
    key, _ = vocabulary.EXTRAS[name]
    element = name.replace(":", "_")

    def start(self: Any, attrs_d: Any) -> None:
        self.push(element, 0)
        if attribute:
            self._rows("=extras").append((key, (attrs_d.get(attribute) or "").strip()))

    def end(self: Any) -> None:
        value = self.pop(element)
        if not attribute:
            self._rows("=extras").append((key, value or ""))

    return {f"_start_{element}": start, f"_end_{element}": end}


def _of_podcast(name: str) -> dict[str, Callable[..., None]]:
    """The handlers of an element that only a podcast's channel has."""
    element = name.replace(":", "_")

    def start(self: Any, _attrs_d: Any) -> None:
        self.push(element, 0)

    def end(self: Any) -> None:
        self._rows("=podcast").append((name, self.pop(element) or ""))

    return {f"_start_{element}": start, f"_end_{element}": end}


def _text_handlers(element: str, *, keep: int) -> dict[str, Callable[..., None]]:
    def start(self: Any, _attrs_d: Any) -> None:
        self.push(element, keep)

    def end(self: Any) -> None:
        self.pop(element)

    return {f"_start_{element}": start, f"_end_{element}": end}


def plain_handlers() -> dict[str, Callable[..., None]]:
    """Handlers for the elements that are ignored, kept as text, or passed through."""
    handlers: dict[str, Callable[..., None]] = {}
    for element in _IGNORED:
        handlers.update(_text_handlers(element, keep=0))
    for element in _KEPT:
        handlers.update(_text_handlers(element, keep=1))
    for name, (_, attribute) in vocabulary.EXTRAS.items():
        handlers.update(_extra(name, attribute))
    for name in ("itunes:type", "itunes:name", "itunes:email"):
        handlers.update(_of_podcast(name))
    return handlers
