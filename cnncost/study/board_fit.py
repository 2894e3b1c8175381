"""Whether a network fits a board: what it needs of SRAM, flash, time and energy, and has there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from cnncost.costs.duration import PER_SECOND, NetworkTime
from cnncost.costs.memory import Embedded, measure_embedded
from cnncost.costs.memory.arena import Arena, plan_arena
from cnncost.costs.memory.patches import PatchPlan, plan_patches
from cnncost.errors import CnncostError, did_you_mean
from cnncost.network import Network
from cnncost.quantity import TIME, parse_bytes, parse_joules, parse_seconds, split_metric
from cnncost.timing import estimate_time
from cnncost.timing.board import Board

ENERGY = "energy"

LIMITED = ("sram", "flash", TIME, ENERGY)
"""What a board or a budget limits: bytes, bytes, picoseconds, picojoules."""

PLANNED = ("sram", "flash", TIME)
"""What plans of edits are made to hold."""

ARENA_ERROR = Fraction(1, 32)
"""How far TensorFlow Lite Micro's arena was off the estimate, at most, on 19 files."""


class Need(NamedTuple):
    """What a network needs of one thing, as a range, and what there is."""

    word: str
    """One of `LIMITED`."""
    least: int
    most: int
    estimate: int | None
    """The likeliest; None where only the range is known."""
    limit: int | None
    """What there is; None if that is not known or not limited."""
    complete: bool = True
    """Whether all costs are known. If not, more may be needed."""

    @property
    def likely(self) -> int:
        """The estimate; the most where only the range is known."""
        return self.most if self.estimate is None else self.estimate

    @property
    def holds(self) -> bool | None:
        """Whether there is enough; None if the range does not say, or nothing is limited."""
        if self.limit is None:
            return None
        if self.least > self.limit:
            return False
        return True if self.most <= self.limit and self.complete else None

    @property
    def margin(self) -> int | None:
        """What is left, if most is needed; below zero if that is too much."""
        return None if self.limit is None else self.limit - self.most


class BoardFit(NamedTuple):
    """A network on a board."""

    board: Board
    needs: tuple[Need, ...]
    """Of SRAM and flash; of time and energy where they are known."""
    time: NetworkTime | None

    @property
    def holds(self) -> bool | None:
        """Whether all that is limited is enough; None if it may be."""
        answers = [need.holds for need in self.needs if need.limit is not None]
        return False if False in answers else None if None in answers else True

    def find_need(self, word: str) -> Need | None:
        return next((need for need in self.needs if need.word == word), None)


class NetworkFit(NamedTuple):
    """A network on some boards, with what its memory is made of."""

    network: Network
    arena: Arena
    """With the scratch of CMSIS-NN."""
    plain_head: int
    """The arena's head without scratch."""
    embedded: Embedded
    boards: tuple[BoardFit, ...]
    patches: PatchPlan | None = None
    """How the first layers run in patches, if they do; SRAM is a perfect planner's then."""

    @property
    def holds(self) -> bool | None:
        answers = [fit.holds for fit in self.boards]
        return False if False in answers else None if None in answers else True

    @property
    def is_planned_to_hold(self) -> bool:
        """Whether SRAM and flash surely suffice on the first board; of time the estimate is held,
        to which patches add what they compute again."""
        needs = [need for word in PLANNED if (need := self.boards[0].find_need(word))]
        return all(
            need.likely <= need.limit if need.word == TIME else need.holds
            for need in needs
            if need.limit is not None
        )


def fit_network(
    network: Network,
    boards: Sequence[Board],
    *,
    engine: str = "",
    limits: Mapping[str, int] | None = None,
    patches: int | None = None,
) -> NetworkFit:
    """Find what a network needs on each board, in its own types, else in int8, and one example at a
    time.

    Args:
        engine: an engine of `timing.engines`, or how several begin; a range over all if empty.
        limits: further limits by a word of `LIMITED`, such as picoseconds of time.
        patches: the first layers run in so many patches along each axis, where that saves memory.

    Raises:
        CnncostError: the engine is not known on a board.
    """
    plan = plan_patches(network, patches) if patches else None
    return fit_in_patches(network, boards, plan, engine=engine, limits=limits)


