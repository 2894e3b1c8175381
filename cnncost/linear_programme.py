"""Linear programmes with whole-numbered columns, solved by HiGHS (Huangfu & Hall 2018)."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncost.errors import CnncostError

if TYPE_CHECKING:
    from cnncost.arrays import Floats, Ints

MOST_BYTES, LEAST_ROOM = 320 * 2**20, 64 * 2**20
"""Bytes of memory that the process takes when HiGHS is stopped; and those that a search may take
in any case."""

MOST_BEGUN = 480 * 2**20
"""Up to how many bytes of memory HiGHS is begun at all: it heeds being stopped only once it has
looked at all rows."""

RELAXED_BYTES, WHOLE_BYTES = 200, 800
"""The most bytes that it was seen to take for each term of the rows: where columns need not be
whole, and where they do."""

PROBING = 1 << 15
"""HiGHS' bit for probing: on programmes of tables it took 20 s and 1 GB, heeding no stop, for no
better plan."""


@dataclass
class LinearProgramme:
    """Columns of at least 0 and rows over them, for the least cost."""

    costs: list[float] = field(default_factory=list)
    most: list[float] = field(default_factory=list)
    whole: list[bool] = field(default_factory=list)
    rows: list[tuple[float, float, list[int], list[float]]] = field(default_factory=list)

    def add_column(self, cost: float = 0.0, *, whole: bool = False, most: float = 1.0) -> int:
        self.costs.append(cost)
        self.most.append(most)
        self.whole.append(whole)
        return len(self.costs) - 1

    def add_row(self, low: float, high: float, terms: Mapping[int, float]) -> None:
        self.rows.append((low, high, list(terms), list(terms.values())))

    def matrix(self) -> RowMatrix:
        import numpy as np

        starts = np.cumsum([0, *(len(row[2]) for row in self.rows)], dtype=np.int64)
        columns = np.fromiter((i for row in self.rows for i in row[2]), np.int64, int(starts[-1]))
        values = np.fromiter((v for row in self.rows for v in row[3]), np.float64, int(starts[-1]))
        return RowMatrix(starts, columns, values)

    def reduce_costs(self, duals: Floats) -> tuple[float, Floats]:
        """Return a constant, and each column's cost less what the duals of its rows credit it for.

        Whatever the duals, constant and reduced costs together are no more than the costs of any
        columns that hold the rows (Lagrangian relaxation). At a dual of 2 for a row of at least 3,
        columns of 5 and 1 cost 6 + 3 x and 6 - 1 x.

        >>> import numpy as np
        >>> programme = LinearProgramme()
        >>> programme.add_row(3, inf, {programme.add_column(5): 1, programme.add_column(1): 1})
        >>> constant, reduced = programme.reduce_costs(np.array([2.0]))
        >>> constant, reduced.tolist()
        (6.0, [3.0, -1.0])
        """
        import numpy as np

        low = np.array([row[0] for row in self.rows])
        high = np.array([row[1] for row in self.rows])
        valid = np.where(duals > 0, np.isfinite(low), np.isfinite(high)) & np.isfinite(duals)
        price = np.where(valid, duals, 0.0)
        side = np.where(price > 0, low, np.where(price < 0, high, 0.0))
        starts, columns, values = self.matrix()
        paid = values * np.repeat(price, np.diff(starts))
        credit = np.bincount(columns, weights=paid, minlength=len(self.costs))
        return float(price @ side), np.array(self.costs) - credit


class RowMatrix(NamedTuple):
    """The terms of all rows, one row after another."""

    starts: Ints
    """Where each row begins; at the end how many terms there are."""
    columns: Ints
    values: Floats


class ProgrammeAnswer(NamedTuple):
    """How HiGHS ended."""

    values: list[float] | None
    """Of each column; None where it found none that hold the rows."""
    bound: float
    """No columns that hold the rows cost less."""
    optimal: bool
    infeasible: bool = False
    """Whether no columns hold the rows."""


def solve_whole(
    programme: LinearProgramme,
    seconds: float,
    gap: float,
    report: Callable[[float, float], None] | None = None,
) -> ProgrammeAnswer:
    """Find the columns of least cost, to less than a gap; `report` is told the best cost found so
    far and the bound."""
    import highspy

    if not _has_room(programme, WHOLE_BYTES):
        return ProgrammeAnswer(None, -inf, optimal=False)
    highs = _make_highs(seconds, gap)
    _pass_programme(highs, programme, relaxed=False)
    if report is not None:
        tell = report
        highs.cbMipImprovingSolution += lambda e: tell(
            e.data_out.mip_primal_bound, e.data_out.mip_dual_bound
        )
    _run_within(highs, seconds)
    status, info = highs.getModelStatus(), highs.getInfo()
    infeasible = status == highspy.HighsModelStatus.kInfeasible
    feasible = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    values = highs.getSolution().col_value if feasible else None
    optimal = feasible and status == highspy.HighsModelStatus.kOptimal
    bound = inf if infeasible else info.mip_dual_bound
    _release_highs(highs)
    return ProgrammeAnswer(values, bound, optimal, infeasible)


def find_duals(programme: LinearProgramme, seconds: float) -> Floats | None:
    """Find the duals of the rows once columns need not be whole; None where even so no columns
    hold the rows. What is found in too short a time, or too little memory, are no good ones."""
    import highspy
    import numpy as np

    if not _has_room(programme, RELAXED_BYTES):
        return np.zeros(len(programme.rows))
    highs = _make_highs(seconds, 0.0)
    _pass_programme(highs, programme, relaxed=True)
    _run_within(highs, seconds)
    infeasible = highs.getModelStatus() == highspy.HighsModelStatus.kInfeasible
    solution = highs.getSolution()
    found = np.array(solution.row_dual if solution.dual_valid else [], dtype=np.float64)
    _release_highs(highs)
    if infeasible:
        return None
    return found if len(found) == len(programme.rows) else np.zeros(len(programme.rows))


def _run_within(highs: Any, seconds: float) -> None:  # Any: highspy has no types
    """Run HiGHS for at most so many seconds, since it looks at its own time limit late, and only
    while memory lasts: what it knows by then is its answer.

    It runs in a thread: an exception in its callbacks, as Ctrl-C raises, would be lost there.
    """
    from threading import Event, Thread

    ended = Event()  # Thread.join() takes a thread for ended once Ctrl-C has interrupted it

    def run() -> None:
        try:
            highs.run()
        finally:
            ended.set()

    highs.HandleUserInterrupt = True
    end, most = monotonic() + seconds, max(MOST_BYTES, _resident_bytes() + LEAST_ROOM)
    Thread(target=run, daemon=True).start()
    try:
        while (left := end - monotonic()) > 0 and not ended.wait(min(left, 0.02)):
            if _resident_bytes() > most:
                break
    finally:
        highs.cancelSolve()
        ended.wait()


def _has_room(programme: LinearProgramme, bytes_per_term: int) -> bool:
    """Whether HiGHS ends within the memory that there may be, as far as its rows tell."""
    terms = sum(len(columns) for _, _, columns, _ in programme.rows)
    return _resident_bytes() + terms * bytes_per_term <= MOST_BEGUN


def _resident_bytes() -> int:
    """Return the bytes of memory that this process takes; 0 where the system has no such file."""
    try:
        pages = Path("/proc/self/statm").read_text().split()[1]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _release_highs(highs: Any) -> None:  # Any: highspy has no types
    """Let go of what HiGHS holds: its callbacks hold it, until Python looks for such circles.

    What its thread has freed goes back to the system, as glibc does not by itself.
    """
    highs.disableCallbacks()
    highs.callbacks.clear()
    highs.clear()
    if sys.platform == "linux":
        import ctypes

        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if trim is not None:
            trim(0)


def _make_highs(seconds: float, gap: float) -> Any:  # Any: highspy has no types
    try:
        import highspy
    except ModuleNotFoundError:
        raise CnncostError("highspy is not installed", "pip install highspy") from None

    class Quiet(highspy.Highs):  # type: ignore[misc]  # its class has no types
        def enableCallbacks(self) -> None:  # noqa: N802  HiGHS' name
            # Called while it is made; the first thing that could print its banner.
            self.setOptionValue("output_flag", False)
            super().enableCallbacks()

    highs = Quiet()
    for option, value in (
        ("output_flag", False),
        ("mip_rel_gap", 0.0),
        ("mip_abs_gap", gap),
        ("time_limit", max(0.0, float(seconds))),
        ("threads", 1),
        ("random_seed", 0),
        ("mip_detect_symmetry", False),
        ("presolve_rule_off", PROBING),
    ):
        highs.setOptionValue(option, value)
    return highs


def _pass_programme(highs: Any, programme: LinearProgramme, *, relaxed: bool) -> None:
    import highspy
    import numpy as np

    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(programme.costs), len(programme.rows)
    lp.col_cost_ = np.array(programme.costs)
    lp.col_lower_ = np.zeros(len(programme.costs))
    lp.col_upper_ = np.array(programme.most)
    lp.row_lower_ = np.array([row[0] for row in programme.rows])
    lp.row_upper_ = np.array([row[1] for row in programme.rows])
    if not relaxed:
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[whole] for whole in programme.whole]
    starts, columns, values = programme.matrix()
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = starts.astype(np.int32)
    lp.a_matrix_.index_ = columns.astype(np.int32)
    lp.a_matrix_.value_ = values
    highs.passModel(lp)
