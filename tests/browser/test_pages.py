"""The pages in a real browser: what a person with a keyboard, a small screen or no scripts gets (issue: the page)."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.browser

FOCUSED = "document.activeElement"
LOOKS = [(320, False), (320, True), (1280, False), (1280, True)]


def beyond(tab) -> int:
    """By how many CSS pixels the page reaches beyond the window."""
    return tab.run("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def furniture(tab, url: str) -> list[str]:
    """What the page asked for from elsewhere, pictures of posts apart."""
    ours = urlsplit(url).netloc
    shown = set(tab.run("[...document.querySelectorAll('.post img, img.thumb')].map((image) => image.src)"))
    return [asked for _, asked in tab.requests() if urlsplit(asked).netloc != ours and asked not in shown]


def wrong(tab, url: str) -> list[str]:
    """Complaints of the console; a picture of a post that is not there is its author's."""
    ours = urlsplit(url).netloc
    return [told for told in tab.complaints() if "Failed to load resource" not in told or ours in told]


@pytest.mark.parametrize(("width", "dark"), LOOKS)
def test_no_page_scrolls_sideways_complains_or_asks_elsewhere(tab, site, width: int, dark: bool) -> None:
    page = tab(width=width, dark=dark)
    for kind, url in site.pages().items():
        page.open(url)
        page.unfold()

        assert beyond(page) == 0, kind
        assert wrong(page, url) == [], kind
        assert furniture(page, url) == [], kind
        assert page.run("getComputedStyle(document.body).backgroundColor") == (
            "rgb(21, 23, 26)" if dark else "rgb(250, 248, 244)"
        ), kind
        scripts = [asked for type_, asked in page.requests() if type_ == "Script"]
        assert scripts == ([f"{site.url}search.js"] if kind == "search" else []), kind


@pytest.mark.parametrize(("width", "dark"), LOOKS)
def test_subscribing_by_keyboard_alone(tab, site, width: int, dark: bool) -> None:
    """The skip link comes first; the panel opens by Enter and closes by Space, and its address can be selected."""
    page = tab(width=width, dark=dark).open(site.url)

    page.press("Tab")
    assert page.run(f"{FOCUSED}.className") == "skip"
    assert page.run(f"{FOCUSED}.getBoundingClientRect().left") >= 0
    while page.run(f"{FOCUSED}.tagName") != "SUMMARY":
        page.press("Tab")
        assert page.run(f"{FOCUSED}.closest('main') === null"), "the panel comes before the posts"
    assert page.run(f"{FOCUSED}.textContent") == "Subscribe"
    style = page.run(f"(({{outlineStyle, outlineWidth}}) => [outlineStyle, outlineWidth])(getComputedStyle({FOCUSED}))")
    assert style == ["solid", "3px"]

    page.press("Enter")
    assert page.run("document.querySelector('.subscribe').open")
    page.press("Tab")
    assert page.run(f"{FOCUSED}.value") == f"{site.url}atom.xml"
    page.run(f"{FOCUSED}.select()")
    assert page.run("String(getSelection())") == f"{site.url}atom.xml"
    page.press("Tab")
    assert page.run(f"{FOCUSED}.href") == f"{site.url}atom.xml"
    assert beyond(page) == 0

    page.run("document.querySelector('.subscribe > summary').focus()")
    page.press("Space")
    assert not page.run("document.querySelector('.subscribe').open")


def test_the_skip_link_leads_to_the_posts(tab, site) -> None:
    page = tab().open(site.url)

    page.press("Tab", "Enter")
    page.press("Tab")

    assert page.run(f"{FOCUSED}.closest('main').id") == "content"


def test_focus_moves_in_the_order_of_the_page_and_is_always_seen(tab, site) -> None:
    page = tab()
    for kind, url in site.pages().items():
        if kind in {"tag", "month", "second"}:  # built as others are
            continue
        page.open(url)
        stops = page.run("document.querySelectorAll('a[href], summary, input').length")
        positions = []
        for _ in range(stops):
            page.press("Tab")
            where, outline = page.run(
                f"(() => {{ const all = [...document.body.querySelectorAll('*')]; const one = {FOCUSED};"
                "return [all.indexOf(one), getComputedStyle(one).outlineStyle]; })()"
            )
            if where < 0:  # the end of the page: the browser's own buttons come next
                break
            positions.append(where)
            assert outline == "solid", kind
        assert positions == sorted(positions), kind
        assert len(positions) >= 4, kind


