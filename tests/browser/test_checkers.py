"""What the checkers of the trade say of every kind of page, where they are at hand (docs/outputs.md says how)."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def named(variable: str, what: str) -> Path:
    """The tool that an environment variable names."""
    path = os.environ.get(variable)
    if not path:
        pytest.skip(f"{variable} does not name {what}")
    return Path(path)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_axe_finds_nothing(tab, site, width: int, dark: bool) -> None:
    axe = named("FEEDMILL_AXE", "an axe.min.js (npm axe-core)").read_text(encoding="utf-8")
    page = tab(width=width, dark=dark)
    found: dict[str, Any] = {}
    for kind, url in site.pages().items():
        page.open(url)
        page.unfold()
        page.run(axe)
        told = page.run(f"axe.run(document, {{runOnly: {AXE_RULES}}})")
        found[kind] = [(each["id"], [node["target"] for node in each["nodes"]]) for each in told["violations"]]

    assert found == {kind: [] for kind in site.pages()}


def test_the_nu_checker_finds_nothing_on_any_page(site, tmp_path: Path) -> None:
    """A file has no origin, so that `'self'` would allow nothing: the copies that are checked have no policy."""
    jar = named("FEEDMILL_VNU", "a vnu.jar (npm vnu-jar)")
    pages = sorted(site.folder.rglob("*.html"))
    for page in pages:
        copy = tmp_path / page.relative_to(site.folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(POLICY.sub("", page.read_text(encoding="utf-8")), encoding="utf-8")
    for name in ("style.css", "feed.css", "icon.svg"):
        (tmp_path / name).write_bytes((site.folder / name).read_bytes())

    def told(*arguments: str) -> list[Any]:
        run = subprocess.run(
            ["java", "-jar", str(jar), "--format", "json", *arguments], capture_output=True, text=True, check=False
        )
        return list(json.loads(run.stderr)["messages"])

    assert len(pages) > 10
    assert told(*(str(tmp_path / page.relative_to(site.folder)) for page in pages)) == []
    assert told("--css", str(tmp_path / "style.css"), str(tmp_path / "feed.css")) == []
    assert told("--svg", str(tmp_path / "icon.svg")) == []


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
