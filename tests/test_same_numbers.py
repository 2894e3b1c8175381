"""The table of changes that change no number names changes that there are."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from number_mutants import number_mutants
from same_numbers import SAME

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("module", sorted({module for module, _ in SAME}))
def test_each_change_is_one_of_its_module(module: str) -> None:
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    made = {mutant.text for mutant in number_mutants(tree)}
    assert {text for name, text in SAME if name == module} <= made
