"""Liveness and order held by brute force on random graphs: sets at each step, permutations."""

from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

import cnncost
from cnncost.costs.memory.execution_order import reorder_network, smallest_peak
from cnncost.costs.memory.inference import find_lives
from cnncost.network import Network


@st.composite
def graphs(draw: st.DrawFn, most: int = 7) -> Network:
    """Vectors, each made by a dense layer or an addition of what is above."""
    lines, widths = ["input: [4]", "layers:"], [("input", 4)]
    for i in range(draw(st.integers(1, most))):
        name, width = draw(st.sampled_from(widths))
        twins = [n for n, w in widths if w == width and n != name]
        if twins and draw(st.booleans()):
            lines.append(f"- {{name: l{i}, add: [{name}, {draw(st.sampled_from(twins))}]}}")
        else:
            width = draw(st.integers(1, 9))
            lines.append(f"- {{name: l{i}, dense: {width}, from: {name}}}")
        widths.append((f"l{i}", width))
    return cnncost.loads("\n".join(lines) + "\n").network


@st.composite
def branching(draw: st.DrawFn, most: int) -> Network:
    """Few widths, so that branches are often alike, and activations in place behind them."""
    lines, widths, unread = ["input: [2]", "layers:"], {"input": 2}, ["input"]
    for i in range(draw(st.integers(2, most))):
        name = draw(st.sampled_from([*unread, "input"]))
        word = draw(st.sampled_from(["dense: 3", "dense: 1", "relu"]))
        widths[f"l{i}"] = widths[name] if word == "relu" else int(word[-1])
        lines.append(f"- {{name: l{i}, {word}, from: {name}}}".replace("relu", "relu: {}"))
        unread = [*(n for n in unread if n != name), f"l{i}"]
    ends = [name for name in unread if name != "input"]
    if len(ends) > 1:
        lines.append(f"- concat: [{', '.join(ends)}]")
    return cnncost.loads("\n".join(lines) + "\n").network


def _peak(network: Network, order: tuple[int, ...]) -> int:
    """The largest sum of what is made and still needed, the step's own inputs included."""
    most, end = 0, len(order)
    for t in range(end):
        made = order[: t + 1]
        later = {read for i in order[t:] for read in network.nodes[i].reads}
        kept = {*later, *network.outputs, order[t], *(n.index for n in network.inputs)}
        most = max(most, sum(4 * network.nodes[i].output.units for i in made if i in kept))
    return most


@given(graphs(most=12))
@settings(max_examples=200, deadline=None)
def test_timeline_equals_sets_spelled_out(network: Network) -> None:
    timeline = find_lives(network, batch=1, size=4).sum_live_bytes()
    assert max(timeline) == _peak(network, tuple(range(len(network.nodes))))
    thrice = find_lives(network, batch=3, size=4).sum_live_bytes()
    assert thrice == [3 * live for live in timeline]
    assert max(timeline) >= max(4 * node.output.units for node in network.nodes)


@given(graphs(most=6))
@settings(max_examples=60, deadline=None)
def test_no_permutation_is_better_than_the_search(network: Network) -> None:
    found = smallest_peak(network, find_lives(network, batch=1, size=4))
    assert found.proved
    assert found.bytes == min(_peak(network, order) for order in _orders(network))
    assert found.bytes == _peak(network, found.nodes)


def _orders(network: Network) -> list[tuple[int, ...]]:
    """Every order in which each node runs behind what it reads."""
    return [
        (0, *order)
        for order in permutations(range(1, len(network.nodes)))
        if all(r == 0 or order.index(r) < t for t, i in enumerate(order)
               for r in network.nodes[i].reads)
    ]  # fmt: skip


@given(branching(most=5))
@settings(max_examples=60, deadline=None)
def test_no_permutation_of_like_branches_is_better(network: Network) -> None:
    found = smallest_peak(network, find_lives(network, batch=1, size=4))
    peaks = [
        max(find_lives(reorder_network(network, order), batch=1, size=4).sum_live_bytes())
        for order in _orders(network)
    ]
    assert (found.bytes, found.proved) == (min(peaks), True)
    assert found.bytes == max(
        find_lives(reorder_network(network, found.nodes), batch=1, size=4).sum_live_bytes()
    )


def _level_by_level(branches: int) -> Network:
    """Branches of two layers over one input, all their first layers before all their last."""
    lines = ["input: [4]", "layers:"]
    lines += [f"- {{name: a{i}, dense: {20 + i}, from: input}}" for i in range(branches)]
    lines += [f"- {{name: b{i}, dense: {1 + i}, from: a{i}}}" for i in range(branches)]
    lines.append(f"- concat: [{', '.join(f'b{i}' for i in range(branches))}]")
    return cnncost.loads("\n".join(lines) + "\n").network


def test_a_search_cut_off_says_so_and_gives_the_best_order_known() -> None:
    network = _level_by_level(4)
    found = smallest_peak(network, find_lives(network, batch=1, size=4), cap=3)
    # Branch by branch: input 4, a3 of 23, and b0, b1, b2 (1 + 2 + 3) beside b3 of 4 units.
    assert found[1:] == ((0, 1, 5, 2, 6, 3, 7, 4, 8, 9), False)
    assert found.bytes == 4 * (4 + 23 + 1 + 2 + 3 + 4)
    # Whoever goes last needs its own and all other ends: best the smallest a, 4 + 20 + 10.
    whole = smallest_peak(network, find_lives(network, batch=1, size=4))
    assert (whole.bytes, whole.proved) == (4 * (4 + 20 + 10), True)


def test_branches_that_are_alike_need_no_search() -> None:
    lines = ["input: [3, 32, 32]", "layers:"]
    lines += [f"- {{name: b{i}, conv: 8, kernel: 3, from: input}}" for i in range(300)]
    lines += [f"- {{name: c{i}, conv: 1, kernel: 3, from: b{i}}}" for i in range(300)]
    lines.append(f"- concat: [{', '.join(f'c{i}' for i in range(300))}]")
    network = cnncost.loads("\n".join(lines) + "\n").network
    found = smallest_peak(network, find_lives(network, batch=1, size=4))
    # The last branch beside 299 ends (8 x 30 x 30 to 28 x 28), or the join of 300 ends.
    last, join = 8 * 30 * 30 + 300 * 28 * 28, 2 * 300 * 28 * 28
    assert (found.bytes, found.proved) == (4 * (3 * 32 * 32 + max(last, join)), True)


def test_every_input_is_there_from_the_start() -> None:
    """The inputs of 4 and 6 units stay: 10 beside each step; the order level by level needs
    10 + 9 + 9 + 1, the best one 10 + 9 + 1 + 1."""
    text = """input: {a: [4], b: [6]}
layers:
- {name: wide_a, dense: 9, from: a}
- {name: wide_b, dense: 9, from: b}
- {name: end_a, dense: 1, from: wide_a}
- {name: end_b, dense: 1, from: wide_b}
- add: [end_a, end_b]
"""
    network = cnncost.loads(text).network
    alive = find_lives(network, batch=1, size=4)
    assert max(alive.sum_live_bytes()) == 4 * (10 + 9 + 9 + 1)
    found = smallest_peak(network, alive)
    assert (found.bytes, found.proved) == (4 * (10 + 9 + 1 + 1), True)
    assert found.bytes == _peak(network, found.nodes)
