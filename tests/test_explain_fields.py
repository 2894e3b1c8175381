"""`explain --receptive` and `--unit` against published fields, arithmetic by hand and walks of
windows position by position."""

from __future__ import annotations

import math
import random
import re

import pytest
from command import run

import cnncost
from cnncost.cli.explain_pages import PageChoice, build_page, refuse_mixed_pages
from cnncost.errors import CnncostError
from cnncost.network import Network
from cnncost.study.field_recurrence import FieldNumbers, list_field_steps
from cnncost.study.seen_positions import SeenAxis, SeenInput, find_seen_inputs, parse_unit
from cnncost.views.field_page import field_results
from cnncost.views.page import Table


def fields(network: Network, name: str = "") -> dict[str, FieldNumbers | None]:
    steps = list_field_steps(network)
    return {step.node.name: step.after for step in steps if not name or step.node.name == name}


def chain(*windows: str, extent: int = 64) -> Network:
    lines = "".join(f"- {{{window}}}\n" for window in windows)
    return cnncost.loads(f"input: [1, {extent}]\nlayers:\n{lines}").network


def seen(network: Network, unit: str) -> SeenInput:
    found = find_seen_inputs(network, parse_unit(network, unit))
    assert found is not None
    (one,) = found
    return one


def test_three_layers_of_3x3_see_7x7() -> None:
    """Simonyan & Zisserman 2015, sec. 2.3."""
    network = chain(*["conv: 1, kernel: 3"] * 3)
    assert [step.after and step.after.size for step in list_field_steps(network)] == [3, 5, 7]


def test_dilation_by_powers_of_two() -> None:
    """Yu & Koltun 2016, sec. 2: after i layers of 3 taps, dilated 1, 2, 4, ..., 2^(i+1) - 1."""
    network = chain(*[f"conv: 1, kernel: 3, dilation: {2**i}, padding: {2**i}" for i in range(4)])
    found = [step.after for step in list_field_steps(network)]
    assert [one and one.size for one in found] == [2 ** (i + 2) - 1 for i in range(4)]
    assert [one and one.start for one in found] == [-1, -3, -7, -15]


def test_alexnet() -> None:
    """Araujo, Norris & Sim 2019 print field 195, stride 32 for AlexNet's last pool, whose
    convolutions have the same windows; the others by r + (k - 1) j."""
    found = fields(cnncost.load("alexnet_torchvision").network)
    last = found["maxpool3"]
    assert (last and last.size, last and last.jump) == (195, 32)
    named = fields(cnncost.load("alexnet").network)
    sizes = [
        one.size for name in ("conv1", "conv2", "conv3", "conv4", "conv5") if (one := named[name])
    ]
    assert sizes == [11, 11 + 2 * 4 + 4 * 8, 51 + 2 * 8 + 2 * 16, 99 + 2 * 16, 131 + 2 * 16]


def test_a_transposed_convolution_halves_the_jump() -> None:
    network = chain("conv: 1, kernel: 3, stride: 2, padding: 1",
                    "conv_transpose: 1, kernel: 4, stride: 2, padding: 1")  # fmt: skip
    # Output 0 lies under taps 1 and 3 of inputs 0 and -1, which read from -1 and from -3.
    last = list(fields(network).values())[-1]
    assert last == FieldNumbers(3 + (2 - 1) * 2, 1, -3)
    table = field_results(network, list_field_steps(network)).page().blocks[0]
    assert isinstance(table, Table)
    assert table.rows[-1][2:] == [
        "3 + (ceil(4 / 2) - 1) x 2 = 5",
        "2 / 2 = 1",
        "-1 + (-1) x 2 = -3",
    ]


def test_behind_a_global_pool_all_positions_are_read() -> None:
    network = chain("global_avgpool: ", "conv: 2, kernel: 1", extent=9)
    assert list(fields(network).values()) == [FieldNumbers(9, None, 0)] * 2


def value(text: str) -> float:
    code = text.replace(",", "").replace(" x ", " * ")
    assert re.fullmatch(r"[0-9*+\-/() .]*(?:ceil[0-9*+\-/() .]*)*", code), text
    return float(eval(code, {"ceil": math.ceil}))


