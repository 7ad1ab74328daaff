"""What is wrong with feedmill.toml, in sentences, each with its line.

In:  pydantic's errors, tomllib's error, or a key path with a sentence; the text of the file for its lines.
Out: lines of the one form `FILE:LINE: key.path: what is wrong, what was expected`.
Never: imported while the file is good, apart from `did_you_mean`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from feedmill.config.places import KeyPath, Places
from feedmill.config.units import shown

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

# pydantic's error types for a value of the wrong kind -> what a person calls the right kind
_KINDS = {
    "string_type": "text in quotes",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "list_type": 'a list such as ["a", "b"]',
    "model_type": "a table",
    "model_attributes_type": "a table",
    "dict_type": "a table",
}


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """` (did you mean "timeout"?)`, or nothing when nothing is near."""
    from difflib import get_close_matches

    near = get_close_matches(word.lower().replace("-", "_"), list(words), n=1, cutoff=0.6)
    return f' (did you mean "{near[0]}"?)' if near else ""


def spell_path(path: KeyPath) -> str:
    """("source", 1, "url") -> `source[2].url`: people count from one."""
    return "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def line_of(shown_path: str, places: Places, path: KeyPath, sentence: str) -> str:
    """One problem in its final form."""
    return f"{shown_path}:{places.line(path)}: {spell_path(path)}: {sentence}"


def syntax_problem(shown_path: str, error: tomllib.TOMLDecodeError, text: str) -> str:
    """What tomllib could not read, in the same form; the key path is what stands before the equals sign."""
    message = str(error)
    at = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", message)
    lines = text.split("\n")
    number = int(at[1]) if at and at[1] else max(1, len(text.rstrip().split("\n")))
    line = lines[number - 1] if number <= len(lines) else ""
    key = re.match(r"\s*([A-Za-z0-9_.-]+)\s*=", line)
    sentence = message[: at.start()] if at else message
    column = f" at column {at[2]}" if at and at[2] else ""
    hint = _syntax_hint(sentence, line)
    return f"{shown_path}:{number}: {key[1] if key else 'TOML'}: {_lower(sentence)}{column}, expected {hint}"


def _syntax_hint(sentence: str, line: str) -> str:
    value = line.partition("=")[2].strip()
    if sentence.startswith("Invalid value") and value and value[0] not in "\"'[{":
        return 'text in quotes such as "30s", a number, true or false'
    if sentence.startswith("Invalid value"):
        return "a value after the equals sign"
    if sentence.startswith(("Cannot overwrite", "Cannot declare", "Cannot mutate")):
        return "each key and each [table] once"
    if sentence.startswith(("Unterminated", "Illegal character", "Expected '\"")):
        return "a closing quote on the same line"
    if sentence.startswith(("Invalid statement", "Invalid initial character", "Expected '='")):
        return 'a line such as title = "Planet Example"'
    return "TOML as https://toml.io describes it"


def _lower(sentence: str) -> str:
    """tomllib names a table ('fetch',); people write [fetch]."""
    sentence = re.sub(r"\('([^()]*)',?\)", lambda match: "[" + match[1].replace("', '", ".") + "]", sentence)
    return sentence[:1].lower() + sentence[1:]


def model_problems(
    shown_path: str, errors: Sequence[ErrorDetails], places: Places, root: type[BaseModel]
) -> list[tuple[int, str]]:
    """Each of pydantic's errors as (line, problem)."""
    found = []
    for error in errors:
        path = tuple(error["loc"])
        found.append((places.line(path), line_of(shown_path, places, path, _sentence(error, path, root))))
    return found


def _sentence(error: ErrorDetails, path: KeyPath, root: type[BaseModel]) -> str:
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    if kind == "feedmill":
        return str(context["sentence"])
    if kind == "missing":
        return f'it is missing, expected {path[-1]} = "…"'
    if kind == "extra_forbidden":
        return _unknown(path, root)
    if kind in _KINDS:
        if kind.startswith(("model", "dict")) or (
            kind == "list_type" and path[-1] in {"source", "list", "publication", "deny"}
        ):
            inner = [part for part in path if isinstance(part, str)]
            double = kind == "list_type" or (len(path) > 1 and len(inner) == 1)
            header = f"[[{path[0]}]]" if double else f"[{'.'.join(inner)}]"
            return f"{shown(value)} is not a table, expected {header}"
        return f"{shown(value)} is not {_KINDS[kind]}, expected {_KINDS[kind]}" + _unquoted(kind, value)
    if "ge" in context:
        return f"{shown(value)} is too small, expected at least {context['ge']}"
    if "le" in context:
        return f"{shown(value)} is too large, expected at most {context['le']}"
    return f"{shown(value)}: {_lower(error['msg'])}"


def _unquoted(kind: str, value: object) -> str:
    if kind == "list_type" and isinstance(value, str):
        return f' (write ["{value}"])'
    if isinstance(value, str) and kind in {"int_type", "bool_type"} and value.strip().lower() in {"true", "false"}:
        return f" (without quotes: {value.strip().lower()})"
    if isinstance(value, str) and kind == "int_type" and value.strip().isdigit():
        return f" (without quotes: {value.strip()})"
    return ""


def _unknown(path: KeyPath, root: type[BaseModel]) -> str:
    """Unknown key: the near one, or the table it belongs to."""
    name = str(path[-1])
    shapes = _shapes(root)
    here = ".".join(part for part in path[:-1] if isinstance(part, str))
    siblings = shapes[here]
    kin = [table for table in shapes if table != here and table.partition(".")[0] == here.partition(".")[0]]
    if beside := next((table for table in kin if name in shapes[table]), ""):
        return f"unknown key here, it belongs under [{beside}]; expected one of {', '.join(siblings)}"
    if hint := did_you_mean(name, siblings):
        return f"unknown key{hint}, expected one of {', '.join(siblings)}"
    home = next((table for table, keys in shapes.items() if table != here and name in keys), None)
    if home is not None:
        where = f"it belongs under [{home}]" if home else "it belongs at the top, before the first [table]"
        return f"unknown key here, {where}; expected one of {', '.join(siblings)}"
    return f"unknown key, expected one of {', '.join(siblings)}"


def _shapes(root: type[BaseModel], table: str = "") -> dict[str, list[str]]:
    """Table name ("" is the top, "source.only" one within another) -> its keys, read from the model itself."""
    shapes: dict[str, list[str]] = {table: []}
    for name, info in root.model_fields.items():
        key = info.alias or name
        shapes[table].append(key)
        arguments = getattr(info.annotation, "__args__", (info.annotation,))
        inner: Any = arguments[0]
        if hasattr(inner, "model_fields"):
            shapes |= _shapes(inner, f"{table}.{key}".removeprefix("."))
    return shapes
