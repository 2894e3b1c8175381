"""Evaluate a small network with the numbers that its spec gives, without PyTorch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

from cnncost.errors import CnncostError
from cnncost.language.carried_values import list_carried_shapes, write_carried_form
from cnncost.layers.kinds import ITSELF
from cnncost.quantity import format_count
from cnncost.study.run.evaluation_rules import EVALUATED, evaluate_layer
from cnncost.study.run.number_map import Map
from cnncost.study.run.unit_formulas import WorkingLedger

if TYPE_CHECKING:
    from cnncost.language import Spec
    from cnncost.network import Input, Node
    from cnncost.study.run.number_map import Number, Tensors

MOST = 2_000_000
"""The most connections of a network that is run; Python computes one to five million a second."""


class EvaluationStep(NamedTuple):
    """A layer and its output."""

    node: Node
    output: Map
    reads: tuple[Map, ...]
    own: Tensors
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
        if layer.word not in EVALUATED:
            raise CnncostError(
                f"{at}: run cannot evaluate {layer.word}", "nobody knows what it computes"
            )
        stood = getattr(layer, "stands_for", ITSELF)
        if stood != ITSELF:
            raise CnncostError(
                f"{at}: run cannot evaluate {stood}, which {layer.word} stands for here",
                "it evaluates the language's own types",
            )
        shapes = list_carried_shapes(layer, node)
        if shapes and spec.written[_owner_index(node)].line.values is None:
            form = write_carried_form(shapes)
            if layer.by_rows:
                form = "values: {weights: [[...], ...], bias: [...]}, one row a unit"
            raise CnncostError(f"{at}: {layer.word} carries no numbers", f"give it {form}")
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
        CnncostError: an input is missing, or its size is not the network's; a number is too
            large for floats, or no index of an embedding.
    """
    found: dict[int, Map] = {}
    for entry in spec.network.inputs:
        found[entry.index] = _fill_input(entry, inputs)
    steps: list[EvaluationStep] = []
    for node in spec.network.layers:
        reads = [found[index] for index in node.reads]
        carried = spec.written[_owner_index(node)].line.values
        own = carried.list_numbers() if carried else {}
        try:
            output = evaluate_layer(node, own, reads, WorkingLedger())
        except OverflowError:
            output = None
        if output is None or any(isinstance(v, float) and not isfinite(v) for v in output.numbers):
            raise CnncostError(f"{node.name}: a number beyond 1e308, too large to go on")
        found[node.index] = output
        steps.append(EvaluationStep(node, output, tuple(reads), own))
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
