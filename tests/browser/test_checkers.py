"""What the checkers of the trade say of every kind of page, where they are at hand (docs/outputs.md says how)."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from feedmill.build import Mill
from feedmill.config.load import load
from feedmill.serving import hosting

pytestmark = [pytest.mark.browser, pytest.mark.slow]

POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def named(variable: str, what: str) -> Path:
    """The tool that an environment variable names."""
    path = os.environ.get(variable)
    if not path:
        pytest.skip(f"{variable} does not name {what}")
    return Path(path)


CORPUS = Path(os.environ.get("FEEDMILL_SHARED", Path(__file__).parents[2].parent / "shared")) / "corpus"
STEP = int(os.environ.get("FEEDMILL_CORPUS_STEP", "16"))  # 1: every document, which takes minutes

Axe = Callable[..., list[Any]]
Nu = Callable[..., list[Any]]


@pytest.fixture
def axe() -> Axe:
    """What axe finds on the page in a tab, all that unfolds unfolded."""
    script = named("FEEDMILL_AXE", "an axe.min.js (npm axe-core)").read_text(encoding="utf-8")

    def find(page: Any) -> list[Any]:
        page.unfold()
        page.run(script)
        told = page.run(f"axe.run(document, {{runOnly: {AXE_RULES}}})")
        return [(each["id"], [node["target"] for node in each["nodes"]]) for each in told["violations"]]

    return find


@pytest.fixture
def nu(tmp_path: Path) -> Nu:
    """What the Nu checker says of pages. Their policy is left out: a file has no origin that `'self'` could be."""
    jar = named("FEEDMILL_VNU", "a vnu.jar (npm vnu-jar)")

    def tell(*arguments: str) -> list[Any]:
        run = subprocess.run(
            ["java", "-jar", str(jar), "--format", "json", *arguments], capture_output=True, text=True, check=False
        )
        return list(json.loads(run.stderr)["messages"])

    def check(folder: Path, pages: list[Path], *, styles: bool) -> list[Any]:
        copies = []
        for page in pages:
            copy = tmp_path / page.relative_to(folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(POLICY.sub("", page.read_text(encoding="utf-8")), encoding="utf-8")
            copies.append(str(copy))
        told = [message for at in range(0, len(copies), 200) for message in tell(*copies[at : at + 200])]
        if styles:
            told += tell("--css", str(folder / "style.css"), str(folder / "feed.css"))
            told += tell("--svg", str(folder / "icon.svg"))
        return told

    return check


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_axe_finds_nothing(tab: Any, site: Any, axe: Axe, width: int, dark: bool) -> None:
    page = tab(width=width, dark=dark)
    found = {kind: axe(page.open(url)) for kind, url in site.pages().items()}

    assert found == {kind: [] for kind in site.pages()}


def test_the_nu_checker_finds_nothing_on_any_page(site: Any, nu: Nu) -> None:
    pages = sorted(site.folder.rglob("*.html"))

    assert len(pages) > 10
    assert nu(site.folder, pages, styles=True) == []


@pytest.fixture(scope="module")
def wild(
    tmp_path_factory: pytest.TempPathFactory, answering: Callable[..., AbstractContextManager[int]]
) -> Iterator[tuple[str, Path]]:
    """(address, folder) of a planet of real blogs, one of which is not there."""
    named("FEEDMILL_AXE", "an axe.min.js (npm axe-core)")
    if not (CORPUS / "manifest.tsv").is_file():
        pytest.skip("the corpus of real feeds is not beside this clone (FEEDMILL_SHARED names another place)")
    with (CORPUS / "manifest.tsv").open() as manifest:
        names = [row["file"] for row in csv.DictReader(manifest, delimiter="\t")][::STEP]

    def answer(handler: Any) -> None:
        name = handler.path.lstrip("/")
        body = (CORPUS / "feeds" / name).read_bytes() if name in names else b"nothing"
        handler.send_response(200 if name in names else 404)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    folder = tmp_path_factory.mktemp("wild")
    with answering(answer) as port:
        sources = [f'[[source]]\nurl = "http://127.0.0.1:{port}/{name}"\ntags = ["all"]\n' for name in (*names, "gone")]
        (folder / "feedmill.toml").write_text(
            'title = "Wild"\nurl = "http://127.0.0.1:1024/"\n[serve]\nport = 0\n'
            '[fetch]\nallow_private_networks = true\n[[publication]]\n[[publication]]\npath = "all"\n'
            + "".join(sources)
        )
        settings = load(folder / "feedmill.toml")
        with Mill(settings) as mill:
            mill.sync()
    with hosting(settings, routes=[]) as hosted:
        yield hosted.urls[0], settings.output


@pytest.mark.corpus
def test_the_nu_checker_finds_nothing_on_the_pages_of_real_blogs(wild: tuple[str, Path], nu: Nu) -> None:
    _, folder = wild
    pages = sorted(folder.rglob("*.html"))

    assert len(pages) > 30
    assert nu(folder, pages, styles=False) == []


@pytest.mark.corpus
@pytest.mark.parametrize(("width", "dark"), [(320, False), (1280, True)])
def test_axe_finds_nothing_on_the_pages_of_real_blogs(
    tab: Any, wild: tuple[str, Path], axe: Axe, width: int, dark: bool
) -> None:
    """Nor do they scroll sideways, or weigh more than 50 kB with their stylesheet where a reader begins (check G10)."""
    url, folder = wild
    sources = [path.relative_to(folder).as_posix() for path in sorted(folder.glob("source/*/index.html"))[dark::3]]
    streams = ["index.html", "all/index.html", *sources]
    pages = [*streams, "source/index.html", "archive/index.html", "search.html", "status.html"]
    page = tab(width=width, dark=dark)
    found, beyond = {}, {}
    for name in pages:
        found[name] = axe(page.open(url + name))
        beyond[name] = page.run("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    style = (folder / "style.css").stat().st_size
    heavy = [name for name in streams if (folder / name).stat().st_size + style > 50_000]

    assert {name: told for name, told in found.items() if told} == {}
    assert {name: by for name, by in beyond.items() if by} == {}
    assert heavy == []


def test_lighthouse_gives_the_front_page_full_marks(site, tmp_path: Path) -> None:
    """How fast it is depends on the machine: that mark is looked at, not held."""
    lighthouse = named("FEEDMILL_LIGHTHOUSE", "the lighthouse command (npm lighthouse)")
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("needs chromium")
    report = tmp_path / "report.json"
    subprocess.run(
        [
            str(lighthouse), site.url, "--quiet", "--output=json", f"--output-path={report}",
            "--only-categories=accessibility,best-practices,seo", "--chrome-flags=--headless=new --no-sandbox",
        ],
        env=os.environ | {"CHROME_PATH": browser},
        check=True,
        capture_output=True,
        timeout=240,
    )  # fmt: skip
    marks = {name: category["score"] for name, category in json.loads(report.read_text())["categories"].items()}

    assert marks == {"accessibility": 1, "best-practices": 1, "seo": 1}
