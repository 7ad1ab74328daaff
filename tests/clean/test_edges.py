"""The edge run: what goes, what stays, and why (cleaning.md 1.3)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from feedmill.ingest.clean import CleanContext, Edges, Evidence, LazyEvidence, Recipe, clean, edges
from feedmill.ingest.clean.phrase_tables import fold, tables, words
from feedmill.ingest.clean.phrases import is_share_label, match_line

Tidy = Callable[..., str]
PROSE = "<p>The well behind the mill went dry in August.</p>"


@pytest.mark.parametrize(
    "tail",
    [
        "<p>No comments:</p><p>Post a Comment</p>",
        "<p>No comments: Post a Comment</p>",
        "<p>Newer Post</p><p>Older Post</p><p>Home</p><p>Post a Comment</p>",
        "<p><a href='https://mill.example/x#comment-form'>3 comments</a></p>",
        "<p><a href='https://www.blogger.com/comment.g?blogID=1'>Have your say</a></p>",
        "<p>Labels: <a href='https://mill.example/search/label/well'>well</a></p>",
        "<p><a rel=tag href='/tag/a'>a</a>, <a href='https://mill.example/tag/b'>b</a></p><p>Post a Comment</p>",
        "<ul><li><a href='https://mill.example/tag/a'>a</a></li></ul><p>Post a Comment</p>",
        "<ul><li><a href='/#comments'>Comments</a></li><li><a href='/p#respond'>Reply</a></li></ul>",
        "<h3>Related</h3><ul><li><a href='/a'>Another dry well</a></li><li><a href='/b'>A boot</a></li></ul>",
        "<p>Posted by Ada at 7:12 | Permalink | Comments (3) | TrackBack (0)</p>",
        "<p>January 5, 2020</p><p>Posted by Ada</p><p>3 likes</p>",
        "<p>2024年5月3日</p><p>投稿者 さくら 時刻: 7:45</p>",
        "<p>Facebook Twitter Pinterest</p><p>Share this:</p>",
        "<p>FacebookTwitterLinkedIn</p><p>Share this:</p>",
        "<hr><p>Share this:</p><hr><p>Like this:</p><p>Loading...</p>",
        "<p>Labels: a, b <span class='post-icons'>x</span></p>",
        "<p>text is gone<br>No comments:<br>Post a Comment</p>",
        "<p>Read more about it <a href='https://mill.example/2024/05/grain.html'>Continue reading</a></p>",
        "<p><a href='https://x.list-manage.com/unsubscribe?u=1'>Unsubscribe</a></p>",
        "<p>Article URL: <a href='https://a.example/'>https://a.example/</a></p><p>Points: 3</p>",
        "<p>This entry was posted in Wells. Bookmark the permalink.</p>",
        "<p>Post a Comment</p><div class='sharedaddy'>x</div>",
        "<p><a href='/2024/05/grain.html?x=1'>Continue reading</a></p>",
        "<ul><li><a href='/a'>Newer Post</a></li><li><a href='/'>Home</a></li></ul><p>Post a Comment</p>",
        "<p>Post a Comment<br><span class='sharedaddy'>x</span></p>",
    ],
)
def test_runs_that_go(tail: str, tidy: Tidy) -> None:
    out = tidy(PROSE + tail)

    assert out.startswith(PROSE)
    assert out.removeprefix(PROSE).strip() in {
        "",
        "<p>text is gone</p>",
        "<p>Read more about it</p>",
        '<p><a href="https://a.example/" rel="noopener noreferrer">a.example</a></p>',
    }


@pytest.mark.parametrize(
    "tail",
    [
        "<p>No comments:</p>",
        "<p>Post a Comment</p>",
        "<p>Labels: a, b</p>",
        "<p>Labels: a long one with many words in it, b</p><p>Post a Comment</p><p>and more</p>",
        "<p>* * *</p><p>· · ·</p>",
        "<h3>Related</h3>",
        "<ul><li><a href='/a'>Another dry well</a></li></ul>",
        "<ul><li><a href='/a'>Another</a></li></ul><ul><li><a href='/b'>Well</a></li></ul><h3>Related</h3><p>x</p>",
        "<ul><li>No comments:</li></ul>",
        "<ul><li><a href='/a'>Another</a></li></ul><ul><li><a href='/b'>Well</a></li></ul>",
        "<p>Post a Comment</p><ul><li><a href='/b'>A well in the desert</a></li></ul>",
        "<ul><li><a href='/b'>A well</a> in the desert of the north, which I never saw</li></ul>",
        "<p><a href='/else'>Continue reading</a></p>",
        "<table><tr><td>No comments:</td><td>1</td></tr><tr><td>Post a Comment</td><td>2</td></tr></table>",
        "<details><summary>No comments:</summary><p>Post a Comment</p></details>",
        "<p>No comments:</p><p><img src='/i.jpg'></p>",
        "<p>By Tolstoy, 1869</p>",
        "<p>He arrived on January 5, 2020.</p>",
        "<p><a href='/tag/wells'>All about wells and how they are dug</a></p>",
        "<p>Comments</p>",
    ],
)
def test_runs_that_stay(tail: str, tidy: Tidy) -> None:
    import re

    shown = re.sub(r"<[^>]*>|\s", "", tidy(PROSE + tail))

    assert shown == re.sub(r"<[^>]*>|\s", "", PROSE + tail)


@pytest.mark.parametrize(
    "head",
    [
        "<p>View this email in your <a href='https://a.example/'>browser</a></p>" * 0
        + "<p><a href='https://a.example/'>View this email in your browser</a></p>",
        "<p>Posted on January 9, 2018 by Signe</p>",
        "<p>By Signe</p><p>January 9, 2018</p><p>5 min read</p>",
        "<p>Advertisements</p>",
        "<h2>Grain prices</h2><p>Posted on January 9, 2018 by Signe</p>",
    ],
)
def test_what_stands_on_top_goes(head: str, tidy: Tidy) -> None:
    assert tidy(head + PROSE) == PROSE


@pytest.mark.parametrize("head", ["<p>By Signe</p>", "<p>January 9, 2018</p>", "<p>Home</p>", "<p>5 min read</p>"])
def test_a_lone_weak_block_on_top_stays(head: str, tidy: Tidy) -> None:
    assert tidy(head + PROSE) == f"{head}\n{PROSE}"


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>No comments:</p><p>Post a Comment</p>", "<p>No comments:</p>\n<p>Post a Comment</p>"),
        ("<p>Ja.</p><p>Posted by Ann Mary Lee Smith at 7:12</p><p>Labels: one, two, three</p>", None),
        ("<p>Snow.</p><p>No comments:</p><p>Post a Comment</p>", "<p>Snow.</p>"),
        ("<img src='/i.jpg' alt=I><p>Posted by Ann at 7:12</p><p>No comments:</p>", ""),
        (
            "<pre>x = 1\ny = 2\nz = 3</pre><p>Posted by Ann at 7:12</p><p>No comments:</p>",
            "<pre>x = 1\ny = 2\nz = 3</pre>",
        ),
    ],
)
def test_enough_is_left(html: str, expected: str | None, context: CleanContext) -> None:
    """At least one block, and a quarter of the words where names and labels were guessed at."""
    cleaned = clean(html, context)

    if expected is None:
        assert "Posted by" in cleaned.html
        assert any("too little would be left" in note.detail for note in cleaned.notes)
    else:
        assert cleaned.html == expected or (expected == "" and "<img" in cleaned.html and "Posted" not in cleaned.html)


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>It ended well.No comments:Post a Comment</p>", "<p>It ended well.</p>"),
        ("<p>It ended <b>well.</b> No comments: Post a Comment</p>", "<p>It ended <b>well.</b></p>"),
        ("<p>It ended well. Email ThisBlogThis!Share to XShare to Facebook</p>", "<p>It ended well.</p>"),
        ("<p>Ende gut.Keine Kommentare:Kommentar veröffentlichen</p>", "<p>Ende gut.</p>"),
        ("<p>It said No comments: Post a Comment</p>", "<p>It said No comments: Post a Comment</p>"),
        (
            "<p>It ended well.No comments:<b>Post a Comment</b></p>",
            "<p>It ended well.No comments:<b>Post a Comment</b></p>",
        ),
        ("<p>İİ ended. No comments:Post a Comment</p>", "<p>İİ ended. No comments:Post a Comment</p>"),
        ("<p>She would always share to Facebook</p>", "<p>She would always share to Facebook</p>"),
        ("<p>The council met [&hellip;]</p>", "<p>The council met…</p>"),
        ("<p>The council met [...]</p>", "<p>The council met…</p>"),
        ("<p>[...]</p>", "<p>[...]</p>"),
        (
            "<blockquote><p>The council met [...]</p></blockquote>",
            "<blockquote><p>The council met [...]</p></blockquote>",
        ),
        ("<p>The end. <a href='/else'>Continue reading</a></p>", None),
        ("<p>The end. <a href='/2024/05/grain.html'>My other story</a></p>", None),
        ("<p>The end. <a href='/2024/05/grain.html#more'>Read <b>more</b></a></p>", None),
        ("<p>The end. <a href='/2024/05/grain.html'>Read more</a></p>", "<p>The end.</p>"),
    ],
)
def test_the_last_line(html: str, expected: str | None, tidy: Tidy) -> None:
    """A glued tail, a teaser's link, a cut mark."""
    out = tidy(html)

    assert out == expected if expected is not None else "</a></p>" in out


