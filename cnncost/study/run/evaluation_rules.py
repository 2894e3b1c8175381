"""How each layer type is evaluated: one rule per type, by its word."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from cnncost.errors import CnncostError
from cnncost.study.run.attention_stages import evaluate_attention
from cnncost.study.run.moved_numbers import (
    evaluate_channel_shuffle,
    evaluate_concat,
    evaluate_crop,
    evaluate_embedding,
    evaluate_pad,
    evaluate_permute,
    evaluate_pixel_shuffle,
    evaluate_slice,
    evaluate_space_to_depth,
    keep_numbers,
)
from cnncost.study.run.norm_stages import NORMS
from cnncost.study.run.number_map import Map, Number, Tensors, list_windows, map_of_columns
from cnncost.study.run.recurrent_stages import RECURRENT
from cnncost.study.run.unit_formulas import WorkingLedger
from cnncost.study.run.unit_functions import FUNCTIONS
from cnncost.study.run.unit_sums import SUMS, Sums

if TYPE_CHECKING:
    from cnncost.layers.activation import Prelu
    from cnncost.network import Node

Rule = Callable[["Node[Any]", list[Map]], Map]  # Any: rules name their types
"""From the node and its inputs to its output."""

LearnedRule = Callable[["Node[Any]", Tensors, list[Map]], Map]  # Any: as above
"""From the node, the numbers that it carries and its inputs to its output."""

StagedRule = Callable[["Node[Any]", Tensors, list[Map], WorkingLedger], Map]  # Any: as above
"""The same, which keeps the numbers that it computes on the way."""


def _sum_rule(list_sums: Sums) -> LearnedRule:
    """Make the rule that adds up every unit's sum."""

    def rule(node: Node, own: Tensors, reads: list[Map]) -> Map:
        return Map(node.output, tuple(one.value for one in list_sums(node, own, reads)))

    return rule


def _elementwise_rule(function: Callable[[Number], Number]) -> Rule:
    """Make the rule that applies one function to every number."""

    def rule(node: Node, reads: list[Map]) -> Map:
        return Map(node.output, tuple(map(function, reads[0].numbers)))

    return rule


def evaluate_means(node: Node, reads: list[Map]) -> Map:
    """Compute the mean of each window; PyTorch's means count padding's zeros."""
    return Map(node.output, tuple(map(exact_mean, list_windows(node, reads[0], zeros=True))))


def evaluate_largest(node: Node, reads: list[Map]) -> Map:
    """Find the largest number of each window; padding never wins.

    Raises:
        CnncostError: a window lies on padding alone.
    """
    windows = list(list_windows(node, reads[0], zeros=False))
    if not all(windows):
        what = f"{node.name}: a window lies on padding alone, and has no largest number"
        raise CnncostError(what, "less padding or dilation")
    return Map(node.output, tuple(map(max, windows)))


def evaluate_softmax(node: Node, reads: list[Map]) -> Map:
    """e^x / sum e^x over the channels, from the largest down so that nothing overflows."""
    return map_of_columns(
        node.output, [_softmax_column(column) for column in reads[0].split_columns()]
    )


def _softmax_column(column: tuple[Number, ...]) -> list[Number]:
    powers = [math.exp(v - max(column)) for v in column]
    return [power / sum(powers) for power in powers]


def evaluate_logsoftmax(node: Node, reads: list[Map]) -> Map:
    """x - log sum e^x over the channels."""
    return map_of_columns(
        node.output, [_logsoftmax_column(column) for column in reads[0].split_columns()]
    )


def _logsoftmax_column(column: tuple[Number, ...]) -> list[Number]:
    top = max(column)
    log = math.log(sum(math.exp(v - top) for v in column))
    return [float(v - top) - log for v in column]


def evaluate_prelu(node: Node[Prelu], own: Tensors, reads: list[Map]) -> Map:
    """x, or its channel's slope times x below zero (He et al. 2015, sec. 2.1)."""
    slopes = list_slopes(node, own)
    pairs = zip(slopes, reads[0].numbers, strict=True)
    return Map(node.output, tuple(v if v >= 0 else slope * v for slope, v in pairs))


