"""`table --memory` and `--training`: the columns by hand, their sums, what goes together."""

from __future__ import annotations

import csv
import io
import json

import pytest
from typer.testing import CliRunner

import cnncost
from cnncost.cli.main import app
from cnncost.costs.footprint import compute_footprints

TEXT = """
input: [2, 6, 6]
layers:
  - {name: a, conv: 4, kernel: 3, bias: false}
  - relu
  - {name: b, conv: 3, kernel: 2}
  - {name: c, dense: 5, frozen: true}
  - {name: d, dense: 2}
"""


def table(*arguments: str, stdin: str = TEXT) -> str:
    done = CliRunner().invoke(app, ["table", "-", *arguments], input=stdin)
    assert done.exit_code == 0, done.output
    return done.stdout


def rows(*arguments: str) -> dict[str, dict[str, str]]:
    found = table("--format", "csv", *arguments)
    return {row["layer"]: row for row in csv.DictReader(io.StringIO(found))}


def test_memory_by_hand() -> None:
    # Outputs at batch 2: a 4x4x4, b 3x3x3, c 5, d 2 numbers of 4 bytes; the input 2x6x6 stays.
    found = rows("--memory", "--batch", "2", "--total")
    assert [found[name]["parameter_bytes"] for name in "abcd"] == ["288", "204", "560", "48"]
    assert [found[name]["output_bytes"] for name in "abcd"] == ["512", "216", "40", "16"]
    assert found["a"]["live_bytes"] == str(576 + 512)
    assert found["b"]["live_bytes"] == str(576 + 512 + 216)
    assert found["d"]["live_bytes"] == str(576 + 40 + 16)
    assert found["total"]["parameter_bytes"] == str(288 + 204 + 560 + 48)
    assert found["total"]["live_bytes"] == str(576 + 512 + 216)
    assert found["total"]["output_bytes"] == ""


def test_half_precision_halves_all_bytes() -> None:
    found = rows("--memory", "--dtype", "fp16")
    assert (found["a"]["parameter_bytes"], found["a"]["output_bytes"]) == ("144", "128")


def test_training_by_hand() -> None:
    found = rows("--training", "--total")
    # The first layer's input is data; c's weights are frozen, but its gradient passes on.
    forward = {"a": 72 * 16, "b": 48 * 9, "c": 27 * 5, "d": 5 * 2}
    weights = {"a": forward["a"], "b": forward["b"], "c": 0, "d": forward["d"]}
    inputs = {"a": 0, "b": forward["b"], "c": forward["c"], "d": forward["d"]}
    assert {n: int(found[n]["backward_weights"]) for n in forward} == weights
    assert {n: int(found[n]["backward_input"]) for n in forward} == inputs
    assert int(found["total"]["backward_weights"]) == sum(weights.values())
    assert int(found["total"]["backward_input"]) == sum(inputs.values())


def test_saved_bytes_add_up_with_all_layers_and_the_loss() -> None:
    every = rows("--training", "--all", "--total")
    total = int(every.pop("total")["saved_bytes"])
    # The loss keeps the logarithms of 2 classes, its weight, and the target's class of 8 bytes.
    assert total == sum(int(row["saved_bytes"]) for row in every.values()) + 8 + 4 + 8
    # a keeps the input; ReLU its output, which b reads; d what c gives; c's weights are frozen.
    kept = {name: int(row["saved_bytes"]) for name, row in every.items()}
    assert kept == {"a": 288, "relu1": 256, "b": 0, "c": 0, "d": 20}


def test_the_readable_table_adds_up_as_well() -> None:
    text = table("--training")
    assert "others and the loss" in text
    assert "1,729 forward + 2,171 backward = 3,900" in " ".join(text.split())
    assert "saved for backward" in text


def test_json_has_the_summary() -> None:
    found = json.loads(table("--memory", "--training", "--format", "json", "--optimizer", "adam"))
    memory = found["memory"]
    assert memory["parameters"] == 4 * (72 + 48 + 3 + 135 + 5 + 10 + 2)
    # Adam: two copies of what is trained, and a step counter of 4 bytes for each tensor.
    assert memory["optimizer_state"] == 2 * 4 * (72 + 51 + 12) + 4 * 5
    assert memory["backward"] == 1152 + 432 + 10 + 432 + 135 + 10
    assert found["layers"][0]["saved_bytes"] == 288


def test_reference_figures_of_mobilenet() -> None:
    found = compute_footprints(cnncost.load("mobilenet_v2").network, batch=4)
    assert found.memory.inference.bytes == 40_943_616
    assert max(part.live_bytes for part in found.nodes) == 40_943_616
    assert found.memory.saved is not None
    assert found.memory.saved.total == 312_990_628
    # Twice the forward pass but for the first layer's input gradient (32 x 112^2 x 27).
    assert found.backward == 2 * 300_774_272 - 10_838_016


def test_blocks_sum_and_take_the_most_alive() -> None:
    layers = rows("--memory", "--training", "--all")
    text = """
input: [2, 6, 6]
blocks:
  s: [{name: a, conv: 4, kernel: 3, bias: false}, relu, {name: b, conv: 3, kernel: 2}]
layers: [s, {name: c, dense: 5, frozen: true}, {name: d, dense: 2}]
"""
    done = CliRunner().invoke(
        app, ["table", "-", "--memory", "--training", "--format", "csv", "--depth", "1"], input=text
    )
    (block, *_) = csv.DictReader(io.StringIO(done.stdout))
    inside = [layers[name] for name in ("a", "relu1", "b")]
    assert int(block["live_bytes"]) == max(int(row["live_bytes"]) for row in inside)
    for column in ("parameter_bytes", "output_bytes", "saved_bytes", "backward_weights"):
        assert int(block[column]) == sum(int(row[column]) for row in inside)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--batch", "2"], "--batch changes no count"),
        (["--dtype", "fp16"], "--dtype changes no count"),
        (["--optimizer", "adam"], "--optimizer changes no count"),
        (["--training", "--dtype", "int8"], "int8 does not train"),
        (["--memory", "--dtype", "fp8"], "unknown dtype 'fp8'"),
        (["--memory", "--optimizer", "adamm"], "unknown optimizer 'adamm'"),
    ],
)
def test_what_does_not_go_together(arguments: list[str], message: str) -> None:
    done = CliRunner().invoke(app, ["table", "-", *arguments], input=TEXT)
    assert done.exit_code != 0
    assert message in str(done.exception)


def test_a_column_of_bytes_alone_is_enough() -> None:
    found = table("--columns", "layer,saved_bytes", "--batch", "3", "--format", "csv")
    assert found.splitlines()[:2] == ["layer,saved_bytes", "a,864"]
    assert table("--sort", "output_bytes", "--format", "csv").splitlines()[1].startswith("a,")


@pytest.mark.parametrize("form", ["table", "markdown", "latex", "tsv"])
def test_every_form_has_the_columns(form: str) -> None:
    text = table("--memory", "--training", "--format", form).replace(r"\_", "_")
    for title in ("parameter", "output", "live", "backward", "saved"):
        assert title in text


def test_unknown_layers_make_lower_bounds() -> None:
    text = TEXT + "  - {name: z, opaque: {output: [2], op: Magic}}\n"
    done = CliRunner().invoke(app, ["table", "-", "--memory"], input=text)
    assert ">= " in done.stdout
    assert "?" in done.stdout
