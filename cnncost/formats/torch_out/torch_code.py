"""Write a network as PyTorch code: calls of blocks as classes, layers in order, with their names.

Code that is measured is flat: one class, one line per layer. Within classes the caller still holds
a block's input while the block runs, so that tensors live longer than their last use. The
inference peak is then the memory report's eager one, and more if a named variable outlives its
readers, as U-Net's skips do. The parameters, the outputs and what is kept for the backward pass
are the same in both forms.
"""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from cnncost.costs.memory.storage import in_place
from cnncost.formats.python_text import class_name, counts_of, file_docstring, title_of
from cnncost.formats.torch_out.torch_classes import Classes
from cnncost.formats.torch_out.torch_methods import Body
from cnncost.formats.torch_out.torch_parts import ClassPart, Unit, leaf_part
from cnncost.formats.torch_out.torch_writers import WRITERS
from cnncost.formats.torch_out.torch_written_modules import MODULES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cnncost.formats.torch_out.torch_layer_code import CodePiece
    from cnncost.language import Spec
    from cnncost.language.assembly import Written
    from cnncost.language.scope import BlockCall
    from cnncost.network import Network


def write(spec: Spec) -> bytes:
    """Write the spec's network as a Python file, with its blocks as classes."""
    return pytorch_classes(spec.network, spec.written).encode()


def pytorch_code(network: Network, *, measured: bool = False) -> str:
    """Write the network as the text of a Python file that needs only PyTorch: one flat class.

    The network's class is the last of the file.

    Args:
        measured: tensors are deleted after their last use, so that the memory of a run is
            that of the network and not of its variables, and `shapes` holds each layer's
            output shape by its name.

    Raises:
        CnncostError: the network has an opaque layer.
    """
    body = _flat_body(network, _code_pieces(network), measured=measured)
    return _write_file(network, body.parts, [_root_class(network, body)])


def pytorch_classes(network: Network, written: Mapping[int, Written]) -> str:
    """Write the network as the text of a Python file, with a class for each block that can be one.

    The network's class is the last of the file.

    Args:
        written: where each layer stands in its spec, by index (a Spec's `written`).

    Raises:
        CnncostError: the network has an opaque layer.
    """
    pieces = _code_pieces(network)
    tree = Tree(network, pieces, {i: one.call for i, one in written.items()})
    name = class_name(network.name)
    classes = Classes(network, written, tree.list_units(), [name, *MODULES])
    parts = classes.dress_parts(tree.parts, set(tree.outputs))
    body = Body(parts, [(node.index, node.name) for node in network.inputs], tree.outputs)
    inner = [part for one in classes.templates for part in one.parts]
    texts = [*classes.write_texts(), _root_class(network, classes.name_classes(body))]
    return _write_file(network, [*inner, *parts], texts)


def _code_pieces(network: Network) -> dict[int, CodePiece]:
    """Write each layer's code, by its node's index."""
    written = in_place(network)
    return {
        node.index: WRITERS[node.layer.word](node, written[node.index]) for node in network.layers
    }


def _flat_body(network: Network, pieces: dict[int, CodePiece], *, measured: bool = False) -> Body:
    parts: list[ClassPart] = [leaf_part(node, pieces[node.index]) for node in network.layers]
    inputs = [(node.index, node.name) for node in network.inputs]
    return Body(parts, inputs, network.outputs, measured)


def _root_class(network: Network, body: Body) -> str:
    head = f"class {class_name(network.name)}(nn.Module):"
    return "\n".join([head, *_write_docstring(network), "", *body.write_methods()])


def _write_file(network: Network, parts: Sequence[ClassPart], classes: list[str]) -> str:
    extras = sorted({part.extra for part in parts if part.extra})
    text = "\n\n\n".join([*(MODULES[name].strip("\n") for name in extras), *classes])
    return f"{file_docstring(network, 'PyTorch')}\n\n{_import_lines(text)}\n\n\n{text}\n"


def _import_lines(text: str) -> str:
    lines = ["import math\n"] if "math." in text else []
    lines += ["import torch"] if "torch." in text else []
    lines += ["import torch.nn.functional as F"] if "F." in text else []
    return "\n".join([*lines, "from torch import nn"])


def _write_docstring(network: Network) -> list[str]:
    """Write the counts, per example, in the words and convention of the tables."""
    taken = ", ".join(f"{node.name} {node.output}" for node in network.inputs)
    given = ", ".join(f"{network.nodes[i].output}" for i in network.outputs)
    rows = textwrap.wrap(f"{counts_of(network)} Takes {taken}; gives {given}.", 80)
    return [f'    """{title_of(network)}.', "", *(f"    {row}" for row in rows), '    """']


# The tree of layers and calls

_NAME = re.compile(r"[^.]+(?:\.\d+)*")
"""One name in a dotted name, with the numbers of its copy."""

MOST_INPUTS = 3
"""The most inputs of a class: a call with more reads better written out."""


