"""Which line of a TOML text holds which key: read only when there is something to complain about, or to edit.

In:  text that `tomllib` has already accepted.
Out: `Places`: key path -> line (1-based), and where each `[[source]]` block begins and ends.
Never: judges the text. What it cannot place (a key inside an inline table) it places at the nearest enclosing key.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

KeyPath = tuple[str | int, ...]

_HEADER = re.compile(r"[ \t]*(\[\[?)([^\[\]\n]+)\]\]?")
_NAME = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_KEY = re.compile(rf"[ \t]*({_NAME}(?:[ \t]*\.[ \t]*{_NAME})*)[ \t]*=")
_PART = re.compile(_NAME)
# Inside a value: strings first (they may hold brackets, hashes and line breaks), then what moves the depth or ends it.
_TOKEN = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|#[^\n]*|[\[\]{}\n]', re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Block:
    """A `[header]` or `[[header]]` with the lines from its header (first) up to the next header (end, exclusive)."""

    path: KeyPath
    first: int
    end: int


@dataclass(slots=True)
class Places:
    """Lines by key path. Elements of an array of tables are counted from 0, as in the parsed document."""

    lines: dict[KeyPath, int] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)

    def line(self, path: KeyPath) -> int:
        """The line of `path`, else of the nearest thing that contains it, else 1."""
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path[:-1]
        return 1


def find_places(text: str) -> Places:
    """Walk the statements of a TOML text once, top to bottom."""
    places = Places()
    counts: dict[KeyPath, int] = {}
    table: KeyPath = ()
    opened = 0
    position, line = 0, 1
    while position < len(text):
        if header := _HEADER.match(text, position):
            if opened:
                places.blocks.append(Block(table, opened, line))
            table = _table_path(header, counts)
            opened = line
            places.lines.setdefault(table, line)
            end = _statement_end(text, header.end())
        elif key := _KEY.match(text, position):
            path = table + tuple(_names(key[1]))
            for length in range(len(table) + 1, len(path) + 1):
                places.lines.setdefault(path[:length], line)
            end = _statement_end(text, key.end())
        else:
            end = _statement_end(text, position)
        line += text.count("\n", position, end)
        position = end
    if opened:
        places.blocks.append(Block(table, opened, line + (not text.endswith("\n"))))
    return places


def _names(dotted: str) -> list[str]:
    return [part[1:-1] if part[0] in "\"'" else part for part in _PART.findall(dotted)]


def _table_path(header: re.Match[str], counts: dict[KeyPath, int]) -> KeyPath:
    """The path of a header; inside an array of tables it names the array's latest element."""
    path: KeyPath = ()
    names = _names(header[2])
    for index, name in enumerate(names):
        path = (*path, name)
        if header[1] == "[[" and index == len(names) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def _statement_end(text: str, position: int) -> int:
    """The position after the line break that ends the statement begun before `position`."""
    depth = 0
    for token in _TOKEN.finditer(text, position):
        mark = token[0]
        if mark in "[{":
            depth += 1
        elif mark in "]}":
            depth -= 1
        elif mark == "\n" and depth <= 0:
            return token.end()
    return len(text)
