"""How fast and how well entries are cleaned.

    python bench/clean_bench.py [FOLDER OF FEEDS]      speed on the entries of real feeds, then quality
    python bench/clean_bench.py --quality              quality only

Times are CPU seconds: of each entry its best of five runs, so that what else the machine does counts little; beside
them the sanitizer alone on the same entries, so that a figure from a busy machine can be read as a ratio.
bench/clean_baselines.py sets the labelled cases beside other cleaners.
"""

from __future__ import annotations

import importlib.util
import io
import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import feedparser
import nh3

from feedmill.ingest.clean import DEFAULT_RECIPE, CleanContext, Recipe, clean

HERE = Path(__file__).resolve().parent
TESTS = HERE.parent / "tests" / "clean"
CORPUS = HERE.parent.parent / "shared" / "corpus" / "feeds"
Entry = tuple[str, CleanContext]
RECIPES = {
    "as shipped": DEFAULT_RECIPE,
    "no edge gate": Recipe(ablation=frozenset({"no-edge-gate"})),
    "no feed evidence": Recipe(ablation=frozenset({"no-evidence"})),
    "substring classes on": Recipe(ablation=frozenset({"substring-classes"})),
}


HOSTILE = {
    "open div": "<div>",
    "open b and p": "<b><p>",
    "open a": "<a href=x>",
    "open list items": "<ul><li>",
    "open tables": "<table><tr><td>",
    "closed divs": "<div>x</div>",
    "attributes": " a=b",
    "one tag of attributes": "<p " + "a=b " * 2400 + ">",
    "line breaks": "<br>",
    "links": "<a href=/x>y</a> ",
    "share links": "<a href=https://twitter.com/share?u=x>Tweet</a> ",
    "one long word": "x",
    "one long text": "word and another, ",
    "left brackets": "<",
    "ampersands": "&",
    "comments": "<!--x-->",
    "open comment": "<!--",
    "phrase lines": "<p>No comments:</p><p>Post a Comment</p>",
    "phrase lines by br": "Share this:<br>Labels: a, b<br>",
    "glued phrases": "Email ThisBlogThis!Share to X",
    "source lines": "<p>The post <a href=https://x/a>a</a> appeared first on <a href=https://x>x</a>.</p>",
    "bars": "Permalink | Comments (3) | ",
    "brackets": "[(" + "x)]",
    "images": "<img src=/i.jpg srcset='/a 1x, /b 2x'>",
    "frames": "<iframe src=https://www.youtube.com/embed/abcdefghijk></iframe>",
    "preformatted spans": "<pre><span>x</span>",
    "escaped tags": "&lt;p&gt;x&lt;/p&gt; ",
    "numeric references": "&#8217;&#11;",
}


def read_entries(folder: Path) -> list[Entry]:
    """The longest content of each entry of each document, with its link and title."""
    entries: list[Entry] = []
    for path in sorted(folder.iterdir()):
        body = path.read_bytes()
        if path.suffix == ".json":
            try:
                items = json.loads(body).get("items", [])
            except (ValueError, AttributeError):
                continue
            rows = [(item.get("content_html") or "", item.get("url"), item.get("title")) for item in items]
        else:
            feed = feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
            rows = [
                (max([part.value or "" for part in entry.get("content", [])] + [entry.get("summary") or ""], key=len),
                 entry.get("link"), entry.get("title"))
                for entry in feed.entries
            ]  # fmt: skip
        for html, link, title in rows:
            if html:
                url = link or None
                entries.append((html, CleanContext(base_url=url, entry_url=url, title=title or "")))
    return entries


def best_of(run: Callable[[], object], times: int = 5) -> float:
    """CPU seconds of the quickest run."""
    best = float("inf")
    for _ in range(times):
        started = time.process_time()
        run()
        best = min(best, time.process_time() - started)
    return best


