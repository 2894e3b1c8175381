"""One spec under study: its draft, its single edits, and the searches over its plans."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from cnncost.costs import count_network
from cnncost.errors import CnncostError, did_you_mean
from cnncost.quantity import SCALED, budget_metric
from cnncost.spec import MAX_LAYERS, Spec
from cnncost.suggest import budget as budgets_of
from cnncost.suggest.baseline import uniform
from cnncost.suggest.budget import Budget, holds
from cnncost.suggest.catalogue import Menu
from cnncost.suggest.change import apply, unified_diff
from cnncost.suggest.damage import UNIT
from cnncost.suggest.draft import METRICS, Draft, Measures, drafted, named
from cnncost.suggest.filling import alone
from cnncost.suggest.meter import Meter, ordered
from cnncost.suggest.plan import Plan, single
from cnncost.suggest.precision import Precision, price, smaller
from cnncost.suggest.reach import reach
from cnncost.suggest.run import Progress
from cnncost.suggest.scenes import scenes, spatial
from cnncost.suggest.search import Search
from cnncost.suggest.sheet import Sheet
from cnncost.suggest.singles import Foreseen, Singles
from cnncost.suggest.space import offered
from cnncost.suggest.suggestion import Point, Suggestion
from cnncost.suggest.tables import Costs
from cnncost.suggest.trials import tried
from cnncost.suggest.variable import Variable
from cnncost.suggest.widening import widening


@dataclass(frozen=True)
class Request:
    """What is asked of a search."""

    budgets: tuple[str, ...] = ()
    """As `weights=20M`; the spec's own if there is none."""
    menu: Menu = field(default_factory=Menu)
    params: Mapping[str, int | Fraction] | None = None
    inputs: Mapping[str, tuple[int, ...]] | None = None
    seconds: float = 60.0
    max_layers: int = MAX_LAYERS
    meter: Meter = field(default_factory=Meter)
    """The scale of bytes: batch, element type, optimiser; and bytes to measure besides those
    of the budgets."""

    def measuring(self, spec: Spec) -> Meter:
        """The meter, with the bytes that the budgets limit."""
        named = budgets_of.bytes_in(self.budgets) if self.budgets else tuple(spec.budget)
        return replace(self.meter, bytes=ordered((*named, *self.meter.bytes)))


LARGEST = 10**15
"""Far below what makes no network in the searches' tables, and what floats add up exactly."""

SHARES = (90, 80, 70, 60, 50, 40, 30, 20, 10)
"""Where a frontier is looked at, in per cent of today's."""


