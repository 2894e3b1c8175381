"""One spec under study: its draft, its single edits, and the searches over its plans."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from time import monotonic

from cnncost.costs import count_network
from cnncost.quantity import SCALED, budget_metric, counted_as
from cnncost.quantity import counted as counted_of
from cnncost.spec import Spec
from cnncost.suggest.decisions.catalogue import Menu
from cnncost.suggest.decisions.cost_tables import Costs
from cnncost.suggest.decisions.search_space import offered
from cnncost.suggest.decisions.table_filling import alone
from cnncost.suggest.decisions.width_trials import tried
from cnncost.suggest.search.plan import Plan, single, uniform
from cnncost.suggest.search.plan_search import Progress, Search
from cnncost.suggest.search.spatial_variants import scenes, spatial
from cnncost.suggest.search.unmet_budgets import Reach, reach
from cnncost.suggest.suggestion.answer import (
    Point,
    Suggestion,
    held_shares,
    mostly_narrow,
    widening,
)
from cnncost.suggest.suggestion.precision import Precision, price, smaller
from cnncost.suggest.suggestion.request import Request, refuse_huge, refuse_unknown
from cnncost.suggest.suggestion.single_edits import Foreseen, Singles
from cnncost.suggest.text import budget as budgets_of
from cnncost.suggest.text.budget import Budget, holds
from cnncost.suggest.text.clock import TimeOverError
from cnncost.suggest.text.damage import UNIT
from cnncost.suggest.text.edit import Variable
from cnncost.suggest.text.editable_spec import Draft, drafted
from cnncost.suggest.text.meter import METRICS
from cnncost.suggest.text.text_changes import apply, unified_diff
from cnncost.suggest.text.text_places import Sheet

VARIABLES, SPATIAL, SINGLES = 0.35, 0.5, 0.6
"""Up to which part of its time a study makes its variables, its spatial changes, and tries its
single edits; the rest is the search's."""

CLOSING = 1.0
"""Seconds behind the time limit in which what was found is recounted for showing."""

SHARES = (90, 80, 70, 60, 50, 40, 30, 20, 10)
"""Where a frontier is looked at, in per cent of today's."""


