"""Evaluate a small network with the numbers that its spec gives, without PyTorch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from cnncost.errors import CnncostError
from cnncost.quantity import format_count
from cnncost.study.run.evaluation_rules import LEARNED_RULES, RULES, evaluate_layer
from cnncost.study.run.number_map import Map

if TYPE_CHECKING:
    from cnncost.language import Spec
    from cnncost.language.carried_values import Carried
    from cnncost.network import Input, Node
    from cnncost.study.run.number_map import Number

MOST = 2_000_000
"""The most connections of a network that is run; Python computes one to five million a second."""


class EvaluationStep(NamedTuple):
    """A layer and its output."""

    node: Node
    output: Map
    reads: tuple[Map, ...] = ()
    carried: Carried | None = None
    """The numbers that its line, or its owner's, gives."""


def check_runnable(spec: Spec) -> None:
    """Refuse a network that cannot be run.

    Raises:
        CnncostError: a layer has no rule, or no numbers; or the network is too large.
    """
    used = 0
    for node in spec.network.layers:
        layer = node.layer
        at = f"{spec.text.locate_offset(node.place.start)}: {node.name}"
        known = [*LEARNED_RULES, *RULES]
        if layer.word not in known:
            told = ", ".join(word for word in known if not word.startswith("global"))
            raise CnncostError(
                f"{at}: run cannot evaluate {layer.word}", f"it evaluates {told} and the like"
            )
        if layer.by_rows and spec.written[_owner_index(node)].line.values is None:
            raise CnncostError(
                f"{at}: {layer.word} carries no numbers",
                "give it values: {weights: [[...], ...], bias: [...]}, one row a unit",
            )
        used += layer.connections(node.inputs[0], node.output)
        if used > MOST:
            raise CnncostError(
                f"{spec.name} has more than {MOST:,} connections, too many to run here",
                "cnncost convert writes it as PyTorch code",
            )


def run_network(spec: Spec, inputs: Mapping[str, Sequence[Number]]) -> list[EvaluationStep]:
    """Compute every layer's output for one example, in the order of the spec.

    Args:
        spec: a network that `check_runnable` accepts.
        inputs: the units of each input, by name: channel by channel, row by row.

    Raises:
        CnncostError: an input is missing, or its size is not the network's.
    """
    found: dict[int, Map] = {}
    for entry in spec.network.inputs:
        found[entry.index] = _fill_input(entry, inputs)
    steps: list[EvaluationStep] = []
    for node in spec.network.layers:
        reads = [found[index] for index in node.reads]
        carried = spec.written[_owner_index(node)].line.values
        try:
            found[node.index] = evaluate_layer(node, carried, reads)
        except OverflowError:
            raise CnncostError(f"{node.name}: a number beyond 1e308, too large to go on") from None
        steps.append(EvaluationStep(node, found[node.index], tuple(reads), carried))
    return steps


def _owner_index(node: Node) -> int:
    return node.index if node.shares is None else node.shares


def _fill_input(node: Input, inputs: Mapping[str, Sequence[Number]]) -> Map:
    if node.name not in inputs:
        given = ", ".join(inputs) or "none"
        raise CnncostError(f"the input {node.name} has no values", f"given are: {given}")
    numbers = tuple(inputs[node.name])
    if len(numbers) != node.output.units:
        given = format_count(len(numbers), "value does", "values do")
        due = format_count(node.output.units, "unit")
        raise CnncostError(f"{given} not fill {node.name}, which has {due} ({node.output})")
    return Map(node.output, numbers)
