"""Liveness and order held by brute force on random graphs: sets at each step, permutations."""

from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

import cnncost
from cnncost.costs.memory.inference import lives
from cnncost.costs.memory.order import smallest_peak
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
    timeline = lives(network, batch=1, size=4).timeline()
    assert max(timeline) == _peak(network, tuple(range(len(network.nodes))))
    thrice = lives(network, batch=3, size=4).timeline()
    assert thrice == [3 * live for live in timeline]
    assert max(timeline) >= max(4 * node.output.units for node in network.nodes)


@given(graphs(most=6))
@settings(max_examples=60, deadline=None)
def test_no_permutation_is_better_than_the_search(network: Network) -> None:
    found = smallest_peak(network, lives(network, batch=1, size=4))
    assert found.proved
    orders = [
        (0, *order)
        for order in permutations(range(1, len(network.nodes)))
        if all(r == 0 or order.index(r) < t for t, i in enumerate(order)
               for r in network.nodes[i].reads)
    ]  # fmt: skip
    assert found.bytes == min(_peak(network, order) for order in orders)
    assert found.bytes == _peak(network, found.nodes)


def test_a_search_cut_off_says_so_and_gives_the_programs_order() -> None:
    network = cnncost.load("resnet18").network
    alive = lives(network, batch=1, size=4)
    assert smallest_peak(network, alive, cap=3)[1:] == (tuple(range(len(network.nodes))), False)
