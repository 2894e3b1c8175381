"""What a plan comes to on a board: what binds after each of its edits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cnncost.costs.memory.patches import WHOLE
from cnncost.plans.edits.edit import UNIT
from cnncost.quantity import format_count
from cnncost.study.board_fit import PLANNED, Need, NetworkFit
from cnncost.study.patch_choice import PatchHint
from cnncost.views.amounts import as_kibibytes
from cnncost.views.fit_page import write_amount
from cnncost.views.page import Page, Remark, Table, Title
from cnncost.views.patches_section import USELESS, build_patches_data


class TriedPatches(NamedTuple):
    """What plans in a number of patches along each axis came to."""

    patches: int
    """`WHOLE` is none."""
    score: int | None
    """Of a plan that surely fits; None without one."""
    passed_over: bool
    """Whether no further plans were looked for, since none is priced below what fits."""


class BoardReport(NamedTuple):
    """A plan on a board, edit by edit."""

    engine: str
    steps: tuple[tuple[str, NetworkFit | None], ...]
    """The network as it is, and once each edit is made; None where that makes no network."""
    after: NetworkFit
    instead: tuple[NetworkFit, ...]
    """With each of the plans instead of it."""
    limit: int | None
    """The bytes of SRAM that the arena may take."""
    bound: int | None
    """The bytes that the last search held SRAM's lower bound to."""
    tightened: int
    """How often that was made smaller, because the arena was too large."""

    tried: tuple[TriedPatches, ...] = ()
    """What each number of patches came to, where it was left open."""
    hints: tuple[PatchHint, ...] = ()
    """In how many patches SRAM would be enough for the network as it is, where it is too little."""
    is_useless: bool = False
    """Whether patches were asked for, and save nothing."""


def add_board_section(page: Page, report: BoardReport) -> Page:
    """Put what a plan comes to on a board behind a suggestion."""
    title = f"On {report.after.boards[0].board.title}"
    others = [(f"instead: plan {n}", fit) for n, fit in enumerate(report.instead, 1)]
    rows = [_list_cells(phrase, fit) for phrase, fit in (*report.steps, *others)]
    sram = "SRAM" if report.after.patches else "arena"
    table = Table(("step", sram, "flash", "time", "binds"), rows, words=(0, 4), wraps=True)
    said = [Remark(text) for text in _say_search(report)]
    return page._replace(blocks=[*page.blocks, Title(title), table, *said])


def _list_cells(phrase: str, fit: NetworkFit | None) -> list[str]:
    if fit is None:
        return [phrase, "-", "-", "-", ""]
    needs = [fit.boards[0].find_need(word) for word in PLANNED]
    cells = ["?" if need is None else _write_need(need) for need in needs]
    return [phrase, *cells, find_binding(fit)]


def _write_need(need: Need) -> str:
    bound = "" if need.complete else ">= "
    return f"{bound}{write_amount(need.word, need.likely)}"


def find_binding(fit: NetworkFit) -> str:
    """Find what is nearest to its limit, or furthest above it; of SRAM, at which layer."""
    needs = [need for word in PLANNED if (need := fit.boards[0].find_need(word))]
    shares = {need.word: need.likely / need.limit for need in needs if need.limit}
    if not shares:
        return ""
    word = max(shares, key=lambda one: shares[one])
    where = f" at {fit.arena.binding}" if word == "sram" and not fit.patches else ""
    return f"{word.replace('sram', 'SRAM')} {100 * shares[word]:.0f} %{where}"


def _say_search(report: BoardReport) -> list[str]:
    """Say what was searched for, and whether the arena holds."""
    said = [
        "Arena: TensorFlow Lite Micro's, within 3.1 %. It is no sum over layers: the search holds "
        "its lower bound, a perfect planner's SRAM, and arenas are recounted."
    ]
    if report.after.patches:
        again = format_count(report.after.patches.again, "connection")
        said = [
            "SRAM in patches is a perfect planner's, and no sum over layers: the search holds the "
            "lower bound without patches, and plans are recounted. "
            f"Patches compute {again} again in the plan, and take their time."
        ]
    if report.tightened and report.bound is not None and report.limit is not None:
        times = "once" if report.tightened == 1 else f"{report.tightened} times"
        limit, bound = as_kibibytes(report.limit), as_kibibytes(report.bound)
        start = "" if report.after.patches else f", from {limit}"
        said.append(
            f"The budget of SRAM's lower bound was tightened {times}{start} to {bound}. "
            "Plans above that bound were not looked for, though some may fit as well."
        )
    if not report.after.arena.complete and not report.after.patches:
        said.append("Some buffers are not known: the arena is larger, so it is not sure to fit.")
    elif not report.after.is_planned_to_hold:
        said.append("No plan was found that surely fits.")
    if report.engine:
        said.append(f"Time is the estimate with {report.engine}; --engine names another.")
    if report.tried:
        said.append(_say_tried(report.tried))
    return [*said, *[USELESS] * report.is_useless, *map(_say_hint, report.hints)]


def _say_tried(tried: Sequence[TriedPatches]) -> str:
    """Say what each number of patches came to."""
    said = [f"{_name_count(one.patches)} {_say_outcome(one)}" for one in tried]
    return f"Patches tried, and scores: {'; '.join(said)}."


def _name_count(count: int) -> str:
    return "none" if count == WHOLE else f"{count} x {count}"


def _say_outcome(one: TriedPatches) -> str:
    if one.score is not None:
        return f"{one.score / UNIT:.3f}"
    return "no less" if one.passed_over else "no plan found that fits"


def _say_hint(hint: PatchHint) -> str:
    count = hint.patches
    return (
        f"With its first layers in {count} x {count} patches the network would have enough SRAM as "
        f"it is: --patches auto finds what is left to change."
    )


def build_board_data(report: BoardReport) -> dict[str, object]:
    """Return the same for programs: bytes and seconds."""
    known = report.after.arena.complete or report.after.patches
    return {
        "board": report.after.boards[0].board.name,
        "engine": report.engine or None,
        "sram_limit": report.limit,
        "lower_bound_held": report.bound,
        "tightened": report.tightened,
        "fits": report.after.is_planned_to_hold if known else None,
        "patches": build_patches_data(report.after.patches),
        "patches_tried": [
            {**one._asdict(), "score": None if one.score is None else one.score / UNIT}
            for one in report.tried
        ],
        "enough_in_patches": report.hints[0].patches if report.hints else None,
        "steps": [{"edit": phrase, **_build_figures(fit)} for phrase, fit in report.steps],
        "instead": [
            {**_build_figures(fit), "fits": fit.is_planned_to_hold} for fit in report.instead
        ],
    }


def _build_figures(fit: NetworkFit | None) -> dict[str, object]:
    if fit is None:
        return dict.fromkeys(("binds", "arena", "sram", "flash", "time"))
    sram = fit.boards[0].find_need("sram")
    return {
        "binds": find_binding(fit),
        "arena": None if fit.patches else fit.arena.total,
        "sram": None if sram is None else sram.estimate,
        "flash": fit.embedded.flash,
        "time": _find_seconds(fit),
    }


def _find_seconds(fit: NetworkFit) -> float | None:
    time = fit.boards[0].time
    return None if time is None else time.picoseconds / 10**12
