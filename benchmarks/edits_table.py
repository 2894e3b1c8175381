"""Kind of edit x bundled network: offered, parsed, recounted as predicted, run in PyTorch.

A cell is how many single edits of a kind a network is offered. Each of them is written, parsed
and counted again; in the space of plans the recount must be what the tables predict. Where
PyTorch is installed the first edit of each cell is exported and run as well, its shapes,
parameters and connections held against those counted: computed on this machine up to 2 G
connections, above that on PyTorch's meta device, which has the same shapes and operations and
no numbers (`--all` runs every edit so, for some minutes a network). Marks: ! the recount
differs, x PyTorch differs, ? not run.

Run: python benchmarks/edits_table.py [--all] [NAME...]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from time import monotonic

from cnncost import api, bundled
from cnncost.costs import count_network
from cnncost.formats.torch_out.torch_code import pytorch_code
from cnncost.language import Spec
from cnncost.network import Network
from cnncost.plans.decisions.search_space import build_search_space, list_spatial_trials
from cnncost.plans.edits.catalogue import kind_names, parse_allowed_edits
from cnncost.plans.edits.edit import Edit
from cnncost.plans.edits.editable_spec import measure_counts, read_editable_spec
from cnncost.plans.edits.meter import METRICS
from cnncost.plans.edits.text_changes import SpecText
from cnncost.verify.measure import build_network

COMPUTED = 2_000_000_000
"""Connections up to which PyTorch computes a network here."""

SHORT = {
    "pool-before-dense": "pool",
    "global-pool-head": "global",
    "drop-dense": "drop",
    "kernel-stack": "stack",
    "asymmetric": "asym",
    "multiplier": "mult",
    "resolution": "resol",
    "separable": "separ",
    "bottleneck": "bottle",
}
"""Kinds as the table's head says them."""


@dataclass
class Cell:
    """One kind of edit on one network."""

    list_decisions: int = 0
    recounted: int = 0
    ran: int = 0
    tried: int = 0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        if not self.list_decisions:
            return "."
        marks = "!" * (self.recounted < self.list_decisions) + "x" * (self.ran < self.tried)
        return f"{self.list_decisions}{marks}{'?' * (not self.tried)}"


def runs(network: Network) -> bool:
    """Whether PyTorch makes the same shapes, parameters and connections of a network."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    totals = count_network(network).totals
    device = "cpu" if totals.connections <= COMPUTED else "meta"
    if "--all" in sys.argv:
        device = "meta"
    with torch.device(device):
        model = build_network(pytorch_code(network, measured=True)).eval()
        data = [torch.zeros(1, *node.output.dims) for node in network.inputs]
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(*data)
    shapes = {node.name: (1, *node.output.dims) for node in network.layers}
    return (
        model.shapes == shapes
        and sum(p.numel() for p in model.parameters()) == totals.parameters
        and counter.get_total_flops() == 2 * totals.connections
    )


def edits(name: str) -> Iterator[tuple[Edit, Spec | None, bool]]:
    """Every single edit of a network: what it reads as, and whether it counts as predicted."""
    editable = read_editable_spec(SpecText(name, api.load(name).text.text))
    everything = parse_allowed_edits((), (), ())
    space = build_search_space(editable, everything)
    for v, decision in enumerate(space.decisions):
        for k, edit in enumerate(decision.options[1:], 1):
            chosen = tuple(k if w == v else 0 for w in range(len(space.decisions)))
            costs = space.tables.costs(chosen)
            spec = editable.read_edited(edit.changes)
            good = spec is not None and costs is not None
            good = good and dict(zip(METRICS, costs, strict=True)) == measure_counts(spec.network)
            yield edit, spec, good
    for edit, after, _ in list_spatial_trials(editable, everything):
        spec = editable.read_edited(edit.changes)
        yield edit, spec, spec is not None and after == measure_counts(spec.network)


def cells(name: str) -> dict[str, Cell]:
    """One network's row."""
    row = {kind: Cell() for kind in kind_names()}
    torch = find_spec("torch") is not None
    for edit, spec, good in edits(name):
        cell = row[edit.kind]
        cell.list_decisions += 1
        cell.recounted += good
        if not good:
            cell.wrong.append(f"{name}: {edit.phrase}: the recount differs")
        if torch and spec is not None and (not cell.tried or "--all" in sys.argv):
            same = runs(spec.network)
            cell.tried += 1
            cell.ran += same
            if not same:
                cell.wrong.append(f"{name}: {edit.phrase}: PyTorch differs")
    return row


def main() -> None:
    wanted = [word for word in sys.argv[1:] if not word.startswith("-")] or bundled.list_names()
    table: dict[str, dict[str, Cell]] = {}
    titles = [SHORT.get(kind, kind) for kind in kind_names()]
    widths = [max(6, len(title)) for title in titles]
    head = "".join(f"{t:>{w + 1}}" for t, w in zip(titles, widths, strict=True))
    sys.stdout.write(f"{'':20}{head}{'s':>6}\n")
    for name in wanted:
        started = monotonic()
        table[name] = cells(name)
        texts = "".join(
            f"{cell!s:>{w + 1}}" for cell, w in zip(table[name].values(), widths, strict=True)
        )
        sys.stdout.write(f"{name:20}{texts}{monotonic() - started:6.0f}\n")
        sys.stdout.flush()
    for what, counted in (
        ("networks offered", lambda cell: cell.list_decisions > 0),
        ("edits offered", lambda cell: cell.list_decisions),
        ("counted as predicted", lambda cell: cell.recounted),
        ("run in PyTorch", lambda cell: cell.tried),
        ("run as predicted", lambda cell: cell.ran),
    ):
        sums = [sum(counted(row[kind]) for row in table.values()) for kind in kind_names()]
        texts = "".join(f"{n:>{w + 1}}" for n, w in zip(sums, widths, strict=True))
        sys.stdout.write(f"{what:20}{texts}\n")
    for row in table.values():
        for cell in row.values():
            sys.stdout.writelines(f"{text}\n" for text in cell.wrong)


if __name__ == "__main__":
    main()
