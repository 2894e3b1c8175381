"""Reads dense layers, norms, joins, reshapes, parts of tensors and attention of a Keras model."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING

from cnncost.formats.importing import Inexpressible
from cnncost.formats.keras_in.keras_activations import emit_own_activation
from cnncost.formats.keras_in.keras_importer import (
    Dims,
    KerasImporter,
    KerasTensor,
    read_flag,
    read_integer,
    refuse_adapters,
)

if TYPE_CHECKING:
    from cnncost.formats.keras_in.keras_model import KerasLayer


def emit_dense(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
    """Dense: fully connected to a vector, along the last axis of more."""
    (x,) = reads
    refuse_adapters(layer)
    bias = read_flag(layer, "use_bias", usually=True)
    units = read_integer(layer, "units")
    if len(x.seen) == 1:
        made = k.emit_layer(layer, "dense", [x], units=units, bias=bias)
    else:
        _require_channels_last(k, layer)
        made = k.emit_layer(layer, "linear", [x], features=units, bias=bias)
    return emit_own_activation(k, layer, made)


def _require_channels_last(k: KerasImporter, layer: KerasLayer) -> None:
    if not k.channels_last:
        raise Inexpressible(f"{layer.kind} along the last axis of maps with channels first")


def _require_channel_axis(k: KerasImporter, layer: KerasLayer, x: KerasTensor) -> None:
    if k.convert_axis(layer.config.get("axis", -1), len(x.seen)) != 0:
        raise Inexpressible(f"along axis {layer.config.get('axis')}, not the channels")


def emit_batchnorm(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
    """BatchNormalization; with a scale or a shift alone those are a layer of their own."""
    (x,) = reads
    _require_channel_axis(k, layer, x)
    scale, shift = read_flag(layer, "scale", usually=True), read_flag(layer, "center", usually=True)
    made = k.emit_layer(layer, "batchnorm", [x], affine=scale and shift)
    return _emit_half_affine(k, layer, made, scale=scale, shift=shift)


def _emit_half_affine(
    k: KerasImporter, layer: KerasLayer, made: KerasTensor, *, scale: bool, shift: bool
) -> KerasTensor:
    if scale == shift:
        return made
    if shift:
        k.notes.add_stand_in("a norm's shift without a scale", "scale")
    return k.emit_layer(layer, "scale", [made], "gamma" if scale else "beta")


def emit_layernorm(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
    """LayerNormalization over the channels."""
    (x,) = reads
    _require_channel_axis(k, layer, x)
    scale, shift = read_flag(layer, "scale", usually=True), read_flag(layer, "center", usually=True)
    if read_flag(layer, "rms_scaling", usually=False):  # a factor, whatever is said of both
        return k.emit_layer(layer, "rmsnorm", [x])
    made = k.emit_layer(layer, "layernorm", [x], affine=scale and shift)
    return _emit_half_affine(k, layer, made, scale=scale, shift=shift)


def emit_rmsnorm(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
    """RMSNormalization over the channels."""
    (x,) = reads
    _require_channel_axis(k, layer, x)
    return k.emit_layer(layer, "rmsnorm", [x])


def emit_groupnorm(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
    """GroupNormalization; -1 groups are as many as channels: an instance norm."""
    (x,) = reads
    _require_channel_axis(k, layer, x)
    scale, shift = read_flag(layer, "scale", usually=True), read_flag(layer, "center", usually=True)
    groups = layer.config.get("groups", 32)
    affine = scale and shift
    if groups in (-1, x.seen[0]):
        made = k.emit_layer(layer, "instancenorm", [x], affine=affine)
    else:
        made = k.emit_layer(
            layer, "groupnorm", [x], groups=read_integer(layer, "groups", 32), affine=affine
        )
    return _emit_half_affine(k, layer, made, scale=scale, shift=shift)


def emit_flatten(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
    """All numbers as a vector; Keras has the channels run fastest, at the same cost."""
    return k.emit_layer(layer, "flatten", [x.reshape_to(x.made) for x in reads[:1]])


def emit_reshape(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
    """Reshape to sizes of which one may be -1."""
    (x,) = reads
    given = layer.config.get("target_shape", layer.config.get("newshape"))
    if not isinstance(given, list) or not given or any(type(n) is not int for n in given):
        raise Inexpressible(f"target_shape is {given!r:.40}")
    known = prod(n for n in given if n != -1)
    total = prod(x.seen)
    if known < 1 or total % known or given.count(-1) > 1:
        raise Inexpressible(f"{total:,} numbers do not fill {given}")
    full = k.order_channels_first(tuple(total // known if n == -1 else n for n in given))
    if prod(full) != total or len(full) > 4:
        raise Inexpressible(f"{total:,} numbers to {given}")
    if full == x.made:
        return x.reshape_to(full)
    if len(full) == 1:
        return k.emit_layer(layer, "flatten", [x.reshape_to(x.made)])
    return k.emit_layer(layer, "reshape", [x.reshape_to(x.made)], shape=full)


def emit_permute(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
    """Permute, whose axes count from 1 without the batch."""
    (x,) = reads
    rank = len(x.seen)
    given = layer.config.get("dims")
    if not isinstance(given, list) or {str(n) for n in given} != set(map(str, range(1, rank + 1))):
        raise Inexpressible(f"dims is {given!r:.40}")
    # Keras' axis i (from 0, no batch) is ours i + 1, its last one ours 0.
    ours = [k.convert_axis(axis, rank) for axis in given]
    order = k.order_channels_first(tuple(ours))
    return k.emit_layer(layer, "permute", [x], axes=tuple(axis + 1 for axis in order))


def skip_layer(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
    """Read what changes neither shape nor costs, which has no line of its own."""
    return reads[0]


def skip_fixed(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
    """Read arithmetic with numbers that are not learned, which costs nothing and has no line of its
    own."""
    k.notes.add(f"{layer.kind} with fixed numbers is left out")
    return reads[0]


def emit_layer_scale(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
    """LayerScale: one learned factor per channel (ConvNeXt)."""
    return k.emit_layer(layer, "scale", reads[:1])


def join_rule(
    word: str, exact: bool = True
) -> Callable[[KerasImporter, KerasLayer, list[KerasTensor]], KerasTensor]:
    """Return the rule of Add, Multiply and others, over tensors of one shape or gates beside a
    map."""

    def emit_join(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
        if not exact:
            k.notes.add_stand_in(layer.kind, word)
        distinct = list(dict.fromkeys(reads))
        if len(reads) == 1:  # with a number
            return skip_fixed(k, layer, reads)
        if len(distinct) == 1:
            k.notes.add_stand_in(f"{layer.kind} of a tensor and itself", "identity")
            return k.emit_layer(layer, "identity", distinct)
        largest = max(reads, key=lambda x: prod(x.seen))
        if word == "mul":  # a gate of one position is broadcast
            reads = [_as_gate(x, largest.seen) for x in reads]
            reads.sort(key=lambda x: -prod(x.seen))  # stable: the map first
        return k.emit_layer(layer, word, reads)

    return emit_join


def _as_gate(x: KerasTensor, over: Dims) -> KerasTensor:
    """Return a vector beside a map as a map of one position."""
    if len(x.seen) < len(over) and x.seen == over[:1]:
        return x.reshape_to((*x.seen, *[1] * (len(over) - 1)))
    return x


def emit_concat(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
    """Concatenate along the channels."""
    _require_channel_axis(k, layer, reads[0])
    if len(reads) == 1:
        return reads[0]
    return k.emit_layer(layer, "concat", reads)


def emit_attention(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
    """MultiHeadAttention of a sequence with itself."""
    x = reads[0]
    heads, key = read_integer(layer, "num_heads"), read_integer(layer, "key_dim")
    values = layer.config.get("value_dim") or key
    plain = layer.config.get("output_shape") is None
    if set(reads) != {x} or values != key or not plain or len(x.seen) < 2:
        raise Inexpressible("attention between two sequences, or of other widths")
    _require_channels_last(k, layer)
    bias = read_flag(layer, "use_bias", usually=True)
    return k.emit_layer(layer, "attention", [x], heads=heads, dim=heads * key, bias=bias)


def emit_grouped_attention(
    k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]
) -> KerasTensor:
    """GroupQueryAttention of a sequence with itself."""
    x = reads[0]
    if set(reads) != {x} or len(x.seen) < 2:
        raise Inexpressible("attention between two sequences")
    _require_channels_last(k, layer)
    heads, each = read_integer(layer, "num_query_heads"), read_integer(layer, "head_dim")
    return k.emit_layer(
        layer, "attention", [x], heads=heads, dim=heads * each,
        kv_heads=read_integer(layer, "num_key_value_heads"),
        bias=read_flag(layer, "use_bias", usually=True),
    )  # fmt: skip


WHOLE = slice(None)


def emit_get_item(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
    """`x[:, 1:-1, ..., 2:4]`: spans of the positions are cropped, one of the channels is sliced."""
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
        x = k.emit_layer(layer, "crop", [x], "crop", amount=tuple(edges))
    if ours[0] != (0, x.seen[0]):
        x = k.emit_layer(layer, "slice", [x], span=ours[0])
    return x


def _axis_slices(layer: KerasLayer, rank: int) -> list[slice]:
    """Return a slice for each axis but the batch's, which must be whole.

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
