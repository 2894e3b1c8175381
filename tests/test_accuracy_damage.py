"""The damage between two networks: its interval and parts, and what it does not depend on."""

from __future__ import annotations

import random
import re
from math import exp, hypot, log

import pytest
from command import run
from hypothesis import given
from hypothesis import strategies as st
from potential_oracle import potential_by_loops
from wild_networks import wild_network

import cnncost
from cnncost.accuracy import Damage, DamagePart, compare_potentials, damage, estimate_damage
from cnncost.accuracy.error_constants import CERTAIN, DENSE, NINETY, PARTS, WIDE, WIDTH
from cnncost.accuracy.estimate import MEASURED, NOTHING, find_nearest, interval_deviation
from cnncost.accuracy.potential import Potential, network_terms, potential_of

NAMES = ("width", "depth", "resolution", "groups", "dense")


def drawn(seed: int) -> cnncost.Spec | None:
    try:
        return cnncost.loads(wild_network(random.Random(seed)))
    except cnncost.SpecError:  # some branches do not fit
        return None


DRAWN = [spec for seed in range(60) if (spec := drawn(seed)) is not None]


def near(expected: object) -> object:
    return pytest.approx(expected, abs=1e-9)


# Beside plain loops


@pytest.mark.parametrize("block", range(4))
def test_random_networks_beside_plain_loops(block: int) -> None:
    tried = 0
    for seed in range(100 * block, 100 * block + 60):
        spec = drawn(seed)
        if spec is not None:
            found = tuple(potential_of(network_terms(spec.network)))
            assert found == near(potential_by_loops(spec.network)), seed
            tried += 1
    assert tried > 40


@pytest.mark.parametrize("name", [
    "alexnet", "c3d", "convnext_tiny", "densenet121", "efficientnet_b0", "googlenet", "lenet5",
    "m5_speech", "minmax", "mobilenet_v2", "residual_mlp", "resnet50", "shufflenet_v2", "unet",
    "vit_b16", "swin_t",
])  # fmt: skip
def test_bundled_networks_beside_plain_loops(name: str) -> None:
    network = cnncost.load(name).network
    assert tuple(potential_of(network_terms(network))) == near(potential_by_loops(network))


@given(st.data())
def test_a_damage_is_a_difference_of_plain_loops(data: st.DataObject) -> None:
    before, after = (data.draw(st.sampled_from(DRAWN)) for _ in range(2))
    parts = [
        b - a
        for a, b in zip(*(potential_by_loops(s.network) for s in (before, after)), strict=True)
    ]
    found = cnncost.damage(before, after)
    assert [part.score for part in found.parts] == near(parts)
    assert found.score == near(sum(parts))


# Parts and interval


def test_the_parts_are_differences_of_potentials() -> None:
    before, after = Potential(1, 2, 3, 4, 5), Potential(1.5, 2.25, 2.875, 4, 5.0625)
    found = compare_potentials(before, after)
    assert [part.name for part in found.parts] == list(NAMES)
    assert [part.score for part in found.parts] == [0.5, 0.25, -0.125, 0, 0.0625]
    assert found.score == 0.6875


def test_the_interval_is_ninety_per_cent_of_a_normal_one() -> None:
    # Each part is off by a factor of its own; two equal networks differ by CERTAIN.
    scores = [0.5, 0.25, -0.125, 0.0, 0.0625]
    width, depth, resolution, groups, dense = (part.uncertainty for part in PARTS)
    squares = (CERTAIN, 0.5 * width, 0.25 * depth, 0.125 * resolution, 0.0, 0.0625 * dense)
    deviation = sum(one**2 for one in squares) ** 0.5
    assert interval_deviation(scores) == near(deviation)
    assert groups > 0
    found = compare_potentials(Potential(0, 0, 0, 0, 0), Potential(*scores))
    # 5 % of a normal distribution lie above 1.645 standard deviations.
    assert (found.low, found.high) == near((0.6875 - 1.645 * deviation, 0.6875 + 1.645 * deviation))
    assert NINETY == 1.645
    assert [part.name for part in PARTS] == list(NAMES)


def test_equal_networks_differ_by_nothing_but_seeds() -> None:
    for spec in DRAWN[:20]:
        found = damage(spec, spec)
        assert (found.score, found.low, found.high) == near((0, -1.645 * CERTAIN, 1.645 * CERTAIN))
        assert [part for part in found.parts if part.score or part.nearest] == []


def test_what_stands_nearest() -> None:
    for name in NAMES:
        own = [one for one in MEASURED if one.part == name]
        assert own, name  # each kind has some
        for one in own:
            (best,) = {find_nearest(name, one.ln_error + 1e-9)}
            assert best is not None
            assert abs(best.ln_error - one.ln_error) < 1e-8
        ends = sorted(own, key=lambda one: one.ln_error)
        assert find_nearest(name, -9.0) is ends[0]
        assert find_nearest(name, 9.0) is ends[-1]
        assert find_nearest(name, NOTHING * 0.99) is find_nearest(name, -NOTHING * 0.99) is None
        assert find_nearest(name, NOTHING) is not None
    halved = find_nearest("width", 0.3)  # .221 is nearer than .384
    assert halved is not None
    assert halved.change == "ResNet-18 x1.0 to x0.5, but for its last block"


