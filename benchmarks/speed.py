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
import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from cnncost.timing.fitting import (
    TimedRun,
    find_quantile,
    fit_costs,
    judge_ratios,
    predict_seconds,
)
from cnncost.timing.time_columns import COLUMNS

SETUPS = (
    "rtx3090_amp_nchw_pt240",
    "rtx3090_amp_nhwc_pt240",
    "rtx4090_amp_nchw_pt291",
    "rtx4090_amp_dynamo_pt291",
    "rtx5090_amp_nchw_pt291",
    "i7_12700h_fp32_pt240",
    "i9_10940x_fp32_pt240",
    "i9_10940x_fp32_pt221",
)
"""The columns of speeds."""

DEPTHWISE = (
    *("convmixer", "convnext", "efficientnet", "fasternet", "fbnet", "ghostnet", "hardcorenas"),
    *("inception_next", "lcnet", "mixnet", "mnasnet", "mobilenet", "mobileone", "nasnet"),
    *("pnasnet", "regnetz", "repghostnet", "rexnet", "semnasnet", "spnasnet", "starnet"),
    *("tf_efficientnet", "tf_mixnet", "tf_mobilenet", "tinynet", "xception", "legacy_xception"),
    *("gc_efficientnet",),
)
"""Families of depthwise convolutions, by the beginnings of their names."""

RESIDUAL = (
    *("cs3", "cspdarknet", "cspresnet", "cspresnext", "darknet", "dla", "dm_nfnet", "dpn"),
    *("eca_nfnet", "eca_resnet", "ecaresne", "gcresne", "gernet", "hrnet", "inception_resnet"),
    *("legacy_senet", "legacy_seresne", "nf_", "nfnet", "regnet", "res2ne", "resnest", "resne"),
    *("sedarknet", "seresne", "skresne", "tresnet", "wide_resnet", "senet"),
)
"""Families that add what a block reads to what it gives; depthwise ones stand above."""

DENSE = (
    *("densenet", "rdnet", "hgnet", "vovnet", "ese_vovnet", "eca_vovnet", "selecsls"),
    *("vgg", "repvgg", "inception"),
)
"""Families that join maps by concatenation, or only stack layers."""

FAMILIES = {"depthwise": DEPTHWISE, "residual": RESIDUAL, "dense": DENSE}

LEFT_OUT = re.compile(
    r"evos|evob|_gn\b|_gn_|sgn|frn|_ln\b|hybrid|botne|halo|lambda|test_|mobilenetv5|edgenext"
)
"""Names of networks with attention, with norms that PyTorch makes of many small kernels, and the
tiny ones for timm's own tests."""

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

FIGURES = Path(__file__).with_name("timm_figures.csv")
CHANGED = 0.02
"""A network is another than the published one if its parameters differ by this share."""


class SpeedRow(NamedTuple):
    """One network on one set-up."""

    model: str
    family: str
    measured: TimedRun


def find_family(model: str) -> str:
    """Find a convolutional network's family; empty for any other network."""
    if LEFT_OUT.search(model):
        return ""
    found = (name for name, starts in FAMILIES.items() if model.startswith(starts))
    return next(found, "")


def read_rows(path: Path, setup: str) -> list[SpeedRow]:
    """Read the convolutional networks that were measured on a set-up, by name."""
    found = _read_published(path, setup)
    return _sort_rows([_make_row(row, _list_figures(row, setup), setup) for row in found])


def read_counted_rows(path: Path, setup: str) -> list[SpeedRow]:
    """Read those that cnncost counted, with its own figures."""
    with FIGURES.open(encoding="utf-8", newline="") as file:
        counted = {(row["model"], row["img_size"]): row for row in csv.DictReader(file)}
    rows = []
    for row in _read_published(path, setup):
        own = counted.get((row["model"], row["img_size"]))
        if own and not own["why_not"] and _is_published(own, row):
            rows.append(_make_row(row, _list_counted(own, row, setup), setup))
    return _sort_rows(rows)


def _read_published(path: Path, setup: str) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [row for row in rows if row[setup] and find_family(row["model"])]


