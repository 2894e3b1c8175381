"""How well the error potential holds on networks that others trained, and how surely it was fitted.

python benchmarks/damage.py EVIDENCE [--most N] [--refit] [--steps N]

EVIDENCE is a folder of published errors with their judge: `judge.py`, `spaces.py`, `spaces/*.csv`,
`families.csv`, `caffenet_edits.csv`, `trained.csv`. It is no part of this repository.

With `--refit` each space is left out in turn: the constants are searched for at random on the
other spaces, with the released families and without, from a neutral start; the space that was
left out judges them beside the constants that cnncost has. That takes some minutes of one core.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from math import exp, isnan, nan
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from damage_evidence import Change, read_changes, read_single_edits

import cnncost
from cnncost.accuracy import error_constants
from cnncost.accuracy.layer_terms import LayerTerms, input_terms, layer_terms
from cnncost.accuracy.potential import network_terms, potential_of
from cnncost.accuracy.roles import Role, find_roles
from cnncost.layers import Layer
from cnncost.network import Network
from cnncost.shape import Shape

Array = np.ndarray[Any, np.dtype[np.float64]]  # numpy's shapes are not typed further
Row = Mapping[str, float]
CountedLayer = tuple[Layer, Shape, Shape, Role]
LayerCounts = Counter[CountedLayer | tuple[Shape, ...]]
"""How often a network has each distinct layer, and its inputs: what the potential knows of it."""

START = {
    "WIDTH": 0.2, "WIDE": 1000.0, "LINEAR_SHARE": 1.0, "NARROW": 1.0, "DEPTHWISE_SHARE": 1.0,
    "SMALL_EXTENT": 1.0, "DEPTH": 1.0, "DEPTH_POWER": 0.5, "KERNEL_SHARE": 0.5, "DENSE_DEPTH": 1.0,
    "RESOLUTION": 0.2, "RESOLUTION_FALL": 0.2, "MAP_LAYERS": 10.0, "HEAD_SHARE": 1.0,
    "PICTURE": 0.3, "GROUPS": 0.1, "DENSE": 0.02, "DENSE_UNITS": 1000.0,
}  # fmt: skip
"""Constants that prefer nothing: all layers count alike, at every extent."""


class CountedChange(NamedTuple):
    """A change between two networks that are known by their layers."""

    kind: str
    ln_error: float
    before: LayerCounts
    after: LayerCounts


class Space(NamedTuple):
    """Networks that were trained alike: what they are, and what was measured."""

    name: str
    networks: list[LayerCounts]
    ln_errors: Array
    ln_connections: Array


def list_spaces(judge: ModuleType, evidence: Path) -> list[str]:
    return [name for name in judge.SPACES if (evidence / "spaces" / f"{name}.csv").exists()]


def read_space(judge: ModuleType, evidence: Path, name: str, most: int) -> Space:
    rows = judge.read(name, evidence / "spaces", most, 0)
    specs = [cnncost.loads(judge.SPACES[name](code)) for code, _ in rows]
    connections = [cnncost.count(spec).totals.connections for spec in specs]
    ln_errors = np.log([error for _, error in rows])
    layers = [count_layers(spec.network) for spec in specs]
    return Space(name, layers, ln_errors, np.log(connections))


def print_rows(found: Mapping[str, Mapping[str, Row]]) -> None:
    for name, rows in found.items():
        for title, row in rows.items():
            figures = "  ".join(f"{key} {value:6.3f}" for key, value in row.items())
            print(f"{name:24} {title:10} {figures}", flush=True)


def print_kinds(title: str, changes: Iterable[Change]) -> None:
    """One row per kind: the median of measured over estimated, or the ratio of the means."""
    kinds: dict[str, list[tuple[float, float, bool]]] = defaultdict(list)
    for change in changes:
        made = cnncost.damage(change.before, change.after)
        inside = made.low <= change.ln_error <= made.high
        kinds[change.kind].append((change.ln_error, made.score, inside))
    print(f"\n{title:28}  n  measured/estimated  measured  estimated  inside")
    for kind, found in kinds.items():
        ratios = [measured / score for measured, score, _ in found if abs(score) > 0.02]
        measured, score, inside = np.mean(found, axis=0)
        ratio = np.median(ratios) if ratios else measured / score if abs(score) > 0.002 else nan
        figures = f"{ratio:18.2f}  {measured:8.3f}  {score:9.3f}  {inside:6.2f}"
        print(f"{kind:28} {len(found):2}  {figures}", flush=True)


class PublishedErrors:
    """Spaces and released families as counts of distinct layers, so that each layer's terms are
    found once for whatever constants are tried."""

    def __init__(
        self, judge: ModuleType, spaces: list[Space], changes: list[CountedChange]
    ) -> None:
        self.judge, self.spaces = judge, spaces
        self.kinds = np.array([change.kind for change in changes])
        self.measured = np.array([change.ln_error for change in changes])
        sides = [change.before for change in changes], [change.after for change in changes]
        groups = [*sides, *(space.networks for space in spaces)]
        self.layers = list(dict.fromkeys(x for group in groups for counts in group for x in counts))
        self.matrices = [self._as_matrix(group) for group in groups]

    def _as_matrix(self, group: list[LayerCounts]) -> tuple[list[int], Array]:
        """One column per layer that the group has, one row per network."""
        present = {layer for counts in group for layer in counts}
        columns = [k for k, layer in enumerate(self.layers) if layer in present]
        rows = [[counts[self.layers[k]] for k in columns] for counts in group]
        return columns, np.array(rows, float).reshape(len(rows), len(columns))

    def find_potentials(self, constants: Row) -> list[Array]:
        """The potential of each network: befores, afters, then space by space."""
        shipped = {name: getattr(error_constants, name) for name in constants}
        try:
            set_constants(constants)
            terms = [find_terms(layer) for layer in self.layers]
            extents = sorted({extent for one in terms for extent in one.maps})
            maps = ([one.maps.get(extent, 0.0) for extent in extents] for one in terms)
            rows = np.array([[*one[:-1], *own] for one, own in zip(terms, maps, strict=True)])
            sums = [(counts @ rows[columns]).tolist() for columns, counts in self.matrices]
            return [np.array([sum_potential(row, extents) for row in own]) for own in sums]
        finally:
            set_constants(shipped)

    def lose(self, constants: Row) -> float:
        """What a search makes small: the ranks that are missed, over all networks and half of it
        at equal MACs, and ten times the mean distance from the families, kind by kind."""
        before, after, *potentials = self.find_potentials(constants)
        loss = 0.0
        for space, potential in zip(self.spaces, potentials, strict=True):
            equal = self.judge.banded(potential, space.ln_errors, space.ln_connections)
            loss += 1 - self.judge.spearman(potential, space.ln_errors)
            loss += 0 if isnan(equal) else (1 - equal) / 2
        square = (self.measured - (after - before)) ** 2
        kinds = [square[self.kinds == kind].mean() ** 0.5 for kind in dict.fromkeys(self.kinds)]
        return loss + (10 * float(np.mean(kinds)) if kinds else 0)

    def search_constants(self, steps: int) -> Row:
        """Search from the neutral start three times, and go on from the best of them."""
        draws = [random.Random(seed) for seed in range(3)]
        found = [self.walk_at_random(START, draw, steps) for draw in draws]
        return self.walk_at_random(min(found, key=self.lose), draws[0], 2 * steps)

    def walk_at_random(self, best: Row, draw: random.Random, steps: int) -> Row:
        """Change a few constants by a factor, again and again; keep what is better."""
        least = self.lose(best)
        for _ in range(steps):
            factors = {n: exp(draw.gauss(0, 0.3)) if draw.random() < 0.3 else 1 for n in best}
            tried = {name: value * factors[name] for name, value in best.items()}
            loss = self.lose(tried)
            if loss < least:
                best, least = tried, loss
        return best


def sum_potential(row: Sequence[float], extents: Sequence[float]) -> float:
    """The potential of a network's sums: the amounts first, then the weight of each extent."""
    amounts = len(LayerTerms._fields) - 1
    maps = dict(zip(extents, row[amounts:], strict=True))
    return sum(potential_of(LayerTerms._make([*row[:amounts], maps])))


