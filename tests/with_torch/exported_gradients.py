"""The printed gradient equations beside autograd on the exported code, in float64."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import NamedTuple
from unicodedata import normalize

import torch
from equations.evaluation import disagreeing, evaluate
from torch import Tensor

from cnncost.formats.torch_out import torch_code
from cnncost.formats.torch_out.torch_code import pytorch_code
from cnncost.network import Network
from cnncost.study.backward.backward_pass import BackwardPass
from cnncost.study.backward.gradient_expression import ParameterSymbol, Symbol
from cnncost.verify.measure import build_network
from cnncost.views.backward.gradient_formula import formula_of
from cnncost.views.backward.gradient_writers import write_gradients

TOLERANCE = 1e-4
"""Relative to the largest entry of a gradient."""

EXAMPLES = 2


def printed(found: BackwardPass) -> str:
    """The equations as `explain --backward` prints them into a pipe."""
    file = StringIO()
    write_gradients(file, found, (), "text", plain=False)
    return file.getvalue()


def name(symbol: Symbol) -> str:
    """A symbol as it is printed."""
    return normalize("NFD", formula_of(symbol))


class Agreement(NamedTuple):
    """How many gradients were compared, and those that are not autograd's."""

    compared: int
    wrong: list[str]


def compare(found: BackwardPass, text: str) -> Agreement:
    """The gradients of activations and parameters in these equations beside autograd's.

    What drops keeps all: its masks are ones.
    """
    network = found.network
    run = _ExportedRun(network)
    given = {i: run.random(*run.values[i].shape) for i in network.outputs}
    activations = {name(s): v.detach() for s, v in zip(found.values, run.values, strict=True)}
    for node in network.layers:
        activations[f"m_{node.name}"] = run.values[node.index].new_ones(())[None]
    owned = {name(p.symbol): run.part(p, run.weights(p)).detach() for p in found.parameters}
    owned |= run.kernels
    bars = {name(found.values[i].bar): g for i, g in given.items()}
    ours = evaluate(text, activations, owned, bars)
    theirs = run.gradients(found, given)
    trained = {name(p.symbol.bar) for p in found.parameters if not p.node.frozen}
    expected = {key: g for key, g in theirs.items() if key in ours or key in trained}
    return Agreement(len(expected), disagreeing(ours, expected, TOLERANCE))


def _tapped_code(network: Network) -> str:
    """The flat code; each output goes through `self.tap(name, output)`, nothing is overwritten."""
    text = pytorch_code(network, measured=True).replace("inplace=True", "inplace=False")
    text = re.sub(r"^ +del .*\n", "", text, flags=re.MULTILINE)
    shape = re.compile(r"self\.shapes\[(.+)\] = tuple\((\w+)\.shape\)")
    return shape.sub(r"\2 = self.tap(\1, \2)", text)


class _ExportedRun:
    """One run of the exported code on random numbers, all activations at hand."""

    def __init__(self, network: Network) -> None:
        self.generator = torch.Generator().manual_seed(0)
        self.modules = torch_code._flat_body(
            network, torch_code._code_pieces(network)
        ).module_names()
        self.network = network
        self.kernels: dict[str, Tensor] = {}
        torch.manual_seed(0)
        self.model = build_network(_tapped_code(network)).double().requires_grad_(True)
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
        return torch.randn(dims, generator=self.generator, dtype=torch.float64)

    def _drop_nothing(self) -> None:
        for module in self.model.modules():
            for rate in ("p", "rate"):
                # A layer of that name is a module, not a rate.
                if isinstance(getattr(module, rate, None), int | float):
                    setattr(module, rate, 0.0)

    def weights(self, owned: ParameterSymbol) -> Tensor:
        """The whole tensor that a parameter is a part of."""
        path = owned.tensor.replace("in_proj_", "in_proj.")
        found: Tensor = self.model.get_parameter(f"{self.modules[owned.node.index]}.{path}")
        return found

    def part(self, owned: ParameterSymbol, tensor: Tensor) -> Tensor:
        """A parameter's part; a kernel that sees some maps alone, with zeros for the others."""
        module = self.model.get_submodule(self.modules[owned.node.index])
        maps = getattr(module, "maps", None)
        if maps is None or owned.tensor != "weight":
            return tensor.split(owned.sizes)[owned.part] if owned.sizes else tensor
        channels = owned.node.inputs[0].channels
        rows = [i for i, seen in enumerate(maps) for _ in seen]
        columns = [j for seen in maps for j in seen]
        full = tensor.new_zeros(len(maps), channels, *tensor.shape[1:])
        full[rows, columns] = tensor
        mask = tensor.new_zeros(full.shape)
        mask[rows, columns] = 1
        self.kernels[f"M_{owned.node.name}"] = mask
        return full

    def gradients(self, found: BackwardPass, given: Mapping[int, Tensor]) -> dict[str, Tensor]:
        """Autograd's, by symbol."""
        loss = torch.stack([(self.values[i] * g).sum() for i, g in given.items()]).sum()
        wholes: Sequence[Tensor] = [self.weights(p) for p in found.parameters]
        gradients = torch.autograd.grad(
            loss, [*self.values, *wholes], allow_unused=True, materialize_grads=True
        )
        bars = [name(symbol.bar) for symbol in found.values]
        by_name = dict(zip(bars, gradients, strict=False))
        for p, gradient in zip(found.parameters, gradients[len(bars) :], strict=True):
            by_name[name(p.symbol.bar)] = self.part(p, gradient)
        return by_name
