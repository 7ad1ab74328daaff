"""What the rules of a `[[source]]` may say, checked one value at a time (docs/rules.md).

In:  a value as written.
Out: the same, tidied; `ValueError` with a sentence that says what is wrong and what was expected.
Never: imports the cleaner or runs a command: a configuration is read at every sync. What only they can tell (does this
selector parse, is there such a program) `doubts` looks up for `feedmill check`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from feedmill.config.units import CONTROLS, shown

if TYPE_CHECKING:
    from feedmill.feeds.source import Source

# The names of the cleaning steps that have a switch. The table itself is `ingest.clean.steps.STEPS`, which loads the
# HTML parser; a test holds the two together.
STEPS = ("selectors", "tokens", "harvest", "links", "share", "images", "embeds", "title", "edges", "paragraphs")
ALWAYS = ("structure", "sanitize")
TITLES = ("feed", "content")
DATES = ("published", "updated", "url", "first_seen")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
_PAIRS = {")": "(", "]": "["}
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|\\.")


def step(value: str) -> str:
    """A cleaning step that may be skipped."""
    name = value.strip().lower()
    if name in ALWAYS:
        raise ValueError(f"the step {shown(value)} always runs, expected one of {', '.join(STEPS)}")
    return _one_of("a cleaning step", STEPS)(name)


def _one_of(what: str, words: Sequence[str]) -> Callable[[str], str]:
    def check(value: str) -> str:
        from feedmill.config.problems import did_you_mean

        if value not in words:
            raise ValueError(f"{shown(value)} is not {what}{did_you_mean(value, words)}, expected {', '.join(words)}")
        return value

    return check


title_from = _one_of("where a title may come from", TITLES)
date = _one_of("a date that we know", DATES)


def selector(value: str) -> str:
    """A CSS selector, as far as can be told without a CSS parser."""
    text = value.strip()
    if not text or CONTROLS.search(text):
        raise ValueError(f'{shown(value)} is empty or not one line, expected a CSS selector such as ".promo"')
    if re.match(r"https?://", text):
        raise ValueError(f'{shown(value)} is an address, expected a CSS selector such as "a[href*=promo]"')
    opened: list[str] = []
    for mark in re.findall(r"[()\[\]{}<]", _QUOTED.sub("", text)):
        if mark in "{}<":
            raise ValueError(f'{shown(value)} holds {mark}, which no CSS selector does; expected one such as ".promo"')
        if mark in "([":
            opened.append(mark)
        elif not opened or opened.pop() != _PAIRS[mark]:
            raise ValueError(f"{shown(value)} has a {mark} too many, expected a CSS selector")
    if opened:
        raise ValueError(f"{shown(value)} does not close its {opened[-1]}, expected a CSS selector")
    return text


def language(value: str) -> str:
    """A language tag such as "de" or "pt-BR"."""
    text = value.strip().replace("_", "-")
    if not _LANGUAGE.fullmatch(text):
        raise ValueError(f'{shown(value)} is not a language, expected a tag such as "en", "de" or "pt-BR"')
    return text


def command(value: list[str]) -> list[str]:
    """A program and its arguments; no shell reads it."""
    if not value or not value[0].strip():
        raise ValueError('no program is named, expected a list such as ["python3", "tidy.py"]')
    if any("\0" in part for part in value):
        raise ValueError("it holds a NUL character, expected plain arguments")
    if len(value) == 1 and re.search(r"\s", value[0].strip()):
        parts = ", ".join(shown(part) for part in value[0].split())
        raise ValueError(f"{shown(value[0])} holds a space and no shell reads it, expected [{parts}]")
    return value


def doubts(sources: Sequence[Source]) -> Iterator[str]:
    """What `feedmill check` says of rules that can only be found wrong by trying: a sentence each."""
    import shutil

    for source in sources:
        rules = source.rules
        for css in (*rules.drop, *rules.keep):
            if not _parses(css):
                yield f"{source.url}: the selector {shown(css)} cannot be read, it drops and keeps nothing"
        if rules.pipe and shutil.which(rules.pipe[0], path=None) is None and not _lies_in(rules.folder, rules.pipe[0]):
            yield f"{source.url}: the pipe's program {shown(rules.pipe[0])} is not found, entries stay as they are"


def _parses(css: str) -> bool:
    from feedmill.ingest.clean import CleanContext, Recipe, clean

    tried = clean("<p>a</p>", CleanContext(), Recipe(drop=(css,)))
    return not any("not understood" in note.detail for note in tried.notes)


def _lies_in(folder: str, program: str) -> bool:
    import os
    from pathlib import Path

    return "/" in program and os.access(Path(folder) / program, os.X_OK)
