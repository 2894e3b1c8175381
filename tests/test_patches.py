"""Layers that run patch by patch: memory and connections by loops over positions."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import pytest
from command import run

import cnncost
from cnncost.costs.memory.patches import plan_patches
from cnncost.network import Network

CHAIN = """\
input: [3, 24, 20]
layers:
- {name: a, conv: 8, kernel: 3, stride: [2, 1], padding: [1, 1]}
- relu6
- {name: b, depthwise_conv: [3, 5], padding: [1, 2], dilation: [1, 1]}
- {name: c, conv: 4, kernel: 1, stride: [1, 2]}
- {name: d, conv: 6, kernel: [3, 2], padding: [[2, 0], [0, 1]], dilation: [2, 1]}
- global_avgpool
- {dense: 5}
"""
DIAMOND = """\
input: [3, 16, 16]
layers:
- {name: a, conv: 16, kernel: 3, padding: 1}
- relu
- {name: w, conv: 24, kernel: 1}
- {name: s, depthwise_conv: 3, padding: 1}
- {name: p, conv: 16, kernel: 1}
- {name: j, add: [p, relu1]}
- {name: e, maxpool: 2}
- {name: f, conv: 16, kernel: 3, stride: 2, padding: same}
- global_avgpool
- {dense: 5}
"""


def needed_positions(network: Network, cut: int, patch: set[tuple[int, int]]) -> dict[int, set]:
    """For each node the box around the positions that a patch of the last layer needs, found by
    going through every tap of every window."""
    boxes: dict[int, set[tuple[int, int]]] = {cut: patch}
    for index in range(cut, 0, -1):
        node = network.nodes[index]
        if index not in boxes:
            continue
        layer, extents = node.layer, node.inputs[0].extents
        read = set()
        if hasattr(layer, "kernel"):
            (kh, kw), (sh, sw) = layer.kernel, layer.stride
            dh, dw = layer.dilation or (1, 1)
            top, left = (window.before for window in layer.resolve_windows(node.inputs[0]))
            for (y, x), i, j in product(boxes[index], range(kh), range(kw)):
                at = (y * sh + i * dh - top, x * sw + j * dw - left)
                if 0 <= at[0] < extents[0] and 0 <= at[1] < extents[1]:
                    read.add(at)
        else:
            read = boxes[index]
        for source in node.reads:
            both = boxes.get(source, set()) | read
            ys, xs = [y for y, _ in both], [x for _, x in both]
            boxes[source] = set(product(range(min(ys), max(ys) + 1), range(min(xs), max(xs) + 1)))
    return boxes


def run_patches(network: Network, cut: int, n: int) -> tuple[int, int]:
    """The most bytes alive and the connections, by running patch after patch."""
    nodes = network.nodes
    height, width = nodes[cut].output.extents
    rows = [range(i * height // n, (i + 1) * height // n) for i in range(n)]
    columns = [range(i * width // n, (i + 1) * width // n) for i in range(n)]
    over = {i: i for i in range(cut + 1)}
    for i in range(1, cut + 1):  # an activation is computed as part of the layer before it
        if nodes[i].layer.word in ("relu", "relu6"):
            over[i] = over[nodes[i].reads[0]]
    most = connections = 0
    for ys, xs in product(rows, columns):
        boxes = needed_positions(network, cut, set(product(ys, xs)))
        for i in range(1, cut + 1):
            y = nodes[i].output
            per_position = nodes[i].layer.connections(nodes[i].inputs[0], y) / y.positions
            connections += per_position * len(boxes[i])
            alive = {
                over[j]
                for j in range(1, i + 1)
                if j == i or any(k >= i for k in network.readers[j])
            } - {over[cut]}
            most = max(most, sum(nodes[j].output.channels * len(boxes[j]) for j in alive))
    return most + nodes[0].output.units + nodes[cut].output.units, connections


@pytest.mark.parametrize("text", [CHAIN, DIAMOND], ids=["chain", "diamond"])
@pytest.mark.parametrize("patches", [2, 3])
def test_memory_and_connections_by_brute_force(text: str, patches: int) -> None:
    network = cnncost.loads(text).network
    plan = plan_patches(network, patches)
    assert plan is not None
    cut = next(node.index for node in network.nodes if node.name == plan.layer)
    stage, connections = run_patches(network, cut, patches)
    assert plan.stage == stage
    rest = sum(
        node.layer.connections(node.inputs[0], node.output)
        for node in network.layers
        if node.index > cut
    )
    assert plan.connections == connections + rest
    again = sum(
        (passes - 1) * node.layer.connections(node.inputs[0], node.output)
        for passes, node in zip(plan.passes[1:], network.layers, strict=False)
    )
    assert again == pytest.approx(plan.again)
    assert plan.sram < plan.whole


def test_one_window_by_hand() -> None:
    # Two 3x3 convolutions over 8x8 in 2 x 2 patches: each patch of 4x4 needs 5x5 of the first
    # map (one position more on its inner sides), so 9 connections x 4 x 25 for 4 x 64.
    network = cnncost.loads(
        "input: [1, 8, 8]\nlayers:\n- {conv: 9, kernel: 3, padding: 1}\n"
        "- {conv: 1, kernel: 3, padding: 1}\n- {dense: 2}\n"
    ).network
    plan = plan_patches(network, 2)
    assert plan is not None
    assert plan.layer == "conv2"
    assert plan.again == 81 * (4 * 25 - 64)
    assert (plan.whole, plan.stage) == (9 * 64 + 64, 64 + 64 + 9 * 25)


def test_nothing_to_save() -> None:
    for text in (
        "input: [8]\nlayers: [{dense: 3}]\n",
        "input: [3, 9, 9]\nlayers: [global_avgpool]\n",
    ):
        assert plan_patches(cnncost.loads(text).network, 2) is None


def test_what_fit_says() -> None:
    words = ("fit", "mlperf_tiny_vww", "--sram", "200KiB", "--patches")
    found = json.loads(run(*words, "2", "-f", "json").stdout)["patches"]
    plan = plan_patches(cnncost.load("mlperf_tiny_vww").network, 2)
    assert plan is not None
    assert found == {word: value for word, value in plan._asdict().items() if word != "passes"}
    page = " ".join(run(*words, "2").stdout.split())
    assert f"falls from 54 KiB to {plan.sram / 1024:.1f} KiB" in page.replace("54.0", "54")
    assert f"{plan.again:,} connections" in page
    assert (
        "No first layers" in run("fit", "mlperf_tiny_ad", "--sram", "9KiB", *words[4:], "2").stdout
    )


SMALL = """\
input: [1, 8, 8]
layers:
- {conv: 9, kernel: 3, padding: 1}
- {conv: 1, kernel: 3, padding: 1}
- {dense: 2}
"""


def test_a_verdict_in_patches(tmp_path: Path) -> None:
    # As above: 640 bytes are alive at once, in patches 353. An arena has more than 640, and its
    # interpreter's data of 1,000 and more.
    (tmp_path / "net.yaml").write_text(SMALL)
    words = ("fit", "net.yaml", "--core", "cortex-m4", "--mhz", "80", "--engine", "cmsis-nn")
    asked = (*words, "-f", "json", "--sram")
    whole = run(*asked, "400B", cwd=tmp_path)
    assert whole.returncode == 1
    cut = run(*asked, "400B", "--patches", "2", cwd=tmp_path)
    assert cut.returncode == 0
    assert run(*asked, "352B", "--patches", "2", cwd=tmp_path).returncode == 1
    needs = json.loads(cut.stdout)["boards"][0]["needs"]
    assert needs["sram"]["estimate"] == 64 + 64 + 9 * 25
    # Cycles are c x (connections + 27 units + .6 weights); conv1 has 81 x 64, 9 x 64 and 81 of
    # them, and computes 100 positions for 64; conv2's patches do not overlap.
    first, second, last = (81 * 64 + 27 * 576 + 48.6), (5184 + 27 * 64 + 48.6), 128 + 54 + 76.8
    slower = (first * 100 / 64 + second + last) / (first + second + last)
    times = [json.loads(done.stdout)["boards"][0]["needs"]["time"] for done in (whole, cut)]
    assert times[1]["estimate"] / times[0]["estimate"] == pytest.approx(slower, rel=1e-3)


def test_a_plan_in_patches(tmp_path: Path) -> None:
    """Where patches are enough nothing is changed; else a plan that `fit` accepts in patches."""
    (tmp_path / "net.yaml").write_text(SMALL)
    board = "board: tiny\ncore: cortex-m4\nclock: 80M\nsram: {}B\nflash: 4KiB\n"
    (tmp_path / "board.yaml").write_text(board.format(360))
    words = ("net.yaml", "--board", "board.yaml", "--patches", "2")
    enough = run("suggest", *words, cwd=tmp_path)
    assert enough.returncode == 0
    assert "up to conv2 in 2 x 2 patches" in enough.stdout
    (tmp_path / "board.yaml").write_text(board.format(300))
    wish = ("--write", "plan.yaml", "-f", "json")
    done = run("suggest", *words, *wish, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "--patches 2" in done.stderr
    found = json.loads(done.stdout)["board"]
    last = run("fit", "plan.yaml", *words[1:], "--engine", "cmsis-nn", "-f", "json", cwd=tmp_path)
    assert last.returncode == 0
    assert json.loads(last.stdout)["patches"] == found["patches"]
    assert found["steps"][-1]["sram"] <= 300


def test_patches_need_a_board() -> None:
    done = run("suggest", "lenet5", "--patches", "2")
    assert done.returncode == 2
    assert "--patches changes no figure here" in done.stderr
