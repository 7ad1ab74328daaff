"""Whatever a stranger writes is stored, the same on both databases."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from feedmill.feeds import encoding
from feedmill.feeds.entry import Author, Enclosure, Entry, Note, Origin
from feedmill.feeds.outcome import Validators
from feedmill.feeds.source import Channel, PostingRate, SiteState, Source, SourceState

ODD = "a\0b\ud800c\udfff\U0001f600\x7f\x80\u2028"
KEPT = "a\ufffdb\ufffdc\ufffd\U0001f600\x7f\x80\u2028"

any_text = st.text(st.characters(exclude_categories=()), max_size=40)
moments = st.datetimes(timezones=st.just(UTC))
guids = map(str, count())
authors = st.lists(st.builds(Author, name=any_text, url=st.none() | any_text), max_size=2).map(tuple)
origins = st.builds(
    Origin,
    id=st.none() | any_text,
    title=any_text,
    url=st.none() | any_text,
    updated=st.none() | moments,
    authors=authors,
    language=st.none() | any_text,
)
entries = st.builds(
    Entry,
    id=any_text,
    guid=any_text,
    url=st.none() | any_text,
    title=any_text,
    published=st.none() | moments,
    updated=st.none() | moments,
    authors=authors,
    language=st.none() | any_text,
    summary=any_text,
    content_html=any_text,
    content_text=any_text,
    categories=st.lists(any_text, max_size=3).map(tuple),
    enclosures=st.lists(
        st.builds(Enclosure, url=any_text, media_type=st.none() | any_text, length=st.none() | st.integers()),
        max_size=2,
    ).map(tuple),
    image=st.none() | any_text,
    rights=st.none() | any_text,
    origin=st.none() | origins,
    notes=st.lists(st.builds(Note, step=any_text, field=any_text, detail=any_text), max_size=2).map(tuple),
)


def kept(value):
    """What becomes of a value in the memory, said another way than the memory does it."""
    if isinstance(value, str):
        return "".join("\ufffd" if c == "\0" or "\ud800" <= c <= "\udfff" else c for c in value)
    if isinstance(value, datetime):
        return value.replace(microsecond=0)
    if isinstance(value, tuple):
        return tuple(map(kept, value))
    if hasattr(value, "__dataclass_fields__"):
        return type(value)(**{name: kept(getattr(value, name)) for name in value.__dataclass_fields__})
    return value


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entry=entries)
@example(entry=Entry(id="", guid=""))
@example(entry=Entry(id="\ufffd", guid="\ud800", title=ODD, categories=(ODD, ODD, "")))
def test_any_entry_comes_back_but_for_what_no_database_takes(store, hand, entry):
    url = f"https://blog.example/{next(guids)}"
    row = hand.ingest(store, hand.update(entry, raw=json.dumps(entry.title, ensure_ascii=False)), url=url)

    [stored] = store.latest(limit=5, source_urls=[url])

    assert stored.entry == kept(entry)
    assert json.loads(store.raw(stored.row)) == entry.title
    assert set(store.known(row, [entry.guid])) == {entry.guid}
    assert stored.row in {found.row for found in store.entry(entry.guid)}


def test_the_text_that_is_kept_is_the_same_on_both_databases(store, hand):
    entry = hand.entry(ODD, title=ODD, url=ODD, categories=(ODD,), authors=(Author(name=ODD),), content_html=ODD)
    hand.ingest(store, hand.update(entry, raw=json.dumps({ODD: ODD}, ensure_ascii=False), held_reason=ODD))
    [held] = store.held()
    found = held.entry.entry

    assert {found.guid, found.title, found.url, found.categories[0], found.authors[0].name, found.content_html} == {
        KEPT
    }
    assert held.reason == KEPT
    assert json.loads(store.raw(held.entry.row)) == {ODD: ODD}


def test_guids_that_differ_only_in_what_is_replaced_stay_apart(store, hand):
    row = hand.ingest(store, "x\ud800", "x\ud801", "x\0", "x\ufffd")

    known = store.known(row, ["x\ud800", "x\ud801", "x\0", "x\ufffd"])

    assert len({entry.row for entry in known.values()}) == 4


def test_a_guid_a_title_and_a_category_may_be_a_megabyte(store, hand):
    long = "https://blog.example/" + "é" * 1_000_000
    row = hand.ingest(
        store, hand.update(hand.entry(long, title=long, url=long, categories=(long,)), canonical_key=long)
    )

    [stored] = store.latest(limit=1, tags=[long])

    assert stored.entry == hand.entry(long, title=long, url=long, categories=(long,))
    assert store.known(row, [long])[long].row == stored.row == store.entry(long)[0].row


def test_sources_states_sites_and_meta_take_any_text(store, hand):
    url = f"https://blog.example/{ODD}"
    state = SourceState(
        validators=Validators(etag=ODD, last_modified=ODD, issued_by=ODD),
        body_hash=ODD,
        reason=ODD,
        detail=ODD,
        moved_to=ODD,
    )
    store.reconcile([Source(url=url, title=ODD, tags=(ODD,)), Source(url=ODD), Source(url="http://[bad")], hand.now)
    channel = Channel(format=ODD, generator=ODD, hubs=(ODD,), about=Origin(title=ODD))
    hand.ingest(
        store,
        url=url,
        state=state,
        channel=channel,
        record=hand.record(detail=ODD, outcome=ODD),
        site=SiteState(key=ODD),
    )
    store.set_meta("k", ODD)

    record = store.records([url])[0]

    assert record.source == Source(url=kept(url), title=KEPT, tags=(KEPT,))
    assert record.state == kept(state)
    assert record.channel == kept(channel)
    assert store.history(record.row)[0].detail == KEPT
    assert set(store.sites([ODD])) == {KEPT}
    assert store.meta("k") == KEPT
    assert len(store.records()) == 3


@pytest.mark.parametrize("number", [2**200, -(2**200), 0, 2**63])
def test_a_length_may_be_any_number(store, hand, number):
    hand.ingest(store, hand.entry(enclosures=(Enclosure(url="https://a/", length=number),)))

    assert store.latest(limit=1)[0].entry.enclosures[0].length == number


def test_a_year_beyond_the_calendar_reads_as_its_end():
    assert encoding.moment(10**15) == datetime.max.replace(tzinfo=UTC, microsecond=0)
    assert encoding.moment(-(10**15)) == datetime.min.replace(tzinfo=UTC)


def test_a_rate_is_kept_exactly_and_nothing_said_is_nothing_written():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    for rate in (
        PostingRate(weight=1 / 3, days=2.0, short=1e-300, at=now),
        PostingRate(week=((0, 0.5), (167, 1e9)), week_at=now),
        PostingRate(recent=0.25),
    ):
        assert encoding.rate_from(encoding.rate(rate)) == rate
    assert encoding.channel_from(encoding.channel(Channel(entries=40))) == Channel(entries=40)
    assert encoding.rate_from("{}") == PostingRate()
    assert encoding.rate(PostingRate()) == encoding.channel(Channel()) == "{}"
    assert encoding.origin_from(encoding.origin(Origin(updated=None))) == Origin()


@given(moments, st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=1)))
def test_a_time_before_which_nothing_may_happen_is_rounded_up(moment, _):
    assert encoding.seconds(moment) <= encoding.seconds_up(moment) <= encoding.seconds(moment) + 1
    assert (encoding.EPOCH + timedelta(seconds=encoding.seconds(moment))) <= moment
    assert moment.microsecond == 0 or encoding.seconds_up(moment) == encoding.seconds(moment) + 1


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("HTTP://Blog.Example:80", "https://blog.example/"),
        ("https://blog.example:443/a?b=1#c", "http://blog.example/a?b=1"),
        ("https://User:Pw@blog.example/", "https://User:Pw@BLOG.example/"),
        ("http://[::1]:8080/", "http://[::1]:8080/"),
    ],
)
def test_spellings_of_one_address_have_one_key(url, same):
    assert encoding.url_key(url) == encoding.url_key(same)


@pytest.mark.parametrize(
    ("url", "other"),
    [
        ("http://blog.example:443/", "https://blog.example/"),
        ("http://blog.example:8080/", "http://blog.example/"),
        ("ftp://blog.example/", "http://blog.example/"),
        ("https://a@blog.example/", "https://b@blog.example/"),
        ("http://blog.example:99999/", "http://blog.example/"),
    ],
)
def test_other_addresses_have_other_keys(url, other):
    assert encoding.url_key(url) != encoding.url_key(other)