@pytest.mark.parametrize(
    "footer",
    [
        "<table><tr><th>Mill Papers</th></tr><tr><td>Upper Dale</td></tr></table>",
        "<ul><li>Mill Papers</li><li>Upper Dale</li></ul><p>* * *</p>",
    ],
)
def test_feed_evidence_counts_lists_and_tables(footer: str) -> None:
    """A footer that is a table or a list goes as a whole when the feed repeats it."""
    bodies = ["Snow fell early.", "Larks came back.", "Nobody wrote.", "Rain at last.", "The wheel turned again."]
    feed = [f"<p>{body}</p><p>And there was more to say, as ever in {body[:4]}.</p>{footer}" for body in bodies]
    known = Evidence.learn([edges(html) for html in feed])

    assert "Upper Dale" not in clean(feed[0], CleanContext(evidence=known)).html
    assert (
        "Upper Dale" in clean(feed[0], CleanContext(evidence=known), Recipe(ablation=frozenset({"no-evidence"}))).html
    )


def test_a_byline_gives_its_marked_name() -> None:
    """Only with rel=author: "Posted by the editors" names nobody."""
    html = PROSE + "<p>Posted by <a rel='author' href='/ada'>Ada</a> at 7:12</p><p>No comments:</p>"

    assert clean(html, CleanContext()).harvest.authors == ("Ada",)


