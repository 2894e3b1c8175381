"""A layer to be drawn at random: what it reads, its arguments, and a spec of it alone."""

from __future__ import annotations

from typing import Any, NamedTuple

from oracle import Arguments, Dims
from yaml_line import written


class Case(NamedTuple):
    """A layer to be: the shapes it reads and its arguments, the main one by its type's name."""

    word: str
    inputs: list[Dims]
    arguments: Arguments

    @property
    def text(self) -> str:
        """A spec of this layer alone."""
        if self.word in ("add", "mul", "concat", "matmul"):
            names = [f"in{i}" for i, _ in enumerate(self.inputs)]
            shapes = dict(zip(names, map(list, self.inputs), strict=True))
            line = {"name": "it", self.word: names, **self.arguments}
            return f"input: {written(shapes)}\nlayers:\n  - {written(line)}\n"
        line = {"name": "it", self.word: None, **self.arguments}
        return f"input: {written(list(self.inputs[0]))}\nlayers:\n  - {written(line)}\n"


def case(word: str, dims: Dims, main: Any = None, **arguments: Any) -> Case:
    return Case(word, [dims], {word: main, **arguments})
