"""The reference pages agree with the code that they are generated from, and the examples in the
docstrings of `cnncost` run and print what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import sys
from pathlib import Path

import pytest

import cnncost

DOCS = Path(__file__).parent.parent / "docs"
sys.path.insert(0, str(DOCS))

import generate  # noqa: E402  the generator lies beside its pages

from cnncost.cli.main import COMMANDS  # noqa: E402
from cnncost.layers import TYPES  # noqa: E402


@pytest.mark.parametrize("name", generate.PAGES)
def test_page_is_fresh(name: str) -> None:
    fresh = (DOCS / name).read_text(encoding="utf-8") == generate.PAGES[name]()
    assert fresh, "run python docs/generate.py and read the difference"


def test_every_type_has_its_section_with_a_working() -> None:
    text = (DOCS / "layers.md").read_text(encoding="utf-8")
    for word in TYPES:
        assert text.count(f"### {word}\n") == 1
    assert "`11 x 11 x 3 x 96 = 34,848`" in text


def test_every_command_has_its_section_with_examples() -> None:
    text = (DOCS / "commands.md").read_text(encoding="utf-8")
    for command in COMMANDS:
        assert f"## {command}\n" in text
        assert f"\ncnncost {command} " in text or f"\ncnncost {command}\n" in text


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_every_row_of_a_table_has_as_many_cells_as_its_header(page: Path) -> None:
    cells = 0
    for line in page.read_text(encoding="utf-8").splitlines():
        if not line.startswith("|"):
            cells = 0
            continue
        found = len(re.findall(r"(?<!\\)\|", line)) - 1
        cells = cells or found
        assert found == cells, line


ROOT = DOCS.parent
PLANS = ("ARCHITECTURE.md", "CONTRIBUTING.md")
WITH_TABLES = ("draws.py", "with_torch/layer_runs.py", "with_onnx/test_out.py")
"""The files of tests that have tables which the plan names."""
PATHS = [path for path in (ROOT / "cnncost").rglob("*") if "__pycache__" not in path.parts]


def _quoted(page: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return [word for said in re.findall(r"`([^`\n]+)`", text) for word in said.split()]


@pytest.mark.parametrize("page", PLANS)
def test_the_plan_names_files_that_there_are(page: str) -> None:
    """Of `search/plan.py` some folder `search` in the package has the file."""
    ends = [f"/{path.relative_to(ROOT).as_posix()}" for path in PATHS]
    for word in _quoted(page):
        if re.fullmatch(r"[\w.]+(/[\w.]*)+|\w+\.py", word):
            place = word.rstrip("/")
            inside = any(end.endswith(f"/{place}") for end in ends)
            assert inside or (ROOT / place).exists(), f"{page}: {word}"


@pytest.mark.parametrize("page", PLANS)
def test_the_plan_names_tables_and_classes_that_there_are(page: str) -> None:
    files = [path for path in PATHS if path.suffix == ".py"]
    files += [ROOT / "tests" / name for name in WITH_TABLES]
    text = "".join(path.read_text(encoding="utf-8") for path in files)
    known = {path.stem for path in PATHS} | {path.stem for path in (ROOT / "tests").iterdir()}
    for word in _quoted(page):
        name = word.rpartition(".")[2]
        told = re.fullmatch(r"(\w+\.)*([A-Z_]{3,}|([A-Z][a-z]+)+|[a-z]+_[a-z_]+)", word)
        if told and name not in known:
            assert re.search(rf"(class|def) {name}\b|^{name}\b.* = ", text, re.M), f"{page}: {word}"


MODULES = [
    module.name
    for module in pkgutil.walk_packages(cnncost.__path__, "cnncost.")
    if module.name != "cnncost.__main__"  # it runs the command line
]

WITH_EXAMPLES = (
    *("costs.memory.execution_order", "costs.memory.inference", "formats.repeats", "study.align"),
    "formats.block_numbers",
    "formats.python_text",
    *("plans.edits.text_changes", "plans.edits.budget", "plans.decisions.cost_tables"),
    *("plans.search.label_setting", "plans.search.elimination", "plans.search.labels"),
    *("plans.search.decision_order", "plans.search.space_solver"),
    *("plans.search.integer_programme", "plans.search.compound_variants"),
    *("plans.search.score_floors", "linear_programme"),
)
"""Modules whose docstrings have an example, each algorithm among them."""


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_has_an_example(name: str) -> None:
    assert doctest.testmod(importlib.import_module(f"cnncost.{name}")).attempted > 0
