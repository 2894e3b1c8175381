"""Parameters of random layers: their tensors hold each, and other types have none."""

from __future__ import annotations

from math import prod

import pytest
from draws import CASES, Case
from hypothesis import find, given, settings

import cnncost
from cnncost.layers import TYPES, layer_type

LEARNING = [word for word in TYPES if layer_type(word).learns and word != "opaque"]


@pytest.mark.parametrize("word", LEARNING)
def test_the_tensors_hold_every_parameter(word: str) -> None:
    @settings(max_examples=60, deadline=None)
    @given(CASES[word])
    def hold(case: Case) -> None:
        try:
            (row,) = cnncost.count(cnncost.loads(case.text)).layers
        except cnncost.SpecError as error:
            assert "padding crops all" in str(error)  # noqa: PT017 - most draws are no error
            return
        tensors = row.node.layer.tensor_shapes(row.node.inputs[0])
        assert sum(map(prod, tensors.values())) == row.parameters

    hold()
    assert find(CASES[word], learns, settings=settings(deadline=None))  # not all draws are empty


def learns(case: Case) -> bool:
    try:
        return cnncost.count(cnncost.loads(case.text)).totals.parameters > 0
    except cnncost.SpecError:
        return False


@pytest.mark.parametrize("word", [word for word in CASES if word not in LEARNING])
def test_nothing_else_learns(word: str) -> None:
    @settings(max_examples=10, deadline=None)
    @given(CASES[word])
    def empty(case: Case) -> None:
        assert cnncost.count(cnncost.loads(case.text)).totals.parameters == 0

    empty()
