"""Receptive fields of resized maps, by the positions of the resized points."""

from __future__ import annotations

from fractions import Fraction

import pytest

import cnncost
from cnncost.costs.receptive_field import find_receptive_fields


def _between(n: int, m: int) -> list[set[int]]:
    """What each of m points reads of n: the two neighbours of its centre, or the one it lies on."""
    found = []
    for q in range(m):
        centre = (q + Fraction(1, 2)) * Fraction(n, m) - Fraction(1, 2)
        low = centre.numerator // centre.denominator
        found.append({low} if centre == low else {low, low + 1})
    return found


@pytest.mark.parametrize(("n", "m"), [(9, 3), (15, 5), (10, 5), (8, 4), (12, 4), (6, 2), (5, 5)])
def test_a_smaller_map(n: int, m: int) -> None:
    # 9 to 3: centres on 1, 4 and 7, one position each; 10 to 5: between two positions.
    text = f"input: [1, {n}]\nlayers:\n- {{name: it, upsample, size: {m}, mode: bilinear}}\n"
    network = cnncost.loads(text).network
    (found,) = [
        r for i, r in find_receptive_fields(network).items() if network.nodes[i].name == "it"
    ]
    reads = _between(n, m)
    assert found.field == ((max(len(read) for read in reads),),)
    assert found.stride == ((Fraction(n, m),),)
