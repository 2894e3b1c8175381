"""What a plan makes false in a file becomes comments; its schema's path and its names stay true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from command import run
from spaces import draft_of
from suggested_edits import edits, one

import cnncost
from cnncost import bundled
from cnncost.accuracy.roles import WEIGHTED
from cnncost.plans.edits.editable_spec import EditableSpec
from cnncost.plans.suggestion.plan_file import PlanFile

LINES = """\
# yaml-language-server: $schema=schemas/net.json
name: small
notes: >-
  fc reads 64x8x8.
  As drawn.

input: [3, 16, 16]
published:
  weights: "half a million"
layers:
  - {conv: 64, kernel: 3, padding: 1}
  - relu
  - {maxpool: 2}
  - {name: fc, dense: 128}  # hidden
  - {name: out, dense: 10}
expect: {weights: 527296}
budget: {units: 100, weights: 1M}
"""
# 3 x 9 x 64 = 1,728; 64 x 8 x 8 x 128 = 524,288; 128 x 10 = 1,280.

BRACES = (
    '{published: {weights: "1"}, input: [3, 16, 16], expect: {weights: 527296}, layers: [{conv: 64,'
    " kernel: 3, padding: 1}, {maxpool: 2}, {name: fc, dense: 128}, {name: out, dense: 10}],"
    ' notes: "fc reads 64x8x8", budget: {units: 100, weights: 1M}}\n'
)


def _written(text: str, *arguments: str, budget: str = "parameters=50%") -> str:
    done = run("suggest", "-", "--budget", budget, "--write", "-", *arguments, text=text)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("text", [LINES, BRACES])
def test_what_was_said_of_the_old_network_is_a_comment(text: str) -> None:
    written = _written(text)
    spec = cnncost.loads(written)
    assert spec.expect is None
    assert not spec.network.notes
    assert not spec.network.published
    comments = "\n".join(row for row in written.splitlines() if row.startswith("#"))
    assert "before these edits:" in comments
    for said in ("fc reads 64x8x8", "expect: {weights: 527296}", "published:"):
        assert said in comments
        assert said not in re.sub(r"^#.*\n", "", written, flags=re.MULTILINE)


@pytest.mark.parametrize("text", [LINES, BRACES])
def test_of_an_own_budget_stays_what_the_plan_holds(text: str) -> None:
    """64 x 16 x 16 units of the convolution alone are more than 100; the weights are fewer."""
    written = _written(text)
    spec = cnncost.loads(written)
    assert spec.budget["weights"] == 1_000_000
    assert set(spec.budget) == {"weights", "parameters"}
    assert "not held: budget: {units: 100}" in written
    assert cnncost.count(spec).totals.weights <= 1_000_000
    assert cnncost.count(spec).totals.parameters <= spec.budget["parameters"]


def test_the_files_own_budget_is_left_as_it_is_written() -> None:
    own = "budget:  # the card\n  weights: 0.3M"
    text = LINES.replace("budget: {units: 100, weights: 1M}", own)
    done = run("suggest", "-", "--write", "-", text=text)
    assert done.returncode == 0, done.stderr
    assert own in done.stdout


def test_blank_lines_and_other_entries_stay() -> None:
    kept = [row for row in LINES.splitlines() if row[:1] not in ("#", "b") and ":" in row]
    written = _written(LINES).splitlines()
    assert [row for row in kept if row in written]
    assert written[written.index("input: [3, 16, 16]") - 1] == ""
    assert "  - {conv: 64, kernel: 3, padding: 1}" in written or "# hidden" in "".join(written)


def test_a_schema_is_found_from_where_the_plan_is_written(tmp_path: Path) -> None:
    (tmp_path / "nets" / "schemas").mkdir(parents=True)
    (tmp_path / "nets" / "schemas" / "net.json").write_text("{}")
    (tmp_path / "nets" / "net.yaml").write_text(LINES)
    (tmp_path / "plans").mkdir()
    command = ["suggest", "nets/net.yaml", "--budget", "weights=50%", "--write", "plans/small.yaml"]
    assert run(*command, cwd=tmp_path).returncode == 0
    first = [r for r in (tmp_path / "plans" / "small.yaml").read_text().splitlines() if "$sch" in r]
    assert first == ["# yaml-language-server: $schema=../nets/schemas/net.json"]
    assert (tmp_path / "plans" / "../nets/schemas/net.json").is_file()


def test_a_schema_that_is_not_found_goes(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(LINES)
    for arch in ("net.yaml", "alexnet"):
        command = ["suggest", arch, "--budget", "weights=50%", "--write", "small.yaml", "--force"]
        assert run(*command, cwd=tmp_path).returncode == 0
        assert "$schema" not in (tmp_path / "small.yaml").read_text()


def test_a_schema_of_the_web_stays() -> None:
    text = LINES.replace("schemas/net.json", "https://example.org/net.json")
    assert "$schema=https://example.org/net.json" in _written(text)


def test_a_diff_leaves_the_schema_of_the_file_that_stays_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(LINES)
    done = run("suggest", "net.yaml", "--budget", "weights=50%", "--diff", cwd=tmp_path)
    assert "-# yaml-language-server" not in done.stdout


@pytest.mark.parametrize("name", bundled.list_names())
def test_every_bundled_file_is_a_spec_once_it_is_written(name: str) -> None:
    text = cnncost.load(name).text.text
    written = PlanFile(text, f"{name}.yaml").write("edited", {"weights": "999G"}, {})
    spec = cnncost.loads(written)
    assert spec.budget == {"weights": 999 * 10**9}
    assert spec.expect is None
    assert not spec.network.notes
    assert len(spec.network.nodes) == len(cnncost.load(name).network.nodes)


UNNAMED = """\
input: [3, 32, 32]
layers:
  - {conv: 32, kernel: 3, padding: 1}
  - {conv: 32, kernel: 5, padding: 2}
  - {conv: 32, kernel: 3, padding: 1}
  - {name: conv9_1, conv: 32, kernel: 3, padding: 1}
  - {name: conv9, conv: 32, kernel: 3, padding: 1}
  - {dense: 64}
  - {dense: 10}
