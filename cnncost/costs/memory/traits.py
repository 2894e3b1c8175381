"""What each layer type keeps for the backward pass, allocates and returns: one entry per type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncost.costs.memory.trait_words import Bytes, Grad, Keep, Makes, Traits
from cnncost.costs.memory.unmoved_numbers import moves_nothing
from cnncost.layers.kinds import ITSELF
from cnncost.network import Node
from cnncost.shape import Shape

if TYPE_CHECKING:
    from cnncost.layers.attention import Attention
    from cnncost.layers.normalisation import GroupNorm, InstanceNorm, Lrn


# Operations that layers stand for, measured. The temporaries of a backward pass are what PyTorch
# allocates on a CPU besides the gradients: maps of the output's size, and masks of one byte per
# number.


def _temporaries(maps: int, masks: int = 0) -> Bytes:
    def work(node: Node, batch: int, size: int) -> int:
        return (maps * size + masks) * batch * node.output.units

    return work


def _traits_by_kept(keeps: Keep, maps: int = 0, masks: int = 0) -> Traits:
    return Traits(keeps, scratch_backward=_temporaries(maps, masks))


UNKNOWN = Traits(makes=Makes.VIEW, grad=Grad.ALIAS, measured=False)
"""The traits of any other operation: nothing is known of what it allocates and keeps."""

COMPUTED_WEIGHTS = "computed_weights"
"""What an import's last layer stands for if weights are computed from parameters; not in the
table, so its traits are UNKNOWN."""

STAND_INS: dict[str, Traits] = {
    "exp": _traits_by_kept(Keep.OUTPUT),
    "sqrt": _traits_by_kept(Keep.OUTPUT, 1),
    "rsqrt": _traits_by_kept(Keep.OUTPUT, 2),
    "reciprocal": _traits_by_kept(Keep.OUTPUT, 2),
    **dict.fromkeys(("log", "hardshrink", "threshold", "hardtanh"), _traits_by_kept(Keep.INPUT)),
    **dict.fromkeys(("abs", "sin"), _traits_by_kept(Keep.INPUT, 1)),
    **dict.fromkeys(("cos", "square", "pow"), _traits_by_kept(Keep.INPUT, 2)),
    "erf": _traits_by_kept(Keep.INPUT, 4),
    "clamp": _traits_by_kept(Keep.INPUT, 0, 2),
    **dict.fromkeys(("clamp_min", "clamp_max"), _traits_by_kept(Keep.INPUT, 0, 1)),
    "neg": Traits(),
    "shift": Traits(grad=Grad.ALIAS),
    "factor": Traits(),
    "factor_": Traits(makes=Makes.VIEW),
    "doubled": Traits(),
    "squared": _traits_by_kept(Keep.INPUT, 1),
    "sub": Traits(grad=Grad.FIRST_ALIAS),
    "rsub": Traits(grad=Grad.SECOND_ALIAS),
    "div": _traits_by_kept(Keep.OPERANDS, 2),
    **dict.fromkeys(("maximum", "minimum"), _traits_by_kept(Keep.OPERANDS, 1, 2)),
    # Seen in part or repeated: nothing is allocated, the gradient fills what was seen.
    "slice": Traits(makes=Makes.VIEW, turned=True),
    "expand": Traits(makes=Makes.VIEW, turned=True),
    **dict.fromkeys(("reflect", "replicate"), Traits(Keep.INPUT)),
    "constant": Traits(),
}
"""Traits by the operation that a layer stands for."""


__all__ = ["INDEX", "TRAITS", "Grad", "Keep", "Makes", "Traits", "find_traits"]

INDEX = 8
"""Bytes of an int64 index."""


def _input_shape(node: Node) -> Shape:
    return node.inputs[0]


def _index_bytes(node: Node, batch: int, size: int) -> int:
    return INDEX * batch * node.output.units


def _index_bytes_at_work(node: Node, batch: int, size: int) -> int:
    # Along one axis PyTorch finds the maxima alone where nobody needs their places.
    return 0 if len(_input_shape(node).extents) == 1 else _index_bytes(node, batch, size)


# A norm keeps a mean and a deviation, on a CPU of its input's type where its parameters have that
# type too (measured in fp32, fp16 and bf16).


def _mean_and_deviation_of_channels(node: Node, batch: int, size: int) -> int:
    return 2 * size * _input_shape(node).channels


def _statistics_of_positions(node: Node, batch: int, size: int) -> int:
    return 2 * size * batch * _input_shape(node).positions


def _statistics_of_groups(node: Node[GroupNorm], batch: int, size: int) -> int:
    return 2 * size * batch * node.layer.groups


def _statistics_of_instances(node: Node[InstanceNorm], batch: int, size: int) -> int:
    # Affine scales are repeated for every example.
    each = 3 if node.layer.affine else 2
    return each * size * batch * _input_shape(node).channels


def _lrn_kept(node: Node[Lrn], batch: int, size: int) -> int:
    # The padded squares, and the divisor before and after its power.
    return _padded_squares(node, batch, size) + 2 * size * batch * _input_shape(node).units


def _lrn_at_work(node: Node[Lrn], batch: int, size: int) -> int:
    # Before there is an output: the squares live with their padded copy, which is the most of few
    # channels; then the mean square, 1 + alpha of it, and its power.
    return max(_padded_squares(node, batch, size), 2 * size * batch * _input_shape(node).units)


def _padded_squares(node: Node[Lrn], batch: int, size: int) -> int:
    x = _input_shape(node)
    channels = x.channels + node.layer.size - 1
    return size * batch * channels * x.positions


def _lrn_backward(node: Node, batch: int, size: int) -> int:
    # Three maps at once beside the gradient of the input: measured, on AlexNet at batch 1 and 4.
    # Counting the steps of the formula by hand gives four; which one PyTorch frees is not traced.
    return 3 * size * batch * _input_shape(node).units


def _joined_so_far(node: Node, batch: int, size: int) -> int:
    # Three and more are joined two by two: what the first ones give lives until the next is done.
    return size * batch * node.output.units if len(node.reads) > 2 else 0


def _released_products(node: Node, batch: int, size: int) -> int:
    # Their products are released one by one before the first factors' gradients are made.
    return -_joined_so_far(node, batch, size) * (len(node.reads) - 2)


def _mask_of_units(node: Node, batch: int, size: int) -> int:
    return size * batch * node.output.units


def _mask_of_examples(node: Node, batch: int, size: int) -> int:
    return size * batch


def _attention_kept(node: Node[Attention], batch: int, size: int) -> int:
    # Queries, keys, values and the context, and a log-sum-exp a head and position.
    width = 4 * node.layer.dim + node.layer.heads
    return size * batch * _input_shape(node).positions * width


_WEIGHTED = Traits(Keep.INPUT_FOR_WEIGHTS)
_BY_INPUT = Traits(Keep.INPUT)
_CLONING = Traits(Keep.INPUT, clones=True)
_BY_OUTPUT = Traits(Keep.OUTPUT)
_INDEXED = Traits(Keep.INPUT, extra=_index_bytes, scratch=_index_bytes)
_VIEW = Traits(makes=Makes.VIEW, grad=Grad.ALIAS)
_PART = Traits(makes=Makes.VIEW, turned=True)
_COPY = Traits()

TRAITS: dict[str, Traits] = {
    # PyTorch's convolutions keep their input for a frozen kernel as well (measured).
    **dict.fromkeys(("conv", "conv_transpose", "depthwise_conv"), _BY_INPUT),
    # No framework has it: as in the class that an export brings along, its input is kept.
    "locally_connected": _BY_INPUT._replace(measured=False),
    "dense": _WEIGHTED,
    "linear": Traits(Keep.INPUT_FOR_WEIGHTS, turned=True),
    "scale": _WEIGHTED._replace(sums=True),
    "mul": Traits(
        Keep.OPERANDS, scratch=_joined_so_far, scratch_backward=_released_products, sums=True
    ),
    "matmul": Traits(Keep.OPERANDS),
    "batchnorm": Traits(Keep.INPUT, extra=_mean_and_deviation_of_channels),
    "layernorm": Traits(Keep.INPUT, extra=_statistics_of_positions, turned=True),
    "groupnorm": Traits(Keep.INPUT, extra=_statistics_of_groups),
    "instancenorm": Traits(Keep.INPUT, extra=_statistics_of_instances, turned=True),
    "lrn": Traits(
        Keep.INPUT, extra=_lrn_kept, scratch=_lrn_at_work, scratch_backward=_lrn_backward
    ),
    **dict.fromkeys(("relu", "sigmoid", "tanh", "softmax", "logsoftmax"), _BY_OUTPUT),
    **dict.fromkeys(("relu6", "silu", "hardswish", "hardsigmoid", "mish"), _CLONING),
    **dict.fromkeys(("gelu", "softplus"), _BY_INPUT),
    **dict.fromkeys(("leaky_relu", "elu", "selu"), _BY_INPUT._replace(by_output=True)),
    "prelu": _BY_INPUT._replace(sums=True),
    # A mask of the units stands beside its input until it is cast to numbers.
    "step": Traits(scratch=_mask_of_units, measured=False),
    "maxpool": Traits(Keep.INPUT, extra=_index_bytes, scratch=_index_bytes_at_work),
    **dict.fromkeys(("global_maxpool", "adaptive_maxpool"), _INDEXED),
    **dict.fromkeys(("avgpool", "adaptive_avgpool"), _BY_INPUT),
    "global_avgpool": _COPY,
    # The window's mean is multiplied by a coefficient, which needs it again.
    "subsample": Traits(Keep.INPUT, extra=_mask_of_units, measured=False),
    "add": Traits(grad=Grad.ALIAS, scratch=_joined_so_far),
    "concat": Traits(grad=Grad.NARROW),
    "identity": _VIEW,
    # PyTorch's strides are not modelled: what it copies to lay a turned map out anew is left out.
    "permute": _VIEW._replace(turned=True),
    **dict.fromkeys(("flatten", "reshape"), _VIEW._replace(turned=True)),
    **dict.fromkeys(("slice", "crop"), _PART),
    # Axes split, put in another order and merged: no view has the numbers in that order, unless
    # they stay where they are (moves_nothing).
    **dict.fromkeys(("channel_shuffle", "pixel_shuffle", "space_to_depth"), _COPY),
    **dict.fromkeys(("upsample", "pad"), _COPY),
    "dropout": Traits(makes=Makes.VIEW_IN_INFERENCE, extra=_mask_of_units),
    "drop_path": Traits(makes=Makes.VIEW_IN_INFERENCE, extra=_mask_of_examples),
    "attention": Traits(Keep.INPUT_FOR_WEIGHTS, extra=_attention_kept, measured=False),
    "opaque": Traits(measured=False),
}


_FOLDED = (
    *("batchnorm", "relu", "relu6", "leaky_relu", "prelu", "elu", "selu", "gelu", "silu"),
    *("hardswish", "sigmoid", "hardsigmoid", "tanh", "softplus", "mish", "scale"),
)
TRAITS.update({word: TRAITS[word]._replace(folds=True) for word in _FOLDED})


POOLS = ("maxpool", "avgpool", "adaptive_maxpool", "adaptive_avgpool")
_TURNED = {word: TRAITS[word]._replace(turned=True) for word in POOLS}


def find_traits(node: Node) -> Traits:
    """Find the traits of a node's layer."""
    word, stood = node.layer.word, getattr(node.layer, "stands_for", ITSELF)
    if stood != ITSELF:
        return STAND_INS.get(stood, UNKNOWN)
    if word == "adaptive_avgpool" and set(getattr(node.layer, "size", ())) == {1}:
        return _COPY  # PyTorch takes the plain mean, whose gradient needs no input
    if moves_nothing(node):
        word = "identity" if node.output == node.inputs[0] else "reshape"
    # Along one axis PyTorch pools a map of one row, and turns back what comes out.
    return (
        TRAITS[word] if word not in POOLS or len(_input_shape(node).extents) > 1 else _TURNED[word]
    )
