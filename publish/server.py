"""A uvicorn server that someone else starts and stops: no signal handlers, no log set-up, no access log.

In:  the app of `serve`, sockets that are bound already.
Out: a thread that serves until `stop`.
Never: takes a signal from the program it runs in, or lives on after `stop` returned.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import importlib.util
import resource
import socket
import threading
from collections.abc import Iterator, Sequence
from typing import Self

import uvicorn

from feedmill.feeds.errors import FeedmillError, UsageError
from feedmill.publish.connection import Limits, ShelfConnection, connection_for
from feedmill.publish.serve import ServedFolder

BACKLOG = 2048
DRAIN_SECONDS = 10  # for answers that are on their way when we stop


class FolderServer:
    """Serves `site` on `sockets` from a thread of its own. Use as a context manager, or `start` and `stop`."""

    def __init__(
        self,
        site: ServedFolder,
        sockets: Sequence[socket.socket],
        *,
        limits: Limits | None = None,
        drain: float = DRAIN_SECONDS,
    ) -> None:
        self.sockets = list(sockets)
        limits = limits or Limits(connections=connection_limit())
        config = uvicorn.Config(
            site,
            http=connection_for(site, limits),
            loop="uvloop" if importlib.util.find_spec("uvloop") else "asyncio",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            headers=[("server", "feedmill")],
            timeout_keep_alive=int(limits.idle) + 1,
            timeout_graceful_shutdown=int(drain),
            backlog=BACKLOG,
        )
        self._server = _SweepingServer(config)
        self._thread = threading.Thread(target=self._run, name="serve", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether it is serving."""
        return self._thread.is_alive() and self._server.started

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._server.server_state.connections)

    def start(self) -> None:
        """Return once connections are accepted."""
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            self._server.ready.wait(0.05)
        if not self._server.started:
            raise FeedmillError("serve: the server did not start; the log says why")

    def close(self) -> None:
        """Accept nothing more, from now; answers that are on their way end. Returns at once."""
        self._server.should_exit = True

    def stop(self) -> None:
        """`close`, and return when all is closed."""
        self.close()
        if self._thread.is_alive():
            self._thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        self._server.run(sockets=self.sockets)


class _SweepingServer(uvicorn.Server):
    """uvicorn's main loop, which also looks at the connections' deadlines once a second."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the program."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell `start` when connections are accepted."""
        await super().startup(sockets)
        self.ready.set()

    async def on_tick(self, counter: int) -> bool:
        """Each tenth of a second, from uvicorn's main loop."""
        if counter % 10 == 0:
            now = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                if isinstance(connection, ShelfConnection):
                    connection.sweep(now)
        return await super().on_tick(counter)


def connection_limit() -> int:
    """How many clients at once: the default limit, or half of the file descriptors this process may have."""
    most = Limits().connections
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return most if soft == resource.RLIM_INFINITY else max(16, min(most, soft // 2))


def bind(host: str, port: int) -> list[socket.socket]:
    """Listening sockets for every address `host` names (`localhost` is two); port 0 takes any free one.

    Raises UsageError with a sentence that says what to do.
    """
    where = f"{host}:{port}"
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError, OverflowError) as error:
        raise UsageError(f"serve: cannot listen on {where}: {host!r} is no address of this machine ({error})") from None
    sockets: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in dict.fromkeys(found):
            sockets.append(_listen(family, kind, protocol, (address[0], port, *address[2:])))
            port = port or sockets[0].getsockname()[1]
    except OSError as error:
        for opened in sockets:
            opened.close()
        raise UsageError(f"serve: cannot listen on {where}: {_advice(error)}") from None
    return sockets


def _listen(family: int, kind: int, protocol: int, address: tuple[object, ...]) -> socket.socket:
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        listener.setblocking(False)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _advice(error: OSError) -> str:
    sentences = {
        errno.EADDRINUSE: "another program listens there; stop it, or set another [serve] port",
        errno.EACCES: "not permitted; ports below 1024 need a privilege, set another [serve] port",
        errno.EADDRNOTAVAIL: "this machine has no such address; set another [serve] host",
    }
    return sentences.get(error.errno or 0, error.strerror or str(error))


def addresses(sockets: Sequence[socket.socket]) -> list[str]:
    """The URLs under which `sockets` are reachable, with a trailing slash."""
    urls = []
    for listener in sockets:
        host, port = listener.getsockname()[:2]
        urls.append(f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/")
    return urls