class Study:
    """One spec under study: its draft, and the searches over it."""

    def __init__(self, spec: Spec, request: Request) -> None:
        self.request, self.spec = request, spec
        sheet = Sheet(spec.text.name, spec.text.text)
        changes = sheet.settled(request.params or {}, request.inputs or {})
        sheet = Sheet(sheet.name, apply(sheet.text, changes))
        self.original = spec.text.text
        meter = request.measuring(spec)
        self.draft = drafted(sheet, request.max_layers, request.menu.kept, meter)
        _refuse_unknown(self.draft, request.menu.kept)
        meter.refuse_unknown(self.draft.network)
        self.before = self.draft.measured(self.draft.network)
        _refuse_huge(self.draft.network.name, self.before)
        self.alone = list(_foreseen(self.draft, request.menu))
        """Every choice of every variable alone."""
        variables = [variable for variable, _ in self.alone]
        self.spatial = spatial(self.draft, request.menu)
        offers = scenes(self.draft, request.menu, variables, self.spatial)
        self.search = Search(offers, variables, request.seconds, self.draft.clock)

    def budgets(self) -> tuple[Budget, ...]:
        """The budgets asked for, else the spec's own."""
        if self.request.budgets:
            return budgets_of.parse(self.request.budgets, self.before)
        return budgets_of.of_spec(self.draft.spec.budget)

    def suggest(self, progress: Progress | None = None) -> Suggestion:
        """Everything that there is to say."""
        budgets = self.budgets()
        singles = Singles(self.draft, self._singles(), self.before, budgets)
        alike = uniform(self.draft, self.search.variables, budgets) if budgets else None
        found = self.search.best(budgets, alike, progress=progress) if budgets else None
        plan = found.plan if found else None
        plain = None
        if plan is not None and plan.uses("separable"):
            plain = self.search.without("separable", plan, budgets, alike)
        lost = found is not None and plan is None and found.proved
        return Suggestion(
            self.draft.spec,
            self.before,
            budgets,
            singles,
            plan,
            found.proved if found else True,
            found.seconds if found else 0.0,
            self.search.space(),
            alike,
            plain,
            reach(self.search, budgets) if lost else None,
            _shares(self.draft),
            tuple(self._precisions(budgets)),
            self.draft.meter.scale,
            widening(self.request.menu),
            _narrow(self.draft),
        )

    def _singles(self) -> list[Foreseen]:
        """Every edit alone: as the counter foresees it where only counts are looked at, else as
        its text measures."""
        counts = [
            Foreseen(choice, dict(zip(METRICS, costs, strict=True)))
            for variable, found in self.alone
            for choice, costs in zip(variable.choices[1:], found, strict=True)
        ]
        spatial_ones = [single(self.draft, choice) for choice in self.spatial]
        others = [Foreseen(one.choice, one.after) for one in spatial_ones if one is not None]
        if not self.draft.meter.bytes:
            return [*counts, *others]
        measured = [single(self.draft, one.choice) for one in counts]
        return [*(Foreseen(one.choice, one.after) for one in measured if one), *others]

    def _precisions(self, budgets: Sequence[Budget]) -> Iterator[Precision]:
        """The best plans at smaller element types, for the same amounts of bytes."""
        request, meter = self.request, self.draft.meter
        if not request.menu.precision or not any(b.metric in SCALED for b in budgets):
            return
        asked = tuple(f"{budget.metric}={budget.asked}" for budget in budgets)
        menu = replace(request.menu, precision=False)
        for dtype in smaller(meter.dtype):
            if dtype == "int8" and "training_memory" in meter.bytes:
                continue  # int8 does not train
            own = replace(request.meter, dtype=dtype)
            study = Study(self.spec, replace(request, budgets=asked, menu=menu, meter=own))
            limits, known = study.budgets(), price(dtype, study.draft.network)
            met = holds(study.before, limits)
            plan = None if met else study.search.best(limits).plan
            yield Precision(dtype, known, study.before, plan, met)

    def pareto(self, word: str, progress: Progress | None = None) -> list[Point]:
        """The least score at each size of a metric, the other budgets held throughout.

        Raises:
            CnncostError: there is no such metric.
        """
        metric = budget_metric(word)
        others = [budget for budget in self.budgets() if budget.metric != metric]
        self.search.seconds = self.request.seconds / len(SHARES)
        points = []
        for share in SHARES:
            most = self.before[metric] * share // 100
            budgets = [*others, Budget(metric, most, str(most))]
            if progress is not None:
                progress(f"{share} % of the {metric}")
            alike = uniform(self.draft, self.search.variables, budgets)
            found = self.search.best(budgets, alike)
            points.append(Point(metric, share, most, found.plan, found.proved))
        return points

    def finished(self, plan: Plan) -> str:
        """The plan's text as a spec of its own: what `--write` writes."""
        sheet = Sheet(self.draft.sheet.name, plan.text)
        budgets = {budget.metric: budget.asked for budget in self.budgets()}
        asked = ", ".join(f"{metric}={amount}" for metric, amount in budgets.items())
        if unwritten := self.unwritten():
            asked += f" ({self.draft.meter.scale})"
            budgets = {m: amount for m, amount in budgets.items() if m not in unwritten}
        said = f"cnncost suggest: {self.spec.text.base}, {asked}, score {plan.score / UNIT:.3f}"
        return apply(sheet.text, sheet.finished(budgets, said))

    def unwritten(self) -> tuple[str, ...]:
        """The metrics of budgets that the finished text does not carry: a spec's own budget is
        held at batch 1 in fp32, and another scale's is another."""
        asked = [budget.metric for budget in self.budgets()]
        return tuple(metric for metric in asked if not self.draft.meter.plain(metric))

    def diff(self, plan: Plan) -> str:
        """What makes the file the spec that `--write` writes, as `patch` applies it."""
        return unified_diff(self.original, self.finished(plan), self.draft.sheet.name)


def _foreseen(draft: Draft, menu: Menu) -> Iterator[tuple[Variable, list[Costs]]]:
    """Every variable with the choices that make a network, and the costs of each alone."""
    for variable in offered(draft, menu):
        one, trials = tried(draft, variable)
        found = alone(draft, one, {(0, k): own for k, own in enumerate(trials, 1)})
        pairs = zip(one.choices[1:], found[1:], strict=True)
        good = [(choice, costs) for choice, costs in pairs if costs is not None]
        choices = (one.choices[0], *(choice for choice, _ in good))
        yield replace(one, choices=choices), [costs for _, costs in good]


def _shares(draft: Draft) -> dict[str, dict[str, float]]:
    """Where a network's weights and connections are."""
    report = count_network(draft.network)
    shares: dict[str, dict[str, float]] = {}
    for metric in ("weights", "connections"):
        total = getattr(report.totals, metric) or 1
        shares[metric] = {}
        for row in report.layers:
            family = _FAMILIES.get(row.word, "other layers")
            held = getattr(row, metric) / total
            shares[metric][family] = shares[metric].get(family, 0.0) + held
    return shares


_FAMILIES = {
    **dict.fromkeys(("conv", "depthwise_conv", "conv_transpose"), "convolutions"),
    "dense": "dense layers",
    "linear": "linear layers",
    "attention": "attention layers",
}
"""What the layers that hold most of a metric are called together."""


def _narrow(draft: Draft) -> bool:
    from cnncost.suggest.damage import NARROW_CHANNELS

    groups = [g for g in draft.groups.groups.values() if not g.frozen and g.role != "dense"]
    return 2 * sum(group.width < NARROW_CHANNELS for group in groups) > len(groups)


def _refuse_huge(name: str, before: Measures) -> None:
    """Refuse what the searches cannot add up exactly; they count in 64 bits and in floats."""
    for metric, value in before.items():
        if value >= LARGEST:
            raise CnncostError(
                f"{name} has {value:.3g} {metric}: too many to plan for",
                "plans are made for less than 10^15 of each metric",
            )


def _refuse_unknown(draft: Draft, kept: Sequence[str]) -> None:
    names = [node.name for node in draft.network.layers]
    for word in kept:
        if not any(named(name, [word]) for name in names):
            known = "cnncost table --all lists the layers"
            raise CnncostError(
                f"--keep {word}: no layer is called so", did_you_mean(word, names, known)
            )


__all__ = ["METRICS", "Request", "Study"]
