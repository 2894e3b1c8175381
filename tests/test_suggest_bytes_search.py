"""The search for budgets of bytes against brute force, and its columns against a recount."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from spaces import NORMED_RESIDUAL, find_least_score

import cnncost
from cnncost.costs.metrics import Metrics
from cnncost.plans.decisions.budget_limits import join_limits, limit_tables, next_limits
from cnncost.plans.decisions.cost_tables import SearchSpace
from cnncost.plans.decisions.search_space import build_search_space
from cnncost.plans.edits.budget import Budget, budgets_hold
from cnncost.plans.edits.catalogue import parse_allowed_edits
from cnncost.plans.edits.edit import Edit
from cnncost.plans.edits.editable_spec import EditableSpec, read_editable_spec
from cnncost.plans.edits.meter import Meter
from cnncost.plans.edits.text_changes import SpecText
from cnncost.plans.search.integer_programme import solve_programme
from cnncost.plans.search.plan import SearchLimits
from cnncost.plans.search.space_solver import drop_dominated_options

PLAIN = """\
input: [{channels}, {size}, {size}]
layers:
  - {{conv: {a}, kernel: 3, padding: 1, stride: 2}}
  - relu
  - {{conv: {b}, kernel: 3, padding: 1}}
  - relu
  - {{maxpool: 2}}
  - {{dense: {c}}}
  - relu
  - {{dense: 10}}
"""

BRANCHES = """\
input: [{channels}, {size}, {size}]
layers:
  - {{name: stem, conv: {a}, kernel: 3, padding: 1}}
  - {{name: left, conv: {b}, kernel: 1, from: stem}}
  - {{name: right, conv: {c}, kernel: 3, padding: 1, from: stem}}
  - {{concat: [left, right, stem]}}
  - batchnorm
  - silu
  - global_avgpool
  - {{dense: 10}}
"""

BYTES = (
    *("parameter_memory", "activation_memory", "memory", "training_memory"),
    *("sram", "flash"),
)

REPLACING = ("separable", "kernel-stack", "asymmetric", "bottleneck", "grouped", "low-rank")


def _random_space(seed: int, *, grow: bool = False) -> tuple[SearchSpace, list[Budget]]:
    """A small network with one to three budgets, one of bytes at least; every third may replace
    convolutions as well, unless it may grow."""
    pick = random.Random(seed)
    text = pick.choice([PLAIN, NORMED_RESIDUAL, BRANCHES]).format(
        channels=pick.choice([1, 3]),
        size=pick.choice([5, 8, 9]),
        a=pick.choice([8, 16]),
        b=pick.choice([8, 12]),
        c=pick.choice([8, 16]),
    )
    metrics = [BYTES[seed % len(BYTES)], *pick.sample(BYTES, pick.choice([0, 1]))]
    meter = Meter(
        tuple(dict.fromkeys(metrics)),
        batch=pick.choice([1, 4]),
        dtype=pick.choice(["fp32", "fp16"]),
        optimizer=pick.choice(["sgd", "momentum", "adam"]),
    )
    editable = read_editable_spec(SpecText("net.yaml", text), meter=meter)
    before = editable.measure(editable.network)
    wanted = [*meter.bytes, *pick.sample(["weights", "units"], pick.choice([0, 1]))]
    share = (0.8, 1.7) if grow else (0.3, 0.95)
    budgets = [Budget(m, int(before[m] * pick.uniform(*share)), "") for m in wanted]
    forbidden = ["low-rank", "depth"] if seed % 3 == 0 and not grow else [*REPLACING, "depth"]
    allowed = parse_allowed_edits((), forbidden, (), grow=grow)
    return build_search_space(editable, allowed), budgets


def _brute_force(space: SearchSpace, budgets: list[Budget]) -> int | None:
    """The least score of all plans, each written, read and measured."""

    def holds(options: Sequence[Edit]) -> bool:
        after = _recounted(space.editable, list(options))
        return after is not None and budgets_hold(after, budgets)

    return find_least_score(space, holds)


def _recounted(editable: EditableSpec, options: list) -> dict[str, int] | None:  # type: ignore[type-arg]
    spec = editable.read_edited([change for c in options for change in c.changes])
    if spec is None:
        return None
    meter = editable.meter
    scale = {"batch": meter.batch, "dtype": meter.dtype, "optimizer": meter.optimizer}
    metrics = Metrics(spec.network, **scale)  # type: ignore[arg-type]
    return {m: metrics.compute_figure(m) for m in ("weights", "units", *meter.bytes)}


def _searched(space: SearchSpace, budgets: list[Budget]) -> tuple[int | None, int]:
    """The score that the search proves, and how many plans their recount refuted."""
    wide, most = limit_tables(space, budgets)
    refuted: list[tuple[int, ...]] = []
    while True:
        tables = drop_dominated_options(wide.tables, tuple(most))
        limits = SearchLimits(most, space.convolutions, forbidden=tuple(refuted))
        found = solve_programme(tables, limits)
        assert found.proved
        if found.chosen is None:
            return None, len(refuted)
        picked = zip(tables.decisions, found.chosen, strict=True)
        edits = [v.options[k] for v, k in picked if k]
        after = _recounted(space.editable, edits)
        if after is not None and budgets_hold(after, budgets):
            return found.score, len(refuted)
        if after is not None and wide.late:
            wide, more = join_limits(wide, next_limits(wide, edits))
            most, refuted = most | more, []
        else:
            refuted.append(found.chosen)


@pytest.mark.parametrize("block", range(6))
def test_the_search_equals_brute_force(block: int) -> None:
    outcomes, refuted = [], 0
    for seed in range(block * 10, block * 10 + 10):
        space, budgets = _random_space(seed)
        score, wrong = _searched(space, budgets)
        assert score == _brute_force(space, budgets), f"seed {seed}"
        outcomes.append(score)
        refuted += wrong
    assert any(outcomes)
    assert refuted < 20, "rows so loose that plans are refuted one by one"


@pytest.mark.parametrize("seed", range(12))
def test_the_search_that_may_grow_equals_brute_force(seed: int) -> None:
    space, budgets = _random_space(seed, grow=True)
    score, wrong = _searched(space, budgets)
    assert score is not None
    assert score == _brute_force(space, budgets)
    assert wrong < 5


@pytest.mark.parametrize("grow", [False, True])
@pytest.mark.parametrize("metric", BYTES)
@pytest.mark.parametrize("name", ["lenet5", "resnet18", "squeezenet1_1", "mobilenet_v2"])
def test_columns_never_overestimate(name: str, metric: str, *, grow: bool) -> None:
    editable = read_editable_spec(
        SpecText(name, cnncost.load(name).text.text), meter=Meter((metric,))
    )
    space = build_search_space(
        editable, parse_allowed_edits((), (), (), grow=grow), structural=name != "squeezenet1_1"
    )
    wide, most = limit_tables(space, [Budget(metric, 1, "")], every=True)
    pick, compared = random.Random(name + metric), 0
    for _ in range(12):
        chosen = tuple(pick.choice([0, pick.randrange(len(v.options))]) for v in space.decisions)
        costs, after = wide.tables.costs(chosen), _recounted(editable, space.edits_of(chosen))
        if costs is None or after is None:
            continue
        size = editable.meter.size if metric == "parameter_memory" else 1
        scale = 8 if metric == "flash" else 1  # its columns are bits
        bound = max(-(-costs[column] // scale) for column in most) * size
        assert (0.6 if grow else 0.7) * after[metric] < bound <= after[metric]
        compared += 1
    assert compared
