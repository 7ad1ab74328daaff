"""Word lists as they are read best: a paragraph of words, or one line per language.

In:  literals of this package's rule data.
Out: frozen sets.
Never: reads a file, or text that somebody else wrote.
"""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The words of a paragraph."""
    return frozenset(text.split())


def phrases(text: str) -> frozenset[str]:
    """What stands between bars: entries that may have spaces inside."""
    return frozenset(" ".join(part.split()) for part in text.split("|"))


def words_by_language(text: str) -> dict[str, frozenset[str]]:
    """One line per language, its tag first."""
    return {tag: frozenset(listed) for tag, *listed in rows(text)}


def rows(text: str) -> list[list[str]]:
    """The words of each line; an indented line continues the one before."""
    return [line.split() for line in text.replace("\n ", " ").split("\n") if line.strip()]
