"""What the rules of a source do to an entry before it is normalized, and when an entry is due to be made anew."""

from datetime import timedelta

import pytest

from feedmill.config import rule_words
from feedmill.feeds.source import NO_RULES, Filter, SourceRules
from feedmill.ingest.clean import DEFAULT_RECIPE
from feedmill.ingest.clean.steps import STEPS
from feedmill.ingest.parsed import Link, ParsedEntry, Person, Text
from feedmill.ingest.rules import PAGE_SAID, PAGE_TEXT, amend, fingerprint_of, recipe_of, why_poorer

ENTRY = ParsedEntry(
    id="https://blog.example/2024/05/31/herons",
    links=(Link(href="https://blog.example/2024/05/31/herons"),),
    title=Text(value="Blog of Ada | Herons &amp; gulls", kind="html"),
    summary=Text(value="<p>They stand in the flats.</p>", kind="html"),
    published="Sat, 01 Jun 2024 07:00:00 GMT",
    updated="Tue, 04 Jun 2024 07:00:00 GMT",
    authors=(Person(name="admin"),),
    language="en",
)


def rules(**written):
    return SourceRules(**written)


def noted(notes):
    return [(note.step, note.field) for note in notes]


def test_the_names_of_the_configuration_are_those_of_the_step_table():
    """Every step with a switch, and no other."""
    assert tuple(step.name for step in STEPS if step.switch) == rule_words.STEPS
    assert tuple(step.name for step in STEPS if not step.switch) == rule_words.ALWAYS


def test_without_rules_nothing_is_changed():
    """The same object, no notes, the default recipe and its fingerprint."""
    assert amend(ENTRY, NO_RULES) == (ENTRY, ())
    assert recipe_of(NO_RULES) is DEFAULT_RECIPE
    assert fingerprint_of(NO_RULES) == DEFAULT_RECIPE.fingerprint


def test_steps_and_selectors_become_the_recipe():
    """Skipped steps are off, all others as they were."""
    recipe = recipe_of(rules(skip_steps=("edges",), drop=(".a",), keep=(".b",)))

    assert (False, True) == (recipe.runs("edges"), recipe.runs("tokens"))
    assert ((".a",), (".b",)) == (recipe.drop, recipe.keep)


@pytest.mark.parametrize(
    "written",
    [
        {"skip_steps": ("edges",)},
        {"drop": (".a",)},
        {"keep": (".a",)},
        {"title_from": "content"},
        {"title_cut": ("Blog",)},
        {"author": "Ada"},
        {"date": "url"},
        {"language": "de"},
        {"full_text": True},
        {"pipe": ("cat",)},
        {"pipe_timeout": timedelta(seconds=3)},
        {"only": Filter(words=("x",))},
        {"only": Filter(min_words=3)},
        {"never": Filter(words=("x",))},
    ],
    ids=str,
)
def test_every_rule_moves_the_fingerprint(written):
    """Else an entry would stay as an old rule made it."""
    assert fingerprint_of(rules(**written)) != fingerprint_of(NO_RULES)
    assert fingerprint_of(rules(**written)) == fingerprint_of(rules(**written, folder="/elsewhere"))


def test_filters_with_the_same_words_on_either_side_differ():
    """`only` is not `never`."""
    assert fingerprint_of(rules(only=Filter(words=("x",)))) != fingerprint_of(rules(never=Filter(words=("x",))))


@pytest.mark.parametrize(
    ("cut", "title"),
    [
        (("Blog of Ada",), "Herons & gulls"),
        (("blog of ada |",), "Herons & gulls"),
        (("gulls",), "Blog of Ada | Herons &"),
        (("Blog of Ada", "& gulls"), "Herons"),
        (("Somebody else",), None),
        (("Blog of Ada | Herons & gulls",), None),
        ((" ",), None),
    ],
)
def test_title_cut_takes_words_off_either_end(cut, title):
    """In any case, with the bar or dash that joined them; never the whole title."""
    amended, notes = amend(ENTRY, rules(title_cut=cut))

    if title is None:
        assert (ENTRY, ()) == (amended, notes)
    else:
        assert Text(value=title, kind="text") == amended.title
        assert [("rules", "title")] == noted(notes)


