"""Times on a device: the arithmetic by hand, sums, bounds, and properties on drawn networks."""

from __future__ import annotations

from math import isfinite
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cnncost
from cnncost import bundled
from cnncost.costs.count import count_network
from cnncost.costs.rows import cut_rows, layer_rows, remainder_row, sort_rows
from cnncost.timing import Device, estimate_time, read_device
from cnncost.timing.time_columns import COLUMNS, TERMS

SMALL = """
input: [3, 8, 8]
layers:
- conv: 4
  kernel: 3
  padding: 1
- relu
- {maxpool: 2, stride: 2}
- flatten
- dense: 10
"""
"""A convolution of 4x8x8 = 256 units, 3*3*3*4 = 108 weights, 256*27 = 6,912 connections and 4
biases; a relu of 256 and a pool of 64 outputs, whose windows read 4 numbers each; a dense layer of
10 units, 640 weights and connections, 10 biases."""


def device(batch: tuple[int, int] = (1, 16), **seconds: float) -> Device:
    return Device("mine", "Mine", "by hand", "fp32", batch, seconds)


def seconds(batch: int | None = 1, *, text: str = SMALL, **costs: float) -> float:
    return estimate_time(cnncost.loads(text).network, device(**costs), batch).seconds


@pytest.mark.parametrize(
    ("term", "sums"),
    [
        ("connections", 6912 + 640),
        ("depthwise_connections", 0),
        ("units", 256 + 10),
        ("other_units", 256 + 64),  # the flatten is a view
        ("window_reads", 64 * 2 * 2),
        ("weights", 108 + 640),
        ("parameters", 108 + 4 + 640 + 10),
        ("layers", 4),
        ("run", 1),
    ],
)
def test_each_term_is_multiplied_with_its_figure(term: str, sums: int) -> None:
    assert seconds(**{term: 1e-6}) == pytest.approx(sums * 1e-6, rel=1e-9)


@pytest.mark.parametrize(
    ("term", "times"),
    [
        *(("connections", 5), ("units", 5), ("other_units", 5), ("window_reads", 5)),
        *(("further_units", 4), ("weights", 1), ("parameters", 1), ("layers", 1), ("run", 1)),
    ],
)
def test_a_term_is_paid_per_example_per_run_or_for_all_but_the_first(term: str, times: int) -> None:
    figure = 266 if term == "further_units" else round(seconds(**{term: 1.0}))
    assert seconds(5, **{term: 1.0}) == figure * times


def test_every_term_of_a_device_is_tested_above() -> None:
    assert set(TERMS) == {
        *("connections", "depthwise_connections", "units", "further_units", "other_units"),
        *("window_reads", "weights", "parameters", "layers", "run"),
    }


def test_a_depthwise_convolution_has_connections_of_its_own_kind() -> None:
    text = """
input: [6, 5, 5]
layers:
- {depthwise_conv: 3}
- {conv: 6, kernel: 1, groups: 6}
- {conv: 2, kernel: 1}
"""
    # 6 maps of 3x3 without padding, 9 connections each; then 1x1: 6 maps of 3x3, one each.
    assert seconds(text=text, depthwise_connections=1.0) == 6 * 9 * 9 + 6 * 9


def test_an_example_of_a_batch_has_its_share_of_what_a_run_costs() -> None:
    network = cnncost.loads(SMALL).network
    found = estimate_time(network, device((8, 64), connections=1e-6, run=1.0))
    assert found.seconds == pytest.approx(7552e-6 + 1 / 8, rel=1e-9)
    assert found.complete


def test_a_batch_below_those_measured_gives_a_lower_bound() -> None:
    network = cnncost.loads(SMALL).network
    for batch, complete in ((7, False), (8, True), (64, True), (65, True)):
        found = estimate_time(network, device((8, 64), units=1e-6), batch)
        assert found.complete is complete
        assert bool([r for r in found.remarks if "not at" in r]) == (not 8 <= batch <= 64)
        with_overhead = estimate_time(network, device((8, 64), units=1e-6, layers=1e-6), batch)
        assert with_overhead.complete


FITTED = """
device: x
seconds: {{connections: 1e-9{}}}
batch: [2, 4]
fitted: {{interval: [0.5, 1.25], connections: [{}, 1G], networks: 3}}
"""


@pytest.mark.parametrize("overhead", ["", ", run: 1e-3"])
@pytest.mark.parametrize("least", [7552, 7553])
@pytest.mark.parametrize("batch", [None, 1, 2, 4, 5])
def test_an_interval_is_given_for_runs_such_as_were_measured(
    overhead: str, least: int, batch: int | None
) -> None:
    """The small network has 6,912 + 640 = 7,552 connections."""
    mine = read_device(FITTED.format(overhead, least), "x.yaml", "x")
    found = estimate_time(cnncost.loads(SMALL).network, mine, batch)
    small, beyond = least > 7552, batch in (1, 5)
    assert isfinite(found.high) == (not small and not beyond)
    assert found.complete == (bool(overhead) or not (small or batch == 1))
    assert any("smaller than any network" in remark for remark in found.remarks) == small


