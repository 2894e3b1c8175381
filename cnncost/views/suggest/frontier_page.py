"""A frontier: the least score at each size of a metric, as a table with a curve."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple, TextIO

from cnncost.plans.edits.edit import UNIT
from cnncost.plans.edits.meter import Measures
from cnncost.plans.suggestion.frontier import FrontierPoint
from cnncost.quantity import TIME
from cnncost.views.amounts import as_duration
from cnncost.views.grid import Grid, ascii_only
from cnncost.views.page import Page, Results, Table
from cnncost.views.suggest.amount_words import Wording, program_amount, program_text, score_text
from cnncost.views.terminal import share_bar

TITLES = ("point", "share", "budget", "score", "edits")

MOST_NAMED = 8
"""Edits of a point that are named one by one in the terminal."""


def frontier_results(
    points: Sequence[FrontierPoint], before: Measures, *, known: bool, fewest: int = 0
) -> Results:
    """Return the points, in the word that was asked; those out of reach have no score. Unless all
    costs are `known`, amounts are lower bounds; times are below the `fewest` connections."""
    said = Wording([points[0].metric])
    points, before = [_word_point(point, said) for point in points], said.word_measures(before)
    connections = said.word_of("connections")
    marks = BoundMarks(known, connections, said.amount_of("connections", fewest))
    return Results(
        page=lambda: _build_page(points, before, marks),
        records=lambda: _build_records(points, before),
        data=lambda: [_frontier_entry(point) for point in points],
        own={"table": lambda file: _write_curve(file, points, before, marks)},
    )


class BoundMarks(NamedTuple):
    """What stands before an amount that is only a lower bound."""

    known: bool
    connections: str
    """The word for them."""
    fewest: int
    """Of fewer of them, times are lower bounds."""

    def bound_text(self, name: str, after: Measures) -> str:
        """Return an amount of a network, with its mark."""
        short = name == TIME and after[self.connections] < self.fewest
        mark = ">= " if short or not self.known else ""
        return f"{mark}{_count_text(name, after[name])}"


def _count_text(metric: str, value: int) -> str:
    return as_duration(value) if metric == TIME else f"{value:,}"


def _build_page(points: Sequence[FrontierPoint], before: Measures, marks: BoundMarks) -> Page:
    rows = [
        [*_frontier_cells(point, before, _count_text, marks.bound_text), "; ".join(_phrases(point))]
        for point in points
    ]
    titles = [*TITLES, *before, "plan"]
    table = Table(titles, rows, words=(len(titles) - 1,))
    return Page([table], f"Least score by {points[0].metric}")


def _build_records(points: Sequence[FrontierPoint], before: Measures) -> Iterator[list[str]]:
    yield [*TITLES, *before, "proved", "plan"]
    for point in points:
        cells = _frontier_cells(point, before, program_text, _read_text)
        yield [*cells, str(point.proved).lower(), "; ".join(_phrases(point))]


def _word_point(point: FrontierPoint, said: Wording) -> FrontierPoint:
    plan = point.plan and replace(point.plan, after=said.word_measures(point.plan.after))
    return point._replace(plan=plan)


def _phrases(point: FrontierPoint) -> list[str]:
    return [] if point.plan is None else [edit.phrase for edit in point.plan.edits]


def _write_curve(
    file: TextIO, points: Sequence[FrontierPoint], before: Measures, marks: BoundMarks
) -> None:
    metric = points[0].metric
    listed = [word for word in dict.fromkeys((metric, "weights", "connections")) if word in before]
    scores = [abs(point.plan.score) for point in points if point.plan is not None]
    largest = max(scores, default=0)
    title = (f"Least score by {metric}", f"today {marks.bound_text(metric, before)}")
    numeric = [0, 1, 2, *range(4, 4 + len(listed))]
    grid = Grid(["", "share", "score", "", *listed], numeric=numeric, title=title)
    plain = ascii_only(file)
    for point in points:
        number = str(point.number)
        if point.plan is None:
            grid.add_row(number, f"{point.share} %", "-", "", *["-"] * len(listed), style="dim")
            continue
        mark = "" if point.proved else "?"
        said = f"{score_text(point.plan)}{mark}"
        drawn = share_bar(abs(point.plan.score), largest, plain=plain)
        numbers = [marks.bound_text(name, point.plan.after) for name in listed]
        grid.add_row(number, f"{point.share} %", said, drawn, *numbers)
    notes = ["- is out of reach." if any(point.plan is None for point in points) else ""]
    notes += ["? is the best found in time, not proved."] * (not all(p.proved for p in points))
    grid.write_grid(file, [*_edit_lines(points), *(note for note in notes if note)])


def _edit_lines(points: Sequence[FrontierPoint]) -> Iterator[str]:
    """Return the edits of the points that are within reach; of points of one plan once."""
    plans: dict[tuple[str, ...], list[str]] = {}
    for point in points:
        if point.plan is not None:
            plans.setdefault(tuple(_phrases(point)), []).append(str(point.number))
    for phrases, numbers in plans.items():
        more = len(phrases) - MOST_NAMED
        shown = [*phrases[:MOST_NAMED], *([f"and {more} more"] if more > 0 else [])]
        yield f"{', '.join(numbers)}. {'; '.join(shown) or 'nothing changes'}"


def _read_text(metric: str, after: Measures) -> str:
    return program_text(metric, after[metric])


def _frontier_cells(
    point: FrontierPoint,
    before: Measures,
    write: Callable[[str, int], str],
    write_after: Callable[[str, Measures], str],
) -> list[str]:
    """Return a point's cells, the amounts written by these."""
    budget = write(point.metric, point.budgets[0].limit)
    head = [str(point.number), str(point.share), budget]
    if point.plan is None:
        return [*head, *[""] * (2 + len(before))]
    score = f"{point.plan.score / UNIT:.5f}"
    after = [write_after(metric, point.plan.after) for metric in before]
    return [*head, score, str(len(point.plan.edits)), *after]


def _program_amounts(values: Measures) -> dict[str, int | float]:
    return {metric: program_amount(metric, value) for metric, value in values.items()}


def _frontier_entry(point: FrontierPoint) -> dict[str, object]:
    plan = point.plan
    return {
        "point": point.number,
        "metric": point.metric,
        "share": point.share,
        "budget": program_amount(point.metric, point.budgets[0].limit),
        "proved": point.proved,
        "score": None if plan is None else plan.score / UNIT,
        "after": None if plan is None else _program_amounts(plan.after),
        "edits": [] if plan is None else [edit.phrase for edit in plan.edits],
    }