def hostile() -> None:
    """What was made to be slow, 100 kB of each: under a second; ten times the length takes at most 15 times as long."""
    print(f"\n{'100 kB of':28}{'ms':>8}{'10 kB, ms':>12}{'ratio':>8}")
    for name, piece in HOSTILE.items():
        small, large = (clean_seconds(piece * (size // len(piece))) for size in (10_000, 100_000))
        print(f"{name:28}{large * 1e3:8.0f}{small * 1e3:12.1f}{large / small:8.1f}")


def clean_seconds(html: str) -> float:
    """CPU seconds for one fragment without a context."""
    return best_of(lambda: clean(html, CleanContext()), 3)


def speed(entries: list[Entry]) -> None:
    """The whole set, and the entries of usual size."""
    gate = nh3.Cleaner()
    usual = [entry for entry in entries if 5_000 <= len(entry[0]) <= 10_000]
    for name, rows in (("all entries", entries), ("entries of 5-10 kB", usual)):
        size = sum(len(html.encode("utf-8", "replace")) for html, _ in rows) / 1e6
        for html, context in rows[:50]:
            clean(html, context)
        ours = sum(best_of(partial(clean, html, context)) for html, context in rows)
        theirs = sum(best_of(partial(gate.clean, html)) for html, _ in rows)
        each = ours / len(rows) * 1e3
        print(f"{name:20} {len(rows):6} entries {size:6.1f} MB  {size / ours:6.1f} MB/s  {each:6.3f} ms/entry", end="")
        print(f"   nh3 alone {size / theirs:6.1f} MB/s")
    again = [(clean(html, context).html, context) for html, context in entries]
    unstable = sum(clean(html, context).html != html for html, context in again)
    print(f"idempotence: {len(again) - unstable} of {len(again)} entries byte for byte")
    slowest = max(entries, key=lambda entry: len(entry[0]))
    took = best_of(lambda: clean(*slowest), 2)
    print(f"longest entry: {len(slowest[0]) / 1e3:.0f} kB in {took * 1e3:.0f} ms")


def load_test_module(name: str) -> ModuleType:
    """A module of tests/clean, where the judge of labelled cases lives."""
    spec = importlib.util.spec_from_file_location(name, TESTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def quality() -> None:
    """Labelled cases by platform and language, then the ablation table."""
    shared, product = load_test_module("conftest"), load_test_module("test_cross_product")
    verdicts = [shared.judge_case(case) for case in shared.own_cases()]
    _cases_table("platform", verdicts, lambda verdict: verdict.platform)
    _cases_table("language", verdicts, lambda verdict: verdict.language)
    heads = ("recall", "loss", "exact", "middle lost", "footers", "cases", "traps")
    print(f"\n{'recipe':22}" + "".join(f"{head:>14}" for head in heads))
    for name, recipe in RECIPES.items():
        figures = product.measure(recipe, shared.words)[0]
        lost, all_words = product.middle_words_lost(recipe)
        gone, footers = product.footers_removed(recipe)
        judged = [shared.judge_case(case, recipe) for case in shared.own_cases()]
        traps = [verdict for verdict in judged if verdict.trap]
        right = f"{sum(verdict.right for verdict in judged)}/{len(judged)}"
        held = f"{sum(verdict.right for verdict in traps)}/{len(traps)}"
        exact = f"{figures.exact}/{figures.total}"
        row = (
            f"{figures.recall:.2%}",
            f"{figures.loss:.3%}",
            exact,
            f"{lost}/{all_words}",
            f"{gone}/{footers}",
            right,
            held,
        )
        print(f"{name:22}" + "".join(f"{cell:>14}" for cell in row))


def _cases_table(head: str, verdicts: list[Any], key: Callable[[Any], str]) -> None:
    print(f"\n{head:14}" + "".join(f"{name:>10}" for name in ("right", "removed", "kept")))
    for name in sorted({key(verdict) for verdict in verdicts}):
        rows = [verdict for verdict in verdicts if key(verdict) == name]
        removes, keeps = sum(row.removes for row in rows), sum(row.keeps for row in rows)
        removed, kept = removes - sum(len(row.left) for row in rows), keeps - sum(len(row.lost) for row in rows)
        cells = (f"{sum(row.right for row in rows)}/{len(rows)}", f"{removed}/{removes}", f"{kept}/{keeps}")
        print(f"{name:14}" + "".join(f"{cell:>10}" for cell in cells))


def main() -> None:
    """See the module."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 and not sys.argv[1].startswith("-") else CORPUS
    if "--quality" not in sys.argv:
        if folder.is_dir():
            speed(read_entries(folder))
        else:
            print(f"no feeds at {folder}: speed not measured")
        hostile()
    quality()


if __name__ == "__main__":
    main()
