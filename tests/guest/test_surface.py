"""T63, T75, T80, checks 86, 108, 110: what the house is open to, and two rules that need a name and a wire."""

from __future__ import annotations

import ast
import re
import threading
import time
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest

HERE = Path(__file__).parents[2]
ROOMS = ("feeds", "ingest", "publish", "config", "app")
SOURCES = [path for room in ROOMS for path in sorted((HERE / room).rglob("*.py"))]


def test_t63_what_is_published_is_feeds_pages_and_lists(planet, origin, reply, rss):
    """No CSV, Markdown or mail is written in which a title could be a formula or a header."""
    planet.configure(origin.on("/feed", reply(200, rss("=cmd|' /C calc'!A0", title="=1+1"))))
    planet.sync()

    kinds = {path.rpartition(".")[2] for path in planet.published()}
    assert kinds <= {"html", "xml", "json", "opml", "css", "js", "png", "ico", "svg", "txt", "gz", "br", "xsl"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(HERE)))
def test_t80_nothing_stored_is_ever_run(path):
    """No pickle, marshal, shelve or yaml, no eval and no exec: what lies in the store or in a document is only data."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names])
    }
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}

    assert not imported & {"pickle", "cPickle", "dill", "marshal", "shelve", "yaml"}
    assert not called & {"eval", "exec", "__import__"}


def test_t80_every_dependency_has_a_lower_bound():
    """Those whose old versions unpack without a limit (CVE-2025-66418 and others) have the one that does not."""
    project = tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    bounds = {re.split(r"[\[<>=!~;\s]", row)[0].lower(): row for row in project["dependencies"]}

    assert [row for row in bounds.values() if ">=" not in row] == []
    for name, least in (("urllib3", (2, 7)), ("brotli", (1, 2))):
        found = re.search(r">=\s*(\d+)\.(\d+)", bounds[name])
        assert found is not None
        assert (int(found[1]), int(found[2])) >= least


def test_check_086_the_same_address_in_https_is_adopted_at_once(
    house, planet, make_origin, server_context, trusting, reply, rss
):
    """http to https of one host and path is no move to a stranger: from the next look on only https is asked."""
    plain, secure = make_origin(), make_origin(tls=server_context("blog.example"))
    plain.on("/feed", reply(301, b"", "Location: https://blog.example/feed"))
    secure.on("/feed", reply(200, rss("one"), 'ETag: "a"'), reply(304))
    house.ports = {80: plain.port, 443: secure.port}
    house.context = trusting
    planet.configure("http://blog.example/feed")

    house.sync()
    house.after(days=2)

    assert (len(plain.requests), len(secure.requests)) == (1, 2)
    assert house.records["http://blog.example/feed"].state.adopted == "https://blog.example/feed"


def test_check_108_after_a_hold_the_feeds_of_a_site_come_one_after_the_other(house, planet, origin, reply, rss):
    """Ten feeds of one site are held for two minutes: none comes earlier, and no two in the same moment."""
    arrivals = []
    calm = []

    def answer(_request):
        arrivals.append(house.now)
        return reply(200, rss("one"), 'ETag: "a"') if calm else reply(429, b"", "Retry-After: 120")

    began = house.now
    urls = [origin.on(f"/{n}", answer, host=f"b{n}.blog.example") for n in range(10)]
    planet.configure(*urls, fetch='site_spacing = "0.2s"')
    house.sync()
    calm.append(True)
    house.live(minutes=20)

    later = sorted(arrivals)[1:]
    assert len(origin.asked()) >= 10
    assert later[0] - began >= timedelta(minutes=2)
    assert len(set(later[:9])) >= 8


def test_check_110_no_more_requests_at_once_than_workers(planet, make_origin, reply, rss):
    """Twelve slow sites and three workers: three connections at work at most."""
    lock = threading.Lock()
    at_work = [0, 0]

    def slow(_request):
        with lock:
            at_work[0] += 1
            at_work[1] = max(at_work)
        time.sleep(0.15)
        with lock:
            at_work[0] -= 1
        return reply(200, rss("one"))

    planet.configure(*(make_origin().on("/feed", slow) for _ in range(12)), fetch="workers = 3")

    lines = planet.sync()

    assert {line["outcome"] for line in lines.values()} == {"fetched"}
    assert 2 <= at_work[1] <= 3
