"""One request, one answer, on sockets that are guarded and timed.

In:  a prepared request and a deadline.
Out: a `requests.Response` whose body has not been read; or `TransportError` with the kind and sentence of the failure.
Never: follows a redirect, keeps a cookie, reads the environment, connects to an address that was not checked, waits
past the deadline, decodes a body.

Everything that goes out passes here: it is a requests adapter, so it can also be mounted on a `requests.Session`.
Why not the stock adapter (figures in reference network.md section 5):
  - it loads the CA bundle for every host, 29 ms of CPU each: here is one SSLContext for the process;
  - its timeouts count single reads, so one byte a second lives for ever: here each wait gets what is left (check 97);
  - http.client 3.11 takes 103 for the final answer and stops at 100 headers, but not at 6 MB of them (checks 99, 100);
  - its pools remember every host: here at most a few idle connections are kept, for the next feed of the same site.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from feedmill.feeds.outcome import Failure, FailureKind
from feedmill.ingest.addresses import Opened
from feedmill.ingest.connect import Deadline, Resolver, TransportError, open_socket
from feedmill.ingest.options import FetchOptions, TlsTrust
from feedmill.ingest.target import Target, printable, read_target
from feedmill.ingest.timed_response import EMPTY_STATUSES, TimedResponse
from feedmill.ingest.trust import context_for, refuse_certificate

_KEPT_CONNECTIONS = 8
_KEPT_SECONDS = 15.0
_PIECE_BYTES = 65_536

# Whose connection it is: an origin, and whom its certificate was believed for. One that an exception let in must not
# serve a source that has none.
_Place = tuple[tuple[str, str, int], TlsTrust | None]


@cache
def shared_context() -> ssl.SSLContext:
    """The process's one SSLContext: the system's certificates and those of certifi, host names checked."""
    context = ssl.create_default_context()
    context.load_verify_locations(cafile=DEFAULT_CA_BUNDLE_PATH)
    context.set_alpn_protocols(["http/1.1"])
    return context


class Arrived(requests.Response):
    """An answer whose headers are here, with the connection it comes over; the body is still on the wire."""

    def __init__(self, held: _Connection) -> None:
        super().__init__()
        self.held = held

    def close(self) -> None:
        """Close the answer and its connection; `Transport.finish` is the way to keep the connection."""
        super().close()
        self.held.close()


class Transport(HTTPAdapter):
    """A requests adapter with guarded sockets, a total deadline and one SSLContext.

    `opened` are the private addresses that may be asked (`for_options` reads them from `[fetch]`). `context` and
    `resolver` are for tests and for a host's own certificates; None means the usual ones.
    """

    def __init__(
        self,
        *,
        allow_private_networks: bool = False,
        opened: Opened | None = None,
        context: ssl.SSLContext | None = None,
        resolver: Resolver = socket.getaddrinfo,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(pool_connections=1, pool_maxsize=1)
        self._opened = opened or Opened(everything=allow_private_networks)
        self._context = context
        self._resolver = resolver
        self._clock = clock
        self._idle: OrderedDict[_Place, tuple[_Connection, float]] = OrderedDict()
        self._lock = threading.Lock()

    @classmethod
    def for_options(cls, options: FetchOptions) -> Transport:
        """The transport that keeps to `[fetch]`: whatever goes out passes one address guard (T9)."""
        return cls(
            opened=Opened(
                everything=options.allow_private_networks,
                networks=options.allow_networks,
                hosts=frozenset(host.lower() for host in options.allow_hosts),
            )
        )

    def send(  # type: ignore[override]
        self,
        request: requests.PreparedRequest,
        stream: bool = True,  # noqa: ARG002 - the signature is requests'; we always stream
        timeout: float | Deadline | None = None,
        verify: Any = True,  # noqa: ARG002 - always
        cert: Any = None,  # noqa: ARG002
        proxies: Any = None,  # noqa: ARG002 - none (check 10)
        trust: TlsTrust | None = None,
    ) -> Arrived:
        """Send and wait for the answer's headers. `timeout` is total, in seconds, or a Deadline that already runs;
        `trust` holds for this request, and for a kept connection that was made under it."""
        target = read_target(request.url or "")
        if isinstance(target, Failure):
            raise TransportError(target.kind, target.detail)
        if not isinstance(timeout, Deadline):
            timeout = Deadline(30.0 if timeout is None else float(timeout), clock=self._clock)
        kept = self._take((target.origin, trust))
        if kept is not None:
            try:
                return self._exchange(kept, request, target, timeout)
            except _StaleConnectionError:
                pass  # check 83: the one repetition that is allowed; no byte of an answer had come
        return self._exchange(self._connection(target, trust), request, target, timeout)

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            idle = [connection for connection, _ in self._idle.values()]
            self._idle.clear()
        for connection in idle:
            connection.close()
        super().close()

    def finish(self, response: Arrived) -> None:
        """Done with the answer: keep its connection when it is clean and could serve again, else close it."""
        connection = response.held
        if not connection.reusable(response.raw):
            response.close()
            return
        now = self._clock()
        with self._lock:
            replaced = self._idle.pop(connection.place, None)
            self._idle[connection.place] = (connection, now)
            leaving = [] if replaced is None else [replaced[0]]
            while self._idle:
                place, (oldest, since) = next(iter(self._idle.items()))
                if len(self._idle) <= _KEPT_CONNECTIONS and now - since < _KEPT_SECONDS:
                    break
                del self._idle[place]
                leaving.append(oldest)
        for each in leaving:
            each.close()

    def _take(self, place: _Place) -> _Connection | None:
        with self._lock:
            connection, since = self._idle.pop(place, (None, 0.0))
        if connection is None:
            return None
        if self._clock() - since < _KEPT_SECONDS and connection.is_connected:
            return connection
        connection.close()
        return None

    def _connection(self, target: Target, trust: TlsTrust | None) -> _Connection:
        tls = None
        if target.scheme == "https":
            try:
                tls = self._context or shared_context() if trust is None else context_for(trust)
            except OSError as error:  # ssl.SSLError is one too
                raise TransportError(
                    FailureKind.TLS,
                    f"the certificates of tls_ca cannot be used: {printable(error.strerror or str(error))}",
                ) from error
        opener = partial(open_socket, opened=self._opened, resolver=self._resolver)
        return _Connection(target, tls, opener, trust)

    def _exchange(
        self, connection: _Connection, request: requests.PreparedRequest, target: Target, deadline: Deadline
    ) -> Arrived:
        reused = connection.sock is not None
        connection.deadline = deadline
        try:
            connection.request(
                request.method or "GET",
                target.path,
                body=request.body,
                headers=request.headers,
                preload_content=False,
                decode_content=False,
            )
            raw = connection.getresponse()
        except Exception as error:
            connection.close()
            if reused and isinstance(error, ConnectionError):
                raise _StaleConnectionError from error
            raise _as_transport_error(error, target) from error
        response = Arrived(connection)
        response.status_code = raw.status
        response.reason = raw.reason or ""
        response.headers = CaseInsensitiveDict(raw.headers)
        response.raw = raw
        response.url = target.url
        response.request = request
        response.connection = self
        return response


def prepared(
    target: Target, headers: Mapping[str, str], *, method: str = "GET", body: bytes | None = None
) -> requests.PreparedRequest:
    """A request made by hand: `Request.prepare` would re-escape the path, read .netrc and join cookies."""
    request = requests.PreparedRequest()
    request.method = method
    request.url = target.url
    request.headers = CaseInsensitiveDict(headers)
    request.body = body
    return request


def wire_pieces(response: requests.Response, target: Target) -> Iterator[bytes]:
    """The body as it comes off the wire, 64 KB at a time; a body shorter than it said is an error (check 27)."""
    raw = response.raw
    while True:
        try:
            piece = raw.read(_PIECE_BYTES, decode_content=False)
        except Exception as error:
            raise _as_transport_error(error, target) from error
        if not piece:
            return
        yield piece


class _StaleConnectionError(Exception):
    """A kept connection had been closed by the server before our request arrived."""


class _Connection(urllib3.connection.HTTPConnection):
    """http.client underneath, with our socket, our response class and no header parsing by the e-mail package."""

    def __init__(
        self,
        target: Target,
        tls: ssl.SSLContext | None,
        opener: Callable[[str, int, Deadline], socket.socket],
        trust: TlsTrust | None = None,
    ) -> None:
        super().__init__(target.host, target.port)
        self.default_port = 443 if tls is not None else 80  # type: ignore[misc]  # what the Host header leaves out
        self.target = target
        self.deadline = Deadline(0.0)
        self.place: _Place = (target.origin, trust)
        self._trust = trust
        self._tls = tls
        self._opener = opener
        self.response_class = self._make_response  # type: ignore[assignment]

    def _make_response(self, sock: socket.socket, **options: Any) -> TimedResponse:
        return TimedResponse(sock, deadline=self.deadline, **options)

    def _new_conn(self) -> socket.socket:
        return self._opener(self.target.host, self.target.port, self.deadline)

    def connect(self) -> None:
        sock = self._new_conn()
        if self._tls is not None:
            try:
                sock.settimeout(self.deadline.remaining("the TLS handshake"))
                sock = self._tls.wrap_socket(sock, server_hostname=self.target.host.rstrip("."))
            except TimeoutError:
                sock.close()
                raise self.deadline.expired("the TLS handshake") from None
            except BaseException:
                sock.close()
                raise
            reason = refuse_certificate(self._trust, sock.getpeercert(binary_form=True))
            if reason:
                sock.close()
                raise TransportError(
                    FailureKind.TLS, f"the certificate of {self.target.host} is not accepted: {reason}"
                )
        sock.settimeout(self.deadline.remaining("the request"))
        self.sock = sock

    def request(self, *args: Any, **options: Any) -> None:
        self.timeout = self.deadline.remaining("the request")  # urllib3 puts it on a socket that is used again
        super().request(*args, **options)

    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]
        """As urllib3's, without its second and third look at the headers."""
        method = self._response_options.request_method if self._response_options else "GET"
        answer = http.client.HTTPConnection.getresponse(self)
        return urllib3.HTTPResponse(
            body=answer,
            headers=urllib3.HTTPHeaderDict(answer.headers.raw_items()),
            status=answer.status,
            version=answer.version,
            reason=answer.reason,
            preload_content=False,
            decode_content=False,
            original_response=answer,
            request_method=method,
        )

    def reusable(self, raw: urllib3.HTTPResponse) -> bool:
        """Whether the answer was read to its end and cannot have left anything behind (check 35)."""
        answer = raw._original_response  # noqa: SLF001 - urllib3 has no public name for it
        if not isinstance(answer, TimedResponse) or self.sock is None or answer.will_close or not answer.isclosed():
            return False
        promised_body = answer.headers.get("content-length", "0") != "0" or "transfer-encoding" in answer.headers
        return not (answer.status in EMPTY_STATUSES and promised_body)


