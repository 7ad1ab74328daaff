"""Per-source rules, through the real command line: tried with `normalize --source`, applied by `sync`."""

import json
import sqlite3
import sys

import pytest

FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>Blog of Ada</title><link>https://blog.example/</link>
<description>d</description><language>en</language>
<item><title>Herons</title><link>https://blog.example/2024/05/31/herons</link><guid isPermaLink="false">h</guid>
<category>sea</category><pubDate>Mon, 03 Jun 2024 10:00:00 GMT</pubDate>
<description>&lt;p&gt;They stand in the flats, all of them.&lt;/p&gt;
&lt;div class="promo"&gt;Buy.&lt;/div&gt;</description></item>
<item><title>Gulls</title><link>https://blog.example/2024/05/30/gulls</link><guid isPermaLink="false">g</guid>
<category>land</category><pubDate>Sun, 02 Jun 2024 10:00:00 GMT</pubDate>
<description>&lt;p&gt;Loud, sponsored gulls on the roof.&lt;/p&gt;</description></item>
</channel></rss>"""
UPPER = """import json, sys
entry = json.load(sys.stdin)
if "Gulls" in entry["title"]:
    print("null")
else:
    entry["title"] = entry["title"].upper()
    entry["content_html"] += "<p onclick='x()'>Added.</p><script>x()</script>"
    json.dump(entry, sys.stdout)
