"""How each unit of a layer is computed from the numbers that it reads, written out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from cnncost.errors import CnncostError
from cnncost.study.run.evaluation_rules import FUNCTIONS, list_factors
from cnncost.study.run.number_map import Map, Number, list_windows
from cnncost.study.run.unit_sums import SUMS, UnitSum

if TYPE_CHECKING:
    from cnncost.language import Spec
    from cnncost.network import Node
    from cnncost.study.run import EvaluationStep

MOST_PRODUCTS = 5_000
"""The most products that are written out."""

WriteNumber = Callable[[Number], str]


def refuse_long_working(spec: Spec) -> None:
    """Refuse to write out what nobody would read.

    Raises:
        CnncostError: the network has too many products.
    """
    layers = spec.network.layers
    products = sum(n.layer.connections(n.inputs[0], n.output) for n in layers)
    units = sum(n.output.units for n in layers)
    if products + units > MOST_PRODUCTS:
        raise CnncostError(
            f"{spec.name} has {products:,} products and {units:,} units, more than the "
            f"{MOST_PRODUCTS:,} that --working writes out",
            "drop --working, or take a smaller input",
        )


def write_working(step: EvaluationStep, write: WriteNumber) -> list[str]:
    """Write the working of each unit, with its value; empty for layers that only move numbers."""
    word = step.node.layer.word
    if word in SUMS and step.carried is not None:
        sums = SUMS[word](step.node, step.carried, list(step.reads))
        terms = [_sum_steps(one, write) for one in sums]
    elif word in FUNCTIONS:
        terms = [[f"{word}({write(v)})"] for v in step.reads[0].numbers]
    elif word in _LISTS:
        terms = [[text] for text in _LISTS[word](step.node, list(step.reads), write)]
    else:
        return []
    values = map(write, step.output.numbers)
    return [_join_steps([*parts, value]) for parts, value in zip(terms, values, strict=True)]


def _join_steps(parts: list[str]) -> str:
    """Join equal values; a step that says the same as the one before is left out."""
    different = [part for at, part in enumerate(parts) if at == 0 or part != parts[at - 1]]
    return " = ".join(different)


def _sum_steps(one: UnitSum, write: WriteNumber) -> list[str]:
    """Write the products, and then their values."""
    products = [f"{write(weight)} x {write(value)}" for weight, value in one.products]
    values = [weight * value for weight, value in one.products]
    if one.bias is not None:
        products.append(write(one.bias))
        values.append(one.bias)
    return [" + ".join(products) or "0", _add_values(values, write)]


def _add_values(values: list[Number], write: WriteNumber) -> str:
    """Write `3 - 4 + 1`."""
    if not values:
        return "0"
    first, *others = values
    signed = (f" - {write(-v)}" if v < 0 else f" + {write(v)}" for v in others)
    return write(first) + "".join(signed)


# Layers without numbers of their own


def _list_largest(node: Node[Any], reads: list[Map], write: WriteNumber) -> Iterator[str]:
    for inside in list_windows(node, reads[0], zeros=False):
        yield f"max({', '.join(map(write, inside))})"


def _list_means(node: Node[Any], reads: list[Map], write: WriteNumber) -> Iterator[str]:
    for inside in list_windows(node, reads[0], zeros=True):
        yield f"({_add_values(inside, write)}) / {len(inside)}"


def _list_channel_means(node: Node[Any], reads: list[Map], write: WriteNumber) -> Iterator[str]:
    for channel in reads[0].split_channels():
        yield f"({_add_values(list(channel), write)}) / {len(channel)}"


def _list_channel_largest(node: Node[Any], reads: list[Map], write: WriteNumber) -> Iterator[str]:
    for channel in reads[0].split_channels():
        yield f"max({', '.join(map(write, channel))})"


def _list_added(node: Node[Any], reads: list[Map], write: WriteNumber) -> Iterator[str]:
    for column in zip(*(x.numbers for x in reads), strict=True):
        yield _add_values(list(column), write)


def _list_multiplied(node: Node[Any], reads: list[Map], write: WriteNumber) -> Iterator[str]:
    for factors in list_factors(node, reads):
        yield " x ".join(map(write, factors))


def _list_logsoftmax(node: Node[Any], reads: list[Map], write: WriteNumber) -> Iterator[str]:
    columns = reads[0].split_columns()
    for channel in range(reads[0].shape.channels):
        for column in columns:
            powers = " + ".join(f"exp({write(v)})" for v in column)
            yield f"{write(column[channel])} - log({powers})"


def _list_softmax(node: Node[Any], reads: list[Map], write: WriteNumber) -> Iterator[str]:
    columns = reads[0].split_columns()
    for channel in range(reads[0].shape.channels):
        for column in columns:
            powers = [f"exp({write(v)})" for v in column]
            yield f"{powers[channel]} / ({' + '.join(powers)})"


_LISTS: dict[str, Callable[[Node[Any], list[Map], WriteNumber], Iterator[str]]] = {
    "maxpool": _list_largest,
    "avgpool": _list_means,
    "global_avgpool": _list_channel_means,
    "global_maxpool": _list_channel_largest,
    "add": _list_added,
    "mul": _list_multiplied,
    "softmax": _list_softmax,
    "logsoftmax": _list_logsoftmax,
}
"""What each unit is computed from, for the layer types that do more than move numbers."""
