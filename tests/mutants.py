"""The loader with one of its checks disabled, for each of them.

The checks are found in the code itself, so a new one is covered as soon as it is written. A
mutant is one of these, in a function of the loader:

- `raise`: a `raise` that does nothing;
- `call`: a statement that calls something (a report of a problem, another check) left out;
- `operand`: one operand of an `and` or `or` left out of a condition that guards a `raise`, a
  report or a `return`;
- `text`: a text of a message, or its hint, that is empty.

Functions are changed in place, by the code object that the changed module compiles to.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from inspect import unwrap
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

ROOT = Path(__file__).parent.parent
MODULES = ("cnncost/language/*.py", "cnncost/layers/*.py", "cnncost/network.py")

AT_IMPORT = {
    "FieldKind",
    "Whole",
    "PerAxis",
    "ChoiceKind",
    "Cost",
    "Width",
    "Dims",
    "ExtentsOf",
    "layer",
    "make_fields",
    "layer_type",
}
"""Classes whose `__init__`, and functions that, ran when the layer types were imported: a change
comes too late. What they made is compared to the letter by the messages."""

PLUMBING = {"append", "extend", "update", "pop"}
"""Calls that change a container: no checks."""


@dataclass
class Mutant:
    """One change of one function: `change` makes it in the tree, `undo` takes it back."""

    kind: str
    module: ModuleType
    function: str
    lines: range
    text: str
    tree: ast.Module
    change: Callable[[], None]
    undo: Callable[[], None]

    @property
    def label(self) -> str:
        return f"{self.module.__name__.removeprefix('cnncost.')}.{self.function} {self.kind}: " + (
            self.text
        )


def mutants() -> Iterator[Mutant]:
    paths = sorted(path for pattern in MODULES for path in ROOT.glob(pattern))
    for path in paths:
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        tree = ast.parse(path.read_text(encoding="utf-8"))
        yield from _in_module(import_module(name), tree)


def _in_module(module: ModuleType, tree: ast.Module) -> Iterator[Mutant]:
    for function, node in _functions(tree, ""):
        for kind, at, change, undo in _sites(node):
            lines = range(at.lineno, at.end_lineno + 1)
            part = at.part if isinstance(at, _Shown) else at
            text = " ".join(ast.unparse(part).split())[:100]
            yield Mutant(kind, module, function, lines, text, tree, change, undo)


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, ast.FunctionDef]]:
    """The outermost functions, methods among them, by qualified name."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef):
            owner = prefix.rstrip(".") if child.name == "__init__" else child.name
            if owner not in AT_IMPORT:
                yield prefix + child.name, child
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{prefix}{child.name}.")


Site = tuple[str, Any, Callable[[], None], Callable[[], None]]


def _sites(function: ast.FunctionDef) -> Iterator[Site]:
    for parent in ast.walk(function):
        for _, value in ast.iter_fields(parent):
            if not isinstance(value, list) or not value or not isinstance(value[0], ast.stmt):
                continue
            for index, statement in enumerate(value):
                if not is_docstring(statement):
                    yield from _of_statement(value, index, statement)


def is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _of_statement(body: list[ast.stmt], index: int, statement: ast.stmt) -> Iterator[Site]:
    if isinstance(statement, ast.Raise) and "NotImplementedError" not in ast.unparse(statement):
        yield ("raise", statement, *exchange(body, index, _never(statement)))
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        called = statement.value.func
        name = called.attr if isinstance(called, ast.Attribute) else ast.unparse(called)
        if name not in PLUMBING:
            yield ("call", statement, *exchange(body, index, _never(statement)))
    if isinstance(statement, ast.If) and _guards(statement):
        for node in ast.walk(statement.test):
            if isinstance(node, ast.BoolOp):
                for place in range(len(node.values)):
                    shown = _Shown(statement, node.values[place])
                    neutral = ast.Constant(isinstance(node.op, ast.And))
                    neutral = ast.copy_location(neutral, node.values[place])
                    yield ("operand", shown, *exchange(node.values, place, neutral))
    for owner, slot, text in _texts(statement):
        shown = _Shown(statement, text)
        yield ("text", shown, *exchange(owner, slot, ast.copy_location(ast.Constant(""), text)))


class _Shown:
    """A part of a statement, shown alone, that runs where the statement does."""

    def __init__(self, statement: ast.stmt, part: ast.expr) -> None:
        self.lineno = statement.lineno
        last = statement.test if isinstance(statement, ast.If) else statement
        self.end_lineno = last.end_lineno
        self.part = part


def _never(statement: ast.stmt) -> ast.stmt:
    """The statement where it never runs: the names in it stay those of the function."""
    never = ast.If(ast.Constant(0), [statement], [])
    return ast.fix_missing_locations(ast.copy_location(never, statement))


def _guards(statement: ast.If) -> bool:
    """Whether a condition leads to a refusal or out of the function."""
    inside = [*statement.body, *statement.orelse]
    return any(isinstance(node, (ast.Raise, ast.Return, ast.Expr, ast.Continue)) for node in inside)


def _texts(statement: ast.stmt) -> Iterator[tuple[Any, Any, ast.expr]]:
    """The texts of messages in a statement, not in those that it holds."""
    stack: list[ast.AST] = [statement]
    while stack:
        node = stack.pop()
        for field, value in ast.iter_fields(node):
            slots = enumerate(value) if isinstance(value, list) else [(field, value)]
            owner = value if isinstance(value, list) else node
            for slot, child in slots:
                if isinstance(child, ast.stmt) or not isinstance(child, ast.AST):
                    continue
                if _is_text(child):
                    yield owner, slot, child
                elif not isinstance(child, ast.JoinedStr):
                    stack.append(child)


def _is_text(node: ast.AST) -> bool:
    if isinstance(node, ast.JoinedStr):
        return any(_is_text(part) for part in node.values)
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return False
    return " " in node.value and any(letter.isalpha() for letter in node.value)


def exchange(owner: Any, slot: Any, new: Any) -> tuple[Callable[[], None], Callable[[], None]]:
    """How to put `new` at a place of the tree, and how to put the old back."""
    if isinstance(owner, list):
        item = owner[slot]
        return lambda: owner.__setitem__(slot, new), lambda: owner.__setitem__(slot, item)
    before = getattr(owner, slot)
    return lambda: setattr(owner, slot, new), lambda: setattr(owner, slot, before)


def target(mutant: Mutant) -> FunctionType:
    found: Any = mutant.module
    for name in mutant.function.split("."):
        found = vars(found)[name]
    return unwrap(found.fget if isinstance(found, property) else found)


def compiled(mutant: Mutant) -> CodeType:
    """The function's code in the changed module."""
    mutant.change()
    try:
        code = compile(mutant.tree, mutant.module.__file__ or "", "exec")
    finally:
        mutant.undo()
    for name in mutant.function.split("."):
        code = next(c for c in code.co_consts if isinstance(c, CodeType) and c.co_name == name)
    return code
