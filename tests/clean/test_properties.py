"""What must hold for any entry (reference cleaning.md section 3, properties)."""

from __future__ import annotations

import gc
import re
import time
from collections.abc import Sequence
from typing import Any

import html5lib
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feedmill.ingest.clean import CleanContext, clean, paragraphs
from feedmill.ingest.clean.rulebook import host_table, share_table
from feedmill.ingest.clean.sanitize import sanitize
from feedmill.ingest.word_table import words as word_list

CONTEXT = CleanContext(
    base_url="https://mill.example/p/1",
    entry_url="https://mill.example/p/1",
    site_url="https://mill.example/",
    title="Title here",
)
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

TAGS = sorted(
    word_list(
        """p div span b i a em strong ul ol li dl dt dd blockquote pre code table tr td th tbody caption h1 h2 h3 figure
        figcaption section br hr img details summary font center sub q abbr ruby rt form label iframe video source
        picture noscript svg math select option textarea aside nav footer o:p small time bdo main tt strike template
        object"""
    )
)
TEXTS = [
    "Hello world",
    "A longer sentence that reads like prose, with a good many words in it.",
    " ",
    "\n",
    "&nbsp;",
    "&amp;lt;b&gt;",
    "No comments:",
    "Post a Comment",
    "Labels: a, b",
    "Share this:",
    "Newer Post",
    "0 件のコメント:",
    "Posted by Jo at 7:12 AM",
    "January 5, 2020",
    "«&nbsp;mot&nbsp;»",
    "caf\u0301e",
    "\u200b",
    "a\u00adb",
    "&#1;x",
    "· · ·",
    "Related",
    "2 comments",
    "[…]",
    "Read more »",
    "e&#x301;",
    "1 2 3",
    "The post X appeared first on Y.",
    "Title here",
    "No comments:Post a Comment",
    "]]>",
]
ATTRIBUTES = [
    "class=sharedaddy",
    "class='post-footer'",
    "href=http://a.example/x?utm_source=1&b=2",
    "href='#f'",
    "href=javascript:alert(1)",
    "href=https://twitter.com/intent/tweet?x",
    "src=http://a.example/i.png",
    "src=data:image/gif;base64,R0lGOD",
    "width=1",
    "height=1",
    "data-src=http://a.example/j.png",
    "width=300",
    "dir=rtl",
    "dir=ltr",
    "title='a \"q\" <b>'",
    "alt='t & u'",
    "style=display:none",
    "id=comments",
    "role=presentation",
    "colspan=2",
    "start=3",
    "open",
    "srcset='http://a.example/1.png 1x, http://a.example/2.png 2x'",
    "rel=tag",
    "href=http://a.example/tag/foo",
    "class=tr-caption-container",
    "class=tr-caption",
    "class=embedded-post-wrap",
    "src=https://www.youtube.com/embed/abcdefghij",
    "href=https://mill.example/p/1",
]


def _start_tag(tag: str, attributes: Sequence[str]) -> str:
    return "<" + " ".join([tag, *attributes]) + ">"


tag_soup = st.lists(
    st.one_of(
        st.builds(_start_tag, st.sampled_from(TAGS), st.lists(st.sampled_from(ATTRIBUTES), max_size=2)),
        st.sampled_from(TAGS).map(lambda tag: f"</{tag}>"),
        st.sampled_from(TEXTS),
        st.text(max_size=12),
    ),
    max_size=30,
).map("".join)

# Prose: what a person might write, in marked-up paragraphs. None of these sentences is in a table of phrases.
_NOUNS = st.sampled_from(["mill", "river", "oak", "ledger", "ferry", "lantern", "orchard", "bridge", "kiln", "harbour"])
sentence = st.builds(
    "The {} stood by the {} for {} years, and nobody asked the {} why it had been put there.".format,
    _NOUNS,
    _NOUNS,
    st.integers(2, 900),
    _NOUNS,
)
_MARKED = st.sampled_from(["{}", "<b>{}</b>", "<em>{}</em> ", "<a href='https://a.example/'>{}</a>", "<span>{}</span>"])
paragraph = st.builds(lambda text, mark: f"<p>{mark.format(text)}</p>", sentence, _MARKED)
clean_entry = st.lists(
    st.one_of(
        paragraph,
        st.builds("<ul><li>{}</li><li>{}</li></ul>".format, sentence, sentence),
        st.builds("<blockquote>{}</blockquote>".format, paragraph),
        st.builds("<h2>{}</h2>".format, _NOUNS),
        st.just("<pre>\n  a\n    b\n</pre>"),
    ),
    min_size=1,
    max_size=6,
).map(lambda blocks: "".join([*blocks, "<p>And that, in the end, was the whole of it.</p>"]))

