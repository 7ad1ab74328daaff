"""Compressed twins: `atom.xml.gz` beside `atom.xml`, for web servers that send them as they lie.

In:  a file's name and bytes; a content coding.
Out: its twin's name and bytes; whether a twin holds a file.
Never: a name or a time inside a twin: equal bytes make equal twins. Writes nothing, `deliver` does.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

SUFFIXES = {"gzip": ".gz", "br": ".br"}  # as nginx and Caddy look for them
GZIP_LEVEL = 6  # 9 takes half as long again for 1 % less (measured on feeds)
BROTLI_QUALITY = 6  # 11, the default, takes a second for a feed
_TEXTS = (".xml", ".html", ".json", ".opml", ".css", ".js", ".svg", ".txt")


def is_packable(name: str) -> bool:
    """True for files of text; pictures are compressed already."""
    return name.endswith(_TEXTS)


def twins_of(name: str, data: bytes, codings: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of each twin of a file; a small file has some too, even if they are larger."""
    if is_packable(name):
        for coding in codings:
            yield name + SUFFIXES[coding], pack(data, coding)


def pack(data: bytes, coding: str) -> bytes:
    """`data` in a content coding."""
    if coding == "gzip":
        import gzip  # only when something is packed: publishing without news packs nothing

        return gzip.compress(data, GZIP_LEVEL, mtime=0)
    import brotli  # type: ignore[import-untyped]

    packed: bytes = brotli.compress(data, mode=brotli.MODE_TEXT, quality=BROTLI_QUALITY)
    return packed


def holds(packed: bytes, coding: str, data: bytes) -> bool:
    """Whether a twin is one of `data`; what is no twin at all is none of it."""
    if coding == "gzip":
        unpacking = zlib.decompressobj(wbits=31)
        try:
            return unpacking.decompress(packed, len(data) + 1) == data and unpacking.eof and not unpacking.unused_data
        except zlib.error:
            return False
    import brotli

    try:
        return bool(brotli.decompress(packed) == data)
    except brotli.error:
        return False
