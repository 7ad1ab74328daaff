"""What each element of RSS and Atom means to the fast reader: one handler per element, one table.

In:  the reader, the draft that is being filled, the element.
Out: the draft, fuller; `Unusual` when the element is not plainly what its dialect says.
Never: a rule that the liberal reader does not have too (`mapping` holds the shared ones).
"""

from __future__ import annotations

from typing import Any

from feedmill.ingest.parse import mapping, vocabulary
from feedmill.ingest.parse.fast_tree import Draft, Handler, Reader, Unusual, attributes_of, is_blank, words_of
from feedmill.ingest.parsed import Link, Person, Text

_IMAGE_CHILDREN = vocabulary.names("title link description url width height")
_INPUT_CHILDREN = vocabulary.names("title link description name")


def read_link(reader: Reader, draft: Draft, element: Any) -> None:
    attributes = attributes_of(element)
    href = attributes.get("href")
    if href is None:
        href = mapping.link_text(words_of(element))
    href = href.strip()
    if not href:
        return
    rel = (attributes.get("rel") or "alternate").strip().lower()
    link = Link(
        href=href,
        rel=rel,
        media_type=(attributes.get("type") or "").strip().lower() or None,
        hreflang=attributes.get("hreflang"),
        title=attributes.get("title"),
        length=attributes.get("length"),
        base=reader.base(element),
    )
    (draft.enclosures if rel == "enclosure" else draft.links).append(link)


def read_enclosure(reader: Reader, draft: Draft, element: Any) -> None:
    attributes = attributes_of(element)
    href = (attributes.get("url") or attributes.get("href") or "").strip()
    if href:
        draft.enclosures.append(
            Link(
                href=href,
                rel="enclosure",
                media_type=(attributes.get("type") or "").strip().lower() or None,
                hreflang=attributes.get("hreflang"),
                title=attributes.get("title"),
                length=attributes.get("length"),
                base=reader.base(element),
            )
        )


def read_guid(_reader: Reader, draft: Draft, element: Any) -> None:
    draft.id = words_of(element)
    draft.permalink = attributes_of(element).get("ispermalink", "true") == "true"


def read_atom_id(_reader: Reader, draft: Draft, element: Any) -> None:
    draft.id = words_of(element)
    draft.permalink = None


def read_title(reader: Reader, draft: Draft, element: Any) -> None:
    draft.titles.append((0, reader.text(element, "title")))


def read_dc_title(reader: Reader, draft: Draft, element: Any) -> None:
    draft.titles.append((1, reader.text(element, "title")))


def read_content(reader: Reader, draft: Draft, element: Any) -> None:
    source = element.get("src")
    if source and not draft.source_of_content:
        draft.source_of_content = source
    text = reader.text(element, "content")
    if text.value:
        draft.contents.append(text)


def read_encoded(reader: Reader, draft: Draft, element: Any) -> None:
    value = words_of(element)
    if element.attrib and ("type" in element.attrib or "mode" in element.attrib):
        raise Unusual("a typed content:encoded")
    if value:
        draft.contents.append(
            Text(value=value, kind="html", base=reader.base(element), language=reader.language(element))
        )


def read_rights(_reader: Reader, draft: Draft, element: Any) -> None:
    if (element.get("type") or "text").lower() not in ("text", "html"):
        raise Unusual("rights in XHTML")
    draft.rights = words_of(element)


def read_person(reader: Reader, draft: Draft, element: Any) -> None:
    if not len(element):
        draft.authors.append(mapping.split_person(element.text or ""))
        return
    if (element.text or "").strip():
        raise Unusual("words and elements in an author")
    said: dict[str, str] = {}
    for child in element:
        name = reader.name(child)
        key = _PERSON.get(name)
        if key is not None:
            said.setdefault(key, words_of(child))
        elif name in reader.handlers:
            raise Unusual(f"{name} in an author")
    draft.authors.append(
        Person(name=said.get("name") or "", email=said.get("email") or None, url=said.get("href") or None)
    )


def read_category(reader: Reader, draft: Draft, element: Any) -> None:
    attributes = attributes_of(element)
    scheme = attributes.get("scheme", attributes.get("domain"))
    read_file_category(reader, draft, element, attributes.get("term"), scheme, attributes.get("label"))


def read_media_category(reader: Reader, draft: Draft, element: Any) -> None:
    attributes = attributes_of(element)
    scheme = attributes.get("scheme", "http://search.yahoo.com/mrss/category_schema")
    read_file_category(reader, draft, element, attributes.get("term"), scheme, attributes.get("label"))


def read_itunes_category(reader: Reader, draft: Draft, element: Any) -> None:
    term = attributes_of(element).get("text")
    draft.podcast.append(("itunes:category", term or ""))
    read_file_category(reader, draft, element, term, "http://www.itunes.com/", None)
    for child in element:
        name = reader.name(child)
        if name == "itunes:category":
            read_itunes_category(reader, draft, child)
        elif name in reader.handlers:
            raise Unusual(f"{name} in an itunes:category")


def read_file_category(
    _reader: Reader, draft: Draft, element: Any, term: str | None, scheme: str | None, label: str | None
) -> None:
    value = "" if len(element) and is_blank(element) else words_of(element)
    if value and not term:
        draft.categories.append((value, scheme, label))
        return
    draft.categories.append((term, scheme, label))
    if value and value != term:
        draft.categories.append((value, None, None))


