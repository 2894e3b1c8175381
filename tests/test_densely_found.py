"""Dense connectivity found again in flat networks, and nowhere else.

The oracle writes the same network flat, each concatenation spelled out. DenseNet-121 stands in few
lines, with the costs that were measured.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cnncost
from cnncost.costs.memory import measure_memory
from cnncost.formats.graph import graph_of
from cnncost.formats.spec_text import spec_text
from cnncost.formats.structured_text import are_equal_networks, structured_text, write_structured


def flat(body: list[str], times: int, above: str) -> list[str]:
    """The lines of a dense structure, one a layer; `above` is what enters it."""
    lines: list[str] = []
    outputs = [above]
    for copy in range(times):
        if copy:
            lines.append(f"{{concat: [{', '.join(outputs)}]}}")
        lines += body[:-1]
        outputs.append(f"{above}_{copy}")
        lines.append(f"{{name: {outputs[-1]}, {body[-1]}}}")
    return [*lines, f"{{name: {above}_all, concat: [{', '.join(outputs)}]}}"]


def spec(lines: list[str]) -> str:
    return "input: [6, 7, 5]\nlayers:\n" + "".join(f"  - {line}\n" for line in lines)


BODY = st.lists(
    st.sampled_from(
        [
            "batchnorm",
            "relu",
            "{conv: 4, kernel: [3, 1], padding: [1, 0]}",
            "{conv: 5, kernel: 1, bias: false}",
            "{conv_transpose: 3, kernel: 3, padding: 1}",
            "{residual: [batchnorm, relu]}",
        ]
    ),
    max_size=4,
)
LAST = st.sampled_from(["conv: 3, kernel: 1", "conv: 2, kernel: 3, padding: same", "relu"])


@settings(max_examples=60, deadline=None)
@given(BODY, LAST, st.integers(1, 6), st.booleans())
def test_it_is_the_flat_network(body: list[str], last: str, times: int, behind: bool) -> None:
    stem, above = (["{name: stem, conv: 6, kernel: 1}"], "stem") if behind else ([], "input")
    inner = ", ".join([*body, f"{{{last}}}"])
    dense = spec([*stem, f"{{densely: [{inner}], times: {times}}}", "relu"])
    network = cnncost.loads(spec([*stem, *flat([*body, last], times, above), "relu"])).network
    assert are_equal_networks(cnncost.loads(dense).network, network)
    # The way back: the flat network's structure is found again.
    text = write_structured(graph_of(network))
    assert are_equal_networks(cnncost.loads(text).network, network)
    assert ("densely:" in text) == (times > 1)


# What must not be taken for dense connectivity: each differs from it in one thing

A, B = "{name: a, conv: 2, kernel: 1}", "{name: b, conv: 2, kernel: 1}"
JOINED, ALL = "{name: joined, concat: [input, a]}", "{name: all, concat: [input, a, b]}"
NEARLY = {
    "a copy read from elsewhere": [A, JOINED, B, ALL, "{add: [a, b]}"],
    "a copy's concatenation read from elsewhere": [A, JOINED, B, ALL, "{concat: [joined, all]}"],
    "other filters": [A, JOINED, "{name: b, conv: 3, kernel: 1}", ALL],
    "another order": [A, JOINED, B, "{concat: [a, input, b]}"],
    "without what enters": [A, JOINED, B, "{concat: [a, b]}"],
    "a copy that reads what enters alone": [A, "{name: b, conv: 2, kernel: 1, from: input}", ALL],
    "shared weights": [
        A, JOINED, B, ALL, "{name: c, slice: [0, 6]}", "{conv: 2, kernel: 1, share: a}"
    ],
    "a frozen copy": [A, JOINED, "{name: b, conv: 2, kernel: 1, frozen: true}", ALL],
    "a layer between": [A, JOINED, B, "relu", "{concat: [input, a, b, previous]}"],
}  # fmt: skip


def test_without_the_difference_it_is_dense() -> None:
    network = cnncost.loads(spec([A, JOINED, B, ALL])).network
    assert "densely" in structured_text(graph_of(network))


@pytest.mark.parametrize("name", NEARLY)
def test_nearly_dense_is_left_as_it_is(name: str) -> None:
    network = cnncost.loads(spec(NEARLY[name])).network
    text = structured_text(graph_of(network))
    assert "densely" not in text
    assert are_equal_networks(cnncost.loads(text).network, network)


WIDE = """
input: [4, 8, 8]
layers:
  - densely: [{conv: 4, kernel: 1}, batchnorm, relu, {conv: 4, kernel: 1}, batchnorm, relu]
    times: 3
  - {conv: 8, kernel: 1}
  - densely: [{conv: 8, kernel: 1}, batchnorm, relu, {conv: 8, kernel: 1}, batchnorm, relu]
    times: 3
"""


def test_what_is_as_wide_as_the_input_of_the_first_copy_is_so_in_all() -> None:
    network = cnncost.loads(WIDE).network
    text = write_structured(graph_of(network))
    assert "densely:" in text
    assert are_equal_networks(cnncost.loads(text).network, network)


DENSENET = """
name: DenseNet-121
input: [3, 224, 224]
blocks:
  grow(growth):
    - batchnorm
    - relu
    - {conv: 4 * growth, kernel: 1, bias: false}
    - batchnorm
    - relu
    - {conv: growth, kernel: 3, padding: 1, bias: false}
  transition:
    - batchnorm
    - relu
    - {conv: channels // 2, kernel: 1, bias: false}
    - {avgpool: 2}
layers:
  - {conv: 64, kernel: 7, stride: 2, padding: 3, bias: false}
  - batchnorm
  - relu
  - {maxpool: 3, stride: 2, padding: 1}
  - {name: dense1, densely: [grow: 32], times: 6}
  - transition
  - {name: dense2, densely: [grow: 32], times: 12}
  - transition
  - {name: dense3, densely: [grow: 32], times: 24}
  - transition
  - {name: dense4, densely: [grow: 32], times: 16}
  - batchnorm
  - relu
  - global_avgpool
  - {dense: 1000}
"""


def test_densenet_costs_what_was_measured() -> None:
    rows = (Path(__file__).parent / "reference" / "totals.jsonl").read_text().splitlines()
    (row,) = (
        r for r in map(json.loads, rows) if (r["source"], r["model"]) == ("tv", "densenet121")
    )
    totals = cnncost.count(cnncost.loads(DENSENET)).totals
    assert totals.units == row["conv_linear_units"]
    assert totals.weights == row["weights"]
    assert totals.parameters == row["params"]
    assert totals.connections == row["macs"]


def test_densenet_holds_what_torchvisions_holds() -> None:
    """Bytes of PyTorch 2.13 on a CPU, fp32, batch 4: its layers join all maps anew."""
    found = measure_memory(cnncost.loads(DENSENET).network, batch=4, optimizer="momentum")
    assert found.saved is not None
    assert found.training is not None
    assert found.parameters == 31915424
    assert found.inference.bytes == 36126720
    assert found.saved.total == 521796004
    assert found.training.bytes == pytest.approx(591659856, rel=0.0002)


def test_densenet_comes_back_short() -> None:
    graph = graph_of(cnncost.loads(DENSENET).network)
    text = structured_text(graph)
    assert text == write_structured(graph)
    assert text.count("densely:") == 1  # a block with so many times
    assert len(text.splitlines()) <= 60 < len(spec_text(graph).splitlines())
