"""What `cnncost suggest` shows of its plans: intervals, units, reasons, in each form."""

from __future__ import annotations

import json

from command import run
from suggested import SMALL

HEAD = "~ An edit of the head scores -0.12 to +0.23 depending on the task"


def test_head_edits_carry_their_interval_wherever_they_are_shown() -> None:
    forbidden = ("dense", "low-rank", "width", "stride", "pooling", "resolution")
    options = [word for kind in forbidden for word in ("--forbid", kind)]
    arguments = ("suggest", "alexnet_pooled", "--budget", "weights=25%", *options)
    parts = " ".join(run(*arguments, "--top", "99").stdout.split()).split("The plan")
    for part in parts:
        assert "maxpool to 3x3 before fc1, fc2 dropped ~0.040" in part
        assert HEAD in part
    rows = run(*arguments, "-f", "csv").stdout.splitlines()
    assert rows[0].endswith(",score_low,score_high")
    heads = [row for row in rows if ",pool-before-dense," in row or ",global-pool-head," in row]
    assert heads
    assert all(row.endswith(",-0.12,0.23") for row in heads)
    assert not any(row.endswith("0.23") for row in rows if row not in heads)


def test_bytes_are_said_with_their_unit() -> None:
    said = run("suggest", "alexnet_pooled", "--budget", "memory=150MiB", "--top", "1").stdout
    # 60,965,224 parameters and the activations alive at the peak, four bytes each
    assert "150.00 MiB" in said
    assert " MiB memory" in " ".join(said.split())
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
