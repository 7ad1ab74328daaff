"""An entry out to a command and back: nothing that comes back is trusted."""

from datetime import UTC, datetime

import pytest

from feedmill.feeds.entry import Author, Enclosure, Entry, Note
from feedmill.ingest.entry_json import entry_json, merge

ENTRY = Entry(
    id="urn:x",
    guid="x",
    url="https://blog.example/one",
    title="One",
    published=datetime(2024, 1, 1, tzinfo=UTC),
    authors=(Author(name="Ada"),),
    language="en",
    summary="Words.",
    content_html="<p>Words.</p>",
    content_text="Words.",
    categories=("sea",),
    enclosures=(Enclosure(url="https://blog.example/a.mp3", media_type="audio/mpeg", length=3),),
    notes=(Note(step="title", field="title", detail="derived"),),
)


def test_what_comes_back_as_it_went_changes_nothing():
    """The same entry, no fields named."""
    assert (ENTRY, []) == merge(ENTRY, entry_json(ENTRY))
    assert (ENTRY, []) == merge(ENTRY, {})


def test_every_field_but_the_id_can_be_changed():
    """Ids are fixed at first sight, text follows the HTML."""
    answer = {
        "id": "urn:other",
        "url": "https://blog.example/two",
        "title": "  Two\n ",
        "published": "2024-02-01T12:00:00+02:00",
        "updated": "2024-02-02T12:00:00Z",
        "authors": ["Bo", {"name": "Cy", "url": "https://cy.example/"}, {"name": " "}],
        "language": "de_AT",
        "summary": "Other  words.",
        "content_html": "<p>Other words.</p><pre>a  b</pre>",
        "content_text": "ignored",
        "categories": ["land", "land", " "],
        "enclosures": [{"url": "/b.mp3"}],
    }
    entry, changed = merge(ENTRY, answer)

    assert ("urn:x", "x") == (entry.id, entry.guid)
    assert ("https://blog.example/two", "Two", "de-AT", "Other words.") == (
        entry.url,
        entry.title,
        entry.language,
        entry.summary,
    )
    assert (datetime(2024, 2, 1, 10, tzinfo=UTC), datetime(2024, 2, 2, 12, tzinfo=UTC)) == (
        entry.published,
        entry.updated,
    )
    assert (Author(name="Bo"), Author(name="Cy", url="https://cy.example/")) == entry.authors
    assert ("Other words.\n\na  b", ("land",)) == (entry.content_text, entry.categories)
    assert (Enclosure(url="https://blog.example/b.mp3"),) == entry.enclosures
    assert {*answer} - {"id", "content_text"} == {*changed}


def test_html_from_a_command_is_sanitized_last():
    """Scripts, handlers and odd addresses do not get through; frames become links."""
    html = (
        '<p onclick="x()">Hi <a href="javascript:x()">there</a></p><script>x()</script>'
        '<iframe src="https://www.youtube.com/embed/abcdefghijk"></iframe><img src="/a.png">'
    )
    entry, _ = merge(ENTRY, {"content_html": html})

    assert "script" not in entry.content_html
    assert "onclick" not in entry.content_html
    assert "<iframe" not in entry.content_html
    assert "https://www.youtube.com/watch?v=abcdefghijk" in entry.content_html
    assert 'src="https://blog.example/a.png"' in entry.content_html


def test_words_that_a_command_adds_are_not_taken_for_chrome():
    """The steps that judge had their turn."""
    html = "<p>Words.</p><p>No comments:</p><p>Post a Comment</p>"

    assert "Post a Comment" in merge(ENTRY, {"content_html": html})[0].content_html


def test_values_can_be_taken_away():
    """Null where the contract allows it."""
    entry, changed = merge(ENTRY, {"url": None, "published": None, "language": None, "authors": [], "enclosures": []})

    assert (None, None, None, (), ()) == (
        entry.url,
        entry.published,
        entry.language,
        entry.authors,
        entry.enclosures,
    )
    assert ["url", "published", "authors", "language", "enclosures"] == changed


@pytest.mark.parametrize(
    "answer",
    [
        {"url": "javascript:x()"},
        {"url": 3},
        {"title": ""},
        {"title": None},
        {"published": "yesterday"},
        {"published": "2024-01-02T00:00:00"},
        {"authors": 3},
        {"authors": [{}]},
        {"categories": [3]},
        {"content_html": None},
        {"enclosures": [{"url": "mailto:x@example.org"}]},
        {"enclosures": [{"url": "https://x.example/a", "length": -1}]},
        {"enclosures": [{"url": "https://x.example/a", "length": True}]},
        {"summary": ["x"]},
    ],
    ids=str,
)
def test_a_value_of_the_wrong_kind_names_its_field(answer):
    """And nothing of the answer is taken."""
    with pytest.raises(ValueError, match=f"^its {next(iter(answer))} is not what it should be"):
        merge(ENTRY, answer)
