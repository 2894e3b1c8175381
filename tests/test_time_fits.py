"""The fit of a device's costs: it finds those that made the times, among outliers too."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncost.timing.fitting import (
    TimedRun,
    find_quantile,
    fit_costs,
    judge_ratios,
    leave_one_out,
)

TERMS = ("connections", "units", "parameters", "run")


def timed_runs(costs: dict[str, float], seed: int, count: int = 40) -> list[TimedRun]:
    """Runs of drawn figures, whose times are exactly what the costs make of them."""
    random = Random(seed)
    runs = []
    for at in range(count):
        figures = {
            "connections": 10 ** random.uniform(7, 10),
            "units": 10 ** random.uniform(5, 8),
            "parameters": 10 ** random.uniform(5, 8),
            "run": 1.0,
        }
        runs.append(TimedRun(at, figures, sum(costs[t] * figures[t] for t in costs)))
    return runs


@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, 10**6),
    st.floats(-13, -10),
    st.floats(-11, -8),
    st.floats(-11, -9),
    st.floats(-5, -2),
)
def test_exact_times_give_their_costs_back(seed: int, c: float, u: float, p: float, r: float):
    costs = dict(zip(TERMS, (10**c, 10**u, 10**p, 10**r), strict=True))
    runs = timed_runs(costs, seed)
    found = fit_costs(runs, TERMS)
    for run in runs:
        assert sum(found[t] * run.figures[t] for t in found) == pytest.approx(
            run.seconds, rel=2e-3 * len(TERMS)
        )


def test_networks_that_run_in_their_own_way_hardly_count() -> None:
    costs = {"connections": 2e-11, "units": 1e-9}
    runs = timed_runs(costs, 1)
    odd = [
        run._replace(seconds=5 * run.seconds) if i % 7 == 0 else run for i, run in enumerate(runs)
    ]
    found = fit_costs(odd, ("connections", "units"))
    assert found == pytest.approx(costs, rel=0.02)


def test_a_term_that_adds_nothing_is_dropped() -> None:
    runs = timed_runs({"connections": 2e-11}, 2)
    assert set(fit_costs(runs, ("connections", "units", "nothing"))) == {"connections"}


def test_what_is_left_out_is_left_out_at_all_its_batches() -> None:
    """One network at two batches, ten times slower than the rest: both miss by that factor."""
    rest = timed_runs({"connections": 1e-11}, 3, count=12)
    slow = [TimedRun("slow", {"connections": n}, 1e-10 * n) for n in (1e8, 16e8)]
    ratios = leave_one_out([*rest, *slow], ("connections",))
    assert ratios[-2:] == pytest.approx([0.1, 0.1], rel=1e-3)
    assert ratios[:-2] == pytest.approx([1.0] * 12, rel=1e-2)


def test_the_error_and_the_interval_by_hand() -> None:
    """Errors .2, 0, .25: the median is .2; measured / predicted 1/.8, 1, 1/1.25."""
    error, (low, high) = judge_ratios([0.8, 1.0, 1.25])
    assert error == pytest.approx(0.2)
    assert low == pytest.approx(0.8 + 0.1 * 0.2)  # 5 % of the way: a tenth from the least
    assert high == pytest.approx(1.25 - 0.1 * 0.25)
    assert judge_ratios([2.0, 2.0])[1] == (0.5, 1.0)


def test_a_network_without_figures_is_predicted_to_take_no_time() -> None:
    rest = timed_runs({"connections": 1e-11}, 4, count=6)
    bare = TimedRun("bare", {"connections": 0.0}, 1e-3)
    ratios = leave_one_out([*rest, bare], ("connections",))
    assert ratios[-1] == 0
    error, (low, high) = judge_ratios(ratios)
    assert error < 1e-3
    assert low == pytest.approx(1, abs=1e-2)
    assert high > 1


def test_quantiles_by_hand() -> None:
    assert find_quantile([3.0], 0.9) == 3.0
    assert find_quantile([1.0, 2.0, 3.0, 4.0], 0.5) == 2.5
    assert find_quantile([4.0, 1.0], 1.0) == 4.0
