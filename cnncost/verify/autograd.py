"""The gradient equations of a network beside autograd on its exported code, in float64."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncost.formats.torch_out import module_names, pytorch_code
from cnncost.network import Network
from cnncost.verify.difference import Line
from cnncost.verify.gradients import disagreeing, evaluate
from cnncost.verify.measure import build

if TYPE_CHECKING:
    from torch import Tensor

TOLERANCE = 1e-4
"""Relative to the largest entry of a gradient."""

EXAMPLES = 2

QUANTITY = "gradients that agree"


class Owned(NamedTuple):
    """What a parameter's symbol stands for: a part of a tensor's rows."""

    symbol: str
    bar: str
    node: int
    tensor: str
    part: int
    parts: int


class Printed(NamedTuple):
    """The equations as they are printed, and what their symbols stand for."""

    text: str
    values: tuple[str, ...]
    """Each node's output, by index; so for its gradient below."""
    bars: tuple[str, ...]
    parameters: tuple[Owned, ...]


def compare(network: Network, printed: Printed) -> Line:
    """How many of the printed gradients of activations and parameters are autograd's.

    What drops keeps all: its masks are ones.
    """
    run = _Run(network)
    given = {i: run.random(*run.values[i].shape) for i in network.outputs}
    activations = {name: run.values[i].detach() for i, name in enumerate(printed.values)}
    for node in network.layers:
        activations[f"m_{node.name}"] = run.values[node.index].new_ones(())[None]
    owned = {p.symbol: run.parameter(p, run.weights(p)).detach() for p in printed.parameters}
    owned |= run.kernels
    ours = evaluate(
        printed.text, activations, owned, {printed.bars[i]: g for i, g in given.items()}
    )
    theirs = run.gradients(printed, given)
    expected = {name: g for name, g in theirs.items() if name in ours}
    trained = {p.bar for p in printed.parameters if not network.nodes[p.node].frozen}
    expected |= {name: theirs[name] for name in theirs if name in trained}
    wrong = disagreeing(ours, expected, TOLERANCE)
    return Line(QUANTITY, len(expected), len(expected) - len(wrong))


class _Run:
    """One run of the exported code on random numbers, all activations at hand."""

    def __init__(self, network: Network) -> None:
        import torch

        self.generator = torch.Generator().manual_seed(0)
        self.modules = module_names(network)
        self.network = network
        self.kernels: dict[str, Tensor] = {}
        torch.manual_seed(0)
        self.model = build(pytorch_code(network, tapped=True)).double().requires_grad_(True)
        self._drop_nothing()
        found: dict[str, Tensor] = {}

        def tap(name: str, value: Tensor) -> Tensor:
            found[name] = value * 1  # a tensor of its own, also behind an identity
            return found[name]

        self.model.tap = tap
        inputs = [self.random(EXAMPLES, *n.output.dims).requires_grad_() for n in network.inputs]
        self.model.train()(*inputs)
        found |= dict(zip((n.name for n in network.inputs), inputs, strict=True))
        self.values = [found[n.name] for n in network.nodes]

    def random(self, *dims: int) -> Tensor:
        import torch

        return torch.randn(dims, generator=self.generator, dtype=torch.float64)

    def _drop_nothing(self) -> None:
        for module in self.model.modules():
            for rate in ("p", "rate"):
                # A layer of that name is a module, not a rate.
                if isinstance(getattr(module, rate, None), int | float):
                    setattr(module, rate, 0.0)

    def weights(self, owned: Owned) -> Tensor:
        """The whole tensor that a parameter is a part of."""
        path = owned.tensor.replace("in_proj_", "in_proj.")
        found: Tensor = self.model.get_parameter(f"{self.modules[owned.node]}.{path}")
        return found

    def parameter(self, owned: Owned, tensor: Tensor) -> Tensor:
        """A parameter's part; a kernel that sees some maps alone, with zeros for the others."""
        module = self.model.get_submodule(self.modules[owned.node])
        maps = getattr(module, "maps", None)
        if maps is None or owned.tensor != "weight":
            return tensor.chunk(owned.parts)[owned.part]
        channels = self.network.nodes[owned.node].inputs[0].channels
        rows = [i for i, seen in enumerate(maps) for _ in seen]
        columns = [j for seen in maps for j in seen]
        full = tensor.new_zeros(len(maps), channels, *tensor.shape[1:])
        full[rows, columns] = tensor
        mask = tensor.new_zeros(full.shape)
        mask[rows, columns] = 1
        self.kernels[f"M_{self.network.nodes[owned.node].name}"] = mask
        return full

    def gradients(self, printed: Printed, given: Mapping[int, Tensor]) -> dict[str, Tensor]:
        """Autograd's, by symbol."""
        import torch

        loss: Any = sum((self.values[i] * g).sum() for i, g in given.items())  # Any: a tensor
        wholes: Sequence[Tensor] = [self.weights(p) for p in printed.parameters]
        found = torch.autograd.grad(
            loss, [*self.values, *wholes], allow_unused=True, materialize_grads=True
        )
        by_name = dict(zip(printed.bars, found, strict=False))
        owned = found[len(printed.bars) :]
        for p, gradient in zip(printed.parameters, owned, strict=True):
            by_name[p.bar] = self.parameter(p, gradient)
        return by_name