TAILS = [
    "<p>No comments:</p><p>Post a Comment</p>",
    "<div>Posted by Ann at 7:12 AM</div><div>No comments:</div><div>Post a Comment</div>",
    "<p>Eingestellt von Ann um 07:12</p><p>Labels: a, b</p><p>Keine Kommentare:</p><p>Kommentar veröffentlichen</p>",
    "Email ThisBlogThis!Share to XShare to FacebookShare to Pinterest",
    "<div class='sharedaddy'><h3>Share this:</h3><ul><li>Facebook</li></ul></div>",
    "<p>The post <a href='https://mill.example/p/1'>Title here</a> appeared first on <a href='https://mill.example/'>Mill</a>.</p>",
    "<div class='feedflare'><a href='http://feeds.feedburner.com/~ff/x'>x</a></div><img width=1 height=1 src='http://feeds.feedburner.com/~r/x'>",
    (
        "<hr><p><a href='https://medium.com/p/1'>It</a> was originally published in <a href='https://medium.com/x'>X</a>"
        " on Medium, where people are continuing the conversation by highlighting and responding to this story.</p>"
    ),
    "<p><small>12 posts - 7 participants</small></p><p><a href='https://mill.example/p/1'>Read full topic</a></p>",
    "<hr><p>Hosted on Acast. See <a href='https://acast.com/privacy'>acast.com/privacy</a> for more information.</p>",
    "<p><a href='mailto:jo@mill.example?subject=Re'>Reply via email</a></p>",
    "<p>Raksts <a href='https://mill.example/p/1'>Title here</a> vispirms parādījās <a href='https://mill.example/'>M</a>.</p>",
    "<p>You can <a href='https://mill.example/unsubscribe?u=1'>leave</a>.</p><p>5 Dale Road, Upper Dale, AB1 2CD</p>",
]
UNWANTED = [
    "https://pixel.wp.com/b.gif?x=1",
    "http://feeds.feedburner.com/~r/x/~4/y",
    "//counter.yadro.ru/hit",
    "https://www.facebook.com/tr?id=1",
    "https://twitter.com/intent/tweet?text=x",
    "https://www.addtoany.com/share",
    "javascript:alert(1)",
    "java\nscript:alert(1)",
    "vbscript:x",
    "file:///etc/passwd",
]
PLACES = [
    "<img src='{}'>",
    "<a href='{}'>Share</a>",
    "<p>See <a href='{}'>this</a> page.</p>",
    "<iframe src='{}'></iframe>",
]
PHRASES = ["No comments:", "Post a Comment", "Keine Kommentare:", "Share this:", "Newer Post", "Read more", "BlogThis!"]


@QUICK
@given(tag_soup)
def test_cleaning_twice_is_cleaning_once(html: str) -> None:
    """Byte for byte."""
    once = clean(html, CONTEXT).html

    assert once == clean(once, CONTEXT).html


@QUICK
@given(tag_soup)
def test_the_gate_has_nothing_left_to_do(html: str) -> None:
    """The sanitizer is last: its own output passes unchanged."""
    out = clean(html, CONTEXT).html

    assert out == sanitize(out)


@QUICK
@given(tag_soup)
def test_the_output_is_a_balanced_fragment(html: str) -> None:
    """A wrapping div holds all of it, whatever comes behind."""
    out = clean(html, CONTEXT).html
    tree: Any = html5lib.parse(f"<!doctype html><body><div>{out}</div><p>behind</p>", namespaceHTMLElements=False)
    tags = [child.tag for child in tree.find("body")]

    assert tags == ["div", "p"]


@QUICK
@given(tag_soup, st.sampled_from(UNWANTED), st.sampled_from(PLACES))
def test_nothing_that_only_tracks_or_shares_is_left_to_be_loaded_or_followed(html: str, url: str, place: str) -> None:
    """Nothing is loaded from a tracker, no link only shares, and no scheme is left but those of readers."""
    out = clean(html + place.replace("{}", url) + html, CONTEXT).html
    left = re.findall(r' (src|href|poster)="([^"]*)"', out)

    assert [url for name, url in left if (share_table() if name == "href" else host_table("pixels")).match(url)] == []
    assert {address.partition(":")[0] for _, address in left if ":" in address} <= {
        "http",
        "https",
        "mailto",
        "tel",
        "data",
    }


