"""What a wrong feedmill.toml is told: all of it at once, each with its line."""

import re

import pytest

from feedmill.config.load import load_text
from feedmill.feeds.errors import ConfigError

FORM = re.compile(r"feedmill\.toml:\d+: [^ ]+: .+, (expected|it belongs) .+")


def test_all_problems_come_at_once_in_the_order_of_their_lines(problems):
    """Ten mistakes in eight tables, each with its place."""
    text = '''titel = "x"
store = "mysql://x"
[fetch]
timeout = 30
workers = "16"
output = "x"
allow_private_networks = "true"
[[source]]
url = "https://ok.example/"
tags = "python"
[[source]]
title = """a
[[source]]
b"""
[[source]]
url = "ftp://x/y"
[[source]]
url = "blog.example/feed"
[[publication]]
path = "../x"
formats = ["atm"]
'''
    found = problems(text)

    assert [": ".join(line.split(": ")[:2]) for line in found] == [
        "feedmill.toml:1: titel",
        "feedmill.toml:2: store",
        "feedmill.toml:4: fetch.timeout",
        "feedmill.toml:5: fetch.workers",
        "feedmill.toml:6: fetch.output",
        "feedmill.toml:7: fetch.allow_private_networks",
        "feedmill.toml:10: source[1].tags",
        "feedmill.toml:11: source[2].url",
        "feedmill.toml:16: source[3].url",
        "feedmill.toml:18: source[4].url",
        "feedmill.toml:20: publication[1].path",
        "feedmill.toml:21: publication[1].formats",
    ]
    assert [line for line in found if not FORM.fullmatch(line)] == []


@pytest.mark.parametrize(
    ("text", "place", "saying"),
    [
        ('titel = "x"', "1: titel", 'did you mean "title"'),
        ("[fetch]\ntime-out = 3", "2: fetch.time-out", 'did you mean "timeout"'),
        ('[fetch]\nstore = "x"', "2: fetch.store", "belongs at the top"),
        ('timeout = "3s"', "1: timeout", "belongs under [fetch]"),
        ("zzz = 1", "1: zzz", "unknown key, expected one of title, url"),
        ("[[sources]]\nurl = 3", "1: sources", 'did you mean "source"'),
        ("title = 3", "1: title", "3 is not text in quotes"),
        ('title = ""', "1: title", "expected some words"),
        ("[fetch]\ntimeout = 30", "2: fetch.timeout", '("30s" for seconds)'),
        ('[fetch]\ntimeout = "soon"', "2: fetch.timeout", '"soon" is not a duration'),
        ('[fetch]\ntimeout = "0s"', "2: fetch.timeout", "0s is too short, expected at least 1s"),
        ('[fetch]\ntimeout = "9999d"', "2: fetch.timeout", "too long"),
        ('[fetch]\nmax_body = "10"', "2: fetch.max_body", '"10" is not a size'),
        ("[fetch]\nmax_body = 10", "2: fetch.max_body", "10 has no unit"),
        ('[fetch]\nmax_body = "1B"', "2: fetch.max_body", "too small"),
        ("[fetch]\nworkers = 0", "2: fetch.workers", "0 is too small, expected at least 1"),
        ("[serve]\nport = 70000", "2: serve.port", "70000 is too large, expected at most 65535"),
        ('[serve]\nport = "8080"', "2: serve.port", "(without quotes: 8080)"),
        ("fetch = 3", "1: fetch", "3 is not a table, expected [fetch]"),
        ("source = 3", "1: source", "expected [[source]]"),
        ("source = [3]", "1: source[1]", "expected [[source]]"),
        ('[fetch]\ncontact = "call me"', "2: fetch.contact", "not an absolute URL"),
        ('[fetch]\ncontact = "https://ex\u00e4mple.example"', "2: fetch.contact", "cannot stand in a User-Agent"),
        ('url = "https://x.example/?a"', "1: url", "expected the URL of a folder"),
        ('url = "https://me@x.example/"', "1: url", "holds a user name"),
        ('store = ""', "1: store", "it is empty"),
        ('store = "sqlite:///x.db"', "1: store", "expected the path alone"),
        ('output = "."', "1: output", "would publish feedmill.toml itself"),
        ('output = "public"\nstore = "public/x.db"', "2: store", "lies in the output"),
        (
            "[schedule]\nmin_interval = '2h'\nmax_interval = '1h'",
            "3: schedule.max_interval",
            "is shorter than min_interval",
        ),
        ("[[source]]\ntitle = 'x'", "1: source[1].url", "it is missing"),
        ("[[list]]", "1: list[1].opml", "it is missing"),
        ("[[publication]]\nlimit = 0", "2: publication[1].limit", "too small"),
        ("[[publication]]\nmax_size = '50KB'", "2: publication[1].max_size", "too small"),
        ("[[publication]]\ncomplete = true\nlimit = 9", "3: publication[1].limit", "expected one: all entries, or so"),
        ("[[publication]]\ncomplete = true\nmax_size = '1MB'", "3: publication[1].max_size", "expected one: all"),
        ("[[publication]]\ncomplete = true\narchive = true", "3: publication[1].archive", "expected one of them"),
        ("[[publication]]\nprofile = 'digest'\ncomplete = true", "3: publication[1].complete", "never complete"),
        ("[[publication]]\nformats = ['html']\ncomplete = true", "3: publication[1].complete", "Atom and RSS"),
        ('precompress = ["zip"]', "1: precompress", 'did you mean "gzip"?), expected gzip, br'),
        ("[[publication]]\nformats = []", "2: publication[1].formats", "no format is left"),
        ("[[publication]]\nformats = ['rdf']", "2: publication[1].formats", '"rdf" is not a format'),
    ],
)
def test_each_mistake_is_placed_and_put_into_words(problems, text, place, saying):
    """One line each."""
    (line,) = problems(text)

    assert line.startswith(f"feedmill.toml:{place}: ")
    assert saying in line


