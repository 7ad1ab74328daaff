"""The blocks of an entry while they are written: paragraphs of lines, lists, quotes, figures.

In:  made by `structure`.
Out: `Unit`: HTML, plain text, and what the edge run asks of a block (its lines, links, words).
Never: parses; a unit's HTML is already escaped and of allowed elements only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from feedmill.ingest.clean.model import Block, BlockKind


@dataclass(slots=True)
class Link:
    """A link in a line: its address, its words, and whether it says rel=tag or rel=author."""

    href: str
    text: str
    rel: str = ""


@dataclass(slots=True)
class Line:
    """One line of a paragraph: what stands between two `br`."""

    html: str
    text: str
    links: Sequence[Link] = ()
    media: bool = False
    marked: bool = False  # chrome was taken out of this very line


@dataclass(slots=True)
class Unit:
    """One block. `kind` beside `Block`'s: hr, figure, and mark (a place where chrome was taken out)."""

    kind: str
    tag: str = "p"
    attributes: str = ""
    lines: Sequence[Line] = ()
    children: Sequence[Unit] = ()
    html: str = ""  # of containers, and of pre; paragraphs are made from their lines
    text: str = ""  # of pre

    def render(self) -> str:
        """The unit's HTML."""
        lines = self.lines
        if self.html or not lines:
            return self.html
        inner = lines[0].html if len(lines) == 1 else "<br>".join([line.html for line in lines])
        return f"<{self.tag}{self.attributes}>{inner}</{self.tag}>"

    def render_bare(self) -> str:
        """A paragraph's lines without the paragraph around them, for places that need none (a list item, a cell)."""
        return "<br>".join(line.html for line in self.lines)

    @property
    def is_bare_media(self) -> bool:
        """A paragraph of nothing but images or players."""
        return self.kind == "p" and all(line.media and not line.text for line in self.lines)

    def all_lines(self) -> Iterator[Line]:
        """Lines of the unit and of everything in it."""
        if not self.children:
            yield from self.lines
            return
        stack = [self]
        while stack:
            unit = stack.pop()
            yield from unit.lines
            stack.extend(reversed(unit.children))

    def plain(self) -> str:
        """The unit's text, lines apart."""
        if self.kind == "pre":
            return self.text
        if not self.children:
            lines = self.lines
            return lines[0].text if len(lines) == 1 else "\n".join([line.text for line in lines if line.text])
        return "\n".join(line.text for line in self.all_lines() if line.text)

    @property
    def has_media(self) -> bool:
        """Whether an image or player is in it."""
        return any(line.media for line in self.all_lines())


def to_blocks(units: Sequence[Unit]) -> tuple[Block, ...]:
    """What `normalize` makes titles, summaries and plain text of."""
    out: list[Block] = []
    for unit in units:
        if unit.kind == "p" and len(unit.lines) == 1:  # most blocks of most entries
            line = unit.lines[0]
            if line.text and not line.text.isspace():
                out.append(Block("p", line.text))
            elif line.media:
                out.append(Block("media", ""))
        else:
            _collect(unit, out, None)
    return tuple(out)


_KINDS: dict[str, BlockKind] = {
    "p": "p",
    "heading": "heading",
    "list": "list",
    "dl": "list",
    "pre": "pre",
    "table": "table",
    "caption": "caption",
}


def _collect(unit: Unit, out: list[Block], inside: BlockKind | None) -> None:
    """Depth is bounded by structure.MAX_NESTING, so recursion is safe."""
    if unit.kind in ("quote", "details", "figure"):
        within: BlockKind | None = "quote" if unit.kind == "quote" else inside
        for child in unit.children:
            _collect(child, out, within)
        return
    if unit.kind in ("hr", "mark"):
        return
    text = _table_text(unit) if unit.kind == "table" else unit.plain()
    if not text.strip():
        if unit.has_media:
            out.append(Block("media", ""))
        return
    kind = "media" if unit.kind == "media" else _KINDS[unit.kind]
    if inside == "quote" and kind == "p":
        kind = "quote"
    out.append(Block(kind, text))


def _table_text(unit: Unit) -> str:
    rows = []
    for child in unit.children:
        cells = child.children if child.kind == "row" else [child]
        text = "\t".join(" ".join(line.text for line in cell.all_lines() if line.text) for cell in cells)
        if text.strip():
            rows.append(text.strip())
    return "\n".join(rows)
