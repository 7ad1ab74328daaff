"""Clean entries times tails times languages times markup: every one must come out as the entry alone.

The tails are built from what each language's table says, so this measures the algorithm, not the tables: those are
measured by the labelled cases. bench/clean_bench.py prints the figures, with the ablations of issue 3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import pytest

from feedmill.ingest.clean import DEFAULT_RECIPE, CleanContext, Evidence, Recipe, clean, edges, paragraphs
from feedmill.ingest.clean.rulebook import read

CONTEXT = CleanContext(
    base_url="https://mill.example/p/1",
    entry_url="https://mill.example/p/1",
    site_url="https://mill.example/",
    title="The dry well",
)

ENTRIES = {
    "prose": [
        "The well behind the mill went dry in August, for the first time since anybody began to write it down.",
        "We let a lamp down on a rope and saw the bottom, which was sand, and a boot.",
        "Nobody has claimed the boot.",
    ],
    "short": ["Snow at last, and the children out in it before breakfast."],
    "dialogue": ["“Whose is it?” she asked.", "“Not mine,” he said, and that was that.", "No comment from the dog."],
    "german": [
        "Der Brunnen hinter der Mühle ist im August zum ersten Mal versiegt.",
        "Niemand hat den Stiefel abgeholt.",
    ],
    "russian": ["Колодец за мельницей высох в августе впервые за много лет.", "Сапог так никто и не забрал."],
    "japanese": ["水車小屋の裏の井戸が、八月に初めて涸れました。", "長靴を取りに来た人はいません。"],
    "arabic": ["جفت البئر خلف الطاحونة في شهر آب لأول مرة منذ سنين طويلة.", "لم يأت أحد ليأخذ الحذاء."],
}
PLATFORMS = ("blogger", "blogger share", "wordpress source", "jetpack", "blogger page", "pager")
MARKUP = ("p", "div", "br", "span in div", "text")


@dataclass(frozen=True)
class Sample:
    """An entry with a tail, and the entry alone."""

    name: str
    html: str
    alone: str
    prose_words: int
    tail_words: int


def tails(language: str, kinds: dict[str, list[str]]) -> Iterator[tuple[str, list[str]]]:
    """The lines of each platform's tail in a language."""

    def first(kind: str, slots: str = "") -> str | None:
        for phrase in kinds.get(kind, ()):
            if ("{" in phrase) == bool(slots):
                return phrase
        return None

    none, post = first("none"), first("post")
    byline = next((row for row in kinds.get("byline", ()) if "{x}" in row and "{t}" in row), None)
    by = [byline.replace("{x}", "Ada", 1).replace("{x}", "").replace("{t}", "7:12")] if byline else []
    labels = [f"{kinds['labels'][0].rstrip(': ')}: mill, well"] if kinds.get("labels") else []
    if none and post:
        yield "blogger", [none, post]
        yield "blogger page", [*by, *labels, none, post]
        if len(kinds.get("share", ())) > 2:
            yield "blogger share", [*by, "".join(kinds["share"][:5]), none, post]
        if len(kinds.get("pager", ())) > 2 and kinds.get("feed"):
            yield "pager", [none, post, " ".join(kinds["pager"][:3]), kinds["feed"][0]]
    for phrase in kinds.get("source", ())[:1]:
        yield "wordpress source", [phrase.replace("{x}", "The dry well", 1).replace("{x}", "Mill")]


def dress(lines: list[str], markup: str, *, links: bool = False) -> str:
    """Lines in one of the ways that platforms write them."""
    if links:
        home = "<a href='https://mill.example/'>Mill</a>"
        entry = "<a href='https://mill.example/p/1'>The dry well</a>"
        lines = [line.replace("The dry well", entry, 1).replace("Mill", home, 1) for line in lines]
    if markup == "p":
        return "".join(f"<p>{line}</p>" for line in lines)
    if markup == "div":
        return "".join(f"<div>{line}</div>\n" for line in lines)
    if markup == "br":
        return "<br />".join(lines)
    return "<div>" + "".join(f"<div><span>{line}</span></div>" for line in lines) + "</div>"


def samples() -> Iterator[Sample]:
    """Some four thousand."""
    for (language, kinds), (name, lines), markup in product(read("phrases").items(), ENTRIES.items(), MARKUP):
        if language in ("slots", "any"):
            continue
        for platform, tail in tails(language, kinds):
            if markup == "text":
                body, end = "\n\n".join(lines), "\n" + "\n".join(tail)
                html, alone = paragraphs(body + "\n" + end), paragraphs(body)
            else:
                alone = "".join(f"<p>{line}</p>" for line in lines)
                html = alone + dress(tail, markup, links=platform == "wordpress source")
            yield Sample(
                f"{platform} {language} {name} {markup}",
                html,
                alone,
                sum(len(line.split()) for line in lines),
                sum(len(line.split()) for line in tail),
            )


@dataclass
class Figures:
    """Word-weighted."""

    chrome: int = 0
    chrome_left: int = 0
    prose: int = 0
    prose_lost: int = 0
    exact: int = 0
    total: int = 0

    @property
    def recall(self) -> float:
        return 1 - self.chrome_left / self.chrome

    @property
    def loss(self) -> float:
        return self.prose_lost / self.prose


