"""Labels that none of their state is better than in everything, against comparing all pairs."""

from __future__ import annotations

import random

import numpy as np
import pytest

from cnncost.plans.search.labels import ScoreLadder, undominated_labels

Label = tuple[int, ...]


def by_pairs(labels: list[Label], states: list[int]) -> set[tuple[int, Label]]:
    """What is left of each state, equal labels as one."""
    every = set(zip(states, labels, strict=True))
    return {
        (state, label)
        for state, label in every
        if not any(
            other_state == state
            and other != label
            and all(a <= b for a, b in zip(other, label, strict=True))
            for other_state, other in every
        )
    }


def drawn(
    pick: random.Random, count: int, metrics: int, most: int
) -> tuple[list[Label], list[int]]:
    labels = [tuple(pick.randrange(most) for _ in range(metrics)) for _ in range(count)]
    return labels, [pick.randrange(3) for _ in range(count)]


def left(labels: list[Label], states: list[int]) -> list[tuple[int, Label]]:
    places = undominated_labels(np.array(labels), np.array(states))
    return [(states[i], labels[i]) for i in places]


@pytest.mark.parametrize("seed", range(60))
def test_exactly_those_are_left(seed: int) -> None:
    pick = random.Random(seed)
    labels, states = drawn(pick, pick.choice([1, 2, 5, 30]), pick.choice([1, 2, 3]), 6)
    found = left(labels, states)
    assert set(found) == by_pairs(labels, states)
    assert len(found) == len(set(found))  # of equal ones a single one


@pytest.mark.parametrize("seed", range(10))
def test_whatever_is_compared_at_once(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    labels, states = drawn(random.Random(seed), 40, 2, 9)
    monkeypatch.setattr("cnncost.plans.search.labels.COMPARED", 1 + 40 * seed)
    assert set(left(labels, states)) == by_pairs(labels, states)


@pytest.mark.parametrize("seed", range(10))
def test_with_few_rivals_one_too_many_may_stay_and_no_best_one_goes(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels, states = drawn(random.Random(seed), 60, 2, 12)
    monkeypatch.setattr("cnncost.plans.search.labels.RIVALS", 2)
    found = left(labels, states)
    assert by_pairs(labels, states) <= set(found)
    # What the least label of its state is better than is not left: it is everyone's rival.
    first = {state: min(label for s, label in set(found) if s == state) for state in set(states)}
    worse = [(s, x) for s, x in found if x != first[s] and all(map(int.__le__, first[s], x))]
    assert worse == []


def test_a_long_row_of_labels_of_which_each_is_better_than_the_next() -> None:
    labels = [(n, n) for n in range(200)]
    assert left(labels, [0] * 200) == [(0, (0, 0))]


def test_the_next_rung_follows_from_how_labels_grew() -> None:
    # From 10 to 330 the first rung is 320 / 32 = 10 scores. It made 10 labels, and few are 20,000:
    # three times as many as that are 6,000 times 10. ln 6000 / ln 10 = 3.78 rungs are 37 scores.
    ladder = ScoreLadder(10, 330)
    ladder.raise_bound(19, 10)
    assert ladder.next_target() == 20 + 37 - 1
    # Of 20,000 labels the next may be three times as many: ln 3 / ln 20000 = .11 of 10 scores.
    ladder = ScoreLadder(10, 330)
    ladder.raise_bound(19, 20_000)
    assert ladder.next_target() == 20
    # However few there were, a rung is at most four of those before.
    ladder = ScoreLadder(10, 330)
    ladder.raise_bound(19, 1)
    assert ladder.next_target() == 20 + 40 - 1


def test_a_rung_of_too_many_labels_is_quartered() -> None:
    ladder = ScoreLadder(10, 330)
    assert ladder.lower_rung()
    assert ladder.next_target() == 10 + 2 - 1
    assert not ladder.lower_rung()


def test_no_target_is_above_the_highest_score() -> None:
    ladder = ScoreLadder(10, 12)
    assert ladder.next_target() == 10
    ladder.raise_bound(10, 1)
    assert ladder.next_target() == 12
    ladder.raise_bound(12, 1)
    assert ladder.next_target() is None
