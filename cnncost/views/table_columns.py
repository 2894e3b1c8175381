"""The columns of a table: the key, the meaning, the values and the total of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cnncost.costs import Report
from cnncost.costs.rows import Row
from cnncost.errors import CnncostError, did_you_mean
from cnncost.views.amounts import AtLeast, Bytes, UnknownAmount, Value, at_least
from cnncost.views.device_columns import DEVICE_COLUMNS
from cnncost.views.table_column import Column, Total

if TYPE_CHECKING:
    from cnncost.costs.footprint import Footprints


def _count_of(quantity: str, times: int = 1) -> Callable[[Row], Value]:
    """Make a reader of one of a row's counts, which may be unknown or a lower bound."""

    def read_count(row: Row) -> Value:
        count: int = times * getattr(row, quantity)
        if not row.unknown:
            return count
        return UnknownAmount(0) if row.layer is not None else AtLeast(count)

    return read_count


def _field_of(name: str) -> Callable[[Row], Value]:
    """Make a reader of a field of the layer; several values are joined by x."""

    def read_field(row: Row) -> Value:
        held = getattr(row.layer, name, None)
        if isinstance(held, bool) or held is None:
            return None
        if isinstance(held, tuple):
            return _extents_text(held)
        return held if isinstance(held, int) else str(held)

    return read_field


def _extents_text(held: tuple[int | tuple[int, int], ...]) -> str:
    """Write extents as `11x11`; a pair that differs is written `0:1`."""
    parts = []
    for item in held:
        if isinstance(item, tuple):
            before, after = item
            parts.append(str(before) if before == after else f"{before}:{after}")
        else:
            parts.append(str(item))
    return "x".join(parts)


def _reach_of(name: str) -> Callable[[Row], Value]:
    """Make a reader of a receptive field or stride: `195x195`, several inputs joined by +, `?` if
    an operation of unknown meaning lies in between."""

    def read_reach(row: Row) -> Value:
        if row.reach is None:
            return None
        held = getattr(row.reach, name)
        if held is None:
            return "?"
        inputs = [axes for axes in held if any(extent is not None for extent in axes)]
        parts = ["x".join("-" if n is None else str(n) for n in axes) for axes in inputs]
        return "+".join(parts) or None

    return read_reach


def _part_of(name: str, kind: type[int] = int) -> Callable[[Row], Value]:
    """Make a reader of a part of the row's footprint, which may be unknown or a lower bound."""

    def read_part(row: Row) -> Value:
        if row.footprint is None:
            return None
        amount = kind(getattr(row.footprint, name))
        if not row.listed and not amount:
            return None
        if not row.unknown:
            return amount
        return UnknownAmount(0) if row.layer is not None else at_least(amount)

    return read_part


def _total_of(amount: Callable[[Footprints], int], *, activations: bool = False) -> Total:
    """Make a reader of a total of footprints, a lower bound if a layer's rules are not measured."""

    def read_total(report: Report) -> int:
        if report.footprints is None:
            return 0
        found = Bytes(amount(report.footprints))
        return at_least(found) if activations and not report.footprints.memory.complete else found

    return read_total


def _saved_bytes(found: Footprints) -> int:
    return found.memory.saved.total if found.memory.saved else 0