"""


@pytest.mark.parametrize(("phrase", "names"), [
    ("conv2: depthwise, then 1x1", ["conv1", "conv2_1", "conv2_2", "conv3"]),
    ("conv2: 5x5 as two 3x3", ["conv1", "conv2_1", "conv2_2", "conv3"]),
    ("conv2: 1x5, then 5x1", ["conv1", "conv2_1", "conv2_2", "conv3"]),
    ("conv2: in 4 groups, shuffled", ["conv1", "conv2_1", "conv3"]),
    ("conv2: 1x1 to 8, the kernel there, 1x1 up",
     ["conv1", "conv2_1", "conv2_2", "conv2_3", "conv3"]),
    ("conv9: 8 filters, then 1x1 up",
     ["conv1", "conv2", "conv3", "conv9_1", "conv9_part1", "conv9_part2"]),
    ("dense1: as two of rank 8", ["dense1_1", "dense1_2", "dense2"]),
])  # fmt: skip
def test_what_is_put_in_a_layers_place_is_named_after_it(phrase: str, names: list[str]) -> None:
    editable = draft_of(UNNAMED)
    learned = _learned(editable, phrase)
    assert [name for name in learned if name in names] == names
    assert "conv10" not in learned


def _learned(editable: EditableSpec, phrase: str) -> list[str]:
    network = cnncost.loads(editable.edited_text(one(editable, phrase).changes)).network
    return [node.name for node in network.layers if node.layer.word in WEIGHTED]


@pytest.mark.parametrize("name", ["vgg16", "resnet18", "mobilenet_v1", "densenet121", "unet"])
def test_no_other_layer_is_renamed_by_a_replacement(name: str) -> None:
    editable = draft_of(cnncost.load(name).text.text)
    before = {n.name for n in editable.network.layers if n.layer.word in WEIGHTED}
    replacing = [e for e in edits(editable) if "sequence" in editable.edited_text(e.changes)]
    assert replacing
    for edit in replacing[:: max(1, len(replacing) // 6)]:
        network = cnncost.loads(editable.edited_text(edit.changes)).network
        after = {n.name for n in network.layers if n.layer.word in WEIGHTED}
        gone = {editable.network.nodes[index].name for index in edit.substitutes}
        assert before - after <= gone
        # A call that is written out takes the name of its own convolution along.
        old = [re.sub(r"(\.conv1|\.[0-9]+)+$", "", one) for one in gone]
        assert all(any(new.startswith(one) for one in old) for new in after - before)
