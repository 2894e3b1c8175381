"""Read a `.tflite` file: its main subgraph's tensors and steps, without its weights."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import prod
from mmap import ACCESS_READ, mmap
from typing import TYPE_CHECKING, NamedTuple

from cnncost.errors import CnncostError
from cnncost.formats.tflite_in.flatbuffer_tables import (
    SCALARS,
    DamagedFlatBuffer,
    FlatBuffer,
    TableView,
)
from cnncost.formats.tflite_in.tflite_schema import (
    CUSTOM,
    INTEGERS,
    LISTS,
    OPERATORS,
    OPTIONS,
    PLACEHOLDER,
    TYPES,
    NumberKind,
)

if TYPE_CHECKING:
    from pathlib import Path

IDENTIFIER = b"TFL3"
"""Bytes 4 to 8 of every file since the schema's third version (2018)."""
HINT = "write one with TFLiteConverter, or download it again"

SMALL = 64
"""Numbers that a constant has at most to be read: shapes, axes, paddings and sizes."""

Dims = tuple[int, ...]


class TfliteTensor(NamedTuple):
    """A tensor of the main subgraph; its numbers stay in the file."""

    name: str
    dims: Dims
    kind: NumberKind
    buffer: int
    """The buffer of its numbers."""
    constant: bool
    """Whether the file holds its numbers."""
    values: tuple[int, ...] | None = None
    """The whole numbers of a small constant."""
    zero_point: int = 0
    """What stands for zero, if it is quantised."""
    open_axes: tuple[int, ...] = ()
    """The axes of which the file leaves the size open."""

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return prod(self.dims)


@dataclass(frozen=True)
class TfliteStep:
    """One step: an operator with its options, over tensors by their index; -1 is none."""

    op: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: dict[str, int] = field(default_factory=dict)
    lists: dict[str, Dims] = field(default_factory=dict)
    custom: bool = False

    def find_input(self, place: int) -> int:
        """Return the tensor of an input; -1 where the step has none there."""
        return self.inputs[place] if place < len(self.inputs) else -1

    def with_outputs(self, *outputs: int) -> TfliteStep:
        """Return the step with these outputs alone."""
        return replace(self, outputs=outputs)