_ALL = (
    Column("layer", "the layer's name", lambda row: row.name),
    Column("type", "its type", lambda row: row.word),
    Column("input_shape", "what it reads, channels first", lambda row: row.inputs),
    Column("output_shape", "what it gives, channels first", lambda row: row.output),
    Column("units", "product of the output shape", lambda row: row.units, lambda r: r.totals.units),
    Column("weights", "numbers that multiply", _count_of("weights"), lambda r: r.totals.weights),
    Column("biases", "numbers that are added", _count_of("biases"), lambda r: r.totals.biases),
    Column(
        "connections",
        "uses of a weight: multiply-accumulates (MACs)",
        _count_of("connections"),
        lambda r: r.totals.connections,
    ),
    Column(
        "parameters",
        "all learned numbers, norms' too",
        _count_of("parameters"),
        lambda r: r.totals.parameters,
    ),
    Column(
        "macs",
        "connections, by another name",
        _count_of("connections"),
        lambda r: r.totals.connections,
    ),
    Column(
        "flops",
        "2 x connections",
        _count_of("connections", times=2),
        lambda r: 2 * r.totals.connections,
    ),
    Column("kernel", "extents of the window", _field_of("kernel")),
    Column("stride", "step of the window", _field_of("stride")),
    Column("padding", "zeros around the map", _field_of("padding")),
    Column("dilation", "step between the window's taps", _field_of("dilation")),
    Column("groups", "groups of channels", _field_of("groups")),
    Column("receptive_field", "input positions that one position depends on", _reach_of("field")),
    Column("effective_stride", "input positions between neighbours", _reach_of("stride")),
    Column(
        "parameter_bytes",
        "bytes of the layer's own parameters",
        _part_of("parameter_bytes", Bytes),
        _total_of(lambda found: found.memory.parameters),
    ),
    Column(
        "output_bytes",
        "bytes of its output, for the batch",
        _part_of("output_bytes", Bytes),
        right=True,
    ),
    Column(
        "live_bytes",
        "bytes alive while it runs, inference; the total is the peak",
        _part_of("live_bytes", Bytes),
        _total_of(lambda found: found.memory.inference.bytes, activations=True),
    ),
    Column(
        "backward_weights",
        "connections of the gradient of its weights",
        _part_of("backward_weights"),
        lambda r: sum(part.backward_weights for part in r.footprints.nodes) if r.footprints else 0,
    ),
    Column(
        "backward_input",
        "connections of the gradient of its input",
        _part_of("backward_input"),
        lambda r: sum(part.backward_input for part in r.footprints.nodes) if r.footprints else 0,
    ),
    Column(
        "backward_connections",
        "connections of both gradients",
        _part_of("backward_connections"),
        lambda r: r.footprints.backward if r.footprints else 0,
    ),
    Column(
        "saved_bytes",
        "bytes kept for the backward pass, where first kept",
        _part_of("saved_bytes", Bytes),
        _total_of(_saved_bytes, activations=True),
    ),
    *DEVICE_COLUMNS,
)

COLUMNS = {column.key: column for column in _ALL}
"""All columns, by key."""

REACH = ("receptive_field", "effective_stride")
"""The columns of receptive fields, which are computed only when they are asked for."""

MEMORY = ("parameter_bytes", "output_bytes", "live_bytes")
"""The columns of --memory."""

TIME = ("time",)
"""The columns of --time, which need a device."""

ROOFLINE = ("intensity", "bound", "peak_percent")
"""The columns of --roofline, which need a device with peaks."""

TRAINING = ("backward_weights", "backward_input", "saved_bytes")
"""The columns of --training."""

FOOTPRINT = (*MEMORY, *TRAINING, "backward_connections")
"""The columns that need footprints."""

CSV = ("layer", "type", "input_shape", "output_shape", "units", "weights", "biases", "connections")
"""The columns of csv and tsv, in order; further ones follow."""

TABLE = ("layer", "output_shape", "units", "weights", "connections")
"""The columns of the terminal table and of Markdown."""


def row_label(row: Row) -> str:
    """Write the layer's name for people, with a remark if its parameters are shared or frozen."""
    if row.shares:
        return f"{row.name} (= {row.shares})"
    return f"{row.name} (frozen)" if row.frozen and row.parameters else row.name


def choose_columns(keys: str) -> tuple[Column, ...]:
    """Find the columns of a comma-separated list.

    Raises:
        CnncostError: one is unknown.
    """
    chosen = []
    for key in keys.split(","):
        word = key.strip().replace("-", "_")
        if word not in COLUMNS:
            known = f"the columns are {', '.join(COLUMNS)}"
            raise CnncostError(f"unknown column {word!r}", did_you_mean(word, list(COLUMNS), known))
        chosen.append(COLUMNS[word])
    return tuple(chosen)
