"""Parts of a tensor: `x[:, 1:-1, ..., 2:4]` among a model's layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from cnncost.formats.importing import Inexpressible
from cnncost.formats.keras_in.keras_importer import KerasImporter, KerasTensor

if TYPE_CHECKING:
    from cnncost.formats.graph import Value
    from cnncost.formats.keras_in.keras_model import KerasLayer

WHOLE = slice(None)


def emit_get_item(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
    """Spans of the positions are cropped, one of the channels is sliced."""
    (x,) = reads
    rank = len(x.seen)
    spans: list[tuple[int, int]] = []
    for keras_axis, span in enumerate(_axis_slices(layer, rank), 1):
        size = x.seen[k.convert_axis(keras_axis, rank)]
        first, last, _ = span.indices(size)
        if last <= first:
            raise Inexpressible(f"nothing is left of {size}")
        spans.append((first, last))
    ours = [spans[(axis - 1) % rank if k.channels_last else axis] for axis in range(rank)]
    edges = [(a, n - b) for (a, b), n in zip(ours[1:], x.seen[1:], strict=True)]
    if any(n for pair in edges for n in pair):
        x = k.emit_layer(layer, "crop", [x], "crop", amount=cast("Value", tuple(edges)))
    if ours[0] != (0, x.seen[0]):
        x = k.emit_layer(layer, "slice", [x], span=ours[0])
    return x


def _axis_slices(layer: KerasLayer, rank: int) -> list[slice]:
    """A slice for each axis but the batch's, which must be whole.

    Raises:
        Inexpressible: an index is no slice, or has steps.
    """
    given = [*layer.config.get("arguments", ())]
    if given.count(Ellipsis) == 1:
        at = given.index(Ellipsis)
        given[at : at + 1] = [WHOLE] * (rank + 2 - len(given))
    given += [WHOLE] * (rank + 1 - len(given))
    plain = all(isinstance(one, slice) and one.step in (None, 1) for one in given)
    if len(given) != rank + 1 or not plain or given[0] != WHOLE:
        raise Inexpressible("its indices are no slices of the axes")
    return given[1:]
