"""What no engineer would write, found in a network by walks of its own."""

from __future__ import annotations

from itertools import pairwise

from cnncost.network import Network, Node

THROUGH = ("batchnorm", "layernorm", "instancenorm", "relu", "relu6", "leaky_relu", "elu", "selu",
           "gelu", "silu", "hardswish", "sigmoid", "hardsigmoid", "tanh", "softplus", "mish",
           "step", "dropout", "identity", "lrn", "channel_shuffle")  # fmt: skip


def count_pointwise_pairs(network: Network) -> int:
    """How many 1x1 convolutions read another one, through norms and activations at most."""
    found = 0
    for node in network.layers:
        if not _is_pointwise(node):
            continue
        source = network.nodes[node.reads[0]]
        while source.layer is not None and source.layer.word in THROUGH:
            source = network.nodes[source.reads[0]]
        found += source.layer is not None and _is_pointwise(source)  # type: ignore[arg-type]
    return found


def _is_pointwise(node: Node) -> bool:
    return node.layer.word == "conv" and max(node.layer.kernel) == 1  # type: ignore[attr-defined]


def list_vectors_in_groups(network: Network) -> list[str]:
    """The convolutions in groups, not depthwise, and shuffles that put out a single position."""
    return [
        node.name
        for node in network.layers
        if node.output.positions == 1
        and (
            node.layer.word == "channel_shuffle"
            or (node.layer.word == "conv" and 1 < node.layer.groups < node.output.channels)  # type: ignore[attr-defined]
        )
    ]


def stage_layers(network: Network) -> list[Node]:
    """In a network whose blocks all lie on one path: for each number of positions the first sum,
    or else convolution, that every path leads through there."""
    found: dict[int, Node] = {}
    for node in _trunk(network):
        if node.layer.word in ("conv", "add"):
            found.setdefault(node.output.positions, node)
    return list(found.values())


def _trunk(network: Network) -> list[Node]:
    """The nodes without which no path leads from the input to the output: each is left out, and
    the output is looked for."""
    (output,) = network.outputs
    return [node for node in network.layers if not _reaches(network, output, without=node.index)]


def _reaches(network: Network, output: int, *, without: int) -> bool:
    due, seen = [output], set[int]()
    while due:
        index = due.pop()
        if index == without or index in seen:
            continue
        seen.add(index)
        node = network.nodes[index]
        if node.layer is None:
            return True
        due += node.reads
    return False


def narrowing_stages(before: Network, after: Network) -> list[tuple[str, str]]:
    """The stages that are narrower than the stage before in an edited network, and were not."""
    firsts = stage_layers(before)
    widths = {node.name: _widths_of(after, node.name) for node in firsts}
    return [
        (one.name, two.name)
        for one, two in pairwise(firsts)
        if one.output.channels <= two.output.channels
        and widths[one.name]
        and widths[two.name]
        and widths[one.name][-1] > widths[two.name][-1]
    ]


def _widths_of(network: Network, name: str) -> list[int]:
    """What a layer puts out, or those in its place, which are named after it; nothing where it is
    gone."""
    found = [n for n in network.layers if n.name == name or n.name.startswith(f"{name}_")]
    return [node.output.channels for node in found]