@dataclass(frozen=True)
class TfliteModel:
    """The main subgraph of a file."""

    tensors: tuple[TfliteTensor, ...]
    steps: tuple[TfliteStep, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    others: tuple[str, ...] = ()
    """The names of the further subgraphs."""


def load_tflite_model(path: Path, name: str) -> TfliteModel:
    """Read the main subgraph of a file; `name` stands in messages.

    Raises:
        CnncostError: it cannot be read, is no TensorFlow Lite file, or is damaged.
    """
    try:
        with path.open("rb") as file:
            head = file.read(8)
            if head[4:] != IDENTIFIER:
                raise CnncostError(f"{name}: no TensorFlow Lite file: TFL3 is not in it", HINT)
            with mmap(file.fileno(), 0, access=ACCESS_READ) as data:
                return _read_model(FlatBuffer(data).read_root())
    except OSError as error:
        raise CnncostError(f"{name}: {error.strerror or error}") from None
    except DamagedFlatBuffer as damage:
        raise CnncostError(f"{name}: a damaged TensorFlow Lite file: {damage}", HINT) from None


def _read_model(root: TableView) -> TfliteModel:
    codes = [_read_operator(code) for code in root.iterate_tables(1)]
    graphs = list(root.iterate_tables(2))
    if not graphs:
        raise DamagedFlatBuffer("it has no subgraph")
    buffers = list(root.iterate_tables(4))
    main, *others = graphs
    tensors = tuple(_read_tensor(tensor, buffers) for tensor in main.iterate_tables(0))
    steps = tuple(_read_step(step, codes, len(tensors)) for step in main.iterate_tables(3))
    ends = [_check_indices(main.read_numbers(i, "i"), len(tensors)) for i in (1, 2)]
    names = tuple(graph.read_text(4) or f"subgraph {i}" for i, graph in enumerate(others, 1))
    return TfliteModel(tensors, steps, ends[0], ends[1], names)


def _read_operator(code: TableView) -> tuple[str, bool]:
    """Return an operator's name, and whether it is a custom one."""
    old = code.read_scalar(0, "b")
    number = max(old, code.read_scalar(3, "i")) if old >= 0 else old
    if number == CUSTOM:
        return code.read_text(1) or "CUSTOM", True
    if not 0 <= number < len(OPERATORS) or number == PLACEHOLDER:
        return f"BUILTIN_{number}", False
    return OPERATORS[number], False


def _read_tensor(table: TableView, buffers: list[TableView]) -> TfliteTensor:
    dims = table.read_numbers(0, "i")
    if any(n < 0 for n in dims):
        raise DamagedFlatBuffer(f"a tensor has the shape {list(dims)}")
    number = table.read_scalar(1, "b")
    if not 0 <= number < len(TYPES):
        raise DamagedFlatBuffer(f"a tensor has the type {number}, which there is not")
    kind, buffer = TYPES[number], table.read_scalar(2, "I")
    if buffer >= len(buffers) and buffer:
        raise DamagedFlatBuffer(f"a tensor has buffer {buffer:,} of {len(buffers):,}")
    start, length = _find_data(buffers[buffer]) if buffer < len(buffers) else (0, 0)
    signature = table.read_numbers(7, "i")
    return TfliteTensor(
        table.read_text(3), dims, kind, buffer, length > 0,
        _read_values(table, start, length, kind, prod(dims)) if length else None,
        _read_zero_point(table),
        tuple(i for i, n in enumerate(signature) if n < 0 and len(signature) == len(dims)),
    )  # fmt: skip


def _find_data(buffer: TableView) -> tuple[int, int]:
    """Return where a buffer's bytes start and how many there are: in the tables, or behind them."""
    start, length = buffer.find_items(0, 1)
    if length:
        return start, length
    start, length = buffer.read_scalar(1, "Q"), buffer.read_scalar(2, "Q")
    if start > 1 and length and start + length > len(buffer.file.data):
        raise DamagedFlatBuffer(f"a buffer ends at byte {start + length:,}")
    return (start, length) if start > 1 else (0, 0)


def _read_values(
    table: TableView, start: int, length: int, kind: NumberKind, size: int
) -> tuple[int, ...] | None:
    letter = INTEGERS.get(kind.word, "f" if kind.word == "float32" else "")
    if not letter or size > SMALL:
        return None
    packed = SCALARS[letter]
    if length < size * packed.size:
        raise DamagedFlatBuffer(f"a constant of {size} numbers has {length} bytes")
    table.file.spend_bytes(size * packed.size)
    part = bytes(table.file.data[start : start + size * packed.size])
    return tuple(number for (number,) in packed.iter_unpack(part))


def _read_zero_point(table: TableView) -> int:
    quantisation = table.read_table(4)
    points = quantisation.read_numbers(3, "q") if quantisation else ()
    return points[0] if points else 0


def _read_step(table: TableView, codes: list[tuple[str, bool]], tensors: int) -> TfliteStep:
    code = table.read_scalar(0, "I")
    if code >= len(codes):
        raise DamagedFlatBuffer(f"a step has operator {code:,} of {len(codes):,}")
    op, custom = codes[code]
    inputs, outputs = (_check_indices(table.read_numbers(i, "i"), tensors) for i in (1, 2))
    given = table.read_table(4) if not custom else None
    options = {
        word: given.read_scalar(field.number, field.kind, field.default) if given else field.default
        for word, field in OPTIONS.get(op, {}).items()
        if not custom
    }
    lists = {
        word: given.read_numbers(number, "i")
        for word, number in LISTS.get(op, {}).items()
        if given is not None
    }
    return TfliteStep(op, inputs, outputs, options, lists, custom)


def _check_indices(indices: tuple[int, ...], tensors: int) -> tuple[int, ...]:
    """Return the indices of tensors as they are.

    Raises:
        DamagedFlatBuffer: there is no such tensor.
    """
    for i in indices:
        if not -1 <= i < tensors:
            raise DamagedFlatBuffer(f"it has tensor {i:,} of {tensors:,}")
    return indices
