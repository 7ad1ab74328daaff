"""What serving costs, against nginx on the same files in the same run.

    python bench/serve_bench.py [--seconds 3] [--rounds 3] [--folder public --path /atom.xml]

In:  nginx and wrk on the PATH (Debian: apt install nginx-light wrk); loopback only, one worker each, access logs off.
Out: CPU microseconds per request (user + system of the serving process), and how many times nginx's requests per CPU
     second feedmill answers; exit code 1 below --least (0.4).
Judge by the ratio: rounds alternate between the two servers, and the median round counts.
"""

from __future__ import annotations

import argparse
import gzip
import os
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

NGINX = """
daemon off; worker_processes 1; pid {scratch}/nginx.pid; error_log {scratch}/error.log; {user}
events {{ worker_connections 2048; }}
http {{
    include /etc/nginx/mime.types; access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
    gzip_static on; gzip_vary on;
    client_body_temp_path {scratch}; proxy_temp_path {scratch}; fastcgi_temp_path {scratch};
    uwsgi_temp_path {scratch}; scgi_temp_path {scratch};
    server {{ listen 127.0.0.1:{port}; root {folder}; }}
}}
"""
SERVER = """
import sys, threading
from pathlib import Path
from feedmill.publish.serve import make_app
from feedmill.publish.server import FolderServer, bind
with FolderServer(make_app(Path(sys.argv[1])), bind("127.0.0.1", int(sys.argv[2]))):
    threading.Event().wait()
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one kind of request on one server: CPU microseconds and wall-clock requests per second."""

    cpu_us: float
    per_second: float


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--slow", type=int, default=0, metavar="N", help="hold N connections with half a request head")
    parser.add_argument("--folder", type=Path, help="a published folder; default: one 100 KB feed made here")
    parser.add_argument("--path", default="/atom.xml")
    parser.add_argument("--least", type=float, default=0.4)
    options = parser.parse_args()
    for program in ("nginx", "wrk"):
        if shutil.which(program) is None:
            parser.error(f"{program} is not installed")
    with ExitStack() as closing:
        scratch = Path(closing.enter_context(tempfile.TemporaryDirectory()))
        scratch.chmod(0o755)
        folder = copy_of(options.folder, scratch) if options.folder else made_up(scratch)
        servers = {
            "nginx": closing.enter_context(nginx(folder, scratch)),
            "feedmill": closing.enter_context(feedmill(folder)),
        }
        for _, port in servers.values():
            for _ in range(options.slow):
                closing.enter_context(half_a_request(port))
        return judge(servers, options)


def judge(servers: dict[str, tuple[int, int]], options: argparse.Namespace) -> int:
    """Alternate between the servers; print the medians and their ratio."""
    costs: dict[tuple[str, str], list[Cost]] = {}
    for _ in range(options.rounds):
        for name, (pid, port) in servers.items():
            url = f"http://127.0.0.1:{port}{options.path}"
            tag = etag(url)
            for kind, headers in (
                ("304", ("Accept-Encoding: gzip", f"If-None-Match: {tag}")),
                ("gzip 200", ("Accept-Encoding: gzip",)),
                ("plain 200", ()),
            ):
                cost = measure(pid, url, headers, seconds=options.seconds, connections=options.connections)
                costs.setdefault((name, kind), []).append(cost)
    size = len(urllib.request.urlopen(url).read())
    print(f"{options.path}: {size} bytes, {options.connections} kept connections, {options.slow} slow ones")
    print("             nginx us  feedmill us  nginx req/s  feedmill req/s  x nginx per CPU s")
    ratios = {}
    for kind in ("304", "gzip 200", "plain 200"):
        theirs, ours = median(costs["nginx", kind]), median(costs["feedmill", kind])
        ratios[kind] = theirs.cpu_us / ours.cpu_us
        rates = f"{theirs.per_second:12.0f} {ours.per_second:15.0f}"
        print(f"{kind:10} {theirs.cpu_us:10.1f} {ours.cpu_us:12.1f} {rates} {ratios[kind]:18.2f}")
    worst = min(ratios["304"], ratios["gzip 200"])
    print(f"least wanted: {options.least}; {'reached' if worst >= options.least else 'NOT reached'}")
    return 0 if worst >= options.least else 1


def median(costs: list[Cost]) -> Cost:
    """Of each figure by itself."""
    return Cost(statistics.median(c.cpu_us for c in costs), statistics.median(c.per_second for c in costs))


def measure(pid: int, url: str, headers: tuple[str, ...], *, seconds: int, connections: int) -> Cost:
    """Let wrk ask for `seconds`; what the process `pid` spent on it."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s"]
    for header in headers:
        command += ["-H", header]
    before = cpu_seconds(pid)
    out = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    spent = cpu_seconds(pid) - before
    answered = int(re.search(r"(\d+) requests in", out)[1])  # type: ignore[index]
    if "Non-2xx" in out and "If-None-Match" not in "".join(headers):
        raise SystemExit(f"errors: {out}")
    return Cost(spent / answered * 1e6, answered / seconds)


def cpu_seconds(pid: int) -> float:
    """User and system time of one process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def etag(url: str) -> str:
    """The tag of the gzip coding."""
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Accept-Encoding": "gzip"})) as answer:
        return str(answer.headers["ETag"])


def made_up(scratch: Path) -> Path:
    """A folder with one feed of 100 KB that gzip makes about 45 KB, and its twin for nginx."""
    chance = random.Random(1)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["".join(chance.choices(letters, k=chance.randint(2, 10))) for _ in range(4000)]
    text = textwrap.fill(" ".join(chance.choices(words, k=16_000)), 120)
    folder = scratch / "public"
    folder.mkdir()
    (folder / "atom.xml").write_bytes(f"<?xml version='1.0'?>\n<feed>{text}".encode()[:100_000])
    return with_twins(folder)


def copy_of(published: Path, scratch: Path) -> Path:
    """`published`, with twins."""
    return with_twins(Path(shutil.copytree(published, scratch / "public")))


def with_twins(folder: Path) -> Path:
    """Beside each text file its gzip twin, which nginx sends as it is: its best case."""
    for file in folder.rglob("*.*"):
        if file.suffix in (".xml", ".json", ".html", ".css", ".opml"):
            twin = file.with_name(file.name + ".gz")
            twin.write_bytes(gzip.compress(file.read_bytes(), 6, mtime=0))
            os.utime(twin, ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns))
    return folder


@contextmanager
def nginx(folder: Path, scratch: Path) -> Iterator[tuple[int, int]]:
    """One worker; its process id and port."""
    port = free_port()
    user = "user root;" if os.geteuid() == 0 else ""
    config = scratch / "nginx.conf"
    config.write_text(NGINX.format(scratch=scratch, port=port, folder=folder, user=user))
    with running(["nginx", "-c", str(config)], port) as master:
        worker = subprocess.run(["pgrep", "-P", str(master)], capture_output=True, text=True, check=True).stdout
        yield int(worker.split()[0]), port


@contextmanager
def feedmill(folder: Path) -> Iterator[tuple[int, int]]:
    """One process, as `feedmill serve` runs it; its process id and port."""
    port = free_port()
    with running([sys.executable, "-c", SERVER, str(folder), str(port)], port) as pid:
        yield pid, port


@contextmanager
def running(command: list[str], port: int) -> Iterator[int]:
    """A server process, once it accepts."""
    process = subprocess.Popen(command)
    try:
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(15)


@contextmanager
def half_a_request(port: int) -> Iterator[None]:
    """A slow client: a connection whose request never ends."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX-Slow: ")
        yield


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
