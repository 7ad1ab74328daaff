"""The snippets of docs/serving.md and docs/deployment.md do what the pages say, in the real programs."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from feedmill.publish.deliver import deliver
from feedmill.publish.handlers import handled
from feedmill.publish.options import CODINGS

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "serving.md").read_text()
DEPLOYMENT = (DOCS / "deployment.md").read_text()


def snippet(language: str, number: int = 0, page: str = PAGE) -> str:
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)[number]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(command: list[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert process.poll() is None, process.stderr.read()
                time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.communicate(timeout=10)


@contextmanager
def nginx(server: str, scratch: Path) -> Iterator[int]:
    port = free_port()
    paths = " ".join(f"{kind}_temp_path {scratch};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    config = scratch / "nginx.conf"
    config.write_text(
        f"daemon off; master_process off; pid {scratch}/pid; error_log {scratch}/error.log;\nevents {{}}\n"
        f"http {{ include /etc/nginx/mime.types; access_log off; {paths}\n"
        + server.replace("listen 80", f"listen 127.0.0.1:{port}")
        + "}"
    )
    with running(["nginx", "-c", str(config)], port):
        yield port


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
def test_nginx_serves_the_folder_as_we_do(client, folder: Path, tmp_path: Path) -> None:
    """Types that browsers show and readers accept, 304, CORS on feeds only, no dot files."""
    (folder / ".hidden").write_text("x")
    with nginx(snippet("nginx").replace("/var/lib/feedmill/public", str(folder)), tmp_path) as port:
        there = type(client)(port)
        feed = there.ask("/atom.xml", Accept_Encoding="gzip")
        types = {
            path: there.ask(path).headers["content-type"] for path in ("/feed.json", "/status.json", "/", "/style.css")
        }

        assert feed.headers["content-type"] == "text/xml; charset=utf-8"
        assert feed.headers["content-encoding"] == "gzip"
        assert feed.headers["access-control-allow-origin"] == "*"
        assert feed.headers["cache-control"].startswith("public, max-age=300")
        assert there.ask("/atom.xml", If_None_Match=feed.headers["etag"]).status == 304
        assert types == {
            "/feed.json": "application/feed+json; charset=utf-8",
            "/status.json": "application/json; charset=utf-8",
            "/": "text/html; charset=utf-8",
            "/style.css": "text/css; charset=utf-8",
        }
        assert there.ask("/subscriptions.opml").headers["content-type"] == "text/x-opml; charset=utf-8"
        assert "access-control-allow-origin" not in there.ask("/").headers
        assert there.ask("/.hidden").status == 404


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
def test_nginx_passes_on_what_we_answer(client, tmp_path: Path) -> None:
    """Validators and codings arrive unharmed; metrics do not leave the machine."""
    with nginx(snippet("nginx", 1).replace(":8080", f":{client.port}"), tmp_path) as port:
        check_proxy(client, type(client)(port))


@pytest.mark.skipif(shutil.which("caddy") is None, reason="caddy is not installed")
def test_caddy_passes_on_what_we_answer(client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same; without TLS here."""
    monkeypatch.setenv("HOME", str(tmp_path))
    port = free_port()
    config = tmp_path / "Caddyfile"
    text = snippet("caddy").replace("planet.example", f"http://127.0.0.1:{port}").replace(":8080", f":{client.port}")
    config.write_text("{\n\tadmin off\n\tauto_https off\n}\n" + text)
    with running(["caddy", "run", "--config", str(config), "--adapter", "caddyfile"], port):
        check_proxy(client, type(client)(port))


@pytest.fixture
def programs(serving, folder: Path):
    """A client of a server that answers /hub and /websub/ itself, with who asked and what."""

    def answer(method, path, query, headers, body):
        return 202, {}, f"{method} {path}?{query} {headers['x-forwarded-for']} {body.decode()}".encode()

    routes = [handled("/hub", answer, max_body_bytes=16_384), handled("/websub/", answer, max_body_bytes=16_384)]
    return serving(routes=routes)[0]


def check_programs(there) -> None:
    """What is posted arrives whole, with its query and with the address of whoever asked."""
    for path, asked in (("/hub", "/hub?"), ("/websub/token?hub.mode=x&a=%20", "/websub/token?hub.mode=x&a=%20")):
        request = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody"
        head, _, body = there.raw(request.encode()).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 202 ")
        assert body == f"POST {asked} 127.0.0.1 body".encode()
    assert there.ask("/hubcap").status == 404
    assert there.ask("/atom.xml").status == 200


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
@pytest.mark.parametrize("number", [0, 1], ids=["nginx serves", "nginx passes on"])
def test_nginx_passes_on_what_is_for_the_program(programs, folder: Path, tmp_path: Path, number: int) -> None:
    """The hub and the callbacks, with the files served by nginx and without."""
    text = snippet("nginx", number).replace("/var/lib/feedmill/public", str(folder))
    with nginx(text.replace(":8080", f":{programs.port}"), tmp_path) as port:
        check_programs(type(programs)(port))


