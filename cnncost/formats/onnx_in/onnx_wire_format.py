"""Reads the protobuf wire format only so far that a tensor's bytes can be left on the disk."""

from __future__ import annotations

from mmap import ACCESS_READ, mmap
from typing import IO

KEPT = 64 * 1024
"""Bytes; a tensor's data up to this length are kept: shapes, axes and indices are that small."""

LARGEST = 64 * 2**20
"""Bytes; no network has more than this besides its weights."""

MOST = 2_000_000
"""Fields; a network of a thousand steps has some thirty thousand."""

DEEPEST = 24
"""Graphs within graphs; real files have two or three."""

_INSIDE = {
    "model": {7: "graph", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
"""onnx.proto: the fields of each message that hold messages with tensors in them."""

_DATA = (4, 5, 6, 7, 9, 10, 11)
"""TensorProto's fields of numbers, as raw bytes or packed."""

LENGTH = 2
"""The wire type of bytes, texts and messages."""

_FIXED = {1: 8, 5: 4}
"""Bytes of the wire types of one size."""


class Broken(Exception):
    """The bytes are no protobuf message: truncated, or never one."""


def read_without_weights(file: IO[bytes]) -> bytes:
    """Read a model's bytes without the data of tensors that are longer than `KEPT`.

    Raises:
        Broken: the file is truncated, no protobuf message, or has too much besides weights.
        OSError: it cannot be read.
    """
    try:
        data = mmap(file.fileno(), 0, access=ACCESS_READ)
    except ValueError:
        raise Broken("it is empty") from None
    with data:
        thinned = _Thinner(data).thin_message((0, len(data)), "model", 0)
        if thinned is None and len(data) > LARGEST:
            raise Broken("it has more than 64 MiB besides weights")
        return data[:] if thinned is None else thinned


Bytes = mmap
Span = tuple[int, int]


class _Thinner:
    """The reading of one file."""

    def __init__(self, data: Bytes) -> None:
        self.data = data
        self.fields = 0

    def thin_message(self, span: Span, kind: str, depth: int) -> bytes | None:
        """Return the message in that span without long data; None if there is nothing to leave
        out."""
        if depth > DEEPEST:
            raise Broken("graphs nested too deeply")
        (at, end), kept = span, span[0]
        parts: list[bytes] = []
        while at < end:
            start = at
            key, at = _read_varint(self.data, at, end)
            self._count_field(key)
            if key & 7 != LENGTH:
                at = _skip_scalar(self.data, at, end, key & 7)
                continue
            length, at = _read_varint(self.data, at, end)
            stop = at + length
            if stop > end:
                raise Broken("truncated")
            thinned = self._thin_field((at, stop), (kind, key >> 3), depth)
            if thinned is not None:
                parts += [
                    self.data[kept:start],
                    _write_varint(key),
                    _write_varint(len(thinned)),
                    thinned,
                ]
                kept = stop
            at = stop
        return _join_parts([*parts, self.data[kept:end]]) if parts else None

    def _thin_field(self, span: Span, field: tuple[str, int], depth: int) -> bytes | None:
        """Return a field's new content: a thinned message, or nothing for a tensor's long data;
        None if it stays."""
        (kind, number), (start, stop) = field, span
        if number in _INSIDE[kind]:
            return self.thin_message(span, _INSIDE[kind][number], depth + 1)
        return b"" if kind == "tensor" and number in _DATA and stop - start > KEPT else None

    def _count_field(self, key: int) -> None:
        self.fields += 1
        if key < 8:
            raise Broken("a field without a number")
        if self.fields > MOST:
            raise Broken(f"more than {MOST:,} fields")


def _join_parts(parts: list[bytes]) -> bytes:
    if sum(map(len, parts)) > LARGEST:
        raise Broken("it has more than 64 MiB besides weights")
    return b"".join(parts)


def _skip_scalar(data: Bytes, at: int, end: int, wire: int) -> int:
    if wire == 0:
        return _read_varint(data, at, end)[1]
    if wire not in _FIXED:
        raise Broken(f"wire type {wire}")
    if at + _FIXED[wire] > end:
        raise Broken("truncated")
    return at + _FIXED[wire]


def _read_varint(data: Bytes, at: int, end: int) -> tuple[int, int]:
    """Read a number of seven bits per byte; returns it and where it ends."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= end:
            raise Broken("truncated")
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise Broken("a number without an end")


def _write_varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
