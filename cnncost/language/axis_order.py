"""Inputs whose axes may stand in another order than their author meant: counted, and noted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from cnncost.layers import FAMILIES
from cnncost.shape import Shape

if TYPE_CHECKING:
    from cnncost.network import Input, Node
    from cnncost.place import Source

COLOURS = (1, 3, 4)
"""Channels of pictures: grey, RGB, RGB and alpha."""
SMALLEST = 8
"""Positions that a picture has at least, along each axis."""
SQUARE = 16
"""Channels from which a signal of as many positions may be meant as a picture."""

WINDOWS = (*FAMILIES["convolution"], *FAMILIES["pooling"])
"""Types to which the order of the axes means something."""


def input_notes(
    nodes: Sequence[Input | Node], given: Mapping[str, tuple[int, ...]], source: Source
) -> Iterator[str]:
    """A note for each input that is likely meant in another order, one line each.

    Args:
        given: the shapes that `--input` sets, by name; no name where there is one input.
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
    """The shape that the author of `x` more likely meant; None where `x` is as likely.

    Told are a batch in front of a picture, channels behind one, and a picture without them.
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
    """Neither is small, nor more than twice the other."""
    return min(extents) >= SMALLEST and max(extents) <= 2 * min(extents)


def _is_batch(n: int) -> bool:
    """Batches are powers of two, 1 among them."""
    return n & (n - 1) == 0


def _slid_over(node: Input, nodes: Sequence[Input | Node]) -> bool:
    """Whether a window slides over the input, as it is or behind layers that leave its shape."""
    reached = {node.index}
    for other in nodes:
        if other.layer is None or reached.isdisjoint(other.reads):
            continue
        if other.layer.word in WINDOWS:
            return True
        if other.output == node.output:
            reached.add(other.index)
    return False
