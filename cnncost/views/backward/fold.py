"""Equations on as many lines as they need: broken before their signs, and never cut."""

from __future__ import annotations

from collections.abc import Sequence
from unicodedata import combining

INDENT = " " * 4

SIGNS = {sign for signs in ("+−-∘/", "∗⋆·", ("o", "*", "(*)", ".")) for sign in signs}
"""What an equation may be broken before, but for options in brackets right behind."""


def folded(summands: Sequence[str], room: int) -> list[str]:
    """An equation's summands, each with its sign, on lines of `room` characters.

    A summand that fits on a line stays whole; another is broken before its signs, and a
    piece that is longer still at its blanks.
    """
    lines = [""]
    for summand in summands:
        whole = len(INDENT) + width(summand) <= room
        for piece in [summand] if whole else _pieces(summand, room - len(INDENT)):
            _append(lines, piece, room)
    return lines


def _append(lines: list[str], piece: str, room: int) -> None:
    if not lines[-1]:
        lines[-1] = piece
    elif width(lines[-1]) + 1 + width(piece) <= room:
        lines[-1] += f" {piece}"
    else:
        lines.append(INDENT + piece)


def _pieces(summand: str, room: int) -> list[str]:
    pieces: list[str] = []
    for word in summand.split(" "):
        starts = word.partition("[")[0] in SIGNS
        if not pieces or starts or width(pieces[-1]) + 1 + width(word) > room:
            pieces.append(word)
        else:
            pieces[-1] += f" {word}"
    return pieces


def width(text: str) -> int:
    """The columns that a text takes: a bar stands above its letter."""
    return sum(not combining(character) for character in text)
