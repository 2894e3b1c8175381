"""The operators that a TensorFlow Lite file has for a network: what is fused, and the buffers that
they read and fill."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import NamedTuple, TypeGuard

from cnncost.costs.memory.embedded import count_activation_bytes
from cnncost.costs.memory.traits import Makes, find_traits
from cnncost.layers.convolution import Conv, ConvTranspose, DepthwiseConv
from cnncost.layers.sliding_window import Windowed
from cnncost.network import Input, Network, Node
from cnncost.shape import Shape, same_padding

_FUSED_FUNCTIONS = ("relu", "relu6")
"""The activations that an operator of TensorFlow Lite applies to what it computes."""

_FUSING = ("conv", "depthwise_conv", "dense", "linear", "add", "mul", "maxpool", "avgpool")
"""The layer types whose operators do so."""

_FOLDING = ("conv", "depthwise_conv", "dense", "linear", "conv_transpose")
"""The layer types whose weights and biases take a norm behind them."""

_WINDOWED = ("conv", "depthwise_conv", "maxpool", "avgpool")

_UNLIKE = (
    *(
        "opaque",
        "attention",
        "subsample",
        "locally_connected",
        "lrn",
        "layernorm",
        "groupnorm",
        "instancenorm",
    ),
    *("adaptive_maxpool", "gelu", "mish", "softplus", "logsoftmax", "channel_shuffle"),
    *("hardsigmoid", "selu", "step"),
)
"""The layer types without one operator of TensorFlow Lite Micro: they become several ones, whose
buffers are not known here."""


class LiteOperator(NamedTuple):
    """One operator, which fills one buffer; its step is its place in the list."""

    name: str
    """The layer's name, with what the operator does if the layer has more than one."""
    node: int
    """The layer, by its node's index."""
    reads: tuple[int, ...]
    """The buffers that it reads: a network's inputs come first, then one per operator."""
    bytes: int
    """Of its output."""
    scratch: int = 0
    """What CMSIS-NN's kernel needs besides while it runs, on a core with DSP instructions."""
    plain_scratch: int = 0
    """What TensorFlow's plain kernel needs besides."""
    further: tuple[int, ...] = ()
    """The bytes of its further outputs."""


class LiteGraph(NamedTuple):
    """The operators of a network, in its order."""

    inputs: tuple[str, ...]
    operators: tuple[LiteOperator, ...]
    outputs: tuple[int, ...]
    """The buffers that the network returns."""
    fused: tuple[tuple[str, int], ...]
    """The layers without an operator of their own, each with the buffer that has
    what it returns: that of the operator that computes it too, or of an input."""
    channels: int
    """Output channels of all convolutions, whose scales are kept one by one."""
    known: bool
    """Whether all layers' costs are known."""
    complete: bool
    """Whether moreover all operators are. If not, memory is a lower bound."""
    input_bytes: tuple[int, ...]
    """Of the inputs' buffers."""

    @property
    def kept(self) -> int:
        """How many buffers are not scratch."""
        further = sum(len(operator.further) for operator in self.operators)
        return len(self.input_bytes) + len(self.operators) + further


def list_operators(network: Network) -> LiteGraph:
    """List the operators that TensorFlow's converter writes for a network: in the types that it
    has, or in int8.

    Batch norms are folded into the layer before them and ReLUs are fused with it. Padding other
    than none and TensorFlow's `same` is an operator of its own, and so is the reshape of a map for
    a dense layer.
    """
    listing = _Listing(network)
    for node in network.layers:
        listing.add_node(node)
    return LiteGraph(
        tuple(node.name for node in network.inputs),
        tuple(listing.operators),
        tuple(dict.fromkeys(listing.buffer[i] for i in network.outputs)),
        tuple(listing.fused),
        sum(node.output.channels for node in network.layers if isinstance(node.layer, _CONVS)),
        all(node.layer.known for node in network.layers),
        all(_is_operator(node) for node in network.layers),
        tuple(count_activation_bytes(network, node.output.units) for node in network.inputs),
    )


_CONVS = (Conv, DepthwiseConv)


