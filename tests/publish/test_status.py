"""status.json, and the sentences of status.html."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from feedmill.feeds.outcome import FailureKind
from feedmill.feeds.source import Source, Standing
from feedmill.publish.status import (
    PublicationReport,
    public_document,
    same_news,
    status_bytes,
    status_document,
)
from feedmill.publish.status_words import ADVICE, STATES, status_lines


def document(*records, entries: int = 3) -> dict:
    return status_document(records, entries=entries, publications=[PublicationReport(path="", entries=3, updated=None)])


def test_the_document_has_the_shape_of_the_contract(bakery) -> None:
    made = document(bakery.source("ada", next_fetch=bakery.start, reason="every hour"))

    assert list(made) == ["sources", "entries", "publications"]
    (source,) = made["sources"]
    assert {name: source[name] for name in list(source)[:10]} == {
        "url": "https://ada.example/feed.xml",
        "title": "The ada blog",
        "state": "active",
        "entries": 3,
        "last_success": "2026-03-02T08:05:00Z",
        "last_status": 200,
        "failures": 0,
        "failure": None,
        "next_fetch": "2026-03-02T08:05:00Z",
        "reason": "every hour",
    }
    assert made["publications"] == [{"path": "", "entries": 3, "updated": None, "held": None}]


def test_its_bytes_read_back(bakery) -> None:
    made = document(bakery.source("ada", detail="a </script> \x07 b"), bakery.source("bob"))

    assert json.loads(status_bytes(made))["sources"][0]["detail"] == "a </script> b"
    assert json.loads(status_bytes(document()))["sources"] == []


def test_the_published_copy_knows_no_passwords(bakery) -> None:
    url = "https://ada:pw@ada.example/feed?token=t0ken"
    record = replace(
        bakery.source("ada", detail=f"cannot fetch {url}", moved_to="https://u:pw@new.example/"), source=Source(url=url)
    )

    published = status_bytes(public_document(document(record)))

    assert b"pw" not in published
    assert b"t0ken" not in published
    assert json.loads(published)["sources"][0]["url"] == "https://ada.example/feed"


@pytest.mark.parametrize(
    ("state", "same"),
    [
        ({"last_status": 304}, True),
        ({"next_fetch": True}, True),
        ({"reason": "because"}, True),
        ({"failures": 2}, True),
        ({"failures": 3}, False),  # the third in a row opens an incident
        ({"last_status": 500}, False),
        ({"standing": Standing.FAILING}, False),
        ({"failure": FailureKind.DNS}, False),
        ({"detail": "something else"}, False),
    ],
)
def test_only_what_moves_slowly_is_news(bakery, state, same) -> None:
    if state.get("next_fetch"):
        state = {"next_fetch": bakery.start + timedelta(hours=1), "last_success": bakery.start + timedelta(hours=2)}
    before = status_bytes(document(bakery.source("ada")))

    assert same_news(before, document(bakery.source("ada", **state))) is same


@pytest.mark.parametrize("before", [None, b"", b"[]", b'{"sources":[1]}', b"[" * 100_000, b'"x"'])
def test_a_damaged_copy_is_never_the_same_news(bakery, before) -> None:
    assert same_news(before, document(bakery.source("ada"))) is False


def test_more_entries_are_news(bakery) -> None:
    assert same_news(status_bytes(document(entries=3)), document(entries=4)) is False


def test_every_way_to_fail_has_a_sentence_and_an_advice_and_every_state_a_word() -> None:
    assert set(ADVICE) == set(FailureKind)
    assert set(STATES) == set(Standing)
    for sentence, advice in ADVICE.values():
        assert sentence.endswith(".")
        assert advice.startswith(("Authors: ", "Operators: "))


def test_sources_in_trouble_come_first_and_in_plain_words(bakery) -> None:
    lines = status_lines(
        [
            bakery.source("fine"),
            bakery.source("new", standing=Standing.NEW),
            bakery.source("gone", standing=Standing.GONE, detail="410"),
            bakery.source("held", standing=Standing.HELD),
            bakery.source("rest", standing=Standing.PAUSED),
            bakery.source("bad", standing=Standing.FAILING, failure=FailureKind.TLS, failing_since=bakery.start),
        ]
    )

    assert [line.state for line in lines] == ["failing", "held", "gone", "paused", "new", "active"]
    assert lines[0].sentence == "Its certificate is not valid, so the connection cannot be trusted."
    assert lines[0].since == bakery.start
    assert lines[2].sentence == "Its server says that the feed is gone for good."
    assert [line.sentence for line in lines[4:]] == ["", ""]


def test_a_line_knows_no_passwords(bakery) -> None:
    url = "https://ada:pw@ada.example/feed"
    record = replace(bakery.source("ada", detail=f"cannot fetch {url}"), source=Source(url=url, title=url))

    assert "pw" not in repr(status_lines([record]))
