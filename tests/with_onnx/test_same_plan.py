"""A network gets the same plan from its spec, from one line a layer, and from its ONNX file."""

from __future__ import annotations

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


@pytest.mark.parametrize(("name", "said"), [
    ("resnet18", "16 layers of 2 lines change alike"),
    ("mobilenet_v2", "16 widths that follow others change alike"),
])  # fmt: skip
def test_what_a_form_ties_together_is_said(name: str, said: str) -> None:
    done = run("suggest", name, "--budget", "connections=90%")
    assert said in " ".join(done.stdout.split())
