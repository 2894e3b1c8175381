"""A metric's figure by its word, its promises and its bytes' scale, by hand; and METRIC=AMOUNT: one
reader for limits, shares and changes."""

from __future__ import annotations

from fractions import Fraction

import pytest

import cnncost
from cnncost.costs.footprint import compute_footprints
from cnncost.costs.metrics import Metrics
from cnncost.costs.promises import compare_budget, compare_expected
from cnncost.costs.rows import layer_rows, remainder_row
from cnncost.errors import CnncostError
from cnncost.quantity import MetricAmount, parse_amount, parse_budget, parse_change, split_metric

TEXT = "input: [4]\nlayers:\n- {name: d, dense: 2}\n"
"""10 parameters, 8 connections; 4 numbers come in and 2 go out."""

KNOWN = "input: [4]\nlayers:\n- {opaque: {output: [2], weights: 8, biases: 2, connections: 8}}\n"
"""The same costs, of an operation of which nobody knows what it keeps."""

UNKNOWN = "input: [4]\nlayers:\n- {name: odd, opaque: {output: [2]}}\n- {name: d, dense: 2}\n"


def _metrics(text: str, **scale: int | str) -> Metrics:
    return Metrics(cnncost.loads(text).network, **scale)  # type: ignore[arg-type]  # one of three


@pytest.mark.parametrize(("metric", "one", "three_halves"), [
    ("parameters", 10, 10),
    ("connections", 8, 8),
    ("macs", 8, 8),
    ("flops", 16, 16),
    ("parameter_memory", 4 * 10, 2 * 10),
    ("activation_memory", 4 * (4 + 2), 3 * 2 * (4 + 2)),
    ("memory", 4 * (10 + 4 + 2), 2 * 10 + 3 * 2 * (4 + 2)),
    # In int8, an example at a time, whatever the scale: 4 numbers in, 2 out; 8 weights, and
    # 2 biases of 4 bytes.
    ("sram", 4 + 2, 4 + 2),
    ("flash", 8 + 2 * 4, 8 + 2 * 4),
])  # fmt: skip
def test_each_figure(metric: str, one: int, three_halves: int) -> None:
    assert _metrics(TEXT).compute_figure(metric) == one
    assert _metrics(TEXT, batch=3, dtype="fp16").compute_figure(metric) == three_halves


def test_training_takes_each_option_of_scale() -> None:
    found = _metrics(TEXT).compute_figure("training_memory")
    # Momentum adds one number a parameter; batch and element type change the activations.
    assert _metrics(TEXT, optimizer="momentum").compute_figure("training_memory") == found + 4 * 10
    assert _metrics(TEXT, batch=3).compute_figure("training_memory") > found
    assert _metrics(TEXT, dtype="fp16").compute_figure("training_memory") < found


def test_what_does_not_train_has_no_training_memory() -> None:
    with pytest.raises(CnncostError, match="does not train: no training_memory"):
        _metrics(TEXT, dtype="int8").compute_figure("training_memory")


@pytest.mark.parametrize(("metric", "known"), [
    ("connections", True),
    ("parameter_memory", True),
    ("activation_memory", False),
    ("memory", False),
    ("training_memory", False),
])  # fmt: skip
def test_bytes_of_activations_are_a_lower_bound_behind_an_operation_by_hand(
    metric: str, known: bool
) -> None:
    assert _metrics(KNOWN).is_exact(metric) == known
    assert _metrics(TEXT).is_exact(metric)


@pytest.mark.parametrize(("metric", "words"), [
    ("connections", ""),
    ("parameter_memory", "fp16"),
    ("activation_memory", "batch 3, fp16"),
    ("memory", "batch 3, fp16"),
    ("training_memory", "batch 3, fp16, adam"),
    ("sram", "int8"),
    ("flash", "int8"),
])  # fmt: skip
def test_of_what_the_bytes_are(metric: str, words: str) -> None:
    assert _metrics(TEXT, batch=3, dtype="fp16", optimizer="adam").describe_scale(metric) == words


@pytest.mark.parametrize(("published", "holds"), [(10, True), (9, False), (11, False)])
def test_a_published_figure(published: int, holds: bool) -> None:
    (found,) = compare_expected(cnncost.loads(f"{TEXT}expect: {{parameters: {published}}}\n"))
    assert (found.computed, found.complete, found.holds) == (10, True, holds)


def test_a_lower_bound_keeps_no_promise() -> None:
    # The dense layer alone: 2 x 2 weights and 2 biases.
    (found,) = compare_expected(cnncost.loads(f"{UNKNOWN}expect: {{parameters: 6}}\n"))
    assert (found.computed, found.complete, found.holds) == (6, False, False)
    (limit,) = compare_budget(cnncost.loads(UNKNOWN), {"parameters": 100})
    assert (limit.computed, limit.complete, limit.holds) == (6, False, False)


def test_limits_are_of_the_scale_that_is_asked_for() -> None:
    spec = cnncost.loads(TEXT)
    (one,) = compare_budget(spec, {"activation_memory": 24})
    assert (one.computed, one.scale, one.holds) == (24, "batch 1, fp32", True)
    (more,) = compare_budget(spec, {"activation_memory": 35}, batch=3, dtype="fp16")
    assert (more.computed, more.scale, more.holds) == (36, "batch 3, fp16", False)
    (adam,) = compare_budget(spec, {"training_memory": 264}, optimizer="adam")
    # Input and output, loss and its gradient; parameters and gradients; two numbers a parameter
    # and a count of steps for each of two tensors; twice the weights while Adam works.
    assert adam.computed == 24 + 2 * 4 + 2 * 40 + (2 * 40 + 2 * 4) + 2 * 32
    assert (adam.scale, adam.holds) == ("batch 1, fp32, adam", True)
    assert compare_budget(spec, {}) == ()


def test_what_does_not_train_keeps_nothing() -> None:
    report = cnncost.count(cnncost.loads(TEXT + "- relu\n"))
    whole = compute_footprints(report.network, dtype="int8")
    # A byte a number: the input of 4 and the output of 2 are alive, relu works in place.
    assert [(n.output_bytes, n.live_bytes, n.saved_bytes) for n in whole.nodes] == [
        (4, 4, 0),
        (2, 6, 0),
        (2, 6, 0),
    ]
    assert whole.memory.inference.bytes == 6
    rows = layer_rows(report._replace(footprints=whole), every=True)
    assert remainder_row(report._replace(footprints=whole), rows, loss=True) is None


def test_rows_of_unknown_cost_are_shown() -> None:
    # Known in weights and biases, zero of both, not in connections.
    odd = "{name: odd, opaque: {output: [2], weights: 0, biases: 0}}"
    report = cnncost.count(cnncost.loads(f"input: [4]\nlayers:\n- relu\n- {odd}\n"))
    rows = layer_rows(report, every=False)
    assert [(row.name, row.reach) for row in rows] == [("odd", None)]


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


@pytest.mark.parametrize("metric", ["activation_memory", "memory", "training_memory"])
def test_a_scale_that_is_none_is_refused(metric: str) -> None:
    with pytest.raises(CnncostError, match="a batch of 0 is none"):
        _metrics(TEXT, batch=0).compute_figure(metric)
    with pytest.raises(CnncostError, match="unknown dtype 'fp23'"):
        _metrics(TEXT, dtype="fp23").compute_figure(metric)
