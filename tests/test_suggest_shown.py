"""What `cnncost suggest` shows of its plans: intervals, units, reasons, in each form."""

from __future__ import annotations

import csv
import io
import json
from math import exp, hypot, log

import pytest
from command import run
from suggested import SMALL

from cnncost.accuracy.error_constants import CERTAIN, DENSE, NINETY, PARTS


def test_every_single_edit_carries_its_interval() -> None:
    arguments = ("suggest", "alexnet_pooled", "--budget", "weights=25%", "--time-limit", "8")
    done = run(*arguments, "-f", "csv")
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    singles = [row for row in rows if row["part"] == "single"]
    assert {"dense", "pool-before-dense", "width"} <= {row["kind"] for row in singles}
    for row in singles:
        score, low, high = (float(row[key]) for key in ("score", "score_low", "score_high"))
        # Two equal networks differ by seeds; an edit by no less.
        assert high - score == pytest.approx(score - low, abs=3e-5)
        assert high - score >= NINETY * CERTAIN - 1e-5
    assert all(row["score_low"] == row["score_high"] == "" for row in rows if row not in singles)
    # fc2 from 4096 to 2048 units: DENSE x ln 2, and a factor of its own.
    (half,) = [row for row in singles if row["edit"] == "fc2: 4096 to 2048 units"]
    score = DENSE * log(2)
    (uncertainty,) = [part.uncertainty for part in PARTS if part.name == "dense"]
    spread = NINETY * hypot(CERTAIN, uncertainty * score)
    expected = (score, score - spread, score + spread)
    assert [float(half[key]) for key in ("score", "score_low", "score_high")] == pytest.approx(
        expected, abs=1e-5
    )


def test_a_plan_is_said_with_its_ratio_and_interval() -> None:
    arguments = ("suggest", "-", "--budget", "weights=100K")
    plan = json.loads(run(*arguments, "-f", "json", text=SMALL).stdout)["plan"]
    said = " ".join(run(*arguments, text=SMALL).stdout.split())
    ends = f"90 % between {exp(plan['low']):.2f} and {exp(plan['high']):.2f}"
    assert f"estimated error x {exp(plan['score']):.2f}, {ends}" in said


def test_bytes_are_said_with_their_unit() -> None:
    said = run("suggest", "alexnet_pooled", "--budget", "memory=150MiB", "--top", "1").stdout
    # 60,965,224 parameters and the activations alive at the peak, four bytes each
    assert "150.00 MiB" in said
    assert "memory" in said
    assert "Dense layers hold" not in said


def test_linear_layers_are_no_convolutions() -> None:
    said = run("suggest", "convnext_tiny", "--budget", "weights=90%", "--top", "1").stdout
    # Liu et al. 2022: 4 and 4 times the width squared in each unit, against 49 times the width.
    assert "Linear layers hold 91 % of the weights." in said


def test_csv_and_markdown() -> None:
    csv_text = run("suggest", "-", "--budget", "weights=100K", "-f", "csv", text=SMALL).stdout
    header, before, *rows = [line.split(",") for line in csv_text.splitlines()]
    assert header[:4] == ["part", "kind", "edit", "score"]
    assert before[:1] == ["before"]
    assert {row[0] for row in rows} == {"single", "plan"}
    assert "| edit | score |" in run("suggest", "-", "-f", "markdown", text=SMALL).stdout


def test_the_frontier_falls_as_the_budget_shrinks() -> None:
    done = run("suggest", "-", "--pareto", "weights", "-f", "json", text=SMALL)
    assert done.returncode == 0, done.stderr
    points = [p for p in json.loads(done.stdout) if p["score"] is not None]
    assert len(points) > 3
    scores = [point["score"] for point in points]
    assert scores == sorted(scores)
    assert all(point["after"]["weights"] <= point["budget"] for point in points)


def test_explain_names_the_evidence() -> None:
    said = run("suggest", "-", "--budget", "weights=100K", "--explain", text=SMALL).stdout
    assert "What the scores rest on" in said
    assert "Zeiler & Fergus" in said


@pytest.mark.parametrize("budget", [(), ("--budget", "weights=50%")])
def test_top_limits_programs_forms_too(budget: tuple[str, ...]) -> None:
    shown: dict[str, list[str]] = {}
    for count in ("2", "5", ""):
        limit = ("--top", count) if count else ()
        form = run("suggest", "lenet5", *budget, *limit, "-f", "json")
        singles = [one["edit"] for one in json.loads(form.stdout)["single_edits"]]
        form = run("suggest", "lenet5", *budget, *limit, "-f", "csv")
        rows = list(csv.DictReader(io.StringIO(form.stdout)))
        assert [row["edit"] for row in rows if row["part"] == "single"] == singles
        shown[count] = singles
    assert (len(shown["2"]), shown["5"][:2]) == (2, shown["2"])
    assert len(shown["5"]) == 5
    assert {*shown["5"]} < {*shown[""]}
    page = run("suggest", "lenet5", *budget, "--top", "5").stdout
    assert all(edit in page for edit in shown["5"])


def test_of_many_edits_the_first_are_listed() -> None:
    widths = [16 + 8 * (at % 5) for at in range(80)]
    lines = "".join(f"- {{conv: {width}, kernel: 1}}\n" for width in widths)
    arguments = ("suggest", "-", "--budget", "weights=12%", "--time-limit", "3")
    said = run(*arguments, text=f"input: [3, 4, 4]\nlayers:\n{lines}").stdout
    count = int(said.split("The plan: ")[1].split()[0])
    assert count > 60
    assert "\n 20. conv" in said
    assert "\n 21. conv" not in said
    assert f"and {count - 20} more (-f csv lists them)" in said
    assert "\n all of it" in said
