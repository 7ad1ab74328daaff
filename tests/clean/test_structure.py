"""The plain form: what every entry's markup becomes (cleaning.md 3.8)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from feedmill.ingest.clean import Block, CleanContext, clean

Tidy = Callable[..., str]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("one<br><br>two", "<p>one</p>\n<p>two</p>"),
        ("one<br>&nbsp;<br/>two<br>three", "<p>one</p>\n<p>two<br>three</p>"),
        ("<br><p>one<br></p><p>&nbsp;</p><p><b> </b></p>", "<p>one</p>"),
        ("<div>one<div>two</div>three</div>", "<p>one</p>\n<p>two</p>\n<p>three</p>"),
        ("<p><font color=red>a <span style='x'>b</span></font><o:p></o:p></p>", "<p>a b</p>"),
        ("<center>a</center>", "<p>a</p>"),
        ("<p>a<b> b </b>c <i></i>d</p>", "<p>a <b>b</b> c d</p>"),
        ("<b>one<br><br>two</b>", "<p><b>one</b></p>\n<p><b>two</b></p>"),
        ("<b><b>one</b></b>", "<p><b>one</b></p>"),
        ("<b><div>one</div><div>two</div></b>", "<p><b>one</b></p>\n<p><b>two</b></p>"),
        ("<h1>A</h1><h4>B<br><br>C</h4>", "<h2>A</h2>\n<h4>B</h4>\n<h4>C</h4>"),
        ("<h2><div>A</div></h2>b", "<h2>A</h2>\n<p>b</p>"),
        (
            "<strike>a</strike> <tt>b</tt> <acronym title=' C '>c</acronym>",
            '<p><s>a</s> <code>b</code> <abbr title="C">c</abbr></p>',
        ),
        (
            "<time datetime=2024-01-02>then</time><time>now</time>",
            '<p><time datetime="2024-01-02">then</time><time>now</time></p>',
        ),
        ("<!-- c --><script>x</script><style>y</style><title>t</title>a", "<p>a</p>"),
        ("a<select><option>b</select><textarea>c</textarea><button>d</button>", "<p>a</p>"),
        ("a<wbr>b", "<p>ab</p>"),
        ("<p>a<svg><text>b</text></svg></p>", "<p>a</p>"),
        ("<p>so <math alttext='x^2'><mi>x</mi></math> it is</p>", "<p>so <code>x^2</code> it is</p>"),
        ("<p><math><mi>x</mi><annotation>x_1</annotation></math></p>", "<p><code>x_1</code></p>"),
        ("<p><code><math><mi>x</mi></math></code><math></math></p>", "<p><code>x</code></p>"),
        ("<p>a</p><hr><hr><p>b</p><hr>", "<p>a</p>\n<hr>\n<p>b</p>"),
        ("<bdo dir=rtl>abc</bdo><bdo>d</bdo>", '<p><bdo dir="rtl">abc</bdo>d</p>'),
    ],
)
def test_paragraphs_and_inline_elements(html: str, expected: str, tidy: Tidy) -> None:
    assert expected == tidy(html)


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<ul><li>a<li><p>b</p></ul>", "<ul><li>a</li><li>b</li></ul>"),
        ("<ul><li><p>a</p><p>b</p></li></ul>", "<ul><li><p>a</p><p>b</p></li></ul>"),
        ("<ul>stray<li>a</li><ul><li>b</li></ul></ul>", "<ul><li>stray</li><li>a<ul><li>b</li></ul></li></ul>"),
        ("<ul></ul><ol><li></li></ol>x", "<p>x</p>"),
        (
            "<ol start=3 reversed><li>a</ol><ol start=1><li>b</ol>",
            '<ol start="3" reversed=""><li>a</li></ol>\n<ol><li>b</li></ol>',
        ),
        ("<li>loose</li>", "<p>loose</p>"),
        ("<dl><dt>a<dd>b</dl><dt>c</dt>", "<dl><dt>a</dt><dd>b</dd></dl>\n<p>c</p>"),
        ("<dl>stray<dt>a</dl>", "<dl><dd>stray</dd><dt>a</dt></dl>"),
        ("<blockquote>a<br><br>b</blockquote>", "<blockquote><p>a</p><p>b</p></blockquote>"),
        ("<blockquote></blockquote>a", "<p>a</p>"),
        ("<details open><summary>s</summary>t</details>", '<details open=""><summary>s</summary><p>t</p></details>'),
        ("<summary>s</summary>", "<p>s</p>"),
        (
            "<figure><img src=/i.jpg><figcaption>c</figcaption></figure>",
            '<figure><img src="https://mill.example/i.jpg" alt=""><figcaption>c</figcaption></figure>',
        ),
        ("<figure><p>words</p></figure>", "<figure><p>words</p></figure>"),
        (
            "<table><tr><th>a</th></tr><tr><td>b</td></tr></table>",
            "<table><tbody><tr><th>a</th></tr><tr><td>b</td></tr></tbody></table>",
        ),
        (
            "<table><tr><td>a<td colspan=2></tr><tr><td>b<td rowspan=1>c</table>",
            '<table><tbody><tr><td>a</td><td colspan="2"></td></tr><tr><td>b</td><td>c</td></tr></tbody></table>',
        ),
        (
            "<table><caption>t</caption><thead><tr><td>a</table>",
            "<table><caption>t</caption><thead><tr><td>a</td></tr></thead></table>",
        ),
        ("<table><tr><td></td><td> </td></tr><tr><td></td><td></td></tr></table>x", "<p>x</p>"),
        ("<table><tr><td><p>a</p></td><td>b</td></tr></table>", "<p>a</p>\n<p>b</p>"),
        ("<table role=presentation><tr><td>a<td>b<tr><td>c<td>d</table>", "<p>a</p>\n<p>b</p>\n<p>c</p>\n<p>d</p>"),
        ("<table><tr><td><table><tr><td>a</table><td>b</table>", "<p>a</p>\n<p>b</p>"),
    ],
)
def test_containers(html: str, expected: str, tidy: Tidy) -> None:
    assert expected == tidy(html)


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<pre>\n  a\n\tb  \n</pre>", "<pre>  a\n\tb  \n</pre>"),
        ("<pre>a<br>b<div>c</div>d</pre>", "<pre>a\nb\nc\nd</pre>"),
        ("<pre>a &lt; <b>b</b>&nbsp;&amp; <span>c</span></pre>", "<pre>a &lt; <b>b</b>&nbsp;&amp; c</pre>"),
        ("<pre><ul><li>a</li></ul><pre>b</pre><hr></pre>", "<pre>a\nb\n</pre>"),
        ("<pre>   \n </pre>x", "<p>x</p>"),
        ("<xmp><b>x</b></xmp>", "<pre>&lt;b&gt;x&lt;/b&gt;</pre>"),
        (
            "<p>a</p><pre><a href=/x>l</a></pre>",
            '<p>a</p>\n<pre><a href="https://mill.example/x" rel="noopener noreferrer">l</a></pre>',
        ),
        ("<i>a<pre>b</pre>c</i>", "<p><i>a</i></p>\n<pre>b</pre>\n<p><i>c</i></p>"),
    ],
)
def test_preformatted_text_keeps_every_character(html: str, expected: str, tidy: Tidy) -> None:
    assert expected == tidy(html)


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>a&nbsp;b &nbsp; c</p>", "<p>a b c</p>"),
        ("<p>«&nbsp;mot&nbsp;» dit-il&nbsp;!</p>", "<p>«&nbsp;mot&nbsp;» dit-il&nbsp;!</p>"),
        ("<p>caf\u0065\u0301 e&#x301;</p>", "<p>caf\u00e9 \u00e9</p>"),
        ("<p>a\u200bb\u00adc \ufeff</p>", "<p>abc</p>"),
        (
            "<p>\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645</p>",
            "<p>\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645</p>",
        ),
        ("<p>it&#146;s &#1;here</p>", "<p>it’s here</p>"),
        ("<p>a\r\n  b\tc</p>", "<p>a b c</p>"),
        ("<p>é\r\n  ü\t  c</p>", "<p>é ü c</p>"),
        ("\u200b", ""),
        ("", ""),
        (" \n ", ""),
    ],
)
def test_characters_and_spaces(html: str, expected: str, tidy: Tidy) -> None:
    assert expected == tidy(html)


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<div dir="rtl"><div>אב</div></div>', '<p dir="rtl">אב</p>'),
        ('<div dir="rtl"><blockquote>אב</blockquote></div>', '<blockquote dir="rtl"><p>אב</p></blockquote>'),
        ('<div dir="rtl"><p dir="ltr">ab</p>אב</div>', '<p>ab</p>\n<p dir="rtl">אב</p>'),
        ('<div dir="ltr">ab</div>', "<p>ab</p>"),
        ('<div dir="sideways">ab</div>', "<p>ab</p>"),
        ('<ul dir="rtl"><li><p dir="ltr">ab</p></li></ul>', '<ul dir="rtl"><li><p dir="ltr">ab</p></li></ul>'),
        ('<hr dir="rtl">x', "<p>x</p>"),
        ('<script dir=rtl></script><video dir="rtl"></video>x', "<p>x</p>"),
    ],
)
def test_direction_is_carried_by_the_blocks(html: str, expected: str, tidy: Tidy) -> None:
    """The divisions that said it vanish; left to right is what a page is anyway."""
    assert expected == tidy(html)


def test_deep_containers_are_read_as_divisions(tidy: Tidy) -> None:
    """Beyond two dozen levels nobody can read a quote in a quote."""
    out = tidy("<blockquote>" * 60 + "<p>deep</p>" + "</blockquote>" * 60)

    assert out.count("<blockquote>") == 24
    assert "<p>deep</p>" in out


@pytest.mark.parametrize(
    ("html", "title", "expected"),
    [
        ("<h1>The  Well</h1><p>It is dry.</p>", "The Well", "<p>It is dry.</p>"),
        ("<h2>THE WELL:</h2><h3>The well</h3><p>It is dry.</p>", "The Well", "<p>It is dry.</p>"),
        ("<p>The Well</p>", "The Well", "<p>The Well</p>"),
        ("<h2>The Well</h2>", "The Well", "<h2>The Well</h2>"),
        ("<h2>Another</h2><p>It is dry.</p>", "The Well", "<h2>Another</h2>\n<p>It is dry.</p>"),
        ("<p>It is dry.</p><h2>The Well</h2>", "The Well", "<p>It is dry.</p>\n<h2>The Well</h2>"),
        ("<h2>The Well<img src='https://a.example/i.png' alt=x></h2><p>Dry.</p>", "The Well", None),
    ],
)
def test_a_first_heading_that_repeats_the_title_goes(html: str, title: str, expected: str | None) -> None:
    out = clean(html, CleanContext(title=title)).html

    assert expected == out if expected is not None else "<h2>" in out


def test_blocks_say_what_they_are() -> None:
    """What titles, summaries and plain text are made of."""
    html = (
        "<h2>H</h2><p>a<br>b</p><ul><li>one<ul><li>two</li></ul></li></ul><blockquote><p>q</p><ul><li>l</li></ul></blockquote>"
        "<pre> x\n y</pre><table><tr><td>1</td><td>2</td></tr>"
        "<tr><td></td><td></td></tr><tr><td>3</td><td></td></tr></table>"
        "<figure><img src='https://a.example/i.png'><figcaption>c</figcaption></figure><hr><dl><dt>t</dt><dd>d</dd></dl>"
        "<details><summary>s</summary><p>in</p></details><iframe src='https://www.youtube.com/embed/abcdefgh'></iframe><p>z</p>"
    )
    expected = (
        Block("heading", "H"),
        Block("p", "a\nb"),
        Block("list", "one\ntwo"),
        Block("quote", "q"),
        Block("list", "l"),
        Block("pre", " x\n y"),
        Block("table", "1\t2\n3"),
        Block("media", ""),
        Block("caption", "c"),
        Block("list", "t\nd"),
        Block("caption", "s"),
        Block("p", "in"),
        Block("media", "YouTube"),
        Block("p", "z"),
    )

    assert expected == clean(html, CleanContext()).blocks


def test_tables_of_one_loose_cell_have_text(tidy: Tidy) -> None:
    """A row that the parser made around nothing but a section still counts."""
    assert Block("table", "a") in clean("<table><thead><tr><th>a</th></tr></thead></table>", CleanContext()).blocks


LINE = "The well behind the mill went dry in August, and nobody knew why it had."


@pytest.mark.parametrize(
    ("lines", "split"),
    [
        ([LINE, LINE, LINE], True),
        ([LINE, LINE], False),
        (["Roses are red.", "Violets are blue.", "So is the well."], False),
        ([LINE.rstrip("."), LINE.rstrip("."), LINE], False),
        ([LINE, "<img src='/i.jpg'>", LINE, LINE], False),
    ],
)
def test_long_lines_of_prose_are_paragraphs(lines: list[str], split: bool, tidy: Tidy) -> None:
    """Verse, addresses and a single break in a paragraph stay as they are."""
    out = tidy("<br>".join(lines))

    assert split == ("<br>" not in out)
    assert out == tidy(out)
