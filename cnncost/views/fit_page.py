"""Write whether a network fits boards: one screen for one board, or one row per board."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cnncost.costs.memory.arena import Arena
from cnncost.costs.memory.embedded import find_types
from cnncost.costs.typed_bytes import list_odd_weights
from cnncost.quantity import TIME
from cnncost.study.board_fit import ENERGY, LIMITED, BoardFit, Need, NetworkFit
from cnncost.study.other_planners import OTHER_PLANNERS
from cnncost.timing.engines import MEDIAN_ERROR
from cnncost.views.amounts import KIBI, as_duration, as_energy, as_kibibytes
from cnncost.views.page import Page, Remark, Results, Table
from cnncost.views.type_words import flash_text

ANSWERS = {True: "yes", False: "no", None: "not sure"}

RECORD = (
    *("board", "fits", "sram_needed", "sram_has", "flash_needed", "flash_has"),
    *("time_low", "time_high", "energy_low", "energy_high", "engine"),
)

ALIVE = 8
"""The most buffers that are listed."""


def fit_results(found: NetworkFit, engine: str = "") -> Results:
    """Make the results of a network on some boards."""
    return Results(
        page=lambda: _build_page(found, engine),
        records=lambda: _build_records(found, engine),
        data=lambda: _build_data(found, engine),
    )


def _build_page(found: NetworkFit, engine: str) -> Page:
    single = len(found.boards) == 1
    table = _needs_table(found, engine) if single else _boards_table(found, engine)
    return Page([Remark(_say_answer(found)), table, *_memory_tables(found)], found.network.name)


def _say_answer(found: NetworkFit) -> str:
    """Say in words whether it fits, and what is missing."""
    if len(found.boards) > 1:
        able = sum(fit.holds is True for fit in found.boards)
        return f"It fits {able} of {len(found.boards)} boards; {_say_memory(found)}."
    (fit,) = found.boards
    if fit.holds:
        return f"It fits {fit.board.title}."
    short = [_label(need.word) for need in fit.needs if need.holds is False]
    if short:
        return f"It does not fit {fit.board.title}: too little {' and '.join(short)}."
    unsure = [_label(need.word) for need in fit.needs if need.limit is not None and not need.holds]
    return f"It may fit {fit.board.title}, or not: {' and '.join(unsure)} may be too little."


def _label(word: str) -> str:
    return word.replace("sram", "SRAM")


def _say_memory(found: NetworkFit) -> str:
    bound = "" if found.arena.complete else "at least "
    bytes_ = found.patches.sram if found.patches else found.arena.total
    sram, flash = (as_kibibytes(n) for n in (bytes_, found.embedded.flash))
    return f"it needs {bound}{sram} of SRAM and {flash} of flash"


def write_amount(word: str, amount: float) -> str:
    """Write an amount of what a board limits: bytes in KiB, picoseconds, picojoules."""
    if word == TIME:
        return as_duration(amount)
    return as_energy(amount) if word == ENERGY else as_kibibytes(round(amount))


def _needed_text(need: Need) -> str:
    """Write what is needed: one amount where it is known, else a range."""
    bound = "" if need.complete else ">= "
    if need.word in ("sram", "flash"):
        return f"{bound}{write_amount(need.word, need.estimate or 0)}"
    ends = f"{write_amount(need.word, need.least)} to {write_amount(need.word, need.most)}"
    if need.estimate is None:
        return f"{bound}{ends}"
    return f"{bound}{write_amount(need.word, need.estimate)} ({ends})"


def _margin_text(need: Need) -> str:
    """Write what is left, and its share of what there is."""
    if need.limit is None or need.margin is None:
        return ""
    if need.holds is None and need.margin < 0:
        return "not sure"
    sign, left = ("-", -need.margin) if need.margin < 0 else ("", need.margin)
    share = f" ({sign}{100 * left / need.limit:.0f} %)" if need.limit else ""
    bound = "" if need.complete else "<= "
    return f"{bound}{sign}{write_amount(need.word, left)}{share}"


def _needs_table(found: NetworkFit, engine: str) -> Table:
    rows, (fit,) = [], found.boards
    for word in LIMITED:
        need, label = fit.find_need(word), _label(word)
        if need is None:
            rows.append([label, "?", "", ""])
            continue
        has = "" if need.limit is None else write_amount(word, need.limit)
        known = has or ("?" if word in ("sram", "flash") else "")
        rows.append([label, _needed_text(need), known, _margin_text(need)])
    said = [_say_bytes(found), *_time_lines([fit], engine)]
    return Table(("", "needs", "has", "margin"), rows, caption=said)


def _say_bytes(found: NetworkFit) -> str:
    sram = "TensorFlow Lite Micro's arena, within 3.1 %, which margins allow for,"
    if found.patches:
        sram = "a perfect planner's, in patches; no engine that runs them was measured. It is"
    return f"SRAM: {sram} besides the program's own. {flash_text(found.network)}"


def _time_lines(fits: Sequence[BoardFit], engine: str) -> list[str]:
    """Say what times and energies rest on, and why some are not known."""
    lines = []
    timeless = [fit.board.name for fit in fits if fit.time is None]
    if timeless:
        lines.append(
            f"The time on {', '.join(timeless)} is not known: no clock, or no engine's cycles."
        )
    timed = [fit for fit in fits if fit.time is not None]
    if not timed:
        return lines
    lines.append(_say_engine(timed, engine))
    powerless = [fit.board.name for fit in timed if fit.board.milliwatts is None]
    lines.append("Energy is power x time.")
    if powerless:
        lines[-1] += f" The power of {', '.join(powerless)} is not known: --mw gives it."
    remarks = [remark for fit in timed if fit.time is not None for remark in fit.time.remarks]
    return [*lines, *dict.fromkeys(remarks)]


def _say_engine(timed: Sequence[BoardFit], engine: str) -> str:
    error = f"{100 * MEDIAN_ERROR:.0f} %"
    chosen = [fit.board.choose_cycles(engine) for fit in timed]
    names = dict.fromkeys(name for cycles in chosen if cycles for name in cycles.names)
    if engine:
        return (
            f"Time with {', '.join(names)}, and its 90 % range; the median error on MLPerf Tiny's "
            f"networks is {error}."
        )
    return f"Time: from the fastest to the slowest of {', '.join(names)}; --engine names one."


def _boards_table(found: NetworkFit, engine: str) -> Table:
    titles = ("board", "fits", "SRAM", "margin", "flash", "margin", "time", "energy")
    rows = []
    for fit in found.boards:
        cells = [fit.board.name, ANSWERS[fit.holds]]
        for word in ("sram", "flash"):
            need = fit.find_need(word)
            cells += ["?", ""] if need is None else [_has_text(need), _short_margin(need)]
        for word in (TIME, ENERGY):
            need = fit.find_need(word)
            cells.append("?" if need is None else _short_range(need))
        rows.append(cells)
    said = [_say_bytes(found), *_time_lines(found.boards, engine)]
    return Table(titles, rows, words=(0, 1), caption=said)


def _has_text(need: Need) -> str:
    return "?" if need.limit is None else write_amount(need.word, need.limit)


def _short_margin(need: Need) -> str:
    if not need.limit or need.margin is None:
        return ""
    bound = "" if need.complete else "<= "
    return f"{bound}{100 * need.margin / need.limit:.0f} %"


def _short_range(need: Need) -> str:
    """Write a range in one unit where both ends have it: `41.0-170 ms`."""
    low, high = (write_amount(need.word, end) for end in (need.least, need.most))
    number, _, unit = low.partition(" ")
    return f"{number}-{high}" if high.endswith(f" {unit}") else f"{low}-{high}"


def _memory_tables(found: NetworkFit) -> list[Table]:
    arena, known = found.arena, found.arena.graph.known
    amounts = (
        ("lower bound: a perfect planner", found.embedded.sram, known),
        ("arena's head, plain kernels", found.plain_head, arena.complete),
        ("arena's head, with CMSIS-NN's scratch", arena.head, arena.complete),
        ("arena's tail", arena.tail, arena.complete),
        ("arena", arena.total, arena.complete),
    )
    rows = [
        [label, f"{'' if sure else '>= '}{count / KIBI:,.1f}"] for label, count, sure in amounts
    ]
    said = []
    if known:
        for planner in OTHER_PLANNERS:
            low, high = planner.measure_range(found.embedded.sram)
            rows.append([planner.label, f"{low / KIBI:,.1f} to {high / KIBI:,.1f}"])
            said += [planner.source] * bool(planner.source)
    if not arena.complete:
        said.append(">=: some layers are no single operator there, or unknown; a lower bound.")
    return [Table(("SRAM", "KiB"), rows, caption=said), _alive_table(arena)]


def _alive_table(arena: Arena) -> Table:
    """Make the table of what lies in the head where most of it is needed."""
    alive = sorted(arena.list_alive(arena.peak), key=lambda buffer: -buffer.bytes)
    rows = [[buffer.name, f"{buffer.bytes:,}", f"{buffer.offset:,}"] for buffer in alive[:ALIVE]]
    held = sum(buffer.bytes for buffer in alive)
    said = [f"{arena.binding} binds SRAM: there the head is full to its last byte."]
    if held < arena.head:
        said.append(f"{arena.head - held:,} bytes lie in gaps between the buffers.")
    if len(alive) > ALIVE:
        said.append(f"{len(alive) - ALIVE:,} smaller buffers are left out.")
    return Table(("alive there", "bytes", "address"), rows, caption=said)


def _build_records(found: NetworkFit, engine: str) -> Iterator[Sequence[object]]:
    yield RECORD
    for fit in found.boards:
        sram, flash = fit.find_need("sram"), fit.find_need("flash")
        cells: list[object] = [fit.board.name, ANSWERS[fit.holds]]
        for need in (sram, flash):
            cells += ["", ""] if need is None else [need.estimate, _or_blank(need.limit)]
        for word in (TIME, ENERGY):
            need = fit.find_need(word)
            ends = ("", "") if need is None else (need.least, need.most)
            cells += [f"{end / 10**12:.9g}" if isinstance(end, int) else end for end in ends]
        yield [*cells, engine]


def _or_blank(value: int | None) -> object:
    return "" if value is None else value


def _build_data(found: NetworkFit, engine: str) -> dict[str, object]:
    known = found.arena.graph.known
    others = {one.word: list(one.measure_range(found.embedded.sram)) for one in OTHER_PLANNERS}
    return {
        "schema_version": 1,
        "name": found.network.name,
        "dtype": find_types(found.network).title,
        "engine": engine or None,
        "complete": found.arena.complete,
        "fits": found.holds,
        "sram": {
            "lower_bound": found.embedded.sram,
            "head_plain": found.plain_head,
            **(others if known else dict.fromkeys(others)),
            **arena_data(found.arena),
        },
        "flash": found.embedded.flash,
        "odd_weights": [one._asdict() for one in list_odd_weights(found.network)],
        "boards": [_board_data(fit, engine) for fit in found.boards],
    }


def arena_data(arena: Arena) -> dict[str, object]:
    """Return the arena for programs, in bytes."""
    return {
        "head": arena.head,
        "tail": arena.tail,
        "arena": arena.total,
        "binding_operator": arena.binding,
        "alive": [
            {"name": buffer.name, "bytes": buffer.bytes, "address": buffer.offset}
            for buffer in arena.list_alive(arena.peak)
        ],
    }


def _board_data(fit: BoardFit, engine: str) -> dict[str, object]:
    needs: dict[str, Any] = {}  # Any: JSON
    for need in fit.needs:
        scale = 1 if need.word in ("sram", "flash") else 10**12
        ends = [need.least, need.most, need.estimate, need.limit]
        least, most, likely, limit = (
            None if end is None else end / scale if scale > 1 else end for end in ends
        )
        needs[need.word] = {
            "least": least, "most": most, "estimate": likely, "limit": limit, "fits": need.holds,
        }  # fmt: skip
    cycles = fit.board.choose_cycles(engine)
    return {
        "board": fit.board.name,
        "title": fit.board.title,
        "fits": fit.holds,
        "engines": [] if cycles is None else list(cycles.names),
        "needs": needs,
    }
