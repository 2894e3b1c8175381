"""Kind of edit x bundled network: offered, parsed, recounted as the tables predict.

Each cell has how many single edits of the kind the network is offered; every one is parsed and
counted. Run: python benchmarks/edits_table.py
"""

from __future__ import annotations

import sys

from cnncost import api, bundled
from cnncost.suggest.catalogue import menu, names
from cnncost.suggest.draft import METRICS, drafted, measured
from cnncost.suggest.scenes import spatial
from cnncost.suggest.sheet import Sheet
from cnncost.suggest.space import explore


def main() -> None:
    kinds = names()
    counts = {kind: {} for kind in kinds}
    wrong = 0
    for name in bundled.names():
        draft = drafted(Sheet(name, api.load(name).text.text))
        everything = menu((), (), ())
        space = explore(draft, everything)
        for v, variable in enumerate(space.variables):
            for k, choice in enumerate(variable.choices[1:], 1):
                chosen = tuple(k if w == v else 0 for w in range(len(space.variables)))
                costs = space.tables.costs(chosen)
                spec = draft.edited(choice.changes)
                same = spec is not None and costs is not None
                same = same and dict(zip(METRICS, costs, strict=True)) == measured(spec.network)
                wrong += not same
                counts[choice.kind][name] = counts[choice.kind].get(name, 0) + 1
        for choice in spatial(draft, everything):
            counts[choice.kind][name] = counts[choice.kind].get(name, 0) + 1
    for kind in kinds:
        cells = [f"{name} {count}" for name, count in counts[kind].items()]
        sys.stdout.write(f"{kind} ({len(cells)} networks): {', '.join(cells)}\n")
    sys.stdout.write(f"edits whose recount differs from the tables: {wrong}\n")


if __name__ == "__main__":
    main()
