"""Read the tables of a FlatBuffers file; every offset is checked against the file's bounds.

A file is offsets into itself: a table starts with the distance back to its vtable, which has the
place of each field in the table, or 0 where the field has its default (FlatBuffers: Internals).
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct, error
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from mmap import mmap

_OFFSET = Struct("<I")
_BACK = Struct("<i")
_SLOT = Struct("<H")

SCALARS = {kind: Struct(f"<{kind}") for kind in "?bBhHiIqQf"}
"""How numbers are kept, by the letter of `struct`."""

REPEATS = 4
"""Times that a file's bytes are read as parts of vectors at most: parts may be shared, but a
damaged file can name one long vector in a million places."""

SPARE = 2**16
"""Bytes that small files may be read beyond that."""


class DamagedFlatBuffer(Exception):
    """An offset that leads out of the file, or a vector that is longer than it."""


@dataclass
class FlatBuffer:
    """The bytes of a file, and how many bytes of vectors may still be read."""

    data: bytes | mmap
    budget: int = 0

    def __post_init__(self) -> None:
        self.budget = REPEATS * len(self.data) + SPARE

    def read_root(self) -> TableView:
        """Return the table that the file starts with."""
        return self.read_table(self.follow_offset(0))

    def read_table(self, at: int) -> TableView:
        """Return the table that starts there."""
        start = at - self.unpack_number(_BACK, at)
        size, extent = (self.unpack_number(_SLOT, start + 2 * i) for i in range(2))
        if size < 4 or size % 2 or start + size > len(self.data) or at + extent > len(self.data):
            raise DamagedFlatBuffer(f"the table at byte {at:,} has no vtable")
        return TableView(self, at, start, size)

    def unpack_number(self, kind: Struct, at: int) -> int:
        """Return the number that is kept there."""
        if at < 0:
            raise DamagedFlatBuffer(f"an offset leads to byte {at:,}")
        try:
            (number,) = kind.unpack_from(self.data, at)
        except error:
            raise DamagedFlatBuffer(
                f"an offset leads to byte {at:,}, but it has {len(self.data):,}"
            ) from None
        return int(number) if kind.format[-1] != "f" else number

    def follow_offset(self, at: int) -> int:
        """Return the place that the offset there leads to."""
        return at + self.unpack_number(_OFFSET, at)

    def find_vector(self, at: int, size: int) -> tuple[int, int]:
        """Return where the items of a vector start and how many there are, of `size` bytes each."""
        length = self.unpack_number(_OFFSET, at)
        if at + 4 + length * size > len(self.data):
            raise DamagedFlatBuffer(f"the vector at byte {at:,} has {length:,} items")
        return at + 4, length

    def spend_bytes(self, count: int) -> None:
        """Count bytes of a vector that is read."""
        self.budget -= count
        if self.budget < 0:
            raise DamagedFlatBuffer("its vectors are used again and again")


@dataclass(frozen=True)
class TableView:
    """One table; its fields are read by their number in the schema, from 0."""

    file: FlatBuffer
    at: int
    vtable: int
    vtable_size: int

    def find_field(self, field: int) -> int:
        """Return where a field lies; 0 if the table has its default."""
        slot = 4 + 2 * field
        if slot + 2 > self.vtable_size:
            return 0
        place = self.file.unpack_number(_SLOT, self.vtable + slot)
        return self.at + place if place else 0

    def read_scalar(self, field: int, kind: str, default: float = 0) -> int:
        """Return a number, kept as that letter of `struct` says."""
        at = self.find_field(field)
        return self.file.unpack_number(SCALARS[kind], at) if at else int(default)

    def read_table(self, field: int) -> TableView | None:
        """Return a table within the table; None if there is none."""
        at = self.find_field(field)
        return self.file.read_table(self.file.follow_offset(at)) if at else None

    def read_text(self, field: int) -> str:
        """Return a text; empty if there is none."""
        start, length = self.find_items(field, 1)
        self.file.spend_bytes(length)
        return bytes(self.file.data[start : start + length]).decode(errors="replace")

    def read_numbers(self, field: int, kind: str) -> tuple[int, ...]:
        """Return the numbers of a vector, kept as that letter of `struct` says."""
        size = SCALARS[kind].size
        start, length = self.find_items(field, size)
        self.file.spend_bytes(length * size)
        part = bytes(self.file.data[start : start + length * size])
        return tuple(number for (number,) in SCALARS[kind].iter_unpack(part))

    def find_items(self, field: int, size: int) -> tuple[int, int]:
        """Return where the items of a vector start and how many there are; none is read."""
        at = self.find_field(field)
        return self.file.find_vector(self.file.follow_offset(at), size) if at else (0, 0)

    def iterate_tables(self, field: int) -> Iterator[TableView]:
        """List the tables of a vector."""
        start, length = self.find_items(field, _OFFSET.size)
        self.file.spend_bytes(length * _OFFSET.size)
        for i in range(length):
            yield self.file.read_table(self.file.follow_offset(start + i * _OFFSET.size))
