"""Content codings undone under a cap.

In:  the pieces of a body as they come off the wire, and its Content-Encoding.
Out: the decoded bytes; or `BodyError` with the kind and the sentence of the failure.
Never: holds more than the cap, trusts a length, gives back half a body as if it were whole (checks 27, 48-50, 96).

zlib and brotli are asked for 64 KB at a time, so a bomb costs what is kept of it, not what it would unpack to.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator

from feedmill.feeds.outcome import FailureKind
from feedmill.ingest.target import printable

ACCEPTED = "gzip, deflate, br"
_PIECE_BYTES = 65_536
_MAX_CODINGS = 4  # RFC 9110 allows a chain; more than a few is an attack (T40)
_GZIP_MAGIC = b"\x1f\x8b"
_ZLIB_METHOD = 8


class BodyError(Exception):
    """The body cannot be used; never leaves the fetching room."""

    def __init__(self, kind: FailureKind, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail


def read_body(wire: Iterable[bytes], content_encoding: str, *, max_body_bytes: int) -> bytes:
    """Collect and decode a body. The cap counts decoded bytes; what comes off the wire is held to the same number."""
    pieces = _capped(wire, max_body_bytes, "on the wire")
    codings = [name for name in (part.strip().lower() for part in content_encoding.split(",")) if name]
    if len(codings) > _MAX_CODINGS:
        raise BodyError(FailureKind.UNPARSABLE, f"the body is wrapped in {len(codings)} content codings")
    for name in reversed(codings):  # RFC 9110 8.4: listed in the order in which they were applied
        if name == "identity":
            continue
        undo = _DECODERS.get(name)
        if undo is None:
            shown = printable(name, 40)
            raise BodyError(
                FailureKind.UNPARSABLE, f"the body came in content coding {shown!r}, which was not asked for"
            )
        pieces = _capped(undo(pieces), max_body_bytes, "once decoded")
    body = b"".join(pieces)
    if body[:2] == _GZIP_MAGIC:  # check 50: packed, and the server did not say so
        body = b"".join(_capped(_gunzip([body]), max_body_bytes, "once decoded"))
    return body


def _capped(pieces: Iterable[bytes], cap: int, where: str) -> Iterator[bytes]:
    seen = 0
    for piece in pieces:
        seen += len(piece)
        if seen > cap:
            raise BodyError(
                FailureKind.TOO_LARGE, f"the body is larger than {cap:,} bytes {where}: stopped after {seen:,} bytes"
            )
        yield piece


def _gunzip(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """gzip, also of several members (RFC 1952 2.2); a plain body under a gzip label passes as it is (check 50)."""
    source = iter(pieces)
    head = _first(source, len(_GZIP_MAGIC))
    if head[:2] != _GZIP_MAGIC:
        yield head
        yield from source
        return
    yield from _inflate(_chain(head, source), "gzip", lambda _: 31, more=_GZIP_MAGIC)


def _undeflate(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """deflate: the zlib format of RFC 9110 8.4.1.2, or the raw stream that some servers send under that name."""
    source = iter(pieces)
    head = _first(source, 2)
    if not head:
        return
    yield from _inflate(_chain(head, source), "deflate", _deflate_bits, more=None)


def _unbrotli(pieces: Iterable[bytes]) -> Iterator[bytes]:
    import brotli  # type: ignore[import-untyped]

    unpack = brotli.Decompressor()
    empty = True
    try:
        for piece in pieces:
            empty = empty and not piece
            data = piece
            while True:
                out = unpack.process(data, output_buffer_limit=_PIECE_BYTES)
                if out:
                    yield out
                if unpack.is_finished():
                    return
                data = b""
                if not out and unpack.can_accept_more_data():
                    break  # "can accept" alone is also said while decoded bytes still wait inside
    except brotli.error as error:
        raise BodyError(FailureKind.UNPARSABLE, "the br body is damaged") from error
    if not empty:
        raise BodyError(FailureKind.UNPARSABLE, "the br body was cut short")


_DECODERS: dict[str, Callable[[Iterable[bytes]], Iterator[bytes]]] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _undeflate,
    "br": _unbrotli,
}


def _inflate(
    pieces: Iterable[bytes], name: str, bits: Callable[[bytes], int], *, more: bytes | None
) -> Iterator[bytes]:
    """Decompress one stream, or one after the other while each next one begins with `more`."""
    unpack = None
    whole = False  # the stream so far ended where it should
    data = b""
    try:
        for piece in pieces:
            data += piece
            while data or unpack is not None:
                if unpack is None:
                    if whole and (more is None or not more.startswith(data[: len(more)])):
                        return  # padding and rubbish after the end are ignored, as by gzip itself
                    if whole and len(data) < len(more or b""):
                        break  # too little to tell
                    unpack, whole = zlib.decompressobj(bits(data)), False
                out = unpack.decompress(data, _PIECE_BYTES)
                if out:
                    yield out
                data = unpack.unconsumed_tail
                if unpack.eof:
                    data, unpack, whole = unpack.unused_data, None, True
                elif not data and len(out) < _PIECE_BYTES:
                    break
    except zlib.error as error:
        raise BodyError(FailureKind.UNPARSABLE, f"the {name} body is damaged") from error
    if not whole:
        raise BodyError(FailureKind.UNPARSABLE, f"the {name} body was cut short")


def _deflate_bits(head: bytes) -> int:
    """15 for the zlib format, -15 for raw: RFC 1950 2.2, method 8 and a check sum divisible by 31."""
    zlib_header = len(head) > 1 and head[0] & 0x0F == _ZLIB_METHOD and (head[0] << 8 | head[1]) % 31 == 0
    return 15 if zlib_header else -15


def _first(source: Iterator[bytes], wanted: int) -> bytes:
    """The first pieces of `source`, joined until there are `wanted` bytes or no more."""
    head = b""
    for piece in source:
        head += piece
        if len(head) >= wanted:
            break
    return head


def _chain(head: bytes, source: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from source
