"""How well the error potential holds on networks that others trained, and how surely it was fitted.

python benchmarks/damage.py EVIDENCE [--most N] [--refit] [--steps N]

EVIDENCE is a folder of published errors with their judge: `judge.py`, `spaces.py`, `spaces/*.csv`,
`families.csv`, `caffenet_edits.csv`, `trained.csv`. It is no part of this repository.

With `--refit` each space is left out in turn: the constants are searched for at random on the
other spaces, with the released families and without, from a neutral start; the space that was
left out judges them beside the constants that cnncost has.
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from math import exp, isnan, log, nan
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from damage_families import FAMILIES

import cnncost
from cnncost.accuracy import error_constants
from cnncost.accuracy.layer_terms import LayerTerms, layer_terms
from cnncost.accuracy.potential import network_terms, potential_of
from cnncost.accuracy.roles import Role, find_roles
from cnncost.language import Spec
from cnncost.layers import Layer
from cnncost.network import Network
from cnncost.shape import Shape

Array = np.ndarray[Any, np.dtype[np.float64]]  # numpy's shapes are not typed further
Row = Mapping[str, float]
DistinctLayer = tuple[Layer, Shape, Shape, Role]

START = {
    "WIDTH": 0.2, "LINEAR_SHARE": 1.0, "DEPTHWISE_SHARE": 1.0, "SMALL_EXTENT": 1.0, "DEPTH": 1.0,
    "DEPTH_POWER": 0.5, "KERNEL_SHARE": 0.5, "RESOLUTION": 0.2, "RESOLUTION_FALL": 0.2,
    "HEAD_SHARE": 1.0, "GROUPS": 0.02, "DENSE": 0.02, "DENSE_UNITS": 1000.0,
}  # fmt: skip
"""Constants that prefer nothing: all layers count alike, at every extent."""


class Change(NamedTuple):
    """Two networks, and what was measured between them."""

    kind: str
    ln_error: float
    before: Spec
    after: Spec


class Space(NamedTuple):
    """Networks that were trained alike: what they are, and what was measured."""

    name: str
    networks: list[Network]
    ln_errors: Array
    ln_connections: Array


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def read_changes(evidence: Path) -> Iterator[Change]:
    """Pair each released model with its family's base; CaffeNets with the first that is listed."""
    errors: dict[str, dict[str, float]] = defaultdict(dict)
    edits: dict[tuple[str, str], str] = {}
    for row in read_rows(evidence / "families.csv"):
        errors[row["family"]][row["model"]] = float(row["ln_error_over_base"])
        edits[row["family"], row["model"]] = row["edit"]
    for row in read_rows(evidence / "caffenet_edits.csv"):
        errors[row["section"]][row["name"]] = log(1 - float(row["top1"]))
    for family in (one for listed in FAMILIES for one in listed()):
        found = {n: e for n, e in errors[family.name].items() if n in family.members}
        bases = [name for name in found if edits.get((family.name, name)) == "base"]
        base = next(iter([*bases, *found]), "")
        for name in (name for name in found if name != base):
            before, after = family.members[base], family.members[name]
            kind = family.kind or edits[family.name, name].replace("+", " and ")
            yield Change(kind, found[name] - found[base], before, after)


def read_single_edits(evidence: Path) -> Iterator[Change]:
    """The single edits that were trained as written; the mean over seeds."""
    runs: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for row in read_rows(evidence / "trained.csv"):
        if "single" in row["role"].split():
            ratio = log(float(row["error"]) / float(row["base_error_same_seed"]))
            runs[row["net"], row["kinds"], row["variant"]].append(ratio)
    for (net, kind, variant), found in sorted(runs.items()):
        specs = [cnncost.load(evidence / "trained" / f"{name}.yaml") for name in (net, variant)]
        yield Change(f"{net}: {kind}", float(np.mean(found)), specs[0], specs[1])


def list_spaces(judge: ModuleType, evidence: Path) -> list[str]:
    return [name for name in judge.SPACES if (evidence / "spaces" / f"{name}.csv").exists()]


def read_space(judge: ModuleType, evidence: Path, name: str, most: int) -> Space:
    rows = judge.read(name, evidence / "spaces", most, 0)
    specs = [cnncost.loads(judge.SPACES[name](code)) for code, _ in rows]
    connections = [cnncost.count(spec).totals.connections for spec in specs]
    ln_errors = np.log([error for _, error in rows])
    return Space(name, [spec.network for spec in specs], ln_errors, np.log(connections))


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


