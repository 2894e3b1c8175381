"""Name blocks: by what they are, if that is known, else by what their source calls them."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from cnncost.language.names import RESERVED
from cnncost.layers import FAMILIES, TYPES, layer_type

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnncost.formats.structure_pieces import StructurePiece, Window

_SHORT = {
    "batchnorm": "bn",
    "layernorm": "ln",
    "rmsnorm": "rms",
    "groupnorm": "gn",
    "instancenorm": "norm",
}

_SAYS_NOTHING = frozenset((
    *("layer", "layers", "feature", "features", "block", "blocks", "module", "stage", "body"),
    *("net", "model", "unit", "sequential", "conv", "convs", "backbone", "encoder", "decoder"),
    *("main", "op", "cell", "seq"),
))  # fmt: skip
"""Words in paths that name a place and not a thing."""


SHORTEST = 3
"""The fewest letters of a word that says something."""

_PLAIN = {"residual": "residual_block", "parallel": "branches", "densely": "dense_block"}


def name_block(body: list[StructurePiece], homes: list[str], taken: Iterable[str]) -> str:
    """Name a block that has these lines, and whose copies stood in these modules."""
    stem = _cell_name(body) or _structure_name(body) or _name_from_paths(homes)
    if not stem:
        stem = _PLAIN.get(body[0].word, "block")
    if stem in RESERVED or stem in ("channels", "input") or stem in _field_names():
        stem = f"{stem}_block"
    mark = "_" if stem[-1].isdigit() else ""
    numbered = (f"{stem}{mark}{i}" for i in range(2, 999))
    return stem if stem not in taken else next(name for name in numbered if name not in taken)


@cache
def _field_names() -> frozenset[str]:
    """List the keys of all layers: a block of such a name would look like a second layer type."""
    return frozenset(key for word in TYPES for key in layer_type(word).kinds)


def _cell_name(body: list[StructurePiece]) -> str:
    """Name a convolution with its norm and activation by their words."""
    words = [piece.word for piece in body]
    if len(words) > 3 or not all(word in TYPES for word in words):
        return ""
    if words[0] == "depthwise_conv" or body[0].args.get("groups") == "depthwise":
        words[0] = "depthwise"
    return "_".join(_SHORT.get(word, word) for word in words)


def _structure_name(body: list[StructurePiece]) -> str:
    """Return the literature's word for a block of this structure; empty if there is none."""
    first = body[0]
    if first.word == "parallel" and len(body) == 1:
        return "gate" if _is_gate(first) else "dense_layer" if _is_dense_layer(first) else ""
    if first.word == "residual" and all(p.word in FAMILIES["activation"] for p in body[1:]):
        longest = max(first.branches, key=lambda branch: len(collect_convolutions(branch)))
        kind = _RESIDUAL.get(_kernel_pattern(collect_convolutions(longest)), "")
        return f"{kind}_projected" if kind and len(first.branches) > 1 else kind
    if _is_fire_module(body):
        return "fire"
    return (
        _ROW.get(_kernel_pattern(collect_convolutions(body)), "")
        if not any(p.branches for p in body)
        else ""
    )


_RESIDUAL = {
    ("3", "3"): "basic",
    ("1", "k", "1"): "bottleneck",
    ("1", "3", "1"): "bottleneck",
    ("1", "depthwise", "1"): "inverted_residual",
}
"""He et al. 2016, fig. 5; Sandler et al. 2018, fig. 3."""

_ROW = {
    ("depthwise", "1"): "separable",
    ("1", "depthwise", "1"): "inverted_bottleneck",
}
"""Howard et al. 2017, fig. 3; Sandler et al. 2018, table 1."""


def collect_convolutions(body: list[StructurePiece]) -> tuple[Window, ...]:
    """List the convolutions of the lines in a row, those of calls too but not of structures."""
    found: list[Window] = []
    for piece in body:
        if piece.word == "depthwise_conv":
            found.append((piece.args.get("kernel", 1), True))
        elif piece.word == "conv":
            depthwise = piece.args.get("groups") == "depthwise"
            found.append((piece.args.get("kernel", 1), depthwise))
        else:
            found += piece.convs
    return tuple(found)


def _kernel_pattern(convs: tuple[Window, ...]) -> tuple[str, ...]:
    def kernel_word(kernel: object, *, depthwise: bool) -> str:
        if depthwise:
            return "depthwise"
        return str(kernel) if kernel in (1, 3) else "k"

    return tuple(kernel_word(kernel, depthwise=depthwise) for kernel, depthwise in convs)


def _is_gate(piece: StructurePiece) -> bool:
    """Whether a map is multiplied by what is computed from its mean (Hu et al. 2018)."""
    pooled = [b for b in piece.branches if b and b[0].word == "global_avgpool"]
    return piece.args.get("join") == "mul" and len(pooled) == 1 and [] in piece.branches


def _is_dense_layer(piece: StructurePiece) -> bool:
    """Whether a map is kept beside what is computed from it (Huang et al. 2017)."""
    return "join" not in piece.args and len(piece.branches) == 2 and [] in piece.branches


def _is_fire_module(body: list[StructurePiece]) -> bool:
    """Whether it is SqueezeNet's module: 1x1, then 1x1 beside 3x3 (Iandola et al. 2016)."""
    last = body[-1]
    if last.word != "parallel" or "join" in last.args or len(last.branches) != 2:
        return False
    wide = {_kernel_pattern(collect_convolutions(branch)) for branch in last.branches}
    return wide == {("1",), ("3",)} and _kernel_pattern(collect_convolutions(body[:-1])) == ("1",)


def _name_from_paths(homes: list[str]) -> str:
    """Return the last word that all modules share, without numbers; empty if it says nothing."""
    words = {_word_of_path(home) for home in homes}
    word = words.pop() if len(words) == 1 else ""
    return "" if word in _SAYS_NOTHING or len(word) < SHORTEST else word


def _word_of_path(home: str) -> str:
    """Return `inception` for `inception3a`, `denselayer` for `denseblock1.denselayer2`."""
    for part in reversed(home.split(".")):
        word = re.sub(r"\d+[a-z]?", "", re.sub(r"\W", "_", part, flags=re.A)).strip("_").lower()
        if word:
            return word
    return ""
