"""The examples in the docstrings of `cnncost.suggest` run and print what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import cnncost.suggest

MODULES = [
    module.name
    for module in pkgutil.walk_packages(cnncost.suggest.__path__, "cnncost.suggest.")
    if not module.ispkg
]

WITH_EXAMPLES = (
    *("text.text_changes", "text.budget", "decisions.cost_tables"),
    *("search.label_setting", "search.elimination", "search.dominance", "search.pruning"),
    *("search.greedy", "search.integer_programme"),
)
"""Modules whose docstrings have an example, each algorithm among them."""


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_has_an_example(name: str) -> None:
    assert doctest.testmod(importlib.import_module(f"cnncost.suggest.{name}")).attempted > 0
