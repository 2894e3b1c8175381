"""Formulas give the same numbers over terms, and each term's working evaluates to itself."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import ceil, floor
from typing import Any

import pytest
from draws import CASES, Case
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import cnncost
from cnncost.layers import JOINS, Layer
from cnncost.network import Node
from cnncost.shape import Shape
from cnncost.term import Term, exact_quotient, trace_layer, trace_shape

SHAPED = ("connections", "inside_connections", "bias_connections")
PLAIN = ("weights", "biases", "extras", "parameters")

OPERATIONS: dict[str, Callable[..., int]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: exactly(Fraction(a, b)),
    "floor": lambda a, b: floor(Fraction(a, b)),
    "ceil": lambda a, b: ceil(Fraction(a, b)),
    "neg": lambda a: -a,
}


def exactly(ratio: Fraction) -> int:
    assert ratio.denominator == 1, f"{ratio} is written as a division, but leaves a rest"
    return ratio.numerator


def evaluated(number: int) -> int:
    """A term computed anew from its leaves; a leaf is what its working says."""
    if not isinstance(number, Term):
        return number
    if not number.op:
        return int(number) if number.working is None else evaluated(number.working)
    return OPERATIONS[number.op](*map(evaluated, number.args))


def node_of(case: Case) -> Node:
    try:
        spec = cnncost.loads(case.text)
    except cnncost.SpecError as error:
        assert "padding crops all" in str(error)  # noqa: PT017 - most draws are no error
        assume(False)
    return spec.network.layers[-1]


@pytest.mark.parametrize("word", CASES)
def test_every_quantity_is_the_same_over_terms(word: str) -> None:
    slow = [HealthCheck.too_slow, HealthCheck.filter_too_much]

    @settings(max_examples=60, deadline=None, suppress_health_check=slow)
    @given(CASES[word])
    def same(case: Case) -> None:
        node = node_of(case)
        traced = trace_layer(node.layer)
        xs = tuple(map(trace_shape, node.inputs))
        assert xs == node.inputs
        agree(traced.infer_shape(xs), node.output)
        if word not in JOINS:
            quantities_agree(node.layer, traced, node)

    same()


def agree(ours: Shape, plain: Shape) -> None:
    assert ours == plain
    assert tuple(map(evaluated, ours.dims)) == plain.dims


def quantities_agree(layer: Layer, traced: Layer, node: Node) -> None:
    (plain,), (x,) = node.inputs, map(trace_shape, node.inputs)
    y = trace_shape(node.output)
    agree(traced.output_shape(x), layer.output_shape(plain))
    for name in (*PLAIN, *SHAPED):
        ours, theirs = ((x, y), (plain, node.output)) if name in SHAPED else ((x,), (plain,))
        number: Any = getattr(traced, name)(*ours)
        assert number == getattr(layer, name)(*theirs), name
        assert evaluated(number) == number, name
        assert isinstance(number, Term) or number in (0, 1), f"{name} forgot its working"
        assert not isinstance(number, Term) or number.name == name


@pytest.mark.parametrize("word", CASES)
def test_a_layer_remembered_is_still_that_layer(word: str) -> None:
    @settings(max_examples=10, deadline=None)
    @given(CASES[word])
    def stays(case: Case) -> None:
        layer = node_of(case).layer
        traced = trace_layer(layer)

        assert isinstance(traced, type(layer))
        assert traced.word == word
        assert vars(traced) == vars(layer)
        assert not any(isinstance(value, Term) for value in vars(layer).values())

    stays()


@st.composite
def expressions(draw: st.DrawFn, depth: int = 4) -> tuple[int, int]:
    """The same arithmetic over plain ints and over terms, mixed with ints."""
    leaf = draw(st.integers(-6, 6))
    if not depth or draw(st.integers(0, 3)) == 0:
        return leaf, Term(leaf, name="leaf") if draw(st.booleans()) else leaf
    (a, s), (b, t) = draw(expressions(depth - 1)), draw(expressions(depth - 1))
    op = draw(st.sampled_from(["+", "-", "*", "//", "neg", "ceil", "/"]))
    if op == "+":
        return a + b, s + t
    if op == "-":
        return a - b, s - t
    if op == "*":
        return a * b, s * t
    if op == "neg":
        return -a, -s
    if not b:
        return a, s
    if op == "/":
        return a, exact_quotient(s * t, t)
    return (-(-a // b), -(-s // t)) if op == "ceil" else (a // b, s // t)


@settings(max_examples=1000, deadline=None)
@given(expressions())
def test_arithmetic_over_terms_is_that_of_ints(pair: tuple[int, int]) -> None:
    plain, term = pair

    assert term == plain
    assert evaluated(term) == plain
    assert hash(term) == hash(plain)


def n(value: int, name: str = "n") -> Term:
    return Term(value, name=name)


@pytest.mark.parametrize(
    ("number", "op", "args"),
    [
        (n(3) + 4, "+", (3, 4)),
        (4 - n(3), "-", (4, 3)),
        (n(3) * n(1), "*", (3, 1)),  # a named one is worth writing
        (n(7) // 2, "floor", (7, 2)),
        (-(-n(7) // 2), "ceil", (7, 2)),
        (exact_quotient(n(6), 2), "/", (6, 2)),
        (exact_quotient(6, n(2)), "/", (6, 2)),
    ],
)
def test_a_result_knows_its_operation(number: Term, op: str, args: tuple[int, ...]) -> None:
    assert (number.op, number.args) == (op, args)


@pytest.mark.parametrize(
    "number",
    [n(3) + 0, 0 + n(3), n(3) - 0, n(3) * 1, 1 * n(3), exact_quotient(n(3), 1), sum([n(3)])],
)
def test_a_plain_nought_or_one_leaves_no_trace(number: Term) -> None:
    assert (number, number.op, number.name) == (3, "", "n")


def test_a_called_result_is_a_leaf_that_keeps_its_working() -> None:
    total = (n(3) + n(4)).as_leaf("total")

    assert (total, total.name, total.op) == (7, "total", "")
    assert total.working is not None
    assert total.working.op == "+"


def test_plain_numbers_stay_plain() -> None:
    assert type(exact_quotient(6, 2)) is int


def test_the_axes_have_the_names_of_their_number() -> None:
    def names(*extents: int) -> list[str]:
        return [term.name for term in trace_shape(Shape(2, extents)).dims]  # type: ignore[attr-defined]

    assert names() == ["channels"]
    assert names(5) == ["channels", "length"]
    assert names(5, 4) == ["channels", "height", "width"]
    assert names(5, 4, 3) == ["channels", "depth", "height", "width"]
