"""What an entry is called in public, and by what else it may be known again.

In:  a source's URL and an entry's guid inside it.
Out: a URI for atom:id, RSS guid and JSON Feed id; an alternate guid that survives a move.
Never: resolves, shortens or repairs a guid: it is opaque (RFC 4287 section 4.2.6.1), and the same guid is the same id.
"""

from __future__ import annotations

import re
from functools import cache
from uuid import UUID, uuid5

# Our own name space, made once at random: the same source and guid give the same id on every machine, for ever.
_NAMESPACE = UUID("3c0d0fbb-6d55-4e0c-9c4b-8c3e4ad9e1a7")
MAX_ID = 1000  # characters; PostgreSQL indexes no more than about 2,700 bytes

# Schemes whose names are unique beyond one source; "post:12" is a URI to the letter, but every blog has one.
_GLOBAL = re.compile(r"(?:https?|ftp|tag|urn|info|doi|hdl|at|nostr|ipfs|gemini|yt):", re.IGNORECASE)
# RFC 3987 section 2.2, in one pass: RFC 3986 characters and ucschar, escapes whole, at most one "#".
_UCSCHAR = r"\u00a1-\ud7ff\uf900-\ufdcf\ufdf0-\uffef\U00010000-\U0001fffd\U00020000-\U0002fffd"
_PIECE = rf"(?:[A-Za-z0-9\-._~:/?@!$&'()*+,;={_UCSCHAR}]|%[0-9A-Fa-f]{{2}})"
_INVISIBLE = re.compile("[\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3000\u2000-\u200a\u1680\ufe00-\ufe0f\ufeff]")
_WEB = re.compile(r"https?://([^/?#@:]+)(?::\d+)?(?=[/?#]|\Z)(.*)", re.IGNORECASE | re.DOTALL)
_NAMED = re.compile(
    r"(?:tag:[^,]+,\d{4}[\d-]*:.|urn:[A-Za-z0-9][A-Za-z0-9-]{1,31}:.|(?!tag:|urn:|https?:)[A-Za-z]+:.)",
    re.IGNORECASE | re.DOTALL,
)


def published_id(source_url: str, guid: str) -> str:
    """`guid` verbatim when it is an absolute IRI that is unique beyond its source, else `urn:uuid:` v5 of both."""
    if len(guid) <= MAX_ID and _GLOBAL.match(guid) and _iri().fullmatch(guid) and not _INVISIBLE.search(guid):
        named = _WEB.fullmatch(guid) or _NAMED.match(guid)
        if named:
            return guid
    return f"urn:uuid:{uuid5(_NAMESPACE, _encodable(f'{source_url} {guid}'))}"


def alternate_guid(guid: str) -> str | None:
    """What stays of an http guid when its site moves or turns to https: path, query and fragment; None if nothing does.

    Two entries of one source with the same alternate are candidates for one entry, no more.
    """
    found = _WEB.fullmatch(guid)
    rest = found.group(2) if found else ""
    return rest if len(rest.strip("/")) > 1 else None


@cache
def _iri() -> re.Pattern[str]:
    """Compiled when it is first needed: that takes 3 ms, and most commands meet no new entry."""
    return re.compile(rf"{_PIECE}+(?:#{_PIECE}*)?")


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
