"""Write a network as Keras code: a function that builds it, layers in order, with their names."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnncost.formats.keras_out.keras_calls import KerasCallStep, Piece, keras_refusal
from cnncost.formats.keras_out.keras_window_calls import maxpool_of_no_negatives
from cnncost.formats.keras_out.keras_writers import LAYERS
from cnncost.formats.keras_out.keras_written_classes import CLASSES
from cnncost.formats.python_text import (
    WIDTH,
    counts_of,
    file_docstring,
    lay_call,
    make_distinct,
    make_identifiers,
    title_of,
)

if TYPE_CHECKING:
    from cnncost.language import Spec
    from cnncost.network import Network, Node

_FILE = ("x", "keras", "layers", "ops", "build", *CLASSES)
"""The names that the written file itself uses."""


def write(spec: Spec) -> bytes:
    """Write the spec's network as a Python file."""
    return keras_code(spec.network).encode()


REGISTERED = '@keras.saving.register_keras_serializable("cnncost")'
"""This distinguishes a class from others of its name when its model is read back."""


def keras_code(network: Network) -> str:
    """Write the network as the text of a Python file that needs only Keras 3, channels last.

    Its function `build` returns the model. A layer has the spec's name with underscores for
    dots, because PyTorch beneath Keras refuses dots.

    Raises:
        CnncostError: a layer is opaque, or Keras has nothing that does what it does.
    """
    pieces = _layer_calls(network)
    own = sorted({step.head for piece in pieces.values() for step in piece if _is_own_class(step)})
    lines = _Code(network, pieces).write_lines()
    classes = [f"{REGISTERED}\n{CLASSES[name].strip()}" for name in own]
    text = "\n\n\n".join([*classes, "\n".join(lines)])
    return f"{file_docstring(network, 'Keras 3')}\n\n{_import_lines(text)}\n\n\n{text}\n"


_ABOVE_ZERO = ("relu", "relu6", "sigmoid", "hardsigmoid", "step", "softmax", "softplus")
_KEEPS_SIGN = (
    *("maxpool", "avgpool", "global_avgpool", "global_maxpool", "concat", "add", "mul"),
    *("identity", "dropout", "drop_path", "pad", "crop", "slice", "channel_shuffle", "upsample"),
)


def _layer_calls(network: Network) -> dict[int, Piece]:
    """Write the calls of each layer, by its node's index."""
    positive = [False] * len(network.nodes)
    pieces: dict[int, Piece] = {}
    for node in network.layers:
        word, reads = node.layer.word, all(positive[i] for i in node.reads)
        positive[node.index] = word in _ABOVE_ZERO or (word in _KEEPS_SIGN and reads)
        zeros = word == "maxpool" and reads
        pieces[node.index] = (maxpool_of_no_negatives if zeros else LAYERS[word])(node)
    return pieces


def _is_own_class(step: KerasCallStep) -> bool:
    return step.has_written_class and "{x}" not in step.head


def _import_lines(text: str) -> str:
    names = "layers, ops" if "ops." in text else "layers"
    maths = "import math\n\n" if "math." in text else ""
    return f"{maths}import keras\nfrom keras import {names}"


