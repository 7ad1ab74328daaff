"""The web pages: what they say, how they are built, and that nothing from a feed can break out (checks G, T51-T59)."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import mf2py
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmill.feeds.entry import Author
from feedmill.publish.aggregate import Edition, aggregate
from feedmill.publish.branches import Around
from feedmill.publish.cards import MOST_CARDS, MOST_LISTED, duration_in_words, hue_of, letter_of, size_in_words
from feedmill.publish.fragment import for_page
from feedmill.publish.months import Item, Month
from feedmill.publish.page import (
    render_days,
    render_month,
    render_months,
    render_page,
    render_search,
    render_sources,
    render_status,
)
from feedmill.publish.status_words import status_lines
from feedmill.publish.theme import DEFAULT

LAZY = ' loading="lazy" decoding="async" referrerpolicy="no-referrer"'
ADA = "https://ada.example/feed.xml"
EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


@pytest.fixture
def make(bakery):
    def edition(*entries, sources=("ada", "bob"), **publication) -> Edition:
        return aggregate(
            bakery.publication(**publication),
            entries,
            [bakery.source(name) for name in sources],
            feed_id="urn:x:y",
            generator_version="0.1.0",
        )

    return edition


VOID = {"meta", "link", "img", "br", "hr", "input", "source", "wbr", "col", "track", "area"}


class Tags(HTMLParser):
    """Every start tag with its attributes, as a browser would tokenize them; and what is open at the end."""

    def __init__(self, html: bytes | str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.crossed: list[str] = []
        self.feed(html.decode() if isinstance(html, bytes) else html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.crossed.append(tag)

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]


def test_the_page_names_its_feeds_in_order_with_absolute_addresses(make) -> None:
    links = [link for link in Tags(render_page(make())).all("link") if link["rel"] in {"alternate", "blogroll"}]

    assert [(link["rel"], link["type"], link["href"]) for link in links] == [
        ("alternate", "application/atom+xml", "https://planet.example/atom.xml"),
        ("alternate", "application/rss+xml", "https://planet.example/rss.xml"),
        ("alternate", "application/feed+json", "https://planet.example/feed.json"),
        ("blogroll", "text/x-opml", "https://planet.example/subscriptions.opml"),
    ]


def test_mf2py_finds_the_feed_and_every_entry(bakery, make) -> None:
    made = make(bakery.entry(1), bakery.entry(2, "bob", authors=()), bakery.entry(3, title="No link", url=None))
    (feed,) = [item for item in mf2py.parse(render_page(made).decode())["items"] if item["type"] == ["h-feed"]]

    assert feed["properties"]["name"] == ["Planet Example"]
    entries = [child["properties"] for child in feed["children"] if child["type"] == ["h-entry"]]
    assert [entry["name"] for entry in entries] == [[entry.title] for entry in made.entries]
    assert entries[0]["url"] == ["https://ada.example/1"]
    assert entries[0]["uid"] == ["https://ada.example/1"]
    assert entries[0]["published"] == ["2026-03-02T09:05:00Z"]
    assert entries[0]["updated"] == ["2026-03-02T09:10:00Z"]
    assert entries[0]["author"][0]["properties"]["name"] == ["Ada Lovelace"]
    assert entries[1]["author"][0]["properties"]["name"] == ["The bob blog"]
    assert "And a" in entries[0]["content"][0]["value"]
    assert entries[0]["category"] == ["python", "cats & dogs"]


def test_nothing_from_a_feed_becomes_markup(bakery, make) -> None:
    stored = bakery.entry(
        1,
        id=f"urn:{EVIL}",
        title=EVIL,
        summary=EVIL,
        authors=(Author(name=EVIL, url="javascript:alert(1)"),),
        categories=(EVIL,),
        language='en"><script>',
        image="javascript:alert(1)",
        enclosures=(bakery.enclosure(media_type=EVIL),),
        content_html=EVIL + "</details></article></main><p onclick=alert(1) style=x id=content>y",
    )
    page = Tags(render_page(make(stored, title=EVIL, description=EVIL, owner=EVIL, rights=EVIL)))

    assert page.all("script") == []
    assert not [attribute for _, attributes in page.tags for attribute in attributes if attribute.startswith("on")]
    assert not [attributes for _, attributes in page.tags if "style" in attributes]
    assert [attributes["id"] for _, attributes in page.tags if "id" in attributes] == [
        "subscribe", "feeds", "content", "sources",
    ]  # fmt: skip
    assert (page.open, page.crossed) == ([], [])


def test_a_page_has_one_h1_an_h2_for_each_entry_and_no_heading_level_is_skipped(bakery, make) -> None:
    made = make(bakery.entry(1, content_html="<h1>a</h1><h4>b</h4><p>c</p>"), bakery.entry(2))
    levels = [int(tag[1]) for tag, _ in Tags(render_page(made)).tags if re.fullmatch("h[1-6]", tag)]

    assert levels == [1, 2, 3, 4, 2, 3, 2]


def test_the_page_needs_no_script_and_loads_nothing_from_elsewhere_by_itself(bakery, make) -> None:
    page = Tags(render_page(make(bakery.entry(1))))

    (policy,) = [meta["content"] for meta in page.all("meta") if meta.get("http-equiv")]
    assert policy.startswith("default-src 'none'; style-src 'self';")
    assert [link["href"] for link in page.all("link") if link["rel"] in {"stylesheet", "icon"}] == [
        "icon-144.png",
        "icon.svg",
        "style.css",
    ]
    assert b"@import" not in DEFAULT.static_files()["style.css"]
    assert b"url(" not in DEFAULT.static_files()["style.css"]


def test_links_out_and_images_give_nothing_away(bakery, make) -> None:
    html = '<p><a href="https://x.example/">x</a><img src="https://x.example/i.png" width="3" height="4" alt="i"></p>'
    page = Tags(render_page(make(bakery.entry(1, content_html=html, image="https://x.example/lead.png"))))

    for link in page.all("a"):
        assert link["href"].startswith(("#", "status.html", "https://planet.example/")) or link["rel"] == "noopener"
    for image in page.all("img"):
        assert (image["loading"], image["decoding"], image["referrerpolicy"]) == ("lazy", "async", "no-referrer")
    assert page.all("img")[1]["width"] == "3"


def test_days_are_dates_and_stand_once(bakery, make) -> None:
    page = render_page(make(bakery.entry(30), bakery.entry(2), bakery.entry(1))).decode()

    assert re.findall(r'<p class="day"><time datetime="([^"]+)">([^<]+)<', page) == [
        ("2026-03-03", "Tuesday, 3 March 2026"),
        ("2026-03-02", "Monday, 2 March 2026"),
    ]


def test_short_posts_stand_open_and_long_ones_unfold(bakery, make) -> None:
    short = render_page(make(bakery.entry(1, summary="", content_html="<p>Short.</p>", content_text="Short.")))
    long = render_page(make(bakery.entry(1)))
    huge = render_page(make(bakery.entry(1, content_html="<p>" + "x" * 70_000)))

    assert (short.count(b'<details class="full">'), short.count(b"e-content")) == (0, 1)
    assert (long.count(b'<details class="full">'), long.count(b"e-content")) == (1, 1)
    assert (huge.count(b'<details class="full">'), huge.count(b"e-content")) == (0, 0)


def test_a_page_of_many_entries_ends_and_says_so(bakery, make) -> None:
    page = render_page(make(*(bakery.entry(n) for n in range(MOST_CARDS + 2)))).decode()

    shown = page.count("<article")
    assert 20 <= shown < MOST_CARDS
    assert f"{MOST_CARDS + 2 - shown} older posts are in the feeds." in page
    assert len(page.encode()) + len(DEFAULT.static_files()["style.css"]) < 50_000  # check G10


def test_an_episode_says_how_long_it_is_and_how_large(bakery, make) -> None:
    stored = bakery.entry(
        1, enclosures=(bakery.enclosure(), bakery.enclosure("b"), bakery.enclosure("c", media_type="image/png"))
    )
    made = make(stored)
    (entry,) = made.entries
    page = render_page(replace(made, entries=(replace(entry, seconds=4350),))).decode()

    assert page.count(">Listen (1 h 12 min, 123 kB)</a>") == 1, "the first recording is the episode"
    assert page.count(">Listen (123 kB)</a>") == 1
    assert ">Picture (123 kB)</a>" in page
    assert [duration_in_words(seconds) for seconds in (20, 240, 3600)] == ["20 s", "4 min", "1 h"]


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        ("<pre>Salt &amp; bread</pre>", False),
        ("<p><b>Salt &amp; bread</b></p>", False),
        ("<p>Salt &amp; bread, and more</p>", True),
        ('<p><a href="https://ada.example/">Salt &amp; bread</a></p>', True),
        ('<p>Salt &amp; bread</p><img src="https://ada.example/salt.png" alt="">', True),
    ],
)
def test_a_post_that_only_repeats_its_title_is_not_shown_twice(bakery, make, content: str, shown: bool) -> None:
    page = render_page(make(bakery.entry(1, title="Salt & bread", content_html=content, summary="")))

    assert (b"e-content" in page) == shown


def test_a_publication_of_many_sources_without_pages_of_their_own_leads_to_their_list(bakery, make) -> None:
    many = [f"blog{number}" for number in range(MOST_LISTED + 1)]
    made = make(bakery.entry(1, many[3]), sources=many)
    listed = render_page(made).decode()
    nowhere_else = render_page(replace(made, publication=replace(made.publication, formats=("atom", "html")))).decode()

    assert (
        f'<a href="{made.url}subscriptions.opml" type="text/x-opml">All {MOST_LISTED + 1} sources (OPML)</a>' in listed
    )
    assert ("blog3" in listed, "blog4" in listed) == (True, False)
    assert "blog4" in nowhere_else


def test_an_empty_planet_says_what_happens_next(make) -> None:
    assert b"The first posts appear as soon as" in render_page(make())
    assert b"No blog has been added yet" in render_page(make(sources=()))


def test_enclosures_and_other_sources_are_named(bakery, make) -> None:
    stored = bakery.entry(1, enclosures=(bakery.enclosure(), bakery.enclosure("b", media_type=None, length=None)))
    page = render_page(make(replace(stored, also_in=("https://bob.example/feed.xml",)))).decode()

    assert ">Listen (123 kB)</a>" in page
    assert ">Attachment</a>" in page
    assert "also in The bob blog" in page


@pytest.mark.parametrize(
    ("length", "words"), [(5, "5 bytes"), (1500, "1.5 kB"), (48_300_000, "48 MB"), (2_500_000_000, "2.5 GB")]
)
def test_sizes_are_said_for_people(length: int, words: str) -> None:
    assert size_in_words(length) == words


def test_a_publication_in_a_folder_finds_the_status_page_above_it(make) -> None:
    page = render_page(make(path="a/b", url="https://planet.example/a/b/", formats=("html",)))

    assert b'href="../../status.html"' in page
    assert b"Subscribe" not in page


def test_the_same_source_always_has_the_same_colour_and_each_colour_has_a_rule() -> None:
    css = DEFAULT.static_files()["style.css"].decode()
    hues = {hue_of(f"https://{n}.example/") for n in range(500)}

    assert hue_of("https://a.example/") == hue_of("https://a.example/")
    assert hues == set(range(24))
    assert all(f".hue-{hue} {{" in css for hue in hues)


def test_the_status_page_says_what_is_wrong_and_what_helps(bakery) -> None:
    from feedmill.feeds.outcome import FailureKind
    from feedmill.feeds.source import Standing

    bad = bakery.source(
        "bad", standing=Standing.FAILING, failure=FailureKind.TLS, detail=EVIL, failing_since=bakery.start
    )
    html = render_status(
        "Planet",
        status_lines([bakery.source("ada"), bad]),
        [("Planet", "./"), ("A&B", "a/")],
        generator_version="0.1.0",
    )
    page = Tags(html)

    assert b"1 of 2 sources needs attention." in html
    assert b'<span>Also published here:</span>\n<a href="a/" dir="auto">A&amp;B</a>\n</p>' in html
    assert b"Its certificate is not valid" in html
    assert b"2 March 2026, 08:05 UTC" in html
    assert page.all("script") == []
    assert (page.open, page.crossed) == ([], [])


def test_the_status_page_of_a_healthy_and_of_an_empty_planet(bakery) -> None:
    def words(*names: str) -> bytes:
        return render_status("P", status_lines([bakery.source(n) for n in names]), [], generator_version="1")

    assert b"Also published here" not in words("ada")
    assert b"All is well with the one source." in words("ada")
    assert b"All is well with all 2 sources." in words("ada", "bob")
    assert b"No source has been added yet." in words()


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("", ""),
        ("<p>a <b>b</b></p>", "<p>a <b>b</b></p>"),
        ("<h2>a</h2><h5>b</h5><h2>c</h2>", "<h3>a</h3><h4>b</h4><h3>c</h3>"),
        ("<center><font color=red>a</font></center>", "<div><span>a</span></div>"),
        ("<article><header><main>a</main></header></article>", "<div><div><div>a</div></div></div>"),
        ('<p id="x" class="y" style="z" onclick="q" dir="rtl">a</p>', '<p dir="rtl">a</p>'),
        ('<p dir="up" lang="">a</p>', "<p>a</p>"),
        ('<a href="javascript:alert(1)" target="_blank">a</a>', "<a>a</a>"),
        ('<a href="https://x/?a=1&amp;b=2">a</a>', '<a href="https://x/?a=1&amp;b=2" rel="noopener">a</a>'),
        ("<img><p>x</p>", "<p>x</p>"),
        ('<td width="90%" colspan="2">a', "a"),
        ('<ol start="3" reversed><li value="x">a</ol>', '<ol start="3"><li>a</li></ol>'),
        ("<o:p>a</o:p>", "<span>a</span>"),
        ("<script>alert(1)</script><style>x</style><iframe src=x></iframe>b", "b"),
        ("</div></article>a", "a"),
        ("<p>a", "<p>a</p>"),
        ("<pre>a</pre>", '<pre tabindex="0">a</pre>'),
        ("<table><tr><td>b", '<table tabindex="0"><tbody><tr><td>b</td></tr></tbody></table>'),
        (
            '<a href="https://x/"><b><img src="https://x/i" alt=""></b></a>',
            f'<a href="https://x/" rel="noopener"><b><img src="https://x/i" alt="picture"{LAZY}></b></a>',
        ),
        ('<a href="https://x/"> </a>b', " b"),
        ('<a href="https://x/" title="c"></a>', '<a href="https://x/" title="c" rel="noopener"></a>'),
        ('<video src="https://x/v.mp4" autoplay></video>',
         '<video src="https://x/v.mp4" controls preload="none"></video>'),
        ('<p title="a > b &lt;h1&gt;">c</p>', '<p title="a &gt; b &lt;h1&gt;">c</p>'),
    ],
)  # fmt: skip
def test_a_posts_html_is_fitted_into_the_page(html: str, expected: str) -> None:
    assert for_page(html) == expected


@given(st.text(alphabet='<>/"=&; aphimg1234scriptonclickdivsrc:', max_size=60))
def test_fitting_never_raises_and_leaves_no_script_and_nothing_open(html: str) -> None:
    fitted = Tags(f"<div>{for_page(html)}</div>")

    assert fitted.all("script") == []
    assert not [name for _, attributes in fitted.tags for name in attributes if name.startswith("on")]


def luminance(rgb: tuple[float, float, float]) -> float:
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def oklch(lightness: float, chroma: float, hue: float) -> float:
    """The relative luminance of an OKLCH colour, clipped to sRGB."""
    from math import cos, radians, sin

    a, b = chroma * cos(radians(hue)), chroma * sin(radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    red, green, blue = (min(1.0, max(0.0, value)) for value in linear)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def colours(scheme: str) -> dict[str, str]:
    css = DEFAULT.static_files()["style.css"].decode()
    light, dark = re.findall(r":root \{(.*?)\}", css, re.DOTALL)[:2]
    return dict(re.findall(r"--([\w-]+): ([^;]+);", light if scheme == "light" else dark))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_colour_has_wcag_aa_contrast_on_every_ground(scheme: str) -> None:
    named = colours(scheme)

    def level(name: str) -> float:
        value = named[name].removeprefix("#")
        red, green, blue = (int(value[at : at + 2], 16) / 255 for at in (0, 2, 4))
        return luminance((red, green, blue))

    for text in ("ink", "soft", "link", "alert", "well"):
        for ground in ("paper", "card"):
            assert contrast(level(text), level(ground)) >= 4.5, (text, ground)
    assert contrast(level("on-fill"), level("fill")) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_sources_colour_has_wcag_aa_contrast(scheme: str) -> None:
    css = DEFAULT.static_files()["style.css"].decode()
    tones = re.findall(r"--tone: oklch\((\d+)% ([\d.]+) var\(--hue\)\); --wash: oklch\((\d+)% ([\d.]+)", css)
    tone_light, tone_chroma, wash_light, wash_chroma = map(float, tones[0 if scheme == "light" else 1])
    value = colours(scheme)
    card = luminance(tuple(int(value["card"].removeprefix("#")[at : at + 2], 16) / 255 for at in (0, 2, 4)))
    ink = luminance(tuple(int(value["ink"].removeprefix("#")[at : at + 2], 16) / 255 for at in (0, 2, 4)))

    for hue in range(0, 360, 15):
        assert contrast(oklch(tone_light / 100, tone_chroma, hue), card) >= 4.5, hue
        assert contrast(oklch(wash_light / 100, wash_chroma, hue), ink) >= 4.5, hue


@pytest.mark.browser
@pytest.mark.parametrize("width", [320, 1280])
def test_the_page_never_scrolls_sideways(bakery, make, tmp_path: Path, width: int) -> None:
    """The browser measures it: the page is laid out in a frame of that width, which says how far it reaches beyond."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("needs chromium")
    wide = bakery.entry(
        1,
        title="Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft " * 2,
        content_html=f"<pre>{'x' * 400}</pre><table><tr><td>{'y' * 300}</td></tr></table><p>{'z' * 300}</p>",
        categories=("k" * 150,),
        authors=(Author(name="a" * 150),),
    )
    (tmp_path / "index.html").write_bytes(render_page(make(wide)).replace(b'class="full"', b'class="full" open'))
    for name, data in DEFAULT.static_files().items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "frame.html").write_text(
        f'<!DOCTYPE html><iframe src="index.html" style="width:{width}px;height:600px;border:0"></iframe><script>'
        "onload = () => { const d = document.querySelector('iframe').contentDocument.documentElement;"
        "document.body.dataset.beyond = d.scrollWidth - d.clientWidth; }</script>"
    )
    dump = subprocess.run(
        [
            chromium,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--allow-file-access-from-files",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--virtual-time-budget=3000",
            "--window-size=1400,900",
            "--dump-dom",
            (tmp_path / "frame.html").as_uri(),
        ],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    ).stdout

    assert re.findall(r'data-beyond="(\d+)"', dump) == ["0"]


