"""Networks as diagrams, in DOT and Mermaid: titles, lines, and every edge."""

from __future__ import annotations

import pytest

import cnncost
from cnncost import bundled
from cnncost.formats.diagrams import write_dot, write_mermaid

ODD = """name: "a \\"b\\" \\\\N #1; <x>"
input: [3, 8, 8]
layers: [{conv: 2, kernel: 1}, relu]
"""


def test_titles_are_escaped_in_dot() -> None:
    text = write_dot(cnncost.loads(ODD)).decode()
    assert text.startswith('digraph "a \\"b\\" \\\\N #1; <x>" {\n')


def test_mermaid_is_a_flowchart() -> None:
    lines = write_mermaid(cnncost.loads(ODD)).decode().splitlines()
    assert lines == [
        "flowchart TD",
        '  n0(["input<br/>input<br/>3x8x8"])',
        '  n1["conv1<br/>conv<br/>2x8x8"]',
        '  n2["relu1<br/>relu<br/>2x8x8"]',
        "  n0 --> n1",
        "  n1 --> n2",
    ]


@pytest.mark.parametrize("name", bundled.list_names())
def test_every_edge_is_drawn(name: str) -> None:
    spec = cnncost.load(name)
    edges = sum(len(node.reads) for node in spec.network.nodes)
    assert write_dot(spec).decode().count(" -> ") == edges
    assert write_mermaid(spec).decode().count(" --> ") == edges
