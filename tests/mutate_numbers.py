"""Changes one expression of the code that counts, at a time, and says which no test notices.

    python tests/mutate_numbers.py                                    # every module of TESTS
    python tests/mutate_numbers.py --module cnncost/shape.py
    python tests/mutate_numbers.py --sample 40 --seed 1               # some of them, at random

A mutant (`number_mutants.py` lists the kinds) is written into a copy of the code, and the tests
that reach its lines run against it, the fast ones first. The tests of a module are those of the
table TESTS; which of them reach a line is traced once and remembered in `.pytest_cache`. Prints
the survivors, the score of each module, and exits 1 if a mutant survives that SAME does not name.
"""

from __future__ import annotations

import argparse
import ast
import random
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "tests")]

from mutant_runs import Copy, Reached  # noqa: E402
from number_mutants import NumberMutant, number_mutants  # noqa: E402
from same_numbers import SAME  # noqa: E402

LAYERS = (
    *("formulas", "oracle", "convolutions", "parameters", "settings", "term", "language"),
    *("language_blocks", "language_structures", "invalid", "equal_layers", "vectors"),
    *("layer_answers", "totals", "metrics"),
)
MEMORY = (
    *("memory", "memory_oracle", "table_memory", "shown_peaks", "flash", "written_over", "sram"),
    *("training_peak", "training_extras", "training_sums"),
)
EDITS = (
    *("suggest_edits", "width_options", "catalogue_offers", "coarser_maps", "suggest_written"),
    *("densely_edits", "densely_found", "lost_positions", "simple_plans"),
)
ACCURACY_MODULES = ("estimate", "layer_terms", "potential", "roles")
"""The constants, and what others measured, are what they are said to be."""
ACCURACY = (
    *("accuracy_terms", "accuracy_roles", "accuracy_sums"),
    *("accuracy_damage", "accuracy_published"),
)
PRICES = ("catalogue_offers", "lost_positions", "edit_prices", "spatial_trials")
GROUPS = ("group_roles", "width_options", "coarser_maps", "suggest_edits", "channel_groups")

COUNTS = (
    *("reach", "reach_resized", "reach_gaps", "reach_edges", "backward", "check", "table"),
    *("totals", "grouped_rows", "metrics", "table_memory"),
)

TESTS = {
    "cnncost/plans/edits/budget.py": ("budget", "suggest_refused"),
    **{f"cnncost/accuracy/{name}.py": ACCURACY for name in ACCURACY_MODULES},
    "cnncost/plans/edits/edit.py": ("catalogue_offers", "accuracy_published", "width_options"),
    "cnncost/plans/edits/placed_layers.py": PRICES,
    "cnncost/plans/decisions/search_space.py": PRICES,
    "cnncost/plans/decisions/spatial_trials.py": PRICES,
    "cnncost/plans/edits/channel_groups.py": GROUPS,
    "cnncost/plans/search/labels.py": ("dominance",),
    "cnncost/plans/edits/*.py": EDITS,
    "cnncost/costs/memory/*.py": MEMORY,
    "cnncost/costs/*.py": COUNTS,
    "cnncost/layers/unshared.py": (*LAYERS, "unshared"),
    "cnncost/layers/*.py": LAYERS,
    "cnncost/shape.py": ("window_sums", *LAYERS),
}
"""The tests of a module, as the ends of their files' names; the first pattern counts."""


def modules(patterns: list[str]) -> dict[str, list[str]]:
    """The modules that the patterns name, and the files of each one's tests."""
    found: dict[str, list[str]] = {}
    for pattern, names in TESTS.items():
        tests = [p for name in names for p in sorted(ROOT.glob(f"tests/test_{name}.py"))]
        files = [str(path.relative_to(ROOT)) for path in dict.fromkeys(tests)]
        for path in sorted(ROOT.glob(pattern)):
            name = str(path.relative_to(ROOT))
            if not patterns or any(path in ROOT.glob(wanted) for wanted in patterns):
                found.setdefault(name, files)
    return found


def mutants(names: list[str]) -> Iterator[tuple[str, ast.Module, NumberMutant]]:
    for name in names:
        tree = ast.parse((ROOT / name).read_text(encoding="utf-8"))
        for mutant in number_mutants(tree):
            yield name, tree, mutant


def changed_text(tree: ast.Module, mutant: NumberMutant) -> str:
    mutant.change()
    try:
        return ast.unparse(tree)
    finally:
        mutant.undo()


def main() -> int:
    options = _options()
    wanted = modules(options.module)
    if not wanted:
        raise SystemExit("no module of TESTS is named so")
    every = list(mutants(list(wanted)))
    if options.sample:
        every = random.Random(options.seed).sample(every, min(options.sample, len(every)))
    score: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    with Copy(ROOT) as copy:
        needed = {name: wanted[name] for name, _, _ in every}
        reached = Reached(copy, needed)
        for name, tree, mutant in every:
            tests = reached.tests(name, mutant.lines if mutant.in_function else None)
            tests = Reached.within(tests, options.seconds)
            killed = copy.notices(name, changed_text(tree, mutant), tests)
            known = (name, mutant.text) in SAME
            score[name][0 if killed else 1 if known else 2] += 1
            if not killed and not known:
                where = f"{name}:{mutant.lines.start}"
                print(f"SURVIVES  {where}  {mutant.text}  ({len(tests)} tests)", flush=True)
            elif options.verbose:
                print(f"{'noticed' if killed else 'same'}  {name}:{mutant.lines.start}", flush=True)
    return _summary(score)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--module", action="append", default=[], help="a path or pattern")
    parser.add_argument("--sample", type=int, help="so many mutants, at random")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--seconds", type=float, default=20, help="tests of a mutant that take no longer in all"
    )
    parser.add_argument("--verbose", action="store_true", help="a line for each mutant")
    return parser.parse_args()


def _summary(score: dict[str, list[int]]) -> int:
    print(f"{'mutants':>8}{'noticed':>8}{'same':>8}{'survive':>8}")
    for name, (killed, same, left) in sorted(score.items()):
        print(f"{killed + same + left:>8}{killed:>8}{same:>8}{left:>8}  {name}")
    killed, same, left = (sum(column) for column in zip(*score.values(), strict=True))
    print(f"{killed + same + left:>8}{killed:>8}{same:>8}{left:>8}  in all")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
