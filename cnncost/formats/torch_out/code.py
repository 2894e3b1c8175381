"""A network as PyTorch code: one class, its layers in order, names kept."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnncost.costs import Convention, count_network
from cnncost.costs.memory.storage import in_place
from cnncost.formats.torch_out import layout
from cnncost.formats.torch_out.layers import WRITERS
from cnncost.formats.torch_out.modules import MODULES
from cnncost.formats.torch_out.names import class_name, identifiers
from cnncost.formats.torch_out.piece import Piece

if TYPE_CHECKING:
    from cnncost.network import Network, Node
    from cnncost.spec import Spec


def write(spec: Spec) -> bytes:
    """The spec's network as a Python file."""
    return pytorch_code(spec.network).encode()


def module_names(network: Network) -> dict[int, str]:
    """The attribute that holds each layer's module in the code, by the node's index."""
    return _Code(network, _pieces(network), measured=False)._attributes()


def pytorch_code(network: Network, *, measured: bool = False, tapped: bool = False) -> str:
    """The network as the text of a Python file that needs PyTorch alone.

    The network's class is the last of the file.

    Args:
        measured: tensors are deleted after their last use, so that the memory of a run is
            that of the network and not of its variables, and `shapes` holds each layer's
            output shape by its name.
        tapped: each layer's output goes through `self.tap(name, output)`, which whoever runs
            the code sets, and nothing works in place.

    Raises:
        CnncostError: the network has an opaque layer.
    """
    code = _Code(network, _pieces(network, tapped), measured=measured, tapped=tapped)
    extras = sorted({piece.extra for piece in code.pieces.values() if piece.extra})
    body = [*(MODULES[name].strip("\n") for name in extras), "\n".join(code.lines())]
    text = "\n\n\n".join(body)
    return f"{_title(network)}\n\n{_imports(text)}\n\n\n{text}\n"


def _pieces(network: Network, apart: bool = False) -> dict[int, Piece]:
    """Each layer's code by its node's index; `apart`: none works in place."""
    written = [False] * len(network.nodes) if apart else in_place(network)
    return {
        node.index: WRITERS[node.layer.word](node, written[node.index])
        for node in network.layers
        if node.layer
    }


def _imports(text: str) -> str:
    lines = ["import math\n"] if "math." in text else []
    lines += ["import torch"] if "torch." in text else []
    lines += ["import torch.nn.functional as F"] if "F." in text else []
    return "\n".join([*lines, "from torch import nn"])


def _title(network: Network) -> str:
    title = " ".join(network.name.replace("\\", "/").replace('"', "'").split())
    return f'"""{textwrap.shorten(title, 80)} in PyTorch, written by cnncost."""'