class Tree:
    """The network as a tree of parts: layers and calls; layers that do nothing are left out."""

    def __init__(
        self,
        network: Network,
        pieces: Mapping[int, CodePiece],
        calls: Mapping[int, BlockCall | None],
    ) -> None:
        self.network = network
        self.layers = {node.index: node for node in network.layers}
        self.pieces = pieces
        self.chains = [_chain_of(calls.get(node.index)) for node in network.nodes]
        self.same = self._passed_nodes()
        """For each node the node whose output it passes on; for most nodes, itself."""
        self.outputs = tuple(self.same[i] for i in network.outputs)
        self.last_reader, self.last_sharer = self._last_uses()
        nodes = range(len(network.inputs), len(network.nodes))
        self.parts = self._build_parts(nodes, 0, 0)

    def list_units(self) -> list[Unit]:
        """List all units, inner ones first."""
        found: list[Unit] = []
        _collect_units(self.parts, found)
        return found

    def _passed_nodes(self) -> list[int]:
        same: list[int] = []
        for node in self.network.nodes:
            piece = self.pieces.get(node.index)
            idle = piece is not None and piece.call == "{x}" and not piece.module
            same.append(same[node.reads[0]] if idle else node.index)
        return same

    def _last_uses(self) -> tuple[list[int], list[int]]:
        """Find for each node the last one that reads it, and the last to share its parameters."""
        count = len(self.network.nodes)
        readers, sharers = [-1] * count, [-1] * count
        for node in self.network.nodes:
            if self.same[node.index] != node.index:
                continue
            for i in node.reads:
                readers[self.same[i]] = node.index
            if node.shares is not None:
                sharers[node.shares] = node.index
        for i in self.outputs:
            readers[i] = count
        return readers, sharers

    def _build_parts(self, nodes: range, depth: int, base: int) -> tuple[ClassPart, ...]:
        """Build the parts of nodes that lie in `depth` calls; names leave out the outer `base`."""
        parts: list[ClassPart] = []
        start = nodes.start
        while start < nodes.stop:
            chain, end = self.chains[start], start + 1
            if len(chain) > depth:
                while end < nodes.stop and self._is_within(end, chain[depth], depth):
                    end += 1
                parts += self._build_call(range(start, end), depth + 1, base)
            elif self.same[start] == start:
                parts.append(self._build_leaf(start, base))
            start = end
        return tuple(parts)

    def _is_within(self, node: int, call: BlockCall, depth: int) -> bool:
        chain = self.chains[node]
        return len(chain) > depth and chain[depth] is call

    def _build_leaf(self, index: int, base: int) -> ClassPart:
        node = self.layers[index]
        part = leaf_part(node, self.pieces[index], ".".join(_name_tokens(node.name)[base:]))
        return part._replace(reads=tuple(self.same[i] for i in node.reads))

    def _build_call(self, nodes: range, depth: int, base: int) -> tuple[ClassPart, ...]:
        """Build one call: a unit, or its parts if it cannot be one or would hold one line."""
        ends = self._find_ends(nodes)
        parts = self._build_parts(nodes, depth, base if ends is None else depth)
        if ends is None:
            return parts
        name = ".".join(_name_tokens(self.network.nodes[nodes.start].name)[base:depth])
        if len(parts) == 1 and parts[0].unit:
            return (parts[0]._replace(name=name),)
        if len(parts) == 1:
            return self._build_parts(nodes, depth, base)
        sources, output = ends
        frozen = self._is_frozen(nodes)
        if frozen:
            parts = tuple(part._replace(frozen=False) for part in parts)
        unit = Unit(self.chains[nodes.start][depth - 1], sources, output, nodes, parts)
        return (ClassPart(name, output, sources, "", (), "{m}({xs})", frozen=frozen, unit=unit),)

    def _find_ends(self, nodes: range) -> tuple[tuple[int, ...], int] | None:
        """Find the tensors that a call reads and the one it returns; None if it is no unit."""
        sources: dict[int, None] = {}
        outputs: list[int] = []
        for i in nodes:
            if self.same[i] != i:
                continue
            node = self.network.nodes[i]
            sources |= {self.same[j]: None for j in node.reads if self.same[j] < nodes.start}
            if self.last_reader[i] >= nodes.stop:
                outputs.append(i)
            owner = node.shares
            if self.last_sharer[i] >= nodes.stop or (owner is not None and owner not in nodes):
                return None
        if len(outputs) != 1 or len(sources) > MOST_INPUTS:
            return None
        return tuple(sources), outputs[0]

    def _is_frozen(self, nodes: range) -> bool:
        """Whether everything that the call learns is frozen."""
        layers = [self.layers[i] for i in nodes]
        learning = [node for node in layers if node.layer.learns]
        return bool(learning) and all(node.frozen for node in learning)


def _chain_of(call: BlockCall | None) -> list[BlockCall]:
    """List the calls around a layer, outermost first."""
    found: list[BlockCall] = []
    while call is not None:
        found.append(call)
        call = call.outer
    return found[::-1]


def _name_tokens(name: str) -> list[str]:
    return [match.group() for match in _NAME.finditer(name)]


def _collect_units(parts: tuple[ClassPart, ...] | Iterator[ClassPart], found: list[Unit]) -> None:
    for part in parts:
        if part.unit is not None:
            _collect_units(part.unit.parts, found)
            found.append(part.unit)
