"""A network's inputs: one shape, or several by name; and notes on axes in an unlikely order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from cnncost.errors import CnncostError, quote_text
from cnncost.language.entries import plain_value
from cnncost.language.names import Names, check_name
from cnncost.language.nodes import Node, Pairs
from cnncost.language.problems import Problems
from cnncost.language.scope import Frame
from cnncost.language.values import BoundValue
from cnncost.layers import FAMILIES
from cnncost.network import LARGEST, NetworkBuilder
from cnncost.shape import Shape

if TYPE_CHECKING:
    from cnncost.network import Input
    from cnncost.network import Node as Layered
    from cnncost.place import Source


def unknown_input(source: str, name: str, names: Sequence[str]) -> CnncostError:
    """Make the error for a shape that is given to no input; an empty name is the only input's."""
    what = f"has no input called {name!r}" if name else "has several inputs"
    return CnncostError(
        f"--input: {source} {what}",
        f"its inputs are {', '.join(names)}: --input {names[0]}=3x224x224",
    )


class InputReader:
    """Adds the inputs to the network and to the outermost frame."""

    def __init__(self, builder: NetworkBuilder, problems: Problems, frame: Frame) -> None:
        self.builder = builder
        self.problems = problems
        self.frame = frame

    def read_inputs(self, node: Node, given: Mapping[str, tuple[int, ...]]) -> None:
        """Add the inputs; the shapes in `given`, by input name, replace those of the file.

        Raises:
            CnncostError: a shape is given for an input that the spec does not have.
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
        raise unknown_input(self.problems.source.name, name, list(names))

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


# Inputs whose axes may be meant in another order

COLOURS = (1, 3, 4)
"""How many channels pictures have: grey, RGB, RGB with alpha."""
SMALLEST = 8
"""The fewest positions of a picture along each axis."""
SQUARE = 16
"""A signal with this many channels or more, and as many positions, may be meant as a picture."""

WINDOWS = (*FAMILIES["convolution"], *FAMILIES["pooling"])
"""The layer types for which the order of the axes matters."""


def input_notes(
    nodes: Sequence[Input | Layered], given: Mapping[str, tuple[int, ...]], source: Source
) -> Iterator[str]:
    """Write a one-line note for each input whose axes are likely meant in another order.

    Args:
        given: the shapes that `--input` sets, by name; a single input has an empty name.
    """
    inputs = [node for node in nodes if node.layer is None]
    for node in inputs:
        meant = other_order(node.output)
        if meant is None or not _slid_over(node, nodes):
            continue
        name = node.name if len(inputs) > 1 else ""
        if name in given:
            equals = f"{name}=" if name else ""
            where, said = source.name, f"--input {equals}{node.output}"
            written = f"give --input {equals}{meant}"
        else:
            where, said = source.locate_offset(node.place.start), f"input {list(node.output.dims)}"
            said = said.replace("input", f"input {name}") if name else said
            written = f"write {list(meant.dims)}"
        yield f"{where}: note: {said} is read as {node.output.words}; for {meant.words} {written}"


def other_order(x: Shape) -> Shape | None:
    """Return the shape that the author of `x` more likely meant; None if `x` is as likely.

    Three cases are found: a batch before a picture, channels behind one, and a picture without
    channels.
    """
    dims = x.dims
    if len(dims) == 2 and dims[0] == dims[1] >= SQUARE:
        return Shape(1, dims)
    if len(dims) == 3 and dims[2] in COLOURS and _is_picture(dims[:2]):
        return Shape(dims[2], dims[:2])
    if len(dims) == 4 and dims[1] in (1, 3) and dims[2] == dims[3] and _is_picture(dims[2:]):
        return Shape(dims[1], dims[2:]) if _is_batch(dims[0]) else None
    if len(dims) == 4 and dims[3] in COLOURS and dims[1] == dims[2] and _is_picture(dims[1:3]):
        return Shape(dims[3], dims[1:3] if dims[0] == 1 else dims[:3])
    return None


def _is_picture(extents: tuple[int, ...]) -> bool:
    """Whether neither extent is small nor more than twice the other."""
    return min(extents) >= SMALLEST and max(extents) <= 2 * min(extents)


def _is_batch(n: int) -> bool:
    """Whether n may be a batch: those are powers of two, 1 included."""
    return n & (n - 1) == 0


def _slid_over(node: Input, nodes: Sequence[Input | Layered]) -> bool:
    """Whether a window slides over the input, directly or behind layers that keep its shape."""
    reached = {node.index}
    for other in nodes:
        if other.layer is None or reached.isdisjoint(other.reads):
            continue
        if other.layer.word in WINDOWS:
            return True
        if other.output == node.output:
            reached.add(other.index)
    return False