@pytest.mark.slow
def test_the_nu_checker_finds_nothing(bakery, make, tmp_path: Path) -> None:
    jar = os.environ.get("FEEDMILL_VNU")
    if not jar:
        pytest.skip("FEEDMILL_VNU does not name a vnu.jar")
    full = make(
        bakery.entry(1, enclosures=(bakery.enclosure(),), image="https://ada.example/i.png"),
        bakery.entry(2, content_html="<h1>a</h1><h5>b</h5><center>c</center><img><o:p>d</o:p>", language="ar"),
        bakery.entry(3, summary="", content_html="<p>Short.</p>"),
        description="What we read",
        rights="© us",
    )
    pages = {
        "full.html": render_page(full),
        "empty.html": render_page(make(sources=())),
        "status.html": render_status("P", status_lines([bakery.source("ada")]), [("P", "./")], generator_version="1"),
    }
    for name, data in pages.items():
        (tmp_path / name).write_bytes(data)
    for name, data in DEFAULT.static_files().items():
        (tmp_path / name).write_bytes(data)
    files = [str(tmp_path / name) for name in pages]
    found = subprocess.run(
        ["java", "-jar", jar, "--format", "json", *files], capture_output=True, text=True, check=False
    ).stderr
    styles = subprocess.run(
        ["java", "-jar", jar, "--css", "--format", "json", str(tmp_path / "style.css"), str(tmp_path / "feed.css")],
        capture_output=True,
        text=True,
        check=False,
    ).stderr

    # A file has no origin, so the checker cannot know that 'self' allows the stylesheet beside it.
    told = [told for told in json.loads(found)["messages"] if "external stylesheet “style.css”" not in told["message"]]
    assert told == []
    assert json.loads(styles)["messages"] == []


