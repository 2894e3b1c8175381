"""The examples in the docstrings of `cnncost` run and print what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import cnncost

MODULES = [
    module.name
    for module in pkgutil.walk_packages(cnncost.__path__, "cnncost.")
    if module.name != "cnncost.__main__"  # it runs the command line
]

WITH_EXAMPLES = (
    *("costs.memory.execution_order", "costs.memory.inference", "formats.repeats", "study.align"),
    "formats.block_numbers",
    "formats.python_text",
    *("suggest.edits.text_changes", "suggest.edits.budget", "suggest.decisions.cost_tables"),
    *("suggest.search.label_setting", "suggest.search.elimination", "suggest.search.dominance"),
    *("suggest.search.decision_order", "suggest.search.space_solver"),
    *("suggest.search.integer_programme", "suggest.search.compound_variants"),
)
"""Modules whose docstrings have an example, each algorithm among them."""


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_has_an_example(name: str) -> None:
    assert doctest.testmod(importlib.import_module(f"cnncost.{name}")).attempted > 0