class Study:
    """One spec under study: its draft, and the searches over it."""

    def __init__(self, spec: Spec, request: Request) -> None:
        self.request, self.spec = request, spec
        self.started = monotonic()
        self.left_out: list[str] = []
        """What there was no time to put into the search, in words."""
        sheet = Sheet(spec.text.name, spec.text.text)
        changes = sheet.settled(request.params or {}, request.inputs or {})
        sheet = Sheet(sheet.name, apply(sheet.text, changes))
        self.original = spec.text.text
        meter = request.measuring(spec)
        self.draft = drafted(sheet, request.max_layers, request.menu.kept, meter)
        refuse_unknown(self.draft, request.menu.kept)
        meter.refuse_unknown(self.draft.network)
        self.before = self.draft.measured(self.draft.network)
        self.unknown = count_network(self.draft.network).unknown
        """The layers whose costs nobody knows: what is measured is a lower bound then."""
        refuse_huge(self.draft.network.name, self.before)
        clock = self.draft.clock
        self.alone, self.whole = clock.gather(
            _foreseen(self.draft, request.menu), self._until(VARIABLES)
        )
        """Every choice of every variable alone, and whether these are all there are."""
        variables = [variable for variable, _ in self.alone]
        self.spatial, all_read = clock.gather(
            spatial(self.draft, request.menu), self._until(SPATIAL)
        )
        offers, counted = scenes(
            self.draft, request.menu, variables, self.spatial, self._until(SINGLES)
        )
        if not self.whole:
            self.left_out.append(f"all but {counted_of(len(variables), 'place')} to edit")
        if not all_read or counted < len(self.spatial):
            self.left_out.append(f"all but {counted_of(counted, 'spatial change')}")
        self.search = Search(offers, variables, request.seconds, clock, complete=not self.left_out)

    def _until(self, share: float) -> float:
        """When a part of the study's time is over."""
        return self.started + share * self.request.seconds

    def budgets(self) -> tuple[Budget, ...]:
        """The budgets asked for, else the spec's own."""
        if self.request.budgets:
            return budgets_of.parse(self.request.budgets, self.before)
        return budgets_of.of_spec(self.draft.spec.budget)

    def suggest(self, progress: Progress | None = None) -> Suggestion:
        """Everything that there is to say."""
        with self.draft.clock.until(self._until(1)):
            found = self._suggested(progress)
        self.draft.clock.close(self._until(1) + CLOSING)
        return found

    def _suggested(self, progress: Progress | None) -> Suggestion:
        budgets = self.budgets()
        tried_ones, untried = self._singles()
        singles = Singles(self.draft, tried_ones, self.before, budgets, untried)
        alike, scaled = self._uniform(budgets)
        found = self.search.best(budgets, alike, progress=progress) if budgets else None
        plan = found.plan if found else None
        plain = None
        if plan is not None and plan.uses("separable") and self.draft.clock.left > 0:
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
            self._reach(budgets) if lost else None,
            held_shares(self.draft),
            tuple(self._precisions(budgets)),
            self.draft.meter.scale,
            widening(self.request.menu),
            mostly_narrow(self.draft),
            self.unknown,
            scaled,
            tuple(self.left_out),
        )

    def _uniform(self, budgets: Sequence[Budget]) -> tuple[Plan | None, bool]:
        """Uniform scaling, and whether there was the time to try it on all widths."""
        if not self.whole:
            return None, False
        try:
            return (uniform(self.draft, self.search.variables, budgets) if budgets else None), True
        except TimeOverError:
            return None, False

    def _reach(self, budgets: Sequence[Budget]) -> Reach | None:
        """How near the space comes; None where there was no time for it."""
        try:
            return reach(self.search, budgets)
        except TimeOverError:
            return None

    def _singles(self) -> tuple[list[Foreseen], int]:
        """Every edit alone, and how many there was no time for: as the counter foresees it where
        only counts are looked at, else as its text measures."""
        counts = [
            Foreseen(choice, dict(zip(METRICS, costs, strict=True)))
            for variable, found in self.alone
            for choice, costs in zip(variable.choices[1:], found, strict=True)
        ]
        measure, clock = partial(single, self.draft), self.draft.clock
        read, until = [one.choice for one in counts] * bool(self.draft.meter.bytes), SINGLES
        spatial_ones, _ = clock.gather(map(measure, self.spatial), self._until(until))
        measured, _ = clock.gather(map(measure, read), self._until(until))
        untried = len(self.spatial) - len(spatial_ones) + len(read) - len(measured)
        others = [Foreseen(one.choice, one.after) for one in spatial_ones if one]
        if not self.draft.meter.bytes:
            return [*counts, *others], untried
        return [*(Foreseen(one.choice, one.after) for one in measured if one), *others], untried

    def _precisions(self, budgets: Sequence[Budget]) -> Iterator[Precision]:
        """The best plans at smaller element types, for the same amounts of bytes."""
        request, meter = self.request, self.draft.meter
        if not request.menu.precision or not any(b.metric in SCALED for b in budgets):
            return
        asked = tuple(f"{budget.named}={budget.asked}" for budget in budgets)
        menu = replace(request.menu, precision=False)
        for dtype in smaller(meter.dtype):
            if dtype == "int8" and "training_memory" in meter.bytes:
                continue  # int8 does not train
            left = self.draft.clock.left
            if left <= 0:
                self.left_out.append(f"plans in {dtype}")
                continue
            own = replace(request.meter, dtype=dtype)
            asking = replace(request, budgets=asked, menu=menu, meter=own, seconds=left)
            study = Study(self.spec, asking)
            limits, known = study.budgets(), price(dtype, study.draft.network)
            met = holds(study.before, limits)
            with study.draft.clock.until(study._until(1)):
                plan = None if met else study.search.best(limits).plan
            yield Precision(dtype, known, study.before, plan, met)

    def pareto(self, word: str, progress: Progress | None = None) -> list[Point]:
        """The least score at each size of a metric, the other budgets held throughout.

        Raises:
            CnncostError: there is no such metric.
        """
        word = budget_metric(word)
        metric, _ = counted_as(word)
        others = [budget for budget in self.budgets() if budget.metric != metric]
        points = []
        for done, share in enumerate(SHARES):
            # What the study and the points before left, in equal parts.
            until = monotonic() + max(0.0, self._until(1) - monotonic()) / (len(SHARES) - done)
            most = self.before[metric] * share // 100
            budgets = [*others, Budget(metric, most, str(most))]
            if progress is not None:
                progress(f"{share} % of the {word}")
            with self.draft.clock.until(until):
                alike, _ = self._uniform(budgets)
                found = self.search.best(budgets, alike)
            points.append(Point(word, share, most, found.plan, found.proved))
        return points

    def finished(self, plan: Plan) -> str:
        """The plan's text as a spec of its own: what `--write` writes."""
        sheet = Sheet(self.draft.sheet.name, plan.text)
        budgets = {budget.named: budget.asked for budget in self.budgets()}
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
    for variable in draft.clock.watched(offered(draft, menu)):
        one, trials = tried(draft, variable)
        found = alone(draft, one, {(0, k): own for k, own in enumerate(trials, 1)})
        pairs = zip(one.choices[1:], found[1:], strict=True)
        good = [(choice, costs) for choice, costs in pairs if costs is not None]
        choices = (one.choices[0], *(choice for choice, _ in good))
        yield replace(one, choices=choices), [costs for _, costs in good]
