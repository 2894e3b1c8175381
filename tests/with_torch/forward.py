"""A network run forward by PyTorch in float64, for its autograd to differentiate."""

from __future__ import annotations

from math import prod

import torch
from layer_runs import RUNS
from torch import Tensor

from cnncost.network import Network, Node


class Forward:
    """All activations of one run, all parameters by their tensors' names, and the masks."""

    def __init__(self, network: Network, batch: int = 3, seed: int = 0) -> None:
        self.generator = torch.Generator().manual_seed(seed)
        self.parameters: dict[int, dict[str, Tensor]] = {}
        self.values: list[Tensor] = []
        self.masks: dict[str, Tensor] = {}
        self.kernels: dict[str, Tensor] = {}
        for node in network.nodes:
            if node.layer is None:
                self.values.append(self.random(batch, *node.output.dims).requires_grad_())
                continue
            self.parameters[node.index] = self._own(network, node)
            xs = [self.values[i] for i in node.reads]
            y = RUNS[node.layer.word](self, node, *xs)
            assert tuple(y.shape) == (batch, *node.output.dims), node.name
            self.values.append(y)

    def random(self, *dims: int) -> Tensor:
        return torch.randn(dims, generator=self.generator, dtype=torch.float64)

    def _own(self, network: Network, node: Node) -> dict[str, Tensor]:
        if node.shares is not None:
            return self.parameters[node.shares]
        found = {}
        for name, dims in node.layer.tensor_shapes(node.inputs[0]).items():
            if name == "weight" and getattr(node.layer, "connects", None):
                dims = (node.output.channels, node.inputs[0].channels, *dims[1:])
            if name == "weight" and node.layer.word == "locally_connected":
                dims = (node.output.units, node.inputs[0].units)
            # Activations keep their size: a softmax that saturates leaves rounding only.
            spread = prod(dims[1:]) ** -0.5
            found[name] = (self.random(*dims) * spread).requires_grad_()
        return found
