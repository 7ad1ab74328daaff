"""Reading one HTTP/1 answer: status line, headers and body framing, bounded in size and time.

In:  a connected socket and a deadline.
Out: an `http.client.HTTPResponse` that stands before the body of the final (not 1xx) answer.
Never: waits past the deadline, holds more header bytes than the budget, guesses a framing that makes no sense.

http.client 3.11 takes 103 for the final answer, stops at 100 headers but takes 6 MB of them, and has the e-mail package
parse them: a third of the CPU of a 304 (checks 97-101 of reference network.md). The body is still read by http.client.
"""

from __future__ import annotations

import http.client
import io
import socket
from typing import Any

from feedmill.feeds.outcome import FailureKind
from feedmill.ingest.connect import Deadline, TransportError
from feedmill.ingest.target import printable

MAX_HEADER_BYTES = 131_072  # of one answer, interim ones included: check 100 allows one of 100 KB
MAX_HEADERS = 256
MAX_INTERIM_ANSWERS = 16  # 100, 102, 103: skipped; a flood of them is cut off (check 98)
EMPTY_STATUSES = frozenset({204, 304})


class TimedResponse(http.client.HTTPResponse):
    """http.client's reader of bodies behind our own reader of status lines and headers."""

    def __init__(self, sock: socket.socket, *, deadline: Deadline, method: str | None = None, **_: Any) -> None:
        unlimited = sock.makefile("rb", buffering=0)
        self.fp = io.BufferedReader(_TimedReader(unlimited, sock, deadline), 16_384)
        self.debuglevel = 0
        self._method = method
        self.headers = self.msg = None  # type: ignore[assignment]
        self.version: Any = None
        self.status: Any = None
        self.reason: Any = None
        self.chunked: Any = None
        self.chunk_left: Any = None
        self.length: Any = None
        self.will_close: Any = None

    def begin(self) -> None:
        """Read up to the end of the final answer's headers; 1xx answers before it are skipped (check 99)."""
        if self.headers is not None:
            return
        budget = _HeaderBudget()
        for _ in range(MAX_INTERIM_ANSWERS + 1):
            version, self.status, self.reason = self._read_status_line(budget)
            headers = self._read_headers(budget)
            if self.status >= 200:
                break
        else:
            raise TransportError(FailureKind.UNPARSABLE, "the server sent only interim answers (1xx)")
        self.code = self.status
        self.version = 10 if version in ("HTTP/1.0", "HTTP/0.9") else 11
        self.headers = self.msg = headers
        self.chunked = (headers.get("transfer-encoding") or "").strip().lower() == "chunked"
        self.will_close = self._check_close()
        self.length = None if self.chunked else _length(headers)
        if self.status in EMPTY_STATUSES or self._method == "HEAD":
            self.length = 0
            self.chunked = False
        elif not self.chunked and self.length is None:
            self.will_close = True

    def _read_status_line(self, budget: _HeaderBudget) -> tuple[str, int, str]:
        line = budget.line(self.fp)
        if not line:
            raise http.client.RemoteDisconnected("no answer")
        parts = line.decode("latin-1").split(None, 2)
        version, code = [*parts, "", ""][:2]
        if not version.startswith("HTTP/1.") or not (code.isascii() and code.isdigit() and len(code) == 3):
            raise TransportError(
                FailureKind.UNPARSABLE,
                f"the server did not answer in HTTP/1: {printable(line.decode('latin-1').strip(), 40)!r}",
            )
        status = int(code)
        if not 100 <= status <= 599 or status == 101:
            raise TransportError(
                FailureKind.UNPARSABLE, f"the server answered with status {status}, which has no meaning here"
            )
        return version, status, parts[2].strip() if len(parts) > 2 else ""

    def _read_headers(self, budget: _HeaderBudget) -> http.client.HTTPMessage:
        headers = http.client.HTTPMessage()
        pairs: list[tuple[str, str]] = []
        while True:
            line = budget.line(self.fp)
            if line in (b"\r\n", b"\n"):
                break
            if not line.endswith(b"\n"):
                raise TransportError(FailureKind.UNPARSABLE, "the connection ended in the middle of the headers")
            text = line.decode("latin-1")
            if text[0] in " \t":  # obsolete folding (RFC 9112 5.2): one space in its place
                if pairs:
                    pairs[-1] = (pairs[-1][0], f"{pairs[-1][1]} {text.strip()}".strip())
                continue
            name, colon, value = text.partition(":")
            if colon and name and not name[-1].isspace():
                pairs.append((name, value.strip(" \t\r\n")))
                budget.count()
        for name, value in pairs:
            headers.set_raw(name, value)
        return headers


class _HeaderBudget:
    """Bytes and fields that one answer's head may take, interim answers included (checks 98, 100)."""

    __slots__ = ("bytes", "fields")

    def __init__(self) -> None:
        self.bytes = MAX_HEADER_BYTES
        self.fields = MAX_HEADERS

    def line(self, fp: io.BufferedReader) -> bytes:
        try:
            line = fp.readline(self.bytes + 1)
        except ConnectionError as error:
            if self.bytes == MAX_HEADER_BYTES:
                raise  # not one byte has come: a kept connection may be tried anew (check 83)
            raise TransportError(FailureKind.UNPARSABLE, "the connection broke in the middle of the headers") from error
        self.bytes -= len(line)
        if self.bytes < 0:
            raise TransportError(
                FailureKind.TOO_LARGE, f"the answer's headers are larger than {MAX_HEADER_BYTES:,} bytes"
            )
        return line

    def count(self) -> None:
        self.fields -= 1
        if self.fields < 0:
            raise TransportError(FailureKind.TOO_LARGE, f"the answer has more than {MAX_HEADERS} headers")


class _TimedReader(io.RawIOBase):
    """A socket's bytes, each wait cut to what is left of the deadline: a drip cannot outlast it (check 97)."""

    def __init__(self, unlimited: socket.SocketIO, sock: socket.socket, deadline: Deadline) -> None:
        self._unlimited = unlimited
        self._sock = sock
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._deadline.remaining("the answer"))
        try:
            return self._unlimited.readinto(buffer)
        except TimeoutError:
            raise self._deadline.expired("the answer") from None

    def close(self) -> None:
        self._unlimited.close()
        super().close()


def _length(headers: http.client.HTTPMessage) -> int | None:
    """Content-Length; several different ones, or none that is a number, make the framing unknown (RFC 9112 6.3)."""
    values = {part.strip() for line in headers.get_all("content-length", []) for part in line.split(",")}
    if not values:
        return None
    value = values.pop()
    if values or not (value.isascii() and value.isdigit() and len(value) < 16):
        raise TransportError(FailureKind.UNPARSABLE, "the answer's Content-Length makes no sense")
    return int(value)
