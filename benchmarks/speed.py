"""How well a few constants a device predict the speed of networks, on networks kept out.

python benchmarks/speed.py EVIDENCE [--layers | --costs]

EVIDENCE is a folder with `speed.csv`: timm's published speeds of its models (samples a second),
with their multiply-accumulates (`gmacs`), the outputs of their layers with weights (`macts_m`, our
units) and parameters. It is no part of this repository. The rows of each set-up are halved by
their place in the alphabet, every second one; each half is judged by a fit on the other.

With `--layers` the same is done with figures that cnncost counted of timm's networks, which stand
in `timm_figures.csv` (`timm_figures.py` wrote it), with other terms besides the shipped ones. A
network whose parameters are not the published ones was changed in timm since, and is left out.

With `--costs` the costs are printed as the files in `devices/` have them, fitted on all rows.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from random import Random

from speed_rows import FAMILIES, SETUPS, SpeedRow, read_counted_rows, read_rows

from cnncost.timing.fitting import find_quantile, fit_costs, judge_ratios, predict_seconds

TERMS: dict[str, tuple[str, ...]] = {
    "MACs alone": ("connections",),
    "units alone": ("units",),
    "MACs, units": ("connections", "units"),
    "and parameters": ("connections", "units", "parameters"),
    "and a constant": ("connections", "units", "run"),
    "and both": ("connections", "units", "parameters", "run"),
    "and the image": ("connections", "units", "input_units"),
    "parameters / batch": ("connections", "units", "parameters_of_batch"),
    "and 1 / batch": ("connections", "units", "run_of_batch"),
}
"""What is tried, and the terms that it has."""

CHOSEN = {setup: "MACs, units" if setup.startswith("rtx") else "and both" for setup in SETUPS}
"""The best terms that the published figures allow: those of most devices that cnncost ships."""

LAYER_TERMS: dict[str, tuple[str, ...]] = {
    "chosen without": (),
    "other outputs": ("other_units",),
    "depthwise": ("depthwise_connections",),
    "windows": ("window_reads",),
    "layers": ("layers",),
    "outputs, depthwise": ("other_units", "depthwise_connections"),
    "outputs, windows": ("other_units", "window_reads"),
    "outputs, layers": ("other_units", "layers"),
    "all four": ("other_units", "depthwise_connections", "window_reads", "layers"),
}
"""What is tried with cnncost's own figures, besides the terms that were chosen without."""

BY_LAYER: dict[str, tuple[str, ...]] = {
    "rtx4090_amp_dynamo_pt291": ("connections", "units", "other_units"),
    "i9_10940x_fp32_pt240": ("connections", "parameters", "layers"),
}
"""The terms of the devices that ship with a fit to cnncost's own figures."""


DRAWS = 12
"""How often halves of whole families are drawn."""


def alternate_halves(rows: Sequence[SpeedRow]) -> list[int]:
    """Say of each row which half it is in: every second one is in the other."""
    return [place % 2 for place in range(len(rows))]


def draw_family_halves(rows: Sequence[SpeedRow], seed: int) -> list[int]:
    """Say of each row which half it is in: all that have a name before their first digit, such as
    resnet or tf_efficientnet_b, are in one half."""
    names = [re.split(r"\d", row.model)[0] for row in rows]
    pick = Random(seed)
    halves = {name: pick.randrange(2) for name in sorted(set(names))}
    return [halves[name] for name in names]


def predict_kept_out(
    rows: Sequence[SpeedRow], terms: Sequence[str], halves: Sequence[int]
) -> list[float]:
    """Predict each row's seconds from a fit on the half that it is not in."""
    placed = list(zip(rows, halves, strict=True))
    costs = [
        fit_costs([row.measured for row, half in placed if half != kept_out], terms)
        for kept_out in (0, 1)
    ]
    return [predict_seconds(row.measured.figures, costs[half]) for row, half in placed]


def rank_correlation(one: Sequence[float], other: Sequence[float]) -> float:
    """Spearman's rank correlation; hardly any two of these numbers are equal."""
    n = len(one)
    ranks = [sorted(range(n), key=values.__getitem__) for values in (one, other)]
    places = [sorted(range(n), key=order.__getitem__) for order in ranks]
    gap = sum((a - b) ** 2 for a, b in zip(*places, strict=True))
    return 1 - 6 * gap / (n * (n * n - 1))


