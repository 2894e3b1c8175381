"""A board that a plan has to fit, as options name it: what is limited there, and how it is held."""

from collections.abc import Mapping, Sequence
from functools import partial
from shlex import join
from typing import TYPE_CHECKING, NamedTuple

from cnncost.cli import board_options
from cnncost.costs.memory import measure_embedded
from cnncost.costs.memory.patches import WHOLE
from cnncost.errors import CnncostError
from cnncost.quantity import TIME, split_metric

if TYPE_CHECKING:
    from cnncost.network import Network
    from cnncost.study.board_fit import NetworkFit
    from cnncost.timing import Device
    from cnncost.timing.board import Board

USUAL_ENGINE = "cmsis-nn"
"""What computes where nothing else is said: the arena has its scratch."""


class BoardTarget(NamedTuple):
    """A board, and what is limited there."""

    word: str
    """As the command line calls the board."""
    board: "Board"
    engine: str
    """The engine that time is of; empty where no time is known."""
    budgets: tuple[str, ...]
    """All but SRAM's, which the arena is held to."""
    limits: dict[str, int]
    """What there is: bytes of SRAM and flash, picoseconds."""
    counts: tuple[int, ...] = (WHOLE,)
    """In how many patches along each axis the first layers may run."""
    is_useless: bool = False
    """Whether patches were asked for, and save nothing."""

    def make_wanted_device(self, wanted: str) -> "Device | None":
        """Make what times are estimated for, if something is `wanted` of it.

        Raises:
            CnncostError: nothing is known of time there.
        """
        made = self.board.make_device(self.engine) if wanted else None
        if wanted and made is None:
            hint = "its file needs core: and clock:, and cycles of an engine"
            raise CnncostError(f"{self.board.name}: time is not known there", hint)
        return made

    def list_budgets(self, sram: int | None) -> tuple[str, ...]:
        """List the budgets of a search that holds SRAM's lower bound to so many bytes."""
        return self.budgets if sram is None else (*self.budgets, f"sram={_write_bytes(sram)}")

    def compose_fit_command(self, path: str, budgets: Mapping[str, str]) -> str:
        """Write the command line that holds a written file to the board and to these budgets."""
        words = ["cnncost", "fit", "FILE" if path == "-" else path, "--board", self.word]
        words += ["--engine", self.engine] if self.engine else []
        words += ["--patches", str(self.counts[0])] if self.is_patched else []
        has = {"sram": self.board.sram, "flash": self.board.flash}
        if self.limits.get("sram") != has["sram"]:
            budgets = {**budgets, "sram": _write_bytes(self.limits["sram"])}
        for metric, amount in budgets.items():
            if metric in self.limits and self.limits[metric] != has.get(metric):
                words += ["--budget", f"{metric}={amount}"]
        return join(words)

    @property
    def is_patched(self) -> bool:
        """Whether one number of patches is asked for."""
        return self.counts[0] != WHOLE

    def choose_bound(self, network: "Network", count: int) -> int | None:
        """Choose what the first search for a number of patches holds SRAM's lower bound to: all
        that the network takes as it is, where patches may be enough."""
        limit = self.limits.get("sram")
        if limit is None or count == WHOLE:
            return limit
        return max(limit, measure_embedded(network).sram)

    def list_first_budgets(self, network: "Network") -> tuple[str, ...]:
        """List the budgets of the first search: those of the widest bound."""
        return self.list_budgets(self.choose_bound(network, max(self.counts)))

    def leave_useful(self, network: "Network") -> "BoardTarget":
        """Leave the numbers of patches that save memory of a network; none where no number does."""
        fits = self.fit_each(network)
        counts = [fit.patches.patches if fit.patches else WHOLE for fit in fits]
        vain = self.counts != (WHOLE,) and counts == [WHOLE]
        return self._replace(counts=tuple(counts), is_useless=vain)

    def fit_each(self, network: "Network") -> "tuple[NetworkFit, ...]":
        """Recount what a network needs there in each number of patches that saves memory."""
        from cnncost.study.patch_choice import list_fits

        fit = partial(list_fits, engine=self.engine, limits=self.limits)
        return tuple(fit(network, [self.board], self.counts))

    def fit(self, network: "Network") -> "NetworkFit":
        """Recount what it needs in the fewest patches."""
        return self.fit_each(network)[0]

    def fit_whole(self, network: "Network") -> "NetworkFit":
        """Recount what it needs without patches."""
        return self._replace(counts=(WHOLE,)).fit(network)


def refuse_board_options(
    board: str, engine: str, patches: str, refused: Mapping[str, object]
) -> None:
    """Refuse options that say nothing beside a board, `refused` by their values, or without one.

    Raises:
        CnncostError: there is one.
    """
    if not board and (engine or patches):
        option = "--engine" if engine else "--patches"
        raise CnncostError(f"{option} changes no figure here", "it is for --board")
    for option, value in refused.items():
        if board and value:
            why = "a board's time is the board's" if option == "--device" else "leave one out"
            raise CnncostError(f"--board and {option}", why)


def read_target(
    name: str, engine: str, budgets: Sequence[str], counts: tuple[int, ...] = (WHOLE,)
) -> BoardTarget:
    """Load a board, and add its SRAM and flash to the budgets unless they are given.

    Raises:
        CnncostError: it is not known, or a share of its SRAM or flash is asked for.
    """
    from cnncost.study.board_fit import parse_limit

    (board,) = board_options.load_boards([name])
    if not engine and board.choose_cycles(USUAL_ENGINE) is not None:
        engine = USUAL_ENGINE
    kept, limits = [], dict[str, int]()
    for text in budgets:
        word, amount = (part.strip() for part in split_metric(text))
        if word in ("sram", "flash") and amount.endswith("%"):
            raise CnncostError(f"{text}: with --board it is an amount", f"as in {word}=200KiB")
        if word in ("sram", "flash") or (word == TIME and not amount.endswith("%")):
            limits[word] = parse_limit(f"{word}={amount}")[1]
        if word != "sram":
            kept.append(text)
    if board.flash is not None and "flash" not in limits:
        kept.append(f"flash={_write_bytes(board.flash)}")
    has = {"sram": board.sram, "flash": board.flash}
    limits = {**{word: most for word, most in has.items() if most is not None}, **limits}
    return BoardTarget(name, board, engine, tuple(kept), limits, counts)


def _write_bytes(count: int) -> str:
    return f"{count // 1024}KiB" if count % 1024 == 0 else f"{count}B"
