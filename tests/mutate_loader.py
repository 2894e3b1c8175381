"""Disables each check of the loader, one at a time, and shows that a test notices.

The checks are found in the code itself, so a new one is covered as soon as it is written. A
mutant is one of these, in a function of the loader:

- `raise`: a `raise` that does nothing;
- `call`: a statement that calls something (a report of a problem, another check) left out;
- `operand`: one operand of an `and` or `or` left out of a condition that guards a `raise`, a
  report or a `return`;
- `text`: a text of a message, or its hint, that is empty.

Functions are changed in place, by the code object that the changed module compiles to. The cases
are the files of `tests/invalid`, and the tables of `tests/test_language.py`,
`test_language_blocks.py`, `test_settings.py` and `test_bad_input.py`; a mutant runs against those
that reach its statement.

    python tests/mutate_loader.py [WORD]    # only mutants whose line contains the word

Prints a line a mutant and exits 1 if one survives.
"""

from __future__ import annotations

import ast
import signal
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from inspect import unwrap
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import pytest  # noqa: E402
import test_bad_input  # noqa: E402
import test_invalid  # noqa: E402
import test_language  # noqa: E402
import test_language_blocks  # noqa: E402
import test_settings  # noqa: E402

from cnncost import network  # noqa: E402
from cnncost.layers import TYPES, layer_type  # noqa: E402

MODULES = ("cnncost/spec/*.py", "cnncost/layers/*.py", "cnncost/network.py")

SECONDS = 10
"""Of the processor's time; a case that takes more has noticed."""
TRACED = 300
"""The same without a mutant, every line traced."""

AT_IMPORT = {
    "Kind",
    "Whole",
    "PerAxis",
    "Choice",
    "Width",
    "Dims",
    "ExtentsOf",
    "layer",
    "fielded",
    "layer_type",
}
"""Classes whose `__init__`, and functions that, ran when the layer types were imported: a change
comes too late. What they made is compared to the letter by the messages."""

PLUMBING = {"append", "extend", "update", "pop"}
"""Calls that change a container: no checks."""

EQUIVALENT = {
    "network.Builder._match operand: owner.layer is None": "for mypy: None's type is no layer's",
    "spec.expand.Expansion._line operand: output is not None": "for mypy: no node has that index",
    "spec.nodes._syntax text: 'not YAML'": "each of PyYAML's errors carries a text of its own",
}
"""Mutants that change nothing, by their line without the number, and why."""


class Case(NamedTuple):
    """One test: raises if the loader does not do what is expected."""

    name: str
    run: Callable[[], None]


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


class Timeout(BaseException):
    pass


# The mutants


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
                if not _is_docstring(statement):
                    yield from _of_statement(value, index, statement)


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _of_statement(body: list[ast.stmt], index: int, statement: ast.stmt) -> Iterator[Site]:
    if isinstance(statement, ast.Raise) and "NotImplementedError" not in ast.unparse(statement):
        yield ("raise", statement, *_exchange(body, index, _never(statement)))
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        called = statement.value.func
        name = called.attr if isinstance(called, ast.Attribute) else ast.unparse(called)
        if name not in PLUMBING:
            yield ("call", statement, *_exchange(body, index, _never(statement)))
    if isinstance(statement, ast.If) and _guards(statement):
        for node in ast.walk(statement.test):
            if isinstance(node, ast.BoolOp):
                for place in range(len(node.values)):
                    shown = _Shown(statement, node.values[place])
                    neutral = ast.Constant(isinstance(node.op, ast.And))
                    neutral = ast.copy_location(neutral, node.values[place])
                    yield ("operand", shown, *_exchange(node.values, place, neutral))
    for owner, slot, text in _texts(statement):
        shown = _Shown(statement, text)
        yield ("text", shown, *_exchange(owner, slot, ast.copy_location(ast.Constant(""), text)))


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


