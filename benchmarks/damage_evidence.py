"""Changes of networks that others trained, with what they measured: `damage.py` reads them."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from math import log
from pathlib import Path
from typing import NamedTuple

import numpy as np
from damage_families import FAMILIES

import cnncost
from cnncost.language import Spec


class Change(NamedTuple):
    """Two networks, and what was measured between them."""

    kind: str
    ln_error: float
    before: Spec
    after: Spec


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
