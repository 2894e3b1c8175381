"""Budgets of time: the search against brute force, its tables against the estimate of the text that
is written, and times whose arithmetic is known."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from drawn_devices import BRANCHES, drawn_text, drawn_timer, timed_spec
from spaces import find_least_score

import cnncost
from cnncost.plans.decisions import table_filling
from cnncost.plans.decisions.budget_limits import limit_tables
from cnncost.plans.decisions.cost_tables import SearchSpace
from cnncost.plans.decisions.search_space import (
    build_search_space,
    foresee_decisions,
    list_spatial_trials,
)
from cnncost.plans.edits.budget import Budget
from cnncost.plans.edits.catalogue import parse_allowed_edits
from cnncost.plans.edits.edit import Edit
from cnncost.plans.edits.editable_spec import EditableSpec
from cnncost.plans.search.integer_programme import solve_programme
from cnncost.plans.search.label_setting import solve_by_labels
from cnncost.plans.search.plan import SearchLimits, SearchOutcome
from cnncost.plans.search.space_solver import drop_dominated_options
from cnncost.timing import Device, LayerTimer

EVERYTHING = parse_allowed_edits((), (), ())
REPLACING = ("separable", "kernel-stack", "asymmetric", "bottleneck", "grouped", "low-rank")


def estimated(editable: EditableSpec, edits: Sequence[Edit]) -> dict[str, int] | None:
    """What Python's own estimate says of the text with some edits, besides its weights."""
    spec = editable.read_edited([change for edit in edits for change in edit.changes])
    if spec is None:
        return None
    timer = editable.meter.timer
    assert timer is not None
    found = cnncost.time(spec.network, timer.device, timer.batch)
    return {"time": found.picoseconds, "weights": cnncost.count(spec).totals.weights}


def random_space(seed: int) -> tuple[SearchSpace, list[Budget]]:
    """A small network on a drawn device, with a budget of time, and of weights now and then; every
    third may replace convolutions as well."""
    pick = random.Random(seed)
    editable = timed_spec(drawn_text(pick), drawn_timer(pick))
    before = editable.measure(editable.network)
    limited = ["time", *pick.sample(["weights"], pick.choice([0, 0, 1]))]
    budgets = [Budget(m, int(before[m] * pick.uniform(0.3, 0.95)), "") for m in limited]
    forbidden = ["low-rank", "depth"] if seed % 3 == 0 else [*REPLACING, "depth"]
    return build_search_space(editable, parse_allowed_edits((), forbidden, ())), budgets


def brute_force(space: SearchSpace, budgets: list[Budget]) -> int | None:
    """The least score of all plans, each written, read and estimated."""

    def holds(options: Sequence[Edit]) -> bool:
        after = estimated(space.editable, options)
        return after is not None and all(after[one.metric] <= one.most for one in budgets)

    return find_least_score(space, holds)


@pytest.mark.parametrize("block", range(8))
def test_the_search_equals_brute_force(block: int) -> None:
    outcomes = []
    for seed in range(block * 10, block * 10 + 10):
        space, budgets = random_space(seed)
        limited, most = limit_tables(space, budgets)
        tables = drop_dominated_options(limited.tables, tuple(most))
        expected = brute_force(space, budgets)
        limits = SearchLimits(most, space.convolutions)
        solved: list[SearchOutcome | None] = [solve_programme(tables, limits)]
        solved.append(solve_by_labels(tables, limits))
        for found in solved:
            assert found is not None
            assert found.proved
            assert (found.score if found.chosen else None) == expected, f"seed {seed}"
        outcomes.append(expected)
    assert any(outcomes)


@pytest.mark.parametrize(
    "name",
    [
        *("lenet5", "resnet18", "squeezenet1_1", "mobilenet_v2", "unet", "shufflenet_v2"),
        *("densenet121", "residual_mlp", "m5"),
    ],
)
def test_tables_equal_the_estimate_of_the_text(name: str) -> None:
    pick = random.Random(name)
    timer = drawn_timer(pick, every=True)
    editable = timed_spec(cnncost.load(name).text.text, timer)
    space = build_search_space(editable, EVERYTHING)
    sizes = [len(decision.options) for decision in space.decisions]
    alone = [tuple([k if w == v else 0 for w in range(len(sizes))])
             for v in range(len(sizes)) for k in range(sizes[v])]  # fmt: skip
    together = [tuple([pick.randrange(size) for size in sizes]) for _ in range(15)]
    compared = 0
    for chosen in (*pick.sample(alone, min(30, len(alone))), *together):
        costs, after = space.tables.costs(chosen), estimated(editable, space.edits_of(chosen))
        assert (costs is None) == (after is None)
        if costs is not None and after is not None:
            assert costs[editable.meter.tabled.index("time")] == after["time"]
            compared += 1
    assert compared


