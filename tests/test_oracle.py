"""Every layer type's numbers against those that enumerating tiny layers finds, and random
convolutions, 1-D to 3-D, against another program's brute force.

The other program's numbers are for its whole batch; cnncost's are for one example.
"""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from arguments import an_axis, maps, window
from draws import CASES, Case
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from oracle import ORACLES, Counted, counted
from yaml_line import written

import cnncost
from cnncost.costs import Report
from cnncost.costs.count import LayerCount
from cnncost.layers import TYPES
from cnncost.shape import Window

EXAMPLES = {
    **dict.fromkeys(("conv", "conv_transpose", "depthwise_conv"), 300),
    **dict.fromkeys(("maxpool", "avgpool"), 300),
    "subsample": 100,
}
FEWER = 50
KNOWN = [word for word in TYPES if word != "opaque"]
"""An opaque layer's costs are given, or nobody knows them."""
SLOW = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)


def drawn(examples: int) -> settings:
    return settings(max_examples=examples, deadline=None, suppress_health_check=SLOW)


@pytest.mark.parametrize("word", KNOWN)
def test_every_number_is_that_of_enumeration(word: str) -> None:
    @drawn(EXAMPLES.get(word, FEWER))
    @given(CASES[word])
    def agrees(case: Case) -> None:
        expected = counted(word, case.inputs, case.arguments)
        if not expected.units:
            with pytest.raises(cnncost.SpecError, match="padding crops all of the output"):
                cnncost.loads(case.text)
            return
        for biases, exclude_padding in product((False, True), repeat=2):
            spec = cnncost.loads(case.text)
            report = cnncost.count(spec, biases=biases, exclude_padding=exclude_padding)
            connections = expected.inside if exclude_padding else expected.connections
            connections += expected.bias_uses if biases else 0
            (row,) = report.layers
            assert numbers(row) == (*without_uses(expected), connections), case.text
            assert row.counted == bool(expected.weights or expected.connections)
            assert totals(report) == summed([row])

    agrees()


def without_uses(expected: Counted) -> tuple[Any, ...]:
    parameters = expected.weights + expected.biases + expected.others
    return expected.shape, expected.units, expected.weights, expected.biases, parameters


def numbers(row: LayerCount) -> tuple[Any, ...]:
    return (
        *(row.node.output.dims, row.units, row.weights, row.biases, row.parameters),
        row.connections,
    )


def totals(report: Report) -> tuple[int, ...]:
    return tuple(report.totals)


def summed(rows: list[LayerCount]) -> tuple[int, ...]:
    """What the totals must be, in their order: units are the counted layers'."""
    return (
        sum(row.units for row in rows if row.weights or row.connections),
        sum(row.weights for row in rows),
        sum(row.biases for row in rows),
        sum(row.parameters for row in rows),
        sum(row.parameters for row in rows if not row.node.frozen),
        sum(row.connections for row in rows),
    )


def test_every_type_has_an_oracle() -> None:
    assert sorted(ORACLES) == sorted(KNOWN) == sorted(CASES)


@drawn(50)
@given(maps.flatmap(lambda dims: st.tuples(st.just(dims), chains(dims))))
def test_totals_are_sums_of_what_enumeration_finds(drawn_chain: Any) -> None:
    dims, chain = drawn_chain
    lines = "".join(f"  - {written(line)}\n" for line, *_ in chain)
    report = cnncost.count(cnncost.loads(f"input: {written(list(dims))}\nlayers:\n{lines}"))

    found: list[tuple[Counted, bool]] = []
    for line, word, frozen in chain:
        expected = counted(word, [dims], {**line})
        dims = expected.shape
        found.append((expected, frozen))

    layers = [layer for layer, _ in found]
    learned = [x.weights + x.biases + x.others for x in layers]
    kept = [n for n, (_, frozen) in zip(learned, found, strict=True) if not frozen]
    assert totals(report) == (
        sum(x.units for x in layers if x.weights),
        sum(x.weights for x in layers),
        sum(x.biases for x in layers),
        sum(learned),
        sum(kept),
        sum(x.connections for x in layers),
    )


@st.composite
def chains(draw: st.DrawFn, dims: tuple[int, ...]) -> list[tuple[dict[str, Any], str, bool]]:
    """Lines of layers that keep a map a map, and a dense layer; some of them frozen."""
    same = {"kernel": 3, "padding": "same"}
    lines = st.sampled_from(
        [
            {"conv": 3, **same, "stride": 2},
            {"conv": 2, "kernel": 1, "bias": False},
            {"conv_transpose": 2, "kernel": 2},
            {"depthwise_conv": 3, "padding": 1, "multiplier": 2},
            {"linear": 3},
            {"maxpool": 2, "padding": "same"},
            {"batchnorm": None},
            {"prelu": None, "shared": True},
            {"scale": None},
            {"relu": None},
        ]
    )
    drawn_lines = [*draw(st.lists(lines, min_size=1, max_size=5)), {"dense": 4}]
    frozen = [draw(st.booleans()) for _ in drawn_lines]
    return [
        (line | ({"frozen": True} if cold else {}), next(iter(line)), cold)
        for line, cold in zip(drawn_lines, frozen, strict=True)
    ]


