"""The names of feed documents: namespaces, elements that pass through, HTML.

In:  nothing.
Out: tables, and `prefix_of`, which knows a namespace under any spelling of its URI.
Never: a rule about what a value means (`mapping`).
"""

from __future__ import annotations

from collections.abc import Mapping


def names(words: str) -> frozenset[str]:
    """A set of names, written as one line of words."""
    return frozenset(words.split())


# Where a description may come from, best first. A lower rank stands in only when no better one has words: feedparser
# lets the later element win, so that a podcast's itunes:summary replaces the description (parsing.md traps 27, 28).
DESCRIPTION, DC_DESCRIPTION, ITUNES_SUMMARY, ITUNES_SUBTITLE = range(4)

# Namespaced elements that pass through as they are: canonical name -> key in `extras`, and the attribute that holds
# the value (None: the element's text). Only the first of each name is kept.
EXTRAS: Mapping[str, tuple[str, str | None]] = {
    "feedburner:origlink": ("feedburner:origLink", None),
    "itunes:duration": ("itunes:duration", None),
    "itunes:episode": ("itunes:episode", None),
    "itunes:episodetype": ("itunes:episodeType", None),
    "itunes:explicit": ("itunes:explicit", None),
    "itunes:image": ("itunes:image", "href"),
    "itunes:season": ("itunes:season", None),
    "media:thumbnail": ("media:thumbnail", "url"),
    "pheedo:origlink": ("pheedo:origLink", None),
    "podcast:chapters": ("podcast:chapters", "url"),
    "podcast:guid": ("podcast:guid", None),
    "podcast:transcript": ("podcast:transcript", "url"),
    "slash:comments": ("slash:comments", None),
    "thr:in-reply-to": ("thr:in-reply-to", "ref"),
    "thr:total": ("thr:total", None),
    "wfw:commentrss": ("wfw:commentRss", None),
}

# What a podcast's channel says of itself, in the order in which it is told; itunes:category repeats, a category before
# those below it. Name and address are those of its itunes:owner.
PODCAST = (
    "podcast:guid", "itunes:type", "itunes:explicit", "itunes:image", "itunes:category", "itunes:name", "itunes:email",
)  # fmt: skip

# Namespace URI (lower-case, without its scheme and without trailing "/" or "#") -> the prefix its names carry here.
# "" is the dialects' own vocabulary: RSS of any flavour, Atom of any age. A userland URI is matched by its start.
NAMESPACES: Mapping[str, str] = {
    "": "",
    "blogs.law.harvard.edu/tech/rss": "",
    "my.netscape.com/rdf/simple/0.9": "",
    "purl.org/atom/ns": "",
    "purl.org/rss/1.0": "",
    "purl.org/rss/1.0/modules/rss091": "",
    "www.w3.org/2005/atom": "",
    "podcastindex.org/namespace/1.0": "podcast",
    "purl.org/dc/elements/1.1": "dc",
    "purl.org/dc/terms": "dcterms",
    "purl.org/rss/1.0/modules/content": "content",
    "purl.org/rss/1.0/modules/slash": "slash",
    "purl.org/rss/1.0/modules/syndication": "sy",
    "purl.org/syndication/thread/1.0": "thr",
    "rssnamespace.org/feedburner/ext/1.0": "feedburner",
    "search.yahoo.com/mrss": "media",
    "wellformedweb.org/commentapi": "wfw",
    "www.itunes.com/dtds/podcast-1.0.dtd": "itunes",
    "www.pheedo.com/namespace/pheedo": "pheedo",
    "www.w3.org/1999/02/22-rdf-syntax-ns": "rdf",
    "www.w3.org/1999/xhtml": "xhtml",
    "www.rssboard.org/media-rss": "media",
    "www.w3.org/xml/1998/namespace": "xml",
}

# What counts as an HTML tag in a title that may or may not be markup.
TAG_NAMES = names(
    "a abbr acronym address area article aside audio b bdi bdo big blockquote br button canvas caption center "
    "cite code col colgroup command data datalist dd del details dfn dialog dir div dl dt em event-source "
    "fieldset figcaption figure font footer form h1 h2 h3 h4 h5 h6 header hr i iframe img input ins kbd keygen "
    "label legend li m main map mark menu meter multicol nav nextid noscript object ol optgroup option output p "
    "param picture pre progress q rp rt ruby s samp section select small sound source spacer span strike strong "
    "sub summary sup svg table tbody td textarea tfoot th thead time tr tt u ul var video wbr"
)
# HTML elements without an end tag.
VOID = names("area base br col embed hr img input link meta param source track wbr")


def prefix_of(uri: str) -> str | None:
    """The prefix under which names of a namespace are known here; None for a vocabulary we do not read.

    URIs are compared without case, scheme and closing slash (parsing.md trap 12).
    """
    key = uri.strip().lower().rstrip("/#")
    key = key.removeprefix("http://").removeprefix("https://")
    if "backend.userland.com/rss" in key:
        return ""
    return NAMESPACES.get(key)