def test_the_parts_carry_their_nearest_measurement() -> None:
    found = compare_potentials(Potential(0, 0, 0, 0, 0), Potential(0.09, 0, 0, 0, 0.045))
    width, depth, _, _, dense = found.parts
    assert width.nearest is not None
    assert width.nearest.change == "MobileNet x1.0 to x0.75"
    assert depth == DamagePart("depth", 0, None)
    assert dense.nearest is not None
    assert dense.nearest.change == "CaffeNet, dense layers 4096 to 2048"


# A difference of one thing of each


@given(st.data())
def test_back_and_forth_and_by_way_of_a_third(data: st.DataObject) -> None:
    a, b, c = (data.draw(st.sampled_from(DRAWN)) for _ in range(3))
    there, back, on, whole = damage(a, b), damage(b, a), damage(b, c), damage(a, c)
    assert there.score == near(-back.score)
    assert (there.low, there.high) == near((-back.high, -back.low))
    assert there.score + on.score == near(whole.score)
    for one, two, both in zip(there.parts, on.parts, whole.parts, strict=True):
        assert one.score + two.score == near(both.score)
    assert there.low < there.score < there.high


def test_specs_and_networks_are_the_same_to_it() -> None:
    a, b = DRAWN[:2]
    assert damage(a, b) == damage(a.network, b.network) == damage(a, b.network)
    assert estimate_damage(a.network, b.network) == damage(a, b)
    assert cnncost.damage is damage


BLOCKS = """\
input: [3, 16, 16]
blocks:
  unit(width, k=3): [{conv: width, kernel: k, padding: k // 2}, batchnorm, relu]
layers:
- {unit: 16}
- {unit: 24, k: 1}
- residual: [{unit: 8, repeat: 2}, {conv: 24, kernel: 1}]
- global_avgpool
- {dense: 10}
"""

FLAT = """\
input: [3, 16, 16]
layers:
- {name: q, conv: 16, kernel: 3, padding: 1}
- batchnorm
- relu
- {name: w, conv: 24, kernel: 1}
- batchnorm
- {name: e, relu}
- {conv: 8, kernel: 3, padding: 1}
- batchnorm
- relu
- {conv: 8, kernel: 3, padding: 1}
- batchnorm
- relu
- {name: r, conv: 24, kernel: 1}
- {add: [r, e]}
- global_avgpool
- {dense: 10}
"""


def test_blocks_and_names_are_nothing_to_it() -> None:
    found = damage(cnncost.loads(BLOCKS), cnncost.loads(FLAT))
    assert found.score == near(0)
    assert [part.score for part in found.parts] == near([0] * 5)
    renamed = re.sub(r"\b(q|w|e|r)\b(?=[,}\]])", r"\1_other", FLAT)
    assert renamed != FLAT
    assert damage(cnncost.loads(FLAT), cnncost.loads(renamed)).score == 0


@pytest.mark.parametrize("name", ["resnet18", "googlenet", "mobilenet_v2", "alexnet"])
def test_the_same_network_line_by_line(name: str) -> None:
    flat = run("convert", name, "-", "--flat")
    assert flat.returncode == 0, flat.stderr
    spec = cnncost.load(name)
    assert damage(spec, cnncost.loads(flat.stdout)).score == near(0)


# By hand


CHAIN = """\
input: [3, 32, 32]
layers:
- {conv: 16, kernel: 3, padding: 1}
- relu
- {conv: 32, kernel: 3, padding: 1}
- relu
- {dense: 64}
- relu
- {dense: 10}
"""


def change(old: str, new: str) -> Damage:
    assert CHAIN.count(old) == 1
    return damage(cnncost.loads(CHAIN), cnncost.loads(CHAIN.replace(old, new)))


def test_a_width_halved() -> None:
    found = change("conv: 16", "conv: 8")
    # Two layers that count alike, of 16 and 32 channels, then of 8 and 32: the widths' geometric
    # mean falls from 512 ** .5 to 16, and nothing else changes.
    width = WIDTH * log((1 + WIDE / 16) / (1 + WIDE / 512**0.5))
    assert [part.score for part in found.parts] == near([width, 0, 0, 0, 0])
    spread = 1.645 * hypot(CERTAIN, width * PARTS[0].uncertainty)
    assert (found.low, found.high) == near((found.score - spread, found.score + spread))


def test_a_hidden_dense_layer_halved() -> None:
    found = change("dense: 64", "dense: 32")
    assert [part.score for part in found.parts] == near([0, 0, 0, 0, DENSE * log(2)])


@pytest.mark.parametrize("name", ["mobilenet_v1", "resnet18", "vgg16", "squeezenet1_1"])
def test_all_widths_halved_halve_their_mean_and_change_nothing_else(name: str) -> None:
    text = cnncost.load(name).text.text
    after = text.replace("alpha: 1", "alpha: 0.5", 1)
    after = re.sub(
        r"\b(conv|conv_bn|basic|fire|expand): (\d+)\b",
        lambda found: f"{found[1]}: {int(found[2]) // 2}",
        after,
    )
    found = damage(cnncost.loads(text), cnncost.loads(re.sub(r"\nexpect: .*", "", after)))
    # WIDTH x ln(1 + WIDE / mean), as the whole network has it, and for half of that mean.
    share = exp(potential_of(network_terms(cnncost.load(name).network)).width / WIDTH) - 1
    width = WIDTH * log((1 + 2 * share) / (1 + share))
    assert [part.score for part in found.parts[:3]] == near([width, 0, 0])
    assert width < WIDTH * log(2)
