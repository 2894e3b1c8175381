"""METRIC=AMOUNT: one reader for limits, shares and changes."""

from __future__ import annotations

from fractions import Fraction

import pytest

from cnncost.errors import CnncostError
from cnncost.quantity import MetricAmount, parse_amount, parse_budget, parse_change, split_metric

LIMITS = [
    ("weights=20M", "weights", 20_000_000),
    ("flops=1.5G", "flops", 1_500_000_000),
    ("sram=512KiB", "sram", 512 * 1024),
    ("training-memory= 2 MB ", "training_memory", 2_000_000),
]


@pytest.mark.parametrize(("text", "word", "most"), LIMITS)
def test_a_limit(text: str, word: str, most: int) -> None:
    assert parse_budget(text) == (word, most)


def test_a_percentage_is_one_of_todays_amount_exactly() -> None:
    """An eighth of 1,003 is 125.375."""
    share = parse_amount("weights", "12.5 %", percent=True)
    assert share.share_of(1003) == Fraction(125375, 1000)
    assert parse_amount("weights", "40").share_of(1003) == 40


@pytest.mark.parametrize("text", ["-5%", "x%", "%"])
def test_no_share(text: str) -> None:
    with pytest.raises(CnncostError, match="no share"):
        parse_amount("weights", text, percent=True)


def test_a_percentage_is_no_limit_where_nothing_is_there_to_compare_with() -> None:
    with pytest.raises(CnncostError, match="'50%' is not an amount"):
        parse_budget("weights=50%")


CHANGES = [
    ("+5%", MetricAmount(5, percent=True)),
    ("-10%", MetricAmount(-10, percent=True)),
    (" +1M", MetricAmount(1_000_000)),
    ("+0", MetricAmount(0)),
    *((text, None) for text in ("", "5%", "1M", "+-5%", "--5", "++5", "+", "-", "%", "+ 5")),
]


@pytest.mark.parametrize(("text", "change"), CHANGES)
def test_a_change_has_its_sign_written(text: str, change: MetricAmount | None) -> None:
    assert parse_change(text) == change


def test_without_an_equals_sign() -> None:
    with pytest.raises(CnncostError, match="'weights' is no budget"):
        split_metric("weights")
    with pytest.raises(CnncostError, match="no growth"):
        split_metric("weights", CnncostError("no growth"))
