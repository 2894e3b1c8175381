"""A network as PyTorch code: its blocks' calls as classes, its layers in order, names kept.

What is measured is written flat, a line a layer in one class: within classes the
caller still holds a block's input while the block runs, so that tensors live longer than their
last use asks for (the inference peak is the eager one of the memory report, and above it where
a named variable outlives its readers, as U-Net's skips do). The parameters, the outputs and what
is kept for the backward pass are the same in both forms.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from cnncost.costs import Convention, count_network
from cnncost.costs.memory.storage import in_place
from cnncost.formats.identifiers import class_name
from cnncost.formats.torch_out.torch_call_tree import Tree
from cnncost.formats.torch_out.torch_classes import Classes
from cnncost.formats.torch_out.torch_methods import Body
from cnncost.formats.torch_out.torch_parts import ClassPart, leaf_part
from cnncost.formats.torch_out.torch_writers import WRITERS
from cnncost.formats.torch_out.torch_written_modules import MODULES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncost.formats.torch_out.torch_layer_code import CodePiece
    from cnncost.language import Spec
    from cnncost.language.assembly import Written
    from cnncost.network import Network


def write(spec: Spec) -> bytes:
    """The spec's network as a Python file, its blocks as classes."""
    return pytorch_classes(spec.network, spec.written).encode()


def pytorch_code(network: Network, *, measured: bool = False) -> str:
    """The network as the text of a Python file that needs PyTorch alone: one flat class.

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
    """The network as the text of a Python file: a class for each block that can be one.

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
    """Each layer's code by its node's index."""
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
    return f"{_file_docstring(network)}\n\n{_import_lines(text)}\n\n\n{text}\n"


def _import_lines(text: str) -> str:
    lines = ["import math\n"] if "math." in text else []
    lines += ["import torch"] if "torch." in text else []
    lines += ["import torch.nn.functional as F"] if "F." in text else []
    return "\n".join([*lines, "from torch import nn"])


def _file_docstring(network: Network) -> str:
    return f'"""{textwrap.shorten(_docstring_name(network), 60)} in PyTorch, written by cnncost."""'


def _docstring_name(network: Network) -> str:
    """The network's name as it can stand in a docstring."""
    return " ".join(network.name.replace("\\", "/").replace('"', "'").split())


def _write_docstring(network: Network) -> list[str]:
    """The counts, per example, in the words and convention of the tables."""
    total = count_network(network, Convention()).totals
    counts = (
        f"{total.weights:,} weights, {total.parameters:,} parameters and "
        f"{total.connections:,} connections (multiply-accumulates) an example."
    )
    taken = ", ".join(f"{node.name} {node.output}" for node in network.inputs)
    given = ", ".join(f"{network.nodes[i].output}" for i in network.outputs)
    rows = textwrap.wrap(f"{counts} Takes {taken}; gives {given}.", 80)
    return [f'    """{_docstring_name(network)}.', "", *(f"    {row}" for row in rows), '    """']
