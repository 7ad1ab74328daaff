"""Containers and replaced elements in canonical HTML: lists, quotes, tables, figures, images, players.

In:  a closed `Frame` with its units, or an `Image` or `Player`.
Out: one `Unit`, or HTML.
Never: sees the tree; everything in here is escaped and of allowed elements.
"""

from __future__ import annotations

from collections.abc import Sequence

from feedmill.ingest.clean.page import Image, Player
from feedmill.ingest.clean.units import Unit
from feedmill.ingest.clean.writer import Frame, attribute


def _flow(units: Sequence[Unit]) -> str:
    """Content of an item or a cell: its only paragraph stands bare when it comes first."""
    if not units:
        return ""
    first = units[0]
    bare = bool(first.lines) and first.tag == "p" and not first.attributes
    bare = bare and not any(unit.lines and unit.tag == "p" for unit in units[1:])
    head = first.render_bare() if bare else first.render()
    return head + "".join(unit.render() for unit in units[1:])


def _wrapped(frame: Frame, inner: str) -> str:
    return f"<{frame.tag}{frame.attributes}>{inner}</{frame.tag}>"


def finish_item(frame: Frame) -> Unit:
    return Unit(frame.kind, tag=frame.tag, attributes=frame.attributes, children=frame.units)


def _item_html(unit: Unit) -> str:
    return f"<{unit.tag}{unit.attributes}>{_flow(unit.children)}</{unit.tag}>"


def finish_list(frame: Frame) -> Unit:
    items: list[Unit] = []
    for unit in frame.units:
        if unit.kind == "item":
            items.append(unit)
        elif items:
            items[-1].children = [*items[-1].children, unit]
        else:
            items.append(Unit("item", tag="li", children=[unit]))
    html = _wrapped(frame, "".join(_item_html(item) for item in items))
    return Unit("list", tag=frame.tag, html=html, children=items)


def finish_terms(frame: Frame) -> Unit:
    items = [unit if unit.kind == "item" else Unit("item", tag="dd", children=[unit]) for unit in frame.units]
    return Unit("dl", tag="dl", html=_wrapped(frame, "".join(_item_html(item) for item in items)), children=items)


def finish_caption(frame: Frame) -> Unit:
    return Unit("caption", tag=frame.tag, html=_wrapped(frame, _flow(frame.units)), children=frame.units)


def finish_flow(frame: Frame) -> Unit:
    inner = "".join(unit.render() for unit in frame.units)
    return Unit(frame.kind, tag=frame.tag, html=_wrapped(frame, inner), children=frame.units)


def finish_figure(frame: Frame) -> Unit:
    inner = "".join(
        unit.render_bare() if unit.is_bare_media and not unit.attributes else unit.render() for unit in frame.units
    )
    return Unit("figure", tag="figure", html=_wrapped(frame, inner), children=frame.units)


def finish_rows(frame: Frame) -> Unit:
    """A row, or a section of rows: text that stands beside cells was moved out by the parser."""
    inner = "".join(_item_html(unit) if unit.kind == "cell" else unit.html for unit in frame.units)
    return Unit(frame.kind, tag=frame.tag, html=_wrapped(frame, inner), children=frame.units)


def finish_table(frame: Frame) -> Unit | None:
    if not any(line.text or line.media for unit in frame.units for line in unit.all_lines()):
        return None
    inner = "".join(unit.html for unit in frame.units)
    rows = [row for unit in frame.units for row in (unit.children if unit.kind == "section" else [unit])]
    return Unit("table", tag="table", html=_wrapped(frame, inner), children=rows)


def image_html(image: Image) -> str:
    html = "<img" + attribute("src", image.src)
    if image.srcset:
        html += attribute("srcset", image.srcset)
        if image.sizes:
            html += attribute("sizes", image.sizes)
    html += attribute("alt", image.alt)
    if image.title:
        html += attribute("title", image.title)
    if image.width:
        html += f' width="{image.width}"'
    if image.height:
        html += f' height="{image.height}"'
    return html + ">"


def player_html(player: Player) -> str:
    html = f'<{player.kind} controls=""'
    if player.poster:
        html += attribute("poster", player.poster)
    if len(player.sources) == 1:
        return html + attribute("src", player.sources[0][0]) + f"></{player.kind}>"
    sources = "".join(
        f"<source{attribute('src', url)}{attribute('type', kind) if kind else ''}>" for url, kind in player.sources
    )
    return f"{html}>{sources}</{player.kind}>"
