"""`suggest --pareto`: each point's edits, the point that is written, and the curve."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from command import run
from suggested import SMALL

import cnncost
from cnncost.plans.search.plan import Plan
from cnncost.plans.suggestion.frontier import FrontierPoint, take_least_scores

# 3 x 9 x 32 = 864, 32 x 9 x 64 = 18,432, 64 x 8 x 8 x 128 = 524,288, 128 x 10 = 1,280.
WEIGHTS = 864 + 18_432 + 524_288 + 1_280


def _points(tmp_path: Path, metric: str = "weights") -> list[dict]:  # type: ignore[type-arg]
    (tmp_path / "net.yaml").write_text(SMALL)
    done = run("suggest", "net.yaml", "--pareto", metric, "-f", "json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def _pick(tmp_path: Path, wanted: str, metric: str = "weights") -> cnncost.Spec:
    command = ("suggest", "net.yaml", "--pareto", metric, "--pick", wanted, "--force")
    done = run(*command, "--write", "out.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "wrote out.yaml" in done.stderr
    assert run("check", "out.yaml", cwd=tmp_path).returncode == 0
    return cnncost.load(tmp_path / "out.yaml")


def test_points_are_picked_by_number_and_by_amount(tmp_path: Path) -> None:
    points = _points(tmp_path)
    assert [point["point"] for point in points] == list(range(1, 10))
    third = _pick(tmp_path, "3")
    assert third.budget == {"weights": WEIGHTS * 70 // 100}
    assert cnncost.count(third).totals.weights == points[2]["after"]["weights"]
    # Within an amount: of the points that are, the one of the least score.
    within = [point for point in points if point["after"] and point["after"]["weights"] <= 250_000]
    for wanted in ("250K", "250000", f"{100 * 250_000 / WEIGHTS:.4f}%"):
        picked = cnncost.count(_pick(tmp_path, wanted)).totals
        assert picked.weights == within[0]["after"]["weights"]
    assert within[0]["score"] == min(point["score"] for point in within)


def test_a_point_of_another_word_is_picked_in_its_amounts(tmp_path: Path) -> None:
    points = _points(tmp_path, "flops")
    spec = _pick(tmp_path, "5", "flops")
    assert spec.budget == {"flops": points[4]["budget"]}
    assert 2 * cnncost.count(spec).totals.connections == points[4]["after"]["flops"]


def test_a_picked_plan_alone_goes_to_standard_output(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(SMALL)
    command = ("suggest", "net.yaml", "--pareto", "weights", "--pick", "2", "--write", "-")
    done = run(*command, cwd=tmp_path)
    assert cnncost.count(cnncost.loads(done.stdout)).totals.weights <= WEIGHTS * 80 // 100


@pytest.mark.parametrize(("options", "said"), [
    (("--pick", "3"), "--pick 3 says which plan is written"),
    (("--pareto", "weights", "--pick", "3"), "--pick 3 says which plan is written"),
    (("--pareto", "weights", "--write", "x.yaml"), "no --write without --pick"),
    (("--pareto", "weights", "--pick", "1", "--write", "x.yaml", "--diff"), "no --diff with it"),
    (("--pareto", "weights", "--pick", "7K", "--write", "x.yaml"), "no point has so few weights"),
    (("--pareto", "weights", "--pick", "few", "--write", "x.yaml"), "few"),
    (("--pareto", "weights", "--pick", "0", "--write", "x.yaml"), "0"),
])  # fmt: skip
def test_what_cannot_be_picked_is_refused(options: tuple[str, ...], said: str) -> None:
    done = run("suggest", "-", *options, text=SMALL)
    assert done.returncode == 2
    assert said in done.stderr
    assert "hint:" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_point_out_of_reach_is_refused(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(SMALL)
    kept = ("--keep", "fc", "--keep", "c2")
    command = ("suggest", "net.yaml", "--pareto", "weights", *kept)
    points = json.loads(run(*command, "-f", "json", cwd=tmp_path).stdout)
    missed = next(point["point"] for point in points if point["score"] is None)
    done = run(*command, "--pick", str(missed), "--write", "x.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert "out of reach" in done.stderr
    assert not (tmp_path / "x.yaml").exists()


def test_every_form_names_the_edits(tmp_path: Path) -> None:
    points = _points(tmp_path)
    said = " ".join(run("suggest", "-", "--pareto", "weights", text=SMALL).stdout.split())
    rows = [
        *csv.DictReader(
            run("suggest", "-", "--pareto", "weights", "-f", "csv", text=SMALL).stdout.splitlines()
        )
    ]
    page = run("suggest", "-", "--pareto", "weights", "-f", "markdown", text=SMALL).stdout
    for point, row in zip(points, rows, strict=True):
        phrases = "; ".join(point["edits"])
        assert row["plan"] == phrases
        assert row["point"] == str(point["point"])
        assert phrases in said
        assert phrases in page


def test_a_point_has_the_plan_of_the_least_score_within_its_share() -> None:
    """What a smaller point's plan scores is within reach of every larger point."""

    def show(*scores: int | None) -> list[int | None]:
        made = [None if score is None else SimpleNamespace(score=score) for score in scores]
        points = [FrontierPoint(n, 90 - n, (), cast("Plan", own), proved=True)
                  for n, own in enumerate(made)]  # fmt: skip
        return [one.plan and one.plan.score for one in take_least_scores(points)]

    assert show(10, 52, 50, 90) == [10, 50, 50, 90]
    assert show(60, 52, None, 50, 90, None) == [50, 50, 50, 50, 90, None]


def test_the_curve_has_every_point(tmp_path: Path) -> None:
    points = _points(tmp_path)
    command = ("suggest", "net.yaml", "--pareto", "weights", "--force", "-o")
    for name in ("curve.svg", "again.svg", "curve.png", "curve.pdf"):
        done = run(*command, name, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert done.stdout == ""
    drawn = (tmp_path / "curve.svg").read_text()
    assert drawn == (tmp_path / "again.svg").read_text()
    numbers = re.findall(r">(\d)</text>", drawn)
    reached = [str(point["point"]) for point in points if point["score"] is not None]
    assert [n for n in numbers if n != "0"] == reached
    assert (tmp_path / "curve.png").read_bytes()[1:4] == b"PNG"
    assert (tmp_path / "curve.pdf").read_bytes()[:4] == b"%PDF"


def test_a_table_in_a_file_of_another_ending(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(SMALL)
    command = ("suggest", "net.yaml", "--pareto", "weights", "-f", "csv", "-o", "points.svg")
    assert run(*command, cwd=tmp_path).returncode == 0
    assert (tmp_path / "points.svg").read_text().startswith("point,share,budget")
