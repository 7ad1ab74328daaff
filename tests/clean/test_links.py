"""Steps links and share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from feedmill.ingest.clean import CleanContext, Recipe, clean

Tidy = Callable[..., str]
SHARER = "https://www.facebook.com/sharer/sharer.php?u=x"


def link(href: str, text: str = "x") -> str:
    return f'<p><a href="{href}" rel="noopener noreferrer">{text}</a></p>'


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("/a", "https://mill.example/a"),
        ("b.html", "https://mill.example/2024/05/b.html"),
        ("//c.example/d", "https://c.example/d"),
        ("#note", "https://mill.example/2024/05/grain.html#note"),
        (" https://a.example/ ", "https://a.example/"),
        ("https://a.exa\nmple/x", "https://a.example/x"),
        ("HTTPS://A.example/%7ex", "https://a.example/%7Ex"),
        ("mailto:ada@a.example", "mailto:ada@a.example"),
        ("tel:+31 20 1234567", "tel:+31%2020%201234567"),
        ("https://a.example/?utm_source=x&amp;id=1&amp;fbclid=y", "https://a.example/?id=1"),
        ("https://a.example/?ref=mill.example", "https://a.example/"),
        ("https://www.google.com/url?sa=t&amp;url=https%3A%2F%2Fa.example%2Fx", "https://a.example/x"),
        ("https://l.facebook.com/l.php?u=https%3A%2F%2Fa.example%2F&amp;h=1", "https://a.example/"),
        ("https://t.umblr.com/redirect?z=https%3A%2F%2Fa.example%2F&amp;t=1", "https://a.example/"),
        ("https://href.li/?https://a.example/x", "https://a.example/x"),
        ("https://href.li/?https://t.umblr.com/redirect?z=https%3A%2F%2Fa.example%2F", "https://a.example/"),
        ("https://vk.com/away.php?to=javascript%3Ax", "https://vk.com/away.php?to=javascript%3Ax"),
        ("https://vk.com/away.php?from=y", "https://vk.com/away.php?from=y"),
    ],
)
def test_addresses(href: str, expected: str, tidy: Tidy) -> None:
    assert link(expected) == tidy(f'<p><a href="{href}">x</a></p>')


def test_a_circle_of_redirectors_ends(tidy: Tidy) -> None:
    """Three are unwrapped, then it stands as it is."""
    url = "https://a.example/"
    for _ in range(5):
        url = "https://href.li/?" + url

    assert "a.example" in tidy(f'<p><a href="{url}">x</a></p>')


@pytest.mark.parametrize(
    "href", ["javascript:x()", "", "#", "data:text/html,x", "ftp://a.example/", "mailto:", "tel:call me", "file:///x"]
)
def test_what_leads_nowhere_keeps_its_words(href: str, tidy: Tidy) -> None:
    assert "<p>a x b</p>" == tidy(f'<p>a <a href="{href}">x</a> b</p>')


def test_without_a_base_relative_addresses_stay_as_written() -> None:
    html = "<p><a href='/a b'>x</a> <a href='//c.example/'>y</a> <a href='#n'>z</a></p>"
    out = clean(html, CleanContext()).html

    assert 'href="/a%20b"' in out
    assert 'href="https://c.example/"' in out
    assert "z</p>" in out


def test_links_in_links_are_words(tidy: Tidy) -> None:
    out = tidy("<a href='https://a.example/'><table><tr><th>a <a href='https://b.example/'>b</a></th></tr></table></a>")

    assert out.count("<a ") == 1


def test_a_link_keeps_its_title_and_loses_the_rest(tidy: Tidy) -> None:
    html = "<p><a href='https://a.example/' title=' T ' class=c id=i onclick=x>x</a></p>"

    assert '<p><a href="https://a.example/" title="T" rel="noopener noreferrer">x</a></p>' == tidy(html)


def test_a_link_over_blocks_is_written_in_each(tidy: Tidy) -> None:
    out = tidy("<a href='https://a.example/'><div>one</div><div>two<br>three</div></a>")

    assert out.count('<a href="https://a.example/"') == 3


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (
            f"<p>Words.</p><p><a href='{SHARER}'>Facebook</a> <a href='https://t.me/share/url?u'>Telegram</a></p>",
            "<p>Words.</p>",
        ),
        (f"<p>Words.</p>Share: <a href='{SHARER}'>f</a>", "<p>Words.</p>"),
        (f"<p>Words.</p><p><span><a href='{SHARER}'><img src='/f.png'></a></span></p>", "<p>Words.</p>"),
        (f"<p>Words of the entry. <a href='{SHARER}'>Share it</a></p>", "<p>Words of the entry.</p>"),
        (f"<p><a href='{SHARER}'>Share it</a> Words of the entry.</p>", "<p>Words of the entry.</p>"),
        (f"<p>You <a href='{SHARER}'>may share it</a> with them.</p>", "<p>You may share it with them.</p>"),
        (
            f"<p>Words <b>and <a href='{SHARER}'>a long link text of many words here</a></b>.</p>",
            "<p>Words <b>and a long link text of many words here</b>.</p>",
        ),
        ("<p>Words.</p><ul><li><a href='https://mill.example/p?share=twitter'>Twitter</a></li></ul>", "<p>Words.</p>"),
        ("<p>Words.</p><p><a href='https://x.substack.com/p/y?action=share'>Share</a></p>", "<p>Words.</p>"),
        ("<p>Words.</p><p><a href='mailto:?subject=x'>Email</a></p>", "<p>Words.</p>"),
        (
            "<p>See <a href='https://mill.example/p?share=price'>the price</a>.</p>",
            '<p>See <a href="https://mill.example/p?share=price" rel="noopener noreferrer">the price</a>.</p>',
        ),
        (
            f"<table><tr><td><a href='{SHARER}'>f</a></td><td>1</td></tr><tr><td>2</td><td>3</td></tr></table>",
            "<table><tbody><tr><td></td><td>1</td></tr><tr><td>2</td><td>3</td></tr></tbody></table>",
        ),
        (f"<p>Words.</p><a href='{SHARER}'>f</a><!-- c --><script>x</script>", "<p>Words.</p>"),
    ],
)
def test_share_links(html: str, expected: str, tidy: Tidy) -> None:
    assert expected == tidy(html)


def test_steps_can_be_switched_off(tidy: Tidy) -> None:
    """One by one; the gate stays on."""
    html = f"<p>Words of the entry. <a href='{SHARER}'>Share it</a></p>"

    assert "Share it" in tidy(html, Recipe(switches={"share": False}))
    assert "utm_" in tidy("<p><a href='https://a.example/?utm_x=1'>x</a></p>", Recipe(switches={"links": False}))
    assert "script" not in tidy(
        "<p><a href='javascript:x'>x</a></p>", Recipe(switches={"links": False, "sanitize": False})
    )