@QUICK
@given(tag_soup)
def test_every_character_is_one_that_xml_can_carry(html: str) -> None:
    out = clean(html, CONTEXT).html

    assert re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", out) is None


@QUICK
@given(clean_entry)
def test_the_words_of_clean_prose_all_stay_in_order(html: str) -> None:
    """Nothing is lost, added or moved."""
    text = re.sub(r"<[^>]*>", " ", html).split()
    out = re.sub(r"<[^>]*>", " ", clean(html, CONTEXT).html).split()

    assert text == out


@QUICK
@given(tag_soup)
def test_no_word_is_made_up(html: str) -> None:
    """Words of the output are words of the input, apart from the names of frames and the alt texts of images."""
    out = clean(html, CONTEXT)
    made = "YouTube a.example mill.example http https Video ftp" + html
    known = set(re.findall(r"\w+", re.sub(r"&[#\w]+;?", " ", made)))
    shown = re.sub(r"&[#\w]+;", " ", re.sub(r"<[^>]*>", " ", out.html))
    strangers = {word for word in re.findall(r"[A-Za-z]{4,}", shown) if word not in known}

    assert not {word for word in strangers if not any(word in other or other in word for other in known)}


@QUICK
@given(clean_entry, st.sampled_from(TAILS))
def test_a_known_tail_changes_nothing(html: str, tail: str) -> None:
    """The key metamorphic test: an entry with a frame at its end comes out as the entry without it."""
    assert clean(html, CONTEXT).html == clean(html + tail, CONTEXT).html


@QUICK
@given(clean_entry, sentence, st.sampled_from(PHRASES), sentence)
def test_a_phrase_inside_a_paragraph_stays(html: str, before: str, phrase: str, behind: str) -> None:
    out = clean(f"{html}<p>{before} {phrase} {behind}</p>", CONTEXT).html

    assert f"{before} {phrase} {behind}" in out


@QUICK
@given(clean_entry, st.sampled_from(PHRASES), sentence)
def test_a_phrase_as_a_block_of_its_own_in_the_middle_stays(html: str, phrase: str, behind: str) -> None:
    out = clean(f"{html}<p>{phrase}</p><p>{behind}</p>", CONTEXT).html

    assert f"<p>{phrase}</p>" in out


_PAIRS = st.lists(
    st.sampled_from(['href="https://a.example/?b=1&amp;c=2"', 'title="T &amp; u"', 'rel="me"', 'class="z"', 'id="y"']),
    unique=True,
)


@QUICK
@given(_PAIRS, st.randoms(use_true_random=False), sentence)
def test_how_markup_is_written_does_not_matter(pairs: list[str], chance: Any, text: str) -> None:
    """Order of attributes, case of tags, quote style, CRLF, entity or character: the same output."""
    other = list(pairs)
    chance.shuffle(other)
    plain = f"<p>{text}</p>\n<p><a {' '.join(pairs)}>é — “{text}”</a></p>"
    odd = (
        f"<P>{text}</P>\r\n<P><A {' '.join(other).replace(chr(34), chr(39))}>&eacute; &mdash; &#8220;{text}&#x201D;</A>"
    )

    assert clean(plain, CONTEXT).html == clean(odd, CONTEXT).html


@QUICK
@given(st.lists(sentence, min_size=1, max_size=6))
def test_plain_text_and_its_paragraphs_give_the_same_blocks(lines: list[str]) -> None:
    as_text = clean(paragraphs("\n\n".join(lines)), CONTEXT).blocks

    assert as_text == clean("".join(f"<p>{line}</p>" for line in lines), CONTEXT).blocks


@QUICK
@given(st.text(max_size=400))
def test_plain_text_keeps_every_word(text: str) -> None:
    """Whatever the text: its HTML shows the same words in the same order."""
    html = paragraphs(text)
    tree: Any = html5lib.parse(html.replace("<br>", " "), namespaceHTMLElements=False)
    shown = "".join(tree.itertext()).split()

    assert _plain_words(text) == _plain_words(" ".join(shown))


def _plain_words(text: str) -> str:
    return "".join(re.sub("[\x00-\x20\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\ufffd]", "", text).split())


