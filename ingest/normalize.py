"""From what a document says to what we publish: one entry at a time, rule by rule (reference cleaning.md section 3).

    identify          guid, raw JSON and its hash: cheap, for every entry of every document
    prepare           what the document as a whole teaches: base, hosts, language, title suffix, edge evidence
    normalize         link -> dates -> content -> clean -> title -> summary -> people -> media -> language

In:  `ParsedFeed`, and when we first saw an entry.
Out: `Entry`, valid whatever came in; each derived or repaired field has a note.
Never: raises for odd input, reads a clock, or cleans HTML itself (`ingest.clean` does).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from feedmill.feeds.entry import Author, Entry, Note, Origin
from feedmill.feeds.identity import published_id
from feedmill.ingest import titles
from feedmill.ingest.channel import normalize_channel, read_origin, read_rights
from feedmill.ingest.content import Chosen, as_plain, choose_content, second_choice, to_markup
from feedmill.ingest.dates import Dates, read_date, settle_dates
from feedmill.ingest.guids import Identified, identify
from feedmill.ingest.language import detect, normalize_tag
from feedmill.ingest.links import Places, feed_places, read_link
from feedmill.ingest.media import lead_image, read_categories, read_enclosures
from feedmill.ingest.misread import reread_entry, reread_feed, shows_mojibake
from feedmill.ingest.parsed import ParsedEntry, ParsedFeed, Text
from feedmill.ingest.people import clean_name, read_authors
from feedmill.ingest.summary import leads_content, repeats_content, summarize
from feedmill.ingest.text import strip_xml_illegal, tidy_text
from feedmill.ingest.urls import absolute, host_of

if TYPE_CHECKING:
    from feedmill.ingest.clean import Block, CleanContext, Cleaned, LazyEvidence, Recipe

__all__ = ["FeedContext", "Identified", "fingerprint", "identify", "normalize", "normalize_channel", "prepare"]

_TAUGHT_BY = 20  # entries whose edges are compared: the feed's last twenty (cleaning.md 1.3)
_LEAST_ENTRIES = 3
_ONE_MOMENT = timedelta(seconds=90)
_NEAR_NOW = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedContext:
    """What all entries of one document share. `stamped`: when every entry claims to be from, if it is one moment."""

    source_url: str
    places: Places
    title: str = ""
    language: str | None = None
    title_suffix: str | None = None
    mojibake: bool = False
    stamped: datetime | None = None
    evidence: LazyEvidence | None = None


def prepare(feed: ParsedFeed, *, source_url: str) -> FeedContext:
    """Learn from the whole document; of three or more entries, the edges of up to twenty are compared."""
    places = feed_places(feed, source_url=source_url)
    name = titles.read_title(reread_feed(feed).about.title)
    mojibake = shows_mojibake(feed)
    suffix = None
    if name and len(feed.entries) >= _LEAST_ENTRIES:
        suffix = titles.find_suffix(
            [titles.read_title(entry.title, mojibake=mojibake) for entry in feed.entries if entry.title],
            [name, host_of(places.site_url or ""), host_of(places.site_url or "").rpartition(".")[0]],
        )
    return FeedContext(
        source_url=source_url,
        places=places,
        title=name,
        language=normalize_tag(feed.about.language),
        title_suffix=suffix,
        mojibake=mojibake,
        stamped=_stamp(feed.entries),
        evidence=_evidence(feed.entries, mojibake),
    )


def normalize(item: Identified, context: FeedContext, *, now: datetime, recipe: Recipe) -> Entry:
    """The entry as we publish it. `now` is when we first saw it (for an entry known already: when that was)."""
    parsed, base = item.parsed, context.places.base
    if context.mojibake:
        parsed = reread_entry(parsed)
    url, link_notes = read_link(parsed, context.places)
    dates = settle_dates(parsed.published, parsed.updated, first_seen=now, restamped=_restamped(context.stamped, now))
    notes = [*item.notes, *link_notes, *dates.notes]
    body = _body(parsed, url, dates, context, recipe, notes)
    harvest = body.cleaned.harvest
    if url is None and harvest.external_url:
        url = absolute(harvest.external_url, base)
        notes.append(Note(step="link", field="url", detail="no link: the address that the entry is about"))
    enclosures = read_enclosures(parsed.enclosures, base=base, content_html=body.cleaned.html)
    return Entry(
        id=published_id(context.source_url, item.guid),
        guid=item.guid,
        url=url,
        title=body.title,
        published=dates.published,
        updated=dates.updated,
        authors=_authors(parsed, harvest.authors, base, notes),
        language=_language(parsed, body, context, notes),
        summary=_summary(body, url, context, recipe, notes),
        content_html=body.cleaned.html,
        content_text=body.text,
        categories=read_categories(parsed.categories, harvest.categories),
        enclosures=enclosures,
        image=lead_image(body.cleaned.lead_image, enclosures, parsed.extras, base=body.chosen.base or url or base),
        rights=read_rights(parsed.rights),
        origin=_origin(parsed, base),
        notes=tuple(notes),
    )


def fingerprint(entry: Entry) -> str:
    """Hash of what readers see: title, link, text, people, categories, enclosures and publication date.

    Not the notes, the ids, nor `updated`: a feed that only restamps an entry has not revised it.
    """
    parts = [
        entry.title,
        entry.url or "",
        entry.content_html,
        entry.summary,
        "categories",
        *entry.categories,
        "authors",
    ]
    for author in entry.authors:
        parts += (author.name, author.url or "")
    parts.append("enclosures")
    for enclosure in entry.enclosures:
        parts += (enclosure.url, enclosure.media_type or "", str(enclosure.length))
    parts.append(entry.published.isoformat() if entry.published else "")
    # U+001F parts what cannot contain it: no field of an Entry holds control characters.
    return blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


# --- title and content ---


class _Body(NamedTuple):
    title: str
    chosen: Chosen
    cleaned: Cleaned
    text: str


def _body(
    parsed: ParsedEntry, url: str | None, dates: Dates, context: FeedContext, recipe: Recipe, notes: list[Note]
) -> _Body:
    chosen = choose_content(parsed, mojibake=context.mojibake)
    given = titles.read_title(parsed.title, mojibake=context.mojibake)
    title, note = titles.drop_suffix(given, context.title_suffix)
    title = titles.shorten(title, titles.MAX_TITLE)
    notes += [*chosen.notes, *([note] if note else [])]
    cleaned = _clean(chosen, title, url, context, recipe)
    if not cleaned.html and chosen.supplied is not None:
        chosen = second_choice(chosen, mojibake=context.mojibake)
        notes += chosen.notes
        cleaned = _clean(chosen, title, url, context, recipe)
    if not title:
        day = None if dates.from_first_seen else dates.published
        title, note = titles.derive_title(cleaned.blocks, published=day, host=host_of(url or context.places.base))
        notes.append(note)
        if "heading" in note.detail:  # it is the title now: the content need not say it twice
            cleaned = _clean(chosen, title, url, context, recipe)
    notes += cleaned.notes
    text = _plain_text(cleaned.blocks)
    if "\u2019" in text and "'" in text:
        notes += filter(None, [_quotes(cleaned.blocks)])
    return _Body(title, chosen, cleaned, text)


def _quotes(blocks: Sequence[Block]) -> Note | None:
    from feedmill.ingest.quotes import quote_hint

    return quote_hint(blocks)


def _clean(chosen: Chosen, title: str, url: str | None, context: FeedContext, recipe: Recipe) -> Cleaned:
    from feedmill.ingest.clean import CleanContext, clean

    places = context.places
    about = CleanContext(
        base_url=chosen.base or url or places.base,
        entry_url=url,
        site_url=places.site_url,
        feed_url=places.feed_url,
        title=title,
        evidence=context.evidence,
    )
    return _legal(clean(chosen.html, about, recipe), about, recipe)


def _legal(cleaned: Cleaned, about: CleanContext, recipe: Recipe) -> Cleaned:
    """Cleaned again should the tree have made what XML cannot carry: nothing is edited behind the sanitizer."""
    from feedmill.ingest.clean import clean

    legal = strip_xml_illegal(cleaned.html)
    return cleaned if legal == cleaned.html else clean(legal, about, recipe)


def _plain_text(blocks: Sequence[Block]) -> str:
    texts = (strip_xml_illegal(block.text) if block.kind == "pre" else tidy_text(block.text) for block in blocks)
    return "\n\n".join(text for text in texts if text)


def _summary(body: _Body, url: str | None, context: FeedContext, recipe: Recipe, notes: list[Note]) -> str:
    supplied = body.chosen.supplied
    if supplied is not None and not repeats_content(
        supplied.value, body.text, markup=supplied.kind == "html" or supplied.guessed
    ):
        own = summarize(_told(supplied, body, url, context, recipe), title=body.title)
        if own and not leads_content(own, body.text, markup=False):
            notes.append(Note(step="summary", field="summary", detail="supplied by the feed"))
            return own
    made = summarize(body.cleaned.blocks, title=body.title)
    if made:
        notes.append(Note(step="summary", field="summary", detail="derived from the content"))
    return made


def _told(supplied: Text, body: _Body, url: str | None, context: FeedContext, recipe: Recipe) -> Sequence[Block]:
    """The blocks of the feed's own summary, cleaned; most are one plain line, which needs no tree."""
    from feedmill.ingest.clean import Block
    from feedmill.ingest.clean.lines import plain_line

    plain = as_plain(supplied, mojibake=context.mojibake)
    line = plain_line(plain) if plain else None
    if line is not None:
        return (Block(kind="p", text=line),)
    html = to_markup(supplied, mojibake=context.mojibake, notes=[])
    return _clean(Chosen(html=html, base=supplied.base), body.title, url, context, recipe).blocks