def find_terms(counted: CountedLayer | tuple[Shape, ...]) -> LayerTerms:
    match counted:
        case (Layer() as layer, Shape() as x, Shape() as y, Role() as role):
            return layer_terms(layer, x, y, role)
        case inputs:
            return input_terms([one for one in inputs if isinstance(one, Shape)])


def count_layers(network: Network) -> LayerCounts:
    found: LayerCounts = Counter([tuple(one.output for one in network.inputs)])
    for index, role in find_roles(network).items():
        node = network.nodes[index]
        assert node.layer is not None
        found[node.layer, node.inputs[0], node.output, role] += 1
    return found


def set_constants(constants: Row) -> None:
    for name, value in constants.items():
        setattr(error_constants, name, value)


def judge_space(judge: ModuleType, space: Space, constants: Row) -> Row:
    potential = PublishedErrors(judge, [space], []).find_potentials(constants)[-1]
    return {
        "rank": judge.spearman(potential, space.ln_errors),
        "equal MACs": judge.banded(potential, space.ln_errors, space.ln_connections),
        "regret": judge.regret(potential, space.ln_errors, space.ln_connections),
    }


def print_refits(
    judge: ModuleType, spaces: list[Space], changes: list[CountedChange], steps: int
) -> None:
    shipped = {name: getattr(error_constants, name) for name in START}
    print()
    for left_out in spaces:
        others = [space for space in spaces if space is not left_out]
        print_rows({left_out.name: {"shipped": judge_space(judge, left_out, shipped)}})
        for title, families in (("refitted", changes), ("spaces only", [])):
            found = PublishedErrors(judge, others, families).search_constants(steps)
            print_rows({left_out.name: {title: judge_space(judge, left_out, found)}})
            print("    " + "  ".join(f"{name} {value:.3g}" for name, value in found.items()))


