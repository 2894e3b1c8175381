"""What `report` and `compare` put into a page for a browser: networks measured, and a plan."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from cnncost import api
from cnncost.cli import arch_reader, options
from cnncost.cli.plan_output import compose_write_command
from cnncost.cli.scale import MeasureScale
from cnncost.cli.search_progress import clear_progress, make_progress
from cnncost.errors import make_printable

if TYPE_CHECKING:
    from cnncost.costs import Report
    from cnncost.language import Spec
    from cnncost.plans.suggestion.suggester import Suggester
    from cnncost.timing import Device
    from cnncost.views.web.web_page import WebPage


def add_footprints(report: "Report", scale: MeasureScale) -> "Report":
    """Add to a report what a page shows of bytes and of training."""
    from cnncost.costs.footprint import compute_footprints

    return report._replace(footprints=compute_footprints(report.network, **scale))


class PageMeasure(NamedTuple):
    """How the networks of a page are counted and measured."""

    scale: MeasureScale
    device: "Device | None" = None
    biases: bool = False
    exclude_padding: bool = False

    def count_costs(self, spec: "Spec") -> "Report":
        """Count a network, with its footprints, and its time where there is a device."""
        report = api.count(spec, biases=self.biases, exclude_padding=self.exclude_padding)
        report = add_footprints(report, self.scale)
        if self.device is None:
            return report
        return api.add_time(report, self.device, self.scale.get("batch"))


class PlanRequest(NamedTuple):
    """What a page shows a plan of."""

    arch: str
    budgets: Sequence[str]
    settings: Sequence[str]
    shapes: Sequence[str]
    seconds: float
    max_layers: int
    strict: bool
    device: str
    """As the command line calls it."""

    def compose_command(self, scale: MeasureScale) -> str:
        """Compose the command that writes the plan."""
        words = ["suggest", self.arch]
        for option, given in (
            ("--budget", self.budgets),
            ("--set", self.settings),
            ("--input", self.shapes),
        ):
            for text in given:
                words += [option, text]
        if self._limits_time():
            words += ["--device", self.device]
        for option, value in scale.items():
            words += [f"--{option}", str(value)]
        return compose_write_command(self.arch, words)

    def _limits_time(self) -> bool:
        from cnncost.plans.edits.budget import limits_time

        return limits_time(self.budgets)

    def make_study(self, measure: PageMeasure) -> "tuple[Spec, Suggester]":
        """Read the network, and make what searches its plan.

        Raises:
            CnncostError: the network cannot be read, or a budget is unknown.
        """
        from cnncost.plans.edits.catalogue import parse_allowed_edits
        from cnncost.plans.edits.meter import Meter
        from cnncost.plans.suggestion.request import SuggestionRequest
        from cnncost.plans.suggestion.suggester import Suggester
        from cnncost.timing import LayerTimer

        read = arch_reader.make_reader(
            self.arch, self.max_layers, strict=self.strict, structured=False
        )
        code = api.is_code(self.arch)  # what is given to it is in the text that it is read as
        spec = read(self.settings, self.shapes)
        given = read((), ()) if (self.settings or self.shapes) and not code else spec
        timer = None
        if measure.device is not None and self._limits_time():
            timer = LayerTimer(measure.device, measure.scale.get("batch"))
        request = SuggestionRequest(
            tuple(self.budgets),
            parse_allowed_edits((), (), ()),
            {} if code else options.parse_settings(self.settings),
            {} if code else options.parse_shapes(self.shapes),
            self.seconds,
            self.max_layers,
            Meter((), timer=timer, **measure.scale),
        )
        return spec, Suggester(given, request)


def make_plan_page(asked: PlanRequest, measure: PageMeasure) -> "tuple[WebPage, bool]":
    """Make the page of a network beside its plan, and say whether the budgets hold.

    Raises:
        CnncostError: the network cannot be read, or a budget is unknown.
    """
    from cnncost.costs.metrics import Metrics
    from cnncost.study.comparison import Side, compare_networks
    from cnncost.views.draw.figure import list_weights
    from cnncost.views.suggest import suggestion_results
    from cnncost.views.web.network_page import make_network_page, make_pair_page

    spec, study = asked.make_study(measure)
    found = study.suggest(make_progress())
    clear_progress()
    said = suggestion_results(found, command=asked.compose_command(measure.scale)).page()
    plan = None if found.is_undecided else found.plan
    before = measure.count_costs(spec)
    if plan is None:
        return make_network_page(before, list_weights(spec), said), found.is_answered
    name = make_printable(asked.arch)
    edited = api.loads(study.writer.write(plan), name=name, max_layers=asked.max_layers)
    after = measure.count_costs(edited)
    sides = [
        Side(label, one, report, Metrics(one.network, **measure.scale))
        for label, one, report in (("before", spec, before), ("after", edited, after))
    ]
    weights = [list_weights(spec), list_weights(edited)]
    title = f"{spec.network.name}, before and after"
    return make_pair_page(compare_networks(sides), weights, title, said), found.is_answered
