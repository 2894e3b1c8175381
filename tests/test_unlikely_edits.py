"""What no engineer would write is offered neither by itself nor in a plan."""

from __future__ import annotations

import json
import random

import pytest
from command import run
from lost_positions import is_starved
from spaces import draft_of
from suggested_edits import phrases
from unlikely import count_pointwise_pairs, list_vectors_in_groups, narrowing_stages
from wild_networks import wild_network

import cnncost
from cnncost.errors import CnncostError
from cnncost.plans.edits.catalogue import parse_allowed_edits
from cnncost.plans.suggestion.request import SuggestionRequest
from cnncost.plans.suggestion.suggester import Suggester

STAGED = ("alexnet", "vgg16", "resnet18", "resnet50", "mobilenet_v1")
"""Networks of one path, or of blocks on one path."""

KINDS = (
    *("alexnet", "vgg16", "resnet18", "resnet50", "mobilenet_v1", "mobilenet_v2", "lenet5"),
    *("shufflenet_v2", "squeezenet1_1", "googlenet_torchvision", "densenet121", "unet"),
    *("m5", "convnext_tiny", "residual_mlp", "nin", "regnet_y_400mf", "tc_resnet8"),
)
"""One network of each kind of block: the searches of their whole families take minutes."""


def _refuse_unlikely(before: cnncost.Spec, after: cnncost.Spec, said: str) -> None:
    old, new = before.network, after.network
    assert count_pointwise_pairs(new) <= count_pointwise_pairs(old), said
    assert set(list_vectors_in_groups(new)) <= set(list_vectors_in_groups(old)), said
    if len(old.nodes) == len(new.nodes):
        pairs = zip(old.layers, new.layers, strict=True)
        assert not any(is_starved(a, b) for a, b in pairs if a.layer.word == b.layer.word), said


def _study(spec: cnncost.Spec, *budgets: str, seconds: float = 6.0) -> Suggester:
    allowed = parse_allowed_edits((), (), ())
    return Suggester(spec, SuggestionRequest(tuple(budgets), allowed, seconds=seconds))


@pytest.mark.parametrize("name", KINDS)
def test_no_single_edit_and_no_plan_of_a_bundled_network_is_unlikely(name: str) -> None:
    spec = cnncost.load(name)
    study = _study(spec, "connections=45%")
    found = study.suggest()
    edits = [one.edit for one in found.singles.take_first(60)]
    for edit in edits:
        after = cnncost.loads(study.editable.edited_text(edit.changes))
        _refuse_unlikely(spec, after, edit.phrase)
        if name in STAGED:
            assert not narrowing_stages(spec.network, after.network), edit.phrase
    for plan in (found.plan, *found.others, found.plain):
        if plan is not None:
            after = cnncost.loads(plan.text)
            said = "; ".join(edit.phrase for edit in plan.edits)
            _refuse_unlikely(spec, after, said)
            if name in STAGED:
                assert not narrowing_stages(spec.network, after.network), said


@pytest.mark.parametrize("seed", range(24))
def test_no_plan_of_a_random_network_is_unlikely(seed: int) -> None:
    pick = random.Random(seed)
    try:
        spec = cnncost.loads(wild_network(pick))
        found = _study(spec, f"weights={pick.randint(20, 80)}%", seconds=5.0).suggest()
    except CnncostError:
        pytest.skip("no network, or no such budget")
    for plan in (found.plan, *found.others):
        if plan is not None:
            said = "; ".join(edit.phrase for edit in plan.edits)
            _refuse_unlikely(spec, cnncost.loads(plan.text), said)


CHAIN = """\
input: [8, 32, 32]
layers:
- {{name: a, conv: 64, kernel: {first}, padding: {first} // 2}}
- relu
- {{name: b, conv: 64, kernel: 3, padding: 1}}
- batchnorm
- relu
{between}- {{name: c, conv: 64, kernel: {last}, padding: {last} // 2}}
- global_avgpool
- {{dense: 10}}
"""