@pytest.mark.parametrize("name", ["alexnet", "unet", "googlenet", "wavenet", "dcgan_generator"])
def test_each_working_evaluates_to_its_number(name: str) -> None:
    network = cnncost.load(name).network
    table = field_results(network, list_field_steps(network)).page().blocks[0]
    assert hasattr(table, "rows")
    worked = [cell for row in table.rows for cell in row[2:] if " = " in cell]
    assert worked
    for cell in worked:
        left, right = cell.split(" = ")
        assert math.isclose(value(left), value(right)), cell


def test_axes_and_inputs_apart() -> None:
    text = "input: {a: [1, 9, 9], b: [1, 9, 9]}\nlayers:\n"
    text += (
        "- {name: c, conv: 1, kernel: [3, 1], from: a, padding: [1, 0]}\n- {name: s, add: [c, b]}\n"
    )
    page = build_page(cnncost.loads(text), "", PageChoice(receptive=True), every=False).data()
    assert isinstance(page, dict)
    found = [(r["layer"], r["input"], r["axes"], r["receptive_field"]) for r in page["layers"]]
    # The sum changes nothing of either input's fields.
    assert found == [("c", "a", ["height"], 3), ("c", "a", ["width"], 1)]


def test_only_what_leads_to_a_layer() -> None:
    shown = run("explain", "alexnet", "conv2", "--receptive", "-f", "csv").stdout.splitlines()
    assert shown[1:] == [
        'conv1,conv,input,"height, width",11,4,0',
        'maxpool1,maxpool,input,"height, width",19,8,0',
        'conv2,conv,input,"height, width",51,8,-16',
    ]


def test_an_opaque_layer_makes_fields_unknown() -> None:
    text = "input: [1, 9]\nlayers:\n- {name: o, opaque: {output: [1, 9]}}\n"
    text += "- {name: c, conv: 1, kernel: 3}\n"
    spec = cnncost.loads(text)
    page = build_page(spec, "c", PageChoice(receptive=True), every=False)
    assert list(page.records())[-1] == ("c", "conv", "input", "", "?", "?", "?")
    with pytest.raises(CnncostError, match="what c sees is unknown"):
        build_page(spec, "", PageChoice(unit="c:3"), every=False)


def test_a_unit_at_the_border() -> None:
    """AlexNet's conv3 reads rows -32 to 66 from row 0 on: start -32, field 99."""
    one = seen(cnncost.load("alexnet").network, "conv3:0,12")
    rows, columns = one.axes
    assert rows == SeenAxis("height", 227, (-32, 66), (0, 66), 67)
    # Column 12 is 12 * 16 further: 160 to 258, of which 0 to 226 are on the map.
    assert columns == SeenAxis("width", 227, (160, 258), (160, 226), 67)
    assert one.positions == 67 * 67


def test_dilation_leaves_positions_out() -> None:
    one = seen(chain("conv: 1, kernel: 3, dilation: 4"), "conv1:5")
    assert one.axes == (SeenAxis("length", 64, (5, 13), (5, 13), 3),)


def test_a_unit_that_reads_padding_alone() -> None:
    one = seen(chain("conv: 1, kernel: 1, padding: 2"), "conv1:0")
    assert one.axes == (SeenAxis("length", 64, (-2, -2), None, 0),)


def test_branches_that_see_unlike_parts() -> None:
    text = "input: [1, 9, 9]\nlayers:\n"
    text += "- {name: a, conv: 1, kernel: [5, 1], padding: [2, 0]}\n"
    text += "- {name: b, conv: 1, kernel: [1, 5], padding: [0, 2], from: input}\n"
    text += "- {name: s, add: [a, b]}\n"
    one = seen(cnncost.loads(text).network, "s:4,4")
    assert one.positions == 5 + 5 - 1  # a cross
    assert [axis.read for axis in one.axes] == [5, 5]


def test_a_matmul_sums_over_all_positions_of_its_first_factor() -> None:
    text = "input: {a: [6, 4], b: [4, 3]}\nlayers: [{name: p, matmul: [a, b]}]\n"
    network = cnncost.loads(text).network
    found = find_seen_inputs(network, parse_unit(network, "p:2"))
    assert found is not None
    assert [one.axes[0].seen for one in found] == [(0, 3), (2, 2)]
    assert [step.after and step.after.size for step in list_field_steps(network)] == [4, 1]


