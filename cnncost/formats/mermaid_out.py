"""Mermaid out: a network as a flowchart that Markdown viewers draw."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cnncost.formats.diagram import list_edges, node_label

if TYPE_CHECKING:
    from cnncost.language import Spec


def write(spec: Spec) -> bytes:
    """Write the network as a flowchart, top to bottom: name, type and output shape."""
    network = spec.network
    lines = ["flowchart TD"]
    for node in network.nodes:
        text = "<br/>".join(map(_escape_marks, node_label(node)))
        left, right = ("[", "]") if node.layer else ("([", "])")
        lines.append(f'  n{node.index}{left}"{text}"{right}')
    lines += [f"  n{start} --> n{end}" for start, end in list_edges(network)]
    return ("\n".join(lines) + "\n").encode()


def _escape_marks(text: str) -> str:
    """Replace anything but letters, digits and plain marks by its number, as Mermaid escapes it."""
    return re.sub(r"[^\w .,:/()-]", lambda match: f"#{ord(match[0])};", " ".join(text.split()))
