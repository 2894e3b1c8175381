"""A network's inputs: one shape, or several by name, which may be set from outside."""

from __future__ import annotations

from collections.abc import Mapping

from cnncost.errors import CnncostError, quote_text
from cnncost.language.entries import plain_value
from cnncost.language.frame import Frame
from cnncost.language.names import Names, check_name
from cnncost.language.nodes import Node, Pairs
from cnncost.language.problems import Problems
from cnncost.language.values import BoundValue
from cnncost.network import LARGEST, NetworkBuilder
from cnncost.shape import Shape


class InputReader:
    """Reads the inputs into a network and the outermost frame."""

    def __init__(self, builder: NetworkBuilder, problems: Problems, frame: Frame) -> None:
        self.builder = builder
        self.problems = problems
        self.frame = frame

    def read_inputs(self, node: Node, given: Mapping[str, tuple[int, ...]]) -> None:
        """Add the inputs; `given` shapes stand in for the file's, by name.

        Raises:
            CnncostError: a shape is given for an input that the spec has not.
        """
        if isinstance(node, Pairs):
            self._read_named_inputs(node, given)
        else:
            self._read_single_input(node, given)

    def _read_single_input(self, node: Node, given: Mapping[str, tuple[int, ...]]) -> None:
        for name in given:
            if name:
                raise CnncostError(
                    f"--input: {self.problems.source.name} has no input called {name!r}",
                    "it has one input: --input 3x224x224",
                )
        shape = self._read_shape(node, given.get(""))
        self.frame.env["channels"] = BoundValue(shape.channels) if shape else None
        if shape:
            self.frame.entering = self.builder.add_input("input", shape, node.place)

    def _read_named_inputs(self, node: Pairs, given: Mapping[str, tuple[int, ...]]) -> None:
        names: Names = {}
        for key, value in node.pairs:
            if key.text in names:
                self.problems.add(
                    key.start, f"key {quote_text(key.text)} is given twice", "keep one"
                )
                continue
            if not check_name(self.problems, key, "an input"):
                self.frame.scope.names[key.text] = None
            else:
                names[key.text] = key.start
                shape = self._read_shape(value, given.get(key.text))
                index = self.builder.add_input(key.text, shape, value.place) if shape else None
                self.frame.scope.names[key.text] = index
        self.frame.scope.taken.update(names)
        if not names:
            self.problems.add(node.start, "input is empty", "name an input: {left: [1, 28, 28]}")
        for name in given:
            if name not in names:
                self._refuse_given(name, names)

    def _refuse_given(self, name: str, names: Names) -> None:
        self.problems.stop_if_any()  # the name may be one that was refused
        what = f"has no input called {name!r}" if name else "has several inputs"
        first = next(iter(names))
        raise CnncostError(
            f"--input: {self.problems.source.name} {what}",
            f"its inputs are {', '.join(names)}: --input {first}=3x224x224",
        )

    def _read_shape(self, node: Node, given: tuple[int, ...] | None) -> Shape | None:
        dims = given or plain_value(node, self.problems, self.frame.env)
        if isinstance(dims, tuple):
            sizes = [n for n in dims if type(n) is int and 1 <= n <= LARGEST]
            if len(sizes) == len(dims) and 1 <= len(dims) <= 4:
                return Shape(sizes[0], tuple(sizes[1:]))
        if dims is not None:
            self.problems.add(
                node.start, "input must be a list of one to four whole numbers, at least 1 each",
                "channels first, without the batch: [3, 224, 224]",
            )  # fmt: skip
        return None
