"""A network's layers as text: name, shape, what each reads where that is not the layer above it
(`add1 3x8x8 < input conv1`), `frozen`, and whose parameters it shares (`= conv1`)."""

from __future__ import annotations

from cnncost.language import read_spec
from cnncost.network import Network


def layers(network: Network) -> list[str]:
    """The layers as the cases write them."""
    found = []
    for node in network.layers:
        text = f"{node.name} {node.output}"
        if node.reads != (node.index - 1,):
            text += " < " + " ".join(network.nodes[index].name for index in node.reads)
        if node.frozen:
            text += " frozen"
        if node.shares is not None:
            text += f" = {network.nodes[node.shares].name}"
        found.append(text)
    return found


def read(text: str) -> list[str]:
    """The layers of a spec, which is read without a warning."""
    spec = read_spec(text, "x.yaml")
    assert not spec.warnings, spec.warnings
    return layers(spec.network)