def test_opaque_layers_give_a_lower_bound() -> None:
    text = """
input: [3, 8, 8]
layers:
- {conv: 4, kernel: 1}
- {opaque, op: Thing, output: [4, 8, 8]}
"""
    found = estimate_time(cnncost.loads(text).network, device(connections=1e-6), 1)
    assert not found.complete
    assert found.seconds == pytest.approx(3 * 4 * 64 * 1e-6)


def test_the_interval_is_the_devices() -> None:
    text = "device: x\nseconds: {run: 2}\nfitted: {interval: [0.5, 1.25]}"
    found = cnncost.time(cnncost.loads(SMALL), read_device(text, "x.yaml", "x"))
    assert (found.seconds, found.low, found.high) == (2.0, 1.0, 2.5)


def test_cycles_are_divided_by_the_clock() -> None:
    text = "device: a microcontroller\ncycles: {connections: 0.8, units: 21.6}\nclock: 100M"
    found = cnncost.time(cnncost.loads(SMALL), read_device(text, "m.yaml", "m"))
    assert found.seconds == pytest.approx((0.8 * 7552 + 21.6 * 266) / 100e6, rel=1e-4)


@pytest.mark.parametrize("name", bundled.list_names())
def test_a_networks_time_is_the_sum_of_its_layers(name: str) -> None:
    spec = cnncost.load(name)
    costs = {term: 1e-9 * (1 + at) for at, term in enumerate(TERMS)}
    found = estimate_time(spec.network, device(**costs), 3)
    assert found.picoseconds == sum(found.layers) + found.overhead
    assert len(found.layers) == len(spec.network.nodes)
    assert all(found.layers[node.index] == 0 for node in spec.network.inputs)


def test_units_and_weights_are_the_reports() -> None:
    """With one cost a term, a device's time is the report's total."""
    for name in bundled.list_names():
        totals = count_network(cnncost.load(name).network).totals
        for term in ("connections", "units", "weights", "parameters"):
            found = estimate_time(cnncost.load(name).network, device(**{term: 1.0}), 1)
            assert found.seconds == getattr(totals, term), (name, term)


@given(
    st.dictionaries(st.sampled_from(TERMS), st.floats(1e-13, 1e-3), min_size=1),
    st.integers(1, 300),
    st.sampled_from(["lenet5", "mobilenet_v1", "densenet121", "googlenet"]),
)
def test_time_is_linear_in_the_costs_and_grows_with_the_batch(
    costs: dict[str, float], batch: int, name: str
) -> None:
    network = cnncost.load(name).network
    whole = estimate_time(network, device(**costs), batch)
    parts = [estimate_time(network, device(**{t: c}), batch).seconds for t, c in costs.items()]
    slack = 1e-12 * len(costs) * (len(network.nodes) + 1)  # each layer is rounded
    assert whole.seconds == pytest.approx(sum(parts), rel=1e-9, abs=slack)
    more = estimate_time(network, device(**costs), batch + 1)
    assert more.seconds >= whole.seconds - slack
    if "further_units" not in costs:  # whose first example is cheaper than the others
        each, later = whole.seconds / batch, more.seconds / (batch + 1)
        assert later <= each * (1 + 1e-9) + slack


@given(
    st.sampled_from(["lenet5", "resnet50", "densenet121", "shufflenet_v2", "unet"]),
    st.booleans(),
    st.one_of(st.none(), st.integers(1, 4)),
    st.one_of(st.none(), st.integers(1, 80)),
    st.dictionaries(st.sampled_from(TERMS), st.floats(1e-13, 1e-3), min_size=1),
    st.one_of(st.none(), st.integers(1, 64)),
)
def test_rows_and_the_rest_add_up_under_all_options(
    name: str,
    every: bool,
    depth: int | None,
    top: int | None,
    costs: dict[str, float],
    batch: int | None,
) -> None:
    report = cnncost.count(cnncost.load(name))
    report = report._replace(time=estimate_time(report.network, device(**costs), batch))
    assert report.time
    rows = layer_rows(report, every=every, depth=depth)
    rows = sort_rows(rows, lambda row: row.time or 0)
    shown = rows if top is None else cut_rows(rows, top)
    rest = remainder_row(report, shown)
    left = rest.time if rest is not None and rest.time is not None else 0
    assert sum(row.time or 0 for row in shown) + left == report.time.picoseconds


def test_names_paths_and_devices_are_taken_alike(tmp_path: Path) -> None:
    spec = cnncost.load("lenet5")
    file = tmp_path / "mine.yaml"
    file.write_text("device: mine\nseconds: {run: 3}\n")
    assert cnncost.time(spec, str(file)).seconds == 3
    assert cnncost.time(spec.network, file, batch=2).seconds == 3
    assert cnncost.time(spec, cnncost.load_device(str(file))).seconds == 3
    assert cnncost.time(spec, "rtx4090").device.startswith("NVIDIA GeForce RTX 4090")
    with pytest.raises(cnncost.CnncostError, match="a batch has one example at least"):
        cnncost.time(spec, file, batch=0)


def test_every_column_says_what_it_is() -> None:
    assert all(column.text and column.key == key for key, column in COLUMNS.items())