class CountedLayers:
    """Networks as counts of distinct layers, so that each layer's terms are found once."""

    def __init__(self, groups: Iterable[Iterable[Network]]) -> None:
        self.layers: dict[DistinctLayer, int] = {}
        counted = [[self._count_layers(network) for network in group] for group in groups]
        self.groups = [self._as_matrix(group) for group in counted]

    @staticmethod
    def _as_matrix(group: list[Counter[int]]) -> tuple[list[int], Array]:
        """One column per layer that the group has, one row per network."""
        columns = list(dict.fromkeys(layer for counts in group for layer in counts))
        return columns, np.array([[counts[layer] for layer in columns] for counts in group])

    def _count_layers(self, network: Network) -> Counter[int]:
        found: Counter[int] = Counter()
        for index, role in find_roles(network).items():
            node = network.nodes[index]
            assert node.layer is not None
            key = (node.layer, node.inputs[0], node.output, role)
            found[self.layers.setdefault(key, len(self.layers))] += 1
        return found

    def potentials(self) -> list[Array]:
        """The potential of each network, group by group, with the constants as they stand."""
        terms = np.array([layer_terms(*layer) for layer in self.layers])
        sums = [(counts @ terms[columns]).tolist() for columns, counts in self.groups]
        return [np.array([sum(potential_of(LayerTerms(*row))) for row in rows]) for rows in sums]


class Evidence:
    """All that constants are fitted to, and how far they are from it."""

    def __init__(self, judge: ModuleType, spaces: list[Space], changes: list[Change]) -> None:
        self.judge, self.spaces = judge, spaces
        self.kinds = np.array([change.kind for change in changes])
        self.measured = np.array([change.ln_error for change in changes])
        sides = ([c.before.network for c in changes], [c.after.network for c in changes])
        self.counted = CountedLayers([*sides, *(space.networks for space in spaces)])

    def judge_space(self, space: Space, potential: Array) -> Row:
        given = potential, space.ln_errors
        return {
            "rank": self.judge.spearman(*given),
            "equal MACs": self.judge.banded(*given, space.ln_connections),
            "regret": self.judge.regret(*given, space.ln_connections),
        }

    def judge_constants(self, constants: Row) -> tuple[dict[str, Row], float]:
        """Judge each space, and the families: the mean distance of measured and estimated."""
        shipped = {name: getattr(error_constants, name) for name in constants}
        set_constants(constants)
        before, after, *potentials = self.counted.potentials()
        set_constants(shipped)
        pairs = zip(self.spaces, potentials, strict=True)
        rows = {space.name: self.judge_space(space, found) for space, found in pairs}
        square = (self.measured - (after - before)) ** 2
        kinds = [square[self.kinds == kind].mean() ** 0.5 for kind in dict.fromkeys(self.kinds)]
        return rows, float(np.mean(kinds))

    def lose(self, constants: Row, without: str, families: float) -> float:
        """What a search makes small: the ranks that are missed on all spaces but one, and the
        distance from the families, which counts `families` times."""
        rows, distance = self.judge_constants(constants)
        missed = [
            1 - row["rank"] + (0 if isnan(row["equal MACs"]) else (1 - row["equal MACs"]) / 2)
            for name, row in rows.items()
            if name != without
        ]
        return sum(missed) + families * distance

    def search_constants(self, without: str, families: float, steps: int) -> Row:
        """Search at random: change a few constants by a factor, keep what is better."""
        draw, best = random.Random(0), START
        least = self.lose(best, without, families)
        for _ in range(steps):
            factors = {n: exp(draw.gauss(0, 0.3)) if draw.random() < 0.3 else 1 for n in best}
            tried = {name: value * factors[name] for name, value in best.items()}
            loss = self.lose(tried, without, families)
            if loss < least:
                best, least = tried, loss
        return best


def set_constants(constants: Row) -> None:
    for name, value in constants.items():
        setattr(error_constants, name, value)


def print_refits(evidence: Evidence, steps: int) -> None:
    networks = [network for space in evidence.spaces for network in space.networks]
    potentials = np.concatenate(evidence.counted.potentials()[2:])
    chosen = random.Random(0).sample(range(len(networks)), min(200, len(networks)))
    own = [sum(potential_of(network_terms(networks[k]))) for k in chosen]
    print(f"\ncounts of layers against the product: {np.abs(potentials[chosen] - own).max():.1e}")
    shipped = {name: getattr(error_constants, name) for name in START}
    judged, _ = evidence.judge_constants(shipped)
    for space in evidence.spaces:
        print_rows({space.name: {"shipped": judged[space.name]}})
        for title, families in (("refitted", 10.0), ("spaces only", 0.0)):
            found = evidence.search_constants(space.name, families, steps)
            print_rows({space.name: {title: evidence.judge_constants(found)[0][space.name]}})
            print("    " + "  ".join(f"{name} {value:.3g}" for name, value in found.items()))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("evidence", type=Path)
    options.add_argument("--most", type=int, default=1000, help="networks of a space")
    options.add_argument("--refit", action="store_true", help="leave each space out in turn")
    options.add_argument("--steps", type=int, default=600, help="constants that a search tries")
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
        found = [read_space(judge, given.evidence, name, given.most) for name in spaces]
        print_refits(Evidence(judge, found, changes), given.steps)


if __name__ == "__main__":
    main()
