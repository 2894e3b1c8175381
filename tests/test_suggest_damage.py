"""The damage score: its curves follow from the published tables, its weights add up."""

from __future__ import annotations

import csv
from math import log
from pathlib import Path

import numpy as np
import pytest

import cnncost
from cnncost.suggest.suggestion.answer import is_mostly_narrow
from cnncost.suggest.text import damage
from cnncost.suggest.text.editable_spec import read_editable_spec
from cnncost.suggest.text.text_places import SpecText

REFERENCE = Path(__file__).parent / "reference" / "damage"


def _grid() -> list[tuple[str, float, float, float]]:
    """Family, ln(width ratio), ln(resolution ratio), ln(error ratio) of each published point."""
    with (REFERENCE / "mobilenet_grids.csv").open() as file:
        rows = list(csv.DictReader(file))
    points = []
    for family in ("mobilenet_v1", "mobilenet_v2"):
        own = [row for row in rows if row["family"] == family]
        base = 100 - float(own[0]["top1_accuracy"])  # the first row: full width, 224
        for row in own[1:]:
            error = 100 - float(row["top1_accuracy"])
            u, v = -log(float(row["width"])), log(224 / float(row["resolution"]))
            points.append((family, u, v, log(error / base)))
    return points


def _fit(points: list[tuple[str, float, float, float]]) -> np.ndarray:
    terms = np.array([[u, u * u, v, v * v] for _, u, v, _ in points])
    return np.linalg.lstsq(terms, np.array([d for *_, d in points]), rcond=None)[0]


def test_the_curves_are_the_least_squares_fit() -> None:
    points = _grid()
    assert len(points) == 34
    fitted = _fit(points)
    assert fitted == pytest.approx([*damage.WIDTH_CURVE, *damage.RESOLUTION_CURVE], abs=1e-4)
    found = np.array([d for *_, d in points])
    predicted = [damage.phi(u) + damage.phi_resolution(v) for _, u, v, _ in points]
    residual = found - np.array(predicted)
    assert 1 - (residual**2).sum() / ((found - found.mean()) ** 2).sum() == pytest.approx(
        0.995, abs=0.001
    )
    assert abs(residual).max() == pytest.approx(0.024, abs=0.001)


@pytest.mark.parametrize(
    ("known", "other"), [("mobilenet_v1", "mobilenet_v2"), ("mobilenet_v2", "mobilenet_v1")]
)
def test_one_family_predicts_the_other(known: str, other: str) -> None:
    points = _grid()
    fitted = _fit([p for p in points if p[0] == known])
    rest = [p for p in points if p[0] == other]
    found = np.array([d for *_, d in rest])
    predicted = np.array([[u, u * u, v, v * v] for _, u, v, _ in rest]) @ fitted
    assert 1 - ((found - predicted) ** 2).sum() / ((found - found.mean()) ** 2).sum() > 0.97


@pytest.mark.parametrize("name", ["alexnet", "vgg16", "resnet50", "mobilenet_v2", "densenet121"])
def test_a_uniform_multiplier_scores_exactly_phi(name: str) -> None:
    spec = cnncost.load(name)
    groups = read_editable_spec(SpecText(name, spec.text.text)).groups.groups.values()
    free = [group for group in groups if not group.frozen]
    assert sum(group.weight for group in free) == pytest.approx(1)


def _pair(change: str) -> float:
    with (REFERENCE / "pairs.csv").open() as file:
        row = next(row for row in csv.DictReader(file) if row["change"] == change)
    return log(float(row["error_after"]) / float(row["error_before"]))


def _inner_share() -> float:
    spec = cnncost.load("resnet50")
    groups = read_editable_spec(SpecText("resnet50", spec.text.text)).groups.groups.values()
    return sum(group.weight for group in groups if group.role == "bottleneck")


@pytest.mark.parametrize("part", ["0.7", "0.5", "0.3"])
def test_thinet_is_fitted(part: str) -> None:
    predicted = _inner_share() * damage.phi(-log(float(part)))
    assert predicted == pytest.approx(_pair(f"ResNet-50 inner widths x{part}"), abs=0.01)


def test_wide_resnet_is_predicted() -> None:
    # Inner widths halved; the pair was held out of the fit.
    predicted = _inner_share() * damage.phi(log(2))
    assert predicted == pytest.approx(_pair("Wide ResNet-50-2 to ResNet-50"), abs=0.02)


def test_the_equivalent_width_inverts_phi() -> None:
    for width in (0.9, 0.5, 0.25):
        assert damage.equivalent_width(damage.units(damage.phi(-log(width)))) == pytest.approx(
            width, abs=1e-3
        )


@pytest.mark.parametrize(("widths", "narrow"), [
    ((64, 64, 64), False),
    ((63, 63, 64), True),
    ((63, 64, 64), False),
    ((63, 64), False),  # half of them are not most
    ((65,), False),
    ((63,), True),
])  # fmt: skip
def test_networks_of_mostly_narrow_groups(widths: tuple[int, ...], narrow: bool) -> None:
    convs = "".join(f"- {{conv: {width}, kernel: 3}}\n" for width in widths)
    text = f"input: [3, 32, 32]\nlayers:\n{convs}- {{dense: 10}}\n"
    assert is_mostly_narrow(read_editable_spec(SpecText("n", text))) == narrow