def test_a_source_is_known_by_its_letter_and_its_colour_and_always_by_its_name(bakery, make) -> None:
    page = render_page(make(bakery.entry(1)))
    tiles = [attributes for attributes in Tags(page).all("span") if attributes.get("class") == "tile"]

    assert [(tile["data-letter"], tile["aria-hidden"]) for tile in tiles] == [("T", "true")] * 3
    assert page.decode().count("The ada blog") >= 2
    assert [letter_of(title) for title in ("«éclair»", "7 days", "日本", "?!")] == ["É", "7", "日", "·"]


def test_a_cached_icon_takes_the_place_of_the_letter(bakery, make) -> None:
    made = make(bakery.entry(1))
    icons = {"https://ada.example/feed.xml": "icons/0123.png"}
    page = Tags(render_page(replace(made, around=replace(made.around, icons=icons))))

    assert [(image["src"], image["alt"]) for image in page.all("img")] == [("icons/0123.png", "")] * 2


def test_a_post_dated_by_its_day_alone_tells_no_hour(bakery, make) -> None:
    at = bakery.start.replace(hour=0, minute=0)
    page = render_page(make(replace(bakery.entry(1, published=at), sort_at=at))).decode()

    assert '<time class="dt-published" datetime="2026-03-02T00:00:00Z"></time>' in page