@pytest.mark.parametrize(
    ("line", "goes"),
    [
        ("<a href='https://mill.example/p'>Continue reading</a>", True),
        ("<a href='https://mill.example/p'>Continue reading</a> the report of 1911", False),
        ("<a href='https://mill.example/p'>Read more</a> or <a href='https://mill.example/q'>less</a>", False),
    ],
)
def test_without_an_address_a_teaser_is_a_line_of_its_own(line: str, goes: bool) -> None:
    """An entry that has no address: only a last line that is nothing but the link is taken for a teaser's."""
    assert goes == ("<a" not in clean(f"{PROSE}<p>{line}</p>", CleanContext()).html)


def test_symbols_are_no_evidence() -> None:
    known = Evidence(last=frozenset({""}), sure_last=frozenset({""}))

    assert "* * *" in clean(PROSE + "<p>* * *</p><p>x</p><p>☙</p>", CleanContext(evidence=known)).html


@pytest.mark.parametrize(
    "line",
    [
        "The council met […]",
        "The council met [...]",
        "A short line.",
        "[...]",
        " ",
        "a\nb",
        "Home",
        "10 min read",
        "see www.a.example",
        "It ended.No comments:Post a Comment",
        "word " * 60,
    ],
)
def test_the_short_way_for_a_line_is_no_other_way(line: str) -> None:
    """What it says is what the steps would say; where it does not know, it says nothing."""
    from feedmill.ingest.clean import paragraphs
    from feedmill.ingest.clean.lines import plain_line

    quick = plain_line(line)

    assert quick is None or [quick] == [block.text for block in clean(paragraphs(line), CleanContext()).blocks]


def test_a_standing_sentence_needs_more_evidence() -> None:
    """Prose must repeat in four entries and 80 %, short blocks in three and 60 %."""
    long = "If you have read this far you might as well write me a letter, for I answer every one."
    feed = [Edges(last=(fold(long), "ada of the mill")) for _ in range(3)] + [Edges(last=("other",))] * 2
    known = Evidence.learn(feed)

    assert known.last == {fold(long), "ada of the mill"}
    assert known.sure_last == frozenset()


