"""A network gets the same plan from its spec, from one line a layer, and from its ONNX file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from command import run
from spaces import draft_of
from suggested import found
from suggested_edits import edits

import cnncost


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """AlexNet in three forms."""
    folder = tmp_path_factory.mktemp("forms")
    flat, exported = folder / "flat.yaml", folder / "alexnet.onnx"
    for path, option in ((flat, "--flat"), (exported, "--no-weights")):
        done = run("convert", "alexnet", str(path), option)
        assert done.returncode == 0, done.stderr
    return ["alexnet", str(flat), str(exported)]


def test_alexnet_in_three_forms(forms: list[str]) -> None:
    plans = [found(form, "--budget", "connections=50%")["plan"] for form in forms]
    assert len({plan["score"] for plan in plans}) == 1
    assert len({plan["after"]["connections"] for plan in plans}) == 1


def test_a_pool_before_a_flatten_is_counted_where_it_saves(forms: list[str]) -> None:
    """6x6 of 13x13 positions: 36 of 169 of the first dense layer's weights, and its biases."""
    text = cnncost.load(forms[2]).text.text
    (edit,) = [e for e in edits(draft_of(text)) if e.phrase == "maxpool to 6x6 before flatten1"]
    after = cnncost.loads(draft_of(text).edited_text(edit.changes))
    saved = 4096 * 256 * (169 - 36)
    before = cnncost.count(cnncost.load("alexnet")).totals.weights
    assert before - cnncost.count(after).totals.weights == saved
    singles = found(forms[2], "--budget", "weights=40%", "--top", "200")["single_edits"]
    (shown,) = [one for one in singles if one["edit"] == edit.phrase]
    assert before - shown["after"]["weights"] == saved


TIED = "change alike (convert --flat unties them)"


def list_forms(name: str, shape: str, folder: Path) -> list[str]:
    """A bundled network, flat, from its ONNX file and from a trace of its PyTorch code."""
    flat, exported, code = folder / "flat.yaml", folder / "net.onnx", folder / f"{name}.py"
    for path, *options in ((flat, "--flat"), (exported, "--no-weights"), (code,)):
        done = run("convert", name, str(path), *options)
        assert done.returncode == 0, done.stderr
    *_, built = re.findall(r"^class (\w+)", code.read_text(), re.MULTILINE)
    traced = folder / "traced.yaml"
    done = run("convert", f"{code}:{built}", str(traced), "--input", shape)
    assert done.returncode == 0, done.stderr
    return [name, str(flat), str(exported), str(traced)]


@pytest.mark.parametrize(("name", "shape"), [
    ("alexnet", "3x227x227"), ("resnet18", "3x224x224"), ("mobilenet_v2", "3x224x224"),
])  # fmt: skip
def test_four_forms_get_one_plan_or_say_what_they_tie(
    name: str, shape: str, tmp_path: Path
) -> None:
    """The flat form ties nothing; another scores as it does, or says what it ties together."""
    pytest.importorskip("torch")
    plans = [
        found(form, "--budget", "connections=50%") for form in list_forms(name, shape, tmp_path)
    ]
    assert TIED not in plans[1]["space"]
    for one in plans:
        equal = abs(one["plan"]["score"] - plans[1]["plan"]["score"]) <= 0.002
        assert equal or TIED in one["space"]


@pytest.mark.parametrize(("name", "said"), [
    # Eight blocks of two convolutions; the four widths of the stages set those within the blocks.
    ("resnet18", "16 layers of 2 lines (conv2.1.first, conv2.1.second) and 12 widths of 4 numbers"),
    ("mobilenet_v2", "16 widths that follow others (b2a.block.expand.conv1, b2b."),
])  # fmt: skip
def test_what_a_form_ties_together_is_said(name: str, said: str) -> None:
    done = run("suggest", name, "--budget", "connections=90%")
    assert said in " ".join(done.stdout.split())