def test_what_is_in_another_language_or_in_one_that_nobody_told_says_so(bakery, make) -> None:
    def languages(**fields) -> set[str | None]:
        stored = bakery.entry(1, summary="", **fields)
        made = make(stored)
        if fields["language"] is None:  # nor does its source tell
            entry = replace(made.entries[0], source=replace(made.entries[0].source, language=None))
            made = replace(made, entries=(entry,))
        return {attributes.get("lang") for attributes in Tags(render_page(made)).all("h2")[:1]}

    assert languages(language="en") == {None}
    assert languages(language="de") == {"de"}
    assert languages(language=None) == {""}


def test_beside_a_long_stream_stand_the_sources_of_its_posts(bakery, make) -> None:
    many = [f"s{number}" for number in range(MOST_LISTED + 1)]
    made = make(bakery.entry(1, "s7"), sources=many)
    places = {record.source.url: f"source/{record.row}/" for record in made.sources}
    page = render_page(replace(made, around=replace(made.around, sources=places))).decode()
    quiet = render_page(replace(make(sources=many), around=replace(made.around, sources=places)))

    assert "Sources on this page</h2>" in page
    assert page.count('<li class="hue-') == 1
    assert f"All {MOST_LISTED + 1} sources" in page
    assert quiet.count(b'<li class="hue-') == MOST_LISTED


