"""The plans beside the suggested one: each can be written, and the one suggested is surely better
than uniform scaling, or uniform scaling itself."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from command import run
from fuzz_suggest import called
from suggested import SMALL
from wild_networks import wild_network

import cnncost
from cnncost.quantity import TOTALS


class Answered:
    """What `suggest` said of a network, and the plans that it writes."""

    def __init__(self, text: str, budgets: list[str], folder: Path, *options: str) -> None:
        self.source, self.folder = folder / "net.yaml", folder
        self.source.write_text(text)
        asked = [part for budget in budgets for part in ("--budget", budget)]
        self.arguments = ("suggest", str(self.source), *asked, "--time-limit", "8", *options)
        code, out, _ = called(*self.arguments, "-f", "json")
        self.data: dict[str, Any] = json.loads(out) if code < 2 and out else {}

    @property
    def alternatives(self) -> list[dict[str, Any]]:
        """In the order of their numbers. One file stands once: what counts and scores alike is one,
        and the plan's is none of them."""
        data = self.data
        known, found = [(data["plan"]["after"], data["plan"]["score"])], []
        for one in (*data["others"], data["without_replacements"], data["uniform"]):
            if one is not None and (one["after"], one["score"]) not in known:
                known.append((one["after"], one["score"]))
                found.append(one)
        return found

    def write(self, *pick: str) -> cnncost.Spec:
        """Write a plan, the suggested one or another."""
        written = self.folder / "out.yaml"
        written.unlink(missing_ok=True)
        code, _, err = called(*self.arguments, *pick, "--write", str(written))
        assert code == 0, err
        return cnncost.load(written)


def check_written(answered: Answered, budgets: dict[str, float]) -> None:
    """Hold every alternative's file against what is listed, and the budgets."""
    before = cnncost.load(answered.source)
    today = cnncost.count(before).totals
    for number, listed in enumerate(answered.alternatives, 1):
        spec = answered.write("--pick", str(number))
        totals = cnncost.count(spec).totals
        for metric, share in budgets.items():
            assert getattr(totals, metric) <= getattr(today, metric) * share
            assert getattr(totals, metric) == listed["after"][metric]
        assert cnncost.damage(before, spec).score == pytest.approx(listed["score"], abs=1e-5)


def check_choice(answered: Answered) -> bool:
    """Hold the choice between plans and uniform scaling; whether it is uniform scaling."""
    data, listed = answered.data, answered.alternatives
    if data["uniform"] == data["plan"]:
        alike = answered.write()
        others = [answered.write("--pick", str(at)) for at in range(1, len(listed) + 1)]
        assert all(cnncost.damage(alike, other).high >= 0 for other in others)
        return True
    number = 1 + [one["after"] for one in listed].index(data["uniform"]["after"])
    alike = answered.write("--pick", str(number))
    assert cnncost.damage(alike, answered.write()).high < 0
    return False


@pytest.mark.parametrize("block", range(4))
def test_plans_beside_the_suggested_one(block: int, tmp_path: Path) -> None:
    chosen = []
    for seed in range(500 + 100 * block, 500 + 100 * block + 8):
        pick = random.Random(seed)
        metrics = pick.sample(list(TOTALS), pick.choice([1, 1, 2]))
        budgets = {metric: pick.randint(20, 90) for metric in metrics if metric != "biases"}
        words = [f"{metric}={share}%" for metric, share in budgets.items()]
        answered = Answered(wild_network(pick), words, tmp_path)
        if answered.data and answered.data["plan"] and answered.data["proved"]:
            check_written(answered, {metric: share / 100 for metric, share in budgets.items()})
            if answered.data["uniform"]:
                chosen.append(check_choice(answered))
    assert chosen


def test_uniform_scaling_is_the_plan_where_no_other_is_surely_better(tmp_path: Path) -> None:
    text = cnncost.load("resnet18").text.text
    answered = Answered(text, ["connections=50%"], tmp_path)
    assert answered.data["plan"] == answered.data["uniform"]
    assert check_choice(answered)
    page = called(*answered.arguments)[1]
    assert "The plan is uniform scaling: " in page
    # Of few edits no uniform scaling is asked for.
    few = Answered(text, ["connections=50%"], tmp_path, "--most-edits", "2")
    assert len(few.data["plan"]["steps"]) <= 2


@pytest.mark.parametrize("pick", ["0", "99", "-1", "two", "1.5", "30M"])
def test_a_number_that_no_plan_has_is_refused(pick: str) -> None:
    done = run(
        "suggest", "-", "--budget", "weights=60K", "--pick", pick, "--write", "-", text=SMALL
    )
    assert done.returncode == 2
    assert f"--pick {pick}: no other plan has this number" in done.stderr
    assert "hint: 1 to " in done.stderr
    assert done.stdout == ""