def check_counts(judge: ModuleType, changes: list[Change], counted: list[CountedChange]) -> None:
    """Hold the potentials made of counts against those of the networks."""
    made = PublishedErrors(judge, [], counted).find_potentials({})[1]
    own = [sum(potential_of(network_terms(change.after.network))) for change in changes]
    print(f"\npotentials of {len(own)} networks differ by at most {np.abs(made - own).max():.0e}")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("evidence", type=Path)
    options.add_argument("--most", type=int, default=1000, help="networks of a space")
    options.add_argument("--refit", action="store_true", help="leave each space out in turn")
    options.add_argument("--steps", type=int, default=150, help="a fifth of a search's tries")
    given = options.parse_args()
    sys.path.insert(0, str(given.evidence))
    judge = import_module("judge")
    spaces = list_spaces(judge, given.evidence)
    for name in spaces:
        print_rows({name: judge.judge(name, given.evidence / "spaces", given.most, 0)})
    changes = list(read_changes(given.evidence))
    print_kinds("released families", changes)
    print_kinds("trained as written", read_single_edits(given.evidence))
    print_rows(judge.judge_trained(given.evidence))
    if given.refit:
        counted = [
            CountedChange(kind, y, count_layers(before.network), count_layers(after.network))
            for kind, y, before, after in changes
        ]
        check_counts(judge, changes, counted)
        found = [read_space(judge, given.evidence, name, given.most) for name in spaces]
        print_refits(judge, found, counted, given.steps)


if __name__ == "__main__":
    main()
