"""The elements of podcasts, in RSS and in Atom alike (check J1).

In:  a channel or an item, or their counterparts in Atom; what they say.
Out: the same, with the elements of iTunes, Podcasting 2.0 and Media RSS.
Never: decides what is said (`show`, `podcast`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lxml import etree

from feedmill.publish.podcast import TYPE_OF_LINK

if TYPE_CHECKING:
    from feedmill.publish.aggregate import Edition, PublishedEntry
    from feedmill.publish.show import Show

ITUNES = "http://www.itunes.com/dtds/podcast-1.0.dtd"
PODCAST = "https://podcastindex.org/namespace/1.0"
MEDIA_RSS = "http://search.yahoo.com/mrss/"
_NAMESPACES = {"itunes": ITUNES, "podcast": PODCAST, "media": MEDIA_RSS}

Element = Any


def namespaces_of(edition: Edition) -> dict[str, str]:
    """What the document declares at its root beside its own: the words of podcasts only where there are some (B12)."""
    used = {name.partition(":")[0] for entry in edition.entries for name, _ in entry.podcast}
    show = edition.show
    if show is not None:
        used |= {"itunes"} if show.itunes else set()
        used |= {"podcast"} if show.guid else set()
    return {prefix: uri for prefix, uri in _NAMESPACES.items() if prefix in used}


def finish_show(channel: Element, show: Show | None) -> None:
    """What the channel must say before an item may use iTunes' words; validators read it in this order, too."""
    if show is None:
        return
    if show.guid:
        _add(channel, "podcast:guid", show.guid)
    if not show.itunes:
        return
    _add(channel, "itunes:explicit", "true" if show.explicit else "false")
    for top, subs in show.categories:
        category = _add(channel, "itunes:category", attribute=("text", top))
        for sub in subs:
            _add(category, "itunes:category", attribute=("text", sub))
    if show.author:
        _add(channel, "itunes:author", show.author)
    if show.email:
        owner = _add(channel, "itunes:owner")
        if show.owner:
            _add(owner, "itunes:name", show.owner)
        _add(owner, "itunes:email", show.email)
    if show.image:
        _add(channel, "itunes:image", attribute=("href", show.image))
    if show.kind:
        _add(channel, "itunes:type", show.kind)


def finish_episode(item: Element, entry: PublishedEntry) -> None:
    """What upstream said of the episode, in the words that the channel allows."""
    for name, value in entry.podcast:
        if name in ("podcast:transcript", "podcast:chapters"):
            element = _add(item, name, attribute=("url", value))
            element.set("type", TYPE_OF_LINK[name.partition(":")[2]](value))
        elif name == "itunes:image":
            _add(item, name, attribute=("href", value))
        elif name == "media:rating":
            _add(item, name, value, attribute=("scheme", "urn:simple"))
        elif name == "media:duration":
            _recording(item, entry)
        else:
            _add(item, name, value)


def _recording(item: Element, entry: PublishedEntry) -> None:
    """Media RSS tells how long a recording is with its address."""
    for enclosure in entry.enclosures[:1]:
        element = _add(item, "media:content", attribute=("url", enclosure.url))
        if enclosure.media_type:
            element.set("type", enclosure.media_type)
        element.set("duration", str(entry.seconds))


def _add(parent: Element, name: str, text: str | None = None, *, attribute: tuple[str, str] | None = None) -> Element:
    prefix, _, local = name.partition(":")
    element: Element = etree.SubElement(parent, f"{{{_NAMESPACES[prefix]}}}{local}")
    element.text = text
    if attribute:
        element.set(*attribute)
    return element