def _as_transport_error(error: BaseException, target: Target) -> TransportError:
    """The word and the sentence for whatever http.client, ssl, socket or urllib3 raised."""
    if isinstance(error, TransportError):
        return error
    if isinstance(error, urllib3.exceptions.HTTPError):
        inner = _inner(error)
        if inner is not None:
            return _as_transport_error(inner, target)
    host = target.host
    if isinstance(error, TimeoutError | urllib3.exceptions.TimeoutError):
        return TransportError(FailureKind.TIMEOUT, f"{host} did not answer in time")
    if isinstance(error, ssl.SSLCertVerificationError):
        return TransportError(
            FailureKind.TLS, f"the certificate of {host} is not accepted: {printable(error.verify_message)}"
        )
    if isinstance(error, ssl.SSLError):
        return TransportError(
            FailureKind.TLS, f"no secure connection to {host}: {printable(error.reason or str(error))}"
        )
    if isinstance(error, http.client.IncompleteRead | urllib3.exceptions.IncompleteRead):
        return TransportError(FailureKind.UNPARSABLE, "the body was cut short: the connection ended before its end")
    if isinstance(error, http.client.RemoteDisconnected):
        return TransportError(FailureKind.REFUSED, f"{host} closed the connection without an answer")
    if isinstance(error, OSError):
        return TransportError(
            FailureKind.REFUSED, f"the connection to {host} broke: {printable(error.strerror or str(error))}"
        )
    return TransportError(FailureKind.UNPARSABLE, f"the answer of {host} cannot be read: {printable(str(error))}")


def _inner(error: BaseException) -> BaseException | None:
    """What urllib3 wrapped: the cause it names, or an exception among its arguments."""
    if error.__cause__ is not None:
        return error.__cause__
    return next((each for each in error.args if isinstance(each, BaseException)), None)
