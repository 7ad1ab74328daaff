"""Moving in: the subscriptions of another planet's configuration.

In:  the bytes of an OPML document, or of the configuration of Venus, planetplanet, Pluto, Mercury, rawdog or osmosfeed.
Out: `Subscriptions`: sources; a problem for each that cannot be taken; a note for what has no place here.
Never: runs, includes or fetches what a configuration names; guesses a kind that its text does not show.

osmosfeed's YAML is read by hand, as far as its own documentation goes: a list of maps of plain or quoted words.
"""

from __future__ import annotations

import configparser
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping

from feedmill.feeds.source import Source
from feedmill.publish.links import web_url
from feedmill.publish.opml import LARGEST_BYTES, MOST_OUTLINES, Subscriptions, read_opml
from feedmill.publish.xmltext import one_line

_RAWDOG_FEED = re.compile(r"feed\s+\d+[smhdw]?\s+(\S+)\s*(.*)")
_KEY = re.compile(r"(-\s+)?([A-Za-z][\w-]*)\s*:(?:\s+(.*))?")


def read_subscriptions(data: bytes, *, url: str | None = None) -> Subscriptions:
    """The subscriptions in `data`, whatever it is; ValueError with a sentence when it is nothing we know."""
    if len(data) > LARGEST_BYTES:
        raise ValueError(f"the list is larger than {LARGEST_BYTES // 1_000_000} MB")
    head = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if head == b"<" or not head:
        return read_opml(data, url=url)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    for looks_like, read in _KINDS:
        if looks_like(text):
            return read(text)
    raise ValueError("this is neither OPML nor the configuration of a planet that is known here")


class _Found:
    """What was read so far; each address once."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._sources: dict[str, Source] = {}
        self._problems: list[str] = []
        self._left: dict[str, int] = {}
        self._title = ""

    def add(self, address: object, title: object = "", tags: Iterable[str] = ()) -> None:
        """A source; one whose address cannot be used becomes a problem."""
        written, name = str(address or "").strip(), one_line(str(title or "").strip())
        resolved = web_url(written)
        if resolved is None:
            self._problems.append(f"skipped {name or 'a source'!r}: {written[:100]!r} is not an http(s) address")
        elif len(self._sources) < MOST_OUTLINES:
            self._sources.setdefault(resolved, Source(url=resolved, title=name or None, tags=tuple(tags)))

    def leave(self, keys: Iterable[str]) -> None:
        """Settings that have no place here."""
        for key in keys:
            self._left[key] = self._left.get(key, 0) + 1

    def name(self, title: object) -> None:
        """The planet's own title."""
        self._title = one_line(str(title or ""))

    def subscriptions(self) -> Subscriptions:
        """All of it."""
        if not self._sources and not self._problems:
            raise ValueError(f"this looks like {self._kind}, but it names no feed")
        notes = [f"not carried over from {self._kind}: {_listed(self._left)}"] if self._left else []
        return Subscriptions(
            sources=tuple(self._sources.values()),
            problems=tuple(self._problems),
            notes=tuple(notes),
            title=self._title,
        )


def _listed(left: Mapping[str, int]) -> str:
    return ", ".join(key if count == 1 else f"{key} ({count} times)" for key, count in left.items())


# --- Venus, planetplanet, Pluto: ini


def _ini(text: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True, delimiters=("=", ":"))
    parser.optionxform = str.lower  # type: ignore[assignment, method-assign]
    try:
        parser.read_string(text)
    except configparser.MissingSectionHeaderError:
        parser.read_string(f"[planet]\n{text}")  # Pluto: its title stands above the first section
    return parser


def _is_ini(text: str) -> bool:
    return re.search(r"(?m)^\[[^\[\]]+\]\s*$", text) is not None and "[[" not in text


def _read_ini(text: str) -> Subscriptions:
    try:
        parser = _ini(text)
    except (configparser.Error, AttributeError) as error:  # its own bug: a continued line
        raise ValueError(f"the ini file cannot be read: {str(error).splitlines()[0]}") from None
    if any(section.lower().startswith(("http:", "https:", "feed:")) for section in parser.sections()):
        return _venus(parser)
    return _pluto(parser)


