"""A module with one expression changed, for each of them: what could make a number wrong.

The changes, each shown as `before -> after`, a constant's with its statement:

- an operator: `+` to `-` and back, `*` to `//`, `//` and `/` to `*`, `%` to `*`, `|` to `&`;
- a comparison: `<` to `<=`, `==` to `!=`, `in` to `not in`, `is` to `is not`, and back;
- one operand of an `and` or `or` left out, a `not` or a minus too;
- `min` for `max`, `any` for `all`, `sum` to `max`;
- a whole number one more (an index too), a fraction a tenth more, the other truth value;
- a keyword argument left out, one word of a tuple or set of words, a comprehension's condition;
- a branch: an `if` that never runs, an `a if b else c` that is always `a`, or always `c`;
- a statement left out: one that calls something, `continue`, `break`.

Texts of messages, annotations, assertions (zip's `strict` is one) and what is raised are left
alone.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from mutants import exchange, is_docstring

OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
FUNCTIONS = {"min": "max", "max": "min", "sum": "max", "any": "all", "all": "any"}

SILENT = (ast.Assert, ast.Raise, ast.Import, ast.ImportFrom, ast.JoinedStr)
"""Nodes in which nothing is changed."""
NOT_VALUES = ("annotation", "returns", "decorator_list")
"""Fields that hold no value of the program."""


@dataclass
class NumberMutant:
    """One change of one expression: `change` makes it in the tree, `undo` takes it back."""

    lines: range
    text: str
    in_function: bool
    change: Callable[[], None]
    undo: Callable[[], None]


def number_mutants(tree: ast.Module) -> Iterator[NumberMutant]:
    """The changes of a module, in the order of its lines."""
    found = list(_inside(tree, tree, None, False))
    return iter(sorted(found, key=lambda mutant: mutant.lines.start))


Slot = tuple[Any, Any, ast.AST]  # Any: a node or a list of nodes, and the field or the index


def _slots(node: ast.AST) -> Iterator[Slot]:
    """Where the parts of a node stand, what is no value of the program left out."""
    for field, value in ast.iter_fields(node):
        if field in NOT_VALUES or (isinstance(node, ast.keyword) and node.arg == "strict"):
            continue
        for slot, child in enumerate(value) if isinstance(value, list) else [(field, value)]:
            if isinstance(child, ast.AST) and not isinstance(child, SILENT):
                yield (value if isinstance(value, list) else node), slot, child


def _inside(
    node: ast.AST, parent: ast.AST, statement: ast.stmt | None, in_function: bool
) -> Iterator[NumberMutant]:
    for owner, slot, child in _slots(node):
        if isinstance(child, ast.stmt):
            if is_docstring(child) or "TYPE_CHECKING" in ast.unparse(child).split("\n")[0]:
                continue
            own: ast.stmt | None = child
        else:
            own = statement
        for new in _changed(child, node):
            yield _mutant(owner, slot, (child, new), own, in_function)
        inside = in_function or isinstance(child, (ast.FunctionDef, ast.Lambda))
        inside = inside and not isinstance(child, ast.arguments)  # defaults: at the definition
        yield from _inside(child, node, own, inside)


def _mutant(
    owner: Any, slot: Any, pair: tuple[ast.AST, ast.AST], own: ast.stmt | None, inside: bool
) -> NumberMutant:
    old, new = pair
    at: Any = old if hasattr(old, "lineno") else own
    last = at.test if isinstance(at, (ast.If, ast.IfExp)) else at
    text = f"{_shown(old)} -> {_shown(new)}"
    if isinstance(old, ast.Constant) and own is not None:
        text += f" in {ast.unparse(own).splitlines()[0][:90]}"
    ast.fix_missing_locations(ast.copy_location(new, at))
    return NumberMutant(
        range(at.lineno, (last.end_lineno or at.lineno) + 1),
        text,
        inside,
        *exchange(owner, slot, new),
    )


def _shown(node: ast.AST) -> str:
    part = ast.If(node.test, [ast.Pass()], []) if isinstance(node, ast.If) else node
    return " ".join(ast.unparse(ast.fix_missing_locations(part)).split())[:90]


def _changed(node: ast.AST, parent: ast.AST) -> Iterator[ast.AST]:
    """What may stand in a node's place."""
    if isinstance(node, ast.expr):
        yield from _changed_expression(node)
    if isinstance(node, ast.AugAssign) and type(node.op) in OPERATORS:
        yield ast.AugAssign(node.target, OPERATORS[type(node.op)](), node.value)
    if isinstance(node, ast.If):
        yield ast.If(ast.Constant(False), node.body, node.orelse)
    if isinstance(node, (ast.Continue, ast.Break)):
        yield ast.Pass()
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield ast.Pass()
    if isinstance(node, ast.comprehension) and node.ifs:
        yield ast.comprehension(node.target, node.iter, [], node.is_async)


def _changed_expression(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        yield ast.BinOp(node.left, OPERATORS[type(node.op)](), node.right)
    elif isinstance(node, ast.Compare):
        for place, op in enumerate(node.ops):
            ops = list(node.ops)
            ops[place] = COMPARISONS[type(op)]()
            yield ast.Compare(node.left, ops, node.comparators)
    elif isinstance(node, ast.BoolOp):
        for place in range(len(node.values)):
            rest = node.values[:place] + node.values[place + 1 :]
            yield ast.BoolOp(node.op, rest) if len(rest) > 1 else rest[0]
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub)):
        yield node.operand
    elif isinstance(node, ast.IfExp):
        yield node.body
        yield node.orelse
    elif isinstance(node, ast.Constant):
        yield from _changed_constant(node.value)
    elif isinstance(node, ast.Call):
        yield from _changed_call(node)
    elif isinstance(node, (ast.Tuple, ast.Set, ast.List)):
        yield from _without_a_word(node)


def _changed_constant(value: object) -> Iterator[ast.expr]:
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield ast.Constant(value + 1)
    elif isinstance(value, float):
        yield ast.Constant(value * 1.1 or 0.1)


def _changed_call(node: ast.Call) -> Iterator[ast.expr]:
    if isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS:
        yield ast.Call(ast.Name(FUNCTIONS[node.func.id], ast.Load()), node.args, node.keywords)
    for place, keyword in enumerate(node.keywords):
        if keyword.arg not in (None, "strict"):
            rest = node.keywords[:place] + node.keywords[place + 1 :]
            yield ast.Call(node.func, node.args, rest)


def _without_a_word(node: ast.Tuple | ast.Set | ast.List) -> Iterator[ast.expr]:
    words = [part for part in node.elts if isinstance(part, ast.Constant)]
    if len(node.elts) < 2 or len(words) < len(node.elts):
        return
    if not all(isinstance(word.value, str) for word in words):
        return
    for place in range(len(words)):
        rest: list[ast.expr] = [*words[:place], *words[place + 1 :]]
        yield ast.Set(rest) if isinstance(node, ast.Set) else type(node)(rest, ast.Load())