def list_slopes(node: Node[Prelu], own: Tensors) -> list[Number]:
    """List the slope that each unit has below zero."""
    slopes, shape = own["weight"], node.output
    by_channel = slopes * shape.channels if node.layer.shared else slopes
    return [slope for slope in by_channel for _ in range(shape.positions)]


def evaluate_add(node: Node, reads: list[Map]) -> Map:
    """Add the inputs, unit by unit."""
    columns = zip(*(x.numbers for x in reads), strict=True)
    return Map(node.output, tuple(sum(column) for column in columns))


def evaluate_mul(node: Node, reads: list[Map]) -> Map:
    """Multiply the inputs, unit by unit."""
    return Map(node.output, tuple(map(math.prod, list_factors(node, reads))))


def list_factors(node: Node, reads: list[Map]) -> list[tuple[Number, ...]]:
    """List what each unit of a product multiplies; a gate of one position works at all of them."""
    positions = node.output.positions
    whole = [
        tuple(number for number in x.numbers for _ in range(positions // x.shape.positions))
        if x.shape.positions == 1
        else x.numbers
        for x in reads
    ]
    return list(zip(*whole, strict=True))


def evaluate_global_mean(node: Node, reads: list[Map]) -> Map:
    """Compute the mean of each channel."""
    return Map(node.output, tuple(exact_mean(channel) for channel in reads[0].split_channels()))


def evaluate_global_largest(node: Node, reads: list[Map]) -> Map:
    """Find the largest number of each channel."""
    return Map(node.output, tuple(max(channel) for channel in reads[0].split_channels()))


def exact_mean(numbers: tuple[Number, ...] | list[Number]) -> Number:
    """Compute the exact mean of exact numbers."""
    total = sum(numbers)
    return total / len(numbers) if isinstance(total, float) else Fraction(total) / len(numbers)


STAGED_RULES: dict[str, StagedRule] = {
    **NORMS,
    **RECURRENT,
    "attention": evaluate_attention,
}
"""The layer types that compute other numbers on the way to their outputs."""

LEARNED_RULES: dict[str, LearnedRule] = {
    **{word: _sum_rule(sums) for word, sums in SUMS.items()},
    "embedding": evaluate_embedding,
    "prelu": evaluate_prelu,
}
"""The layer types whose outputs are computed at once from their own numbers, if they have any."""

RULES: dict[str, Rule] = {
    **dict.fromkeys(("maxpool", "adaptive_maxpool"), evaluate_largest),
    **dict.fromkeys(("avgpool", "adaptive_avgpool"), evaluate_means),
    "global_avgpool": evaluate_global_mean,
    "global_maxpool": evaluate_global_largest,
    **{word: _elementwise_rule(function) for word, function in FUNCTIONS.items()},
    "softmax": evaluate_softmax,
    "logsoftmax": evaluate_logsoftmax,
    # At inference dropout passes everything on.
    **dict.fromkeys(("identity", "dropout", "drop_path", "flatten", "reshape"), keep_numbers),
    "permute": evaluate_permute,
    "pad": evaluate_pad,
    "crop": evaluate_crop,
    "slice": evaluate_slice,
    "channel_shuffle": evaluate_channel_shuffle,
    "pixel_shuffle": evaluate_pixel_shuffle,
    "space_to_depth": evaluate_space_to_depth,
    "add": evaluate_add,
    "mul": evaluate_mul,
    "concat": evaluate_concat,
}
"""The layer types without numbers of their own."""

EVALUATED = (*STAGED_RULES, *LEARNED_RULES, *RULES)
"""All types that are evaluated: all but opaque, of which nobody knows what it computes."""


def evaluate_layer(node: Node, own: Tensors, reads: list[Map], ledger: WorkingLedger) -> Map:
    """Compute a layer's output; `own` are the numbers that its line, or its owner's, gives."""
    word = node.layer.word
    if word in STAGED_RULES:
        return STAGED_RULES[word](node, own, reads, ledger)
    if word in LEARNED_RULES:
        return LEARNED_RULES[word](node, own, reads)
    return RULES[word](node, reads)
