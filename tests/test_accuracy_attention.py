"""The damage between vision transformers beside what others measured: `attention.csv` has top-1
errors on ImageNet-1K as timm's table of results has them, one recipe for each family (Touvron et
al. 2021 and 2022, CaiT; Steiner et al. 2022; Beyer et al. 2023; Liu et al. 2021)."""

from __future__ import annotations

import csv
import re
from functools import cache
from itertools import combinations
from math import log, sqrt
from pathlib import Path
from statistics import median
from typing import NamedTuple

import pytest

import cnncost
from cnncost.accuracy import Damage

ROWS = list(
    csv.DictReader(
        (Path(__file__).parent / "reference/damage/attention.csv").open(encoding="utf-8")
    )
)


def base_text(name: str) -> str:
    """A bundled network, without what it should count."""
    return re.sub(r"\n(expect|published): (.|\n)*", "", cnncost.load(name).text.text)


VIT, SWIN = base_text("vit_b16"), base_text("swin_t")


def transformer(row: dict[str, str]) -> cnncost.Spec:
    """The network of a row: `blocks` are a ViT's, or those of Swin's third stage."""
    if row["family"] == "swin":
        text = SWIN.replace("conv: 96", f"conv: {row['width']}")
        text = text.replace("repeat: 6}", f"repeat: {row['blocks']}}}")
        for stage, heads in enumerate((3, 6, 12, 24)):
            own = int(row["heads"]) << stage
            text = text.replace(f"heads: {heads}, repeat", f"HEADS: {own}, repeat")
        return cnncost.loads(text.replace("HEADS", "heads"))
    text = VIT.replace("conv: 768", f"conv: {row['width']}")
    text = text.replace(
        "encoder: 12, repeat: 12", f"encoder: {row['heads']}, repeat: {row['blocks']}"
    )
    text = text.replace("resolution: 224, patch: 16", "resolution: {resolution}, patch: {patch}")
    return cnncost.loads(
        text.replace("{resolution}", row["resolution"]).replace("{patch}", row["patch"])
    )


class Pair(NamedTuple):
    """Two transformers of one family, and what the smaller one cost."""

    kind: str
    measured: float
    damage: Damage

    @property
    def inside(self) -> bool:
        return self.damage.low <= self.measured <= self.damage.high


@cache
def list_pairs() -> list[Pair]:
    networks = {(row["family"], row["model"]): transformer(row) for row in ROWS}
    found = []
    for one, other in combinations(ROWS, 2):
        if one["family"] == other["family"]:
            best, worst = sorted((one, other), key=lambda row: float(row["error"]))
            keys = ("width", "blocks", "patch", "resolution")
            kind = " and ".join(key for key in keys if best[key] != worst[key])
            measured = log(float(worst["error"]) / float(best["error"]))
            before, after = (networks[row["family"], row["model"]] for row in (best, worst))
            found.append(Pair(kind, measured, cnncost.damage(before, after)))
    return found


@pytest.mark.parametrize(("name", "parameters"), [
    # Millions of parameters, of the same table.
    ("tiny", 5.72), ("small", 22.05), ("base", 86.57), ("base 384", 86.86),
])  # fmt: skip
def test_the_transformers_are_what_they_are_called(name: str, parameters: float) -> None:
    (row,) = [row for row in ROWS if (row["family"], row["model"]) == ("deit", name)]
    found = cnncost.count(transformer(row)).totals.parameters
    assert round(found / 1e6, 2) == parameters


@pytest.mark.parametrize(("kind", "count", "low", "high", "error"), [
    ("width", 26, 0.8, 1.25, 0.06),
    ("blocks", 4, 0.75, 1.33, 0.03),
    ("width and blocks", 25, 0.6, 1.25, 0.10),
    ("patch", 2, 0.8, 1.25, 0.06),
    ("resolution", 11, 0.6, 1.25, 0.07),
    ("width and resolution", 18, 0.75, 1.25, 0.08),
    ("width and blocks and resolution", 17, 0.6, 1.25, 0.13),
    ("width and patch", 4, 0.6, 1.25, 0.09),
])  # fmt: skip
def test_pairs_that_others_trained(
    kind: str, count: int, low: float, high: float, error: float
) -> None:
    pairs = [pair for pair in list_pairs() if pair.kind == kind]
    assert len(pairs) == count
    assert sum(pair.inside for pair in pairs) >= 0.9 * count
    assert low < median(pair.measured / pair.damage.score for pair in pairs) < high
    assert sqrt(sum((p.measured - p.damage.score) ** 2 for p in pairs) / count) < error
