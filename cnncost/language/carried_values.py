"""The numbers that a layer carries for `cnncost run`: values: {weights: [...], bias: [...]}."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, NamedTuple

from cnncost.errors import did_you_mean, quote_text
from cnncost.language.nodes import Items, Node, Pairs, Scalar
from cnncost.language.values import Bad, Misread, read_plain_number
from cnncost.quantity import format_count

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction

    from cnncost.language.problems import Problems
    from cnncost.layers import Layer
    from cnncost.network import Input
    from cnncost.network import Node as Layered

    Number = int | Fraction

_KEYS = ("weights", "bias")
_FORM = "values: {weights: [[1, -1], [0, 0.5]], bias: [0, 1]}, one row of weights a unit"


class Carried(NamedTuple):
    """A layer's own numbers, exact; each row of PyTorch's weight is one flat row here."""

    weights: tuple[tuple[Number, ...], ...]
    bias: tuple[Number, ...] | None
    start: int
    """The offset at which they stand in the file."""


def read_carried(node: Node, problems: Problems) -> Carried | None:
    """Read the numbers under `values`; report a mistake and return None if there is one."""
    if not isinstance(node, Pairs):
        problems.add(node.start, "values takes weights and bias", f"write {_FORM}")
        return None
    found: dict[str, Node] = {}
    before = problems.found
    for key, value in node.pairs:
        if key.text in found:
            problems.add(key.start, f"key {quote_text(key.text)} is given twice", "keep one")
        elif key.text not in _KEYS:
            hint = did_you_mean(key.text, _KEYS, f"write {_FORM}")
            problems.add(key.start, f"unknown key {quote_text(key.text)} in values", hint)
        else:
            found[key.text] = value
    if "weights" not in found and problems.found == before:
        problems.add(node.start, "values has no weights", f"write {_FORM}")
    if problems.found > before:
        return None
    try:
        rows = tuple(tuple(_read_numbers(row)) for row in _read_list(found["weights"], "weights"))
        bias = tuple(_read_numbers(_read_list(found["bias"], "bias"))) if "bias" in found else None
    except Misread as trouble:
        problems.add(trouble.offset, trouble.what, trouble.hint)
        return None
    return Carried(rows, bias, node.start)


def find_misfit(carried: Carried, layer: Layer, node: Input | Layered) -> tuple[str, str] | None:
    """Say what does not fit the layer, and what would; None if everything fits."""
    shapes = layer.tensor_shapes(node.inputs[0])
    if node.shares is not None:
        return f"{node.name} shares another layer's parameters and has values too", "drop one"
    units, *rest = shapes["weight"]
    rows = len(carried.weights)
    if node.output.channels != units:
        return f"{node.name} has no single row of weights a unit", "values go without connects"
    if rows != units:
        return (
            f"values has {format_count(rows, 'row')} of weights, but {node.name} has "
            f"{format_count(units, 'unit')}", "one row a unit",
        )  # fmt: skip
    for at, row in enumerate(carried.weights, start=1):
        if len(row) != prod(rest):
            return (
                f"row {at} of values has {format_count(len(row), 'weight')}, but a unit of "
                f"{node.name} has {prod(rest):,}: its input is {node.inputs[0]}", "",
            )  # fmt: skip
    return _find_bias_misfit(carried, node.name, units, biased="bias" in shapes)


def _find_bias_misfit(
    carried: Carried, name: str, units: int, *, biased: bool
) -> tuple[str, str] | None:
    if carried.bias is None:
        what = f"values has no bias, but {name} has {format_count(units, 'bias', 'biases')}"
        return (what, "give them, or write bias: false") if biased else None
    if not biased:
        return f"values has a bias, but {name} has bias: false", "drop one"
    if len(carried.bias) != units:
        given = format_count(len(carried.bias), "bias", "biases")
        return (
            f"values has {given}, but {name} has {format_count(units, 'unit')}",
            "one bias a unit",
        )
    return None


def _read_list(node: Node, what: str) -> list[Node]:
    if not isinstance(node, Items):
        raise Misread(node.start, f"{what} of values takes a list", f"write {_FORM}")
    return node.items


def _read_numbers(row: Node | list[Node]) -> Iterator[Number]:
    """List the numbers of a list in order, with those of inner lists (a filter's maps) in place."""
    for part in row if isinstance(row, list) else _read_list(row, "each row"):
        if isinstance(part, Items):
            yield from _read_numbers(part)
        elif isinstance(part, Scalar):
            known = read_plain_number(part)
            if isinstance(known, Bad):
                raise Misread(part.start, known.what, known.hint)
            yield known
        else:
            raise Misread(part.start, "a mapping stands where a number is due")
