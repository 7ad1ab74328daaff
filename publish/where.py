"""`where = "…"`: an expression that says which entries a publication wants.

In:  the text of the expression, when the configuration is read; an entry's facts, when entries are chosen.
Out: a function from facts to true or false; `WhereError` with the column where the expression goes wrong.
Never: evaluates Python. The text is parsed to a tree, and only what the tables below list is ever turned into a
function: no attribute, no index, no call but ours, no name but ours. Every operation takes time in proportion to the
text it looks at: there are no regular expressions, no powers, no loops.

    where = "'python' in tags and words >= 200 and not startswith(title, 'Show')"
    where = "source == 'Ada' or published >= '2026-01-01'"
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Callable, Mapping
from typing import Any

LONGEST = 2000  # characters
_DEEPEST = 50

# The facts of an entry by name: their kind, and what they are.
FACTS: Mapping[str, tuple[str, str]] = {
    "title": ("text", "the entry's title"),
    "summary": ("text", "its summary"),
    "text": ("text", "its whole text, without markup"),
    "url": ("text", "where it lies"),
    "authors": ("list", "the names of its authors"),
    "tags": ("list", "its categories and the tags of its source"),
    "language": ("text", 'such as "en" or "en-GB"'),
    "published": ("text", 'such as "2026-01-31T08:05:00Z"; "2026-01-31" compares well with it'),
    "words": ("number", "how many words it has"),
    "enclosures": ("number", "how many attached files"),
    "source": ("text", "the title of its source"),
    "source_url": ("text", "the address of its source's feed"),
}
FUNCTIONS: Mapping[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "contains": ("contains(a, b): b is somewhere in a", lambda a, b: b in a),
    "startswith": ("startswith(a, b): a begins with b", lambda a, b: a.startswith(b)),
    "endswith": ("endswith(a, b): a ends with b", lambda a, b: a.endswith(b)),
}
_COMPARE: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: lambda a, b: bool(a == b),
    ast.NotEq: lambda a, b: bool(a != b),
    ast.Lt: lambda a, b: bool(a < b),
    ast.LtE: lambda a, b: bool(a <= b),
    ast.Gt: lambda a, b: bool(a > b),
    ast.GtE: lambda a, b: bool(a >= b),
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}

Facts = Mapping[str, Any]
_Value = Callable[[Facts], Any]


class WhereError(ValueError):
    """What is wrong with an expression. `column` counts characters from 1."""

    def __init__(self, sentence: str, column: int) -> None:
        super().__init__(f"column {column}: {sentence}")
        self.column = column


def compile_where(text: str) -> Callable[[Facts], bool]:
    """The expression as a function of an entry's facts (see `FACTS`; texts case-folded by `fold`)."""
    if len(text) > LONGEST:
        raise WhereError(f"the expression is longer than {LONGEST} characters", LONGEST + 1)
    flat = text.replace("\n", " ").replace("\r", " ")
    lead = len(flat) - len(flat.lstrip())
    try:
        tree = ast.parse(flat.lstrip(), mode="eval")
    except SyntaxError as error:
        raise WhereError(
            f"{error.msg}, expected such as 'python' in tags", (error.offset or len(flat.strip()) + 1) + lead
        ) from None
    except (ValueError, MemoryError, RecursionError):
        raise WhereError("this cannot be read, expected such as 'python' in tags", 1) from None
    kind, value = _Compiler(flat.lstrip(), lead).value(tree.body, 0)
    if kind != "truth":
        raise WhereError(f"this is {_a(kind)}, expected a comparison such as words > 100", lead + 1)
    return lambda facts: bool(value(facts))


def fold(value: Any) -> Any:
    """Texts and lists of texts as the expression compares them: case never matters."""
    if isinstance(value, str):
        return value.casefold()
    if isinstance(value, list | tuple):
        return [item.casefold() for item in value]
    return value


def _a(kind: str) -> str:
    return {"truth": "a comparison"}.get(kind, f"a {kind}")


