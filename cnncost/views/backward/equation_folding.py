"""Long equations on several lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple
from unicodedata import combining

INDENT = " " * 4

SIGNS = {sign for signs in ("+−-∘/", "∗⋆·", ("o", "*", "(*)", ".")) for sign in signs}
"""The signs before which an equation may be broken, unless options in brackets follow."""


class Measure(NamedTuple):
    """Measures how wide a piece of an equation is, and says before which words it may be broken."""

    width: Callable[[str], float]
    breaks: Callable[[str], bool]


def fold_equation(summands: Sequence[str], room: float, measure: Measure) -> list[str]:
    """Break an equation's summands, each with its sign, into lines that are as wide as `room`.

    A summand that fits on a line stays whole. A longer one is broken before its signs, and a
    piece that is still too long at its blanks.
    """
    lines = [""]
    for summand in summands:
        whole = len(INDENT) + measure.width(summand) <= room
        for piece in [summand] if whole else _break_summand(summand, room - len(INDENT), measure):
            _append_piece(lines, piece, room, measure)
    return lines


def _append_piece(lines: list[str], piece: str, room: float, measure: Measure) -> None:
    if not lines[-1]:
        lines[-1] = piece
    elif measure.width(lines[-1]) + 1 + measure.width(piece) <= room:
        lines[-1] += f" {piece}"
    else:
        lines.append(INDENT + piece)


def _break_summand(summand: str, room: float, measure: Measure) -> list[str]:
    pieces: list[str] = []
    for word in summand.split(" "):
        wider = bool(pieces) and measure.width(pieces[-1]) + 1 + measure.width(word) > room
        if not pieces or wider or measure.breaks(word):
            pieces.append(word)
        else:
            pieces[-1] += f" {word}"
    return pieces


def text_width(text: str) -> int:
    """Count the columns that a text takes; a bar stands above its letter and takes none."""
    return sum(not combining(character) for character in text)


PLAIN = Measure(text_width, lambda word: word.partition("[")[0] in SIGNS)
"""Measures text in columns of a terminal."""