def fit_in_patches(
    network: Network,
    boards: Sequence[Board],
    plan: PatchPlan | None,
    *,
    engine: str = "",
    limits: Mapping[str, int] | None = None,
) -> NetworkFit:
    """Find the same with the first layers as a plan of patches has them; without one, whole."""
    arena, embedded = plan_arena(network), measure_embedded(network)
    known = arena.graph.known
    memory = [
        _arena_need(arena) if plan is None else _sure_need("sram", plan.sram, known=known),
        _sure_need("flash", embedded.flash, known=known),
    ]
    passes = () if plan is None else plan.passes
    fits = [_fit_board(network, board, memory, engine, limits or {}, passes) for board in boards]
    plain = plan_arena(network, scratch=False).head
    return NetworkFit(network, arena, plain, embedded, tuple(fits), plan)


def _arena_need(arena: Arena) -> Need:
    low, high = (round(arena.total * (1 + sign * ARENA_ERROR)) for sign in (-1, 1))
    return Need("sram", low, high, arena.total, None, arena.complete)


def _sure_need(word: str, count: int, *, known: bool) -> Need:
    return Need(word, count, count, count, None, known)


def _fit_board(
    network: Network,
    board: Board,
    memory: Sequence[Need],
    engine: str,
    limits: Mapping[str, int],
    passes: Sequence[float],
) -> BoardFit:
    if engine and board.choose_cycles(engine) is None:
        names = list(board.known_engines)
        known = f"known there: {', '.join(names)}" if names else "leave --engine out"
        what = f"{board.name}: no cycles of {engine!r} are known on {board.core_title or 'it'}"
        raise CnncostError(what, did_you_mean(engine, names, known))
    device = board.make_device(engine)
    time = None if device is None else estimate_time(network, device)
    if time is not None:
        # A layer that computes its positions more than once takes so much longer.
        again = [round(n * more) for n, more in zip(time.layers, passes, strict=False)]
        time = time._replace(layers=(*again, *time.layers[len(again) :]))
    needs = [*memory, *([] if time is None else _time_needs(board, time, alone=bool(engine)))]
    for word in limits:
        if all(need.word != word for need in needs):
            hint = "--mw gives the power" if time else "its file needs core: and clock:"
            raise CnncostError(f"{board.name}: {word} is not known there", hint)
    has = {"sram": board.sram, "flash": board.flash}
    ends = {need.word: _lowest(has.get(need.word), limits.get(need.word)) for need in needs}
    return BoardFit(board, tuple(need._replace(limit=ends[need.word]) for need in needs), time)


def _lowest(*limits: int | None) -> int | None:
    return min((limit for limit in limits if limit is not None), default=None)


def _time_needs(board: Board, time: NetworkTime, *, alone: bool) -> list[Need]:
    """Find the needs of time and energy; one engine has an estimate, several have a range alone."""
    low, high = (round(time.picoseconds * ratio) for ratio in time.ratios)
    likely = time.picoseconds if alone else None
    needs = [Need(TIME, low, high, likely, None, time.complete)]
    if board.milliwatts is not None:
        # A milliwatt for a picosecond is a thousandth of a picojoule.
        least, most = (
            round(Fraction(power) * end / 1000)
            for power, end in zip(board.milliwatts, (low, high), strict=True)
        )
        needs.append(Need(ENERGY, least, most, None, None, time.complete))
    return needs


def parse_limit(text: str) -> tuple[str, int]:
    """Read `time=100ms`, `energy=5mJ`, `sram=200KiB` or `flash=1MB` as a word and its amount.

    Raises:
        CnncostError: there is no `=`, or the word or the amount is unknown.
    """
    refusal = CnncostError(f"{text!r} is no budget", "write METRIC=AMOUNT, as in time=100ms")
    word, amount = split_metric(text, refusal)
    word = word.strip()
    if word in ("sram", "flash"):
        return word, parse_bytes(amount)
    if word == TIME:
        return word, int(parse_seconds(amount) * PER_SECOND)
    if word == ENERGY:
        return word, int(parse_joules(amount) * PER_SECOND)
    known = f"a board's budget limits {', '.join(LIMITED)}"
    raise CnncostError(f"unknown metric {word!r}", did_you_mean(word, LIMITED, known))