"""


@pytest.fixture
def ruled(planet, blogs):
    blogs.documents["feed.xml"] = (FEED.encode(), "application/rss+xml")
    planet.url = blogs.url("feed.xml")

    def configure(rules):
        planet.configure(planet.url)
        with (planet.folder / "feedmill.toml").open("a") as file:
            file.write(rules + "\n")
        return planet

    return configure


def tried(planet, *args):
    found = json.loads(planet.run("normalize", "--json", "--source", planet.url, *args).stdout)
    return {entry["title"]: entry for entry in found["entries"]}


def items(planet):
    return {item["title"]: item for item in json.loads((planet.output / "feed.json").read_bytes())["items"]}


def stored(planet):
    with sqlite3.connect(planet.folder / "feedmill.db") as database:
        return dict(database.execute("select title, held_reason from entries"))


def test_rules_are_tried_before_they_apply(ruled, blogs):
    """The source is fetched, or a document of it is given; what would be kept back is said; nothing is stored."""
    planet = ruled('drop = [".promo"]\nauthor = "Ada"\ndate = "url"\n[source.never]\nwords = ["sponsored"]')
    (planet.folder / "later.xml").write_text(FEED.replace("Herons", "Eels"))
    fetched, given = tried(planet), tried(planet, "later.xml")
    text = planet.run("normalize", "--source", planet.url).stdout

    assert {"Herons": None, "Gulls": "never.words: it says “sponsored”"} == {
        title: entry["filtered"] for title, entry in fetched.items()
    }
    assert ["Eels", "Gulls"] == list(given)
    assert "Buy." not in fetched["Herons"]["content_html"]
    assert [{"name": "Ada", "url": None}] == fetched["Herons"]["authors"]
    assert "2024-05-31T00:00:00Z" == fetched["Herons"]["published"]
    assert "KEPT BACK by never.words: it says “sponsored”" in text
    assert "1 of 2 would be shown" in text
    assert not (planet.folder / "feedmill.db").exists()


def test_a_sync_applies_them_and_keeps_back_what_a_filter_catches(ruled):
    """It is stored and seen, under its reason, and not published; it does not come back as new."""
    planet = ruled('drop = [".promo"]\n[source.only]\ncategories = ["sea"]')
    _, first = planet.sync()
    _, second = planet.sync("--force")

    assert (2, 0) == (first["new"], second["new"])
    assert ["Herons"] == list(items(planet))
    assert "Buy." not in items(planet)["Herons"]["content_html"]
    assert {"Herons": None, "Gulls": "filtered: only.categories: it is in “land”, wanted “sea”"} == stored(planet)


def test_an_entry_that_is_edited_goes_through_the_filter_again(ruled, blogs):
    """Both ways, without moving."""
    planet = ruled('[source.never]\nwords = ["sponsored"]')
    planet.sync()
    before = list(items(planet))
    edited = FEED.replace("all of them.", "sponsored.").replace("Loud, sponsored", "Loud, honest")
    blogs.documents["feed.xml"] = (edited.encode(), "application/rss+xml")
    planet.sync("--force")

    assert (["Herons"], ["Gulls"]) == (before, list(items(planet)))


def test_a_pipe_changes_entries_and_is_sanitized_after(ruled):
    """Null keeps an entry back; the script tag that it added is gone."""
    planet = ruled(f'pipe = [{json.dumps(sys.executable)}, "upper.py"]')
    (planet.folder / "upper.py").write_text(UPPER)
    found = tried(planet)
    planet.sync()

    assert [None, True] == [entry["filtered"] and "answered null" in entry["filtered"] for entry in found.values()]
    assert ["HERONS"] == list(items(planet))
    html = items(planet)["HERONS"]["content_html"]
    assert "<p>Added.</p>" in html
    assert "script" not in html
    assert any(note["step"] == "pipe" and "title, content_html" in note["detail"] for note in found["HERONS"]["notes"])


def test_a_pipe_that_fails_costs_no_entry_and_is_tried_again(ruled):
    """The entries stay as they were, with a note; `reclean` asks the command again."""
    planet = ruled(f'pipe = [{json.dumps(sys.executable)}, "upper.py"]')
    _, summary = planet.sync()
    entries = tried(planet)
    listed = list(items(planet))
    (planet.folder / "upper.py").write_text(UPPER)
    again = planet.run("reclean").stdout

    assert 2 == summary["new"]
    assert ["Herons", "Gulls"] == listed
    assert any("the entry stays as it was" in note["detail"] for note in entries["Gulls"]["notes"])
    assert "2 entries made anew: 1 changed, 1 kept back" in again
    assert ["HERONS"] == list(items(planet))


@pytest.mark.parametrize("answer", ["[]", "no json", '{"title": 3}', '{"title": ""}'])
def test_a_pipe_that_answers_nonsense_changes_nothing(ruled, answer):
    """Not even in part."""
    planet = ruled(f'pipe = [{json.dumps(sys.executable)}, "-c", {json.dumps(f"print({answer!r})")}]')
    entries = tried(planet)

    assert ["Herons", "Gulls"] == list(entries)
    assert all(entry["notes"][-1]["step"] == "pipe" for entry in entries.values())


def test_title_and_language_rules_reach_readers(ruled):
    """Title from the first sentence, a language that the feed has wrong."""
    planet = ruled('title_from = "content"\nlanguage = "nl"\nskip_steps = ["edges", "tokens"]')
    planet.sync()

    assert ["They stand in the flats, all of them", "Loud, sponsored gulls on the roof"] == list(items(planet))
    assert {"nl"} == {item["language"] for item in items(planet).values()}


def test_check_names_what_can_only_be_found_wrong_by_trying(ruled):
    """A selector that does not parse, a program that is not there."""
    planet = ruled('drop = ["p:nonsense-thing(3)", ".promo"]\npipe = ["no-such-command-here"]')
    planet.sync()
    said = planet.run("check", expect=None).stderr

    assert 'the selector "p:nonsense-thing(3)" cannot be read' in said
    assert 'the pipe\'s program "no-such-command-here" is not found' in said
    assert ".promo" not in said


def test_a_source_with_filters_is_removed_whole(ruled):
    """`[source.only]` belongs to its `[[source]]`."""
    planet = ruled('[source.only]\nwords = ["x"]\n\n[[source]]\nurl = "https://other.example/feed"')
    planet.run("remove", planet.url)
    text = (planet.folder / "feedmill.toml").read_text()

    assert "source.only" not in text
    assert "https://other.example/feed" in text


def test_normalize_source_of_a_stranger_is_refused(ruled):
    """With the nearest one."""
    planet = ruled("")

    assert "not a source of" in planet.run("normalize", "--source", "https://x.example/", expect=2).stderr
