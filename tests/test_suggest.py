"""`cnncost suggest` as users meet it: plans and single edits, and what they leave alone."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest
from command import run
from potential_oracle import potential_by_loops
from suggested import SMALL, found

import cnncost


def test_alexnet_in_20m_weights(tmp_path: Path) -> None:
    done = run(
        "suggest", "alexnet", "--budget", "weights=20M", "--write", "small.yaml", "-f", "json",
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    plan = json.loads(done.stdout)["plan"]
    assert plan["proved"]
    spec = cnncost.load(tmp_path / "small.yaml")
    totals = cnncost.count(spec).totals
    assert totals.weights == plan["after"]["weights"] <= 20_000_000
    assert totals.connections == plan["after"]["connections"]
    assert spec.budget == {"weights": 20_000_000}
    assert spec.expect is None
    first = (tmp_path / "small.yaml").read_text().splitlines()[0]
    score = f"score {plan['score']:.3f}"
    assert first == f"# cnncost suggest: alexnet.yaml, weights=20M, {score}"
    assert run("check", "small.yaml", cwd=tmp_path).returncode == 0


def test_alexnet_single_edits() -> None:
    data = found("alexnet")
    after = {one["edit"]: one["after"] for one in data["single_edits"]}
    # The published network: 37,748,736 weights in fc1, 60,954,656 in all.
    assert after["maxpool to 6x6 before fc1"]["weights"] == 60_954_656
    # 13 x 13 x 256 x 1024 = 44,302,336 in fc1, and 1024 x 4096 in fc2.
    others = 200_415_264 - 177_209_344 - 16_777_216
    assert after["fc1: 4096 to 1024 units"]["weights"] == others + 44_302_336 + 1024 * 4096
    assert after["fc1: 4096 to 512 units"]["weights"] == others + 22_151_168 + 512 * 4096
    fc2 = 200_415_264 - 16_777_216 - 4_096_000
    assert after["fc2: 4096 to 1024 units"]["weights"] == fc2 + 4096 * 1024 + 1024 * 1000
    assert after["fc2: 4096 to 512 units"]["weights"] == fc2 + 4096 * 512 + 512 * 1000
    for layer in ("conv1", "conv2", "conv3", "conv4", "conv5"):
        assert any(e.startswith(layer) and e.endswith("filters") for e in after)
    kinds = {one["kind"] for one in data["single_edits"]}
    assert {"width", "dense", "pool-before-dense", "stride", "resolution"} <= kinds
    # 4x4 windows by 4 leave the last 3 of 55 positions out, and the last 3 of 27.
    assert "pooling" not in kinds
    assert data["plan"] is None


def test_other_budgets_get_other_edits_and_the_reason() -> None:
    done = run("suggest", "alexnet", "--budget", "connections=600M", "--time-limit", "15")
    assert done.returncode == 0, done.stderr
    assert "Convolutions hold 77 % of the connections." in " ".join(done.stdout.split())
    plan = done.stdout.split("The plan")[1]
    weights = run("suggest", "alexnet", "--budget", "weights=100M", "--top", "1")
    assert "Dense layers hold 99 % of the weights." in " ".join(weights.stdout.split())
    # No convolution has to be smaller for the weights.
    assert "conv" in plan.split("all of it")[0]
    assert "filters" not in weights.stdout.split("The plan")[1].split("Instead of it")[0]


def test_the_width_multiplier_scores_as_all_widths() -> None:
    done = run("suggest", "mobilenet_v1", "--forbid", "width", "--top", "99", "-f", "json")
    assert done.returncode == 0, done.stderr
    edits = {one["edit"]: one for one in json.loads(done.stdout)["single_edits"]}
    half = edits["alpha: 1 to 0.5"]
    before, after = (
        cnncost.load("mobilenet_v1", params={"alpha": alpha}).network
        for alpha in (1, Fraction(1, 2))
    )
    pairs = zip(*map(potential_by_loops, (before, after)), strict=True)
    parts = dict(zip(half["parts"], (b - a for a, b in pairs), strict=True))
    assert half["score"] == pytest.approx(sum(parts.values()), abs=1e-5)
    # The depthwise layers have half as many channels, which costs.
    assert half["parts"] == pytest.approx(parts, abs=1e-5)
    assert half["parts"]["groups"] > 0
    # Howard et al. 2017, table 6: 0.5 MobileNet-224 has 149 M multiply-adds, 1.3 M parameters.
    assert round(half["after"]["connections"] / 1e6) == 149
    assert round(half["after"]["parameters"] / 1e6, 1) == 1.3
    assert not any(edit.startswith("resolution") for edit in edits)


SHARED = """\
input: {left: [1, 16, 16], right: [1, 16, 16]}
layers:
  - {name: a, conv: 32, kernel: 3, from: left}
  - {name: b, conv: 32, kernel: 3, from: right, share: a}
  - {concat: [a, b]}
  - {name: out, dense: 4}
"""


def test_shared_layers_keep_one_width() -> None:
    others = ["low-rank", "pool-before-dense", "stride", "pooling", "resolution", "separable",
              "bottleneck", "grouped", "asymmetric"]  # fmt: skip
    forbidden = [word for kind in others for word in ("--forbid", kind)]
    arguments = ("--budget", "weights=60%", "--write", "-", *forbidden)
    done = run("suggest", "-", *arguments, text=SHARED)
    assert done.returncode == 0, done.stderr
    nodes = {node.name: node for node in cnncost.loads(done.stdout).network.nodes}
    assert nodes["a"].output.channels == nodes["b"].output.channels < 32


def test_what_is_kept_stays() -> None:
    data = found("-", "--keep", "c2", "--budget", "weights=200K", text=SMALL)
    assert not any(step["edit"].startswith("c2") for step in data["plan"]["steps"])
    assert not any(one["edit"].startswith("c2:") for one in data["single_edits"])


def test_forbidden_kinds_are_not_used() -> None:
    data = found("-", "--forbid", "dense", "--forbid", "low-rank", text=SMALL)
    assert {"dense", "low-rank"}.isdisjoint(one["kind"] for one in data["single_edits"])


def test_the_same_plan_whatever_the_hash_seed_and_the_order_of_keys() -> None:
    turned = SMALL.replace(
        "{name: c1, conv: 32, kernel: 3, padding: 1}", "{padding: 1, kernel: 3, conv: 32, name: c1}"
    ).replace("    conv: 64\n    kernel: 3\n", "    kernel: 3\n    conv: 64\n")
    plans = [
        found("-", "--budget", "weights=60K", text=text, PYTHONHASHSEED=seed)["plan"]
        for text, seed in ((SMALL, "1"), (SMALL, "2"), (turned, "3"))
    ]
    assert plans[0] == plans[1] == plans[2]
