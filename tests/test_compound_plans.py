"""Plans that change resolution, strides, params and widths together, against every such plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import cache
from itertools import combinations, product
from math import inf

import cnncost
from cnncost.plans.decisions.spatial_trials import SpatialTrial, find_beaten
from cnncost.plans.edits.catalogue import kind_names, parse_allowed_edits
from cnncost.plans.edits.edit import Edit
from cnncost.plans.edits.placed_layers import remove_layer
from cnncost.plans.suggestion.request import SuggestionRequest
from cnncost.plans.suggestion.suggester import Suggester

TEXT = """\
params: {{alpha: {alpha}, resolution: {resolution}}}
input: [3, resolution, resolution]
blocks:
  wide(filters, factor={factor}):
    - {{conv: factor * channels, kernel: 1}}
    - relu
    - {{conv: filters, kernel: 3, padding: 1{stride2}}}
layers:
  - {{conv: multiple(alpha * {first}), kernel: 3, padding: 1{stride1}}}
  - relu
  - {{wide: {second}}}
  - relu
  - {{conv: {third}, kernel: 3, padding: 1{stride3}}}
  - relu
  - global_avgpool
  - {{dense: 10}}
"""

AS_IT_IS = {"alpha": "1", "resolution": "16", "factor": "4", "first": "32", "second": "32",
            "third": "24", "stride1": "", "stride2": "", "stride3": ""}  # fmt: skip

ALPHAS = [str(n / 8) for n in (7, 6, 5, 4, 3, 2)]
FACTORS = ("3", "2", "1")
RESOLUTIONS = ("14", "12", "9", "8")
"""7/8 and 6/7 of 16 are 14; 3/4, 4/7 and 1/2 are 12, 9 and 8."""

OTHERS = [kind for kind in kind_names() if kind not in
          ("width", "resolution", "multiplier", "expansion", "stride")]  # fmt: skip

Changes = Mapping[str, str]


def text_of(changes: Changes) -> str:
    return TEXT.format(**{**AS_IT_IS, **changes})


@cache
def price(before: str, after: str) -> int:
    """What costs of the damage, in units of 1e-5."""
    parts = cnncost.damage(cnncost.loads(before), cnncost.loads(after)).parts
    return round(100_000 * sum(max(0.0, part.score) for part in parts))


@cache
def totals_of(text: str) -> cnncost.Totals:
    return cnncost.count(cnncost.loads(text)).totals


def spatial_plans() -> Iterator[dict[str, str]]:
    """Every set of values of the params, the factor, the resolution and at most two strides."""
    strided = [s for n in (0, 1, 2) for s in combinations(("stride1", "stride2", "stride3"), n)]
    params = product(("", *ALPHAS), ("", *FACTORS), ("", *RESOLUTIONS), strided)
    for alpha, factor, resolution, strides in params:
        # No kernel of 3 may outgrow its map.
        size = int(resolution or 16)
        second = (size + 1) // 2 if "stride1" in strides else size
        third = (second + 1) // 2 if "stride2" in strides else second
        if third < 3:
            continue
        chosen = {"alpha": alpha, "factor": factor, "resolution": resolution}
        made = {name: value for name, value in chosen.items() if value}
        yield {**made, **dict.fromkeys(strides, ", stride: 2")}


@cache
def channels_of(text: str) -> list[int]:
    return [node.output.channels for node in cnncost.loads(text).network.nodes]


def part_left(name: str, step: int, chosen: Changes) -> Fraction:
    """The least part that the params leave of the layers that a width sets, or that follow it."""
    before = channels_of(text_of({}))
    alone, params = channels_of(text_of({name: str(step)})), channels_of(text_of(chosen))
    set_by_it = [i for i, old in enumerate(before) if alone[i] != old]
    return min(Fraction(params[i], before[i]) for i in set_by_it)


def widths_of(chosen: Changes) -> dict[str, list[str]]:
    """Every smaller width: multiples of 8, or of 4 below 32; at least a quarter in all, of each
    layer that it sets or that follows it."""
    found = {}
    for name in ("first", "second", "third"):
        old = int(AS_IT_IS[name])
        step = 8 if old >= 32 else 4
        part = part_left(name, step, chosen)
        found[name] = [str(n) for n in range(step, old, step) if n >= Fraction(old, 4) / part]
    return found


def least_prices(budget: str, share: float) -> int | None:
    """The least price of all plans within a share of a metric, each written and counted."""
    before = text_of({})
    most = int(getattr(cnncost.count(cnncost.loads(before)).totals, budget) * share)
    spatial: dict[frozenset[tuple[str, str]], int] = {}
    best = None
    for chosen in sorted(spatial_plans(), key=len):
        made = frozenset(chosen.items())
        own = price(before, text_of(chosen)) + 10 * len(made) if made else 0
        # More of it never costs less.
        fewer = (
            [spatial[frozenset(s)] + 10 for s in combinations(made, len(made) - 1)] if made else []
        )
        spatial[made] = max([own, *fewer])
        if best is not None and spatial[made] >= best:
            continue
        alone = {
            (name, n): price(text_of(chosen), text_of({**chosen, name: n})) + 10
            for name, options in widths_of(chosen).items()
            for n in options
        }
        options = [["", *own_widths] for own_widths in widths_of(chosen).values()]
        for picked in product(*options):
            widths = {n: v for n, v in zip(("first", "second", "third"), picked, strict=True) if v}
            total = spatial[made] + sum(alone[name, n] for name, n in widths.items())
            if best is not None and total >= best:
                continue
            if getattr(totals_of(text_of({**chosen, **widths})), budget) <= most:
                best = total
    return best


BUDGETS = (("connections", 0.3), ("connections", 0.1), ("weights", 0.2), ("units", 0.15))


def test_the_best_plan_of_all_kinds_together() -> None:
    spec = cnncost.loads(text_of({}))
    for metric, share in BUDGETS:
        budget = f"{metric}={int(getattr(cnncost.count(spec).totals, metric) * share)}"
        allowed = parse_allowed_edits((), OTHERS, ())
        study = Suggester(spec, SuggestionRequest((budget,), allowed))
        found = study.search.find_best(study.budgets())
        assert found.proved, budget
        assert (found.plan and found.plan.price) == least_prices(metric, share), budget


def _trial(costs: tuple[int, ...], *changed: int) -> SpatialTrial:
    """A trial of an edit that changes these layers."""
    edit = Edit("stride", "a stride", substitutes=dict.fromkeys(changed, remove_layer))
    return SpatialTrial(edit, {}, (costs,))


def test_only_edits_of_the_same_layers_are_beaten() -> None:
    # What is dropped for good must be worse whatever other edits do: another layer may be
    # replaced still, the same one may not.
    cheap, dear, elsewhere = _trial((1, 1), 3), _trial((2, 1), 3, 4), _trial((2, 1), 4)
    assert find_beaten([cheap, dear], inf) == {1}
    assert find_beaten([cheap, elsewhere], inf) == frozenset()
    assert find_beaten([dear, cheap], inf) == {0}
