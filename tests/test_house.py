"""The house's rules: imports go down the floors only, and light commands stay light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "cnncost"

FLOORS = (
    ("elsewhere",),
    ("errors",),
    ("place",),
    ("arrays",),
    ("linear_programme",),
    ("shape",),
    ("term",),
    ("quantity",),
    ("number_types",),
    ("lite_program",),
    ("layers",),
    ("network",),
    ("language",),
    ("costs", "accuracy"),
    ("timing",),
    ("formats",),
    ("plans", "verify", "study"),
    ("views",),
    ("bundled", "device_files"),
    ("api",),
    ("notebook",),
    ("cli",),
    ("__main__",),
)
"""Bottom first. The words at the bottom stand one above the other, so do the rest; only
neighbours in one group may not see each other."""

LEVEL = {name: level for level, names in enumerate(FLOORS) for name in names}


def _noun(module: str) -> str:
    """The floor's noun: `cnncost.language.lines` is spec's; the package itself tops all."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "cnncost"


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            if node.module == "cnncost":
                found |= {f"cnncost.{alias.name}" for alias in node.names}
            elif node.module:
                found.add(node.module)
    return {name for name in found if name.split(".")[0] == "cnncost"}


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=str)
def test_imports_go_down_only(path: Path) -> None:
    relative = path.relative_to(PACKAGE)
    if relative == Path("__init__.py"):
        return
    here = relative.parts[0].removesuffix(".py")
    assert here in LEVEL, f"{here} has no floor"
    for module in _imports(path):
        noun = _noun(module)
        if module == "cnncost.__version__":
            continue
        assert noun == here or LEVEL[noun] < LEVEL[here], f"{here} imports {module}"


def _loaded_by(*arguments: str) -> set[str]:
    """The modules that a command has imported when it ends."""
    code = (
        "import sys, contextlib, io\n"
        "from cnncost.cli import main\n"
        f"sys.argv = ['cnncost', *{arguments!r}]\n"
        "with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())):\n"
        "    with contextlib.suppress(SystemExit):\n"
        "        main()\n"
        "sys.stderr.write('\\n'.join(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/"
    )
    return set(done.stderr.split())


def test_csv_needs_no_rich() -> None:
    assert "rich" not in _loaded_by("table", "alexnet", "--format", "csv")


def test_a_command_imports_no_other_and_only_the_families_it_uses() -> None:
    loaded = _loaded_by("table", "alexnet", "--format", "csv")
    assert "cnncost.cli.table" in loaded
    assert not {"cnncost.cli.check", "cnncost.cli.zoo", "cnncost.layers.joins"} & loaded
    assert not {"highspy", "torch", "onnx", "numpy"} & loaded


# Circles and names

ALLOWED_CIRCLES = 0
"""How many circles of modules there are; this number only goes down."""

ALLOWED_MODULES = 0
"""How many module names stand more than once; this number only goes down."""

ALLOWED_CLASSES = 0
"""How many class names stand more than once; this number only goes down."""


def _modules() -> dict[str, Path]:
    paths = sorted(PACKAGE.rglob("*.py"))
    names = [".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in paths]
    return {n.removesuffix(".__init__"): path for n, path in zip(names, paths, strict=True)}


def _seen(path: Path, modules: dict[str, Path]) -> set[str]:
    """The modules that one imports, inside functions and for types alone as well."""
    seen = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            seen |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}": node.module for alias in node.names}
            seen |= {name if name in modules else module for name, module in names.items()}
    return seen & set(modules)


def _circles() -> list[list[str]]:
    """The strongly connected groups of modules (Tarjan 1972)."""
    modules = _modules()
    sees = {name: sorted(_seen(path, modules) - {name}) for name, path in modules.items()}
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        number[name] = lowest[name] = len(number)
        stack.append(name)
        for other in sees[name]:
            if other not in number:
                visit(other)
            if other in stack:
                lowest[name] = min(lowest[name], lowest[other])
        if lowest[name] == number[name]:
            start = stack.index(name)
            found.append(stack[start:])
            del stack[start:]

    for name in sees:
        if name not in number:
            visit(name)
    return [circle for circle in found if len(circle) > 1]


def test_no_new_circle_of_modules() -> None:
    circles = _circles()
    assert len(circles) <= ALLOWED_CIRCLES, circles


def _repeated(names: list[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})


def test_no_new_module_name_twice() -> None:
    names = [path.stem for path in PACKAGE.rglob("*.py") if path.stem != "__init__"]
    assert len(_repeated(names)) <= ALLOWED_MODULES, _repeated(names)


def test_no_new_class_name_twice() -> None:
    names = [
        node.name
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    ]
    assert len(_repeated(names)) <= ALLOWED_CLASSES, _repeated(names)
