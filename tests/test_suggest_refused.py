"""What `cnncost suggest` refuses: budgets and options that are wrong, files that are there."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import run
from suggested import SMALL


@pytest.mark.parametrize(
    ("budget", "says"),
    [
        ("weights=0", "no network has 0 weights"),
        ("weights=-5", "'-5' is negative"),
        ("weights=lots", "'lots' is not an amount"),
        ("flavour=3", "unknown metric 'flavour'"),
        ("weights", "'weights' is no budget"),
        ("weights=x%", "no share"),
        ("wieghts=5M", "did you mean 'weights'?"),
        ("memory=64M", "write 64MiB (powers of 1024) or 64MB (powers of 1000)"),
        ("memory=0MiB", "no network has 0 bytes of memory"),
        ("sram=-1KiB", "'-1KiB' is not an amount"),
        ("flash=lots", "its unit is missing or unknown"),
        ("weights=1e300", "more than any network has"),
        ("sram=9999999999TiB", "more than any network has"),
    ],
)
def test_wrong_budgets(budget: str, says: str) -> None:
    done = run("suggest", "-", "--budget", budget, text=SMALL)
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stdout == ""


def test_the_same_metric_twice() -> None:
    done = run("suggest", "-", "--budget", "weights=1M", "--budget", "weights=2M", text=SMALL)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "--budget weights is given twice\n  hint: keep one\n"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--pareto", "weights", "--diff"), "--pareto finds many plans: no --diff with it"),
        (
            ("--pareto", "weights", "--write", "x"),
            "--pareto finds many plans: no --write without --pick",
        ),
        (("--diff", "-f", "json"), "--diff prints the diff alone: no --format json with it"),
        (("--diff", "--write", "-"), "--diff and --write - both print"),
        (("--write", "nowhere/x.yaml"), "nowhere/x.yaml: No such file or directory"),
    ],
)
def test_options_that_exclude_each_other(options: tuple[str, ...], says: str) -> None:
    done = run("suggest", "-", "--budget", "weights=100K", *options, text=SMALL)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(says)


def test_files_are_not_overwritten_nor_half_written(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(SMALL)
    (tmp_path / "there.yaml").write_text("mine")
    command = ("suggest", "net.yaml", "--budget", "weights=100K", "--write")
    done = run(*command, "there.yaml", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "there.yaml exists" in done.stderr
    assert (tmp_path / "there.yaml").read_text() == "mine"
    assert run(*command, "nowhere/x.yaml", cwd=tmp_path).returncode == 2
    assert run(*command, "there.yaml", "--force", cwd=tmp_path).returncode == 0
    assert (tmp_path / "there.yaml").read_text().startswith("# cnncost suggest: net.yaml")


@pytest.mark.parametrize("option", ["--allow", "--forbid"])
def test_unknown_kinds(option: str) -> None:
    done = run("suggest", "-", option, "widht", text=SMALL)
    assert done.returncode == 2
    assert "did you mean 'width'?" in done.stderr


def test_what_cannot_be_added_up_exactly_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "huge.yaml"
    path.write_text(
        "input: [1000000, 1000, 1000]\nlayers: [{conv: 1000000, kernel: 1}, {dense: 10}]\n"
    )
    done = run("suggest", str(path), "--budget", "weights=50%")
    assert done.returncode == 2
    assert "too many to plan for" in done.stderr


def test_whose_memory_is_unknown_is_said() -> None:
    lines = [
        "{name: words, embedding: 8, vocabulary: 10}",
        "{attention: 2}",
        "{name: b, attention: 2}",
    ]
    text = "input: [12]\nlayers:\n" + "".join(f"- {line}\n" for line in lines)
    done = run("suggest", "-", "--budget", "memory=50%", text=text)
    assert done.returncode == 2
    assert "memory of <stdin> is only a lower bound" in done.stderr
    assert "the memory of words (embedding), attention1 (attention) is unknown" in done.stderr
