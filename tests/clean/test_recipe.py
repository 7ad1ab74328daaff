"""Recipes, selectors, the step table, and the page that documents it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from feedmill.ingest.clean import DEFAULT_RECIPE, CleanContext, Recipe, clean
from feedmill.ingest.clean.rulebook import PLATFORM_FILES, class_rules, host_table, read
from feedmill.ingest.clean.steps import STEPS

HTML = "<p class=intro>Intro</p><p>Body of the text.</p><div class=sharedaddy>Share <b class=mine>mine</b></div>"
DOCS = Path(__file__).parents[2] / "docs" / "cleaning.md"


def test_an_operator_drops_and_keeps_by_selector() -> None:
    recipe = Recipe(drop=(".intro", "body"), keep=(".mine",))
    out = clean(HTML, CleanContext(), recipe).html

    assert "Intro" not in out
    assert "Body of the text." in out
    assert "mine" in out


def test_a_selector_that_does_not_parse_is_noted() -> None:
    cleaned = clean(HTML, CleanContext(), Recipe(drop=("p[[",), keep=("::nope(",)))

    assert "Intro" in cleaned.html
    assert [note.detail for note in cleaned.notes if "not understood" in note.detail] == [
        "selector not understood ×2: “::nope(”"
    ]


def test_each_switch_changes_the_fingerprint_and_nothing_else_does() -> None:
    recipes = [Recipe(switches={step.name: False}) for step in STEPS if step.switch]
    prints = {recipe.fingerprint for recipe in recipes} | {DEFAULT_RECIPE.fingerprint, Recipe(drop=("p",)).fingerprint}

    assert len(prints) == len(recipes) + 2
    assert Recipe().fingerprint == DEFAULT_RECIPE.fingerprint
    assert Recipe(version=99).fingerprint != DEFAULT_RECIPE.fingerprint


def test_the_fingerprint_is_the_same_in_another_process() -> None:
    """Whatever the hash seed."""
    code = "from feedmill.ingest.clean import DEFAULT_RECIPE as r; print(r.fingerprint)"
    seen = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
        ).stdout.strip()
        for seed in ("1", "2")
    }

    assert seen == {DEFAULT_RECIPE.fingerprint}


def test_neither_hash_seed_nor_locale_nor_time_zone_changes_what_readers_get() -> None:
    """All labelled cases, in three processes: the same bytes."""
    code = (
        "import hashlib, json, pathlib, sys\n"
        "from feedmill.ingest.clean import CleanContext, clean\n"
        "rows = [row for path in sorted(pathlib.Path(sys.argv[1]).glob('*.json'))"
        " for row in json.loads(path.read_text('utf-8'))]\n"
        "out = [repr(clean(row['html'], CleanContext(entry_url=row.get('url')))) for row in rows]\n"
        "print(len(rows), hashlib.sha256('\\n'.join(out).encode()).hexdigest())"
    )
    cases = Path(__file__).parent / "cases"
    seen = {
        subprocess.run(
            [sys.executable, "-c", code, str(cases)], capture_output=True, text=True, check=True, env=environment
        ).stdout
        for environment in (
            {"PYTHONHASHSEED": "1", "LC_ALL": "C", "TZ": "UTC"},
            {"PYTHONHASHSEED": "2", "LC_ALL": "C.UTF-8", "TZ": "Asia/Kolkata"},
            {"PYTHONHASHSEED": "3", "LANG": "tr_TR.UTF-8", "TZ": "America/New_York"},
        )
    }

    assert len(seen) == 1


def test_importing_the_package_is_cheap() -> None:
    """The tree and the sanitizer come with the first entry."""
    code = "import sys, feedmill.ingest.clean; print([m for m in ('nh3', 'selectolax') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_the_gate_and_the_writer_have_no_switch() -> None:
    fixed = [step.name for step in STEPS if not step.switch]

    assert fixed == ["structure", "sanitize"]
    assert STEPS[-1].name == "sanitize"


def test_each_step_has_a_row_in_the_docs() -> None:
    """Name, line and default, in order."""
    rows = [row for row in DOCS.read_text(encoding="utf-8").splitlines() if row.startswith("| `")]
    wanted = [f"| `{step.name}` | {step.line} | {'yes' if step.switch else 'no'} |" for step in STEPS]

    assert rows[: len(wanted)] == wanted


@pytest.mark.parametrize("name", PLATFORM_FILES)
def test_each_platform_file_is_readable_and_named_in_the_docs(name: str) -> None:
    data = read(name)

    assert data["platform"]
    assert all(row["why"] for action in ("drop", "card", "keep") for row in data.get(action, ()))
    assert f"`{name}.toml`" in DOCS.read_text(encoding="utf-8")


def test_no_token_is_so_short_that_it_could_be_anything() -> None:
    """Beginnings have at least four characters; exact tokens at least two."""
    table = class_rules()

    assert min(map(len, table.beginnings)) >= 4
    assert min(map(len, table.exact)) >= 2


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://pixel.wp.com/b.gif", True),
        ("//pixel.wp.com/b.gif", True),
        ("https://PIXEL.wp.com/b.gif", True),
        ("https://sub.da.feedsportal.com/x", True),
        ("https://notfeedsportal.com/x", False),
        ("https://feeds.feedburner.com/mill", False),
        ("https://feeds.feedburner.com/~r/mill", True),
        ("https://mill.example/pixel.wp.com/", False),
        ("/relative", False),
        ("https://", False),
    ],
)
def test_host_tables(url: str, found: bool) -> None:
    assert host_table("pixels").match(url) is found


def test_kept_nodes_survive_every_step() -> None:
    html = "<p>Words of the entry.</p><p class=k>No comments:</p><p>Post a Comment</p>"

    assert clean(html, CleanContext(), Recipe(drop=(".k",), keep=(".k",))).html.count("No comments") <= 1


def test_notes_say_what_went_and_show_a_little_of_it() -> None:
    notes = clean("<p>Words.</p>" + "<div class=sharedaddy>" + "Share " * 40 + "</div>" * 2, CleanContext()).notes
    detail = next(note.detail for note in notes if note.step == "tokens")

    assert detail.startswith("removed .sharedaddy (WordPress, sharing and likes (Jetpack)): “Share Share")
    assert detail.endswith("…”")
    assert {note.field for note in notes} == {"content"}


@pytest.mark.parametrize(
    ("html", "kept"),
    [
        (
            "<div class='comments-area'>" + "<p>An article stands in here, and is all there is.</p>" * 9 + "</div>",
            True,
        ),
        ("<p>Words.</p><div class='comments-area'>Ann: nice</div>", False),
        ("<ol class=links><li>my links</li></ol>", True),
        ("<p>x</p><ul class=links><li>Log in</li></ul>", False),
        ("<p>x</p><div class='digest-post-embed'>No link in it</div>", True),
        (
            "<p>x</p><p class='digest-post-embed'><a href='mailto:'>y</a><a href='https://t.me/share'>z</a></p>",
            None,
        ),
        (
            "<div class=sharedaddy><div class='digest-post-embed'><a href='https://a.example/'>other</a></div></div>x",
            False,
        ),
        ("<nav><a href='https://a.example/'>One</a> <a href='https://a.example/2'>Two</a></nav>x", False),
        (
            "<p>x</p><footer>A note by the author, with <a href='https://a.example/'>one</a> link.</footer>",
            True,
        ),
        ("<p>x</p><form><input><p>Your address</p></form>", False),
        ("<form>" + "<p>The article stands in a form, as some systems have it.</p>" * 9 + "</form>", True),
        ("<p>x</p><a rel='tag' href='/t'></a><a rel=author class=sharedaddy href='/a'>Ann</a>", None),
    ],
)
def test_tokens_in_doubt(html: str, kept: bool | None) -> None:
    """Small nodes go, the ones that hold the article stay."""
    out = clean(html, CleanContext()).html
    last = [word for word in re.sub("<[^>]*>", " ", html).split() if len(word) > 2]

    assert kept is None or kept == all(word in out for word in last)


def test_names_in_dropped_nodes_are_harvested() -> None:
    html = (
        "<p>x</p><div class='sharedaddy'><a rel=author href='/a'>Ann</a> <a href='/tag/b'>b</a> <a rel=tag></a></div>"
    )
    harvest = clean(html, CleanContext()).harvest

    assert (harvest.authors, harvest.categories) == (("Ann",), ("b",))