def _make_row(row: Mapping[str, str], figures: Mapping[str, float], setup: str) -> SpeedRow:
    model = row["model"]
    return SpeedRow(model, find_family(model), TimedRun(model, figures, 1 / float(row[setup])))


def _sort_rows(rows: Sequence[SpeedRow]) -> list[SpeedRow]:
    return sorted(rows, key=lambda row: (row.model, row.measured.seconds))


def _is_published(own: Mapping[str, str], row: Mapping[str, str]) -> bool:
    """Whether a network has the parameters that were published. Its other figures may differ: of
    convolutions that pad to the same size, the published ones leave out some."""
    parameters = float(row["params_m"])
    return abs(int(own["parameters"]) / 1e6 - parameters) <= CHANGED * parameters


def _list_counted(own: Mapping[str, str], row: Mapping[str, str], setup: str) -> dict[str, float]:
    figures = _list_figures(row, setup)
    figures |= {key: float(own[key]) for key in own if key in COLUMNS}
    figures["layers"] /= float(row[f"{setup}_batch"])  # started once per run
    return figures


def _list_figures(row: Mapping[str, str], setup: str) -> dict[str, float]:
    batch, parameters = float(row[f"{setup}_batch"]), 1e6 * float(row["params_m"])
    return {
        "connections": 1e9 * float(row["gmacs"]),
        "units": 1e6 * float(row["macts_m"]),
        "parameters": parameters,
        "run": 1.0,
        "input_units": 3.0 * float(row["img_size"]) ** 2,
        "parameters_of_batch": parameters / batch,
        "run_of_batch": 1 / batch,
    }


def predict_kept_out(rows: Sequence[SpeedRow], terms: Sequence[str]) -> list[float]:
    """Predict each row's seconds from a fit on the half that it is not in."""
    halves = [[row.measured for row in rows[half::2]] for half in (0, 1)]
    costs = [fit_costs(half, terms) for half in halves]
    return [
        predict_seconds(row.measured.figures, costs[1 - place % 2])
        for place, row in enumerate(rows)
    ]


def rank_correlation(one: Sequence[float], other: Sequence[float]) -> float:
    """Spearman's rank correlation; hardly any two of these numbers are equal."""
    n = len(one)
    ranks = [sorted(range(n), key=values.__getitem__) for values in (one, other)]
    places = [sorted(range(n), key=order.__getitem__) for order in ranks]
    gap = sum((a - b) ** 2 for a, b in zip(*places, strict=True))
    return 1 - 6 * gap / (n * (n * n - 1))


def judge_terms(rows: Sequence[SpeedRow], terms: Sequence[str]) -> str:
    """Write the errors on networks kept out: median, 90th percentile, rank correlation."""
    predicted = predict_kept_out(rows, terms)
    seconds = [row.measured.seconds for row in rows]
    errors = [abs(p / t - 1) for p, t in zip(predicted, seconds, strict=True)]
    families = []
    for family in FAMILIES:
        own = [e for e, row in zip(errors, rows, strict=True) if row.family == family]
        families.append(f"{100 * find_quantile(own, 0.5):6.1f}")
    half, tenth = (100 * find_quantile(errors, share) for share in (0.5, 0.9))
    return (
        f"{half:6.1f} {tenth:6.1f} {rank_correlation(predicted, seconds):7.3f} {' '.join(families)}"
    )


def print_costs(setup: str, evidence: Path) -> None:
    """Print a device's costs and how they held, as its file has them."""
    read = read_counted_rows if setup in BY_LAYER else read_rows
    rows = read(evidence, setup)
    terms = BY_LAYER.get(setup, TERMS[CHOSEN[setup]])
    predicted = predict_kept_out(rows, terms)
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
    _print_heads(setup, rows)
    for name in ("MACs alone", "units alone"):
        print(f"  {name:<20} {judge_terms(rows, TERMS[name])}")
    for name, more in LAYER_TERMS.items():
        print(f"  {name:<20} {judge_terms(rows, (*TERMS[CHOSEN[setup]], *more))}")
    if setup in BY_LAYER:
        print(f"  {'as shipped':<20} {judge_terms(rows, BY_LAYER[setup])}")


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
