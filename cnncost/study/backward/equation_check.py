"""A network's printed equations, computed on random numbers and held beside finite differences."""

from __future__ import annotations

from math import inf, isnan
from typing import NamedTuple

from cnncost.errors import CnncostError
from cnncost.study.backward.backward_pass import BackwardPass
from cnncost.study.backward.curves import CURVES
from cnncost.study.backward.equation_values import EquationValues
from cnncost.study.backward.gradient_expression import Symbol
from cnncost.study.backward.index_form import CALLS
from cnncost.study.backward.index_inputs import find_vocabularies

MOST = 2_000_000
"""The most connections of a network that is computed here."""

MOST_NUMBERS = 10_000_000
"""The most numbers of an array that an equation needs: 80 MB."""

EFFORT = 120_000_000
"""About how many connections all finite differences together take: some seconds."""

ONE_EQUATION = 15_000
"""How many connections take as long as an equation without any."""

MOST_COMPUTED = 600_000
"""The most equations that are computed for one entry of every gradient: about a minute."""

EXAMPLES = 3

STEP = 1e-5
"""How far a number is moved to either side."""

TOLERANCE = 1e-5
"""The largest relative error that passes; differences of that step are right to about 1e-9."""

KINK = 1e-4
"""Differences to the two sides that differ by more, relative to the largest entry, mean that the
function has a corner there; the gradient must lie between them."""

FLOOR = 1e-3
"""Of the largest entry of all gradients: errors are relative to no less, since what is smaller is
rounding."""


MAXIMA = ("maxpool", "global_maxpool", "adaptive_maxpool")


class CheckedGradient(NamedTuple):
    """One gradient beside its finite differences."""

    symbol: Symbol
    entries: int
    """How many of its entries were moved."""
    corners: int
    """At how many of these the function has a corner."""
    error: float
    """The largest difference, relative to the largest entry."""


class EquationCheck(NamedTuple):
    """All gradients of a network beside finite differences."""

    gradients: tuple[CheckedGradient, ...]
    still: tuple[Symbol, ...] = ()
    """What holds indices of words, which cannot be a little larger."""

    @property
    def worst(self) -> CheckedGradient:
        return max(self.gradients, key=lambda one: one.error)

    @property
    def is_right(self) -> bool:
        return self.worst.error <= TOLERANCE


def check_equations(found: BackwardPass, seed: int = 0) -> EquationCheck:
    """Compute both passes on random numbers, and each gradient's entries by central differences.

    The loss is a sum of the outputs, each unit times a random number. Of large tensors some
    entries are moved, chosen at random.

    Raises:
        CnncostError: a layer is opaque, nothing is trained, or the network is too large.
    """
    _refuse(found)
    _refuse_equal_units(found)
    values = EquationValues(found, EXAMPLES, seed)
    _refuse_large_arrays(found, values)
    _refuse_long_sequences(found, values)
    values.run_forward()
    values.run_backward()
    still = [found.values[index] for index in sorted(find_vocabularies(found.network))]
    checked = [e.left for e in found.equations if not e.same and e.left.base in values.tensors]
    lefts = [left for left in dict.fromkeys(checked) if left.base not in still]
    if not lefts:
        raise CnncostError("every gradient is the output's own: nothing to compute")
    scale = max(float(abs(values.tensors[bar]).max()) for bar in (*lefts, *found.given))
    most = _entries_per_gradient(found, values, len(lefts))
    gradients = (_check_gradient(values, left, most, scale) for left in lefts)
    return EquationCheck(tuple(gradients), tuple(still))


def _refuse(found: BackwardPass) -> None:
    network = found.network
    for node in network.layers:
        if node.layer.word == "opaque":
            raise CnncostError(
                f"{node.name} is opaque: nobody knows what it computes",
                "--check takes networks without opaque layers",
            )
    for equation in found.forward:
        value, layer = equation.right, equation.node.layer
        word = layer.word if layer else ""
        unknown = value.kind == "call" and value.word == word and word not in (*CURVES, *CALLS)
        if unknown:
            raise CnncostError(
                f"{equation.node.name}: {word} has no equation that --check could compute",
                "check the other layers in a spec of their own",
            )
    if not found.equations:
        raise CnncostError("no gradient to check: nothing is trained", "drop frozen: true")
    used = _count_connections(found)
    if used > MOST:
        raise CnncostError(
            f"{network.name} has {used:,} connections, more than the {MOST:,} that --check takes",
            "give it a smaller --input, or check one layer in a spec of its own",
        )


def _refuse_equal_units(found: BackwardPass) -> None:
    """Refuse maxima over copies of one number, which repeated words and upsampling make: moved
    together, they have one gradient, not one each."""
    network = found.network
    copied = {
        index
        for index, words in find_vocabularies(network).items()
        if network.nodes[index].layer is None and network.nodes[index].output.units > words
    }
    for node in network.layers:
        behind = not copied.isdisjoint(node.reads)
        if behind and node.layer.word in MAXIMA:
            raise CnncostError(
                f"{node.name} may compare copies of one number, behind repeated words or an "
                "upsample, and equal units of a window each count as its maximum",
                "--check needs as many words as the input has, and maxima before an upsample",
            )
        if behind or node.layer.word == "upsample":
            copied.add(node.index)


def _refuse_large_arrays(found: BackwardPass, values: EquationValues) -> None:
    for equation in (*found.forward, *found.equations):
        numbers = values.count_numbers(equation)
        if numbers > MOST_NUMBERS:
            raise CnncostError(
                f"an equation of {equation.node.name} takes {numbers:,} numbers at once, more than "
                f"the {MOST_NUMBERS:,} that --check takes",
                "give it a smaller --input, or check one layer in a spec of its own",
            )


def _count_connections(found: BackwardPass) -> int:
    return sum(e.connections or 0 for e in found.forward if not e.same)


def _refuse_long_sequences(found: BackwardPass, values: EquationValues) -> None:
    """Refuse sequences whose steps, each of which computes equations, take minutes."""
    gradients = len({equation.left for equation in found.equations if not equation.same})
    computed = 2 * gradients * values.count_computations()
    if computed > MOST_COMPUTED:
        raise CnncostError(
            f"{found.network.name} computes {values.count_computations():,} equations, step by "
            f"step, for each entry of {gradients:,} gradients: more than --check takes",
            "give it a shorter --input, or check one layer in a spec of its own",
        )


def _entries_per_gradient(found: BackwardPass, values: EquationValues, gradients: int) -> int:
    units = sum(node.output.units for node in found.network.nodes)
    once = EXAMPLES * (_count_connections(found) + units)
    once += ONE_EQUATION * values.count_computations()
    return max(1, round(EFFORT / (2 * once * gradients)))


def _check_gradient(
    values: EquationValues, left: Symbol, most: int, scale: float
) -> CheckedGradient:
    import numpy as np

    ours = values.tensors[left]
    places = list(values.choose_entries(left.base, most))
    floor = max(float(abs(ours).max()), FLOOR * scale)
    errors, corners = [0.0], 0
    for place in places:
        above, below = (values.move_entry(left.base, place, sign * STEP) for sign in (1, -1))
        sides = sorted((above / STEP, -below / STEP))
        middle = (above - below) / (2 * STEP)
        if sides[1] - sides[0] > KINK * floor:
            corners += 1
            errors.append(max(sides[0] - ours[place], ours[place] - sides[1], 0.0))
        else:
            errors.append(abs(ours[place] - middle))
    error = float(np.max(errors)) / floor if floor else 0.0
    return CheckedGradient(left, len(places), corners, inf if isnan(error) else error)
