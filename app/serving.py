"""What `run` and `serve` share: the shelf kept fresh, the server in its thread, the hub, /healthz and /metrics.

In:  `Settings`, an event that ends it.
Out: `Hosting`: addresses, the shelf, the server.
Never: fetches a source; opens the store, unless WebSub is on: its subscriptions are kept there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from feedmill.feeds.errors import UsageError
from feedmill.publish.clients import LOOPBACK, NEAR
from feedmill.publish.connection import Limits
from feedmill.publish.handlers import handled
from feedmill.publish.headers import Policy, links_of
from feedmill.publish.serve import ServedFolder, make_app
from feedmill.publish.server import FolderServer, addresses, bind, connection_limit
from feedmill.publish.shelf import Shelf, watch
from feedmill.pulse import Condition

if TYPE_CHECKING:
    from feedmill.config.settings import Settings

HUB_BODY_BYTES = 16_384
FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
PRIVATE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

log = structlog.get_logger("feedmill.serve")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosting:
    """A folder being served. `urls` are the addresses that we listen on, each with a trailing slash."""

    shelf: Shelf
    site: ServedFolder
    server: FolderServer
    urls: tuple[str, ...]


@contextmanager
def hosting(settings: Settings, *, routes: Sequence[BaseRoute]) -> Iterator[Hosting]:
    """Serve `settings.output` inside the `with`; at its end answers that are on their way are finished.

    UsageError when we cannot listen, or the output is not a folder.
    """
    if settings.output.exists() and not settings.output.is_dir():
        raise UsageError(f"{settings.output}: `output` is not a folder; set another one in {settings.path}")
    sockets = bind(settings.serve.host, settings.serve.port)  # first: the likeliest thing to go wrong
    shelf = Shelf(settings.output, policy=policy_of(settings), links=links_of(settings.url, settings.hubs))
    leaving = threading.Event()
    watching = threading.Thread(target=_watch, args=(shelf, leaving), name="watch", daemon=True)
    with ExitStack() as closing:
        for each in sockets:
            closing.callback(each.close)
        websub = WebSubSide(settings, shelf, closing) if settings.hubs else None
        try:
            site = make_app(shelf, routes=[*routes, *(websub.routes if websub else [])])
        except OSError as error:
            raise UsageError(f"{settings.output}: cannot be read: {error.strerror or error}") from None
        with FolderServer(site, sockets, limits=limits_of(settings)) as server:
            watching.start()
            if websub is not None:
                websub.start()
            try:
                yield Hosting(shelf=shelf, site=site, server=server, urls=tuple(addresses(sockets)))
            finally:
                leaving.set()
        watching.join()


class WebSubSide:
    """Our hub, when there is one, and the pings to the hubs of others, while something is served.

    What it opens is closed by `closing`.
    """

    def __init__(self, settings: Settings, shelf: Shelf, closing: ExitStack) -> None:
        from feedmill.feeds.store_hub import HubMemory
        from feedmill.ingest.message import Messenger
        from feedmill.publish.hub import Hub
        from feedmill.publish.hub_form import HubLimits
        from feedmill.publish.topics import Topics
        from feedmill.publish.websub import Pinger

        memory = closing.enter_context(HubMemory.open(settings.store))
        messenger = closing.enter_context(Messenger(settings.fetch))
        topics = Topics(shelf, settings.url)
        self._starts: list[Callable[[], None]] = []
        self.routes: list[BaseRoute] = []
        fetching = settings.fetch
        is_any_open = bool(fetching.allow_private_networks or fetching.allow_networks or fetching.allow_hosts)
        if settings.own_hub is not None:
            hub = Hub(
                memory,
                topics,
                hub_url=settings.own_hub,
                send=messenger.send,
                # Which private addresses exactly, the guard at the socket knows; here all or none are refused at once.
                limits=HubLimits(allow_private_networks=is_any_open),
            )
            self.routes.append(handled("/hub", hub.answer, max_body_bytes=HUB_BODY_BYTES))
            self._starts.append(hub.start)
            closing.callback(hub.stop)
        if settings.serve.hubs:
            pinger = Pinger(
                memory,
                hubs=settings.serve.hubs,
                send=messenger.send,
                visible=topics.shows,
                clock=lambda: datetime.now(UTC),
            )
            leaving = threading.Event()
            pinging = threading.Thread(target=pinger.run, args=(leaving,), name="pings", daemon=True)
            self._starts.append(pinging.start)
            closing.callback(leaving.set)

    def start(self) -> None:
        """Begin; the `ExitStack` ends it."""
        for start in self._starts:
            start()


def limits_of(settings: Settings) -> Limits:
    """The server's limits with what `[serve]` says of a single client."""
    wishes = settings.serve
    return Limits(
        connections=connection_limit(),
        per_client=wishes.connections_per_client,
        rate=wishes.requests_per_second,
        burst=wishes.burst,
        unlimited=(*NEAR, *wishes.trusted_proxies),
        trusted=(*LOOPBACK, *wishes.trusted_proxies),
    )


def policy_of(settings: Settings) -> Policy:
    """Caches may keep a feed for half of the shortest time between two looks at a source (publishing.md I4)."""
    half = settings.schedule.min_interval / 2
    return Policy(max_age=half, stale_while_revalidate=max(2 * half, timedelta(minutes=10)))


def announce(settings: Settings, hosted: Hosting, say: Callable[[str], None]) -> None:
    """Tell a person where to look."""
    for url in hosted.urls:
        say(f"serving {settings.output} at {url}")
        feeds = [path for path in hosted.shelf.table if path.endswith("/atom.xml")]
        for path in sorted(feeds, key=lambda path: (path.count("/"), path))[:5]:
            say(f"  subscribe to {url}{path[1:]}")
    if not hosted.shelf.table:
        say("  nothing is published there yet; it appears as soon as it is")


def health_route(condition: Callable[[], Condition]) -> Route:
    """/healthz: 200 or 503 and one line, for everyone; it says nothing that the front page does not show."""

    async def healthz(_request: Request) -> Response:
        found = condition()
        return PlainTextResponse(f"{found.text}\n", 200 if found.fine else 503, PRIVATE)

    return Route("/healthz", healthz)


def metrics_route(text: Callable[[], bytes]) -> Route:
    """/metrics, for this machine only: not through a proxy, and not by a name that somebody rebound to us (T75)."""

    def metrics(request: Request) -> Response:  # not async: starlette runs it in a thread, collecting reads /proc
        if not is_local(request):
            return PlainTextResponse("metrics are for this machine only\n", 403, PRIVATE)
        return Response(text(), headers=PRIVATE, media_type=CONTENT_TYPE_LATEST)

    return Route("/metrics", metrics)


def is_local(request: Request) -> bool:
    """Whether a program on this machine asks, directly and by a loopback name."""
    if any(name in request.headers for name in FORWARDED):
        return False
    host = request.url.hostname or ""
    return _is_loopback(request.client.host if request.client else "") and (host == "localhost" or _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _watch(shelf: Shelf, leaving: threading.Event) -> None:
    def on_error(error: OSError) -> None:
        log.warning("the published folder cannot be read", folder=str(shelf.root), error=str(error))

    watch(shelf, leaving, on_error=on_error)


def count_files(folder: Path, shelf: Shelf) -> Condition:
    """The health of `serve`: there is something to serve."""
    if not shelf.table:
        return Condition(fine=False, text=f"nothing is published in {folder.name} yet")
    return Condition(fine=True, text=f"ok; {len(shelf.table)} paths")