def read_keywords(reader: Reader, draft: Draft, element: Any) -> None:
    scheme = "http://www.itunes.com/" if reader.name(element).startswith("itunes") else None
    words = words_of(element) or attributes_of(element).get("text") or ""
    draft.categories.extend((term.strip(), scheme, None) for term in words.split(",") if term.strip())


def read_media_content(reader: Reader, draft: Draft, element: Any) -> None:
    if not draft.media:
        draft.media_base = reader.base(element)
    draft.media.append(attributes_of(element))
    read_media_group(reader, draft, element)


def read_media_group(reader: Reader, draft: Draft, element: Any) -> None:
    for child in element:
        name = reader.name(child)
        if name in reader.handlers:
            if not name.startswith("media:"):
                raise Unusual(f"{name} in a media group")
            reader.handlers[name](reader, draft, child)


def read_owner(reader: Reader, draft: Draft, element: Any) -> None:
    for child in element:
        name = reader.name(child)
        if name in ("itunes:name", "itunes:email"):
            draft.podcast.append((name, words_of(child)))


def read_image(reader: Reader, draft: Draft, element: Any) -> None:
    for child in element:
        name = reader.name(child)
        if name == "url":
            draft.image = words_of(child)
        elif name not in _IMAGE_CHILDREN:
            raise Unusual(f"{name} in an image")


def read_text_input(reader: Reader, _draft: Draft, element: Any) -> None:
    if any(reader.name(child) not in _INPUT_CHILDREN for child in element):
        raise Unusual("an odd text input")


def read_skip(reader: Reader, draft: Draft, element: Any) -> None:
    wanted = {"skiphours": "hour", "skipdays": "day"}[reader.name(element)]
    for child in element:
        if reader.name(child) != wanted:
            raise Unusual("an odd child of skipHours or skipDays")
        _hint("skipHours" if wanted == "hour" else "skipDays")(reader, draft, child)


def _description(rank: int) -> Handler:
    def handle(reader: Reader, draft: Draft, element: Any) -> None:
        draft.described.append((rank, reader.text(element, "summary")))

    return handle


def _plain(slot: str) -> Handler:
    def handle(_reader: Reader, draft: Draft, element: Any) -> None:
        setattr(draft, slot, words_of(element))

    return handle


def _hint(name: str) -> Handler:
    def handle(_reader: Reader, draft: Draft, element: Any) -> None:
        draft.hints.append((name, words_of(element)))

    return handle


def _of_podcast(name: str) -> Handler:
    def handle(_reader: Reader, draft: Draft, element: Any) -> None:
        draft.podcast.append((name, words_of(element)))

    return handle


def _extra(key: str, attribute: str | None) -> Handler:
    def handle(_reader: Reader, draft: Draft, element: Any) -> None:
        value = (attributes_of(element).get(attribute) or "").strip() if attribute else words_of(element)
        if value:
            draft.extras.setdefault(key, value)

    return handle


_PERSON = {"name": "name", "email": "email", "uri": "href", "url": "href", "homepage": "href"}
HANDLERS: dict[str, Handler] = {
    "link": read_link,
    "enclosure": read_enclosure,
    "guid": read_guid,
    "id": read_atom_id,
    "title": read_title,
    "dc:title": read_dc_title,
    "content": read_content,
    "content:encoded": read_encoded,
    "category": read_category,
    "keywords": read_category,
    "dc:subject": read_category,
    "media:category": read_media_category,
    "itunes:category": read_itunes_category,
    "itunes:owner": read_owner,
    "media:keywords": read_keywords,
    "itunes:keywords": read_keywords,
    "media:content": read_media_content,
    "media:group": read_media_group,
    "itunes:type": _of_podcast("itunes:type"),
    "image": read_image,
    "textinput": read_text_input,
    "skiphours": read_skip,
    "skipdays": read_skip,
    "hour": _hint("skipHours"),
    "day": _hint("skipDays"),
    "ttl": _hint("ttl"),
    "sy:updateperiod": _hint("updatePeriod"),
    "sy:updatefrequency": _hint("updateFrequency"),
    "icon": _plain("icon"),
    "logo": _plain("logo"),
    "comments": _plain("comments"),
    "generator": _plain("generator"),
    **dict.fromkeys(("language", "dc:language"), _plain("language")),
    **dict.fromkeys(("published", "issued", "pubdate", "dcterms:issued"), _plain("published")),
    **dict.fromkeys(("updated", "modified", "lastbuilddate", "dc:date", "dcterms:modified"), _plain("updated")),
    **dict.fromkeys(("rights", "copyright", "dc:rights"), read_rights),
    **dict.fromkeys(("author", "managingeditor", "dc:creator", "dc:author", "itunes:author"), read_person),
    **dict.fromkeys(
        ("description", "summary", "subtitle", "tagline", "abstract"), _description(vocabulary.DESCRIPTION)
    ),
    "dc:description": _description(vocabulary.DC_DESCRIPTION),
    "itunes:summary": _description(vocabulary.ITUNES_SUMMARY),
    "itunes:subtitle": _description(vocabulary.ITUNES_SUBTITLE),
    **{name: _extra(key, attribute) for name, (key, attribute) in vocabulary.EXTRAS.items()},
}
