"""Search for a plan that fits a board: SRAM's budget is tightened until the plan fits, in one
number of patches after another where that is open."""

from dataclasses import dataclass, replace
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from cnncost.cli.board_target import BoardTarget
from cnncost.costs.memory.patches import WHOLE

if TYPE_CHECKING:
    from cnncost.network import Network
    from cnncost.plans.search.plan import Plan
    from cnncost.plans.search.plan_search import Progress
    from cnncost.plans.suggestion.answer import Suggestion
    from cnncost.plans.suggestion.suggester import Suggester
    from cnncost.study.board_fit import NetworkFit

MOST_ROUNDS = 10
"""How often the budget of SRAM is tightened."""

FIRST_SHARE, LEAST_SECONDS = 0.25, 1.0
"""What part of its time the first search has, whose plan tells how much to tighten; and how long
the shortest one lasts."""

DIVE_SHARE = 0.6
"""What part of the time that is left behind the first search has a quick one for some plan that
fits."""

NEAR = 1.02
"""Up to so much more than a bound no further search is worth its time."""


class FoundPlan(NamedTuple):
    """What one search found, and what its plan comes to in some number of patches."""

    found: "Suggestion"
    plan: "Plan | None"
    """None where the search found none, or where nothing has to be edited."""
    fit: "NetworkFit"
    """Of the plan; of the network as it is where there is none."""
    bound: int | None
    """The bytes that the search held SRAM's lower bound to."""
    tightened: int
    """How often that was made smaller before."""

    @property
    def is_lost(self) -> bool:
        """Whether the search found nothing within its own budgets."""
        return self.plan is None and not self.found.is_met

    @property
    def score(self) -> int:
        return self.plan.score if self.plan else 0

    @property
    def least_score(self) -> int:
        """Its score, or its price if that is less: what the searches prove is of prices."""
        return min(self.plan.score, self.plan.price) if self.plan else 0

    @property
    def rank(self) -> tuple[int, ...]:
        """What the best has least of: damage, edits, patches, connections computed again; of equal
        ones what is proved comes first."""
        patches = self.fit.patches
        again = (patches.patches, patches.again) if patches else (WHOLE, 0)
        edits = len(self.plan.edits) if self.plan else 0
        return (self.score, edits, *again, not self.found.proved)

    @property
    def need(self) -> float:
        """How much SRAM is needed for what there is."""
        need = self.fit.boards[0].find_need("sram")
        return need.most / need.limit if need and need.limit else 0.0


