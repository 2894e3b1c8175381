"""Dense connectivity (Huang et al. 2017): copies that read all before them, by one concatenation.

A case is a spec and its layers, worked out by hand: name, shape, and what each reads. The
oracle writes the same network flat, each concatenation spelled out.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cnncost
from cnncost.costs.memory import memory
from cnncost.formats.graph_of import graph_of
from cnncost.formats.spec_text import spec_text
from cnncost.formats.structured import attempt, equal, structured_text
from cnncost.network import Network
from cnncost.suggest.catalogue import menu
from cnncost.suggest.draft import drafted
from cnncost.suggest.plan import single
from cnncost.suggest.sheet import Sheet
from cnncost.suggest.space import offered
from cnncost.suggest.study import Request, Study


def layers(network: Network) -> list[str]:
    """The layers as the cases write them; what the one above gives is not named."""
    found = []
    for node in network.layers:
        text = f"{node.name} {node.output}"
        if node.reads != (node.index - 1,):
            text += " < " + " ".join(network.nodes[index].name for index in node.reads)
        text += " frozen" if node.frozen else ""
        text += "" if node.shares is None else f" = {network.nodes[node.shares].name}"
        found.append(text)
    return found


CASES = {
    "copies, their names from outside, and the structure's own": (
        """
        input: [8, 9, 7]
        layers:
          - {name: d, densely: [relu, {name: new, conv: 4, kernel: 3, padding: 1}], times: 3}
          - {concat: [d, d.2, d.1.new, d.new, d.concat2]}
        """,
        [
            "d.1.relu1 8x9x7",
            "d.1.new 4x9x7",
            "d.concat2 12x9x7 < input d.1.new",
            "d.2.relu1 12x9x7",
            "d.2.new 4x9x7",
            "d.concat3 16x9x7 < input d.1.new d.2.new",
            "d.3.relu1 16x9x7",
            "d.3.new 4x9x7",
            "d 20x9x7 < input d.1.new d.2.new d.3.new",
            "concat1 44x9x7 < d d.2.new d.1.new d.3.new d.concat2",
        ],
    ),
    "one copy, without a name, and on vectors": (
        """
        input: [6]
        layers:
          - {densely: [dense: 2], times: 1}
          - {densely: [dense: 2, tanh], times: 1}
        """,
        [
            "densely1.1.dense1 2",
            "densely1 8 < input densely1.1.dense1",
            "densely2.1.dense1 2",
            "densely2.1.tanh1 2",
            "densely2 10 < densely1 densely2.1.tanh1",
        ],
    ),
    "a concat of the list's own is numbered by itself": (
        """
        input: [2, 4]
        layers:
          - {name: d, densely: [{parallel: [[], [relu]]}], times: 2}
        """,
        [
            "d.1.relu1 2x4",
            "d.1.concat1 4x4 < input d.1.relu1",
            "d.concat2 6x4 < input d.1.concat1",
            "d.2.relu1 6x4",
            "d.2.concat1 12x4 < d.concat2 d.2.relu1",
            "d 18x4 < input d.1.concat1 d.2.concat1",
        ],
    ),
    "repeat, and from for the first copy": (
        """
        input: [2, 4]
        layers:
          - {name: a, relu}
          - {name: b, sigmoid}
          - {name: d, densely: [{conv: 1, kernel: 1}], times: 2, repeat: 2, from: a}
          - {concat: [b, d.1, d.1.2, d, d.2, d.conv1]}
        """,
        [
            "a 2x4",
            "b 2x4",
            "d.1.1.conv1 1x4 < a",
            "d.1.concat2 3x4 < a d.1.1.conv1",
            "d.1.2.conv1 1x4",
            "d.1 4x4 < a d.1.1.conv1 d.1.2.conv1",
            "d.2.1.conv1 1x4",
            "d.2.concat2 5x4 < d.1 d.2.1.conv1",
            "d.2.2.conv1 1x4",
            "d.2 6x4 < d.1 d.2.1.conv1 d.2.2.conv1",
            "concat1 20x4 < b d.1 d.1.2.conv1 d.2 d.2 d.2.2.conv1",
        ],
    ),
    "left out, and with times by an expression": (
        """
        input: [2, 4]
        params: {n: 3}
        layers:
          - {densely: [relu], times: 0, repeat: 0}
          - {name: d, densely: [{conv: 1, kernel: 1}], times: n - 1}
        """,
        [
            "d.1.conv1 1x4",
            "d.concat2 3x4 < input d.1.conv1",
            "d.2.conv1 1x4",
            "d 4x4 < input d.1.conv1 d.2.conv1",
        ],
    ),
    "in a block: its parameters, channels and input; frozen and shared": (
        """
        input: [2, 4]
        blocks:
          grow(times, width=channels):
            - {densely: [{conv: width, kernel: 1}, {add: [previous, input]}], times: times}
            - {conv: channels, kernel: 1}
        layers:
          - {name: f, grow: 2, frozen: true}
          - {name: g, grow: 2, share: f}
        """,
        [
            "f.densely1.1.conv1 2x4 frozen",
            "f.densely1.1.add1 2x4 < f.densely1.1.conv1 input frozen",
            "f.densely1.concat2 4x4 < input f.densely1.1.add1 frozen",
            "f.densely1.2.conv1 2x4 frozen",
            "f.densely1.2.add1 2x4 < f.densely1.2.conv1 input frozen",
            "f.densely1 6x4 < input f.densely1.1.add1 f.densely1.2.add1 frozen",
            "f.conv1 2x4 frozen",
            "g.densely1.1.conv1 2x4 frozen = f.densely1.1.conv1",
            "g.densely1.1.add1 2x4 < g.densely1.1.conv1 f.conv1",
            "g.densely1.concat2 4x4 < f.conv1 g.densely1.1.add1",
            "g.densely1.2.conv1 2x4 frozen = f.densely1.2.conv1",
            "g.densely1.2.add1 2x4 < g.densely1.2.conv1 f.conv1",
            "g.densely1 6x4 < f.conv1 g.densely1.1.add1 g.densely1.2.add1",
            "g.conv1 2x4 frozen = f.conv1",
        ],
    ),
    "copies within copies": (
        """
        input: [1, 4]
        layers:
          - {name: d, densely: [{name: e, densely: [{conv: 1, kernel: 1}], times: 2}], times: 2}
          - {concat: [d.e, d.1.e.2.conv1]}
        """,
        [
            "d.1.e.1.conv1 1x4",
            "d.1.e.concat2 2x4 < input d.1.e.1.conv1",
            "d.1.e.2.conv1 1x4",
            "d.1.e 3x4 < input d.1.e.1.conv1 d.1.e.2.conv1",
            "d.concat2 4x4 < input d.1.e",
            "d.2.e.1.conv1 1x4",
            "d.2.e.concat2 5x4 < d.concat2 d.2.e.1.conv1",
            "d.2.e.2.conv1 1x4",
            "d.2.e 6x4 < d.concat2 d.2.e.1.conv1 d.2.e.2.conv1",
            "d 10x4 < input d.1.e d.2.e",
            "concat1 7x4 < d.2.e d.1.e.2.conv1",
        ],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_network_is_the_one_worked_out(name: str) -> None:
    text, wanted = CASES[name]
    assert layers(cnncost.loads(text).network) == wanted


# The flat network as the oracle


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
    assert equal(cnncost.loads(dense).network, network)
    # The way back: the flat network's structure is found again.
    text = attempt(graph_of(network))
    assert equal(cnncost.loads(text).network, network)
    assert ("densely:" in text) == (times > 1)


# What must not be taken for dense connectivity: each differs from it in one thing

NEARLY = {
    "a copy read from elsewhere": """
        - {name: a, conv: 2, kernel: 1}
        - {concat: [input, a]}
        - {name: b, conv: 2, kernel: 1}
        - {name: all, concat: [input, a, b]}
        - {add: [a, b]}
        """,
    "a copy's concatenation read from elsewhere": """
        - {name: a, conv: 2, kernel: 1}
        - {name: joined, concat: [input, a]}
        - {name: b, conv: 2, kernel: 1}
        - {name: all, concat: [input, a, b]}
        - {concat: [joined, all]}
        """,
    "other filters": """
        - {name: a, conv: 2, kernel: 1}
        - {concat: [input, a]}
        - {name: b, conv: 3, kernel: 1}
        - {concat: [input, a, b]}
        """,
    "another order": """
        - {name: a, conv: 2, kernel: 1}
        - {concat: [input, a]}
        - {name: b, conv: 2, kernel: 1}
        - {concat: [a, input, b]}
        """,
    "without what enters": """
        - {name: a, conv: 2, kernel: 1}
        - {concat: [input, a]}
        - {name: b, conv: 2, kernel: 1}
        - {concat: [a, b]}
        """,
    "a copy that reads what enters alone": """
        - {name: a, conv: 2, kernel: 1}
        - {name: b, conv: 2, kernel: 1, from: input}
        - {concat: [input, a, b]}
        """,
    "shared weights": """
        - {name: a, conv: 2, kernel: 1}
        - {concat: [input, a]}
        - {name: b, conv: 2, kernel: 1}
        - {concat: [input, a, b]}
        - {name: c, slice: [0, 6]}
        - {conv: 2, kernel: 1, share: a}
        """,
    "a frozen copy": """
        - {name: a, conv: 2, kernel: 1}
        - {concat: [input, a]}
        - {name: b, conv: 2, kernel: 1, frozen: true}
        - {concat: [input, a, b]}
        """,
    "a layer between": """
        - {name: a, conv: 2, kernel: 1}
        - {concat: [input, a]}
        - {name: b, conv: 2, kernel: 1}
        - relu
        - {concat: [input, a, b, previous]}
        """,
}


@pytest.mark.parametrize("name", NEARLY)
def test_nearly_dense_is_left_as_it_is(name: str) -> None:
    network = cnncost.loads(f"input: [6, 7, 5]\nlayers:{NEARLY[name]}").network
    text = structured_text(graph_of(network))
    assert "densely" not in text
    assert equal(cnncost.loads(text).network, network)


# DenseNet

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
    found = memory(cnncost.loads(DENSENET).network, batch=4, optimizer="momentum")
    assert found.saved is not None
    assert found.training is not None
    assert found.parameters == 31915424
    assert found.inference.bytes == 36126720
    assert found.saved.total == 521796004
    assert found.training.bytes == pytest.approx(591659856, rel=0.0002)


def test_densenet_comes_back_short() -> None:
    graph = graph_of(cnncost.loads(DENSENET).network)
    text = structured_text(graph)
    assert text == attempt(graph)
    assert text.count("densely:") == 1  # a block with so many times
    assert len(text.splitlines()) <= 60 < len(spec_text(graph).splitlines())


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
    text = attempt(graph_of(network))
    assert "densely:" in text
    assert equal(cnncost.loads(text).network, network)


# Edits


EDITED = """\
input: [8, 4, 4]
layers:
  - {name: d, densely: [relu, {name: new, conv: 32, kernel: 3, padding: 1}], times: 3}
  - {name: out, dense: 10}
"""


def weights(width: int) -> int:
    """Three convolutions of 3x3 over 8 maps and those of the copies before, then dense over all."""
    grown = sum(9 * (8 + copy * width) * width for copy in range(3))
    return grown + (8 + 3 * width) * 4 * 4 * 10


def test_the_width_of_all_copies_is_one_number() -> None:
    draft = drafted(Sheet("net.yaml", EDITED))
    assert draft.measured(draft.network)["weights"] == weights(32)
    after = {}
    for variable in offered(draft, menu((), (), ())):
        for choice in variable.choices[1:]:
            edit = single(draft, choice)
            assert edit is not None, choice.phrase  # every edit makes a network
            after[choice.phrase] = edit.after["weights"]
    for width in (8, 16, 24):
        assert after[f"d.1.new, d.2.new, d.3.new: 32 to {width} filters"] == weights(width)


def test_a_plan_holds_its_budget() -> None:
    request = Request(budgets=(f"weights={weights(20)}",))
    study = Study(cnncost.loads(EDITED), request)
    found = study.suggest()
    assert found.plan is not None
    assert found.proved
    written = cnncost.loads(study.finished(found.plan))
    assert cnncost.count(written).totals.weights <= weights(20)
    assert "times: 3" in written.text.text
