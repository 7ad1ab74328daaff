"""From a host name to a connected socket, guarded and timed.

In:  a host, a port, a deadline.
Out: a connected TCP socket to an address that was checked; or `TransportError`.
Never: looks a name up twice for one connection (rebinding, T5), connects to an address it has not judged, waits past
the deadline, also not for a resolver that hangs.
"""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from itertools import zip_longest
from typing import Any

from feedmill.feeds.outcome import FailureKind
from feedmill.ingest.addresses import Opened, is_private
from feedmill.ingest.target import printable

_NOTHING_OPENED = Opened()
Resolver = Callable[..., Sequence[tuple[Any, ...]]]  # of the shape of socket.getaddrinfo

_STAGGER_SECONDS = 0.25  # RFC 8305 5: head start of one address before the next is tried beside it
_MOST_ADDRESSES = 6


class TransportError(Exception):
    """Expected trouble on the way; becomes a Failure before it leaves the fetching room."""

    def __init__(self, kind: FailureKind, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail


class Deadline:
    """A point in monotonic time that covers DNS, connect, TLS, headers and body together (check 97)."""

    __slots__ = ("_clock", "_end", "seconds")

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._end = clock() + seconds

    def remaining(self, waiting_for: str) -> float:
        """Seconds left, more than 0; raises TransportError(TIMEOUT) naming what we were waiting for."""
        left = self._end - self._clock()
        if left <= 0:
            raise self.expired(waiting_for)
        return left

    def extend(self, seconds: float) -> None:
        """Time that was spent waiting for a site's turn, which is no fault of the one that is asked."""
        self._end += seconds

    def expired(self, waiting_for: str) -> TransportError:
        """The error of a wait that took all that was left."""
        return TransportError(FailureKind.TIMEOUT, f"gave up after {self.seconds:g} s while waiting for {waiting_for}")


def open_socket(
    host: str,
    port: int,
    deadline: Deadline,
    *,
    opened: Opened = _NOTHING_OPENED,
    resolver: Resolver = socket.getaddrinfo,
) -> socket.socket:
    """Resolve once, judge every address, connect to the first good one that answers (T1-T5, check 103)."""
    allowed: list[tuple[int, Any]] = []
    reason, where = "no address", host
    for family, address in _lookup(host, port, deadline, resolver):
        refusal = opened.refuse(host, address[0])
        if refusal is None:
            allowed.append((family, address))
        else:
            reason, where = refusal, address[0]
    if not allowed:
        hint = " (allow_networks or allow_private_networks opens it)" if is_private(where) else ""
        place = host if where == host else f"{host} is at {where}, which"
        raise TransportError(FailureKind.BLOCKED_ADDRESS, f"{place} is {reason}: not connected{hint}")
    sock = _connect(_interleaved(allowed)[:_MOST_ADDRESSES], host, deadline)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _lookup(host: str, port: int, deadline: Deadline, resolver: Resolver) -> list[tuple[int, Any]]:
    literal = _literal(host, port)
    if literal is not None:
        return [literal]
    answer: list[Any] = []

    def ask() -> None:
        try:
            answer.append(resolver(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answer.append(error)

    # getaddrinfo cannot be told a time limit; a daemon thread can be left behind, a hanging resolver frees it later.
    asking = threading.Thread(target=ask, name=f"dns {host}", daemon=True)
    asking.start()
    asking.join(deadline.remaining("a name server"))
    if not answer:
        raise deadline.expired(f"a name server to find {host}")
    found = answer[0]
    if not found:
        found = OSError(0, "it has no address")
    if isinstance(found, Exception):
        words = found.strerror if isinstance(found, OSError) else "not a name that can be looked up"
        raise TransportError(FailureKind.DNS, f"the host {host} was not found ({printable(words or str(found))})")
    return list(dict.fromkeys((row[0], row[4]) for row in found))


def _literal(host: str, port: int) -> tuple[int, Any] | None:
    """An address written in full needs no lookup; its odd spellings (127.1, 0x7f000001) go to the resolver as names."""
    if not (host[-1].isdigit() or ":" in host):
        return None
    try:
        version = ip_address(host).version
    except ValueError:
        return None
    return (socket.AF_INET, (host, port)) if version == 4 else (socket.AF_INET6, (host, port, 0, 0))


def _interleaved(addresses: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
    """IPv6 and IPv4 in turn, in the resolver's order (RFC 8305 4), so that a dead family costs one head start."""
    if len(addresses) < 2:
        return addresses
    first = addresses[0][0]
    same = [each for each in addresses if each[0] == first]
    other = [each for each in addresses if each[0] != first]
    return [each for pair in zip_longest(same, other) for each in pair if each is not None]


def _connect(addresses: list[tuple[int, Any]], host: str, deadline: Deadline) -> socket.socket:
    if len(addresses) == 1:
        family, address = addresses[0]
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.settimeout(deadline.remaining(f"a connection to {host}"))
            sock.connect(address)
        except TimeoutError:
            sock.close()
            raise deadline.expired(f"a connection to {host}") from None
        except OSError as error:
            sock.close()
            raise _unreachable(host, error) from error
        except BaseException:
            sock.close()
            raise
        return sock
    return _Race(host, deadline).run(addresses)


def _unreachable(host: str, error: OSError | None) -> TransportError:
    words = (error.strerror or str(error)).lower() if error is not None else "no address answered"
    return TransportError(FailureKind.REFUSED, f"{host} cannot be reached: {words}")


class _Race:
    """Happy Eyeballs (RFC 8305): each address gets a head start of 250 ms, then the next is tried beside it."""

    def __init__(self, host: str, deadline: Deadline) -> None:
        self._host = host
        self._deadline = deadline
        self._selector = selectors.DefaultSelector()
        self._last_error: OSError | None = None

    def run(self, addresses: list[tuple[int, Any]]) -> socket.socket:
        waiting = list(addresses)
        winner: socket.socket | None = None
        try:
            while winner is None and (waiting or self._selector.get_map()):
                if waiting:
                    winner = self._start(*waiting.pop(0))
                if winner is None and self._selector.get_map():
                    winner = self._wait(_STAGGER_SECONDS if waiting else None)
        finally:
            for key in list((self._selector.get_map() or {}).values()):
                if key.fileobj is not winner:
                    key.fileobj.close()  # type: ignore[union-attr]
            self._selector.close()
        if winner is None:
            raise _unreachable(self._host, self._last_error) from self._last_error
        return winner

    def _start(self, family: int, address: Any) -> socket.socket | None:
        try:
            sock = socket.socket(family, socket.SOCK_STREAM)
        except OSError as error:  # a machine without IPv6
            self._last_error = error
            return None
        sock.setblocking(False)
        code = sock.connect_ex(address)
        if code == 0:
            return sock
        if code in _IN_PROGRESS:
            self._selector.register(sock, selectors.EVENT_WRITE)
        else:
            self._fail(sock, code)
        return None

    def _wait(self, head_start: float | None) -> socket.socket | None:
        """Until one connects, one fails, or the head start is over."""
        left = self._deadline.remaining(f"a connection to {self._host}")
        for key, _ in self._selector.select(left if head_start is None else min(head_start, left)):
            sock: socket.socket = key.fileobj  # type: ignore[assignment]
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            self._selector.unregister(sock)
            if code == 0:
                return sock
            self._fail(sock, code)
        return None

    def _fail(self, sock: socket.socket, code: int) -> None:
        sock.close()
        self._last_error = OSError(code, errno_words(code))


def errno_words(code: int) -> str:
    """The operating system's words for an error number."""
    import os

    return os.strerror(code)


def _in_progress() -> frozenset[int]:
    import errno

    return frozenset({errno.EINPROGRESS, errno.EWOULDBLOCK, getattr(errno, "WSAEWOULDBLOCK", errno.EINPROGRESS)})


_IN_PROGRESS = _in_progress()
