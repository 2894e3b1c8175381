"""The protobuf wire format, read only so far that a tensor's bytes can be left on the disk."""

from __future__ import annotations

import os
from typing import IO

KEPT = 64 * 1024
"""Bytes; a tensor's data up to this length are kept: shapes, axes and indices are that small."""

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


class Broken(Exception):
    """The bytes are no protobuf message: truncated, or never one."""


def without_weights(file: IO[bytes]) -> bytes:
    """A model's bytes in which tensors longer than `KEPT` have no data; those are skipped over.

    Raises:
        Broken: the file is truncated or no protobuf message.
    """
    return _message(file, os.fstat(file.fileno()).st_size, "model", 0)


def _message(file: IO[bytes], end: int, kind: str, depth: int) -> bytes:
    """The message from here to `end`, thinned."""
    if depth > DEEPEST:
        raise Broken("graphs nested too deeply")
    inside, parts = _INSIDE[kind], []
    while file.tell() < end:
        key, raw = _varint(file)
        number, wire = key >> 3, key & 7
        if wire != 2:
            parts.append(raw + _scalar(file, wire))
            continue
        length, raw_length = _varint(file)
        stop = file.tell() + length
        if stop > end:
            raise Broken("truncated")
        if number in inside:
            child = _message(file, stop, inside[number], depth + 1)
            parts += [raw, _as_varint(len(child)), child]
        elif kind == "tensor" and number in _DATA and length > KEPT:
            file.seek(stop)
        else:
            parts += [raw, raw_length, _exactly(file, length)]
    if file.tell() != end:
        raise Broken("truncated")
    return b"".join(parts)


def _scalar(file: IO[bytes], wire: int) -> bytes:
    if wire == 0:
        return _varint(file)[1]
    if wire in (1, 5):
        return _exactly(file, 8 if wire == 1 else 4)
    raise Broken(f"wire type {wire}")


def _varint(file: IO[bytes]) -> tuple[int, bytes]:
    value, raw = 0, b""
    for shift in range(0, 70, 7):
        byte = _exactly(file, 1)
        raw += byte
        value |= (byte[0] & 127) << shift
        if byte[0] < 128:
            return value, raw
    raise Broken("a number without an end")


def _as_varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _exactly(file: IO[bytes], length: int) -> bytes:
    data = file.read(length)
    if len(data) < length:
        raise Broken("truncated")
    return data
