"""What a wrong rule is told: its line, what was expected, and the word that was probably meant."""

from pathlib import Path

import pytest

from feedmill.config import rule_words
from feedmill.config.load import load_text
from feedmill.feeds.errors import ConfigError
from feedmill.feeds.source import NO_RULES, Source, SourceRules

HEAD = '[[source]]\nurl = "https://blog.example/feed"\n'


def problem(text):
    with pytest.raises(ConfigError) as told:
        load_text(HEAD + text, Path("feedmill.toml"))
    (line,) = told.value.problems
    return line


@pytest.mark.parametrize(
    ("text", "place", "saying"),
    [
        ('skip_steps = ["edgs"]', "3: source[1].skip_steps[1]", 'did you mean "edges"'),
        ('skip_steps = ["sanitize"]', "3: source[1].skip_steps[1]", "always runs"),
        ('drop = [""]', "3: source[1].drop[1]", "is empty"),
        ('drop = ["https://x.example/"]', "3: source[1].drop[1]", "is an address"),
        ('drop = ["a { color: red }"]', "3: source[1].drop[1]", "holds {"),
        ('drop = ["a:not(.b"]', "3: source[1].drop[1]", "does not close its ("),
        ('keep = ["a)"]', "3: source[1].keep[1]", "has a ) too many"),
        ('keep = ["a[b)"]', "3: source[1].keep[1]", "has a ) too many"),
        ('title_from = "contents"', "3: source[1].title_from", 'did you mean "content"'),
        ('title_cut = [""]', "3: source[1].title_cut[1]", ""),
        ('date = "seen"', "3: source[1].date", "expected published, updated, url, first_seen"),
        ('language = "a language"', "3: source[1].language", "is not a language"),
        ("full_text = 1", "3: source[1].full_text", "is not true or false"),
        ("pipe = []", "3: source[1].pipe", "no program is named"),
        ('pipe = ["python3 tidy.py"]', "3: source[1].pipe", 'expected ["python3", "tidy.py"]'),
        ('pipe = ["a", "\\u0000"]', "3: source[1].pipe", "NUL"),
        ('pipe_timeout = "0s"', "3: source[1].pipe_timeout", "too short"),
        ("only = 3", "3: source[1].only", "expected [source.only]"),
        ('[source.only]\nword = ["x"]', "4: source[1].only.word", 'did you mean "words"'),
        ("[source.never]\nmin_words = 3", "4: source[1].never.min_words", "it belongs under [source.only]"),
        ("[source.only]\nmin_words = 0", "4: source[1].only.min_words", "too small"),
        ("[source.only]\nmax_age = 30", "4: source[1].only.max_age", "has no unit"),
    ],
)
def test_each_mistake_is_placed(text, place, saying):
    """One line each."""
    line = problem(text)

    assert line.startswith(f"feedmill.toml:{place}: ")
    assert saying in line


def test_good_rules_are_read_and_a_source_without_any_has_none():
    """Quoted brackets in selectors are no brackets; a step is named once."""
    text = HEAD + 'skip_steps = ["Edges", "edges"]\ndrop = ["a[title=\')\']", "p:not(.x)"]\nlanguage = "pt_BR"\n'
    (source,) = load_text(text, Path("feedmill.toml")).sources
    (plain,) = load_text(HEAD, Path("feedmill.toml")).sources

    assert (("edges",), ("a[title=')']", "p:not(.x)"), "pt-BR") == (
        source.rules.skip_steps,
        source.rules.drop,
        source.rules.language,
    )
    assert plain.rules is NO_RULES


def test_doubts_name_what_only_trying_tells(tmp_path):
    """A script beside the configuration is found, one that may not be run is not."""
    good, bad = tmp_path / "good.sh", tmp_path / "bad.sh"
    for file in (good, bad):
        file.write_text("#!/bin/sh\n")
    good.chmod(0o755)

    def doubts(**rules):
        source = Source(url="https://x.example/", rules=SourceRules(folder=str(tmp_path), **rules))
        return list(rule_words.doubts([source]))

    assert [] == doubts(drop=(".a",), keep=("p > b",), pipe=("./good.sh",))
    assert [] == doubts(pipe=("sh",))
    assert 1 == len(doubts(pipe=("./bad.sh",)))
    assert 1 == len(doubts(drop=("p:nonsense-thing(3)",)))
