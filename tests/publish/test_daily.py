"""`profile = "digest"`: one entry for each day that is over, which nothing that comes later makes new."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lxml import etree

from feedmill.publish.check import check
from feedmill.publish.edition import publish
from feedmill.publish.gather import a_day_is_over

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@pytest.fixture
def post(bakery):
    def made(number: int, source: str, dated: datetime, seen: datetime | None = None, **fields):
        return replace(
            bakery.entry(number, source, **fields), sort_at=min(dated, seen or dated), first_seen=seen or dated
        )

    return made


@pytest.fixture
def days(bakery, tmp_path: Path):
    """Publishes a store as digests; feed.json's items."""

    def published(store, now: datetime = NOW, **fields) -> list[dict]:
        publication = bakery.publication(**{"profile": "digest", "archive": True, "search": True, **fields})
        report = publish(store, bakery.options(tmp_path, publication), now=now)
        assert report.problems == ()
        return json.loads((tmp_path / "feed.json").read_bytes())["items"]

    return published


def at(day: int, hour: int = 9) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def test_each_day_that_is_over_is_one_entry_with_its_posts_by_source(bakery, post, days, tmp_path: Path) -> None:
    store = bakery.planet(0)
    store.entries = [
        post(1, "bob", at(7), title="Bob's <first>", content_html="<script>x</script>"),
        post(2, "ada", at(7, 8), authors=()),
        post(3, "ada", at(7, 10), url="javascript:alert(1)"),
        post(4, "ada", at(9)),
        post(5, "ada", at(10)),
    ]

    ninth, seventh = days(store)

    assert [item["title"] for item in (ninth, seventh)] == [
        "Planet Example, 9 March 2026", "Planet Example, 7 March 2026",
    ]  # fmt: skip
    assert seventh["date_published"] == "2026-03-08T00:00:00Z"
    html = seventh["content_html"]
    assert html.index("The ada blog") < html.index("part 2") < html.index("part 3") < html.index("The bob blog")
    assert '<a href="https://bob.example/1">Bob&#x27;s &lt;first&gt;</a>' in html
    assert "<script" not in html
    assert "javascript:" not in html
    assert "The first sentence of 2" in html
    assert "3 posts from 2 blogs: The ada blog, The bob blog" in seventh["summary"]
    for name, kind in (("atom.xml", "atom"), ("rss.xml", "rss"), ("feed.json", "json"), ("index.html", "html")):
        assert check(kind, (tmp_path / name).read_bytes()) == [], name
    assert not (tmp_path / "archive").exists()


def test_what_comes_late_is_in_the_digest_of_the_day_on_which_it_came(bakery, post, days) -> None:
    """The digests that are out keep id, date and words; the backlog of a new source makes none."""
    store = bakery.planet(0)
    store.entries = [post(1, "ada", at(7)), post(2, "bob", at(9))]
    before = days(store)
    seen = NOW + timedelta(hours=1)
    store.entries += [
        post(3, "ada", at(9, 23), seen),
        post(4, "eve", datetime(2026, 2, 3, tzinfo=UTC), seen),
        post(5, "eve", at(8), seen),
    ]
    store.sources.append(bakery.source("eve"))
    same = days(store, NOW + timedelta(hours=2))
    later = days(store, NOW + timedelta(days=1))

    assert same == before
    assert later[1:] == before
    assert "part 3" in later[0]["content_html"]
    assert "part 4" not in json.dumps(later)


def test_a_store_that_was_rebuilt_gives_the_same_ids(bakery, post, days) -> None:
    ids = []
    for _ in range(2):
        store = bakery.planet(0)
        store.entries = [post(1, "ada", at(7)), post(2, "bob", at(9))]
        ids.append([item["id"] for item in days(store)])

    assert ids[0] == ids[1]
    assert all(each.startswith("urn:uuid:") for each in ids[0])


def test_the_days_are_those_of_the_timezone(bakery, post, days) -> None:
    store = bakery.planet(0)
    store.entries = [post(1, "ada", at(7, 22)), post(2, "bob", at(7, 9))]

    assert [item["title"] for item in days(store)] == ["Planet Example, 7 March 2026"]
    assert [item["title"] for item in days(store, timezone="Asia/Tokyo")] == [
        "Planet Example, 8 March 2026", "Planet Example, 7 March 2026",
    ]  # fmt: skip


def test_the_end_of_a_day_makes_a_digest_due_without_any_news(bakery, post, days, tmp_path: Path) -> None:
    store = bakery.planet(0)
    store.entries = [post(1, "ada", at(10))]
    publication = bakery.publication(profile="digest")
    due = [a_day_is_over(store, [publication], NOW)]
    none = days(store)
    due += [a_day_is_over(store, [publication], NOW), a_day_is_over(store, [publication], NOW + timedelta(days=1))]
    one = days(store, NOW + timedelta(days=1))

    assert due == [True, False, True]
    assert (none, len(one)) == ([], 1)
    assert etree.parse(tmp_path / "atom.xml").getroot().findtext("{*}entry/{*}source/{*}title") == "Planet Example"


def test_only_days_that_were_read_whole_are_told(bakery, post, days, monkeypatch) -> None:
    from feedmill.publish import gather

    monkeypatch.setattr(gather, "MOST_LOOKED_AT", 40)
    store = bakery.planet(0)
    store.entries = [post(day * 10 + n, "ada", at(day, n)) for day in range(1, 10) for n in range(10)]

    found = days(store, limit=9)

    assert found
    assert all(item["content_html"].count("<li") == 10 for item in found)