@QUICK
@given(tag_soup)
def test_the_output_is_never_much_longer_than_the_input(html: str) -> None:
    """Links gain a rel and an absolute address, nothing else grows."""
    out = clean(html, CONTEXT).html

    assert len(out) <= 16 * len(html) + 200


@pytest.mark.parametrize(
    "bomb",
    [
        "<div>" * 10_000 + "deep",
        "<div>" * 10_000 + "deep" + "</div>" * 10_000,
        "<blockquote>" * 10_000 + "deep",
        "<ul><li>" * 8_000 + "deep",
        "<table><tr><td>" * 5_000 + "deep",
        "<b><i>" * 9_000 + "deep",
        "".join(f"<b id={n}>" for n in range(5_000)) + "<p>deep" * 2_000,
        "<a><div>" * 8_000 + "deep",
        "<font size=1><p>" * 5_000 + "deep",
        "<p " + " ".join(f"a{n}=1" for n in range(12_000)) + ">deep",
        "<p>" + "<" * 90_000 + " deep",
        "<p>" + "&" * 90_000 + "deep",
        "<!--" * 25_000 + "--><p>deep",
        "<a href=x>" * 9_000 + "deep",
        "<br>" * 25_000 + "deep",
        "<li>No comments:</li>" * 4_000 + "deep",
        "<p>No comments:</p>" * 5_000 + "deep",
        "<p>deep</p>" + "<p>Newer Post</p>" * 6_000,
        "<p>deep</p><p>" + "Share to X" * 10_000 + "</p>",
        "<p>deep</p><p>" + "Labels: " + "a, " * 30_000 + "</p>",
        "<p>" + "<a href='https://twitter.com/intent/tweet?x'>Tweet</a> | " * 1_500 + "deep",
        "<p>deep " + "<img src=x srcset='" + ", ".join(f"i{n}.png {n + 1}w" for n in range(5_000)) + "'>",
        "<noscript>" * 9_000 + "</noscript>" * 9_000 + "<p>deep",
        "<p>deep " + "\xa0 " * 40_000,
        "<pre>" * 9_000 + "deep",
        "<select><option></select>" * 4_000 + "<p>deep",
        "<details><summary>" * 5_000 + "deep",
        "<span class='a b c d e f g h'>" * 3_000 + "deep",
        "<p>deep[…]" + "[…]" * 20_000,
        "<p>deep " + "(" * 50_000 + "http://a.example/" + ")" * 50_000,
    ],
    ids=range(30),
)
def test_no_hundred_kilobytes_take_more_than_a_second(bomb: str) -> None:
    """Depth, breadth and repetition; the words survive."""
    clean("<p>warm</p><p>No comments:</p>", CONTEXT)
    started = time.process_time()
    out = clean(bomb, CONTEXT).html
    took = time.process_time() - started

    assert "deep" in out
    assert took < 1.0


def test_a_deep_entry_comes_out_whole() -> None:
    """Ten thousand divisions around a paragraph are nothing."""
    html = "<div>" * 10_000 + "<p>The one paragraph.</p>" + "</div>" * 10_000

    assert "<p>The one paragraph.</p>" == clean(html, CONTEXT).html


@pytest.mark.slow
@pytest.mark.parametrize(
    "piece",
    [
        "<p>The river rose in the <b>night</b>, and by <a href='/n?utm_source=x'>morning</a> the mill stood.</p>\n",
        "<div class='x y'><span>One</span><br>two<br><br>three <img src='/i.jpg' width=300 alt=i></div>",
        "<ul><li>one<ul><li>two</li></ul></li></ul><blockquote><p>q</p></blockquote><pre>a\n b</pre>",
        "<table><tr><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr></table>",
        "plain text without any markup at all, just words and words. ",
    ],
)
def test_time_grows_with_length_alone(piece: str) -> None:
    """Ten times the input takes at most fifteen times the CPU."""
    short, long = piece * 400, piece * 4_000
    clean(short, CONTEXT)
    gc.disable()  # it looks at whatever else this process holds
    try:
        small = min(_cpu(short) for _ in range(7))
        large = min(_cpu(long) for _ in range(3))
    finally:
        gc.enable()

    assert large <= 15 * small + 0.02


def _cpu(html: str) -> float:
    started = time.process_time()
    clean(html, CONTEXT)
    return time.process_time() - started