def _offered(first: int, last: int, between: str = "") -> set[str]:
    spec = cnncost.loads(CHAIN.format(first=first, last=last, between=between))
    found = _study(spec).suggest().singles.take_first(200)
    return {one.edit.phrase for one in found if one.edit.phrase.startswith("b: ")}


def test_no_1x1_is_put_behind_or_before_one() -> None:
    behind = {"b: depthwise, then 1x1", "b: 32 filters, then 1x1 up"}
    both = {"b: 1x1 to 32, the kernel there, 1x1 up"}
    assert behind | both <= _offered(3, 3)
    assert behind <= _offered(1, 3)
    assert not both & _offered(1, 3)
    assert not (behind | both) & _offered(3, 1)
    assert "b: in 2 groups, shuffled" in _offered(1, 1)
    # A pool parts them.
    assert behind | both <= _offered(3, 1, "- {maxpool: 2}\n")


def test_groups_over_one_position_are_a_dense_layers() -> None:
    text = "input: [32, 5, 5]\nlayers:\n- {{name: a, conv: 32, kernel: {kernel}}}\n- {{dense: 9}}\n"
    assert phrases(draft_of(text.format(kernel=3)), "grouped")
    assert not phrases(draft_of(text.format(kernel=5)), "grouped")


def test_a_smaller_input_leaves_every_kernel_its_map() -> None:
    text = """\
input: [3, 32, 32]
layers:
- {conv: 16, kernel: 3, padding: 1}
- {maxpool: 4}
- {conv: 16, kernel: 5, padding: 2}
- global_avgpool
- {dense: 10}
"""
    # Of 32 positions a side the last kernel gets 8, of 28 7, of 20 5; of 16 it would get 4.
    data = json.loads(run("suggest", "-", "--top", "99", "-f", "json", text=text).stdout)
    said = [one["edit"] for one in data["single_edits"] if one["kind"] == "resolution"]
    sizes = [int(phrase.split(" to ")[1].split()[0]) for phrase in said]
    assert sizes
    assert min(sizes) >= 20


DENSE = """\
input: [16, 32, 32]
layers:
- {{name: block, densely: [batchnorm, relu, {{conv: 16, kernel: 3, padding: 1}}], times: 3}}
- batchnorm
- relu
- {{name: t, conv: 32, kernel: 1}}
{behind}- {{name: last, conv: 64, kernel: 3, padding: 1}}
- global_avgpool
- {{dense: 10}}
"""


@pytest.mark.parametrize(("behind", "least"), [("- {avgpool: 2}\n", 16), ("- relu\n", 8)])
def test_a_transition_is_offered_no_less_than_half(behind: str, least: int) -> None:
    found = phrases(draft_of(DENSE.format(behind=behind)), "width")
    widths = [int(p.split(" to ")[1].split()[0]) for p in found if p.startswith("t: 32")]
    assert min(widths) == least


def test_what_grows_is_said_in_the_plan() -> None:
    """A depthwise layer has units of its own: 8 x 32 x 32 beside the 2 x 8 x 32 x 32 before."""
    text = """\
input: [3, 32, 32]
layers:
- {name: stem, conv: 8, kernel: 1}
- {name: a, conv: 8, kernel: 3, padding: 1}
- {maxpool: 32}
- {name: out, dense: 10}
"""
    kinds = [w for k in ("width", "grouped", "asymmetric", "bottleneck", "low-rank", "resolution",
                         "stride", "pooling") for w in ("--forbid", k)]  # fmt: skip
    done = run("suggest", "-", "--budget", "connections=50%", *kinds, text=text)
    assert done.returncode == 0, done.stdout
    share = 100 * 8 * 32 * 32 / (2 * 8 * 32 * 32 + 10)
    assert f"units grow by {share:.0f} %" in " ".join(done.stdout.split())
