"""timm's published speeds of convolutional networks, by family, with their figures."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from cnncost.timing.fitting import TimedRun
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
