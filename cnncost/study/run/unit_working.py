"""How each unit of a layer is computed from the numbers that it reads, written out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncost.errors import CnncostError
from cnncost.study.run.evaluation_rules import (
    STAGED_RULES,
    evaluate_layer,
    list_factors,
    list_slopes,
)
from cnncost.study.run.number_map import Map, Tensors, list_places, list_windows
from cnncost.study.run.unit_formulas import Place, WorkingLedger, WriteNumber, write_sum
from cnncost.study.run.unit_functions import FUNCTIONS
from cnncost.study.run.unit_sums import SUMS

if TYPE_CHECKING:
    from cnncost.language import Spec
    from cnncost.network import Node
    from cnncost.study.run import EvaluationStep

MOST_PRODUCTS = 5_000
"""The most products that are written out."""


class WorkingLine(NamedTuple):
    """How one number is computed."""

    symbol: str
    """Of a number on the way to the output; empty for a unit of the output."""
    place: Place
    """Counted from 1."""
    text: str

    def label(self, name: str) -> str:
        """Name the number: `hidden 1,2`, or `AI_hidden 1,2`."""
        place = ",".join(map(str, self.place))
        return f"{self.symbol or name} {place}".rstrip()


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


def write_working(step: EvaluationStep, write: WriteNumber) -> list[WorkingLine]:
    """Write the working of each unit, with its value; empty for layers that only move numbers."""
    word = step.node.layer.word
    if word in STAGED_RULES:
        return _write_stages(step, write)
    reads = list(step.reads)
    if word in SUMS:
        sums = SUMS[word](step.node, step.own, reads)
        terms = [one.write_steps(write) for one in sums]
    elif word in FUNCTIONS:
        terms = [[f"{word}({write(v)})"] for v in reads[0].numbers]
    elif word == "prelu":
        terms = [[text] for text in _list_prelu(step.node, step.own, reads[0], write)]
    elif word in _LISTS:
        terms = [[text] for text in _LISTS[word](step.node, reads, write)]
    else:
        return []
    values = map(write, step.output.numbers)
    places = list_places(step.output.shape.dims)
    return [
        _make_line("", place, [*parts, value])
        for place, parts, value in zip(places, terms, values, strict=True)
    ]


def _write_stages(step: EvaluationStep, write: WriteNumber) -> list[WorkingLine]:
    """Write every number that the layer computes, in the order in which it does."""
    ledger = WorkingLedger()
    evaluate_layer(step.node, step.own, list(step.reads), ledger)
    return [
        _make_line(
            _write_symbol(entry.symbol, step.node.name),
            entry.place,
            [*entry.formula.write_steps(write), write(entry.formula.value)],
        )
        for entry in ledger.entries
    ]


def _write_symbol(symbol: str, name: str) -> str:
    """Write `AI@.l0` of the layer `h` as `AI_h.l0`, as `explain --backward` does."""
    letters, _, part = symbol.partition("@")
    return f"{letters}_{name}{part}" if letters else ""


def _make_line(symbol: str, place: Place, parts: list[str]) -> WorkingLine:
    return WorkingLine(symbol, tuple(at + 1 for at in place), _join_steps(parts))


def _join_steps(parts: list[str]) -> str:
    """Join equal values; a step that says the same as the one before is left out."""
    different = [part for at, part in enumerate(parts) if at == 0 or part != parts[at - 1]]
    return " = ".join(different)


def _list_prelu(node: Node[Any], own: Tensors, x: Map, write: WriteNumber) -> Iterator[str]:
    for slope, v in zip(list_slopes(node, own), x.numbers, strict=True):
        yield write(v) if v >= 0 else f"{write(slope)} x {write(v)}"


# Layers without numbers of their own


def _list_largest(node: Node[Any], reads: list[Map], write: WriteNumber) -> Iterator[str]:
    for inside in list_windows(node, reads[0], zeros=False):
        yield f"max({', '.join(map(write, inside))})"


def _list_means(node: Node[Any], reads: list[Map], write: WriteNumber) -> Iterator[str]:
    for inside in list_windows(node, reads[0], zeros=True):
        yield f"({write_sum(inside, write)}) / {len(inside)}"


def _list_channel_means(node: Node[Any], reads: list[Map], write: WriteNumber) -> Iterator[str]:
    for channel in reads[0].split_channels():
        yield f"({write_sum(channel, write)}) / {len(channel)}"


def _list_channel_largest(node: Node[Any], reads: list[Map], write: WriteNumber) -> Iterator[str]:
    for channel in reads[0].split_channels():
        yield f"max({', '.join(map(write, channel))})"


def _list_added(node: Node[Any], reads: list[Map], write: WriteNumber) -> Iterator[str]:
    for column in zip(*(x.numbers for x in reads), strict=True):
        yield write_sum(column, write)


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
    **dict.fromkeys(("maxpool", "adaptive_maxpool"), _list_largest),
    **dict.fromkeys(("avgpool", "adaptive_avgpool"), _list_means),
    "global_avgpool": _list_channel_means,
    "global_maxpool": _list_channel_largest,
    "add": _list_added,
    "mul": _list_multiplied,
    "softmax": _list_softmax,
    "logsoftmax": _list_logsoftmax,
}
"""What each unit is computed from, for the layer types that do more than move numbers."""
