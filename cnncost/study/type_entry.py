"""The reference entry of a layer type: its keys, an example, and the workings of its numbers."""

from __future__ import annotations

from dataclasses import dataclass

from cnncost.costs import count_network
from cnncost.language import read_spec
from cnncost.layers import FAMILIES, JOINS, layer_type
from cnncost.layers.kinds import FieldKind, spell_value
from cnncost.study.explanation import Working, explain_layers


@dataclass(frozen=True)
class TypeKey:
    """One key of a layer type."""

    name: str
    main: bool
    """Whether its value stands behind the type's word."""
    takes: str
    default: str
    """The default as a spec would write it; empty if the key must be given."""
    means: str


@dataclass(frozen=True)
class TypeEntry:
    """All that the reference says of one layer type."""

    word: str
    family: str
    about: str
    keys: tuple[TypeKey, ...]
    spec: str
    """A small spec with the type in its last line."""
    before: str
    after: str
    """The shapes around the example."""
    workings: tuple[Working, ...]


def type_entry(word: str) -> TypeEntry:
    """Make the entry of one of `layers.TYPES`."""
    cls = layer_type(word)
    shape, line = find_example(word)
    first = "  - relu\n" if word in JOINS else ""
    text = f"input: [{shape}]\nlayers:\n{first}  - {line}\n"
    (explained,) = explain_layers(count_network(read_spec(text, word).network), "x")
    return TypeEntry(
        word,
        next(family for family, words in FAMILIES.items() if word in words),
        " ".join((cls.__doc__ or "").split()),
        tuple(_describe_key(name, kind, main=name == cls.main) for name, kind in cls.kinds.items()),
        text,
        str(explained.node.inputs[0]),
        str(explained.node.output),
        explained.workings,
    )


def _describe_key(name: str, kind: FieldKind, *, main: bool) -> TypeKey:
    words = f", or {' or '.join(kind.keywords)}" if kind.keywords and kind.numeric else ""
    default = "" if kind.is_required else spell_value(kind.default).replace("'", "")
    return TypeKey(name, main, f"{kind.takes}{words}", default, kind.text)


# Examples

EXAMPLES = {
    "conv": ("3, 227, 227", "{name: x, conv: 96, kernel: 11, stride: 4}"),
    "conv_transpose": ("64, 16, 16", "{name: x, conv_transpose: 32, kernel: 2, stride: 2}"),
    "depthwise_conv": ("32, 112, 112", "{name: x, depthwise_conv: 3, stride: 2, padding: 1}"),
    "locally_connected": (
        "3, 227, 227",
        "{name: x, locally_connected: 96, kernel: 11, stride: 4}",
    ),
    "dense": ("256, 6, 6", "{name: x, dense: 4096}"),
    "linear": ("96, 56, 56", "{name: x, linear: 384}"),
    "maxpool": ("64, 112, 112", "{name: x, maxpool: 3, stride: 2, ceil: true}"),
    "avgpool": ("16, 28, 28", "{name: x, avgpool: 2}"),
    "global_avgpool": ("512, 7, 7", "{name: x, global_avgpool}"),
    "global_maxpool": ("512, 7, 7", "{name: x, global_maxpool}"),
    "adaptive_avgpool": ("256, 13, 13", "{name: x, adaptive_avgpool: 6}"),
    "adaptive_maxpool": ("256, 13, 13", "{name: x, adaptive_maxpool: [6, 6]}"),
    "subsample": ("6, 28, 28", "{name: x, subsample: 2}"),
    "batchnorm": ("64, 56, 56", "{name: x, batchnorm}"),
    "layernorm": ("96, 56, 56", "{name: x, layernorm}"),
    "rmsnorm": ("96, 56, 56", "{name: x, rmsnorm}"),
    "groupnorm": ("64, 56, 56", "{name: x, groupnorm: 32}"),
    "instancenorm": ("64, 56, 56", "{name: x, instancenorm, affine: false}"),
    "lrn": ("96, 55, 55", "{name: x, lrn: 5}"),
    "prelu": ("64, 56, 56", "{name: x, prelu}"),
    "dropout": ("4096", "{name: x, dropout: 0.5}"),
    "drop_path": ("96, 56, 56", "{name: x, drop_path: 0.1}"),
    "flatten": ("256, 6, 6", "{name: x, flatten}"),
    "reshape": ("512", "{name: x, reshape: [8, -1, 8]}"),
    "permute": ("96, 14, 7", "{name: x, permute: [2, 3, 1]}"),
    "pad": ("3, 224, 224", "{name: x, pad: [[2, 3], [2, 3]]}"),
    "crop": ("64, 64, 64", "{name: x, crop: 4}"),
    "slice": ("116, 28, 28", "{name: x, slice: [0, 58]}"),
    "channel_shuffle": ("116, 28, 28", "{name: x, channel_shuffle: 2}"),
    "pixel_shuffle": ("48, 32, 32", "{name: x, pixel_shuffle: 4}"),
    "space_to_depth": ("3, 224, 224", "{name: x, space_to_depth: 4}"),
    "upsample": ("64, 32, 32", "{name: x, upsample: 2, mode: bilinear}"),
    "identity": ("64, 32, 32", "{name: x, identity}"),
    "scale": ("96, 56, 56", "{name: x, scale}"),
    "add": ("64, 56, 56", "{name: x, add: [input, previous]}"),
    "mul": ("64, 56, 56", "{name: x, mul: [input, previous]}"),
    "lstm": ("64, 100", "{name: x, lstm: 128}"),
    "gru": ("64, 100", "{name: x, gru: 128, bidirectional: true}"),
    "rnn": ("64, 100", "{name: x, rnn: 128, layers: 2, last: true}"),
    "embedding": ("128", "{name: x, embedding: 64, vocabulary: 10000}"),
    "position_embedding": ("64, 128", "{name: x, position_embedding: 512}"),
    "attention": ("768, 14, 14", "{name: x, attention: 12}"),
    "opaque": ("64, 14, 14", "{name: x, opaque: {output: [64, 14, 14], op: Einsum}}"),
    "matmul": ("49, 49", "{name: x, matmul: [input, previous]}"),
    "concat": ("64, 56, 56", "{name: x, concat: [input, previous]}"),
}
"""An input shape and a line for each type; `find_example` makes those of activations."""


def find_example(word: str) -> tuple[str, str]:
    """Return the input's shape and the line of a type's example."""
    if word in FAMILIES["activation"] and word not in EXAMPLES:
        return "64, 56, 56", f"{{name: x, {word}}}"
    return EXAMPLES[word]
