"""For all tests: hypothesis tries the same examples in every run, so that a red run is red again.

FEEDMILL_FUZZ=1 lets it look for new ones, as many and as long as it likes.

And two servers on loopback: `answering` for rooms that only need documents; for those that look at the wire `origin`
and `make_origin`, which do exactly what a test tells them, down to the bytes, and remember what they were asked.
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "same", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
settings.register_profile("fuzz", deadline=None, max_examples=2000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("fuzz" if os.environ.get("FEEDMILL_FUZZ") else "same")


@contextlib.contextmanager
def _answering(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[int]:
    """The port of a server that leaves every GET to `answer`; each in a thread of its own, connections kept."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            answer(self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session", name="answering")
def answering_fixture() -> Callable[..., contextlib.AbstractContextManager[int]]:
    """Begins such a server."""
    return _answering


@dataclass(frozen=True)
class Request:
    """One request as it came: its first line and its fields, bytes kept as latin-1 text. `at` is monotonic seconds."""

    line: str
    fields: tuple[tuple[str, str], ...]
    at: float

    @property
    def path(self) -> str:
        return self.line.split(" ")[1]

    @property
    def host(self) -> str:
        return (self.get("Host") or "").partition(":")[0]

    @property
    def names(self) -> set[str]:
        return {key.lower() for key, _ in self.fields}

    @property
    def conditional(self) -> bool:
        return bool({"if-none-match", "if-modified-since"} & self.names)

    def get(self, name: str) -> str | None:
        return next((value for key, value in self.fields if key.lower() == name.lower()), None)


# What a script holds for a path: the bytes of an answer, who makes them of the request, or who talks on the socket.
Answer = bytes | Callable[[Request], bytes] | Callable[[Request, socket.socket], None]


@dataclass
class Origin:
    """A scripted server. `script` maps a path to its answers in order; the last one repeats."""

    host: str = "127.0.0.1"
    tls: ssl.SSLContext | None = None
    keep_alive: bool = True
    requests: list[Request] = field(default_factory=list)
    script: dict[str, list[Answer]] = field(default_factory=dict)
    connections: int = 0
    busy: int = 0
    most_at_once: int = 0

    def __post_init__(self) -> None:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self.listener = socket.create_server((self.host, 0), family=family, backlog=256)
        self.port = self.listener.getsockname()[1]
        self.open: set[socket.socket] = set()
        self.threads: list[threading.Thread] = []
        self.lock = threading.Lock()
        self.accepting = threading.Thread(target=self._accept, daemon=True)
        self.accepting.start()

    def url(self, path: str = "/feed", host: str | None = None) -> str:
        name = host or (f"[{self.host}]" if ":" in self.host else self.host)
        return f"{'https' if self.tls else 'http'}://{name}:{self.port}{path}"

    def on(self, path: str, *answers: Answer, host: str | None = None) -> str:
        self.script[path] = list(answers)
        return self.url(path, host)

    def serve(self, *answers: Answer) -> str:
        return self.on("/feed", *answers)

    def asked(self, path: str | None = None) -> list[Request]:
        with self.lock:
            return [each for each in self.requests if path is None or each.path == path]

    def gaps(self) -> list[float]:
        """Seconds between one request and the next."""
        times = sorted(each.at for each in self.asked())
        return [after - before for before, after in pairwise(times)]

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self.lock:
            for sock in self.open:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
        self.accepting.join(5)
        for thread in self.threads:
            thread.join(0.2)  # one that sleeps in its script goes with the process

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
        """One request and its answer; whether the connection may serve another."""
        data = b""
        while b"\r\n\r\n" not in data:
            piece = sock.recv(65536)
            if not piece:
                return False
            data += piece
        line, *rows = data.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
        fields = tuple((row.partition(":")[0], row.partition(":")[2].removeprefix(" ")) for row in rows)
        request = Request(line, fields, time.monotonic())
        with self.lock:
            self.requests.append(request)
            answers = self.script.get(request.path.partition("?")[0]) or [NOTHING_HERE]
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            self.busy += 1
            self.most_at_once = max(self.most_at_once, self.busy)
        try:
            if isinstance(answer, bytes):
                sock.sendall(answer)
            elif answer.__code__.co_argcount == 1:
                sock.sendall(answer(request))  # type: ignore[call-arg, arg-type]
            else:
                answer(request, sock)  # type: ignore[call-arg]
                return False
            return True
        finally:
            with self.lock:
                self.busy -= 1


NOTHING_HERE = b"HTTP/1.1 404 Not Found\r\nContent-Length: 12\r\n\r\nnothing here"


@pytest.fixture
def make_origin() -> Iterator[Callable[..., Origin]]:
    """Servers made on demand, each a site of its own: `make_origin("127.0.0.2", tls=..., keep_alive=False)`."""
    made: list[Origin] = []

    def make(host: str = "127.0.0.1", **options: Any) -> Origin:
        made.append(Origin(host, **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def origin(make_origin: Callable[..., Origin]) -> Origin:
    """A scripted server on 127.0.0.1."""
    return make_origin()


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
