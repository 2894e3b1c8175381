"""Graphs as structured specs: the same network, in fewer lines."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kinds import list_kinds

import cnncost
from cnncost.costs.metrics import Metrics
from cnncost.formats.graph import Graph, Op, graph_of
from cnncost.formats.spec_text import spec_text
from cnncost.formats.structured_text import are_equal_networks, structured_text, write_structured
from cnncost.network import Network

TARGETS = {"resnet50": 60, "mobilenet_v2": 80, "densenet121": 60}
"""Lines at most, as issue 6 has them."""


@pytest.mark.parametrize("name", list_kinds())
def test_bundled_networks_come_back(name: str) -> None:
    network = cnncost.load(name).network
    graph = graph_of(network)
    assert are_equal_networks(cnncost.loads(spec_text(graph)).network, network)
    text = write_structured(graph, network)
    assert are_equal_networks(cnncost.loads(text).network, network)
    assert structured_text(graph, network) == text  # the flat text did not have to stand in
    assert len(text.splitlines()) <= TARGETS.get(name, len(spec_text(graph).splitlines()))


def test_what_a_join_is_given_beside_its_names_is_kept() -> None:
    text = "input: [64, 49]\nlayers:\n  - {name: k, reshape: [98, 32]}\n"
    text += "  - {name: s, matmul: [k, input], groups: 2}\n"
    network = cnncost.loads(text).network
    assert "matmul: [previous, input], groups: 2" in write_structured(graph_of(network), network)


def costs(network: Network) -> list[object]:
    """What a text must not change: every layer's counts, and memory in bytes."""
    metrics = Metrics(network, batch=4, optimizer="adam")
    rows = [(row.units, row.weights, row.biases, row.connections) for row in metrics.counts.layers]
    memory = metrics.memory
    return [
        rows,
        metrics.counts.totals,
        (memory.parameters, memory.buffers, memory.inference.bytes),
        memory.saved and memory.saved.total,
        memory.training and (memory.training.bytes, memory.training.phase),
        metrics.compute_figure("sram"),
    ]


@pytest.mark.parametrize("name", list_kinds())
def test_flat_and_structured_texts_cost_the_same(name: str) -> None:
    network = cnncost.load(name).network
    flat = cnncost.loads(spec_text(graph_of(network))).network
    structured = cnncost.loads(structured_text(graph_of(flat), flat)).network
    assert costs(flat) == costs(network)
    assert costs(structured) == costs(network)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Layers over one map, each behind any earlier one; what nothing reads is an output."""
    ops: list[Op] = []
    names = ["input"]
    for i in range(draw(st.integers(1, 24))):
        word = draw(st.sampled_from(["conv", "relu", "batchnorm", "add", "add", "mul"]))
        near = names[-draw(st.sampled_from([1, 1, 1, 2, 4])) :]
        reads = [draw(st.sampled_from(near))]
        if word in ("add", "mul"):
            reads.append(draw(st.sampled_from(names[-4:])))
        arguments = (
            {"filters": 4, "kernel": draw(st.sampled_from([1, 3]))} if word == "conv" else {}
        )
        if arguments.get("kernel") == 3:
            arguments["padding"] = 1
        name = f"m{i // 3}.{word}{i}"
        ops.append(Op(name, word, dict(arguments), tuple(reads)))
        names.append(name)
    read = {name for op in ops for name in op.reads}
    return Graph(
        "random", {"input": (4, 8, 8)}, tuple(ops), tuple(n for n in names[1:] if n not in read)
    )


@settings(max_examples=150, deadline=None)
@given(graphs())
def test_random_graphs_are_kept(graph: Graph) -> None:
    flat = cnncost.loads(spec_text(graph)).network
    assert are_equal_networks(cnncost.loads(structured_text(graph, flat)).network, flat)
    assert are_equal_networks(cnncost.loads(write_structured(graph, flat)).network, flat)