@dataclass(frozen=True)
class _Code:
    """The network's class in the making."""

    network: Network
    pieces: dict[int, Piece]
    measured: bool
    tapped: bool = False

    def lines(self) -> list[str]:
        attributes = self._attributes()
        variables = self._variables()
        arguments = ", ".join(["self", *(variables[node.index] for node in self.network.inputs)])
        return [
            f"class {class_name(self.network.name)}(nn.Module):",
            *self._docstring(),
            "",
            "    def __init__(self):",
            "        super().__init__()",
            *self._layers(attributes),
            "",
            f"    def forward({arguments}):",
            *self._steps(attributes, variables),
            f"        return {', '.join(variables[i] for i in self.network.outputs)}",
        ]

    def _docstring(self) -> list[str]:
        """The counts, per example, in the words and convention of the tables."""
        total = count_network(self.network, Convention()).totals
        counts = (
            f"{total.weights:,} weights, {total.parameters:,} parameters and "
            f"{total.connections:,} connections (multiply-accumulates) an example."
        )
        taken = ", ".join(f"{node.name} {node.output}" for node in self.network.inputs)
        given = ", ".join(f"{self.network.nodes[i].output}" for i in self.network.outputs)
        rows = textwrap.wrap(f"{counts} Takes {taken}; gives {given}.", 92)
        first = '    """' + " ".join(self.network.name.replace('"', "'").split())
        return [f"{first}.", "", *(f"    {row}" for row in rows), '    """']

    def _attributes(self) -> dict[int, str]:
        """The module of each layer that has one; a shared layer's is its owner's."""
        nodes = [node for node in self.network.layers if self.pieces[node.index].module]
        names = identifiers(node.name for node in nodes)
        found: dict[int, str] = {}
        for node, name in zip(nodes, names, strict=True):
            owner = node.shares
            same = owner is not None and self.pieces[owner] == self.pieces[node.index]
            found[node.index] = found[owner] if owner is not None and same else name
        return found

    def _layers(self, attributes: dict[int, str]) -> list[str]:
        lines = ["        self.shapes = {}"] if self.measured else []
        for node in self.network.layers:
            name, piece = attributes.get(node.index), self.pieces[node.index]
            if name is None or (node.shares is not None and attributes[node.shares] == name):
                continue
            lines += layout.call(8, f"self.{name} = {piece.module}", piece.arguments)
            if node.shares is not None:
                lines += self._tied(node, name, attributes[node.shares])
        return lines + self._frozen(attributes)

    def _tied(self, node: Node, name: str, owner: str) -> list[str]:
        """A shared layer that differs in what is not learned: its tensors are its owner's."""
        tensors = node.layer.tensors(node.inputs[0]) if node.layer else {}
        paths = [tensor.replace("in_proj_", "in_proj.") for tensor in tensors]
        return [f"        self.{name}.{path} = self.{owner}.{path}" for path in paths]

    def _frozen(self, attributes: dict[int, str]) -> list[str]:
        frozen = [
            attributes[node.index]
            for node in self.network.layers
            if node.frozen and node.layer and node.layer.learns and node.shares is None
        ]
        return [f"        self.{name}.requires_grad_(False)" for name in frozen]

    def _variables(self) -> list[str]:
        """A name for each node's output: `x` where only the next line reads it."""
        readers: list[list[int]] = [[] for _ in self.network.nodes]
        for node in self.network.nodes:
            for i in node.reads:
                readers[i].append(node.index)
        flows = [seen in ([], [i + 1]) for i, seen in enumerate(readers)]
        if len(self.network.outputs) > 1:
            flows = [flow and bool(seen) for flow, seen in zip(flows, readers, strict=True)]
        named = [node for node in self.network.nodes if not self._is_x(node, flows)]
        words = iter(identifiers((node.name for node in named), ["x"]))
        return ["x" if self._is_x(node, flows) else next(words) for node in self.network.nodes]

    def _is_x(self, node: Node, flows: list[bool]) -> bool:
        return flows[node.index] and (node.layer is not None or len(self.network.inputs) == 1)

    def _steps(self, attributes: dict[int, str], variables: list[str]) -> list[str]:
        lines: list[str] = []
        dying = self._dying() if self.measured else {}
        for node in self.network.layers:
            target = variables[node.index]
            lines += self._step(node, attributes.get(node.index, ""), variables)
            if self.tapped:
                lines.append(f"        {target} = self.tap({node.name!r}, {target})")
            if self.measured:
                lines.append(f"        self.shapes[{node.name!r}] = tuple({target}.shape)")
            dead = [variables[i] for i in dying.get(node.index, ()) if variables[i] != target]
            lines += [f"        del {', '.join(dead)}"] if dead else []
        return lines

    def _step(self, node: Node, module: str, variables: list[str]) -> list[str]:
        """One layer's line."""
        piece, target = self.pieces[node.index], variables[node.index]
        reads = [variables[i] for i in node.reads]
        value = piece.call.format(*reads, m=f"self.{module}", x=reads[0], xs=", ".join(reads))
        if value == target:
            return []
        if piece.call.startswith("torch.cat"):
            return layout.call(8, f"{target} = torch.cat", [f"[{', '.join(reads)}]", "dim=1"])
        sign = piece.call[4] if piece.call.startswith("{0} ") else ""
        return layout.statement(8, target, value, sign)

    def _dying(self) -> dict[int, list[int]]:
        """For each node the outputs that it is the last to read."""
        last = {i: node.index for node in self.network.layers for i in node.reads}
        dying: dict[int, list[int]] = {}
        for i, reader in last.items():
            dying.setdefault(reader, []).append(i)
        return dying