@dataclass
class Tightening:
    """The searches for one number of patches, each with a smaller bound of SRAM than the last."""

    count: int
    bound: int | None
    tightened: int = 0
    least_over: int | None = None
    """The lower bound of the last plan that needs too much."""
    last: FoundPlan | None = None
    """What the last search found; None where there was none."""

    def tighten(self, one: FoundPlan) -> int | None:
        """Return what the next search holds SRAM's lower bound to; None if none need be made.

        A search that found nothing below its own bound is followed by one between both.
        """
        need, sram = one.fit.boards[0].find_need("sram"), one.fit.embedded.sram
        if self.bound is None or need is None or need.limit is None:
            return None
        if one.is_lost:
            over = self.bound if self.least_over is None else self.least_over
            middle = (self.bound + over) // 2
            return middle if middle > self.bound * NEAR else None
        self.least_over = sram
        if need.most <= need.limit:
            return None
        # As if the arena's surplus over the lower bound stayed as it is, or its share of it.
        alike = max(sram - (need.most - need.limit), sram * need.limit // need.most)
        smaller = min(alike, sram - 1, self.bound - 1)
        return smaller if smaller > 0 else None


class BoardSearch:
    """The searches for the least damaging plan that fits a board, in each number of patches."""

    def __init__(
        self,
        target: BoardTarget,
        study: "Suggester",
        network: "Network",
        seconds: float,
        progress: "Progress | None",
    ) -> None:
        """`study` is ready for the first search, which has a share of the `seconds`; `network` is
        what is edited, as its file has it."""
        self.target, self.study, self.network = target, study, network
        self.progress, self.end = progress, monotonic() + seconds
        self.today = target.fit_each(network)
        self.rows = [
            Tightening(count, target.choose_bound(network, count)) for count in target.counts
        ]
        """One for each number of patches."""
        self._made: dict[int | None, Suggestion] = {}
        """What the searches found, by the bytes that SRAM's lower bound was held to."""
        self._settled: set[int | None] = set()
        """The bounds that had all the time that was left."""
        self._held: list[FoundPlan] = []
        """What surely fits, each in the fewest patches."""
        self._fits: dict[str, tuple[NetworkFit, ...]] = {}
        """What the networks of plans need, by their texts."""

    def find_best(self) -> FoundPlan:
        """Search in each number of patches, with equal shares of the time that is left, and return
        the best that fits; where none does, what is nearest.

        The first search is that of the widest bound of SRAM, which all numbers of patches share;
        then come those first in which its plan needs least. Those are passed over of which no plan
        is priced below the score of what was found.
        """
        widest = max(self.rows, key=lambda row: row.bound or 0)
        first = self._make_search(widest, self.end)
        start = replace(widest)
        for row in self.rows:
            row.last = self._judge(first, row) if row.bound == widest.bound else None
        if not first.proved:
            self._dive(first, start)
        self.rows.sort(key=lambda row: self._judge(first, row).need)
        for at, row in enumerate(self.rows):
            now = monotonic()
            self._search_row(row, now + (self.end - now) / (len(self.rows) - at))
        self._dive(first, start)
        if self._held:
            return min(self._held, key=lambda one: one.rank)
        ended = [row.last for row in self.rows if row.last is not None]
        return min(ended, key=lambda one: (one.is_lost, one.need))

    def fit_plan(self, plan: "Plan | None") -> "tuple[NetworkFit, ...]":
        """Recount what a plan needs in each number of patches; without one, the network."""
        if plan is None:
            return self.today
        if plan.text not in self._fits:
            self._fits[plan.text] = self.target.fit_each(read_plan(self.study, plan))
        return self._fits[plan.text]

    def is_passed_over(self, row: Tightening) -> bool:
        """Whether no plan below a row's bound is priced below what fits."""
        wider = [found for bound, found in self._made.items() if (bound or 0) >= (row.bound or 0)]
        best = min((one.least_score for one in self._held), default=inf)
        return best <= max(map(_find_least_price, wider), default=-inf)

    def _dive(self, first: "Suggestion", row: Tightening) -> None:
        """Look for some plan that fits, where none was found and the number of patches is given:
        the searches behind it look for better ones, whose bounds hold for it as well."""
        least, left = _find_least_price(first), self.end - monotonic()
        study, most = self.study, row.bound
        known = self._judge(first, row).fit.arena.complete  # else no plan is sure to fit
        if self._held or len(self.rows) > 1 or not known or left < LEAST_SECONDS:
            return
        if most is None or least == inf or study.request.allowed.grow:
            return

        def recount(network: "Network") -> float:
            fit = self.target.fit(network)
            one = FoundPlan(first, None, fit, most, 0)
            return one.need if fit.is_planned_to_hold else max(one.need, 1 + 1e-9)

        study.renew(self.target.list_budgets(most), left)
        study.dive("sram", recount, DIVE_SHARE * left)
        plan = study.known
        if plan is None or (study.request.most_edits or inf) < len(plan.edits):
            return
        plan = replace(plan, proved=False, bound=min(int(least), plan.price))
        found = replace(first, plan=plan, proved=False, others=(), plain=None, few=None, unmet=None)
        self._judge(found, row)

    def _search_row(self, row: Tightening, end: float) -> None:
        """Search in one number of patches until a plan fits and is proved, or time is over."""
        settling = False
        while not self.is_passed_over(row):
            found = self._settle(row, end) if settling else self._make_search(row, end)
            row.last = self._judge(found, row)
            smaller, left = row.tighten(row.last), end - monotonic()
            if left < LEAST_SECONDS or row.tightened == MOST_ROUNDS:
                break
            if smaller is None and (settling or found.proved or row.bound in self._settled):
                break
            settling = smaller is None
            if smaller is not None:
                row.bound, row.tightened = smaller, row.tightened + 1

    def _judge(self, found: "Suggestion", row: Tightening) -> FoundPlan:
        """Say what a search's plan comes to in a row's number of patches; keep it if it fits in
        any."""
        plan = None if found.is_undecided else found.plan
        fits = self.fit_plan(plan)
        own = next((fit for fit in fits if _count_patches(fit) == row.count), fits[0])
        one = FoundPlan(found, plan, own, row.bound, row.tightened)
        fewest = next((fit for fit in fits if fit.is_planned_to_hold), None)
        if fewest is not None and not one.is_lost:
            self._held.append(one._replace(fit=fewest))
        return one

    def _make_search(self, row: Tightening, end: float) -> "Suggestion":
        """Search below a row's bound, for half of the time, unless what was found tells."""
        known = self._find_made(row.bound)
        if known is None:
            if self._made:
                left = max(LEAST_SECONDS, (end - monotonic()) / 2)
                self.study.renew(self.target.list_budgets(row.bound), left)
            known = self._made[row.bound] = self.study.suggest(self.progress)
        return known

    def _settle(self, row: Tightening, end: float) -> "Suggestion":
        """Search below a row's bound once more, for all of the time."""
        self._settled.add(row.bound)
        left = max(LEAST_SECONDS, end - monotonic())
        self.study.renew(self.target.list_budgets(row.bound), left)
        self._made[row.bound] = self.study.suggest(self.progress)
        return self._made[row.bound]

    def _find_made(self, bound: int | None) -> "Suggestion | None":
        """Find what a search below this bound would find: that of a wider one where that is proved
        and below this one as well, or proved to be nothing."""
        if bound is None or bound in self._made:
            return self._made.get(bound)
        for wider, found in self._made.items():
            if wider is not None and wider > bound and found.proved and not found.is_met:
                plan = found.plan
                if plan is None or plan.after["sram"] <= bound:
                    return found
        return None


def _find_least_price(found: "Suggestion") -> float:
    """Return what no plan within a search's budgets is priced below."""
    if found.plan is None:
        return inf if found.proved and not found.is_met else 0
    return found.plan.bound


def _count_patches(fit: "NetworkFit") -> int:
    return fit.patches.patches if fit.patches else WHOLE


def read_plan(study: "Suggester", plan: "Plan") -> "Network":
    """Read the network that a plan makes."""
    from cnncost import api

    spec = api.loads(plan.text, name=study.spec.text.name, max_layers=study.request.max_layers)
    return spec.network