def test_title_cut_leaves_a_title_alone_that_folding_would_shift():
    """Letters that grow when their case is folded make positions lie."""
    entry = ParsedEntry(title=Text(value="Straße: das Haus"))

    assert entry.title == amend(entry, rules(title_cut=("das Haus",)))[0].title


def test_title_from_content_leaves_the_feeds_title_aside():
    """Also for an entry that has none."""
    amended, notes = amend(ENTRY, rules(title_from="content"))

    assert (None, [("rules", "title")]) == (amended.title, noted(notes))
    assert ((ParsedEntry(), ())) == amend(ParsedEntry(), rules(title_from="content"))


def test_author_and_language_are_what_the_rule_says():
    """Each with a note."""
    amended, notes = amend(ENTRY, rules(author="Ada", language="de"))

    assert ((Person(name="Ada"),), "de") == (amended.authors, amended.language)
    assert [("rules", "authors"), ("rules", "language")] == noted(notes)


def test_dates_by_rule():
    """First seen: none at all; updated: in place of published; url: the day in the address."""
    other = ParsedEntry(links=(Link(href="https://blog.example/2023-02-30/x/2023/2/"),), published="1 Jan 2024 10:00")

    undated, _ = amend(ENTRY, rules(date="first_seen"))

    assert (None, None) == (undated.published, undated.updated)
    assert ENTRY.updated == amend(ENTRY, rules(date="updated"))[0].published
    assert (ParsedEntry(), ()) == amend(ParsedEntry(), rules(date="updated"))
    assert "2023-02-01" == amend(other, rules(date="url"))[0].published
    assert (ParsedEntry(), ()) == amend(ParsedEntry(), rules(date="url"))


def test_the_documents_date_of_the_same_day_is_kept_as_it_has_a_time():
    """A zone may move it by one day."""
    assert (ENTRY, ()) == amend(ENTRY, rules(date="url"))


def with_page(text, said="https://blog.example/herons", summary="The flats are wide and the herons stand in them"):
    return ParsedEntry(
        summary=Text(value=summary, kind="html", language="en"), extras={PAGE_TEXT: text, PAGE_SAID: said}
    )


WHOLE = "<p>The flats are wide, and the herons stand in them until the evening comes and the tide with it.</p>"


def test_the_pages_text_is_taken_when_it_is_richer():
    """As the only content; its address is the base of its links."""
    amended, notes = amend(with_page(WHOLE), rules(full_text=True))

    assert (Text(value=WHOLE, kind="html", base="https://blog.example/herons", language="en"),) == amended.contents
    assert ["taken from its page https://blog.example/herons"] == [note.detail for note in notes]


@pytest.mark.parametrize(
    ("text", "saying"),
    [
        ("", "nothing was found on its page https://blog.example/herons"),
        ("<p>The flats are wide.</p>", "the page has 4 words, the feed 10"),
        (f"<p>{'We value your privacy and use biscuits of many kinds here. ' * 5}</p>", "the page says something else"),
    ],
)
def test_the_feeds_own_text_stays_when_the_page_has_less_or_something_else(text, saying):
    """With the reason in a note."""
    entry = with_page(text, summary="The flats are wide, evenings long; herons stand among reeds, watching eels")
    if "10" in saying:
        entry = with_page(text)
    amended, notes = amend(entry, rules(full_text=True))

    assert entry == amended
    assert [f"the feed's own text stays: {saying}"] == [note.detail for note in notes]


def test_without_the_rule_or_before_the_page_was_asked_the_feeds_text_stands():
    """What lies in the raw entry is not used then."""
    assert (with_page(WHOLE), ()) == amend(with_page(WHOLE), NO_RULES)
    assert (ENTRY, ()) == amend(ENTRY, rules(full_text=True))


def test_an_entry_without_any_text_takes_whatever_its_page_has():
    """There is nothing to compare with."""
    entry = ParsedEntry(extras={PAGE_TEXT: WHOLE, PAGE_SAID: ""})

    assert (Text(value=WHOLE, kind="html"),) == amend(entry, rules(full_text=True))[0].contents
    assert "" == why_poorer("", "words")
