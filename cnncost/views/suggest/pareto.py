"""A frontier: the least score at each size of a metric, as a table with a curve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from cnncost.suggest.damage import UNIT
from cnncost.suggest.draft import METRICS, Measures
from cnncost.suggest.study import Point
from cnncost.views.grid import Grid, ascii_only
from cnncost.views.terminal import bar

TITLES = ("share", "budget", "score", "edits", *METRICS)


def write(file: TextIO, points: Sequence[Point], before: Measures, form: str) -> None:
    """Write the points; those out of reach have no score."""
    if form == "json":
        import json

        json.dump([_entry(point) for point in points], file, indent=2)
        file.write("\n")
    elif form == "csv":
        import csv

        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*TITLES, "proved"])
        for point in points:
            writer.writerow([*_cells(point, plain=True), str(point.proved).lower()])
    elif form == "markdown":
        file.write(f"| {' | '.join(TITLES)} |\n| {' | '.join(['---:'] * len(TITLES))} |\n")
        for point in points:
            file.write(f"| {' | '.join(_cells(point, plain=False))} |\n")
    else:
        _table(file, points, before)


def _table(file: TextIO, points: Sequence[Point], before: Measures) -> None:
    metric = points[0].metric
    shown = [*dict.fromkeys((metric, "weights", "connections"))]
    largest = max([point.plan.score for point in points if point.plan is not None], default=0)
    title = (f"Least score by {metric}", f"today {before[metric]:,}")
    grid = Grid(["share", "score", "", *shown], numeric=[0, 1, 3, 4, 5], title=title)
    plain = ascii_only(file)
    for point in points:
        if point.plan is None:
            grid.add(f"{point.share} %", "-", "", *["-"] * len(shown), style="dim")
            continue
        mark = "" if point.proved else "?"
        score = f"{point.plan.score / UNIT:.3f}{mark}"
        drawn = bar(point.plan.score, largest, plain=plain)
        numbers = [f"{point.plan.after[name]:,}" for name in shown]
        grid.add(f"{point.share} %", score, drawn, *numbers)
    notes = ["- is out of reach." if any(point.plan is None for point in points) else ""]
    notes += ["? is the best found in time, not proved."] * (not all(p.proved for p in points))
    grid.write(file, [note for note in notes if note])


def _cells(point: Point, *, plain: bool) -> list[str]:
    number = str if plain else "{:,}".format
    head = [str(point.share), number(point.most)]
    if point.plan is None:
        return [*head, *[""] * (2 + len(METRICS))]
    score = f"{point.plan.score / UNIT:.5f}"
    after = [number(point.plan.after[metric]) for metric in METRICS]
    return [*head, score, str(len(point.plan.steps)), *after]


def _entry(point: Point) -> dict[str, object]:
    plan = point.plan
    return {
        "metric": point.metric,
        "share": point.share,
        "budget": point.most,
        "proved": point.proved,
        "score": None if plan is None else plan.score / UNIT,
        "after": None if plan is None else dict(plan.after),
        "edits": [] if plan is None else [step.choice.phrase for step in plan.steps],
    }
