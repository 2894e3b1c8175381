"""Budgets as text: shares of today's amount, units of bytes, and what is none."""

from __future__ import annotations

import pytest

from cnncost.errors import CnncostError
from cnncost.plans.edits.budget import (
    MOST,
    Budget,
    budgets_hold,
    budgets_of_spec,
    byte_metrics_in,
    limits_time,
    parse_budgets,
)

BEFORE = {"weights": 20_001, "connections": 300, "memory": 4096, "flash": 5 * 2**21}


@pytest.mark.parametrize(("text", "metric", "most", "asked"), [
    ("weights=2K", "weights", 2_000, "2K"),
    ("weights=1", "weights", 1, "1"),
    ("weights=50%", "weights", 10_000, "10000"),  # half of 20,001, rounded down
    ("weights=0.5%", "weights", 100, "100"),  # 100.005
    ("connections = 100%", "connections", 300, "300"),
    ("connections=150 %", "connections", 450, "450"),
    ("memory=50%", "memory", 2048, "2KiB"),
    ("memory=75%", "memory", 3072, "3KiB"),
    ("memory=33%", "memory", 1351, "1351B"),  # 1351.68
    ("flash=20%", "flash", 2**21, "2MiB"),
    ("memory=64MB", "memory", 64_000_000, "64MB"),
])  # fmt: skip
def test_a_budget(text: str, metric: str, most: int, asked: str) -> None:
    assert parse_budgets([text], BEFORE) == (Budget(metric, most, asked),)


def test_of_a_network_without_weights_no_share_is_asked() -> None:
    with pytest.raises(CnncostError, match="this network has no weights"):
        parse_budgets(["weights=40%"], {**BEFORE, "weights": 0})


@pytest.mark.parametrize(("text", "what", "hint"), [
    ("weights=0", "no network has 0 weights", "20M"),
    ("weights=0%", "no network has 0 weights", "20M"),
    ("connections=0.3%", "no network has 0 connections", "20M"),  # 0.9 of one
    ("memory=0B", "no network has 0 bytes of memory", "64MiB"),
    ("memory=0.02%", "no network has 0 bytes of memory", "64MiB"),
    ("weights", "'weights' is no budget", "as in weights=20M"),
    ("weights: 5", "'weights: 5' is no budget", "as in weights=20M"),
    ("weights=many", "weights=many: ", ""),
    ("memory=64", "memory=64: ", "64MiB"),
    ("weights=-1%", "weights=-1%: no share", "50% or 12.5%"),
    ("weights=x%", "weights=x%: no share", "50% or 12.5%"),
    (f"weights={MOST + 1}", "more than any network has", "4,611,686,018,427,387,904"),
])  # fmt: skip
def test_what_is_no_budget(text: str, what: str, hint: str) -> None:
    with pytest.raises(CnncostError) as refused:
        parse_budgets([text], BEFORE)
    assert what in refused.value.what
    assert hint in (refused.value.hint or "")


def test_a_metric_is_limited_once() -> None:
    both = parse_budgets(["weights=1", "connections=2"], BEFORE)
    assert [budget.metric for budget in both] == ["weights", "connections"]
    with pytest.raises(CnncostError, match="--budget training_memory is given twice"):
        parse_budgets(["training_memory=1KiB", "training-memory=2KiB"], BEFORE)


def test_the_largest_budget() -> None:
    assert parse_budgets([f"weights={2**62}"], BEFORE)[0].most == 2**62


def test_budgets_of_a_spec_are_shown_in_the_largest_unit_that_is_exact() -> None:
    amounts = {"memory": 3 * 2**30, "sram": 1536, "flash": 0, "weights": 2**80}
    assert budgets_of_spec(amounts) == (
        Budget("memory", 3 * 2**30, "3GiB"),
        Budget("sram", 1536, "1536B"),
        Budget("flash", 0, "0B"),
        Budget("weights", 2**62, str(2**80)),  # the solver's numbers end there
    )


def test_a_budget_holds_up_to_its_amount() -> None:
    budgets = (Budget("weights", 10, "10"), Budget("units", 5, "5"))
    assert budgets_hold({"weights": 10, "units": 5}, budgets)
    assert not budgets_hold({"weights": 11, "units": 5}, budgets)
    assert not budgets_hold({"weights": 10, "units": 6}, budgets)


def test_the_metrics_in_bytes() -> None:
    both = ["weights=1", "training-memory=1MiB", " sram =1KiB"]
    assert sorted(byte_metrics_in(both)) == ["sram", "training_memory"]
    assert byte_metrics_in(both) == byte_metrics_in(both[::-1])  # in the order of the output


@pytest.mark.parametrize(("text", "most", "limit"), [
    ("flops=9", 4, 9),  # two each: the ninth is of no connection
    ("flops=10", 5, 10),
    ("flops=50%", 150, 300),  # of 600
    ("macs=50%", 150, 150),
])  # fmt: skip
def test_connections_by_other_words(text: str, most: int, limit: int) -> None:
    (budget,) = parse_budgets([text], BEFORE)
    word = text.partition("=")[0]
    assert (budget.metric, budget.user_word) == ("connections", word)
    assert (budget.most, budget.limit) == (most, limit)
    assert budgets_of_spec({word: limit}) == (budget._replace(asked=str(limit)),)


def test_a_budget_by_the_metrics_own_word() -> None:
    (budget,) = parse_budgets(["connections=9"], BEFORE)
    assert (budget.user_word, budget.limit) == ("connections", 9)


def test_the_longest_time_that_is_a_budget() -> None:
    # 2^62 picoseconds are 4,611,686.018427387904 s.
    (budget,) = parse_budgets(["time=4611686.018427387904s"], {"time": 2**62 + 1})
    assert budget.most == 2**62
    with pytest.raises(CnncostError, match="longer than any network takes"):
        parse_budgets(["time=4611686.018427387905s"], {"time": 2**62 + 1})


def test_a_share_of_a_time() -> None:
    (budget,) = parse_budgets(["time=50%"], {"time": 2_001_000_000})
    assert budget == Budget("time", 1_000_500_000, budget.asked)


def test_whether_a_budget_limits_time() -> None:
    assert limits_time(["weights=2K", " time = 2ms"])
    assert not limits_time(["weights=50%", "times=1", "memory=time"])
