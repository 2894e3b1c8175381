"""Expansion ratios, numbers in expressions, defaults and params that are widths; `--multiple`."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from command import run
from spaces import draft_of
from suggested import found
from suggested_edits import one, phrases

import cnncost
from cnncost.suggest.decisions.search_space import list_decisions
from cnncost.suggest.decisions.width_trials import foresee_widths, try_width
from cnncost.suggest.edits.catalogue import parse_allowed_edits

NET = """\
params: {width: 48, alpha: 1}
input: [3, 16, 16]
blocks:
  wide(filters, factor=4):
    - {name: up, conv: factor * channels, kernel: 1}
    - relu
    - {name: down, conv: filters, kernel: 3, padding: 1}
  plain(filters=40):
    - {name: own, conv: filters, kernel: 3, padding: 1}
layers:
  - {name: stem, conv: "multiple(alpha * 32)", kernel: 3, padding: 1}
  - relu
  - {name: w1, wide: 16}
  - relu
  - {name: p1, plain}
  - relu
  - {name: last, conv: width, kernel: 3, padding: 1}
  - relu
  - global_avgpool
  - {dense: 10}
"""


def widths_after(phrase: str) -> list[int]:
    """The filters of each convolution with an edit made."""
    editable = draft_of(NET)
    spec = cnncost.loads(editable.edited_text(one(editable, phrase).changes))
    layers = [node for node in spec.network.layers if node.layer.word == "conv"]
    return [node.output.channels for node in layers]


def test_where_the_numbers_stand() -> None:
    labels = {phrase.partition(":")[0] for phrase in phrases(draft_of(NET), "width")}
    assert labels == {"stem", "w1", "p1.own", "last"}
    assert phrases(draft_of(NET), "expansion") == [
        "wide: factor 4 to 3", "wide: factor 4 to 2", "wide: factor 4 to 1",
    ]  # fmt: skip


@pytest.mark.parametrize(("phrase", "filters"), [
    ("stem: 32 to 16 filters", [16, 64, 16, 40, 48]),  # 4 x 16 follow
    ("wide: factor 4 to 2", [32, 64, 16, 40, 48]),
    ("p1.own: 40 to 24 filters", [32, 128, 16, 24, 48]),
    ("last: 48 to 24 filters", [32, 128, 16, 40, 24]),
])  # fmt: skip
def test_what_they_change(phrase: str, filters: list[int]) -> None:
    assert widths_after(phrase) == filters


def test_factors_in_expressions_that_read_alike_change_together() -> None:
    editable = draft_of(cnncost.load("efficientnet_b0").text.text)
    edit = one(editable, "mbconv6: 6 * channels to 3 * channels")
    assert len(edit.changes) == 2  # the expansion and the depthwise layer behind it
    assert editable.read_edited(edit.changes) is not None


def test_a_divisor_is_no_factor() -> None:
    text = NET.replace("factor * channels", "channels // 4")
    assert phrases(draft_of(text), "expansion") == []


@pytest.mark.parametrize(
    "name", ["mobilenet_v2", "efficientnet_b0", "shufflenet_v2", "densenet121"]
)
def test_numbers_tried_together_do_what_they_do_alone(name: str) -> None:
    text = cnncost.load(name).text.text
    together, alone = draft_of(text), draft_of(text)
    everything = parse_allowed_edits((), (), ())
    foresee_widths(together, list_decisions(together, everything))
    tried = 0
    for decision in list_decisions(alone, everything):
        for edit in decision.options[1:] if decision.group else ():
            if edit.changes in together.trials:
                assert together.trials[edit.changes] == try_width(alone, edit), edit.phrase
                tried += 1
    assert tried >= 12


def test_params_and_resolution_together_hold_what_neither_does() -> None:
    """`--set alpha=0.5 --set resolution=128` holds 256 KiB of sram, and so does a plan."""
    data = found("mobilenet_v2", "--budget", "sram=256KiB", "--most-edits", "2")
    assert data["plan"]["after"]["sram"] <= 256 * 1024
    settings = {"alpha": Fraction(1, 2), "resolution": 128}
    by_hand = cnncost.damage(
        cnncost.load("mobilenet_v2"), cnncost.load("mobilenet_v2", params=settings)
    )
    assert data["plan"]["score"] <= by_hand.score


def test_multiples() -> None:
    data = found("vgg16", "--budget", "connections=50%", "--multiple", "32", "--forbid", "grouped")
    for step in [*data["plan"]["steps"], *data["uniform"]["steps"]]:
        if step["kind"] in ("width", "dense"):
            (new,) = re.findall(r"to (\d+)", step["edit"])
            assert int(new) % 32 == 0
    done = run("suggest", "vgg16", "--multiple", "0")
    assert done.returncode == 2