def judge_terms(rows: Sequence[SpeedRow], terms: Sequence[str]) -> str:
    """Write the errors on networks kept out: median, 90th percentile, rank correlation."""
    predicted = predict_kept_out(rows, terms, alternate_halves(rows))
    seconds = [row.measured.seconds for row in rows]
    errors = _find_errors(rows, predicted)
    families = []
    for family in FAMILIES:
        own = [e for e, row in zip(errors, rows, strict=True) if row.family == family]
        families.append(f"{100 * find_quantile(own, 0.5):6.1f}")
    half, tenth = (100 * find_quantile(errors, share) for share in (0.5, 0.9))
    return (
        f"{half:6.1f} {tenth:6.1f} {rank_correlation(predicted, seconds):7.3f} {' '.join(families)}"
    )


def _find_errors(rows: Sequence[SpeedRow], predicted: Sequence[float]) -> list[float]:
    return [abs(p / row.measured.seconds - 1) for p, row in zip(predicted, rows, strict=True)]


def judge_families(rows: Sequence[SpeedRow], terms: Sequence[str]) -> str:
    """Write the median errors on whole families kept out: their mean, the least and the most."""
    medians = []
    for seed in range(DRAWS):
        predicted = predict_kept_out(rows, terms, draw_family_halves(rows, seed))
        medians.append(100 * find_quantile(_find_errors(rows, predicted), 0.5))
    return f"{sum(medians) / DRAWS:.1f} ({min(medians):.1f} to {max(medians):.1f})"


def print_costs(setup: str, evidence: Path) -> None:
    """Print a device's costs and how they held, as its file has them."""
    read = read_counted_rows if setup in BY_LAYER else read_rows
    rows = read(evidence, setup)
    terms = BY_LAYER.get(setup, TERMS[CHOSEN[setup]])
    predicted = predict_kept_out(rows, terms, alternate_halves(rows))
    ratios = [p / row.measured.seconds for p, row in zip(predicted, rows, strict=True)]
    error, interval = judge_ratios(ratios)
    costs = fit_costs([row.measured for row in rows], terms)
    print(f"{setup}: {len(rows)} networks")
    print("  seconds: {" + ", ".join(f"{term}: {cost:.3e}" for term, cost in costs.items()) + "}")
    sizes = sorted(row.measured.figures["connections"] for row in rows)
    print(f"  connections: [{sizes[0] / 1e6:.0f}M, {sizes[-1] / 1e9:.0f}G]")
    print(f"  median_error: {error:.3f}, interval: [{interval[0]:.2f}, {interval[1]:.2f}]")


def print_errors(setup: str, evidence: Path) -> None:
    """Print the errors of all sets of terms that the published figures allow."""
    rows = read_rows(evidence, setup)
    _print_heads(setup, rows)
    for name, terms in TERMS.items():
        print(f"  {name:<20} {judge_terms(rows, terms)}")


def print_layer_errors(setup: str, evidence: Path) -> None:
    """Print the errors of all sets of terms with cnncost's own figures."""
    rows = read_counted_rows(evidence, setup)
    chosen = TERMS[CHOSEN[setup]]
    tried = {name: TERMS[name] for name in ("MACs alone", "units alone")}
    tried |= {name: (*chosen, *more) for name, more in LAYER_TERMS.items()}
    shipped = {"as shipped": BY_LAYER[setup]} if setup in BY_LAYER else {}
    _print_heads(setup, rows)
    for name, terms in (tried | shipped).items():
        print(f"  {name:<20} {judge_terms(rows, terms)}")
    print("  whole families kept out, medians of some draws:")
    for name, terms in ({"chosen without": chosen} | shipped).items():
        print(f"  {name:<20} {judge_families(rows, terms)}")


def _print_heads(setup: str, rows: Sequence[SpeedRow]) -> None:
    counts = ", ".join(f"{sum(r.family == f for r in rows)} {f}" for f in FAMILIES)
    print(f"{setup}: {len(rows)} networks ({counts})")
    print(f"  {'%':<20} median   90th  Spearman {'  '.join(FAMILIES)}")


def main() -> None:
    """Print the errors of sets of terms on all set-ups, or the costs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("evidence", type=Path)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--layers", action="store_true", help="with cnncost's figures of layers")
    what.add_argument("--costs", action="store_true", help="print the devices' costs")
    given = parser.parse_args()
    show = print_layer_errors if given.layers else print_costs if given.costs else print_errors
    for setup in SETUPS:
        show(setup, given.evidence / "speed.csv")


if __name__ == "__main__":
    main()