def bounds_of(space: SearchSpace, pick: random.Random) -> list[int]:
    """By how many picoseconds the tables are below the estimates of drawn plans' texts."""
    found = []
    for _ in range(60):
        chosen = tuple([pick.randrange(len(v.options)) for v in space.decisions])
        costs = space.tables.costs(chosen)
        after = estimated(space.editable, space.edits_of(chosen))
        if costs is not None and after is not None:
            found.append(after["time"] - costs[-1])
    assert found
    return found


@pytest.mark.parametrize("seed", range(8))
def test_tables_in_pairs_of_widths_never_overestimate(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A layer that many widths reach is counted in pairs of them, whose rounded times add up to
    some picoseconds less than it takes, and never to more."""
    monkeypatch.setattr(table_filling, "MOST_ENTRIES", 1)
    pick = random.Random(seed)
    text = BRANCHES.format(channels=3, size=9, a=16, b=12, c=16)
    editable = timed_spec(text, drawn_timer(pick, every=True))
    below = bounds_of(build_search_space(editable, EVERYTHING), pick)
    assert 0 <= min(below) < max(below) <= 100


@pytest.mark.parametrize("name", ["alexnet", "vgg16", "googlenet"])
def test_tables_of_layers_that_many_widths_reach_never_overestimate(name: str) -> None:
    pick = random.Random(name)
    editable = timed_spec(cnncost.load(name).text.text, drawn_timer(pick, every=True))
    below = bounds_of(build_search_space(editable, EVERYTHING), pick)
    assert 0 <= min(below) <= max(below) <= 2000


WIDE = """\
input: [3, 8, 8]
layers:
  - {{name: a, conv: 32, kernel: 3, padding: 1}}
  - {{name: b, conv: 32, kernel: 3, padding: 1, from: a}}
  - {{name: c, conv: 32, kernel: 3, padding: 1, from: a}}
  - {{concat: [a, b, c]}}
  - {{conv: 96, kernel: 3, padding: 1, groups: {groups}}}
  - global_avgpool
  - {{dense: 10}}
"""


@pytest.mark.parametrize("groups", [1, 8, 24, 48, 96])
def test_a_convolution_that_becomes_depthwise_is_not_overestimated(
    groups: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With 24 groups it is depthwise only where all three widths that it reads are 8: what pairs of
    them add says nothing of it."""
    monkeypatch.setattr(table_filling, "MOST_ENTRIES", 1)
    costs = {"connections": 1e-12, "depthwise_connections": 1e-9}
    timer = LayerTimer(Device("d", "D", "x", "fp32", (1, 1), costs), 1)
    editable = timed_spec(WIDE.format(groups=groups), timer)
    space = build_search_space(editable, parse_allowed_edits(("extrapolation",), (), ()))
    assert min(bounds_of(space, random.Random(groups))) >= 0


def test_a_convolution_that_stays_depthwise_is_timed_as_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(table_filling, "MOST_ENTRIES", 1)
    editable = timed_spec(WIDE.format(groups="channels").replace("conv: 96", "conv: channels"),
                          drawn_timer(random.Random(1), every=True))  # fmt: skip
    space = build_search_space(editable, EVERYTHING)
    assert 0 <= min(bounds_of(space, random.Random(1))) <= max(bounds_of(space, random.Random(2)))
    assert max(bounds_of(space, random.Random(3))) <= 100


@pytest.mark.parametrize("name", ["lenet5", "resnet18", "squeezenet1_1", "mobilenet_v2"])
def test_what_is_foreseen_of_single_edits_is_what_their_texts_take(name: str) -> None:
    pick = random.Random(name)
    editable = timed_spec(cnncost.load(name).text.text, drawn_timer(pick, every=True))
    compared = 0
    for decision, found in foresee_decisions(editable, EVERYTHING):
        for edit, costs in zip(decision.options[1:], found, strict=True):
            after = estimated(editable, [edit])
            assert after is not None
            assert costs[-1] == after["time"], edit.phrase
            compared += 1
    for trial in list_spatial_trials(editable, EVERYTHING):
        after = estimated(editable, [trial.edit])
        assert after is not None
        assert trial.after["time"] == after["time"], trial.edit.phrase
        compared += 1
    assert compared > 20
