"""macs and flops name connections wherever metrics are named: 2 flops are a connection."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from command import run
from small import SMALL
from suggested import SMALL as CHAIN

# SMALL has 3x3x2 weights that work at 9 positions and 54 that work once: 162 + 54 connections.
CONNECTIONS = 216


@pytest.mark.parametrize(
    ("budget", "line"),
    [
        ("macs=216", "ok: macs 216 within 216"),
        ("macs=215", "FAILED: macs 216, budget 215 (1 over)"),
        ("flops=432", "ok: flops 432 within 432"),
        ("flops=433", "ok: flops 432 within 433"),
        ("flops=431", "FAILED: flops 432, budget 431 (1 over)"),
        ("FLOPS=1", None),
    ],
)
def test_check(tmp_path: Path, budget: str, line: str | None) -> None:
    (tmp_path / "n.yaml").write_text(SMALL)
    done = run("check", "n.yaml", "--budget", budget, cwd=tmp_path)
    if line is None:
        assert done.stderr == "unknown metric 'FLOPS'\n  hint: did you mean 'flops'?\n"
    else:
        assert done.stdout == f"n.yaml: {line}\n"


def test_the_specs_own_budget_and_expectation(tmp_path: Path) -> None:
    (tmp_path / "n.yaml").write_text(SMALL + "budget: {flops: 400}\nexpect: {macs: 216}\n")
    done = run("check", "n.yaml", cwd=tmp_path)
    assert done.stdout == "n.yaml: FAILED: flops 432, budget 400 (32 over)\n"
    (tmp_path / "n.yaml").write_text(SMALL + "budget: {macs: 216}\nexpect: {flops: 433}\n")
    done = run("check", "n.yaml", cwd=tmp_path)
    assert done.stdout == "n.yaml: FAILED: flops 432, expected 433 (-1)\n"


def test_two_words_for_one_metric_are_one_too_many(tmp_path: Path) -> None:
    (tmp_path / "n.yaml").write_text(SMALL)
    for command in ("check", "suggest"):
        two = ("--budget", "macs=9", "--budget", "flops=9")
        done = run(command, "n.yaml", *two, cwd=tmp_path)
        said = "--budget macs and flops are one metric\n  hint: keep one\n"
        assert (done.returncode, done.stderr) == (2, said)
        done = run(command, "n.yaml", "--budget", "macs=9", "--budget", "macs=8", cwd=tmp_path)
        assert done.stderr == "--budget macs is given twice\n  hint: keep one\n"


def test_words_that_mean_other_metrics() -> None:
    for word, ours in (("params", "parameters"), ("neurons", "units"), ("MAdds", "macs")):
        done = run("check", "alexnet", "--budget", f"{word}=1")
        assert f"hint: did you mean {ours!r}?" in done.stderr
        done = run("table", "alexnet", "--columns", f"layer,{word}")
        assert f"hint: did you mean {ours!r}?" in done.stderr


def test_columns_and_sorting() -> None:
    done = run("table", "alexnet", "-f", "csv", "--columns", "layer,macs,flops", "--sort", "macs")
    first = next(csv.DictReader(io.StringIO(done.stdout)))
    assert first == {"layer": "conv2", "macs": "223948800", "flops": "447897600"}


@pytest.mark.parametrize(("word", "times"), [("macs", 1), ("flops", 2)])
def test_growth(word: str, times: int) -> None:
    done = run("compare", "alexnet_pooled", "alexnet", "--fail-on", f"{word}=+1M")
    # 863,867,424 against 724,406,816: tests/test_published.py has both from the papers.
    before, after = times * 724_406_816, times * 863_867_424
    assert f"alexnet: {word} {after:,}, was {before:,} (" in done.stderr
    assert done.returncode == 1
    allowed = run("compare", "alexnet_pooled", "alexnet", "--fail-on", f"{word}=+{times * 140}M")
    assert allowed.returncode == 0


# CHAIN's c1: 3x3x3x32 at 16x16, c2: 3x3x32x64 at 8x8, fc: 64x8x8x128, out: 128x10.
BEFORE = 864 * 256 + 18432 * 64 + 524288 + 1280


def _found(*budget: str) -> dict[str, object]:
    return dict(json.loads(run("suggest", "-", *budget, "-f", "json", text=CHAIN).stdout))


@pytest.mark.parametrize(("flops", "connections"), [(2_000_000, 1_000_000), (2_000_001, 1_000_000)])
def test_suggest_plans_alike_in_either_word(flops: int, connections: int) -> None:
    counted = _found("--budget", f"connections={connections}")
    asked = _found("--budget", f"flops={flops}")
    assert asked["budgets"] == [{"metric": "flops", "most": flops, "before": 2 * BEFORE}]
    assert asked["before"]["flops"] == 2 * BEFORE
    assert "connections" not in asked["before"]
    one, other = asked["plan"], counted["plan"]
    assert [step["edit"] for step in one["steps"]] == [step["edit"] for step in other["steps"]]
    assert one["after"]["flops"] == 2 * other["after"]["connections"] <= flops


def test_suggest_answers_in_the_word_that_was_asked(tmp_path: Path) -> None:
    (tmp_path / "n.yaml").write_text(CHAIN)
    done = run("suggest", "n.yaml", "--budget", "flops=50%", "--write", "m.yaml", cwd=tmp_path)
    assert "connections" not in done.stdout
    row = f" flops {2 * BEFORE:,} {BEFORE:,} {BEFORE:,} "  # today, budget, over by
    assert row in " ".join(done.stdout.split())
    assert f"\nbudget: {{flops: {BEFORE}}}\n" in (tmp_path / "m.yaml").read_text()
    assert run("check", "m.yaml", cwd=tmp_path).returncode == 0


def test_a_frontier_in_flops() -> None:
    counted = run("suggest", "-", "--pareto", "macs", "-f", "json", text=CHAIN)
    asked = run("suggest", "-", "--pareto", "flops", "-f", "json", text=CHAIN)
    for one, other in zip(json.loads(asked.stdout), json.loads(counted.stdout), strict=True):
        assert (one["metric"], other["metric"]) == ("flops", "macs")
        assert one["budget"] == 2 * other["budget"] == 2 * (BEFORE * one["share"] // 100)
        if one["after"]:
            assert one["after"]["flops"] == 2 * other["after"]["macs"]


def test_no_network_has_so_few() -> None:
    done = run("suggest", "-", "--budget", "flops=1", text=CHAIN)
    assert done.stderr.startswith("flops=1: no network has 1 flops\n")
    assert done.returncode == 2
