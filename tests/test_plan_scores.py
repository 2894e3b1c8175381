"""A plan's score is the damage of the file that it writes, a single edit's that of its text."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from command import run
from fuzz_suggest import called
from spaces import draft_of
from suggested import SMALL
from suggested_edits import edits
from wild_networks import wild_network

import cnncost
from cnncost.quantity import BUDGETS

UNIT = 1e-5
"""Scores are whole units of it."""


def check_damage(data: dict, before: cnncost.Spec, after: cnncost.Spec) -> None:  # type: ignore[type-arg]
    """Hold a score, its interval and its parts against the damage between two specs."""
    found = cnncost.damage(before, after)
    assert abs(data["score"] - found.score) <= UNIT
    assert abs(data["low"] - found.low) <= UNIT
    assert abs(data["high"] - found.high) <= UNIT
    assert {part.name for part in found.parts} == set(data["parts"])
    for part in found.parts:
        assert abs(data["parts"][part.name] - part.score) <= UNIT
    assert abs(sum(data["parts"].values()) - data["score"]) <= 3 * UNIT  # rounded one by one


def suggested(text: str, budgets: list[str], folder: Path, *options: str) -> dict | None:  # type: ignore[type-arg]
    """What `suggest` finds for a text, as JSON; None where it refuses or the text is none."""
    source, written = folder / "net.yaml", folder / "out.yaml"
    source.write_text(text)
    written.unlink(missing_ok=True)
    asked = [part for budget in budgets for part in ("--budget", budget)]
    arguments = (*asked, "--write", str(written), "-f", "json", *options)
    code, out, _ = called("suggest", str(source), *arguments)
    return json.loads(out) if code < 2 and out else None


@pytest.mark.parametrize("block", range(6))
def test_a_plan_s_score_is_the_damage_of_its_file(block: int, tmp_path: Path) -> None:
    plans = singles = 0
    for seed in range(100 * block, 100 * block + 10):
        pick = random.Random(seed)
        text = wild_network(pick)
        metrics = pick.sample(BUDGETS, pick.choice([1, 1, 2]))
        budgets = [f"{metric}={pick.randint(5, 90)}%" for metric in metrics]
        data = suggested(text, budgets, tmp_path, "--time-limit", "20")
        if data is None:
            continue
        before = cnncost.loads(text)
        if (tmp_path / "out.yaml").exists():
            check_damage(data["plan"], before, cnncost.load(tmp_path / "out.yaml"))
            plans += 1
        singles += check_singles(text, data)
    assert plans > 2
    assert singles > 20


def check_singles(text: str, data: dict) -> int:  # type: ignore[type-arg]
    """Hold each single edit's score against the damage of its text; how many there were."""
    editable = draft_of(text)
    texts = {edit.phrase: editable.edited_text(edit.changes) for edit in edits(editable)}
    before, checked = cnncost.loads(text), 0
    for single in data["single_edits"][:40]:
        check_damage(single, before, cnncost.loads(texts[single["edit"]]))
        checked += 1
    return checked


def test_uniform_scaling_scores_as_its_widths(tmp_path: Path) -> None:
    data = suggested(SMALL, ["weights=60K"], tmp_path)
    assert data is not None
    assert data["uniform"] is not None
    after = SMALL
    for step in data["uniform"]["steps"]:
        old, new = step["edit"].split(": ")[1].split(" ")[0:3:2]
        for word in ("conv", "dense"):
            after = after.replace(f"{word}: {old}", f"{word}: {new}", 1)
    before = cnncost.loads(SMALL)
    spec = cnncost.loads(after.replace("expect: {weights: 545984}\n", ""))
    assert cnncost.count(spec).totals.weights == data["uniform"]["after"]["weights"]
    check_damage(data["uniform"], before, spec)


@pytest.mark.parametrize(("name", "budget"), [
    ("alexnet", "weights=20M"), ("mobilenet_v1", "weights=50%"), ("m5_speech", "connections=50%"),
    ("mobilenet_v1", "connections=5%"), ("efficientnet_b0", "connections=15%"),
])  # fmt: skip
def test_plans_of_bundled_networks(name: str, budget: str, tmp_path: Path) -> None:
    written = tmp_path / "out.yaml"
    arguments = ("--budget", budget, "--write", str(written), "-f", "json", "--time-limit", "6")
    done = run("suggest", name, *arguments)
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)
    check_damage(data["plan"], cnncost.load(name), cnncost.load(written))
    # The steps add up to it.
    steps = [step["score"] for step in data["plan"]["steps"]]
    assert None in steps or abs(sum(steps) - data["plan"]["score"]) < 1e-9
