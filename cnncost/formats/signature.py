"""Infer the parameters of a block that is found again, and name them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from cnncost.formats.block_numbers import (
    WIDTHS,
    BlockNumber,
    NumberRule,
    derive_column,
    find_parameter,
    ratio_of,
)
from cnncost.formats.series import USUAL
from cnncost.formats.structure_pieces import PieceExpression
from cnncost.language.names import RESERVED

if TYPE_CHECKING:
    from cnncost.formats.block_numbers import Column
    from cnncost.formats.graph import Value
    from cnncost.formats.structure_pieces import Hole, StructurePiece

CHANNELS = -1
"""In place of a parameter's index: the channels that enter the block."""


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
        self.numbers = _block_numbers(rows)
        self.channels: Column = tuple(body[0].channels for body in bodies)
        self.found: list[int] = []
        """For each parameter the first number that it stands for."""
        self.named: dict[int, SignatureParameter] = {}
        """The parameters by the first number that each stands for."""
        self.leaving = self._find_leaving_width(bodies[0])
        spans = {i: text for i in range(len(self.numbers)) if (text := self._span_text(i))}
        rules = [None if i in spans else self._derive(i) for i in range(len(self.numbers))]
        self.parameters = self._name_parameters()
        self.texts = [
            spans.get(i) or (rule and self._write_expression(*rule)) for i, rule in enumerate(rules)
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

    def _derive(self, at: int) -> tuple[int, NumberRule] | None:
        """Derive a number from a parameter or from the channels that enter; None if it is the same
        in all copies."""
        number = self.numbers[at]
        if len(set(number.column)) == 1:
            return None
        known = find_parameter(number, [self.numbers[i] for i in self.found])
        if known and known[1].is_same:
            return known
        if number.kind in WIDTHS and (rule := self._derive_from_channels(at)):
            return CHANNELS, rule
        if known and (at != self.leaving or known[1].sign == "*"):
            return known
        self.found.append(at)
        return len(self.found) - 1, NumberRule()

    def _span_text(self, at: int) -> PieceExpression | None:
        """Write a slice's ends as parts of the channels that enter: `[0, channels // 2]`."""
        number = self.numbers[at]
        if len(set(number.column)) == 1 or number.kind != "span":
            return None
        parts = []
        for ends in zip(*number.column, strict=True):
            times = ratio_of(self.channels, ends)
            if not times and set(ends) != {0}:
                return None
            parts.append("0" if not times else NumberRule("//", times).write("channels"))
        return PieceExpression(f"[{', '.join(parts)}]")

    def _derive_from_channels(self, at: int) -> NumberRule | None:
        """Derive a width as a multiple or part of the channels that enter.

        The width of the block's output keeps a parameter of its own, unless it equals the
        input's: otherwise no parameter would set the widths.
        """
        column = self.numbers[at].column
        rule = None if 0 in self.channels else derive_column(column, self.channels)
        if rule is None or rule.is_same:
            return rule
        first = not any(number.kind in WIDTHS for number in self.numbers[:at])
        if self._sets_width(column) or (rule.sign == "//" and first):
            return None
        return rule

    def _sets_width(self, column: Column) -> bool:
        """Whether the output's width, if it differs from the input's, follows from this one."""
        if self.leaving is None:
            return True
        leaving = self.numbers[self.leaving].column
        return leaving != self.channels and bool(
            ratio_of(column, leaving) or ratio_of(leaving, column)
        )

    def _find_leaving_width(self, body: list[StructurePiece]) -> int | None:
        """Find the number that is the output's width: the last width in the row of layers, or in
        the row that a sum ends; None if maps are concatenated."""
        numbers = zip(self.holes, self.numbers, strict=True)
        wide = {id(p): i for i, ((p, _), one) in enumerate(numbers) if one.kind in WIDTHS}
        row = body
        while last := next((p for p in reversed(row) if p.branches or id(p) in wide), None):
            if not last.branches:
                return wide[id(last)]
            if last.word != "residual":
                return None
            row = max(last.branches, key=len)
        return None

    def _name_parameters(self) -> list[SignatureParameter]:
        """Name the parameters and order them: the output's width, other widths, the rest."""
        kinds = Counter(self.numbers[at].kind for at in self.found)
        first = self._leaving_parameter() if self.leaving is not None else None
        taken: set[str] = set()
        for at in sorted(self.found, key=lambda at: at != first):
            kind = self.numbers[at].kind
            about = "" if at == first or kinds[kind] == 1 else self._subject_of(at)
            name = f"{about}_{kind}" if about else kind
            name = _free_parameter_name(
                f"{name}_" if name in (*RESERVED, "channels", "input") else name, taken
            )
            taken.add(name)
            self.named[at] = SignatureParameter(name, kind, self.numbers[at].column)
        order = sorted(
            self.found, key=lambda at: (at != first, self.numbers[at].kind not in WIDTHS)
        )
        return [self.named[at] for at in order]

    def _leaving_parameter(self) -> int | None:
        """Find the parameter that the output's width equals or is a multiple of."""
        leaving = self.numbers[self.leaving or 0].column
        widths = [at for at in self.found if self.numbers[at].kind in WIDTHS]
        return next((at for at in widths if ratio_of(leaving, self.numbers[at].column)), None)

    def _subject_of(self, at: int) -> str:
        """Return what a number is about: its layer's name, or the block that it is given to."""
        piece = self.holes[at][0]
        return piece.label or (piece.word if piece.kinds and "_" not in piece.word else "")

    def _write_expression(self, parameter: int, rule: NumberRule) -> PieceExpression:
        named = parameter != CHANNELS
        return PieceExpression(
            rule.write(self.named[self.found[parameter]].name if named else "channels")
        )


def _block_numbers(rows: list[list[Hole]]) -> list[BlockNumber]:
    """Put the numbers of copies together; each copy is a row of them."""
    lines = {id(piece): line for line, (piece, _) in enumerate(rows[0])}
    found = []
    for column in zip(*rows, strict=True):
        piece, key = column[0]
        values = tuple(p.args[k] for p, k in column)
        found.append(BlockNumber(piece.kinds.get(key, key), lines[id(piece)], values))
    return found


def _free_parameter_name(name: str, taken: set[str]) -> str:
    return next(n for i in range(1, 999) if (n := name if i == 1 else f"{name}{i}") not in taken)
