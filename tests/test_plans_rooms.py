"""The rooms of `cnncost.plans`: imports go down, from room to room and from file to file."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import cnncost.plans

PACKAGE = Path(cnncost.plans.__path__[0])

ROOMS = ("edits", "decisions", "search", "suggestion")
"""Bottom first."""

FLOORS = 9
"""Files in the longest chain of imports: fewer are welcome, more are not."""

FILES, LINES = 50, 300
"""How many files there are, and lines in the longest of them: fewer are welcome, more are not."""

PATHS = {
    ".".join(("cnncost", "suggest", *path.relative_to(PACKAGE).with_suffix("").parts)): path
    for path in sorted(PACKAGE.glob("*/*.py"))
    if path.stem != "__init__"
}


def _imports(path: Path) -> set[str]:
    """Modules of the package that a file imports, within functions and for types as well."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names & set(PATHS)


IMPORTS = {module: _imports(path) for module, path in PATHS.items()}


def _room(module: str) -> int:
    return ROOMS.index(module.split(".")[2])


def test_rooms_import_only_those_below() -> None:
    pairs = [(module, other) for module, found in IMPORTS.items() for other in found]
    assert [pair for pair in pairs if _room(pair[1]) > _room(pair[0])] == []


def test_no_circle_and_few_floors() -> None:
    floors: dict[str, int] = {}
    for module in TopologicalSorter(IMPORTS).static_order():  # refuses a circle
        floors[module] = 1 + max([floors[other] for other in IMPORTS[module]], default=0)
    assert max(floors.values()) <= FLOORS


def test_module_names_are_used_once() -> None:
    names = [module.rpartition(".")[2] for module in PATHS]
    assert len(set(names)) == len(names)


def test_files_are_few_and_short() -> None:
    assert len(PATHS) <= FILES
    lines = {module: len(path.read_text().splitlines()) for module, path in PATHS.items()}
    assert {module: count for module, count in lines.items() if count > LINES} == {}
