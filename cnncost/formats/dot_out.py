"""DOT out: a network for Graphviz, top to bottom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncost.formats.diagram import list_edges, node_label

if TYPE_CHECKING:
    from cnncost.language import Spec


def write(spec: Spec) -> bytes:
    """Write the network as a directed graph of boxes: name, type and output shape."""
    network = spec.network
    lines = [
        f"digraph {_quote_text(network.name)} {{",
        '  node [shape=box, fontname="Helvetica", fontsize=11];',
    ]
    for node in network.nodes:
        text = "\\n".join(map(_escape_text, node_label(node)))
        style = "" if node.layer else ", style=rounded"
        lines.append(f'  n{node.index} [label="{text}"{style}];')
    lines += [f"  n{start} -> n{end};" for start, end in list_edges(network)]
    return ("\n".join([*lines, "}"]) + "\n").encode()


def _escape_text(text: str) -> str:
    # Graphviz reads \n, \l, \N and the like in a label, and a line break ends it nowhere.
    return " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"')


def _quote_text(text: str) -> str:
    return f'"{_escape_text(text)}"'