@pytest.mark.parametrize(
    ("url", "saying"),
    [
        ("blog.example/feed", 'did you mean "https://blog.example/feed"?'),
        ("/etc/passwd", "is not an absolute URL"),
        ("file:///etc/passwd", "the scheme file, expected http or https"),
        ("feed://blog.example/", "the scheme feed"),
        ("https:///feed", "names no host"),
        ("https://blog.example/a b", "expected it percent-encoded"),
        ("https://blog.example:99999/", "is not a URL"),
        ("https://[::1/", "is not a URL"),
        ("https://blog.example/${KEY}", "outside of user:password@"),
        ("https://${KEY}/", "outside of user:password@"),
        ("", "is not an absolute URL"),
    ],
)
def test_a_source_is_an_http_url(problems, url, saying):
    """With a host, without spaces, with secrets only before the @."""
    (line,) = problems(f'[[source]]\nurl = "{url}"', KEY="x")

    assert line.startswith("feedmill.toml:2: source[1].url: ")
    assert saying in line


def test_a_missing_secret_is_named(problems):
    """By the variable's name, at the line that asks for it."""
    text = '[[source]]\nurl = "https://${WHO}:${PASS}@x.example/"\n[[list]]\nopml = "https://${TOKEN}@x.example/"'

    assert problems(text, WHO="ada") == [
        "feedmill.toml:2: source[1].url: the environment has no PASS, expected it to be set (export PASS=…)",
        "feedmill.toml:4: list[1].opml: the environment has no TOKEN, expected it to be set (export TOKEN=…)",
    ]


@pytest.mark.parametrize(
    "again", ["https://a.example/feed", "HTTPS://A.example:443/feed", "https://a.example/feed#top"]
)
def test_a_feed_listed_twice_is_told_kindly_where_the_first_one_is(problems, again):
    """However it is written."""
    (line,) = problems(f'[[source]]\nurl = "https://a.example/feed"\n\n[[source]]\nurl = "{again}"\n')

    assert line.startswith(f'feedmill.toml:5: source[2].url: "{again}" is already source[1]')


@pytest.mark.parametrize(
    "path",
    [
        "..",
        "a/../b",
        "/etc",
        "~/x",
        "c:/x",
        "a\\\\b",
        "archive",
        "a/Archive",
        "a//b",
        ".git",
        "a b",
        "atom.xml",
        "status",
    ],
)
def test_a_publication_stays_in_its_folder(problems, path):
    """Nothing above the output, nothing that feedmill writes itself."""
    (line,) = problems(f'[[publication]]\npath = "{path}"')

    assert line.startswith("feedmill.toml:2: publication[1].path: ")


def test_two_publications_do_not_share_a_folder(problems):
    """Not on a file system that ignores case either."""
    (line,) = problems('[[publication]]\npath = "Python"\n[[publication]]\npath = "python/"')

    assert line.startswith('feedmill.toml:4: publication[2].path: "python" is already publication[1]')


def test_the_output_is_not_a_file(tmp_path):
    """Found before anything is fetched."""
    (tmp_path / "public").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_text("", tmp_path / "feedmill.toml")

    assert "is a file, expected a folder" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "place", "saying"),
    [
        ("a = \n", "1: a", "expected a value after the equals sign"),
        ("title = Planet", "1: title", "invalid value at column 9, expected text in quotes"),
        ('[fetch]\ntimeout = 30s"', "2: timeout", "expected"),
        ("[fetch]\n[fetch]\n", "2: TOML", "cannot declare [fetch] twice"),
        ('title = "x\n', "1: title", "a closing quote on the same line"),
        ("title\n", "1: TOML", 'a line such as title = "Planet Example"'),
        ("title = 'a'\ntitle = 'b'\n", "2: title", "each key and each [table] once"),
        ("tags = [1,\n\n", "1: tags", "expected"),
    ],
)
def test_a_syntax_error_has_the_same_form(problems, text, place, saying):
    """The line, the key as far as it can be seen, and what TOML expects."""
    (line,) = problems(text)

    assert re.match(rf"feedmill\.toml:\d+: {re.escape(place.partition(': ')[2])}: ", line)
    assert saying in line