Drawn = tuple[int, int, int, int, bool]
"""Kernel, stride, padding, dilation; whether it is transposed."""


def reads(q: int, i: int, window: Drawn) -> bool:
    """Whether output q of a window reads input i, by looking at each tap."""
    k, s, p, d, transposed = window
    if transposed:
        q, i = i, q
    return any(q * s + t * d - p == i for t in range(k))


def walk(windows: list[Drawn], extents: list[int], at: int) -> set[int]:
    """The positions that one reads, by looking through all pairs of output and input."""
    needed = {at}
    for window, n in zip(reversed(windows), reversed(extents[:-1]), strict=True):
        needed = {i for i in range(n) if any(reads(q, i, window) for q in needed)}
    return needed


@pytest.mark.parametrize("seed", range(25))
def test_units_of_random_chains(seed: int) -> None:
    draw = random.Random(seed)
    windows, lines = [], []
    for _ in range(draw.randint(1, 4)):
        k, s, d, transposed = (
            draw.randint(1, 4),
            draw.randint(1, 3),
            draw.randint(1, 2),
            draw.random() < 0.3,
        )
        p = draw.randint(0, 2)
        word = "conv_transpose" if transposed else "conv"
        windows.append((k, s, p, d, transposed))
        lines.append(f"{word}: 1, kernel: {k}, stride: {s}, padding: {p}, dilation: {d}")
    try:
        network = chain(*lines, extent=30)
    except CnncostError:
        return  # a window does not fit
    extents = [node.output.extents[0] for node in network.nodes]
    for at in {0, extents[-1] // 2, extents[-1] - 1}:
        needed = sorted(walk(windows, extents, at))
        (axis,) = seen(network, f"{network.layers[-1].name}:{at}").axes
        assert axis.seen == ((needed[0], needed[-1]) if needed else None)
        assert axis.read == len(needed)


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        ("conv3:5", "conv3 is 384x13x13, so the position is of height, width below 13, 13"),
        ("conv3:13,0", "conv3 is 384x13x13, so the position is of height, width below 13, 13"),
        ("conv3:5,6,7", "conv3 is 384x13x13, so the position is of height, width below 13, 13"),
        ("conv3:a,b", "conv3 is 384x13x13, so the position is of height, width below 13, 13"),
        ("conv33:0,0", "AlexNet has no layer called 'conv33'"),
        ("fc1:3", "fc1 is 4096, so the position is none"),
    ],
)
def test_refused_units(unit: str, said: str) -> None:
    with pytest.raises(CnncostError, match=re.escape(said)):
        parse_unit(cnncost.load("alexnet").network, unit)


def test_a_lined_up_unit_is_refused() -> None:
    text = "input: [1, 4, 4]\nlayers:\n- {name: f, flatten: }\n- relu\n- {name: d, dense: 2}\n"
    network = cnncost.loads(text).network
    with pytest.raises(CnncostError, match="lined up by f"):
        parse_unit(network, "relu1")
    assert seen(network, "d").positions == 16


def test_pages_that_do_not_go_together() -> None:
    done = run("explain", "alexnet", "--receptive", "--unit", "conv3:5,7")
    assert (done.returncode, done.stderr.splitlines()[0]) == (
        2, "--receptive and --unit do not go together",
    )  # fmt: skip
    with pytest.raises(CnncostError, match="--unit names its layer itself"):
        refuse_mixed_pages(PageChoice(unit="conv3:5,7"), "conv3", {})
    with pytest.raises(CnncostError, match="--receptive and --backward do not go together"):
        refuse_mixed_pages(PageChoice(receptive=True), "", {"--all": False, "--backward": True})
    with pytest.raises(CnncostError, match="--tools is of the whole network"):
        refuse_mixed_pages(PageChoice(tools=True), "conv1", {})


def test_a_map_too_large_to_walk() -> None:
    text = "input: [1, 100000, 100000]\nlayers: [{conv: 1, kernel: 3}]\n"
    network = cnncost.loads(text).network
    with pytest.raises(CnncostError, match="too many to walk"):
        seen(network, "conv1:0,0")
