"""A loopback server that misbehaves exactly as told, and a fetcher that may reach it."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feedmill.ingest.fetch import Fetcher
from feedmill.ingest.options import FetchOptions
from feedmill.ingest.transport import Transport

FEED = b"<rss version='2.0'><channel><title>A blog</title></channel></rss>"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Request:
    """One request as it came: its first line and its header fields, bytes kept as latin-1 text."""

    line: str
    fields: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str | None:
        return next((value for key, value in self.fields if key.lower() == name.lower()), None)

    @property
    def names(self) -> set[str]:
        return {key.lower() for key, _ in self.fields}


Answer = bytes | Callable[[socket.socket], None]


def reply(status: int = 200, body: bytes | None = FEED, *fields: str, length: int | None = None) -> bytes:
    """The bytes of one answer; `length` lies about Content-Length, body None leaves it out."""
    head = [f"HTTP/1.1 {status} Whatever", *fields]
    if body is not None:
        head.append(f"Content-Length: {len(body) if length is None else length}")
    return ("\r\n".join(head) + "\r\n\r\n").encode("latin-1") + (body or b"")


@dataclass
class Site:
    """A scripted origin. `script` maps a path to its answers in order; the last one repeats."""

    host: str
    tls: ssl.SSLContext | None = None
    keep_alive: bool = False
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    times: list[float] = field(default_factory=list)
    script: dict[str, list[Answer]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self.listener = socket.create_server((self.host, 0), family=family, backlog=64)
        self.port = self.listener.getsockname()[1]
        self.open: set[socket.socket] = set()
        self.threads: list[threading.Thread] = []
        self.lock = threading.Lock()
        self.accepting = threading.Thread(target=self._accept, daemon=True)
        self.accepting.start()

    def url(self, path: str = "/feed", host: str | None = None) -> str:
        name = host or (f"[{self.host}]" if ":" in self.host else self.host)
        return f"{'https' if self.tls else 'http'}://{name}:{self.port}{path}"

    def on(self, path: str, *answers: Answer) -> str:
        self.script[path] = list(answers)
        return self.url(path)

    def serve(self, *answers: Answer) -> str:
        return self.on("/feed", *answers)

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self.lock:
            for sock in self.open:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
        self.accepting.join(5)
        for thread in self.threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
                self.open.add(sock)
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            self.threads.append(thread)
            thread.start()

    def _serve(self, raw: socket.socket) -> None:
        sock = raw
        try:
            if self.tls is not None:
                sock = self.tls.wrap_socket(raw, server_side=True)
                with self.lock:
                    self.open.discard(raw)
                    self.open.add(sock)
            while self._answer(sock) and self.keep_alive:
                pass
        except (OSError, ValueError):
            pass
        finally:
            with self.lock:
                self.open.discard(sock)
                self.open.discard(raw)
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_WR)
            sock.close()

    def _answer(self, sock: socket.socket) -> bool:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = sock.recv(65536)
            if not piece:
                return False
            data += piece
        line, *rows = data.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
        pairs = tuple((row.partition(":")[0], row.partition(":")[2].removeprefix(" ")) for row in rows)
        path = line.split(" ")[1].partition("?")[0]
        with self.lock:
            self.requests.append(Request(line, pairs))
            self.times.append(time.monotonic())
            answers = self.script.get(path) or [reply(404, b"nothing here")]
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if callable(answer):
            answer(sock)
        else:
            sock.sendall(answer)
        return True


@pytest.fixture
def make_site() -> Iterator[Callable[..., Site]]:
    """Origins made on demand: `make_site(host="127.0.0.2", tls=..., keep_alive=True)`."""
    made: list[Site] = []

    def make(host: str = "127.0.0.1", **options: object) -> Site:
        made.append(Site(host, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for site in made:
        site.close()


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    """One origin on 127.0.0.1."""
    return make_site()


@pytest.fixture
def answer() -> Callable[..., bytes]:
    """`reply`, for tests in other modules."""
    return reply


@pytest.fixture
def feed() -> bytes:
    return FEED


@pytest.fixture
def now() -> datetime:
    """What the fetchers of these tests take for the time."""
    return NOW


@pytest.fixture
def make_fetcher() -> Iterator[Callable[..., Fetcher]]:
    """Fetchers with small limits; `transport=` and any FetchOptions field may be given."""
    made: list[Fetcher] = []

    def make(*, transport: Transport | None = None, **options: object) -> Fetcher:
        settings: dict[str, object] = {
            "user_agent": "feedmill/0.0 (+https://planet.example/about)",
            "timeout": timedelta(seconds=5),
            "allow_private_networks": True,
            "max_body_bytes": 1_000_000,
        }
        settings.update(options)
        made.append(Fetcher(FetchOptions(**settings), transport=transport, now=lambda: NOW))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def fetcher(make_fetcher: Callable[..., Fetcher]) -> Fetcher:
    """A fetcher that may reach loopback."""
    return make_fetcher()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A certificate authority: `authority()` is its certificate, `authority(name, days=...)` a key and certificate."""
    folder = tmp_path_factory.mktemp("authority")

    def run(*args: str) -> None:
        subprocess.run(["openssl", *args], cwd=folder, check=True, capture_output=True)

    run(
        *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"),
        *("-subj", "/CN=Test authority", "-keyout", "ca.key", "-out", "ca.pem"),
    )

    def issue(name: str | None = None, *, days: int = 2) -> Path:
        if name is None:
            return folder / "ca.pem"
        stem = f"{name}.{days}"
        pem = folder / f"{stem}.pem"
        if pem.exists():
            return pem
        kind = "IP" if name[0].isdigit() else "DNS"
        (folder / f"{stem}.ext").write_text(f"subjectAltName={kind}:{name}\n")
        run(
            *("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-subj", f"/CN={name}", "-keyout", f"{stem}.key", "-out", f"{stem}.csr"),
        )
        run(
            *("x509", "-req", "-in", f"{stem}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"),
            *("-days", str(days), "-extfile", f"{stem}.ext", "-out", f"{stem}.crt"),
        )
        pem.write_bytes((folder / f"{stem}.key").read_bytes() + (folder / f"{stem}.crt").read_bytes())
        return pem

    return issue


@pytest.fixture
def server_context(authority: Callable[..., Path]) -> Callable[..., ssl.SSLContext]:
    """`server_context(name, days=...)`: TLS for a scripted site."""

    def make(name: str, *, days: int = 2) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority(name, days=days))
        return context

    return make


@pytest.fixture
def trusting(authority: Callable[..., Path]) -> ssl.SSLContext:
    """A client context that knows the test authority."""
    return ssl.create_default_context(cafile=str(authority()))
