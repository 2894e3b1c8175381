"""TensorFlow Lite files in the making: a FlatBuffers builder, and small models of our own.

A table's fields are written by their number in the schema; a builder that writes forwards, each
part behind what refers to it, needs no more than `struct`.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from pathlib import Path

from cnncost.formats.tflite_in.tflite_schema import OPERATORS

Field = "int | float | bool | str | bytes | Table | list[Table] | Packed"


@dataclass
class Packed:
    """A scalar of that `struct` letter, or a vector of them if it is a list."""

    kind: str
    value: object


@dataclass
class Table:
    """A table: its fields by number."""

    fields: dict[int, object] = field(default_factory=dict)


class Builder:
    """Bytes in the making; each part is written where the file ends."""

    def __init__(self) -> None:
        self.data = bytearray(b"\0\0\0\0TFL3")
        self.placed: dict[int, int] = {}
        """Where each table is: one that stands twice in a list is written once."""

    def finish(self, root: Table) -> bytes:
        self._point(0, self._table(root))
        return bytes(self.data)

    def _point(self, at: int, to: int) -> None:
        struct.pack_into("<I", self.data, at, to - at)

    def _align(self, size: int) -> None:
        self.data += b"\0" * (-len(self.data) % size)

    def _table(self, table: Table) -> int:
        """Write a table behind its vtable, and then what it refers to; where it starts."""
        self._align(8)
        numbers = max(table.fields, default=-1) + 1
        vtable = len(self.data)
        self.data += b"\0" * (4 + 2 * numbers)
        self._align(8)
        start = len(self.data)
        self.data += struct.pack("<i", start - vtable)
        places = {}
        for number, value in table.fields.items():
            scalar = isinstance(value, Packed) and not isinstance(value.value, list)
            kind = value.kind if scalar else "I"  # type: ignore[attr-defined]
            self._align(struct.calcsize(kind))
            places[number] = len(self.data)
            self.data += struct.pack(f"<{kind}", value.value if scalar else 0)  # type: ignore[attr-defined]
        struct.pack_into("<HH", self.data, vtable, 4 + 2 * numbers, len(self.data) - start)
        for number, at in places.items():
            struct.pack_into("<H", self.data, vtable + 4 + 2 * number, at - start)
            self._refer(at, table.fields[number])
        return start

    def _refer(self, at: int, value: object) -> None:
        """Write what a field refers to, if it is no scalar."""
        if isinstance(value, Table):
            self._point(at, self._table(value))
        elif isinstance(value, str | bytes):
            self._vector(at, "B", list(value.encode() if isinstance(value, str) else value))
        elif isinstance(value, list):
            start = self._vector(at, "I", [0] * len(value))
            for i, part in enumerate(value):
                if self.placed.get(id(part), 0) < start:  # offsets lead forwards only
                    self.placed[id(part)] = self._table(part)
                self._point(start + 4 * i, self.placed[id(part)])
        elif isinstance(value, Packed) and isinstance(value.value, list):
            self._vector(at, value.kind, value.value)

    def _vector(self, at: int, kind: str, items: list[int]) -> int:
        """Write a vector; where its items start."""
        self._align(8)
        self.data += b"\0" * 4  # so that the items are aligned to eight bytes
        self._point(at, len(self.data))
        self.data += struct.pack(f"<I{len(items)}{kind}", len(items), *items)
        return len(self.data) - len(items) * struct.calcsize(kind)


KINDS = ("float32", "float16", "int32", "uint8", "int64", "string", "bool", "int16", "", "int8",
         "", "", "", "", "", "", "", "int4")  # fmt: skip
SIZES = {"float32": 4, "int32": 4, "uint8": 1, "int64": 8, "int16": 2, "int8": 1, "float16": 2}
LETTERS = {"int32": "i", "int64": "q", "int16": "h", "int8": "b", "uint8": "B", "float32": "f"}


def integers(*values: int) -> Packed:
    return Packed("i", list(values))


@dataclass
class Model:
    """A model of one subgraph: tensors and steps in order, by index."""

    kind: str = "float32"
    tensors: list[Table] = field(default_factory=list)
    buffers: list[Table] = field(default_factory=lambda: [Table()])
    codes: list[Table] = field(default_factory=list)
    steps: list[Table] = field(default_factory=list)
    inputs: list[int] = field(default_factory=list)
    shapes: list[tuple[int, ...]] = field(default_factory=list)

    def tensor(
        self, *shape: int, kind: str = "", buffer: int = 0, name: str = "", zero: int = 0,
        signature: Sequence[int] = (),
    ) -> int:  # fmt: skip
        """Add an activation, or a constant over a buffer; its index."""
        fields: dict[int, object] = {
            0: integers(*shape), 1: Packed("b", KINDS.index(kind or self.kind)),
            2: Packed("I", buffer), 3: name,
        }  # fmt: skip
        if zero:
            fields[4] = Table({3: Packed("q", [zero])})
        if signature:
            fields[7] = integers(*signature)
        self.tensors.append(Table(fields))
        self.shapes.append(shape)
        return len(self.tensors) - 1

    def input(self, *shape: int, **more: object) -> int:
        index = self.tensor(*shape, **more)  # type: ignore[arg-type]
        self.inputs.append(index)
        return index

    def weights(self, *shape: int, kind: str = "", buffer: int = 0) -> int:
        """Add a constant of zeros; of a buffer of its own unless one is given."""
        word = kind or self.kind
        size = -(-prod(shape) // 2) if word == "int4" else prod(shape) * SIZES[word]
        return self.tensor(*shape, kind=kind, buffer=buffer or self.buffer(bytes(size)))

    def numbers(self, *values: float, kind: str = "int32", zero: int = 0) -> int:
        """Add a constant of these numbers."""
        data = struct.pack(f"<{len(values)}{LETTERS[kind]}", *values)
        return self.tensor(len(values), kind=kind, buffer=self.buffer(data), zero=zero)

    def buffer(self, data: bytes) -> int:
        self.buffers.append(Table({0: data}))
        return len(self.buffers) - 1

    def step(
        self, op: str, inputs: Sequence[int], *shape: int, name: str = "", kind: str = "",
        custom: bool = False, outputs: Sequence[int] = (),
        options: Mapping[int, object] | None = None,
    ) -> int:  # fmt: skip
        """Add a step that makes a tensor of that shape; the tensor's index."""
        made = list(outputs) or [self.tensor(*shape, name=name, kind=kind)]
        number = 32 if custom else OPERATORS.index(op)
        code: dict[int, object] = {0: Packed("b", min(number, 127)), 3: Packed("i", number)}
        self.codes.append(Table({**code, **({1: op} if custom else {})}))
        fields: dict[int, object] = {
            0: Packed("I", len(self.codes) - 1), 1: integers(*inputs), 2: integers(*made),
        }  # fmt: skip
        if options is not None:
            fields[3], fields[4] = Packed("B", 1), Table(dict(options))
        self.steps.append(Table(fields))
        return made[0]

    def subgraph(self, *outputs: int, name: str = "main") -> Table:
        ends = {1: integers(*self.inputs), 2: integers(*outputs)}
        return Table({0: self.tensors, **ends, 3: self.steps, 4: name})

    def data(self, *outputs: int, others: Sequence[str] = ()) -> bytes:
        """The bytes of the file, with further subgraphs of these names, which have no steps."""
        more = [Table({0: [], 1: integers(), 2: integers(), 3: [], 4: name}) for name in others]
        last = outputs or (len(self.tensors) - 1,)
        graphs = [self.subgraph(*last), *more]
        root = {0: Packed("I", 3), 1: self.codes, 2: graphs, 3: "made here", 4: self.buffers}
        return Builder().finish(Table(root))

    def save(self, folder: Path, *outputs: int, others: Sequence[str] = ()) -> Path:
        path = folder / "net.tflite"
        path.write_bytes(self.data(*outputs, others=others))
        return path