@pytest.mark.parametrize("word", ["conv", "conv_transpose"])
def test_g_groups_leave_a_gth_of_the_weights_and_connections(word: str) -> None:
    @drawn(60)
    @given(st.data(), st.integers(2, 4), st.integers(1, 3), st.integers(1, 3))
    def holds(data: st.DataObject, groups: int, ours: int, theirs: int) -> None:
        dims = (groups * ours, *data.draw(maps)[1:])
        line = {word: groups * theirs, **data.draw(window(dims, crops=word != "conv"))}
        assume(counted(word, [dims], line).units)
        (together,) = rows(Case(word, [dims], line))
        (apart,) = rows(Case(word, [dims], line | {"groups": groups}))

        assert apart.weights * groups == together.weights
        assert apart.connections * groups == together.connections
        assert (apart.biases, apart.units) == (together.biases, together.units)

    holds()


def rows(case: Case) -> tuple[LayerCount, ...]:
    return cnncost.count(cnncost.loads(case.text)).layers


@drawn(100)
@given(st.data())
def test_a_shared_layer_has_no_parameters_but_all_its_connections(data: st.DataObject) -> None:
    dims = data.draw(maps)
    kernel = written(data.draw(an_axis([data.draw(st.sampled_from([1, 3])) for _ in dims[1:]])))
    line = f"conv: {dims[0]}, kernel: {kernel}, padding: same"
    text = f"  - {{name: a, {line}}}\n  - {{name: b, {line}, share: a}}\n"
    spec = cnncost.loads(f"input: {written(list(dims))}\nlayers:\n{text}")
    first, second = cnncost.count(spec, biases=True).layers

    assert first.weights > 0
    assert (second.weights, second.biases, second.parameters) == (0, 0, 0)
    assert second.connections == first.connections


def touched(window: Window, n: int, y: int) -> int:
    """The pairs of output and tap that read a real input, one by one."""
    reads = 0
    for output in range(y):
        for tap in range(window.kernel):
            reads += 0 <= output * window.stride + tap * window.dilation - window.before < n
    return reads


small = st.builds(
    Window,
    kernel=st.integers(1, 8),
    stride=st.integers(1, 9),
    before=st.integers(0, 12),
    after=st.integers(0, 12),
    dilation=st.integers(1, 9),
)
large = st.builds(
    Window,
    kernel=st.integers(1, 40),
    stride=st.integers(1, 300),
    before=st.integers(0, 500),
    after=st.just(0),
    dilation=st.integers(1, 300),
)


@drawn(600)
@given(small | large, st.integers(1, 60) | st.integers(1, 5000), st.integers(1, 60))
def test_touches_any_numbers_of_inputs_and_outputs(axis: Window, n: int, y: int) -> None:
    assert axis.count_touching_pairs(n, y) == touched(axis, n, y)


@drawn(300)
@given(small, st.integers(1, 40), st.integers(0, 8))
def test_touches_of_the_transposed_window_swaps_the_roles(axis: Window, n: int, extra: int) -> None:
    canvas = [i * axis.stride + k * axis.dilation for i in range(n) for k in range(axis.kernel)]
    kept = range(max(canvas) + 1 + extra)[axis.before :]
    kept = kept[: max(len(kept) - axis.after, 0)]
    assume(kept)
    landed = sum(position in kept for position in canvas)

    assert axis.count_transposed_outputs(n, extra) == len(kept)
    assert axis.count_touching_pairs(len(kept), n) == landed


def test_touches_is_exact_where_no_loop_would_end() -> None:
    far = 10**15
    # Three taps at -1, 0, 1: of all pairs only the first and the last fall outside.
    assert Window(3, before=1, after=1).count_touching_pairs(far, far) == 3 * far - 2
    # Taps 0, 1, 2 before each output: the first reads one input, the second two.
    assert Window(3, before=2).count_touching_pairs(far, far) == 3 * far - 3
    # Stride 2: output o reads 2o and 2o + 1, and the last one's second tap is off the end.
    assert Window(2, 2, after=1).count_touching_pairs(2 * far - 1, far) == 2 * far - 1


LINES = (Path(__file__).parent / "reference" / "convolutions.jsonl").read_text().splitlines()
ROWS: list[dict[str, Any]] = [json.loads(line) for line in LINES]


def text(row: dict[str, Any]) -> str:
    """The row as a spec."""
    line = {"conv_transpose" if row["transposed"] else "conv": row["cout"]}
    keys = ("kernel", "stride", "padding", "dilation", "groups", "output_padding")
    line |= {key: row[key] for key in keys if row[key] is not None}
    return f"input: {written(row['in_shape'][1:])}\nlayers:\n  - {written(line)}\n"


@pytest.mark.parametrize("row", ROWS, ids=map(str, range(len(ROWS))))
def test_the_reference_agrees(row: dict[str, Any]) -> None:
    batch, *out_shape = row["out_shape"]
    spec = cnncost.loads(text(row))
    (layer,) = cnncost.count(spec).layers
    (inside,) = cnncost.count(spec, exclude_padding=True).layers

    assert list(layer.node.output.dims) == out_shape
    assert layer.weights == row["weights"]
    assert batch * layer.connections == row["macs"]
    assert batch * inside.connections == row["macs_nopad"]


def test_the_reference_holds_what_tells_formulas_apart() -> None:
    assert len(ROWS) == 260
    assert {row["dims"] for row in ROWS} == {1, 2, 3}
    for kind in (True, False):
        rows = [row for row in ROWS if row["transposed"] is kind]
        assert any(row["groups"] > 1 and max(row["dilation"]) > 1 for row in rows)
        assert any(row["macs"] > row["macs_nopad"] and max(row["stride"]) > 1 for row in rows)
        assert any(len(set(row["kernel"])) > 1 for row in rows)
