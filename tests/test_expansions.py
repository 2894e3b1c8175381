"""Expansion ratios, numbers in expressions, defaults and params that are widths; `--multiple`."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from command import run
from rows import the_row
from spaces import draft_of
from suggested import found
from suggested_edits import one, phrases

import cnncost
from cnncost.plans.decisions.search_space import list_decisions
from cnncost.plans.decisions.width_trials import foresee_widths, try_width
from cnncost.plans.edits.catalogue import parse_allowed_edits
from cnncost.plans.edits.placed_layers import count_placed
from cnncost.shape import Shape

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


FACTOR_AT_CALLS = """
input: [3, 32, 32]
blocks:
  separate(groups, stride):
    - {conv: channels, kernel: 3, stride: stride, padding: 1, groups: groups}
  wide(filters, factor, stride=1):
    - {name: expand, conv: factor * channels, kernel: 1}
    - relu
    - {name: spatial, separate: depthwise, stride: stride}
    - relu
    - {name: project, conv: filters, kernel: 1}
layers:
  - {name: stem, conv: 32, kernel: 3, padding: 1}
  - {name: neck, conv: 16, kernel: 1}
  - {name: first, wide: 24, factor: 3, stride: 2}
  - {name: second, wide: 40, factor: 6, stride: 2}
  - global_avgpool
  - {name: out, dense: 10}
"""


def test_a_factor_and_the_width_it_multiplies_leave_channels(tmp_path: Path) -> None:
    """`neck: 16 to 8` and `factor: 3 to 1` take 32 and 24 of the 48 channels between: together
    they leave 8, though their differences add up to more than there are."""
    (tmp_path / "net.yaml").write_text(FACTOR_AT_CALLS)
    done = run(*["suggest", "net.yaml", "--budget", "connections=45%", "-f", "json"], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)
    assert data["plan"]["after"]["connections"] * 100 <= 45 * data["before"]["connections"]


def test_no_channels_are_no_network() -> None:
    wide, none = Shape(16, (8, 8)), Shape(0, (8, 8))
    conv = the_row("[16, 8, 8]", "{conv: 8, kernel: 1}").node.layer
    assert conv is not None
    assert count_placed(replace(conv, groups=0), (none,), False) is None
    assert count_placed(replace(conv, filters=-8), (wide,), False) is None
    assert count_placed(conv, (wide,), False) is not None
