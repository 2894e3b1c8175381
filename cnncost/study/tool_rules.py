"""What other counters print, as rules: how each departs from our connections, layer type by type.

Each rule was measured: the counters ran on networks of torchvision and on single layers, and the
rules give every number that they printed (tests/reference/counters.csv). A layer type that no
measurement has is not covered, and a tool's number is then only bounded.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cnncost.costs.count import LayerCount

Amount = Callable[["LayerCount"], int]
"""A figure of one layer."""


class ToolRule(NamedTuple):
    """What a tool counts besides the connections of some layer types, or leaves out of them."""

    words: tuple[str, ...]
    amount: Amount
    factor: int
    says: str
    modules: bool = False
    """Whether it holds for modules alone (nn.AvgPool2d), not for functions (F.avg_pool2d); a spec
    says neither."""
    covers: Callable[[LayerCount], bool] = lambda row: True
    """Whether the layer is of a form that was measured."""


class Tool(NamedTuple):
    """A counter: its rules, and the layer types besides that it takes for their connections."""

    name: str
    version: str
    unit: str
    rules: tuple[ToolRule, ...]
    plain: frozenset[str]
    scale: int = 1
    """How many of its unit a connection is."""


def _connections(row: LayerCount) -> int:
    return row.connections


def _bias_uses(row: LayerCount) -> int:
    return row.node.layer.bias_connections(row.node.inputs[0], row.node.output)


def _inputs(row: LayerCount) -> int:
    return row.node.inputs[0].units


def _outputs(row: LayerCount) -> int:
    return row.node.output.units


def _parameters(row: LayerCount) -> int:
    return row.node.layer.parameters(row.node.inputs[0])


def _output_positions(row: LayerCount) -> int:
    """What a transposed convolution has more if each weight works once per output position."""
    weights = row.node.layer.weights(row.node.inputs[0])
    return weights * row.node.output.positions - row.connections


def _once(row: LayerCount) -> int:
    """What a linear layer has more, or less, if each parameter counts once for all positions."""
    return _parameters(row) - row.connections


def _has_whole_steps(row: LayerCount) -> bool:
    stride = getattr(row.node.layer, "stride", ())
    return row.node.output.positions == prod(stride) * row.node.inputs[0].positions


def _has_whole_windows(row: LayerCount) -> bool:
    pairs = zip(row.node.inputs[0].extents, row.node.output.extents, strict=True)
    return all(n % m == 0 for n, m in pairs)


def _has_one_group(row: LayerCount) -> bool:
    return int(getattr(row.node.layer, "groups", 1)) == 1


CONVOLUTIONS = ("conv", "depthwise_conv")
MEANS = ("global_avgpool", "adaptive_avgpool")

_SEEN = frozenset(
    ("dropout", "add", "mul", "concat", "identity", "flatten", "hardswish", "hardsigmoid",
     "sigmoid")
)  # fmt: skip
"""Types that no tool counts anything for."""
_CURVES = frozenset(("relu", "relu6", "silu"))
_POOLS = frozenset(("maxpool", "avgpool"))
_NORMS = frozenset(("batchnorm", "layernorm"))

_BIASES = ToolRule((*CONVOLUTIONS, "conv_transpose", "dense"), _bias_uses, 1, "biases")
_NO_PRODUCTS = ToolRule(("matmul",), _connections, -1, "products of activations are left out")
_PAINTED = ToolRule(
    ("conv_transpose",), _output_positions, 1,
    "transposed convolutions counted at output positions", covers=_has_whole_steps,
)  # fmt: skip

TOOLS: tuple[Tool, ...] = (
    Tool(
        "FlopCounterMode", "torch 2.13.0", "FLOPs", (),
        frozenset((*CONVOLUTIONS, "conv_transpose", "dense", "linear", "matmul", "gelu", "scale",
                   *MEANS)) | _SEEN | _CURVES | _POOLS | _NORMS,
        scale=2,
    ),
    Tool(
        "torchinfo", "1.8.0", "mult-adds",
        (
            _BIASES,
            ToolRule(("batchnorm", "layernorm"), _parameters, 1, "parameters of norms, once"),
            _PAINTED,
            ToolRule(("linear",), _once, 1, "linear layers counted at one position"),
            _NO_PRODUCTS,
        ),
        frozenset((*MEANS, "gelu", "scale")) | _SEEN | _CURVES | _POOLS,
    ),
    Tool(
        "fvcore", "0.1.5.post20221221", "flops, which are MACs",
        (
            ToolRule(("batchnorm",), _inputs, 2, "2 for each unit of a batch norm"),
            ToolRule(("layernorm",), _inputs, 5, "5 for each unit of a layer norm"),
            ToolRule(
                MEANS, _inputs, 1, "1 for each input of adaptive pooling",
                covers=_has_whole_windows,
            ),
        ),
        frozenset((*CONVOLUTIONS, "conv_transpose", "dense", "linear", "matmul", "gelu", "scale"))
        | _SEEN | _CURVES | _POOLS,
    ),
    Tool(
        "thop", "0.1.1.post2209072238", "MACs",
        (
            ToolRule(("batchnorm",), _inputs, 4, "4 for each unit of a batch norm"),
            ToolRule(("avgpool",), _outputs, 1, "1 for each output of average pooling", True),
            ToolRule(
                MEANS, lambda row: _inputs(row) + _outputs(row), 1,
                "1 for each input and output of adaptive pooling", True, _has_whole_windows,
            ),
            _PAINTED,
            _NO_PRODUCTS,
        ),
        frozenset((*CONVOLUTIONS, "dense", "linear", "maxpool")) | _SEEN | _CURVES,
    ),
    Tool(
        "ptflops", "0.7.5, PyTorch backend", "MACs",
        (
            _BIASES,
            ToolRule(("batchnorm",), _inputs, 2, "2 for each unit of a batch norm"),
            ToolRule(("relu", "relu6", "silu"), _outputs, 1, "1 for each unit of an activation"),
            ToolRule(("relu",), _outputs, 1, "1 more for each unit of a ReLU", True),
            ToolRule(
                ("maxpool", "avgpool", *MEANS), _inputs, 1, "1 for each input of pooling"
            ),
            ToolRule(
                ("maxpool", "avgpool", *MEANS), _inputs, 1, "1 more for each input of pooling",
                True,
            ),
            _NO_PRODUCTS,
        ),
        _SEEN,
    ),
    Tool(
        "calflops", "0.3.2", "MACs",
        (
            _NO_PRODUCTS,
            ToolRule(
                ("conv_transpose",), _connections, 0, "", covers=_has_one_group,
            ),
        ),
        frozenset((*CONVOLUTIONS, "dense", "linear", "gelu", "scale", *MEANS))
        | _SEEN | _CURVES | _POOLS | _NORMS,
    ),
)  # fmt: skip
"""The tools whose rules are known."""
