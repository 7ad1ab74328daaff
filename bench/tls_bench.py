"""Conditional GETs over TLS, 400 hosts, each asked once: CPU of the client, feedmill against `requests.Session`.

    python bench/tls_bench.py [--hosts 400]

The server is another process. Each host is a name of its own (all lead to loopback), as it is for a poller, so that
nothing is reused between them. Both clients verify certificates against the usual bundle with the bench's authority
added. Every answer is a 304. What counts is CPU time of the client process: requests per CPU second.
"""

from __future__ import annotations

import argparse
import multiprocessing
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

_ask = socket.getaddrinfo


def resolve(_: Any, *args: Any, **options: Any) -> Any:
    """Every name is this machine."""
    return _ask("127.0.0.1", *args, **options)


def make_certificates(folder: Path) -> None:
    """An authority and a certificate for *.bench.example."""

    def run(*args: str) -> None:
        subprocess.run(["openssl", *args], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    run("req", "-x509", *key, "-days", "2", "-subj", "/CN=Bench", "-keyout", "ca.key", "-out", "ca.pem")
    (folder / "ext").write_text("subjectAltName=DNS:*.bench.example\n")
    run("req", *key, "-subj", "/CN=bench", "-keyout", "site.key", "-out", "site.csr")
    run(
        *("x509", "-req", "-in", "site.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2"),
        *("-extfile", "ext", "-out", "site.pem"),
    )


def serve(folder: str, ports: Any) -> None:
    """304 to everything."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{folder}/site.pem", f"{folder}/site.key")
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    ports.put(listener.getsockname()[1])

    def answer(raw: socket.socket) -> None:
        with suppress(OSError), context.wrap_socket(raw, server_side=True) as sock:
            data = b""
            while True:
                piece = sock.recv(65536)
                if not piece:
                    return
                data += piece
                if data.endswith(b"\r\n\r\n"):
                    sock.sendall(b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n')
                    data = b""

    while True:
        threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()


def with_requests(port: int, hosts: int, bundle: str) -> float:
    """CPU seconds of a `requests.Session` in 16 threads."""
    import requests

    session = requests.Session()

    def get(number: int) -> None:
        answer = session.get(
            f"https://h{number}.bench.example:{port}/feed", headers={"If-None-Match": '"a"'}, verify=bundle
        )
        assert answer.status_code == 304

    began = time.process_time()
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(get, range(hosts)))
    return time.process_time() - began


def with_feedmill(port: int, hosts: int, authority: str) -> float:
    """CPU seconds of the `Fetcher` in 16 threads; the making of its one context is included."""
    from feedmill.feeds.outcome import NotModified, Validators
    from feedmill.ingest.fetch import Fetcher
    from feedmill.ingest.options import FetchOptions
    from feedmill.ingest.transport import Transport, shared_context

    began = time.process_time()
    shared_context().load_verify_locations(cafile=authority)
    fetcher = Fetcher(
        FetchOptions(allow_private_networks=True), transport=Transport(allow_private_networks=True, resolver=resolve)
    )

    def get(number: int) -> None:
        url = f"https://h{number}.bench.example:{port}/feed"
        outcome = fetcher.fetch(url, validators=Validators(etag='"a"', issued_by=url))
        assert isinstance(outcome, NotModified), outcome

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(get, range(hosts)))
    fetcher.close()
    return time.process_time() - began


def main() -> None:
    """Three rounds in turn; the best of each counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, default=400)
    hosts = parser.parse_args().hosts
    import requests.certs

    socket.getaddrinfo = resolve
    with tempfile.TemporaryDirectory() as folder:
        make_certificates(Path(folder))
        bundle = Path(folder) / "bundle.pem"
        bundle.write_bytes(Path(requests.certs.where()).read_bytes() + (Path(folder) / "ca.pem").read_bytes())
        ports: Any = multiprocessing.Queue()
        server = multiprocessing.Process(target=serve, args=(folder, ports), daemon=True)
        server.start()
        port = ports.get()
        try:
            ours, theirs = [], []
            for _ in range(3):
                ours.append(with_feedmill(port, hosts, f"{folder}/ca.pem"))
                theirs.append(with_requests(port, hosts, str(bundle)))
        finally:
            server.terminate()
            server.join()
    print(f"{hosts} TLS hosts, each one conditional GET answered 304; CPU of the client, best of three")
    print(f"requests.Session  {hosts / min(theirs):7.0f} per CPU second  ({min(theirs) / hosts * 1000:.2f} ms each)")
    print(f"feedmill          {hosts / min(ours):7.0f} per CPU second  ({min(ours) / hosts * 1000:.2f} ms each)")
    print(f"ratio {min(theirs) / min(ours):.1f} (bar 8)")


if __name__ == "__main__":
    main()
