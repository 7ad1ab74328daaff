"""How a source is doing, in sentences, for every state it can be in."""

from datetime import UTC, datetime, timedelta

import pytest

from feedmill.feeds.outcome import FailureKind, Validators
from feedmill.feeds.source import Channel, Filter, PostingRate, Source, SourceRecord, SourceRules, SourceState, Standing
from feedmill.story import day
from feedmill.story_of_source import _kept_back, source_story, written

THEN = datetime(2024, 5, 6, 7, 12, tzinfo=UTC)
URL = "https://blog.example/feed.xml"


class Quiet:
    """A store without history or held entries."""

    def history(self, row):
        return []

    def held(self, row):
        return []

    def subscriptions(self):
        return []


def told(state, *, channel=None, rules=None, tags=()):
    record = SourceRecord(
        row=1, source=Source(url=URL, tags=tags), channel=channel or Channel(), state=state, entries=3
    )
    story = source_story(Quiet(), record, rules)
    return "\n".join(line for chapter in story.chapters for line in chapter.lines)


@pytest.mark.parametrize(
    ("state", "saying"),
    [
        (SourceState(), "State: new. It was never looked at."),
        (
            SourceState(standing=Standing.ACTIVE, last_success=THEN),
            "State: active. All is well; it was last read on 6 May 2024 at 07:12 UTC.",
        ),
        (
            SourceState(
                standing=Standing.FAILING,
                failures=2,
                failure=FailureKind.DNS,
                detail="no such name",
                failing_since=THEN,
            ),
            "It fails since 6 May 2024 at 07:12 UTC, 2 times in a row: no such name (dns).",
        ),
        (SourceState(standing=Standing.GONE, last_success=THEN), "gone for good; it was last read on 6 May 2024"),
        (SourceState(standing=Standing.HELD, held_reason="another language"), "somebody has looked: another language."),
        (SourceState(standing=Standing.PAUSED, reason="merged into x"), "It is left alone: merged into x."),
        (SourceState(hold_until=THEN), "Its server asked us to wait until 6 May 2024 at 07:12 UTC"),
        (SourceState(adopted="https://new.example/"), "It moved for good: we ask at https://new.example/."),
        (
            SourceState(moved_to="https://new.example/", moved_count=2, moved_since=THEN),
            "It redirects to https://new.example/ 2 times since 6 May 2024",
        ),
        (SourceState(rate=PostingRate(weight=30, days=10)), "It posts about 3 times a day"),
        (SourceState(rate=PostingRate(weight=2, days=14)), "It posts about 1 time a week"),
        (SourceState(rate=PostingRate(weight=1, days=100)), "It posts less than once a month"),
        (SourceState(), "Its server gives neither ETag nor Last-Modified"),
        (SourceState(validators=Validators(etag='"x"')), 'We ask with the ETag "x":'),
        (SourceState(), "Next look: with the next sync, because: never fetched."),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_state_has_a_sentence(state, saying):
    """For whoever runs the planet, and for the blogger who asks."""
    assert saying in told(state)


def test_wishes_tags_and_rules_are_named():
    """As they are written in feedmill.toml."""
    rules = SourceRules(
        drop=(".promo",), pipe_timeout=timedelta(minutes=2), only=Filter(max_age=timedelta(days=30), words=("a",))
    )
    lines = told(SourceState(), channel=Channel(ttl=timedelta(hours=1)), rules=rules, tags=("sea",))

    assert "how often it wants to be asked" in lines
    assert "Your tags: sea." in lines
    assert 'Your rule: drop = [".promo"].' in lines
    assert {"drop": [".promo"], "pipe_timeout": "2m", "only.words": ["a"], "only.max_age": "30d"} == written(rules)
    assert "never" == day(None)


def test_many_held_entries_are_counted_and_not_listed():
    """The first ten by title."""
    from feedmill.feeds.entry import Entry, StoredEntry

    held = [
        StoredEntry(
            row=at, source_url=URL, entry=Entry(id="x", guid="x", title=f"T{at}"), first_seen=THEN, sort_at=THEN,
            held_reason="a burst",
        )
        for at in range(12)
    ]  # fmt: skip

    assert ("“T0”: a burst", "and 2 more", 11) == ((lines := _kept_back(held))[0], lines[-1], len(lines))
