"""What leaves a network stays as it is, whatever stands between the layer and the output."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import run
from spaces import draft_of

import cnncost
from cnncost.shape import Shape

TAIL = """\
input: [4, 16, 16]
layers:
  - {{name: first, conv: 64, kernel: 3, padding: 1}}
  - relu
  - {{name: last, conv: 48, kernel: 3, padding: 1}}
{tail}
"""

TAILS = {
    "pool and flatten": (["global_avgpool", "flatten"], Shape(48, ())),
    "pixel shuffle": (["{pixel_shuffle: 4}"], Shape(3, (64, 64))),
    "depthwise multiplier": (
        ["{depthwise_conv: 3, padding: 1, multiplier: 2}"],
        Shape(96, (16, 16)),
    ),
    "flatten": (["flatten"], Shape(48 * 16 * 16, ())),
    "reshape": (["{reshape: [12, 32, 32]}"], Shape(12, (32, 32))),
    "permute": (["{permute: [2, 3, 1]}"], Shape(16, (16, 48))),
    "space to depth": (["{space_to_depth: 2}"], Shape(192, (8, 8))),
    "slice": (["{slice: [0, 24]}"], Shape(24, (16, 16))),
    "shuffle, norm and slice": (
        ["{channel_shuffle: 2}", "batchnorm", "{slice: [8, 24]}"],
        Shape(16, (16, 16)),
    ),
}


def _text(lines: list[str]) -> str:
    return TAIL.format(tail="\n".join(f"  - {line}" for line in lines))


@pytest.mark.parametrize("name", TAILS)
def test_the_width_of_what_leaves_is_frozen(name: str) -> None:
    lines, _ = TAILS[name]
    editable = draft_of(_text(lines))
    groups = {
        editable.network.nodes[index].name: editable.groups.group_written_by(index)
        for index in (1, 3)
    }
    assert groups["last"] is not None
    assert groups["last"].frozen
    assert groups["first"] is not None
    assert not groups["first"].frozen


@pytest.mark.parametrize("name", TAILS)
@pytest.mark.parametrize("share", [90, 70, 45])
def test_a_plan_keeps_the_output(name: str, share: int, tmp_path: Path) -> None:
    lines, output = TAILS[name]
    source, written = tmp_path / "net.yaml", tmp_path / "out.yaml"
    source.write_text(_text(lines))
    done = run("suggest", str(source), "--budget", f"weights={share}%", "--write", str(written))
    assert done.returncode == 0, done.stdout + done.stderr
    network = cnncost.load(written).network
    assert network.nodes[network.outputs[0]].output == output


@pytest.mark.parametrize("kept", ["last", "shuffle"])
def test_keep_holds_what_stands_before(kept: str, tmp_path: Path) -> None:
    source, written = tmp_path / "net.yaml", tmp_path / "out.yaml"
    lines = ["{name: shuffle, pixel_shuffle: 4}", "{conv: 32, kernel: 3}", "{dense: 10}"]
    source.write_text(_text(lines))
    command = ["suggest", str(source), "--budget", "weights=60%", "--keep", kept]
    done = run(*command, "--write", str(written))
    assert done.returncode == 0, done.stdout + done.stderr
    nodes = {node.name: node.output.channels for node in cnncost.load(written).network.nodes}
    assert nodes[kept] == {"last": 48, "shuffle": 3}[kept]


def test_no_edit_of_extents_changes_the_map_that_leaves(tmp_path: Path) -> None:
    """A smaller input would make a smaller answer: 16x16 positions are asked for."""
    source = tmp_path / "net.yaml"
    source.write_text(_text(["{conv: 2, kernel: 1}"]))
    said = run("suggest", str(source), "--top", "100").stdout
    for words in ("stride", "input", "maxpool"):
        assert words not in said


def test_keep_holds_an_activation_of_a_dense_layer(tmp_path: Path) -> None:
    source, written = tmp_path / "net.yaml", tmp_path / "out.yaml"
    lines = ["{dense: 200}", "{relu, name: kept}", "{dense: 64}", "relu", "{dense: 10}"]
    source.write_text(_text(lines))
    command = ["suggest", str(source), "--budget", "weights=7%", "--keep", "kept"]
    assert run(*command, "--write", str(written)).returncode == 0
    assert "kept" in [node.name for node in cnncost.load(written).network.nodes]
