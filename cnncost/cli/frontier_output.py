"""Answer `suggest --pareto`: the frontier as a table or a picture, and the point that is picked."""

import io
from dataclasses import replace
from pathlib import PurePath
from typing import NamedTuple

from cnncost.cli.output import open_destination, write_bytes
from cnncost.cli.plan_output import PlanDestination, write_plan
from cnncost.cli.search_progress import clear_progress, make_progress
from cnncost.plans.suggestion.frontier import FrontierPoint, find_frontier, pick_point
from cnncost.plans.suggestion.suggester import Suggester

PICTURES = (".svg", ".png", ".pdf")


class FrontierOutput(NamedTuple):
    """Where the points go, and in which format."""

    output: str
    """A file, - for standard output; empty where the picked plan goes there alone."""
    form: str

    @property
    def picture(self) -> str:
        """The form of a picture, by the file's ending; empty for a table."""
        suffix = PurePath(self.output).suffix.lower()
        return suffix[1:] if suffix in PICTURES and self.form == "table" else ""


def answer_frontier(
    study: Suggester, word: str, pick: str, destination: PlanDestination, shown: FrontierOutput
) -> None:
    """Find the frontier, write the point that is picked, and show all points.

    Raises:
        CnncostError: there is no such metric or point.
    """
    points = find_frontier(study, word, make_progress())
    clear_progress()
    if pick:
        point = pick_point(points, pick, study)
        assert point.plan is not None  # what is picked is within reach
        writer = replace(study.writer, asked=point.budgets)
        write_plan(writer, point.plan, destination)
    if shown.picture:
        _draw_points(study, points, shown, force=destination.force)
    elif shown.output:
        _list_points(study, points, shown, force=destination.force)


def _draw_points(
    study: Suggester, points: list[FrontierPoint], shown: FrontierOutput, *, force: bool
) -> None:
    from cnncost.quantity import counted_as
    from cnncost.views.draw.frontier_curve import draw_frontier

    metric, times = counted_as(points[0].metric)
    drawn = io.BytesIO()
    name = study.editable.network.name
    draw_frontier(drawn, points, times * study.before[metric], shown.picture, name)
    write_bytes(shown.output, drawn.getvalue(), force=force)


def _list_points(
    study: Suggester, points: list[FrontierPoint], shown: FrontierOutput, *, force: bool
) -> None:
    from cnncost.views.page_writers import write_results
    from cnncost.views.suggest.frontier_page import frontier_results

    with open_destination(shown.output, force=force) as file:
        timer = study.editable.meter.timer
        results = frontier_results(
            points,
            study.before,
            known=not study.unknown,
            fewest=timer.least_connections if timer else 0,
        )
        write_results(file, results, shown.form)
