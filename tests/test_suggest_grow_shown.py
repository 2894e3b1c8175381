"""What `suggest --grow` prints, writes and refuses."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from command import run
from test_suggest_grow import OTHERS, TWO

import cnncost
from cnncost.plans.edits.catalogue import parse_allowed_edits
from cnncost.plans.suggestion.request import SuggestionRequest
from cnncost.plans.suggestion.suggester import Suggester
from cnncost.views.draw.frontier_curve import CurveAxes
from cnncost.views.draw.plot_axes import HEIGHT, WIDTH
from cnncost.views.terminal import BAR


def _shown(*arguments: str, text: str = "") -> str:
    done = run("suggest", *arguments, "--grow", text=text)
    assert done.returncode == 0, done.stderr
    return done.stdout


SMALL = TWO.format(size=16, a=8, b=8)


def test_a_gain_is_said_in_words() -> None:
    out = _shown("-", "--budget", "connections=300%", text=SMALL)
    assert "a gain: estimated error x 0." in out
    assert "onnections grow by" in out
    assert "left\n" in out
    assert "takes connections" in out
    assert "--grow" in next(line for line in out.splitlines() if "To write it" in line)


def test_at_today_s_budgets_a_plan_must_be_surely_better() -> None:
    out = _shown("alexnet", "--budget", "connections=100%")
    assert "The plan: no edit" in out
    assert "The plan is the network as it is" in out


def test_the_file_s_own_budget_is_spent() -> None:
    out = _shown("-", text=f"{SMALL}budget: {{connections: 304248}}\n")
    assert "304,248" in out
    assert "The plan:" in out


@pytest.mark.parametrize(("arguments", "what"), [
    ((), "--grow needs a budget"),
    (("--budget", "connections=150%", "--pick", "2"), "--pick 2 says which plan is written"),
    (("--budget", "connections=0%"), "no network has 0"),
    (("--pareto", "connections", "--diff"), "--pareto finds many plans"),
])  # fmt: skip
def test_refused_in_one_line(arguments: tuple[str, ...], what: str) -> None:
    done = run("suggest", "-", *arguments, "--grow", text=SMALL)
    assert done.returncode == 2
    first, *hint = done.stderr.splitlines()
    assert what in first
    assert [line.lstrip()[:5] for line in hint] == ["hint:"]


def test_written_diffed_picked_and_read_by_programs(tmp_path: Path) -> None:
    budget = ("--budget", "connections=200%")
    out = tmp_path / "out.yaml"
    _shown("-", *budget, "--write", str(out), text=SMALL)
    assert run("check", str(out)).returncode == 0
    assert cnncost.load(str(out)).network.nodes[1].output.channels > 8
    _shown("-", *budget, "--pick", "1", "--write", str(tmp_path / "first.yaml"), text=SMALL)
    assert run("check", str(tmp_path / "first.yaml")).returncode == 0
    assert "+  - {name: a, conv: " in _shown("-", *budget, "--diff", text=SMALL)
    data = json.loads(_shown("-", *budget, "--format", "json", text=SMALL))
    assert data["met"]
    assert data["plan"]["score"] < 0
    assert data["uniform"]["bound"] <= data["uniform"]["price"]
    assert all(one["score"] < 0 for one in data["single_edits"])


def test_a_frontier_goes_up_from_today() -> None:
    out = _shown("-", "--pareto", "connections", "--format", "csv", text=SMALL)
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [int(row["share"]) for row in rows] == [200, 180, 160, 140, 120, 100]
    scores = [float(row["score"]) for row in rows]
    assert scores[0] < scores[-1] < 0


def test_keep_and_most_edits_hold() -> None:
    out = _shown(
        "-", "--budget", "connections=200%", "--keep", "a", "--most-edits", "1", text=SMALL
    )
    assert "The plan: 1 edit" in out
    assert "a: 8 to" not in out


def test_progress_says_prices() -> None:
    heard: list[str] = []
    allowed = parse_allowed_edits((), OTHERS, (), grow=True)
    study = Suggester(cnncost.loads(SMALL), SuggestionRequest(("connections=150%",), allowed))
    found = study.search.find_best(study.budgets(), progress=heard.append).plan
    assert found is not None
    scores = [float(text.split()[1].rstrip(",")) for text in heard if text.startswith("score ")]
    assert found.price / 1e5 <= min(scores) + 1e-3 < 0


@pytest.mark.parametrize(("metric", "free"), [("weights", True), ("connections", False)])
def test_a_larger_input_that_no_budget_pays_for_is_in_no_plan(metric: str, *, free: bool) -> None:
    out = _shown("-", "--budget", f"{metric}=300%", "--format", "json", text=SMALL)
    plan = json.loads(out)["plan"]
    assert "input" not in {step["edit"].split(":")[0] for step in plan["steps"]} or not free
    points = json.loads(_shown("-", "--pareto", metric, "--format", "json", text=SMALL))
    said = json.dumps(points)
    assert ("positions a side" in said) is not free


def test_a_curve_of_gains_stays_on_its_sheet() -> None:
    axes = CurveAxes(200, -0.5, 0.0)
    # Amounts go to the right from 0, scores up from the largest gain.
    left, bottom = axes.place(0, -0.5)
    right, top = axes.place(200, 0.0)
    assert 0 < left < right < WIDTH
    assert 0 < bottom < top < HEIGHT
    assert axes.place(100, -0.25) == pytest.approx(((left + right) / 2, (bottom + top) / 2))


def test_bars_of_gains_end_at_the_largest() -> None:
    lines = _shown("-", "--pareto", "weights", text=SMALL).splitlines()
    drawn = [line.count("█") for line in lines if "%" in line]
    assert max(drawn) == BAR
    assert len(drawn) == 6


def test_out_of_reach_says_what_growing_leaves_out() -> None:
    done = run("suggest", "-", "--budget", "connections=1%", "--grow", text=SMALL)
    assert done.returncode == 1
    assert "--grow left out (strides, pools, smaller inputs)" in " ".join(done.stdout.split())