def test_a_post_opens_in_its_place(tab, site) -> None:
    page = tab().open(site.url)
    hidden = page.run("document.querySelector('.full .post').checkVisibility()")

    page.run("document.querySelector('.full > summary').focus()")
    page.press("Enter")

    assert not hidden
    assert page.run("document.querySelector('.full .post').checkVisibility()")
    assert page.run("location.href") == site.url


@pytest.mark.parametrize(("width", "dark"), LOOKS)
def test_search_finds_what_is_typed(tab, site, width: int, dark: bool) -> None:
    page = tab(width=width, dark=dark).open(f"{site.url}search.html")

    page.run("document.getElementById('words').focus()")
    page.press("INDIGO bucket")
    page.until("document.getElementById('found').textContent")

    assert page.run("document.getElementById('found').textContent") == "1 post"
    assert page.run("document.querySelector('#results a').textContent") == "Three buckets of indigo"
    assert (beyond(page), wrong(page, site.url), furniture(page, site.url)) == (0, [], [])


def test_search_by_address_and_for_nothing(tab, site) -> None:
    page = tab().open(f"{site.url}search.html?q=cr%C3%A4ne")
    assert page.until("document.getElementById('found').textContent") == "1 post"

    page.run("document.getElementById('words').select()")
    page.press("no such word at all")
    page.until("document.getElementById('found').textContent !== '1 post'")

    assert page.run("document.getElementById('found').textContent") == "0 posts"
    assert page.run("document.getElementById('results').children.length") == 0


def test_everything_but_search_works_without_scripts(tab, site) -> None:
    page = tab(scripts=False).open(site.url)
    page.press("Tab")
    while page.run(f"{FOCUSED}.tagName") != "SUMMARY":
        page.press("Tab")
    page.press("Enter")
    assert page.run("document.querySelector('#feeds').checkVisibility()")

    page.open(f"{site.url}search.html")
    assert not page.run("document.getElementById('search').checkVisibility()")
    assert page.run("document.querySelector('main noscript a').getAttribute('href')") == "archive/"


@pytest.mark.parametrize("name", ["atom.xml", "rss.xml", "source/{}/atom.xml", "archive/{}.xml"])
def test_a_feed_in_a_browser_is_a_page_that_leads_on(tab, site, name: str) -> None:
    """CSS alone shows it: the banner's link works, titles are seen, ids and escaped HTML are not."""
    kind = name.partition("/")[0]
    stem = next(
        path.parent.name if kind == "source" else path.stem
        for path in sorted(site.folder.glob("source/*/atom.xml" if kind == "source" else "archive/*.xml"))
    )
    page = tab(width=320).open(site.url + name.format(stem))
    of = "item" if name == "rss.xml" else "entry"

    def shown(selector: str) -> list[bool]:
        return page.run(f"[...document.querySelectorAll('{selector}')].map((one) => one.checkVisibility())")

    assert wrong(page, site.url) == []
    assert beyond(page) == 0
    assert all(shown(f"{of} > title")) and shown(f"{of} > title")
    assert not any(shown(f"{of} > id, {of} > guid, {of} > link, {of} > content, {of} > encoded"))
    assert page.run("getComputedStyle(document.documentElement).backgroundColor") == "rgb(250, 248, 244)"

    x, y = page.run(
        "(() => { const [box] = document.querySelector('div > p > a').getClientRects();"
        "return [box.x + box.width / 2, box.y + box.height / 2]; })()"
    )
    page.click_through(x, y)
    assert page.run("document.querySelector('main#content') !== null")
    assert page.run("location.href").startswith(site.url)


def test_on_paper_the_posts_stand_with_their_addresses_and_without_buttons(tab, site) -> None:
    page = tab().open(site.url)
    page.look(media="print")

    assert not page.run("document.querySelector('.subscribe').checkVisibility()")
    assert not page.run("document.querySelector('nav').checkVisibility()")
    assert page.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert "attr(href)" in page.run("getComputedStyle(document.querySelector('.card > h2 a'), '::after').content") or (
        "http" in page.run("getComputedStyle(document.querySelector('.card > h2 a'), '::after').content")
    )
    assert page.run("[...document.querySelectorAll('.card > h2')].every((one) => one.checkVisibility())")