def measure(recipe: Recipe, words_of: Callable[[str], list[str]]) -> tuple[Figures, list[str]]:
    """Each sample against the entry alone, cleaned by the default recipe."""
    figures, wrong = Figures(), []
    for sample in samples():
        expected = words_of(clean(sample.alone, CONTEXT).html)
        actual = words_of(clean(sample.html, CONTEXT, recipe).html)
        more, fewer = max(0, len(actual) - len(expected)), max(0, len(expected) - len(actual))
        figures.chrome += sample.tail_words
        figures.chrome_left += more
        figures.prose += sample.prose_words
        figures.prose_lost += fewer
        figures.total += 1
        figures.exact += actual == expected
        if actual != expected:
            wrong.append(sample.name)
    return figures, wrong


@pytest.mark.slow
def test_the_cross_product(words_of: Callable[[str], list[str]]) -> None:
    """Chrome recall at least 95 % of the words, prose loss at most 0.1 %."""
    figures, wrong = measure(DEFAULT_RECIPE, words_of)

    assert figures.total >= 3000
    assert figures.recall >= 0.95, wrong[:20]
    assert figures.loss <= 0.001, wrong[:20]


@pytest.mark.slow
def test_phrases_injected_into_paragraphs_all_stay(words_of: Callable[[str], list[str]]) -> None:
    """The same tails, in the middle of a paragraph of prose: 0 words removed."""
    lost = []
    for (language, kinds), (name, lines) in product(read("phrases").items(), ENTRIES.items()):
        if language in ("slots", "any"):
            continue
        for platform, tail in tails(language, kinds):
            html = f"<p>{lines[0]}</p><p>{lines[0]} {' '.join(tail)} {lines[-1]}</p>"
            if words_of(html) != words_of(clean(html, CONTEXT).html):
                lost.append(f"{platform} {language} {name}")

    assert lost == []


def middle_words_lost(recipe: Recipe) -> tuple[int, int]:
    """Words of tails that stand in the middle of an entry, as blocks of their own: lost, and all."""
    lost = total = 0
    for language, kinds in read("phrases").items():
        if language in ("slots", "any"):
            continue
        for _platform, tail in tails(language, kinds):
            body = ENTRIES["prose"]
            out = clean(f"<p>{body[0]}</p>{dress(tail, 'p')}<p>{body[1]}</p>", CONTEXT, recipe).html
            total += sum(len(line.split()) for line in tail)
            lost += sum(len(line.split()) for line in tail if line.split()[-1].rstrip(".:") not in out)
    return lost, total


@pytest.mark.slow
def test_a_tail_in_the_middle_stays() -> None:
    """Blocks that look like a frame, with prose behind them: each is kept."""
    assert middle_words_lost(DEFAULT_RECIPE)[0] == 0


# --- feed-level evidence: footers that no table knows ---

FOOTERS = [
    "Written in the mill at Upper Dale. Letters to the address below",
    "Thanks to our {n} patrons",
    "Volume {n} of the Mill Papers · all rights shared",
    "If you liked this, tell a neighbour",
]


def _with_footer(place: int, footer: str) -> str:
    prose = ENTRIES["prose"]
    body = f"<p>{prose[place % 3]} It was entry {place}.</p><p>{prose[(place + 1) % 3]}</p>"
    return f"{body}<p>{footer.replace('{n}', str(place))}</p>"


@pytest.mark.parametrize("footer", FOOTERS)
def test_what_a_feed_repeats_goes(footer: str) -> None:
    """The same block at the same edge, digits masked, in at least three and 60 % of the entries."""
    feed = [_with_footer(place, footer) for place in range(6)]
    known = Evidence.learn([edges(html) for html in feed])
    context = CleanContext(base_url=CONTEXT.base_url, entry_url=CONTEXT.entry_url, evidence=known)
    key = footer.split("{", maxsplit=1)[0].strip()

    assert [False] * 6 == [key in clean(html, context).html for html in feed]
    assert [True] * 6 == [key in clean(html, CONTEXT).html for html in feed]


def test_what_two_entries_share_stays() -> None:
    """Two are a coincidence."""
    feed = [_with_footer(place, FOOTERS[0]) for place in range(2)] + [_with_footer(9, "Something else altogether")]
    known = Evidence.learn([edges(html) for html in feed])

    assert Evidence() == known


def footers_removed(recipe: Recipe) -> tuple[int, int]:
    """Entries whose feed-wide footer goes, and all."""
    gone = total = 0
    for footer in FOOTERS:
        feed = [_with_footer(place, footer) for place in range(6)]
        known = Evidence.learn([edges(html) for html in feed])
        context = CleanContext(base_url=CONTEXT.base_url, entry_url=CONTEXT.entry_url, evidence=known)
        key = footer.split("{")[0].strip()
        total += len(feed)
        gone += sum(key not in clean(html, context, recipe).html for html in feed)
    return gone, total


def test_the_ablations_are_worse() -> None:
    """Each rule that we kept earns its place."""
    no_gate = Recipe(ablation=frozenset({"no-edge-gate"}))
    no_evidence = Recipe(ablation=frozenset({"no-evidence"}))

    assert middle_words_lost(no_gate)[0] > 0
    assert footers_removed(DEFAULT_RECIPE) == (24, 24)
    assert footers_removed(no_evidence) == (0, 24)