def test_every_page_says_what_it_is_where_it_is_and_which_feeds_there_are(bakery, make) -> None:
    """Checks G1 and G2, for the pages beside the stream."""
    made = make(bakery.entry(1))
    month = Month(name="2026-03", rows=(1,), key="k")
    full = replace(month, days=(Month(name="2026-03-02", rows=(1,), key="k"),))
    item = Item(title="T", url=None, at=bakery.start, source="Ada", source_url="https://ada.example/", summary="")
    pages = {
        "source/": render_sources(made, {ADA: 1}, {ADA: bakery.start}),
        "archive/": render_months(made, [month]),
        "archive/2026-03.html": render_month(made, month, [item], newer=None, older=month),
        "archive/2026-03.html?": render_days(made, full),
        "search.html": render_search(made),
        "status.html": render_status("P", [], [], generator_version="1", root=made.publication),
    }
    for place, html in pages.items():
        page = Tags(html)
        links = {link["rel"]: link["href"] for link in page.all("link")}
        said = {meta.get("property") or meta.get("name"): meta["content"] for meta in page.all("meta")[1:]}
        types = [link["type"] for link in page.all("link") if link["rel"] == "alternate"]

        assert links["canonical"] == said["og:url"] == f"https://planet.example/{place.rstrip('?')}"
        assert types[:3] == ["application/atom+xml", "application/rss+xml", "application/feed+json"], place
        assert links["blogroll"] == "https://planet.example/subscriptions.opml"
        assert said["description"] == said["og:description"] != ""
        assert said["og:title"] in html.decode()
        assert (page.open, page.crossed) == ([], [])
    assert b'newest <time datetime="2026-03-02T08:05:00Z">2 March 2026</time>' in pages["source/"]
    assert b"1 posts, day by day" in pages["archive/2026-03.html?"]
    assert b"March 2026" in pages["archive/2026-03.html"]


