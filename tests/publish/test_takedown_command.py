"""`feedmill takedown`, `[[deny]]` and the keys of `[[publication]]`, as an operator meets them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from feedmill.build import Mill
from feedmill.config.load import load_text
from feedmill.feeds.errors import ConfigError
from feedmill.feeds.outcome import FetchRecord
from feedmill.feeds.source import Source, SourceState, Standing
from feedmill.feeds.store import Store
from feedmill.feeds.update import EntryUpdate, UpdatePlan

PLANET = """title = "Planet"
url = "https://planet.example/"
[[source]]
url = "https://ada.example/feed.xml"
"""


@pytest.fixture
def planet(bakery, tmp_path: Path) -> Path:
    """A configuration and a store with three entries."""
    now = bakery.start + timedelta(days=1)
    with Store.open(tmp_path / "feedmill.db") as store:
        store.reconcile([Source(url="https://ada.example/feed.xml")], now)
        (claim,) = store.claim(now, limit=1, lease=timedelta(minutes=5))
        entries = [bakery.entry(number).entry for number in (1, 2, 3)]
        made = tuple(
            EntryUpdate(entry=entry, raw="{}", raw_hash=entry.guid, fingerprint=entry.guid, recipe="r")
            for entry in entries
        )
        state = SourceState(standing=Standing.ACTIVE, last_status=200, last_success=now, next_fetch=now)
        plan = UpdatePlan(
            source_row=claim.record.row, lease=claim.lease, state=state,
            record=FetchRecord(at=now, status=200, outcome="fetched", new=3), new=made,
        )  # fmt: skip
        assert store.commit([plan], now) == [True]
    path = tmp_path / "feedmill.toml"
    path.write_text(PLANET)
    return path


def command(capfd, path: Path, *words: str) -> tuple[int, str]:
    from feedmill.cli import exit_code, feedmill

    code = exit_code(lambda: feedmill.main(args=["--config", str(path), *words], standalone_mode=False))
    told = capfd.readouterr()
    return code, told.out + told.err


def test_a_takedown_is_published_at_once(capfd, planet: Path) -> None:
    command(capfd, planet, "publish")
    before = (planet.parent / "public" / "atom.xml").read_text()
    code, said = command(capfd, planet, "takedown", "https://ada.example/2")
    after = (planet.parent / "public" / "atom.xml").read_text()

    assert (code, "took down 1 entry" in said) == (0, True)
    assert "part 2" in before
    assert "part 2" not in after
    assert 'ref="https://ada.example/2"' in after
    assert command(capfd, planet, "takedown", "https://ada.example/2")[1].startswith("it was taken down before")
    code, said = command(capfd, planet, "takedown", "https://ada.example/99")
    assert (code, "no entry has this URL or id" in said) == (1, True)


def test_a_denied_source_is_neither_fetched_nor_published(planet: Path) -> None:
    planet.write_text(PLANET + '\n[[deny]]\ndomain = "ada.example"\nreason = "asked"\n')
    settings = load_text(planet.read_text(), planet)
    with Mill(settings) as mill:
        report = mill.publish()

        assert mill.store.records() == []
        assert [made.entries for made in report.publications] == [0]
    assert settings.notices == (f"{planet}:4: source[1].url: left out: the deny list names ada.example: asked",)


def test_a_denied_source_cannot_be_added_or_imported(capfd, planet: Path, tmp_path: Path) -> None:
    planet.write_text(PLANET + '\n[[deny]]\nsource = "https://spam.example/feed"\n')
    opml = tmp_path / "list.opml"
    opml.write_text('<opml version="2.0"><body><outline xmlUrl="http://www.spam.example/feed/"/></body></opml>')

    assert command(capfd, planet, "add", "https://spam.example/feed") == (
        1,
        "https://spam.example/feed: the deny list names https://spam.example/feed\n",
    )
    code, said = command(capfd, planet, "import", str(opml))
    assert (code, "the deny list names" in said, "0 sources imported" in said) == (1, True, True)
    assert "spam" not in planet.read_text().partition("[[deny]]")[0]


def test_another_planets_configuration_is_imported(capfd, planet: Path, tmp_path: Path) -> None:
    old = tmp_path / "config.ini"
    old.write_text("[Planet]\nname = Old\noutput_theme = x\n[https://bob.example/atom]\nname = Bob\n")
    code, said = command(capfd, planet, "import", str(old))

    assert (code, "1 source imported" in said) == (0, True)
    assert "not carried over from Planet Venus: [Planet] output_theme" in said
    assert load_text(planet.read_text(), planet).sources[1].title == "Bob"


def test_the_root_has_all_extras_and_a_folder_has_those_it_asks_for() -> None:
    text = PLANET + (
        '[[publication]]\n[[publication]]\npath = "py"\narchive = true\nwords = ["python"]\nmax_age = "30d"\n'
        'where = "\'x\' in tags"\nprofile = "excerpt"\nper_source = 2\nmax_loss = 20\n'
    )
    root, inner = load_text(text, Path("feedmill.toml")).publications

    assert (root.source_feeds, root.tag_feeds, root.archive, root.search) == (True, True, True, True)
    assert (inner.source_feeds, inner.tag_feeds, inner.archive, inner.search) == (False, False, True, False)
    assert (inner.select.words, inner.select.max_age, inner.select.per_source) == (("python",), timedelta(days=30), 2)
    assert (inner.profile, inner.max_loss, inner.select.where) == ("excerpt", 0.2, "'x' in tags")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('[[publication]]\nwhere = "words > many"', ":6: publication[1].where: column 9: many is not known"),
        ('[[publication]]\nprofile = "ful"', "is not a profile, expected one of full, excerpt"),
        ('[[publication]]\nlanguages = ["english"]', "is not a language"),
        ('[[publication]]\npath = "x/source"', 'uses the name "source"'),
        ('[[publication]]\nper_source_window = "1s"', "is too short, expected at least 1m"),
        ('[[deny]]\nreason = "x"', ":5: deny[1]: expected exactly one of source, domain and entry"),
        ('[[deny]]\ndomain = "a.example"\nentry = "x"', "expected exactly one of source, domain and entry"),
        ('[[deny]]\ndomain = "https://a.example/"', "is not a domain"),
    ],
)
def test_a_mistake_is_told_with_its_line(lines: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_text(PLANET + lines, Path("feedmill.toml"))

    assert said in str(error.value)


def test_a_reader_needs_a_place_for_the_feeds_address() -> None:
    with pytest.raises(ConfigError, match="is not a pattern"):
        load_text('readers = { X = "https://r.example/" }\n' + PLANET, Path("feedmill.toml"))
    settings = load_text('readers = { X = "https://r.example/?u={url}" }\n' + PLANET, Path("feedmill.toml"))

    assert settings.publish.readers == (("X", "https://r.example/?u={url}"),)
