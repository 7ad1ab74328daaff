"""What a request to our hub asks for, or why it is refused.

In:  the form that was posted, our public address, whether a path is a topic, the limits.
Out: `HubRequest` (subscribe, unsubscribe), `Notice` (publish), or `Refusal`: a status and a sentence for the developer
     of the subscriber (WebSub section 5.1).
Never: a clock, a name lookup, a request; decides by what the callback or the topic answers (that comes after the 202).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from feedmill.feeds.hub import HubRequest, pair_key
from feedmill.publish.links import is_private, web_url

FORM = "application/x-www-form-urlencoded"
LONGEST_CALLBACK = 2000
MOST_FIELDS = 100
SECRET_BYTES = 200  # "MUST be less than 200 bytes in length" (WebSub section 5.1)
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_ONCE = ("hub.mode", "hub.callback", "hub.topic", "hub.lease_seconds", "hub.secret")


@dataclass(frozen=True, slots=True, kw_only=True)
class HubLimits:
    """What our hub grants. `most_of_host` subscriptions of one callback host, `most_of_topic` of them for one topic.

    Leases: 10 days is the Recommendation's advice; nothing is for ever. An unreasonable wish is clamped, not refused:
    the subscriber is told what it got when it is verified.
    """

    most: int = 10_000
    most_of_host: int = 1_000
    most_of_topic: int = 50
    lease: timedelta = timedelta(days=10)
    shortest_lease: timedelta = timedelta(minutes=5)
    longest_lease: timedelta = timedelta(days=30)
    allow_private_networks: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Somebody says that these topics changed."""

    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """`text` is one line for a developer."""

    status: int
    text: str


class _RefusedError(Exception):
    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.refusal = Refusal(status=status, text=text)


@dataclass(frozen=True, slots=True)
class HubRules:
    """By what requests are judged. `site_url` ends in a slash; `is_topic` takes a path below it ("/atom.xml")."""

    site_url: str
    is_topic: Callable[[str], bool]
    limits: HubLimits = HubLimits()


def read_request(content_type: str, body: bytes, rules: HubRules) -> HubRequest | Notice | Refusal:
    """Judge one POST to the hub. Parameters that we do not know are ignored (WebSub section 5.1)."""
    try:
        return _judged(_fields(content_type, body), rules)
    except _RefusedError as refused:
        return refused.refusal


def _judged(fields: dict[str, list[str]], rules: HubRules) -> HubRequest | Notice:
    modes = fields.get("hub.mode", [])
    if modes == ["publish"]:
        return _notice(fields, rules)
    if len(modes) != 1 or modes[0] not in ("subscribe", "unsubscribe"):
        raise _RefusedError(400, 'hub.mode must be given once, as "subscribe" or "unsubscribe"')
    return _request(modes[0], fields, rules)


def topic_path(topic: str, site_url: str) -> str | None:
    """The path below our address that `topic` names, as the shelf spells it ("/a b/atom.xml"); None: not ours."""
    try:
        ours, theirs = urlsplit(site_url), urlsplit(topic)
        same = _place(ours) == _place(theirs)
    except ValueError:
        return None
    if not same or theirs.query or theirs.fragment or "@" in theirs.netloc:
        return None
    below, path = unquote(ours.path) or "/", unquote(theirs.path)
    return f"/{path[len(below) :]}" if path.startswith(below) else None


def _place(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or _DEFAULT_PORTS.get(parts.scheme)


def _fields(content_type: str, body: bytes) -> dict[str, list[str]]:
    kind = content_type.partition(";")[0].strip().lower()
    if kind != FORM:
        raise _RefusedError(415, f"Content-Type must be {FORM}")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:  # UnicodeDecodeError is one, too
        raise _RefusedError(400, "the body is no form of at most 100 fields in UTF-8") from None
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value.strip())
    return fields


def _notice(fields: dict[str, list[str]], rules: HubRules) -> Notice:
    topics = tuple(dict.fromkeys((*fields.get("hub.topic", []), *fields.get("hub.url", []))))
    if not topics:
        raise _RefusedError(400, "hub.topic is missing")
    for topic in topics:
        _path(topic, rules)
    return Notice(topics=topics)


def _request(mode: str, fields: dict[str, list[str]], rules: HubRules) -> HubRequest:
    for name in _ONCE:
        if len(fields.get(name, [])) > 1:
            raise _RefusedError(400, f"{name} must be given once")
    given = {name: fields.get(name, [""])[0] for name in _ONCE}
    topic, secret = given["hub.topic"], given["hub.secret"]
    # What is not published any more can still be unsubscribed from.
    path = _path(topic, rules) if mode == "subscribe" else topic_path(_decoded(topic), rules.site_url)
    if path is None:
        raise _RefusedError(404, "hub.topic is not published here")
    callback, host = _callback(_decoded(given["hub.callback"]), rules.limits)
    if len(secret.encode()) >= SECRET_BYTES:
        raise _RefusedError(400, "hub.secret must be less than 200 bytes long")
    return HubRequest(
        key=pair_key(path, callback),
        mode=mode,
        topic=topic,
        callback=callback,
        host=host,
        secret=secret or None,
        lease=_lease(given["hub.lease_seconds"], rules.limits) if mode == "subscribe" else timedelta(0),
    )


def _path(topic: str, rules: HubRules) -> str:
    if not topic:
        raise _RefusedError(400, "hub.topic is missing")
    path = topic_path(_decoded(topic), rules.site_url)
    if path is None or not rules.is_topic(path):
        text = "hub.topic is not a feed that is published here; it must be the address that the feed names rel=self"
        raise _RefusedError(404, text)
    return path


def _callback(callback: str, limits: HubLimits) -> tuple[str, str]:
    """The callback as it will be asked, and its host in lower case."""
    if not callback:
        raise _RefusedError(400, "hub.callback is missing")
    if len(callback) > LONGEST_CALLBACK:
        raise _RefusedError(400, f"hub.callback is longer than {LONGEST_CALLBACK} characters")
    url = web_url(callback)
    if url is None:
        raise _RefusedError(400, "hub.callback is not an http:// or https:// URL")
    parts = urlsplit(url)
    if "@" in parts.netloc:
        raise _RefusedError(400, "hub.callback must not hold a user name or a password")
    if "#" in url:
        raise _RefusedError(400, "hub.callback must not have a fragment")
    if is_private(url) and not limits.allow_private_networks:
        raise _RefusedError(403, "hub.callback is in a private network, where this hub does not go")
    return url, parts.hostname or ""


def _lease(text: str, limits: HubLimits) -> timedelta:
    """0 and nothing at all mean "as you like": PubSubHubbub 0.3 asked so for one without end."""
    if not text or not text.strip("0"):
        return limits.lease
    if not (text.isascii() and text.isdigit()):
        raise _RefusedError(400, "hub.lease_seconds must be a positive whole number of seconds")
    wished = timedelta(seconds=min(int(text[:12]), 10**9)) if len(text) < 12 else limits.longest_lease
    return min(max(wished, limits.shortest_lease), limits.longest_lease)


def _decoded(url: str) -> str:
    """Escapes of characters that need none are undone (WebSub section 5.1.1), so that one address is one key."""

    def undo(match: re.Match[str]) -> str:
        letter = chr(int(match[1], 16))
        return letter if letter in _UNRESERVED else match[0]

    return _ESCAPE.sub(undo, url)
