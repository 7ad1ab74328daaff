"""Which of the prepared answers a request gets: content coding and preconditions (RFC 9110, 8.8, 12.5.3, 13.1).

In:  a `Representation` and the few request headers that matter.
Out: `Choice`: a status and the variant it speaks of.
Never: a clock, a socket, a body copied.

Range is ignored on purpose: a whole 200 is always right, and feeds are small (network.md S13).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache

from feedmill.publish.shelf import Representation, Variant

QVALUE = re.compile(r"(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\Z")  # RFC 9110, 12.4.2


@dataclass(frozen=True, slots=True)
class Choice:
    """200 with `variant`'s bytes, 304 with its validators, or 406: every coding we have was ruled out."""

    status: int
    variant: Variant


@dataclass(frozen=True, slots=True)
class Preference:
    """What an Accept-Encoding makes of our two codings: is gzip preferred, are plain bytes allowed at all."""

    gzip: bool
    identity: bool


def choose(
    representation: Representation,
    *,
    accept_encoding: bytes | None,
    if_none_match: bytes | None,
    if_modified_since: bytes | None,
) -> Choice:
    """The answer to GET or HEAD. Header values as received; repeated ones joined with a comma beforehand."""
    variant = representation.identity
    acceptable = True
    if accept_encoding is not None:
        preference = prefer(accept_encoding)
        if preference.gzip and representation.gzip is not None:
            variant = representation.gzip
        else:
            acceptable = preference.identity
    if if_none_match is not None:  # beats If-Modified-Since, also when it does not match (RFC 9110, 13.2.2)
        known = matching(representation, variant, if_none_match)
        if known is not None:
            return Choice(304, known)
    elif if_modified_since is not None and not_newer(representation, if_modified_since):
        return Choice(304, variant)
    return Choice(200 if acceptable else 406, variant)


def matching(representation: Representation, variant: Variant, if_none_match: bytes) -> Variant | None:
    """The variant whose tag the client holds, by weak comparison; the negotiated one first.

    The tag of the other coding counts as well: it names the same content, and a reader that switches coding, or sits
    behind a proxy that unpacks, must not fetch again (network.md S2; the trap of Apache's mod_deflate).
    """
    if if_none_match == variant.etag:
        return variant
    tags = {tag.strip().removeprefix(b"W/") for tag in if_none_match.split(b",")}
    if if_none_match.strip() == b"*" or variant.etag in tags:
        return variant
    for other in (representation.identity, representation.gzip):
        if other is not None and other.etag in tags:
            return other
    return None


def not_newer(representation: Representation, if_modified_since: bytes) -> bool:
    """Whether nothing changed since that date; a date nobody can read counts as not sent (RFC 9110, 13.1.3)."""
    if if_modified_since == representation.last_modified:
        return True
    try:
        date = parsedate_to_datetime(if_modified_since.decode("latin-1"))
        return representation.modified <= date.timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return False


@lru_cache(maxsize=256)  # readers send a few dozen different values; a hostile client only turns the cache over
def prefer(accept_encoding: bytes) -> Preference:
    """Read Accept-Encoding: q-values, `q=0`, `*`, `identity;q=0`; a weight nobody can read rules its coding out."""
    weights: dict[str, float] = {}
    for part in accept_encoding.decode("latin-1").lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        if name:
            weights["gzip" if name == "x-gzip" else name] = weight(parameters)
    rest = weights.get("*")
    gzip = weights.get("gzip", rest if rest is not None else 0.0)
    identity = weights.get("identity", rest if rest is not None else None)
    if identity is None:  # not mentioned: acceptable, and less wanted than any coding that was
        return Preference(gzip=gzip > 0, identity=True)
    return Preference(gzip=gzip > 0 and gzip >= identity, identity=identity > 0)


def weight(parameters: list[str]) -> float:
    """The q-value among the parameters of one coding; 1 when there is none, 0 when it is no number."""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            return float(value) if QVALUE.match(value.strip()) else 0.0
    return 1.0
