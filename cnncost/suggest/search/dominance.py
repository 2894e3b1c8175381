"""Dominance: labels of a search that another label of the same state beats in every amount."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnncost.arrays import Bools, Ints

RIVALS = 48
"""How many labels of a state every other one is compared with."""

COMPARED = 1 << 14
"""Pairs of labels compared in one go: many small arrays cost more than a few large ones."""


def undominated_labels(labels: Ints, states: Ints) -> Ints:
    """Return the places of the labels (one or more) that no label of their state dominates.

    A label dominates another if none of its amounts is larger; the third one here is dominated.

    >>> import numpy as np
    >>> labels = np.array([[3, 40], [4, 30], [4, 45]])
    >>> undominated_labels(labels, np.zeros(3, dtype=int)).tolist()
    [0, 1]

    Every label is compared with the first ones of its state only, by what they have taken:
    one too many kept costs time, never a plan.
    """
    import numpy as np

    order = np.lexsort((*labels.T[::-1], states))
    for _ in range(2):
        group = states[order]
        starts = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
        sizes = np.diff(np.r_[starts, len(group)])
        first: Ints = np.repeat(starts, sizes)
        place = np.arange(len(order)) - first
        sorted_ = labels[order]
        alive: Bools = np.ones(len(order), dtype=bool)
        most = min(int(sizes.max()) - 1, RIVALS)
        at_once = max(1, COMPARED // len(order))
        for start in range(0, most, at_once):
            rivals = np.arange(start, min(start + at_once, most))
            later = np.flatnonzero(alive & (place > start))
            earlier = rivals < place[later, None]
            against = np.minimum(first[later, None] + rivals, later[:, None])
            worse = (sorted_[against] <= sorted_[later, None]).all(axis=2) & earlier
            alive[later[worse.any(axis=1)]] = False
        order = order[alive]
        if most < RIVALS:
            break  # every pair has been compared
    return order
