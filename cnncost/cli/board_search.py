"""Search for a plan that fits a board: SRAM's budget is tightened until the arena holds."""

from collections.abc import Iterator, Mapping, Sequence
from shlex import join
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from cnncost.cli import board_options
from cnncost.errors import CnncostError
from cnncost.quantity import TIME, split_metric

if TYPE_CHECKING:
    from cnncost.network import Network
    from cnncost.plans.edits.text_changes import TextChange
    from cnncost.plans.search.plan import Plan
    from cnncost.plans.search.plan_search import Progress
    from cnncost.plans.suggestion.answer import Suggestion
    from cnncost.plans.suggestion.suggester import Suggester
    from cnncost.study.board_fit import NetworkFit
    from cnncost.timing import Device
    from cnncost.timing.board import Board
    from cnncost.views.page import Results
    from cnncost.views.suggest.board_section import BoardReport

USUAL_ENGINE = "cmsis-nn"
"""What computes where nothing else is said: the arena has its scratch."""

MOST_ROUNDS = 10
"""How often the budget of SRAM is tightened."""


FIRST_SHARE, LEAST_SECONDS = 0.25, 1.0
"""What part of its time the first search has, whose plan tells how much to tighten; and how long
the shortest one lasts."""

NEAR = 1.02
"""Up to so much more than a bound no further search is worth its time."""


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
    patches: int | None = None
    """The first layers run in so many patches along each axis."""

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
        words += ["--patches", str(self.patches)] if self.patches else []
        has = {"sram": self.board.sram, "flash": self.board.flash}
        if self.limits.get("sram") != has["sram"]:
            budgets = {**budgets, "sram": _write_bytes(self.limits["sram"])}
        for metric, amount in budgets.items():
            if metric in self.limits and self.limits[metric] != has.get(metric):
                words += ["--budget", f"{metric}={amount}"]
        return join(words)

    def choose_first_bound(self, network: "Network") -> int | None:
        """Choose what the first search holds SRAM's lower bound to: all that the network takes as
        it is, where patches may be enough."""
        limit = self.limits.get("sram")
        if limit is None or not self.patches:
            return limit
        return max(limit, self.fit(network).embedded.sram)

    def fit(self, network: "Network") -> "NetworkFit":
        """Recount what a network needs there."""
        from cnncost.study.board_fit import fit_network

        return fit_network(
            network, [self.board], engine=self.engine, limits=self.limits, patches=self.patches
        )


def refuse_board_options(
    board: str, engine: str, patches: int | None, refused: Mapping[str, object]
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
    name: str, engine: str, budgets: Sequence[str], patches: int | None = None
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
    return BoardTarget(name, board, engine, tuple(kept), limits, patches)


def _write_bytes(count: int) -> str:
    return f"{count // 1024}KiB" if count % 1024 == 0 else f"{count}B"


class BoardAnswer(NamedTuple):
    """What the last search found, and what it comes to on the board."""

    study: "Suggester"
    found: "Suggestion"
    report: "BoardReport"

    def holds(self, plan: "Plan | None") -> bool:
        """Whether a plan of what was found, or else the network as it is, surely fits."""
        fits = dict(zip(map(id, self.found.alternatives), self.report.instead, strict=False))
        return self.report.is_held_by(fits.get(id(plan), self.report.after))


def search_board(
    target: BoardTarget,
    study: "Suggester",
    network: "Network",
    seconds: float,
    progress: "Progress | None",
) -> BoardAnswer:
    """Search by SRAM's lower bound, recount the plan's arena, and tighten the bound while the arena
    is too large; a plan that fits is searched for once more, to be proved, if time is left.

    `study` is ready for the first search, which has a share of the `seconds`; `network` is what is
    edited, as its file has it.
    """
    from cnncost.views.patches_section import name_patches
    from cnncost.views.suggest.board_section import BoardReport

    end, today = monotonic() + seconds, target.fit(network)
    limit, bound = target.limits.get("sram"), target.choose_first_bound(network)
    tightened, least_over, settled = 0, None, False
    while True:
        found = study.suggest(progress)
        plan = None if found.is_undecided else found.plan
        after = today if plan is None else target.fit(_read_plan(study, plan))
        least_over = after.embedded.sram if plan or found.is_met else least_over
        smaller = _tighten_bound(bound, after, least_over, lost=not (plan or found.is_met))
        left = end - monotonic()
        if left < LEAST_SECONDS or tightened == MOST_ROUNDS:
            break
        if smaller is None and (settled or found.proved):
            break
        settled = smaller is None
        if smaller is not None:
            bound, tightened, left = smaller, tightened + 1, max(LEAST_SECONDS, left / 2)
        study.renew(target.list_budgets(bound), left)
    steps: list[tuple[str, NetworkFit | None]] = [("as it is", today)]
    if today.patches:
        alone = target._replace(patches=None).fit(network)
        steps = [("as it is", alone), (name_patches(today.patches), today)]
    steps += list_fits(target, plan) if plan else []
    others = found.alternatives if plan else ()
    instead = tuple([target.fit(_read_plan(study, other)) for other in others])
    report = BoardReport(target.engine, tuple(steps), after, instead, limit, bound, tightened)
    return BoardAnswer(study, found, report)


def _tighten_bound(
    bound: int | None, after: "NetworkFit", least_over: int | None, *, lost: bool
) -> int | None:
    """Return what the next search holds SRAM's lower bound to; None if none need be made.

    `least_over` is the lower bound of the last plan whose arena was too large; a search that is
    `lost` found no plan below its own bound, so that the next one tries between both.
    """
    need = after.boards[0].find_need("sram")
    if bound is None or need is None or need.limit is None:
        return None
    if lost:
        middle = bound if least_over is None else (bound + least_over) // 2
        return middle if middle > bound * NEAR else None
    if need.most <= need.limit:
        return None
    sram = after.embedded.sram
    # As if the arena's surplus over the lower bound stayed as it is, or its share of it.
    alike = max(sram - (need.most - need.limit), sram * need.limit // need.most)
    smaller = min(alike, sram - 1, bound - 1)
    return smaller if smaller > 0 else None


def _read_plan(study: "Suggester", plan: "Plan") -> "Network":
    from cnncost import api

    spec = api.loads(plan.text, name=study.spec.text.name, max_layers=study.request.max_layers)
    return spec.network


def list_fits(target: BoardTarget, plan: "Plan") -> "Iterator[tuple[str, NetworkFit | None]]":
    """List what the network needs once each edit of a plan is made; None where the edits so far
    make no network."""
    parts = ((plan.origin or plan.editable, plan.leading), (plan.editable, plan.own_edits))
    for editable, edits in parts:
        changes: list[TextChange] = []
        for edit in edits:
            changes += edit.changes
            spec = editable.read_edited(changes)
            yield edit.phrase, None if spec is None else target.fit(spec.network)


def add_board(results: "Results", report: "BoardReport") -> "Results":
    """Put what a plan comes to on a board into a suggestion's results."""
    from cnncost.views.suggest.board_section import add_board_section, build_board_data

    def build_data() -> object:
        data = results.data()
        return {**data, "board": build_board_data(report)} if isinstance(data, dict) else data

    return results._replace(page=lambda: add_board_section(results.page(), report), data=build_data)
