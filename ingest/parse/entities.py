"""The entities that a document type declares: what they would come to, and the harmless ones put in their places.

In:  the text of a document type, and the text of the document behind it.
Out: why the document is refused, or the text with the references to declared entities replaced.
Never: an external entity or a parameter entity looked at; more written than `MAX_ADDED`, whatever is declared.

Sizes are added up before anything is expanded, so that a billion laughs cost what they weigh on the wire (T20, T21 of
reference network.md; expat and libxml2 stop at an amplification of 100 and say so in no words an operator can use).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

MAX_ENTITY = 100_000  # characters that one entity may come to: people declare names and sentences
MAX_ADDED = 2_000_000  # characters that all references of a document may come to
_SHOWN_AT_MOST = 10**15

_DECLARED = re.compile(
    r"<!ENTITY\s+(?P<parameter>%\s+)?(?P<name>[A-Za-z_:][\w:.-]{0,100})\s+"
    r"(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)')",
)
_REFERENCE = re.compile(r"[&%]([A-Za-z_:][\w:.-]{0,100});")
_PIECES = re.compile(r"(&[A-Za-z_:][\w:.-]{0,100};)")  # to split a text at its references and keep them
_CHARACTER = re.compile(r"&#(?:(\d{1,7})|[xX]([0-9A-Fa-f]{1,6}));")
_OPAQUE_OR_REFERENCE = re.compile(
    r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z)|&(?P<name>[A-Za-z_:][\w:.-]{0,100});", re.DOTALL
)
_PREDEFINED = frozenset(("amp", "lt", "gt", "quot", "apos"))


def declared(doctype: str) -> dict[str, str]:
    """The replacement texts by name; of a name declared twice the first one counts (XML 1.0 section 4.2).

    Parameter entities stand under "%name": they are never expanded, but a bomb may be built of them.
    """
    found: dict[str, str] = {}
    for match in _DECLARED.finditer(doctype):
        value = match["double"] if match["double"] is not None else match["single"]
        found.setdefault(("%" if match["parameter"] else "") + match["name"], value)
    return found


def refusal(values: Mapping[str, str], text: str) -> str | None:
    """Why a document with these entities is not read, or None."""
    sizes = _sizes(values)
    if sizes is None:
        return "the document defines an entity that contains itself"
    largest = max(sizes.values(), default=0)
    if largest <= MAX_ENTITY:
        largest = sum(sizes.get(name, 0) for name in _names_in(text))
        if largest <= MAX_ADDED:
            return None
    shown = f"{largest:,}" if largest < _SHOWN_AT_MOST else f"more than {_SHOWN_AT_MOST:,}"
    return f"the document defines entities that expand to {shown} characters"


def put_in(values: Mapping[str, str], text: str) -> tuple[str, int]:
    """The text with its references to declared entities replaced, and how many there were; after `refusal`."""
    ready: dict[str, str] = {}
    count = 0

    def replaced(found: re.Match[str]) -> str:
        nonlocal count
        name = found["name"]
        if name is None or name in _PREDEFINED or name not in values:
            return found.group()
        count += 1
        if name not in ready:
            ready[name] = _whole(name, values)
        return ready[name]

    return _OPAQUE_OR_REFERENCE.sub(replaced, text), count


def _names_in(text: str) -> list[str]:
    return [found["name"] for found in _OPAQUE_OR_REFERENCE.finditer(text) if found["name"] is not None]


def _whole(name: str, values: Mapping[str, str]) -> str:
    """An entity with all that it refers to. Character references of a declaration count as what they name."""
    parts: list[str] = []
    pending = [f"&{name};"]
    while pending:
        piece = pending.pop()
        if not piece.startswith("&") or piece[1:-1] not in values or piece[1:-1] in _PREDEFINED:
            parts.append(piece)
            continue
        pending += reversed(_PIECES.split(_CHARACTER.sub(_character, values[piece[1:-1]])))
    return "".join(parts)


def _character(found: re.Match[str]) -> str:
    code = int(found[1]) if found[1] else int(found[2], 16)
    # An ampersand stays a reference: XML reads a replacement text once more where it is put in (section 4.4).
    return "&amp;" if code == 0x26 else chr(code) if code <= 0x10FFFF else ""


def _sizes(values: Mapping[str, str]) -> dict[str, int] | None:
    """The characters that each entity comes to, without expanding it; None when one contains itself."""
    inside = {name: [key for key in _keys(text) if key in values] for name, text in values.items()}
    sizes: dict[str, int] = {}
    open_names: set[str] = set()
    for start in values:
        pending = [start]
        while pending:
            name = pending[-1]
            if name in sizes:
                pending.pop()
                continue
            missing = [key for key in inside[name] if key not in sizes]
            if not missing:
                sizes[name] = len(values[name]) + sum(sizes[key] for key in inside[name])
                open_names.discard(name)
                pending.pop()
            elif name in open_names:
                return None
            else:
                open_names.add(name)
                pending += dict.fromkeys(missing)
    return sizes


def _keys(text: str) -> list[str]:
    return [("%" if found.group()[0] == "%" else "") + found[1] for found in _REFERENCE.finditer(text)]