def _exchange(owner: Any, slot: Any, new: Any) -> tuple[Callable[[], None], Callable[[], None]]:
    """How to put `new` at a place of the tree, and how to put the old back."""
    if isinstance(owner, list):
        item = owner[slot]
        return lambda: owner.__setitem__(slot, new), lambda: owner.__setitem__(slot, item)
    before = getattr(owner, slot)
    return lambda: setattr(owner, slot, new), lambda: setattr(owner, slot, before)


# Running them


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


def noticed_by(mutant: Mutant, cases: list[Case]) -> str:
    """The first case that fails with the mutant; empty if it survives."""
    function = target(mutant)
    original = function.__code__
    function.__code__ = compiled(mutant)
    try:
        for case in cases:
            if not passes(case):
                return case.name
    finally:
        function.__code__ = original
    return ""


def passes(case: Case, seconds: int = SECONDS) -> bool:
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        network._output.cache_clear()  # what is remembered would hide a change
        case.run()
    except (
        Exception,
        Timeout,
        pytest.fail.Exception,
    ):  # whatever goes wrong: the change was noticed
        return False
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return True


def reached(cases: list[Case], files: set[str]) -> dict[tuple[str, int], list[Case]]:
    """For each line of the files: the cases that reach it."""
    reach: dict[tuple[str, int], list[Case]] = defaultdict(list)
    for case in cases:
        seen: set[tuple[str, int]] = set()

        def local(frame: FrameType, event: str, _: object, seen: Any = seen) -> Any:
            seen.add((frame.f_code.co_filename, frame.f_lineno))
            return local

        def trace(frame: FrameType, event: str, _: object, local: Any = local) -> Any:
            return local if frame.f_code.co_filename in files else None

        sys.settrace(trace)
        try:
            ok = passes(case, TRACED)
        finally:
            sys.settrace(None)
        if not ok:
            raise SystemExit(f"{case.name} fails without any mutant")
        for line in seen:
            reach[line].append(case)
    return reach


def _invalid(path: Path) -> Case:
    text = test_invalid.read(path)
    wanted = test_invalid.expected(text)

    def run() -> None:
        assert test_invalid.message(text, path.name) == wanted

    return Case(path.stem, run)


def _positive(module: Any, name: str) -> Case:  # Any: a module with a table of cases
    return Case(name, lambda: module.test_layers(name))


def _functions_of(module: ModuleType) -> Iterator[Case]:
    """A module's tests that take nothing."""
    for name, value in vars(module).items():
        if name.startswith("test_") and value.__code__.co_argcount == 0:
            yield Case(name, value)


def all_cases() -> list[Case]:
    cases = [_invalid(path) for path in test_invalid.FILES]
    tables = (test_language, test_language_blocks)
    cases += [_positive(module, name) for module in tables for name in module.CASES]
    for module in (*tables, test_settings, test_bad_input):
        cases += _functions_of(module)
    return cases


def main(word: str = "") -> int:
    def alarm(*_: object) -> None:
        raise Timeout

    signal.signal(signal.SIGVTALRM, alarm)
    for name in TYPES:
        layer_type(name)
    found = list(mutants())
    files = {mutant.module.__file__ or "" for mutant in found}
    reach = reached(all_cases(), files)
    survivors = 0
    for mutant in found:
        if word not in mutant.label:
            continue
        here = [case for n in mutant.lines for case in reach[(mutant.module.__file__ or "", n)]]
        cases = list(dict.fromkeys(here))
        killer = noticed_by(mutant, cases)
        if killer:
            print(f"noticed   {mutant.label}  [{killer}]")
        elif mutant.label in EQUIVALENT:
            print(f"same      {mutant.label}  ({EQUIVALENT[mutant.label]})")
        else:
            survivors += 1
            print(f"SURVIVES  {mutant.label}  ({len(cases)} cases reach line {mutant.lines[0]})")
    print(f"{len(found)} mutants, {survivors} survive")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
