"""Train the plans of `cnncost suggest` beside uniform scaling: is the advice better than none?

Five small networks (benchmarks/trained/*.yaml) on two tasks made of Fashion-MNIST and MNIST: a
garment somewhere among pieces of others and of digits (48x48), a garment anywhere (32x32).

    python benchmarks/train_plans.py write OUT        plans and uniform scaling, as PyTorch code
    python benchmarks/train_plans.py train OUT DATA   trains them; rows into OUT/errors.csv
    python benchmarks/train_plans.py report OUT       measured beside estimated

DATA is an .npz of uint8: fx, fy are 70,000 garments of 28x28 and their labels, dx, dy the digits.
`train` (plan_training.py) needs PyTorch and OUT alone, so it may run on another machine; with CUDA
a run takes some seconds, on the CPU minutes.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from hashlib import sha1
from math import log
from pathlib import Path
from statistics import fmean
from typing import Any

from plan_training import train

NETS = Path(__file__).parent / "trained"
BUDGETS = (
    ("connections=50%",), ("connections=25%",), ("weights=50%",), ("weights=25%",),
    ("weights=50%", "connections=50%"),
)  # fmt: skip


# What is trained


def list_variants(net: str, *, singles: bool) -> Iterator[tuple[str, str, str]]:
    """Yield role, edits and text of a network, its plans, uniform scaling and single edits."""
    from cnncost import api
    from cnncost.plans.suggestion.request import SuggestionRequest
    from cnncost.plans.suggestion.suggester import Suggester

    spec = api.load(NETS / f"{net}.yaml")
    yield "base", "", spec.text.text
    for budgets in BUDGETS:
        suggester = Suggester(spec, SuggestionRequest(budgets))
        plan = suggester.suggest().plan
        alike, _ = suggester.scale_plan_uniformly(suggester.budgets())
        for role, found in (("plan", plan), ("uniform", alike)):
            if found is not None:
                edits = " | ".join(edit.phrase for edit in found.edits)
                yield f"{' '.join(budgets)}: {role}", edits, found.text
    if singles:
        suggester = Suggester(spec, SuggestionRequest(()))
        kinds = defaultdict(list)
        for one in suggester.suggest().singles:
            kinds[one.edit.kind].append(one.edit)
        for kind, edits in kinds.items():
            dearest = max(edits, key=lambda edit: edit.score)
            yield f"single: {kind}", dearest.phrase, suggester.editable.edited_text(dearest.changes)


def write_variants(out: Path, seeds: int, *, singles: bool) -> None:
    """Write each variant as a spec and as PyTorch code, and the list of runs."""
    import cnncost

    found: dict[str, dict[str, Any]] = {}
    for path in sorted(NETS.glob("*.yaml")):
        net = path.stem
        for role, edits, text in list_variants(net, singles=singles):
            name = f"{net}-{sha1(text.encode()).hexdigest()[:8]}"
            network = cnncost.loads(text).network
            variant = found.setdefault(
                name,
                {"net": net, "roles": [], "edits": edits, "size": network.inputs[0].output.extents},
            )
            variant["roles"].append(role)
            (out / f"{name}.yaml").write_text(text)
            command = [sys.executable, "-m", "cnncost", "convert", f"{name}.yaml", f"{name}.py"]
            subprocess.run([*command, "--force"], cwd=out, check=True)
    (out / "variants.json").write_text(json.dumps(found, indent=1))
    jobs = [(name, seed) for seed in range(seeds) for name in found]
    bases = [name for name, one in found.items() if "base" in one["roles"]]
    jobs += [(name, seed) for seed in range(seeds, seeds + 2) for name in bases]
    (out / "jobs.json").write_text(json.dumps(jobs))


# What came out


def report(out: Path) -> None:
    """Print each variant, then plans beside uniform scaling, in ln(error) over the base's."""
    import cnncost

    variants = json.loads((out / "variants.json").read_text())
    errors: dict[str, list[float]] = defaultdict(list)
    with (out / "errors.csv").open() as file:
        for name, _, error in csv.reader(file):
            errors[name].append(log(float(error)))
    bases = {one["net"]: name for name, one in variants.items() if "base" in one["roles"]}
    measured: dict[tuple[str, str], float] = {}
    for name, one in variants.items():
        base = bases[one["net"]]
        if name == base or name not in errors:
            continue
        loss = fmean(errors[name]) - fmean(errors[base])
        specs = [cnncost.load(out / f"{which}.yaml") for which in (base, name)]
        estimate = cnncost.damage(*specs).score
        for role in one["roles"]:
            measured[one["net"], role] = loss
        roles = ", ".join(one["roles"])
        print(f"{one['net']:9s} {loss:+.3f} {estimate:+.3f} {roles}: {one['edits'][:80]}")
    gains = []
    print("\nplan - uniform, ln(error)")
    for (net, role), loss in measured.items():
        beside = measured.get((net, role.replace(": plan", ": uniform")))
        if role.endswith(": plan") and beside is not None:
            gains.append(loss - beside)
            print(f"{net:9s} {role:38s} {gains[-1]:+.3f}")
    if gains:
        print(f"mean {fmean(gains):+.3f}, worst {max(gains):+.3f}, of {len(gains)}")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("command", choices=["write", "train", "report"])
    options.add_argument("out", type=Path)
    options.add_argument("data", nargs="?", help="the pictures to train on")
    options.add_argument("--seeds", type=int, default=3)
    options.add_argument("--singles", action="store_true", help="single edits of each kind too")
    options.add_argument("--workers", type=int, default=1)
    options.add_argument("--seconds", type=float, default=1e9, help="start no run after so long")
    options.add_argument("--epochs", type=float, default=5)
    given = options.parse_args()
    out = given.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    if given.command == "write":
        write_variants(out, given.seeds, singles=given.singles)
    elif given.command == "train":
        train(out, given.data, given.workers, given.seconds, given.epochs)
    else:
        report(out)


if __name__ == "__main__":
    main()