def test_lazy_evidence_is_learned_when_asked_for() -> None:
    """And only for lines whose longest words stand in enough entries."""
    read: list[str] = []

    def reader(html: str) -> Edges:
        read.append(html)
        return edges(html)

    bodies = ["Snow fell early.", "Larks came back.", "Nobody wrote.", "Rain at last."]
    feed = [f"<p>{body}</p><p>Ada of Upperdale</p>" for body in bodies]
    known = LazyEvidence(feed, reader)

    assert not known.may_know("Something entirely different")
    assert read == []
    assert known.may_know("Ada of Upperdale")
    assert "ada of upperdale" in known.last
    assert known.may_know("anything, now that it is learned")
    assert known.first == known.sure_first == known.sure_last == known.last
    assert len(read) == 4


def test_edges_of_a_long_entry_are_read_from_its_ends() -> None:
    middle = "".join(f"<p>Paragraph {place} of the long middle.</p>" for place in range(900))
    found = edges(f"<p>First of all.</p>{middle}<p>Last of all.</p>")

    assert found.first[0] == "first of all"
    assert found.last[0] == "last of all"
    assert len(found.first) == len(found.last) == 8
    assert edges("word " * 5000).last
    assert edges("") == Edges()


def test_the_ablation_without_a_gate_breaks_prose(tidy: Tidy) -> None:
    """Why the gate is there: regex anywhere takes lines from the middle."""
    html = PROSE + "<p>Home</p>" + PROSE

    assert "Home" in tidy(html)
    assert "Home" not in tidy(html, Recipe(ablation=frozenset({"no-edge-gate"})))


def test_the_ablation_with_substrings_breaks_prose(tidy: Tidy) -> None:
    html = "<div class='share-price'>The share price fell.</div>" + PROSE

    assert "share price" in tidy(html)
    assert "share price" not in tidy(html, Recipe(ablation=frozenset({"substring-classes"})))


@pytest.mark.parametrize(
    ("text", "rule", "score"),
    [
        ("NO COMMENTS :", "none", 1),
        ("No hay comentarios.:", "none", 1),
        ("１２ comments：", "none", 1),
        ("٣ تعليقات:", "none", 1),
        ("Post a Comment »", "post", 2),
        ("Posted by Ada Lovelace at 7:12 AM", "byline", 2),
        ("Posted by Ada Lovelace", "byline", 1),
        ("Labels: a, b, c", "labels", 1),
        ("***", "symbols", 0),
        ("May 3rd, 2024", "date", 1),
        ("3. Mai 2024", "date", 1),
        ("2024-05-03", "date", 1),
        ("Newer Post Older Post Home", "pager", 2),
        ("Share on Facebook", "share_on", 1),
        ("10 minutes read", "start", 1),
        ("Newer Post & Home &", "pager", 2),
    ],
)
def test_single_lines(text: str, rule: str, score: int) -> None:
    match = match_line(text, at_start=rule == "start")

    assert match is not None
    assert (match.rule, match.score) == (rule, score)


@pytest.mark.parametrize(
    "text",
    [
        "The well is dry.",
        "10 minutes read",
        "Labels: I never liked them at all, to be honest.",
        "Posted by Ada, who was never seen again.",
        "word " * 70,
        "May 3rd",
        "In 2024 we met",
        "a | b | c",
        "Permalink | a b c d e f | Home | and then some more words",
        "x" * 400,
    ],
)
def test_single_lines_that_are_nothing(text: str) -> None:
    assert match_line(text, at_start=False) is None


def test_a_line_of_alike_members_is_medium() -> None:
    match = match_line("Posted by Ada | Posted by Bob", at_start=False)

    assert match is not None
    assert match.score == 2


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Share:", True),
        ("| ·", True),
        ("Facebook | Twitter", True),
        ("Like this", True),
        ("Home", False),
        ("I said", False),
    ],
)
def test_labels_beside_share_links(text: str, label: bool) -> None:
    assert is_share_label(text) is label


def test_the_tables_cover_thirty_languages() -> None:
    """And the words of scripts without spaces are counted as words."""
    from feedmill.ingest.clean.rulebook import read

    languages = set(read("phrases")) - {"slots", "any"}

    assert len(languages) >= 30
    assert len(tables().exact) >= 1000
    assert words("沒有留言也沒有關係") == 5
