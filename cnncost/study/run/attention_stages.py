"""Attention, stage by stage: queries, keys and values, scores, their softmax, heads, output."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cnncost.study.run.number_map import Map, Number, Tensors, list_places, split_rows
from cnncost.study.run.unit_formulas import UnitSum, Worked, WorkingLedger, WriteNumber

if TYPE_CHECKING:
    from cnncost.layers.attention import Attention
    from cnncost.network import Node

Rows = list[tuple[Number, ...]]
"""One row per channel, one number per position."""


def evaluate_attention(
    node: Node[Attention], own: Tensors, reads: list[Map], ledger: WorkingLedger
) -> Map:
    """H = V softmax(Kᵀ Q / √d), head by head; y = WO H + bO (Vaswani et al. 2017, sec. 3.2)."""
    layer, (x,) = node.layer, reads
    places = list_places(x.shape.extents)
    columns: Rows = x.split_columns()
    weights, biases = split_rows(own["in_proj_weight"], x.shape.channels), own.get("in_proj_bias")
    ends = [0, layer.dim, layer.dim + layer.kv_dim, layer.dim + 2 * layer.kv_dim]
    stages = [
        _project(letter, weights[start:end], biases and biases[start:end], columns, places, ledger)
        for letter, start, end in zip("QKV", ends, ends[1:], strict=False)
    ]
    heard = _hear_heads(layer, stages, places, ledger)
    rows = split_rows(own["out_proj.weight"], layer.dim)
    heads: Rows = list(zip(*heard, strict=True))
    found = _project("", rows, own.get("out_proj.bias"), heads, places, ledger)
    return Map(node.output, tuple(number for row in found for number in row))


def _project(
    letter: str,
    weights: Rows,
    biases: tuple[Number, ...] | None,
    columns: Rows,
    places: list[tuple[int, ...]],
    ledger: WorkingLedger,
) -> Rows:
    """Compute W x + b of each channel at each position."""
    found = []
    for channel, row in enumerate(weights):
        added = (biases[channel],) if biases else ()
        sums = [UnitSum(tuple(zip(row, column, strict=True)), added) for column in columns]
        entered = zip(places, sums, strict=True)
        symbol = f"{letter}@" if letter else ""
        found.append(tuple(ledger.enter(symbol, (channel, *p), one) for p, one in entered))
    return found


def _hear_heads(
    layer: Attention, stages: list[Rows], places: list[tuple[int, ...]], ledger: WorkingLedger
) -> Rows:
    """Compute what each head hears at each position: values, each times its share."""
    width, heads = layer.dim // layer.heads, range(layer.heads)
    queries, keys, values = stages
    found: Rows = []
    for head in heads:
        shared = head * layer.kv_heads // layer.heads
        own = slice(head * width, (head + 1) * width)
        others = slice(shared * width, (shared + 1) * width)
        columns = list(zip(*queries[own], strict=True))
        read = list(zip(*keys[others], strict=True))
        shares = [_share_query(head, at, query, read, ledger) for at, query in enumerate(columns)]
        for channel, row in enumerate(values[others], start=head * width):
            sums = [UnitSum(tuple(zip(row, share, strict=True))) for share in shares]
            entered = zip(places, sums, strict=True)
            found.append(tuple(ledger.enter("H@", (channel, *p), one) for p, one in entered))
    return found


def _share_query(
    head: int, at: int, query: tuple[Number, ...], keys: Rows, ledger: WorkingLedger
) -> list[Number]:
    """Compute what share of a query's attention each key has."""
    scores = [
        ledger.enter("S@", (head, key, at), _score(query, row)) for key, row in enumerate(keys)
    ]
    formulas = enumerate(list_softmax(scores))
    return [ledger.enter("A@", (head, key, at), one) for key, one in formulas]


def _score(query: tuple[Number, ...], key: tuple[Number, ...]) -> Worked:
    products = UnitSum(tuple(zip(key, query, strict=True)))
    width = len(query)

    def write_steps(write: WriteNumber) -> list[str]:
        steps = products.write_steps(write)
        if width > 1:
            steps = [*(f"({step})" for step in steps), write(products.value)]
        return [f"{step} / sqrt({width})" for step in steps]

    return Worked(products.value / math.sqrt(width), write_steps)


def list_softmax(column: list[Number]) -> Iterator[Worked]:
    """List e^x / sum e^x of each number, from the largest down so that nothing overflows."""
    top = max(column)
    powers = [math.exp(v - top) for v in column]
    for at, power in enumerate(powers):

        def write_steps(write: WriteNumber, at: int = at) -> list[str]:
            texts = [f"exp({write(v)})" for v in column]
            return [f"{texts[at]} / ({' + '.join(texts)})"]

        yield Worked(power / sum(powers), write_steps)
