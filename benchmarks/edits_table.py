"""Kind of edit x bundled network: offered, parsed, recounted as predicted, run in PyTorch.

Each cell has how many single edits of the kind the network is offered; every one is parsed and
counted. Where PyTorch is installed, the first of each cell is exported and run: shapes,
parameters and connections must be those counted. Run: python benchmarks/edits_table.py [NAME...]
"""

from __future__ import annotations

import sys
from importlib.util import find_spec

from cnncost import api, bundled
from cnncost.costs import count_network
from cnncost.formats.torch_out import pytorch_code
from cnncost.network import Network
from cnncost.suggest.catalogue import menu, names
from cnncost.suggest.draft import METRICS, drafted, measured
from cnncost.suggest.scenes import spatial
from cnncost.suggest.sheet import Sheet
from cnncost.suggest.space import explore
from cnncost.verify.measure import build


def runs(network: Network) -> bool:
    """Whether PyTorch makes the same shapes, parameters and connections of a network."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    model = build(pytorch_code(network, measured=True)).eval()
    data = [torch.zeros(1, *node.output.dims) for node in network.inputs]
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(*data)
    totals = count_network(network).totals
    shapes = {node.name: (1, *node.output.dims) for node in network.layers}
    return (
        model.shapes == shapes
        and sum(p.numel() for p in model.parameters()) == totals.parameters
        and counter.get_total_flops() == 2 * totals.connections
    )


def main() -> None:
    kinds = names()
    counts = {kind: {} for kind in kinds}
    ran = dict.fromkeys(kinds, 0)
    wrong = failed = 0
    torch = find_spec("torch") is not None

    def add(choice, name, spec) -> None:
        nonlocal failed
        if torch and name not in counts[choice.kind] and spec is not None:
            good = runs(spec.network)
            ran[choice.kind] += good
            if not good:
                failed += 1
                sys.stdout.write(f"PyTorch differs: {name}: {choice.phrase}\n")
        counts[choice.kind][name] = counts[choice.kind].get(name, 0) + 1

    for name in sys.argv[1:] or bundled.names():
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
                add(choice, name, spec)
        for choice in spatial(draft, everything):
            add(choice, name, draft.edited(choice.changes))
    for kind in kinds:
        cells = [f"{name} {count}" for name, count in counts[kind].items()]
        sys.stdout.write(f"{kind} ({len(cells)} networks, {ran[kind]} run): {', '.join(cells)}\n")
    sys.stdout.write(f"edits whose recount differs from the tables: {wrong}\n")
    sys.stdout.write(f"edits that PyTorch runs otherwise: {failed if torch else 'not run'}\n")


if __name__ == "__main__":
    main()
