"""What podcasts say of an episode, passed through (check J1): only what upstream had, and only what is well-formed.

In:  namespaced values of an entry ("itunes:duration" -> "12:30").
Out: the same in a fixed order, without what a directory would refuse.
Never: invents a value; changes an enclosure's address.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from feedmill.publish.links import web_url
from feedmill.publish.xmltext import one_line

_DURATION = re.compile(r"\d{1,6}|\d{1,3}:[0-5]?\d(:[0-5]\d)?")
_NUMBER = re.compile(r"[1-9]\d{0,5}")
_EXPLICIT = {"yes": "true", "true": "true", "explicit": "true", "no": "false", "false": "false", "clean": "false"}
_TRANSCRIPTS = {
    ".vtt": "text/vtt",
    ".srt": "application/x-subrip",
    ".json": "application/json",
    ".html": "text/html",
}
TYPE_OF_LINK: Mapping[str, Callable[[str], str]] = {
    "transcript": lambda url: _TRANSCRIPTS.get("." + url.partition("?")[0].rpartition(".")[2].lower(), "text/plain"),
    "chapters": lambda _: "application/json+chapters",
}


def said_explicit(word: str) -> str | None:
    """`itunes:explicit` as it is written today: true or false; None for what is neither."""
    return _EXPLICIT.get(word.strip().lower())


def _matching(pattern: re.Pattern[str]) -> Callable[[str], str | None]:
    return lambda value: value if pattern.fullmatch(value) else None


# By element, in the order in which they are written: what is kept of its value.
_KEPT: Mapping[str, Callable[[str], str | None]] = {
    "itunes:duration": _matching(_DURATION),
    "itunes:explicit": said_explicit,
    "itunes:image": web_url,
    "itunes:season": _matching(_NUMBER),
    "itunes:episode": _matching(_NUMBER),
    "itunes:episodeType": lambda value: value if value in {"full", "trailer", "bonus"} else None,
    "podcast:transcript": web_url,
    "podcast:chapters": web_url,
}


def podcast_values(extras: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The values worth passing on."""
    for name, keep in _KEPT.items():
        value = keep(one_line(extras.get(name, "")))
        if value:
            yield name, value


def seconds_of(values: Iterable[tuple[str, str]]) -> int | None:
    """`itunes:duration` in seconds, for JSON Feed; None when it is not told."""
    written = dict(values).get("itunes:duration")
    if written is None:
        return None
    seconds = 0
    for part in written.split(":"):
        seconds = seconds * 60 + int(part)
    return seconds
