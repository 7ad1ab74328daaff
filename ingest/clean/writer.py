"""Writes one paragraph after another: text, inline elements, lines, containers.

In:  calls from `structure`, in document order.
Out: `Unit`s in canonical form: paragraphs of lines, spaces collapsed and outside of inline elements, nothing empty.
Never: reads the tree. Canonical form is what makes cleaning idempotent: written again, it comes out the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field

from feedmill.ingest.clean.units import Line, Link, Unit
from feedmill.ingest.text import tidy_text

MAX_NESTING = 24  # containers in containers; deeper ones are read as plain divisions

_SPACE_RUN = re.compile(r"[ \t\n\r\f]+")
_ODD = re.compile("[\x7f-\x9f\xad\u200b\u2028-\u202e\u2060\u2066-\u2069\ufeff\ufffe\uffff]")
_NO_BREAK = re.compile("[ \t\n\r\f]*\xa0[ \t\n\r\f\xa0]*")
_FRENCH = frozenset("?!:;»")
_WHITE = " \t\n\r\f\x0b\x1c\x1d\x1e\x1f"


def escape(text: str) -> str:
    """Text as the sanitizer writes it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\xa0", "&nbsp;")


def attribute(name: str, value: str) -> str:
    """` name="value"`, as the sanitizer writes it."""
    return f' {name}="' + escape(value).replace('"', "&quot;") + '"'


@dataclass(slots=True)
class Frame:
    """An open container: list, item, quote, figure, table, row, cell ..."""

    kind: str
    tag: str = ""
    attributes: str = ""
    direction: str = "ltr"
    units: list[Unit] = field(default_factory=list)


