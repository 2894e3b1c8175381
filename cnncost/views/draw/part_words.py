"""Words of a part: its name, what its layer does, its shape, its colour."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cnncost.layers import FAMILIES

if TYPE_CHECKING:
    from cnncost.layers import Layer
    from cnncost.views.draw.figure_parts import FigurePart

SIGNS = {"add": "+", "mul": "x", "concat": "c", "matmul": "@"}
"""What stands in the circle of a join; the legend says what a `c` is."""

FAMILY = {
    "convolution": "conv", "dense": "dense", "pooling": "pool", "attention": "attention",
    "recurrent": "attention", "embedding": "dense", "opaque": "opaque",
}  # fmt: skip
"""The colour of each family of layers; others are grey."""

SHORT = {"maxpool": "max", "avgpool": "mean", "global_avgpool": "global mean",
         "global_maxpool": "global max", "adaptive_avgpool": "mean", "adaptive_maxpool": "max",
         "conv_transpose": "up conv", "depthwise_conv": "dw conv"}  # fmt: skip


def name_colour(part: FigurePart) -> str:
    """Name the colour of a part: its kind."""
    if part.word in ("input", "block"):
        return part.word
    words = FAMILIES.items()
    return next((FAMILY.get(family, "other") for family, ws in words if part.word in ws), "other")


def list_names(part: FigurePart) -> set[str]:
    """List what a part can be called by: its own name, and those of its layers."""
    return {part.name, *(node.name for node in part.nodes)}


def short_name(part: FigurePart, *, full: bool = False) -> str:
    """Return a part's own name, empty if its type was its name; with `full`, all of its path."""
    own = part.name if full else _last_names(part.name)
    automatic = re.fullmatch(rf"{re.escape(part.word)}\d+", own) and (
        part.word != "conv" or "." in part.name
    )
    name = own if full or not automatic else ""
    return f"{name} \u00d7 {part.copies}" if part.copies > 1 else name


def _last_names(name: str) -> str:
    *before, last = name.split(".")
    return f"{before[-1]}.{last}" if last.isdigit() and before else last


def operation(part: FigurePart) -> str:
    """Say what a layer does: `3x3 conv /2`; of a block, how many layers with weights it has."""
    if part.is_block:
        return _count_layers(part)
    layer = part.head.layer
    if layer is None:
        return ""
    return f"{_kernel(layer)}{SHORT.get(layer.word, layer.word)}{_stride(layer)}"


def _count_layers(part: FigurePart) -> str:
    """Count a block's layers with weights: of each copy, if they are equal."""
    each, rest = divmod(part.weighted, part.copies)
    if part.copies > 1 and rest:
        return f"{part.weighted} layers in all"
    if each == 0:
        return ""
    each_copy = " each" if part.copies > 1 else ""
    return f"{each} layer{'' if each == 1 else 's'}{each_copy}"


def _kernel(layer: Layer) -> str:
    kernel = getattr(layer, "kernel", None)
    return "" if not kernel else "x".join(str(int(k)) for k in kernel) + " "


def _stride(layer: Layer) -> str:
    steps = tuple(int(step) for step in getattr(layer, "stride", None) or ())
    if not steps or max(steps) == 1:
        return ""
    return f" /{steps[0]}" if len(set(steps)) == 1 else " /" + "x".join(map(str, steps))


def describe_part(part: FigurePart, *, full: bool = False, short: bool = False) -> list[str]:
    """List the words of a box: its name if it has one, its operation, its shape; if it is to be
    short, no operation beside a name."""
    name = short_name(part, full=full)
    words = [name, "" if short and name else operation(part), str(part.shape)]
    return [word for word in words if word]
