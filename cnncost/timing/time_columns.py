"""The figures of a layer that time is linear in: for each its meaning, and how often it is paid."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import NamedTuple

from cnncost.costs import Convention, LayerCount
from cnncost.costs.count import count_layer
from cnncost.costs.memory.traits import Makes, find_traits
from cnncost.network import Network, Node


def _pay_once(batch: int) -> int:
    return 1


def _pay_but_first(batch: int) -> int:
    return batch - 1


class TimeColumn(NamedTuple):
    """One figure of a layer that a device may have a cost for."""

    key: str
    text: str
    amount: Callable[[LayerCount], int]
    paid: Callable[[int], int] = lambda batch: batch
    """How often it is paid in a run of a batch; once per example if nothing else is said."""


def _count_depthwise(count: LayerCount) -> int:
    """Connections of a convolution whose filters see one channel each: a weight is used once for
    each number read, so it runs slower than a convolution that mixes channels."""
    channels = count.node.inputs[0].channels
    groups = getattr(count.node.layer, "groups", 1)
    depthwise = count.word == "depthwise_conv" or (groups == channels and channels > 1)
    return count.connections if depthwise else 0


def _count_window_reads(row: LayerCount) -> int:
    """Numbers that a pool's windows read, or a local response norm's: overlapping windows read a
    number several times, without the speed of a product of matrices."""
    layer = row.node.layer
    if row.word == "lrn":
        return row.units * int(getattr(layer, "size", 1))
    window = () if row.counted else getattr(layer, "kernel", ())
    return row.units * prod(window) if window else 0


def makes_output(node: Node) -> bool:
    """Whether a layer writes numbers in inference; a view, such as a flatten, does not."""
    return find_traits(node).makes not in (Makes.VIEW, Makes.VIEW_IN_INFERENCE)


_ALL = (
    TimeColumn("connections", "multiply-accumulates", lambda row: row.connections),
    TimeColumn(
        "depthwise_connections", "those of depthwise convolutions, besides", _count_depthwise
    ),
    TimeColumn(
        "units",
        "outputs of the layers with weights",
        lambda row: row.units if row.counted else 0,
    ),
    TimeColumn(
        "further_units",
        "the same of all examples but the first, whose maps the caches hold no longer",
        lambda row: row.units if row.counted else 0,
        _pay_but_first,
    ),
    TimeColumn(
        "other_units",
        "outputs of layers without: norms, activations, joins, pools",
        lambda row: row.units if not row.counted and makes_output(row.node) else 0,
    ),
    TimeColumn("window_reads", "what the windows of pools and lrn read", _count_window_reads),
    TimeColumn("weights", "weights, read once per run", lambda row: row.weights, _pay_once),
    TimeColumn(
        "parameters",
        "all learned numbers, read once per run",
        lambda row: row.parameters,
        _pay_once,
    ),
    TimeColumn(
        "layers",
        "layers that compute, started once per run",
        lambda row: int(makes_output(row.node)),
        _pay_once,
    ),
)

COLUMNS = {column.key: column for column in _ALL}
"""All columns, by key. A cost table that holds them for each choice holds its time as well."""

RUN = "run"
"""The word for what a run costs besides its layers."""

TERMS = (*COLUMNS, RUN)
"""The words that a device's file has costs for."""


def count_layers(network: Network) -> tuple[LayerCount, ...]:
    """Count the layers as time sees them: biases free, connections to zero padding as others."""
    return tuple(count_layer(node, Convention()) for node in network.layers)


def sum_column(rows: tuple[LayerCount, ...], term: str) -> int:
    """Sum a column over a network's layers; `run` is 1."""
    return 1 if term == RUN else sum(COLUMNS[term].amount(row) for row in rows)


def times_paid(term: str, batch: int) -> int:
    """Return how often a term is paid in a run of a batch."""
    return 1 if term == RUN else COLUMNS[term].paid(batch)