class _Compiler:
    """One pass down the tree: each node becomes (kind, function); kinds are text, number, list and truth."""

    def __init__(self, text: str, lead: int) -> None:
        self._bytes = text.encode()
        self._lead = lead

    def value(self, node: ast.AST, depth: int) -> tuple[str, _Value]:
        if depth > _DEEPEST:
            raise self._wrong(node, "this is nested too deeply")
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is None:
            raise self._wrong(node, f"{_NAMES.get(type(node).__name__, 'this')} cannot be used here")
        found: tuple[str, _Value] = method(node, depth + 1)
        return found

    def _boolop(self, node: ast.BoolOp, depth: int) -> tuple[str, _Value]:
        parts = [self._truth(value, depth) for value in node.values]
        if isinstance(node.op, ast.And):
            return "truth", lambda facts: all(part(facts) for part in parts)
        return "truth", lambda facts: any(part(facts) for part in parts)

    def _unaryop(self, node: ast.UnaryOp, depth: int) -> tuple[str, _Value]:
        if isinstance(node.op, ast.Not):
            inner = self._truth(node.operand, depth)
            return "truth", lambda facts: not inner(facts)
        kind, number = self.value(node.operand, depth)
        if isinstance(node.op, ast.USub) and kind == "number":
            return "number", lambda facts: -number(facts)
        raise self._wrong(node, "this sign cannot be used here")

    def _compare(self, node: ast.Compare, depth: int) -> tuple[str, _Value]:
        operands = [(part, *self.value(part, depth)) for part in (node.left, *node.comparators)]
        steps = []
        for operator, (left_node, left_kind, left), (_, right_kind, right) in zip(
            node.ops, operands, operands[1:], strict=False
        ):
            compare = _COMPARE.get(type(operator))
            if compare is None:
                raise self._wrong(left_node, "`is` cannot be used here, expected ==")
            self._fitting(left_node, operator, left_kind, right_kind)
            steps.append((compare, left, right))
        return "truth", lambda facts: all(compare(left(facts), right(facts)) for compare, left, right in steps)

    def _fitting(self, node: ast.AST, operator: ast.cmpop, left: str, right: str) -> None:
        if isinstance(operator, ast.In | ast.NotIn):
            if left != "text" or right not in {"text", "list"}:
                raise self._wrong(node, f"{_a(left)} in {_a(right)} makes no sense, expected such as 'python' in tags")
        elif left != right:
            raise self._wrong(node, f"{_a(left)} cannot be compared with {_a(right)}")
        elif left == "list":
            raise self._wrong(node, "lists cannot be compared, expected such as 'python' in tags")

    def _call(self, node: ast.Call, depth: int) -> tuple[str, _Value]:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in FUNCTIONS:
            raise self._wrong(node, f"there is no such function{_near(name, FUNCTIONS)}, expected {_listed(FUNCTIONS)}")
        usage, function = FUNCTIONS[name]
        if node.keywords or len(node.args) != 2:
            raise self._wrong(node, f"expected {usage}")
        (left_kind, left), (right_kind, right) = (self.value(part, depth) for part in node.args)
        if left_kind != "text" or right_kind != "text":
            raise self._wrong(node, f"it takes two texts, expected {usage}")
        return "truth", lambda facts: function(left(facts), right(facts))

    def _name(self, node: ast.Name, _depth: int) -> tuple[str, _Value]:
        name = node.id
        if name not in FACTS:
            raise self._wrong(node, f"{name} is not known{_near(name, FACTS)}, expected {_listed(FACTS)}")
        return FACTS[name][0], lambda facts: facts[name]

    def _constant(self, node: ast.Constant, _depth: int) -> tuple[str, _Value]:
        value = node.value
        if isinstance(value, bool):
            return "truth", lambda _: value
        if isinstance(value, int | float):
            return "number", lambda _: value
        if isinstance(value, str):
            folded = value.casefold()
            return "text", lambda _: folded
        raise self._wrong(node, "this cannot be used here, expected text in quotes or a number")

    def _tuple(self, node: ast.Tuple | ast.List, depth: int) -> tuple[str, _Value]:
        parts = [self.value(part, depth) for part in node.elts]
        for part, (kind, _) in zip(node.elts, parts, strict=True):
            if kind != "text":
                raise self._wrong(part, "a list holds texts, expected such as ['en', 'de']")
        return "list", lambda facts: [part(facts) for _, part in parts]

    _list = _tuple

    def _truth(self, node: ast.AST, depth: int) -> _Value:
        kind, value = self.value(node, depth)
        if kind == "truth":
            return value
        if kind in {"list", "number"}:
            return lambda facts: bool(value(facts))
        raise self._wrong(node, f"this is {_a(kind)}, expected a comparison such as {ast.unparse(node)} == '…'")

    def _wrong(self, node: ast.AST, sentence: str) -> WhereError:
        offset = getattr(node, "col_offset", 0)
        return WhereError(sentence, len(self._bytes[:offset].decode(errors="replace")) + self._lead + 1)


_NAMES = {
    "Attribute": "a dot",
    "Subscript": "an index in brackets",
    "Lambda": "lambda",
    "BinOp": "arithmetic",
    "IfExp": "if and else",
    "NamedExpr": "an assignment",
    "JoinedStr": "an f-string",
    "Dict": "a dictionary",
    "Set": "a set in braces",
    "ListComp": "a loop",
    "GeneratorExp": "a loop",
    "Starred": "a star",
}


def _near(name: str, names: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(name, list(names), n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _listed(names: Mapping[str, Any]) -> str:
    return "one of " + ", ".join(names)