# --- the smaller fields ---


def _authors(parsed: ParsedEntry, bylines: Sequence[str], base: str, notes: list[Note]) -> tuple[Author, ...]:
    authors = read_authors(parsed.authors, base=base)
    if authors or not bylines:
        return authors
    names = dict.fromkeys(name for line in bylines if (name := clean_name(line)))
    if names:
        notes.append(Note(step="authors", field="authors", detail="taken from the byline in the content"))
    return tuple(Author(name=name) for name in names)


def _language(parsed: ParsedEntry, body: _Body, context: FeedContext, notes: list[Note]) -> str | None:
    declared = normalize_tag(parsed.language) or normalize_tag(body.chosen.language) or context.language
    if declared:
        return declared
    found = detect(body.text)
    if found:
        notes.append(Note(step="language", field="language", detail="detected from the text"))
    return found


def _origin(parsed: ParsedEntry, base: str) -> Origin | None:
    """The upstream source of a planet's entry, complete (RFC 4287 section 4.2.11); None when it says nothing."""
    if parsed.source is None:
        return None
    origin = read_origin(parsed.source, base=base)
    return origin if origin.id or origin.title or origin.url or origin.site_url else None


# --- what the document as a whole shows ---


def _stamp(entries: Sequence[ParsedEntry]) -> datetime | None:
    """The one moment that all of at least three entries are dated to, or None; mostly decided by the first two."""
    if len(entries) < _LEAST_ENTRIES:
        return None
    first = None
    for entry in entries:
        reading = read_date(entry.published or entry.updated or "")
        if reading is None or (first is not None and abs(reading.at - first) > _ONE_MOMENT):
            return None
        first = first or reading.at
    return first


def _restamped(stamped: datetime | None, first_seen: datetime) -> bool:
    return stamped is not None and abs(stamped - first_seen) <= _NEAR_NOW


def _evidence(entries: Sequence[ParsedEntry], mojibake: bool) -> LazyEvidence | None:
    if len(entries) < _LEAST_ENTRIES:
        return None
    from feedmill.ingest.clean import Edges, LazyEvidence, edges

    def read(raw: str) -> Edges:
        return edges(to_markup(Text(value=raw, kind="html", guessed=True), mojibake=mojibake, notes=[]))

    texts = (entry.contents[0] if entry.contents else entry.summary for entry in entries[:_TAUGHT_BY])
    return LazyEvidence([text.value for text in texts if text is not None and text.value], read)
