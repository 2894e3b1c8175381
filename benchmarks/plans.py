"""The plan's price (what its edits cost, gains left out) beside uniform scaling, greedy and
dense-to-512: ten networks, three budgets.

Greedy takes the single edit of the most excess saved for its score, again and again. Run:
python benchmarks/plans.py [SECONDS]
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from cnncost import api
from cnncost.plans.decisions.cost_tables import SearchSpace
from cnncost.plans.decisions.search_space import build_search_space
from cnncost.plans.edits.catalogue import parse_allowed_edits
from cnncost.plans.edits.meter import METRICS
from cnncost.plans.search.simple_plans import scale_uniformly
from cnncost.plans.search.space_solver import choose_greedily
from cnncost.plans.suggestion.request import SuggestionRequest
from cnncost.plans.suggestion.suggester import Suggester

NETWORKS = (
    "alexnet", "alexnet_torchvision", "vgg16", "resnet18", "resnet50", "mobilenet_v2",
    "squeezenet1_1", "unet", "convnext_tiny", "efficientnet_b0",
)  # fmt: skip
BUDGETS = (("weights=50%",), ("connections=60%",), ("weights=60%", "connections=60%"))


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    worse = above = 0
    for name in NETWORKS:
        for texts in BUDGETS:
            request = SuggestionRequest(texts, parse_allowed_edits((), (), ()), seconds=seconds)
            study = Suggester(api.load(name), request)
            budgets = study.budgets()
            space = build_search_space(study.editable, request.allowed, likely=True)
            limits = {METRICS.index(b.metric): b.most for b in budgets}
            alike = scale_uniformly(
                study.editable, study.search.decisions, budgets, request.allowed
            )
            found = study.search.find_best(budgets, alike)
            others = {
                "uniform": alike.price if alike else None,
                "greedy": total(space, choose_greedily(space, limits)),
                "dense to 512": dense(space, limits),
            }
            ours = found.plan.price if found.plan else None
            worse += any(s is not None and (ours is None or s < ours) for s in others.values())
            if found.plan and alike and found.plan.score > alike.score:
                above += 1
            shown = ", ".join(f"{key} {written(value)}" for key, value in others.items())
            state = "proved" if found.proved else "stopped"
            sys.stdout.write(
                f"{name} {' '.join(texts)}: plan {written(ours)} ({state}, {found.seconds:.1f} s), "
                f"{shown}\n"
            )
            sys.stdout.flush()
    sys.stdout.write(f"plans worse than one of the others: {worse}\n")
    sys.stdout.write(f"plans whose files score above uniform scaling: {above}\n")


def written(score: int | None) -> str:
    return "-" if score is None else f"{score / 1e5:.4f}"


def total(space: SearchSpace, chosen: Sequence[int] | None) -> int | None:
    if chosen is None:
        return None
    return sum(v.options[k].score for v, k in zip(space.decisions, chosen, strict=True))


def dense(space: SearchSpace, budgets: Mapping[int, int]) -> int | None:
    """The score of all hidden dense layers at 512 units; None where that misses a budget."""
    chosen = []
    for decision in space.decisions:
        to = [k for k, edit in enumerate(decision.options) if "to 512 units" in edit.phrase]
        chosen.append(to[0] if to else 0)
    costs = space.tables.costs(chosen)
    if costs is None or not any(chosen):
        return None
    if any(costs[metric] > most for metric, most in budgets.items()):
        return None
    return total(space, chosen)


if __name__ == "__main__":
    main()