def test_a_page_of_a_source_without_posts_has_no_rhythm(make) -> None:
    made = make(sources=("ada",))
    page = render_page(replace(made, around=Around(up="../../", home="Planet", kind="source", rhythm=(0,) * 52)))

    assert b"<svg" not in page
    assert b"No post is kept at the moment" in page
    assert b"Posts of Planet Example, collected by Planet." in page


def test_the_hosted_readers_that_the_operator_lists_get_the_address(make) -> None:
    made = make(formats=("rss", "html"))
    around = replace(made.around, readers=(("Example Reader", "https://reader.example/add?feed={url}"),))
    page = render_page(replace(made, around=around))

    assert b"https://reader.example/add?feed=https%3A%2F%2Fplanet.example%2Frss.xml" in page


def test_a_page_with_icons_of_many_sources_stays_light(bakery, make) -> None:
    """Check G10, with every source's own icon and a name of some length."""
    many = [f"a-blog-with-a-rather-long-name-{number}" for number in range(200)]
    made = make(*(bakery.entry(number, many[number]) for number in range(MOST_CARDS)), sources=many)
    keys = [record.source.url for record in made.sources]
    icons = {key: f"icons/{number:016x}.png" for number, key in enumerate(keys)}
    pages = {key: f"source/{key.split('/')[2]}/" for key in keys}
    page = render_page(replace(made, around=replace(made.around, icons=icons, sources=pages, archive=True)))

    assert page.count(b'class="tile" src="icons/') > 30
    assert len(page) + len(DEFAULT.static_files()["style.css"]) < 50_000