@pytest.mark.skipif(shutil.which("caddy") is None, reason="caddy is not installed")
@pytest.mark.parametrize("number", [0, 1], ids=["caddy passes on", "caddy serves"])
def test_caddy_passes_on_what_is_for_the_program(
    programs, folder: Path, tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same."""
    monkeypatch.setenv("HOME", str(tmp_path))
    port = free_port()
    text = snippet("caddy", number).replace("planet.example", f"http://127.0.0.1:{port}")
    text = text.replace("/var/lib/feedmill/public", str(folder)).replace(":8080", f":{programs.port}")
    config = tmp_path / "Caddyfile"
    config.write_text("{\n\tadmin off\n\tauto_https off\n}\n" + text)
    with running(["caddy", "run", "--config", str(config), "--adapter", "caddyfile"], port):
        check_programs(type(programs)(port))


def test_the_key_that_makes_twins_is_one_of_the_configuration() -> None:
    """As docs/deployment.md writes it."""
    from feedmill.config.load import load_text

    settings = load_text(snippet("toml", page=DEPLOYMENT), Path("feedmill.toml"), environ={})

    assert settings.precompress == ("gzip", "br")


WORDS = b"<feed>" + b"grain and husk " * 200 + b"</feed>"


def check_twins(there, folder: Path, coding: str, suffix: str) -> None:
    """The twin is what is sent, to those who take it; it and the file change together, or not at all."""

    def ask(name: str, **headers: str):
        return there.ask(name, Accept_Encoding=coding, **headers)

    deliver(folder, {"atom.xml": WORDS, "feed.json": WORDS}, codings=CODINGS)
    first = ask("/atom.xml")
    plain = there.ask("/atom.xml")
    assert (first.status, first.headers["content-encoding"]) == (200, coding)
    assert first.body == (folder / f"atom.xml{suffix}").read_bytes()
    assert "accept-encoding" in first.headers["vary"].lower()
    assert first.headers["content-type"] == plain.headers["content-type"]
    assert first.headers["last-modified"] == plain.headers["last-modified"]
    assert (plain.body, "content-encoding" in plain.headers) == (WORDS, False)
    assert ask("/feed.json").body == (folder / f"feed.json{suffix}").read_bytes()

    deliver(folder, {"atom.xml": WORDS}, codings=CODINGS)
    assert ask("/atom.xml", If_None_Match=first.headers["etag"]).status == 304
    assert ask("/atom.xml", If_Modified_Since=first.headers["last-modified"]).status == 304

    deliver(folder, {"atom.xml": WORDS + b"<!-- bran, and quite another size within this second -->"}, codings=CODINGS)
    second = ask("/atom.xml", If_None_Match=first.headers["etag"])
    assert (second.status, second.body) == (200, (folder / f"atom.xml{suffix}").read_bytes())


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
def test_nginx_sends_the_twins(client, tmp_path: Path) -> None:
    """With `gzip_static`, and without packing anything itself."""
    public = tmp_path / "public"
    public.mkdir()
    text = snippet("nginx", page=DEPLOYMENT).replace("/srv/planet/public", str(public))
    with nginx(text, tmp_path) as port:
        check_twins(type(client)(port), public, "gzip", ".gz")


@pytest.mark.skipif(shutil.which("caddy") is None, reason="caddy is not installed")
@pytest.mark.parametrize(("coding", "suffix"), [("gzip", ".gz"), ("br", ".br")])
def test_caddy_sends_the_twins(
    client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, coding: str, suffix: str
) -> None:
    """With `precompressed`."""
    monkeypatch.setenv("HOME", str(tmp_path))
    public = tmp_path / "public"
    public.mkdir()
    port = free_port()
    text = snippet("caddy", page=DEPLOYMENT).replace("planet.example", f"http://127.0.0.1:{port}")
    config = tmp_path / "Caddyfile"
    config.write_text("{\n\tadmin off\n\tauto_https off\n}\n" + text.replace("/srv/planet/public", str(public)))
    with running(["caddy", "run", "--config", str(config), "--adapter", "caddyfile"], port):
        check_twins(type(client)(port), public, coding, suffix)


def check_proxy(client, there) -> None:
    direct, passed = (one.ask("/atom.xml", Accept_Encoding="gzip") for one in (client, there))
    for name in ("etag", "last-modified", "cache-control", "vary", "content-type", "content-encoding"):
        assert passed.headers[name] == direct.headers[name]
    assert passed.body == direct.body
    assert there.ask("/atom.xml", If_None_Match=direct.headers["etag"]).status == 304
    assert there.ask("/python").headers["location"].endswith("/python/")
    assert there.ask("/metrics").status == 404


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_the_systemd_unit_is_valid(tmp_path: Path) -> None:
    """No unknown setting."""
    unit = tmp_path / "feedmill.service"
    unit.write_text(snippet("ini").replace("/usr/local/bin/feedmill", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False)
    complaints = [line for line in done.stderr.splitlines() if "feedmill.service" in line]

    assert complaints == []


def test_the_workflow_and_the_configuration_are_well_formed() -> None:
    """The TOML at the top has the keys that the configuration knows."""
    import tomllib

    from feedmill.publish.options import ServeOptions

    assert ServeOptions(**tomllib.loads(snippet("toml"))["serve"]) == ServeOptions()
    limits = tomllib.loads(snippet("toml", 1))["serve"]
    assert ServeOptions(**{**limits, "trusted_proxies": ()}) == ServeOptions()
    assert set(tomllib.loads(snippet("toml", 2))["serve"]) == {"websub", "hubs"}
    assert "feedmill sync || test $? -eq 1" in snippet("yaml")
    assert "feedmill publish || test $? -eq 1" in snippet("yaml").partition("deploy-pages")[2]