class Writer:
    """See the module. `direction` is that of the source at this place; it is written where it differs."""

    __slots__ = (
        "_leaf_direction",
        "_lines",
        "_link",
        "_link_start",
        "_links",
        "_marked",
        "_media",
        "_opened",
        "_parts",
        "_pending_mark",
        "_saved",
        "_texts",
        "direction",
        "frames",
        "in_pre",
        "inline",
        "leaf_tag",
        "space",
    )

    def __init__(self) -> None:
        self.frames = [Frame("root")]
        self.inline: list[tuple[str, str]] = []  # open inline elements of the source: name, start tag
        self.leaf_tag = "p"
        self.direction = "ltr"
        self.in_pre = 0
        self._lines: list[Line] = []
        self._opened = 0  # how many of `inline` are open in what is written
        self._parts: list[str] = []
        self._texts: list[str] = []
        self.space = False
        self._links: list[Link] = []
        self._link: tuple[str, str] | None = None  # address and rel of the open link
        self._link_start = 0
        self._media = False
        self._marked = False
        self._pending_mark = False
        self._leaf_direction = "ltr"
        self._saved: list[list[tuple[str, str]]] = []

    # --- text and inline elements ---

    def text(self, value: str) -> None:
        """Characters of the source."""
        if self.in_pre:
            self._verbatim(value)
            return
        parts, texts = self._parts, self._texts
        if value.isascii():
            core = value.strip()
            if "\n" in core or "  " in core or "\t" in core:
                core = " ".join(core.split())
        else:
            value = _tidy(value)
            core = value.strip(_WHITE)
            if "\n" in core or "  " in core or "\t" in core or "\r" in core:
                core = _SPACE_RUN.sub(" ", core)
        if not core:
            self.space = self.space or bool(value)
            return
        if value[0] in _WHITE:
            self.space = True
        if self._opened < len(self.inline):
            self._open_pending()
        elif not parts:
            if not self._lines:
                self._leaf_direction = self.direction
        elif self.space:
            parts.append(" ")
            texts.append(" ")
        self.space = value[-1] in _WHITE
        texts.append(core)
        if "&" in core or "<" in core or ">" in core or "\xa0" in core:
            core = escape(core)
        parts.append(core)

    def _verbatim(self, value: str) -> None:
        if value:
            self._open_pending()
            self._parts.append(escape(value))
            self._texts.append(value)

    def _open_pending(self) -> None:
        """Something visible comes: write the space before it and the inline elements around it."""
        if not self._parts:
            if not self._lines:
                self._leaf_direction = self.direction
        elif self.space and not self.in_pre:
            self._parts.append(" ")
            self._texts.append(" ")
        self.space = False
        if self._opened < len(self.inline):
            for name, start in self.inline[self._opened :]:
                self._parts.append(start)
                if name == "a":
                    self._link_start = len(self._texts)
            self._opened = len(self.inline)

    def open_inline(self, name: str, start: str) -> bool:
        """An inline element begins; False when it is already open (it adds nothing) and need not be closed."""
        for other, _ in self.inline:
            if other == name:
                return False
        self.inline.append((name, start))
        return True

    def close_inline(self) -> None:
        """The innermost inline element ends; nothing was in it: nothing is written."""
        name, _start = self.inline.pop()
        if self._opened > len(self.inline):
            self._parts.append(f"</{name}>")
            self._opened -= 1
            if name == "a":
                self._end_link()
        if name == "a":
            self._link = None

    def open_link(self, href: str, start: str, rel: str) -> bool:
        """A link begins; links in links are read as their words."""
        if not self.open_inline("a", start):
            return False
        self._link = (href, rel)
        return True

    def _end_link(self) -> None:
        if self._link is not None:
            text = "".join(self._texts[self._link_start :])
            self._links.append(Link(self._link[0], text, self._link[1]))

    def void(self, html: str, *, media: bool) -> None:
        """An image, a player or a `wbr`."""
        self._open_pending()
        self._parts.append(html)
        self._media = self._media or media

    # --- lines and paragraphs ---

    def _end_line(self) -> None:
        while self._opened:
            self._opened -= 1
            name = self.inline[self._opened][0]
            self._parts.append(f"</{name}>")
            if name == "a":
                self._end_link()
        parts, texts = self._parts, self._texts
        if parts:
            html = parts[0] if len(parts) == 1 else "".join(parts)
            text = texts[0] if len(texts) == 1 else "".join(texts)
            self._lines.append(Line(html, text, self._links or (), self._media, self._marked))
            self._parts, self._texts = [], []
            if self._links:
                self._links = []
        self.space = self._media = self._marked = False

    def line_break(self) -> None:
        """One `br` ends a line, a second one ends the paragraph."""
        if self.in_pre:
            self.text("\n")
        elif self._parts:
            self._end_line()
        else:
            self.flush()

    def flush(self) -> None:
        """A block begins or ends: the paragraph so far is complete."""
        self.space = False
        if not (self._parts or self._lines or self._pending_mark):
            return
        if self.in_pre:
            if self._texts and not self._texts[-1].endswith("\n"):
                self.text("\n")
            return
        if self._parts:
            self._end_line()
        if self._lines:
            own = self._leaf_direction
            attributes = "" if own == self.frames[-1].direction else attribute("dir", own)
            kind = "p" if self.leaf_tag == "p" else "heading"
            self.frames[-1].units.append(Unit(kind, self.leaf_tag, attributes, self._lines))
            self._lines = []
        if self._pending_mark:
            self._pending_mark = False
            self.add(Unit("mark"))

    def mark(self) -> None:
        """Chrome was taken out here."""
        if self._parts:
            self._marked = True
        elif self._lines:
            self._pending_mark = True
        else:
            self.add(Unit("mark"))

    def add(self, unit: Unit) -> None:
        """A finished block."""
        self.frames[-1].units.append(unit)

    # --- containers ---

    def enter(self, kind: str, tag: str, attributes: str = "") -> bool:
        """A container begins; False when they nest too deep: then it is only a division."""
        self.flush()
        if len(self.frames) > MAX_NESTING:
            return False
        outer = self.frames[-1].direction
        if self.direction != outer:
            attributes += attribute("dir", self.direction)
        self.frames.append(Frame(kind, tag, attributes, self.direction))
        return True

    def leave(self, finish: Callable[[Frame], Unit | None]) -> None:
        """The container ends; `finish` makes a unit of it. Of an empty one only the mark of chrome is left."""
        self.flush()
        frame = self.frames.pop()
        marked = any(unit.kind == "mark" for unit in frame.units)
        frame.units = [unit for unit in frame.units if unit.kind != "mark"]
        unit = finish(frame) if frame.units or frame.kind == "cell" else None  # an empty cell holds a column
        if unit is not None:
            self.add(unit)
        elif marked:
            self.add(Unit("mark"))

    def enter_pre(self) -> None:
        """Preformatted text begins: every character counts."""
        self.flush()
        self._saved.append(self.inline)
        self.inline = []
        self.in_pre += 1

    def leave_pre(self) -> None:
        """Preformatted text ends. Parsers drop a newline right behind the start tag, so none is written there."""
        while self._opened:  # pragma: no cover - the source's end tags have closed them
            self.close_inline()
        html, text = "".join(self._parts), "".join(self._texts)
        self._parts, self._texts, self._links = [], [], []
        self.space = self._media = self._marked = False
        self.in_pre -= 1
        self.inline = self._saved.pop()
        if text.strip() or "<img" in html:
            self.add(Unit("pre", html=f"<pre>{html.lstrip(chr(10))}</pre>", text=text.strip("\n")))


def _tidy(value: str) -> str:
    """NFC, no invisible characters, no-break spaces only where typography wants them (cleaning.md 3.14)."""
    if "\xa0" in value:
        value = _NO_BREAK.sub(_one_space, value)
    if _ODD.search(value):
        head = " " if value[0] in _WHITE else ""
        tail = " " if value[-1] in _WHITE else ""
        inner = tidy_text(value)
        return head + inner + tail if inner else head or tail
    return value if unicodedata.is_normalized("NFC", value) else unicodedata.normalize("NFC", value)


def _one_space(run: re.Match[str]) -> str:
    """A run with a no-break space in it, as one space: it stays one before French marks and behind an opening quote."""
    text, start, end = run.string, run.start(), run.end()
    if end < len(text) and text[end] in _FRENCH:
        return "\xa0"
    return "\xa0" if start and text[start - 1] == "«" and end < len(text) else " "