@dataclass(frozen=True)
class _Code:
    """Writes the function that builds the network."""

    network: Network
    pieces: dict[int, Piece]

    def write_lines(self) -> list[str]:
        names, variables = self._call_names(), self._variable_names()
        owners = dict.fromkeys(n.shares for n in self.network.layers if n.shares is not None)
        nodes = [self.network.nodes[i] for i in owners]
        taken = ["x", *_FILE, *variables]
        words = make_identifiers((f"{node.name}_layer" for node in nodes), taken)
        kept: dict[int | None, str] = dict(zip(owners, words, strict=True))
        lines = ["def build():", *self._write_docstring()]
        for entry in self.network.inputs:
            shape = (*entry.output.extents, entry.output.channels)
            inside = ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "")
            made = f"keras.Input(({inside}), name={_quote_string(names[entry.index, ''])})"
            lines.append(f"    {variables[entry.index]} = {made}")
        for node in self.network.layers:
            lines += self._write_node(node, names, variables, kept)
        ends = [_write_list([variables[n.index] for n in self.network.inputs])]
        ends += [_write_list([variables[i] for i in self.network.outputs])]
        # Keras's names are paths: a slash would stand between two of them.
        title = make_distinct([self.network.name])[0].replace("/", "_")
        return [*lines, *lay_call(4, "return keras.Model", [*ends, f"name={_quote_string(title)}"])]

    def _write_docstring(self) -> list[str]:
        """Write the counts, per example, in the words and convention of the tables."""
        rows = textwrap.wrap(counts_of(self.network), 92)
        return [
            f'    """{title_of(self.network)}.',
            "",
            *(f"    {row}" for row in rows),
            '    """',
        ]

    def _call_names(self) -> dict[tuple[int, str], str]:
        """Name each call; names of the nodes themselves go first."""
        parts = [
            (node, step.part)
            for node in self.network.layers
            for step in self.pieces[node.index]
            if step.part
        ]
        keys = [(node.index, "") for node in self.network.nodes]
        keys += [(node.index, part) for node, part in parts]
        wanted = [node.name for node in self.network.nodes]
        wanted += [f"{node.name}_{part}" for node, part in parts]
        return dict(zip(keys, make_distinct(wanted), strict=True))

    def _variable_names(self) -> list[str]:
        """Name each node's output: `x` if only the next line reads it."""
        nodes = self.network.nodes
        flows = [
            node.layer is not None and seen == (node.index + 1,)
            for node, seen in zip(nodes, self.network.readers, strict=True)
        ]
        if len(self.network.outputs) == 1:
            flows[self.network.outputs[0]] = True
        named = (node.name for node, flow in zip(nodes, flows, strict=True) if not flow)
        words = iter(make_identifiers(("inputs" if n == "input" else n for n in named), _FILE))
        return ["x" if flow else next(words) for flow in flows]

    def _write_node(
        self,
        node: Node,
        names: dict[tuple[int, str], str],
        variables: list[str],
        kept: dict[int | None, str],
    ) -> list[str]:
        """Write the lines of one layer."""
        reads = [variables[i] for i in node.reads]
        source = f"[{', '.join(reads)}]" if len(reads) > 1 else reads[0]
        lines: list[str] = []
        steps = self.pieces[node.index]
        for number, step in enumerate(steps, 1):
            # `x` is free in between: what held it was read by this layer's first call.
            target = variables[node.index] if number == len(steps) else "x"
            if "{x}" in step.head:
                lines.append(f"    {target} = {step.head.format(x=source)}")
                continue
            given = f"{source}, {source}" if step.twice else source
            owner = node.index if node.shares is None else node.shares
            held = "" if step.part else kept.get(owner, "")
            frozen = ["trainable=False"] if node.frozen and not step.part else []
            name = f"name={_quote_string(names[node.index, step.part])}"
            made = [*step.arguments, *frozen, name]
            if held and node.shares is None:
                lines += lay_call(4, f"{held} = {step.head}", made)
            if held and node.shares is not None:
                self._require_same_layer(node, node.shares, step)
            if held:
                lines.append(f"    {target} = {held}({given})")
            else:
                lines += _write_call(f"{target} = {step.head}", made, given)
            source = target
        return lines

    def _require_same_layer(self, node: Node, shares: int, step: KerasCallStep) -> None:
        """Refuse to share with a layer that differs in what is not learned."""
        if step not in self.pieces[shares]:
            owner = self.network.nodes[shares].name
            raise keras_refusal(
                node,
                f"it shares the weights of {owner}, but is another layer",
                "Keras shares whole layers: the same strides, padding and dilation",
            )


def _write_call(head: str, arguments: list[str], given: str) -> list[str]:
    """Write `head(arguments)(given)`, on one line if it fits."""
    line = f"    {head}({', '.join(arguments)})({given})"
    if len(line) <= WIDTH:
        return [line]
    *rows, last = lay_call(4, head, arguments)
    if not rows:  # it fits without its input
        rows, last = [f"    {head}(", f"        {', '.join(arguments)}"], "    )"
    if len(last) + len(given) + 2 <= WIDTH:
        return [*rows, f"{last}({given})"]
    opened, closed = ("[", "]") if given.startswith("[") else ("", "")
    items = given.strip("[]").split(", ")
    inner = f"        {', '.join(items)}"
    lines = [inner] if len(inner) <= WIDTH else [f"        {item}," for item in items]
    return [*rows, f"{last}({opened}", *lines, f"    {closed})"]


def _write_list(variables: list[str]) -> str:
    return variables[0] if len(variables) == 1 else f"[{', '.join(variables)}]"


def _quote_string(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
