"""Branches that stand in another order are compared with their like."""

from __future__ import annotations

import random

import pytest

import cnncost
from cnncost.shape import Shape
from cnncost.study.align import AlignedItem, MatchKind, align_layers
from cnncost.study.branch_partners import pair_branches
from cnncost.study.comparison import Side, compare_networks


def _write_network(pick: random.Random, orders: list[list[int]]) -> str:
    """Write stages of branches, each of layers of its own, in the given orders; `pick` decides what
    the layers are and must be in the same state for each order."""
    lines = ["input: [8, 16, 16]", "layers:"]
    for order in orders:
        branches = []
        for _ in order:
            widths = [pick.randint(1, 40) for _ in range(pick.randint(1, 3))]
            kernels = [pick.choice([1, 3]) for _ in widths]
            convs = [
                f"{{conv: {w}, kernel: {k}, padding: {k // 2}}}, relu"
                for w, k in zip(widths, kernels, strict=True)
            ]
            branches.append(f"    - [{', '.join(convs)}]")
        lines += ["  - parallel:", *[branches[k] for k in order], "  - {conv: 8, kernel: 1}"]
    return "\n".join([*lines, "  - global_avgpool", "  - {dense: 3}"]) + "\n"


def _side(label: str, text: str) -> Side:
    spec = cnncost.loads(text)
    return Side(label, spec, cnncost.count(spec))


@pytest.mark.parametrize("seed", range(12))
def test_networks_that_differ_in_the_order_of_branches_alone(seed: int) -> None:
    pick = random.Random(seed)
    orders = [list(range(pick.randint(2, 5))) for _ in range(3)]
    others = [pick.sample(order, len(order)) for order in orders]
    texts = [_write_network(random.Random(100 + seed), own) for own in (orders, others)]
    found = compare_networks([_side("a", texts[0]), _side("b", texts[1])])
    # What reads a concatenation of another order has the same counts.
    assert {match.describe_change(1) for match in found.matches} <= {"same", "renamed"}


@pytest.mark.parametrize("seed", range(200))
def test_each_layer_is_in_one_pair(seed: int) -> None:
    pick = random.Random(seed)

    def draw() -> list[AlignedItem]:
        return [
            AlignedItem(
                pick.choice("abcdef") if pick.random() < 0.3 else f"x{k}",
                pick.random() < 0.3,
                MatchKind(pick.choice(["conv", "relu"]), True, Shape(w, (4, 4)), 9 * w, 144 * w),
                pick.choice([-1, 0, 1]),
            )
            for k, w in enumerate(pick.choices([1, 2, 8], k=pick.randint(0, 9)))
        ]

    first, second = draw(), draw()
    before = align_layers(first, second)
    pairs = pair_branches(before, first, second)
    assert [i for i, _ in pairs if i is not None] == list(range(len(first)))
    assert sorted(j for _, j in pairs if j is not None) == list(range(len(second)))
    for i, j in pairs:  # outside of branches nothing is exchanged
        if i is not None and j is not None and min(first[i].region, second[j].region) < 0:
            assert (i, j) in before
