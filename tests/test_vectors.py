"""Which layer types a vector, that has no axes besides its channels, is refused by."""

from __future__ import annotations

import pytest

import cnncost
from cnncost.errors import CnncostError
from cnncost.layers import TYPES

NEED_MAPS = {
    # A window needs axes to slide along,
    "conv": "conv: 4, kernel: 1", "conv_transpose": "conv_transpose: 4, kernel: 1",
    "depthwise_conv": "depthwise_conv: 1",
    "locally_connected": "locally_connected: 4, kernel: 1",
    "maxpool": "maxpool: 1", "avgpool": "avgpool: 1",
    "subsample": "subsample: 1", "adaptive_avgpool": "adaptive_avgpool: 1",
    "adaptive_maxpool": "adaptive_maxpool: 1",
    # and so does what changes, exchanges or averages over positions.
    "global_avgpool": "global_avgpool: ", "global_maxpool": "global_maxpool: ",
    "pad": "pad: 1", "crop": "crop: 1",
    "pixel_shuffle": "pixel_shuffle: 2",
    "space_to_depth": "space_to_depth: 2", "upsample": "upsample: 2",
    "attention": "attention: 2",
}  # fmt: skip

TAKE_VECTORS = {
    "dense": "dense: 3", "linear": "linear: 3", "batchnorm": "batchnorm: ",
    "layernorm": "layernorm: ", "groupnorm": "groupnorm: 2", "lrn": "lrn: 3",
    "instancenorm": "instancenorm: ", "permute": "permute: [1]",
    "leaky_relu": "leaky_relu: ", "elu": "elu: ", "dropout": "dropout: 0.5",
    "drop_path": "drop_path: 0.5", "flatten": "flatten: ", "reshape": "reshape: [2, 4]",
    "slice": "slice: [0, 3]", "channel_shuffle": "channel_shuffle: 2",
    "identity": "identity: ", "scale": "scale: ", "add": "add: [input, input]",
    "mul": "mul: [input, input]", "concat": "concat: [input, input]",
    "opaque": "opaque: {output: [8]}",
    **{word: f"{word}: " for word in (
        "relu", "relu6", "prelu", "selu", "gelu", "silu", "hardswish", "sigmoid", "hardsigmoid",
        "tanh", "softplus", "mish", "step", "softmax", "logsoftmax",
    )},
}  # fmt: skip


def test_every_type_is_here_but_matmul() -> None:
    assert {*NEED_MAPS, *TAKE_VECTORS, "matmul"} == set(TYPES)


def _text(line: str) -> str:
    return f"input: [8]\nlayers:\n- {{{line}}}\n"


@pytest.mark.parametrize("line", NEED_MAPS.values())
def test_a_vector_is_refused(line: str) -> None:
    with pytest.raises(CnncostError, match="needs a map, but its input is the vector 8"):
        cnncost.loads(_text(line))


@pytest.mark.parametrize("line", TAKE_VECTORS.values())
def test_a_vector_is_taken(line: str) -> None:
    assert cnncost.loads(_text(line)).network.nodes[1].inputs[0].dims == (8,)
