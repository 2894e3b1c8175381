"""In how many patches a network fits boards: whole, or in 2, 3, ... along each axis of its maps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from cnncost.costs.memory.patches import ALL_COUNTS, WHOLE, PatchPlanner
from cnncost.network import Network
from cnncost.study.board_fit import NetworkFit, fit_in_patches
from cnncost.timing.board import Board


class PatchChoice(NamedTuple):
    """A network on boards in some numbers of patches, of which one is taken."""

    counts: tuple[int, ...]
    """Those asked for; `WHOLE` is none."""
    fits: tuple[NetworkFit, ...]
    """In each of these, the fewest first; in those that save memory, and whole if that is asked for
    or none does."""
    taken: NetworkFit

    @property
    def is_free(self) -> bool:
        """Whether the number was left open."""
        return len(self.counts) > 1


def list_fits(
    network: Network,
    boards: Sequence[Board],
    counts: Sequence[int],
    *,
    engine: str = "",
    limits: Mapping[str, int] | None = None,
) -> Iterator[NetworkFit]:
    """Yield what a network needs in each of some numbers of patches along each axis; those that
    save nothing are left out, and where none is left it is whole.

    Raises:
        CnncostError: the engine is not known on a board.
    """
    planner = PatchPlanner(network) if max(counts) > WHOLE else None
    found = False
    for count in counts:
        plan = planner.plan(count) if planner and count > WHOLE else None
        if plan is not None or count == WHOLE:
            found = True
            yield fit_in_patches(network, boards, plan, engine=engine, limits=limits)
    if not found:
        yield fit_in_patches(network, boards, None, engine=engine, limits=limits)


def choose_patches(
    network: Network,
    boards: Sequence[Board],
    counts: Sequence[int],
    *,
    engine: str = "",
    limits: Mapping[str, int] | None = None,
) -> PatchChoice:
    """Choose the fewest patches in which a network fits the most boards; where it fits none, those
    in which it may, else those of enough SRAM, else of the least.

    Raises:
        CnncostError: the engine is not known on a board.
    """
    fits = tuple(list_fits(network, boards, counts, engine=engine, limits=limits))
    taken = choose_fewest(fits, partial(_count_answers, True), partial(_count_answers, None))
    return PatchChoice(tuple(counts), fits, taken)


def _count_answers(answer: bool | None, fit: NetworkFit) -> int:
    return [one.holds for one in fit.boards].count(answer)


def choose_fewest(fits: Sequence[NetworkFit], *counting: Callable[[NetworkFit], int]) -> NetworkFit:
    """Choose the first of some fits for which a function counts most; where that is 0 of all, the
    next function; at last the first of which most boards have enough SRAM, else of the least."""
    for count in counting:
        first = max(fits, key=count)
        if count(first):
            return first
    return max(fits, key=_rank_sram)


def _rank_sram(fit: NetworkFit) -> tuple[int, int]:
    enough = sum(has_enough_sram(fit, at) for at in range(len(fit.boards)))
    return enough, 0 if enough else -find_sram(fit)


def has_enough_sram(fit: NetworkFit, board: int = 0) -> bool:
    """Whether a board surely has enough SRAM."""
    need = fit.boards[board].find_need("sram")
    return need is None or need.limit is None or need.holds is True


def find_sram(fit: NetworkFit) -> int:
    """Find the bytes of SRAM that are needed, by the likeliest figure."""
    return fit.patches.sram if fit.patches else fit.arena.total


class PatchHint(NamedTuple):
    """The fewest patches with which a board has enough SRAM for a network that is too large for it
    whole."""

    board: Board
    patches: int
    fits: bool
    """Whether the network fits with them: flash, time and energy suffice as well."""


def find_hints(
    whole: NetworkFit, *, engine: str = "", limits: Mapping[str, int] | None = None
) -> tuple[PatchHint, ...]:
    """Find the boards on which a network lacks SRAM alone or among others, and has enough of it in
    patches."""
    lacking = [at for at in range(len(whole.boards)) if not has_enough_sram(whole, at)]
    boards = [whole.boards[at].board for at in lacking]
    if not boards or not whole.arena.graph.known:
        return ()
    tried = list(list_fits(whole.network, boards, ALL_COUNTS[1:], engine=engine, limits=limits))
    hints = []
    for at, board in enumerate(boards):
        enough = [fit for fit in tried if fit.patches and has_enough_sram(fit, at)]
        fitting = [fit for fit in enough if fit.boards[at].holds]
        for fit in (fitting or enough)[:1]:
            assert fit.patches is not None  # of all that are enough
            hints.append(PatchHint(board, fit.patches.patches, bool(fitting)))
    return tuple(hints)