class _Listing:
    """The operators of a network so far."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.operators: list[LiteOperator] = []
        self.fused: list[tuple[str, int]] = []
        self.buffer = {node.index: place for place, node in enumerate(network.inputs)}
        """The buffer of each node's output."""
        self.first = len(self.buffer)
        """The buffer of the first operator."""

    def add_node(self, node: Node) -> None:
        reads = [self.buffer[i] for i in node.reads]
        if self._is_fused(node):
            self.fused.append((node.name, reads[0]))
            self.buffer[node.index] = reads[0]
            return
        x, units = node.inputs[0], node.output.units
        if _is_windowed(node) and (padded := _find_padded_shape(node)) is not None:
            reads = [self._add(node, " (padding)", reads, padded.units)]
        if node.layer.word == "dense" and x.extents:
            reads = [self._add(node, " (reshape)", reads, x.units)]
        if node.layer.word == "silu":
            reads = [*reads, self._add(node, " (sigmoid)", reads, units)]
        while node.layer.word in ("add", "mul") and len(reads) > 2:
            reads = [self._add(node, " (part)", reads[:2], units), *reads[2:]]
        self.buffer[node.index] = self._add(node, "", reads, units, count_scratch(node))

    def _add(self, node: Node, part: str, reads: Sequence[int], size: int, scratch: int = 0) -> int:
        """Add an operator; the buffer that it fills."""
        name, size = f"{node.name}{part}", count_activation_bytes(self.network, size)
        self.operators.append(LiteOperator(name, node.index, tuple(reads), size, scratch))
        return self.first + len(self.operators) - 1

    def _is_fused(self, node: Node) -> bool:
        """Whether a layer needs no operator of its own."""
        if find_traits(node).makes is Makes.VIEW_IN_INFERENCE or _keeps_all(node):
            return True
        before = self.network.nodes[node.reads[0]]
        alone = len(self.network.readers[before.index]) == 1
        if before.layer is None or not alone:
            return False
        if node.layer.word == "batchnorm":
            return before.layer.word in _FOLDING
        return node.layer.word in _FUSED_FUNCTIONS and self._find_maker(before) in _FUSING

    def _find_maker(self, node: Input | Node) -> str:
        """Find the type of the layer whose operator fills a node's buffer."""
        place = self.buffer[node.index] - self.first
        if place < 0:
            return ""
        maker = self.network.nodes[self.operators[place].node]
        return maker.layer.word if maker.layer else ""


def _keeps_all(node: Node) -> bool:
    """Whether a layer returns its input as it is."""
    return find_traits(node).makes is Makes.VIEW and node.layer.word == "identity"


def _is_windowed(node: Node) -> TypeGuard[Node[Windowed]]:
    return node.layer.word in _WINDOWED


def _is_operator(node: Node) -> bool:
    """Whether all of a layer's operators are known. Windows along one axis or three become several
    ones, or none."""
    flat = len(node.inputs[0].extents) in (0, 2)
    if not flat and isinstance(node.layer, Windowed):
        return False
    return node.layer.known and node.layer.word not in _UNLIKE and find_traits(node).measured


def _find_padded_shape(node: Node[Windowed]) -> Shape | None:
    """Find the shape of the padded copy of its input that a layer reads; None if its operator pads
    by itself: by nothing, or as TensorFlow's `same` does."""
    x, layer = node.inputs[0], node.layer
    windows = layer.resolve_windows(x)
    pads = tuple((window.before, window.after) for window in windows)
    spread = tuple(window.dilation for window in windows)
    same = tuple(map(same_padding, x.extents, layer.kernel, layer.stride, spread))
    if not any(map(any, pads)) or pads == same:
        return None
    return Shape(x.channels, tuple(n + sum(p) for n, p in zip(x.extents, pads, strict=True)))


def count_scratch(node: Node, *, padded: bool = True) -> int:
    """Count the bytes of a buffer that CMSIS-NN's int8 kernel of a layer asks for, on a core with
    DSP instructions (Cortex-M4, M7, M33): its `get_buffer_size` functions.

    `padded` is whether what a layer pads is padded by that kernel.
    """
    layer, x = node.layer, node.inputs[0]
    window = prod(getattr(layer, "kernel", ()))
    if isinstance(layer, ConvTranspose):
        return 4 * window * x.positions * node.output.channels
    if isinstance(layer, DepthwiseConv) or (isinstance(layer, Conv) and _is_depthwise(layer, x)):
        return 0 if _is_fast_depthwise(layer, x, padded=padded) else 2 * window * x.channels
    if isinstance(layer, Conv):
        taps = window * (x.channels // layer.groups)
        plain = window == 1 and not (padded and _is_padded(layer, x))
        return 0 if plain else 4 * _round_up(taps, 4)
    return 4 * x.channels if layer.word in ("avgpool", "global_avgpool", "adaptive_avgpool") else 0


def _is_depthwise(layer: Conv, x: Shape) -> bool:
    return layer.groups == x.channels > 1


def _is_fast_depthwise(layer: Windowed, x: Shape, *, padded: bool) -> bool:
    """Whether a depthwise convolution has the kernel that needs no buffer."""
    pads = [edge for window in layer.resolve_windows(x) for edge in (window.before, window.after)]
    fits = max(pads) <= 1 or not padded
    return set(layer.kernel) == {3} and len(layer.kernel) == 2 and fits


def _is_padded(layer: Windowed, x: Shape) -> bool:
    return any(window.before or window.after for window in layer.resolve_windows(x))


def _round_up(count: int, step: int) -> int:
    return -(-count // step) * step