def numbers(**values: int) -> dict[int, object]:
    """Options by field, as `_0=1` for a whole number and `b_0=1` for a byte."""
    return {
        int(word.rpartition("_")[2]): Packed(word.rpartition("_")[0] or "i", value)
        for word, value in values.items()
    }


SAME, VALID = 0, 1


def window(
    padding: int = SAME, stride: tuple[int, int] = (1, 1), activation: int = 0
) -> dict[int, object]:
    """Options of CONV_2D; stride is height by width."""
    return numbers(b_0=padding, _1=stride[1], _2=stride[0], b_3=activation)


def quantised(model: Model, bias: str = "int32") -> int:
    """A small network with PAD, two convolutions, a pool and a dense layer; its output."""
    x = model.input(1, 9, 7, 3)
    padded = model.step("PAD", [x, model.tensor(
        4, 2, kind="int32", buffer=model.buffer(struct.pack("<8i", 0, 0, 1, 1, 0, 1, 0, 0))
    )], 1, 11, 8, 3)  # fmt: skip
    y = model.step(
        "CONV_2D", [padded, model.weights(8, 3, 3, 3), model.weights(8, kind=bias)], 1, 5, 3, 8,
        name="stem/Relu6;stem/conv/Conv2D", options=window(VALID, (2, 2), 3),
    )  # fmt: skip
    y = model.step(
        "DEPTHWISE_CONV_2D", [y, model.weights(1, 3, 3, 16), model.weights(16, kind=bias)],
        1, 5, 3, 16, options=numbers(b_0=SAME, _1=1, _2=1, _3=2, b_4=1),
    )  # fmt: skip
    y = model.step("MEAN", [y, model.numbers(1, 2)], 1, 16, options=numbers(b_0=0))
    return model.step(
        "FULLY_CONNECTED", [y, model.weights(10, 16), model.weights(10, kind=bias)], 1, 10,
        options={},
    )  # fmt: skip


def keywords() -> bytes:
    """A network for keywords in int8, as converters write one: ten classes of a second's sound."""
    model = Model("int8")
    y, channels = model.input(1, 49, 10, 1, name="sound"), 48
    y = model.step(
        "CONV_2D",
        [y, model.weights(channels, 10, 4, 1), model.weights(channels, kind="int32")],
        1, 25, 5, channels, name="stem/Relu;stem/Conv2D", options=window(SAME, (2, 2), 1),
    )  # fmt: skip
    for block in ("a", "b", "c"):
        y = model.step(
            "DEPTHWISE_CONV_2D",
            [y, model.weights(1, 3, 3, channels), model.weights(channels, kind="int32")],
            1, 25, 5, channels, name=f"{block}/depthwise/Relu;{block}/depthwise",
            options=numbers(b_0=SAME, _1=1, _2=1, _3=1, b_4=1),
        )  # fmt: skip
        wide = [model.weights(64, 1, 1, channels), model.weights(64, kind="int32")]
        y, channels = model.step(
            "CONV_2D", [y, *wide], 1, 25, 5, 64, name=f"{block}/Relu;{block}/Conv2D",
            options=window(SAME, (1, 1), 1),
        ), 64  # fmt: skip
    y = model.step("MEAN", [y, model.numbers(1, 2)], 1, 64, options=numbers(b_0=0))
    dense = [y, model.weights(10, 64), model.weights(10, kind="int32")]
    y = model.step("FULLY_CONNECTED", dense, 1, 10, name="classes", options={})
    return model.data(model.step("SOFTMAX", [y], 1, 10, options={}))
