"""Plans that no search is needed for: all widths scaled by one factor, to hold a plan against; and
spatial edits one after another, for a search to begin with. And a quick search for a plan that a
recount holds which is no sum over layers."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import partial
from itertools import cycle
from math import inf, log, sqrt
from time import monotonic

from cnncost.network import Network
from cnncost.plans.edits.budget import Budget, budgets_hold
from cnncost.plans.edits.clock import TimeOverError
from cnncost.plans.edits.edit import (
    COARSER,
    NARROWEST,
    PER_EDIT,
    AllowedEdits,
    Decision,
    largest_gain,
    price_of,
    units,
)
from cnncost.plans.edits.editable_spec import EditableSpec
from cnncost.plans.edits.meter import Measures
from cnncost.plans.edits.width import LabelledNumber, label_numbers
from cnncost.plans.search.compound_variants import LazyVariant, SpatialVariants
from cnncost.plans.search.plan import Plan, VariantKey
from cnncost.plans.search.plan_search import COMPARED_SECONDS, COMPARED_WITHIN, BestPlanSearch


def scale_uniformly(
    editable: EditableSpec,
    decisions: Sequence[Decision],
    budgets: Sequence[Budget],
    allowed: AllowedEdits,
) -> Plan | None:
    """Scale all widths that may change alike, by the largest factor that holds the budgets.

    Each width is rounded to its own step, or to the multiple that is allowed. None where no factor
    from NARROWEST on holds them. Where plans may grow it may be above 1, and None where all budgets
    leave some over and none is.
    """
    labels = {decision.label for decision in decisions if decision.group}
    numbers = [n for n in label_numbers(editable, allowed.multiple) if n.label in labels]
    widest = allowed.widest if allowed.grow else Fraction(1)
    steps = {f for n in numbers for f in n.factors(widest) if f >= NARROWEST}
    factors = sorted({Fraction(NARROWEST), *steps})
    before = editable.measure(editable.network)
    # Weights and connections go with the square of a factor, so the search begins at the root.
    probe = bisect_left(factors, min(sqrt(b.most / max(before[b.metric], 1)) for b in budgets))
    best, low, high, step = None, 0, len(factors), 1
    while low < high:  # the factors below `low` hold the budgets, those from `high` on do not
        editable.clock.check()
        bracketed = low > 0 and high < len(factors)
        middle = (low + high) // 2 if bracketed else min(max(probe, low), high - 1)
        at, plan = _scale_validly(editable, numbers, factors[low : middle + 1])
        if plan is not None and not budgets_hold(plan.after, budgets):
            high = low + at
            probe = high - step
        else:
            best, low = plan or best, middle + 1
            probe = middle + step
        step *= 2
    room = allowed.grow and all(before[budget.metric] < budget.most for budget in budgets)
    return None if room and best is not None and not best.edits else best


def _scale_validly(
    editable: EditableSpec, numbers: Sequence[LabelledNumber], factors: Sequence[Fraction]
) -> tuple[int, Plan | None]:
    """Scale numbers by the largest of some factors that makes a network; return its place and the
    plan."""
    for at in reversed(range(len(factors))):
        if (plan := _scale_widths(editable, numbers, factors[at])) is not None:
            return at, plan
    return 0, None


def _scale_widths(
    editable: EditableSpec, numbers: Sequence[LabelledNumber], factor: Fraction
) -> Plan | None:
    """Scale numbers by one factor and write that as a plan; None where it makes no network."""
    edits = tuple([edit for n in numbers if (edit := n.scale(factor)) is not None])
    spec = editable.read_edited([change for edit in edits for change in edit.changes])
    if spec is None:
        return None
    damage = editable.damage_of(spec.network)
    parts = [part.score for part in damage.parts]
    price = (units(sum(parts)) if factor > 1 else price_of(parts)) + PER_EDIT * len(edits)
    after = editable.measure(spec.network)
    bound = -largest_gain(editable.network, editable.first_potential) if factor > 1 else 0
    return Plan(editable, edits, price, spec.text.text, after, damage, bound=bound)


def add_spatial_edits(variants: SpatialVariants, budgets: Sequence[Budget]) -> list[LazyVariant]:
    """Make spatial edits one after another, or another step of one that is made: each time what
    takes off most of what is over the budgets for its score. Return the variant behind each edit,
    up to the first that holds them.

    Raises:
        TimeOverError: there was no time to price one.
    """
    path = [variants.all[0]]
    while (left := _excess(path[-1].after, budgets)) > 0:
        made = path[-1]
        known = [one for key in _list_steps(variants, made) if (one := variants.price(key))]
        rates = [
            ((left - _excess(one.after, budgets)) / (one.score - made.score), one.key, one)
            for one in known
            if one.score > made.score
        ]
        rate, _, best = max(rates, default=(0.0, (), made))
        if rate <= 0:
            break
        path.append(best)
    return path[1:]


def _list_steps(variants: SpatialVariants, made: LazyVariant) -> Iterator[VariantKey]:
    """List the variants of one edit more, and those of another edit of the same kind."""
    yield from variants.with_one_more(made)
    for at in made.key:
        kind = variants.trials[at].edit.kind
        others = [k for k, trial in enumerate(variants.trials) if trial.edit.kind == kind]
        for k in others:
            if k not in made.key:
                yield tuple(sorted({*made.key, k} - {at}))


def _excess(after: Measures, budgets: Sequence[Budget]) -> float:
    """Return by how much budgets are exceeded, as a sum of logarithms: half as much counts alike
    of bytes and of weights."""
    shares = [after[one.metric] / one.most for one in budgets]  # no budget is 0
    return sum(log(share) for share in shares if share > 1)


STEEPNESS = (4.0, 2.5, 1.5)
"""How many times its least price saving the rest of the budgets is expected to cost, in turn: a
large factor finds some plan soon, a small one better plans later."""

ROUNDS = 3
"""How often a variant is searched below a smaller bound, because the recount does not hold."""

Recount = Callable[[Network], float]
"""How much a network needs of something for what there is; 1 and less holds."""


def read_network(plan: Plan) -> Network | None:
    """Read the network that a plan makes; None where it makes none."""
    spec = plan.editable.read_edited([c for edit in plan.own_edits for c in edit.changes])
    return None if spec is None else spec.network


class PlanDive:
    """Looks for good plans that a recount holds, which a metric bounds from below.

    Variants come in the order of their price and what saving the rest of the budgets is expected to
    cost (weighted A*, Pohl 1970). Each is searched below a bound of the metric of its own: what it
    takes is to its recount as the bound to what there is. Nothing is proved.
    """

    def __init__(
        self,
        variants: SpatialVariants,
        budgets: Sequence[Budget],
        metric: str,
        recount: Recount,
        deadline: float,
    ) -> None:
        self.variants, self.recount, self.deadline = variants, recount, deadline
        self.budgets, self.metric = budgets, metric
        self.best: Plan | None = None
        first = variants.all[0]
        self.expected = self._hold_to(self._bound(first, recount(variants.editable.network)))
        """The budgets, that of the metric as if every variant were like the spec as it is."""
        over = _excess(first.after, self.expected)
        saved = [(one.score, over - _excess(one.after, self.expected)) for one in variants.all]
        self.rate = min((score / less for score, less in saved if less > 0), default=0.0)
        """The least price of a unit of excess."""
        self._open = [first]
        self._seen: set[VariantKey] = {()}

    def find_plan(self) -> Plan | None:
        """Return the best plan that is found by the deadline."""
        turns = cycle(STEEPNESS)
        try:
            with self.variants.clock.until(self.deadline):
                while self._open:
                    self.variants.clock.check()
                    lazy = min(self._open, key=partial(self._expect, next(turns)))
                    self._open.remove(lazy)
                    if self.best is None or self._expect(1.0, lazy) < self.best.price:
                        self._search(lazy)
                        self._open += self._list_longer(lazy)
        except TimeOverError:
            pass
        return self.best

    def _expect(self, steepness: float, lazy: LazyVariant) -> float:
        """Return the price that is expected of a variant's plan."""
        return lazy.score + steepness * self.rate * _excess(lazy.after, self.expected)

    def _list_longer(self, lazy: LazyVariant) -> Iterator[LazyVariant]:
        """List the variants of one edit more that are new, and change nothing twice."""
        for key in self.variants.with_one_more(lazy):
            kinds = [self.variants.trials[at].edit.kind for at in key]
            single = [kind for kind in kinds if kind not in COARSER]
            if key not in self._seen and len(set(single)) == len(single):
                self._seen.add(key)
                one = self.variants.price(key)
                if one is not None:
                    yield one

    def _search(self, lazy: LazyVariant) -> None:
        """Search one variant for a better plan, below a bound that its plans' recounts tighten."""
        plain = self.variants.write_plain(lazy)
        network = None if plain is None else read_network(plain)
        if network is None:
            return
        bound = self._bound(lazy, self.recount(network))
        for _ in range(ROUNDS):
            seconds = min(COMPARED_SECONDS, self.deadline - monotonic())
            search = BestPlanSearch(
                self.variants, self._hold_to(bound), self.best, seconds, within=COMPARED_WITHIN
            )
            search.visit_variant(lazy)
            plan = search.best
            if plan is None or plan is self.best:
                return
            made = read_network(plan)
            need = inf if made is None else self.recount(made)
            if need <= 1:
                self.best = plan
                return
            bound = min(int(plan.after[self.metric] / need), plan.after[self.metric] - 1)

    def _bound(self, lazy: LazyVariant, need: float) -> int:
        return int(lazy.after[self.metric] / max(1.0, need))

    def _hold_to(self, bound: int) -> list[Budget]:
        """Return the budgets, the metric's no larger than a bound."""
        return [
            one._replace(most=max(1, min(one.most, bound))) if one.metric == self.metric else one
            for one in self.budgets
        ]
