"""Write a network as a picture's text: for Graphviz, and for Markdown viewers that know Mermaid.

Both show one box per layer, with its name, type and output shape, top to bottom.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncost.language import Spec
    from cnncost.network import Input, Network, Node


def write_dot(spec: Spec) -> bytes:
    """Write the network as a directed graph of boxes, in Graphviz' language DOT."""
    network = spec.network
    lines = [
        f"digraph {_quote_text(network.name)} {{",
        '  node [shape=box, fontname="Helvetica", fontsize=11];',
    ]
    for node in network.nodes:
        text = "\\n".join(map(_escape_text, _node_label(node)))
        style = "" if node.layer else ", style=rounded"
        lines.append(f'  n{node.index} [label="{text}"{style}];')
    lines += [f"  n{start} -> n{end};" for start, end in _list_edges(network)]
    return ("\n".join([*lines, "}"]) + "\n").encode()


def write_mermaid(spec: Spec) -> bytes:
    """Write the network as Mermaid's flowchart."""
    network = spec.network
    lines = ["flowchart TD"]
    for node in network.nodes:
        text = "<br/>".join(map(_escape_marks, _node_label(node)))
        left, right = ("[", "]") if node.layer else ("([", "])")
        lines.append(f'  n{node.index}{left}"{text}"{right}')
    lines += [f"  n{start} --> n{end}" for start, end in _list_edges(network)]
    return ("\n".join(lines) + "\n").encode()


def _node_label(node: Input | Node) -> tuple[str, str, str]:
    """Return a node's name, type and output shape."""
    return node.name, node.layer.word if node.layer else "input", str(node.output)


def _list_edges(network: Network) -> Iterator[tuple[int, int]]:
    """List each read as (from, to), in the order of the readers."""
    for node in network.nodes:
        for read in node.reads:
            yield read, node.index


def _quote_text(text: str) -> str:
    return f'"{_escape_text(text)}"'


def _escape_text(text: str) -> str:
    # Graphviz reads \n, \l, \N and the like in a label, and a line break ends it nowhere.
    return " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"')


def _escape_marks(text: str) -> str:
    """Replace anything but letters, digits and plain marks by its number, as Mermaid escapes it."""
    return re.sub(r"[^\w .,:/()-]", lambda match: f"#{ord(match[0])};", " ".join(text.split()))
