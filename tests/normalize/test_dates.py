"""Dates: read where they can be read, settled so that an entry always has one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmill.ingest.dates import EARLIEST, TOLERANCE, read_date, settle_dates

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Wed, 01 Jan 2020 10:00:00 GMT", "2020-01-01T10:00:00"),
        ("Wed, 01 Jan 2020 10:00:00 +0130", "2020-01-01T08:30:00"),
        ("Wed, 01 Jan 2020 10:00:00 -0500", "2020-01-01T15:00:00"),
        ("Wed, 01 Jan 2020 10:00:00 EST", "2020-01-01T15:00:00"),
        ("Wed, 01 Jan 2020 10:00:00 PDT", "2020-01-01T17:00:00"),
        ("Wed, 01 Jan 2020 10:00:00 CET", "2020-01-01T09:00:00"),
        ("Wed, 01 Jan 2020 10:00:00 JST", "2020-01-01T01:00:00"),
        ("Wed, 01 Jan 2020 10:00 PST", "2020-01-01T18:00:00"),
        ("Wed, 01 Jan 2020 10:00:00", "2020-01-01T10:00:00"),
        ("1 Jan 2020 9:42:31 GMT", "2020-01-01T09:42:31"),
        ("Fri, 01 Jan 2020 10:00:00 GMT", "2020-01-01T10:00:00"),  # it was a Wednesday
        ("Wednesday, 01 January 2020 10:00:00 GMT", "2020-01-01T10:00:00"),
        ("Wed, 01 Jan 20 10:00:00 GMT", "2020-01-01T10:00:00"),
        ("Sat, 01 Jan 94 10:00:00 GMT", "1994-01-01T10:00:00"),
        ("Sat, 01 Jan 120 10:00:00 GMT", "2020-01-01T10:00:00"),
        ("Wed, 01-Jan-2020 10:00:00 GMT", "2020-01-01T10:00:00"),
        ("Wed, 01 Jan 2020 24:00:00 GMT", "2020-01-02T00:00:00"),
        ("Wed, 01 Jan 2020 23:59:60 GMT", "2020-01-01T23:59:59"),
        ("Wed, 01 Jan 2020 10:00:00 GMT+0200", "2020-01-01T08:00:00"),
        ("Wed, 01 Jan 2020 10:00:00 +0000 (UTC)", "2020-01-01T10:00:00"),
        ("Wed, 01 Jan 2020 12:30:00 AM", "2020-01-01T00:30:00"),
        ("Wed, 01 Jan 2020 12:30:00 PM GMT", "2020-01-01T12:30:00"),
        ("Wed, 01 Jan 2020", "2020-01-01T00:00:00"),
        ("Wed Jan  1 10:00:00 2020", "2020-01-01T10:00:00"),
        ("Wed Jan  1 10:00:00 EST 2020", "2020-01-01T15:00:00"),
        ("2020-01-01", "2020-01-01T00:00:00"),
        ("2020-01-01T10:00:00Z", "2020-01-01T10:00:00"),
        ("2020-01-01t10:00:00z", "2020-01-01T10:00:00"),
        ("2020-01-01T10:00Z", "2020-01-01T10:00:00"),
        ("2020-01-01T10:00:00.987654Z", "2020-01-01T10:00:00"),
        ("2020-01-01 10:00:00 +08:00", "2020-01-01T02:00:00"),
        ("2020-01-01T10:00:00-0500", "2020-01-01T15:00:00"),
        ("2020-01-01T10:00:00+02", "2020-01-01T08:00:00"),
        ("2020-01-01T24:00:00Z", "2020-01-02T00:00:00"),
        ("20200101", "2020-01-01T00:00:00"),
        ("20200101T101112Z", "2020-01-01T10:11:12"),
        ("2020-1-3 9:05", "2020-01-03T09:05:00"),
        ("2020/1/10", "2020-01-10T00:00:00"),
        ("2020/1/10 10:11:12", "2020-01-10T10:11:12"),
        ("25/12/2020 08:00", "2020-12-25T08:00:00"),
        ("12/25/2020 5:04 PM", "2020-12-25T17:04:00"),
        ("03/03/2020", "2020-03-03T00:00:00"),
        ("25.12.2020", "2020-12-25T00:00:00"),
        ("01.02.2020 10:00", "2020-02-01T10:00:00"),
        ("2020年1月3日 10:05", "2020-01-03T10:05:00"),
        ("2020년 1월 3일", "2020-01-03T00:00:00"),
        ("January 3, 2020 at 5:04 p.m.", "2020-01-03T17:04:00"),
        ("Tuesday, October 5th, 2021 3:00 PM EDT", "2021-10-05T19:00:00"),
        ("10:30, 3 May 2021", "2021-05-03T10:30:00"),
        ("2021 May 3", "2021-05-03T00:00:00"),
        ("1577836800", "2020-01-01T00:00:00"),
        ("1577836800000", "2020-01-01T00:00:00"),
    ],
)
def test_a_date_is_read_in_every_form_that_feeds_use(written: str, expected: str) -> None:
    reading = read_date(f"  {written}\n")

    assert reading is not None
    assert reading.at == datetime.fromisoformat(expected + "+00:00")


@pytest.mark.parametrize(
    ("written", "month"),
    [
        ("Mi, 18 Mär 2020 10:00:00 +0100", 3),
        ("18. Oktober 2020", 10),
        ("lun., 3 févr. 2020 12:00 CET", 2),
        ("mar. 3 août 2021", 8),
        ("3 de enero de 2020", 1),
        ("Seg, 24 Set 2012 10:00:00 -0300", 9),
        ("3 de março de 2020", 3),
        ("mar, 24 dic 2019 10:00:00 +0100", 12),
        ("3 gennaio 2020", 1),
        ("3 mei 2020", 5),
        ("3 maj 2020", 5),
        ("3. desember 2020", 12),
        ("3. tammikuuta 2020", 1),
        ("3 października 2020", 10),
        ("3. listopadu 2020", 11),
        ("3. mája 2020", 5),
        ("2020. szeptember 3.", 9),
        ("3 noiembrie 2020", 11),
        ("3 Ağustos 2020", 8),
        ("3 Agustus 2020", 8),
        ("3 Ιανουαρίου 2020", 1),
        ("3 янв 2020 г. 10:00", 1),
        ("3 липня 2020", 7),
        ("3 октомври 2020", 10),
        ("3 أكتوبر 2020", 10),
        ("3 בינואר 2020", 1),
        ("ngày 3 tháng 7 năm 2020", 7),
        ("3 studenog 2020", 11),
        ("3 oktoober 2020", 10),
        ("3 d’abril 2020", 4),
    ],
)
def test_a_month_is_known_by_its_name_in_the_languages_of_blogs(written: str, month: int) -> None:
    reading = read_date(written)

    assert reading is not None
    assert reading.at.month == month


@pytest.mark.parametrize(
    "written",
    [
        "", "yesterday", "01/02/2020", "2020-02-30", "Wed, 32 Jan 2020 10:00:00 GMT", "Wed, 01 Foo 2020 10:00:00 GMT",
        "2020-01-01T25:00:00Z", "May 2020", "12:00", "2020", "1/2/3", "3 tháng 7", "19000101",
        "0000-00-00T00:00:00Z", "9999-12-31T24:00:00Z",
    ],
)  # fmt: skip
def test_what_could_be_two_days_or_none_is_no_date(written: str) -> None:
    assert read_date(written) is None


@pytest.mark.parametrize(
    "written", ["Wed, 01 Jan 2020 10:00:00 XYZ", "2020-01-01T10:00:00+3000", "Wed, 01 Jan 2020 10:00:00 Europe/Rome"]
)
def test_an_unknown_zone_is_read_as_utc_and_doubted(written: str) -> None:
    reading = read_date(written)

    assert reading is not None
    assert reading.at.hour == 10
    assert "UTC" in reading.doubt


def settled(
    published: str | None = None, updated: str | None = None, **more: bool
) -> tuple[datetime, datetime | None, str]:
    dates = settle_dates(published, updated, first_seen=NOW, **more)
    return dates.published, dates.updated, " / ".join(f"{note.field}: {note.detail}" for note in dates.notes)


def test_good_dates_pass_without_a_note() -> None:
    published, updated, notes = settled("2020-01-01T10:00:00Z", "2020-01-02T10:00:00Z")

    assert (published.day, updated and updated.day, notes) == (1, 2, "")


def test_an_undated_entry_is_from_when_we_first_saw_it() -> None:
    assert settled() == (NOW, None, "published: not dated: taken from first seen")
    assert settled(" ", "") == (NOW, None, "published: not dated: taken from first seen")


def test_updated_stands_in_for_published_but_not_beyond_first_seen() -> None:
    assert settled(None, "2020-01-02T10:00:00Z")[0] == datetime(2020, 1, 2, 10, tzinfo=UTC)
    assert settled(None, "2026-05-04T18:00:00Z")[:2] == (NOW, NOW + timedelta(hours=6))


@pytest.mark.parametrize(
    "written",
    [
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "0001-01-01T00:00:00Z",
        "1900-01-01",
        "2099-01-01",
        "Mon, 01 Jan 0001 00:00:00 +0000",
    ],
)
def test_a_year_that_no_blog_had_is_ignored(written: str) -> None:
    published, _, notes = settled(written)

    assert published == NOW
    assert "no year of a blog" in notes


def test_a_date_that_cannot_be_read_is_noted() -> None:
    assert "'soon' cannot be read as a date" in settled("soon")[2]


def test_a_future_within_a_day_stays_and_a_further_one_is_clamped_with_the_original_in_the_note() -> None:
    near, far = NOW + timedelta(hours=23), NOW + timedelta(days=30)

    assert settled(near.isoformat())[0] == near
    assert settled(far.isoformat())[0] == NOW
    assert far.isoformat() in settled(far.isoformat())[2]


def test_updated_is_never_before_published() -> None:
    published, updated, notes = settled("2020-01-02T10:00:00Z", "2020-01-01T10:00:00Z")

    assert updated == published
    assert "raised" in notes


def test_a_doubted_zone_is_noted() -> None:
    assert "unknown" in settled("Wed, 01 Jan 2020 10:00:00 XYZ")[2]


def test_dates_of_a_feed_that_stamps_everything_with_the_fetch_date_nothing() -> None:
    published, updated, notes = settled(NOW.isoformat(), NOW.isoformat(), restamped=True)

    assert (published, updated) == (NOW, None)
    assert "time of the fetch" in notes


@given(
    st.one_of(st.none(), st.text(max_size=80), st.datetimes().map(str)),
    st.one_of(st.none(), st.text(max_size=40), st.datetimes().map(str)),
)
def test_whatever_is_written_the_dates_are_sane_and_in_order(published: str | None, updated: str | None) -> None:
    dates = settle_dates(published, updated, first_seen=NOW)

    assert EARLIEST <= dates.published <= NOW + TOLERANCE
    assert dates.published.utcoffset() == timedelta(0)
    assert dates.published.microsecond == 0
    if dates.updated is not None:
        assert dates.published <= dates.updated <= NOW + TOLERANCE
    again = settle_dates(dates.published.isoformat(), dates.updated and dates.updated.isoformat(), first_seen=NOW)
    assert (again.published, again.updated, again.notes) == (dates.published, dates.updated, ())