def _venus(parser: configparser.RawConfigParser) -> Subscriptions:
    found = _Found("Planet Venus")
    for section in parser.sections():
        values = {key: value or "" for key, value in parser.items(section)}
        if section.lower() == "planet":
            found.name(values.pop("name", ""))
            found.leave(f"[Planet] {key}" for key in values)
        elif not section.lower().startswith(("http:", "https:", "feed:")):
            found.leave([f"[{section}]"])
        elif values.get("content_type", "").lower() in {"opml", "foaf", "config", "csv"}:
            kind = values["content_type"].lower()
            found.leave([f"the reading list {section}" + (' (write [[list]] opml = "…")' if kind == "opml" else "")])
        else:
            found.add(section.removeprefix("feed:"), values.pop("name", ""))
            found.leave(values)
    return found.subscriptions()


def _pluto(parser: configparser.RawConfigParser) -> Subscriptions:
    found = _Found("Planet Pluto")
    for section in parser.sections():
        values = {key: value or "" for key, value in parser.items(section)}
        feed = values.pop("feed", "") or values.pop("feed_url", "")
        title = values.pop("title", "") or values.pop("name", "")
        if feed:
            found.add(feed, title)
            values.pop("link", None)  # the feed says it itself
        elif section.lower() == "planet":
            found.name(title)
        found.leave(values)
    return found.subscriptions()


# --- Mercury: TOML


def _is_toml(text: str) -> bool:
    return re.search(r"(?m)^\s*\[\[\s*feed\s*\]\]", text) is not None


def _read_mercury(text: str) -> Subscriptions:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"the TOML cannot be read: {error}") from None
    found = _Found("Mercury")
    found.name(document.pop("name", ""))
    for row in document.pop("feed", []):
        if isinstance(row, dict):
            found.add(row.pop("feed", row.pop("url", "")), row.pop("name", ""))
            found.leave(row)
    found.leave(document)
    return found.subscriptions()


# --- rawdog: lines


def _is_rawdog(text: str) -> bool:
    return any(_RAWDOG_FEED.match(line) for line in text.splitlines())


def _read_rawdog(text: str) -> Subscriptions:
    found = _Found("rawdog")
    address, options = "", {}  # type: str, dict[str, str]

    def finish() -> None:
        if address:
            title = options.pop("define_name", "") or options.pop("define_title", "")
            found.add(address, title)
            found.leave(options)

    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        feed = _RAWDOG_FEED.match(line)
        if feed:
            finish()
            address = feed[1]
            options = dict(word.partition("=")[::2] for word in feed[2].split())
        elif line[0].isspace() and address:
            key, _, value = line.strip().partition(" ")
            options[key] = value.strip()
        else:
            finish()
            address, options = "", {}
            found.leave([line.split()[0]])
    finish()
    return found.subscriptions()


# --- osmosfeed: YAML, as far as it is needed


def _is_osmosfeed(text: str) -> bool:
    return re.search(r"(?m)^sources\s*:", text) is not None


def _read_osmosfeed(text: str) -> Subscriptions:
    found = _Found("osmosfeed")
    row: dict[str, str] = {}
    inside = False

    def finish() -> None:
        if row:
            found.add(row.pop("href", ""), row.pop("title", ""))
            found.leave(row)
            row.clear()

    for number, line in enumerate(text.splitlines(), start=1):
        plain = _without_comment(line)
        match = _KEY.fullmatch(plain.strip())
        if not plain.strip() or plain.strip() in {"---", "..."}:
            continue
        if match is None:
            raise ValueError(f"line {number} of the YAML cannot be read here: {plain.strip()[:60]!r}")
        dash, key, value = match[1], match[2], _unquoted(match[3] or "")
        if not line[0].isspace() and not dash:
            finish()
            inside = key == "sources"
            if key == "siteTitle":
                found.name(value)
            elif not inside:
                found.leave([key])
        elif inside:
            if dash:
                finish()
            row[key] = value
    finish()
    return found.subscriptions()


def _without_comment(line: str) -> str:
    return re.sub(r"(^|\s)#.*$", "", line) if not re.search(r"[\"'].*#.*[\"']", line) else line


def _unquoted(value: str) -> str:
    text = value.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


_KINDS: tuple[tuple[Callable[[str], bool], Callable[[str], Subscriptions]], ...] = (
    (_is_toml, _read_mercury),
    (_is_osmosfeed, _read_osmosfeed),
    (_is_rawdog, _read_rawdog),
    (_is_ini, _read_ini),
)
