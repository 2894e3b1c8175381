"""Infer a block's parameters: the numbers its copies differ in, and which follow from others."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from cnncost.formats.series import USUAL
from cnncost.formats.structure_pieces import PieceExpression
from cnncost.language.names import RESERVED

if TYPE_CHECKING:
    from cnncost.formats.graph import Value
    from cnncost.formats.structure_pieces import Hole, StructurePiece

    Column = tuple[Value, ...]
    """A number's values, one for each copy."""

WIDTHS = ("filters", "units", "features")
"""Fields that say how wide a layer is."""

FACTORS = range(2, 9)
"""The factors by which one width may be written as a multiple or part of another."""


class SignatureParameter(NamedTuple):
    """A number that each call gives."""

    name: str
    kind: str
    """The field of a layer that the number goes into."""
    column: Column


class Signature:
    """The parameters of a block, and the expression that stands for each of its numbers."""

    def __init__(self, bodies: list[list[StructurePiece]]) -> None:
        rows = [[hole for piece in body for hole in piece.list_holes()] for body in bodies]
        self.holes: list[Hole] = rows[0]
        self.columns: list[Column] = [
            tuple(p.args[key] for p, key in column) for column in zip(*rows, strict=True)
        ]
        self.channels: Column = tuple(body[0].channels for body in bodies)
        self.found: list[tuple[int, str]] = []
        """For each parameter the first number that it stands for, and its kind."""
        self.named: dict[int, SignatureParameter] = {}
        """The parameters by the first number that each stands for."""
        self.leaving = self._find_leaving_width(bodies[0])
        spans = {i: text for i in range(len(self.columns)) if (text := self._span_text(i))}
        texts = [None if i in spans else self._derive_text(i) for i in range(len(self.columns))]
        self.parameters = self._name_parameters()
        self.texts = [
            spans.get(i) or (text and self._write_expression(text)) for i, text in enumerate(texts)
        ]
        """The expression for each number; None if it is the same in all copies."""

    def default_values(self) -> dict[str, Value]:
        """Choose the parameters' defaults: what is usual, or what at least half of calls give."""
        found: dict[str, Value] = {}
        for parameter in self.parameters:
            usual, column = USUAL.get(parameter.kind), len(parameter.column)
            value, times = Counter(parameter.column).most_common(1)[0]
            if usual in parameter.column:
                found[parameter.name] = usual
            elif parameter.kind == "kernel" and type(value) is int and 2 * times >= column:
                found[parameter.name] = value
        return found

    def _derive_text(self, at: int) -> tuple[int, str, int] | None:
        """Derive a number from a parameter (-1: the channels that enter), times or divided by a
        factor; None if it is the same in all copies."""
        column = self.columns[at]
        if len(set(column)) == 1:
            return None
        kind = self._kind_of(at)
        same = [
            number
            for number, (place, _) in enumerate(self.found)
            if self._is_same_number(at, place)
        ]
        if same:
            return same[0], "*", 1
        if kind in WIDTHS and (text := self._derive_from_channels(at)):
            return text
        for number, (place, other) in enumerate(self.found):
            if kind == other in WIDTHS and (t := _ratio_of(column, self.columns[place])) in FACTORS:
                return number, "*", t
            if (kind, other) == ("padding", "kernel") and self._is_half_kernel(at, place):
                return number, "//", 2  # what keeps the size of the map
        self.found.append((at, kind))
        return len(self.found) - 1, "*", 1

    def _span_text(self, at: int) -> PieceExpression | None:
        """Write a slice's ends as parts of the channels that enter: `[0, channels // 2]`."""
        column = self.columns[at]
        if len(set(column)) == 1 or self._kind_of(at) != "span":
            return None
        parts = []
        for ends in zip(*column, strict=True):
            times = _ratio_of(self.channels, ends)
            if not times and set(ends) != {0}:
                return None
            parts.append("0" if not times else "channels" if times == 1 else f"channels // {times}")
        return PieceExpression(f"[{', '.join(parts)}]")

    def _derive_from_channels(self, at: int) -> tuple[int, str, int] | None:
        """Derive a width as a multiple or part of the channels that enter.

        The width of the block's output keeps a parameter of its own, unless it equals the
        input's: otherwise no parameter would set the widths.
        """
        column = self.columns[at]
        if 0 in self.channels:
            return None
        if column == self.channels:
            return -1, "*", 1
        if self._sets_width(column):
            return None
        times = _ratio_of(column, self.channels)
        if times in FACTORS:
            return -1, "*", times
        parts = _ratio_of(self.channels, column)
        first = not any(self._kind_of(i) in WIDTHS for i in range(at))
        return (-1, "//", parts) if parts in FACTORS and not first else None

    def _sets_width(self, column: Column) -> bool:
        """Whether the output's width, if it differs from the input's, follows from this one."""
        if self.leaving is None:
            return True
        leaving = self.columns[self.leaving]
        return leaving != self.channels and bool(
            _ratio_of(column, leaving) or _ratio_of(leaving, column)
        )

    def _find_leaving_width(self, body: list[StructurePiece]) -> int | None:
        """Find the number that is the output's width: the last width in the row of layers, or in
        the row that a sum ends; None if maps are concatenated."""
        wide = {id(p): i for i, (p, _) in enumerate(self.holes) if self._kind_of(i) in WIDTHS}
        row = body
        while last := next((p for p in reversed(row) if p.branches or id(p) in wide), None):
            if not last.branches:
                return wide[id(last)]
            if last.word != "residual":
                return None
            row = max(last.branches, key=len)
        return None

    def _kind_of(self, at: int) -> str:
        piece, key = self.holes[at]
        return piece.kinds.get(key, key)

    def _is_same_number(self, a: int, b: int) -> bool:
        return self._kind_of(a) == self._kind_of(b) and self.columns[a] == self.columns[b]

    def _is_half_kernel(self, at: int, kernel: int) -> bool:
        """Whether a padding is half of the kernel of its own layer."""
        if self.holes[at][0] is not self.holes[kernel][0]:
            return False
        pairs = zip(self.columns[at], self.columns[kernel], strict=True)
        return all(type(p) is int and type(k) is int and p == k // 2 for p, k in pairs)

    def _name_parameters(self) -> list[SignatureParameter]:
        """Name the parameters and order them: the output's width, other widths, the rest."""
        kinds = Counter(kind for _, kind in self.found)
        first = self._leaving_parameter() if self.leaving is not None else None
        taken: set[str] = set()
        for at, kind in sorted(self.found, key=lambda pair: pair[0] != first):
            about = "" if at == first or kinds[kind] == 1 else self._subject_of(at)
            name = f"{about}_{kind}" if about else kind
            name = _free_parameter_name(
                f"{name}_" if name in (*RESERVED, "channels", "input") else name, taken
            )
            taken.add(name)
            self.named[at] = SignatureParameter(name, kind, self.columns[at])
        order = sorted(self.found, key=lambda pair: (pair[0] != first, pair[1] not in WIDTHS))
        return [self.named[at] for at, _ in order]

    def _leaving_parameter(self) -> int | None:
        """Find the parameter that the output's width equals or is a multiple of."""
        leaving = self.columns[self.leaving or 0]
        widths = [at for at, kind in self.found if kind in WIDTHS]
        return next((at for at in widths if _ratio_of(leaving, self.columns[at])), None)

    def _subject_of(self, at: int) -> str:
        """Return what a number is about: its layer's name, or the block that it is given to."""
        piece = self.holes[at][0]
        return piece.label or (piece.word if piece.kinds and "_" not in piece.word else "")

    def _write_expression(self, text: tuple[int, str, int]) -> PieceExpression:
        number, sign, times = text
        name = "channels" if number < 0 else self.named[self.found[number][0]].name
        if times == 1:
            return PieceExpression(name)
        return PieceExpression(f"{times} * {name}" if sign == "*" else f"{name} // {times}")


def _ratio_of(column: Column, base: Column) -> int:
    """Return the factor by which the column is a multiple of the base in all copies, else 0."""
    first, unit = column[0], base[0]
    if column == base:
        return 1
    if type(first) is not int or type(unit) is not int or unit == 0 or first % unit:
        return 0
    times = first // unit
    pairs = zip(column, base, strict=True)
    same = all(type(c) is int and type(b) is int and c == times * b for c, b in pairs)
    return times if same else 0


def _free_parameter_name(name: str, taken: set[str]) -> str:
    return next(n for i in range(1, 999) if (n := name if i == 1 else f"{name}{i}") not in taken)
