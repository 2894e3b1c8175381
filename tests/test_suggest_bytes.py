"""Budgets of bytes on the command line: plans against `check`, other scales, options, files."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from command import run

import cnncost
from cnncost.costs.metrics import Metrics

SMALL = """\
input: [3, 16, 16]
layers:
  - {conv: 32, kernel: 3, padding: 1}
  - relu
  - {conv: 32, kernel: 3, padding: 1}
  - global_avgpool
  - {dense: 10}
"""


@pytest.mark.parametrize(
    ("name", "budget", "most"),
    [
        ("alexnet", "activation-memory=3MiB", 3 * 1024**2),
        ("mobilenet_v2", "activation_memory=6MiB", 6 * 1024**2),
        ("mobilenet_v2", "sram=1MB", 1_000_000),
    ],
)
def test_a_plan_within_a_peak_passes_check(
    tmp_path: Path, name: str, budget: str, most: int
) -> None:
    done = run(
        "suggest", name, "--budget", budget, "--write", "small.yaml", "-f", "json", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    plan = json.loads(done.stdout)["plan"]
    metric = budget.partition("=")[0].replace("-", "_")
    spec = cnncost.load(tmp_path / "small.yaml")
    assert Metrics(spec.network).compute_figure(metric) == plan["after"][metric] <= most
    assert plan["proved"]
    assert spec.budget == {metric: most}
    assert run("check", "small.yaml", cwd=tmp_path).returncode == 0


def test_another_scale_is_said_and_is_no_budget_of_the_file() -> None:
    options = ("--budget", "memory=50%", "--batch", "4", "--dtype", "fp16")
    done = run("suggest", "-", *options, "--write", "-", text=SMALL)
    assert done.returncode == 0, done.stderr
    assert "memory=" in done.stdout
    assert "(batch 4, fp16)" in done.stdout.splitlines()[0]
    spec = cnncost.loads(done.stdout)
    assert spec.budget == {}
    before, after = (
        Metrics(cnncost.loads(text).network, batch=4, dtype="fp16").compute_figure("memory")
        for text in (SMALL, done.stdout)
    )
    assert after <= before // 2


def test_the_check_of_another_scale_is_said_and_holds(tmp_path: Path) -> None:
    options = ("--budget", "memory=50%", "--budget", "weights=9500", "--batch", "4")
    (tmp_path / "net.yaml").write_text(SMALL)
    arguments = ("net.yaml", *options, "--dtype", "fp16", "--write", "my net.yaml")
    done = run("suggest", *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    # Its own check holds what the file can carry, and claims no more.
    assert cnncost.load(tmp_path / "my net.yaml").budget == {"weights": 9500}
    assert "memory" not in run("check", "my net.yaml", cwd=tmp_path).stdout
    written, said, words = done.stderr.splitlines()
    assert written == "wrote my net.yaml"
    assert (
        said == "memory: a file's own budget is held at batch 1 in fp32; this holds it at batch 4, "
        "fp16:"
    )
    program, *checking = shlex.split(words)
    before = Metrics(cnncost.loads(SMALL).network, batch=4, dtype="fp16").compute_figure("memory")
    assert program == "cnncost"
    assert checking == [
        "check", "my net.yaml", "--budget", f"memory={before // 2}B", "--budget", "weights=9500",
        "--batch", "4", "--dtype", "fp16",
    ]  # fmt: skip
    checked = run(*checking, cwd=tmp_path)
    assert checked.returncode == 0
    assert "memory (batch 4, fp16) " in checked.stdout
    assert f" within {before // 2:,} bytes" in checked.stdout


def test_only_bytes_that_the_scale_changes_leave_the_file(tmp_path: Path) -> None:
    budgets = ("--budget", "parameter_memory=90%", "--budget", "memory=90%", "--budget", "sram=90%")
    done = run("suggest", "-", *budgets, "--batch", "4", "--write", "-", text=SMALL)
    assert done.returncode == 0, done.stderr
    assert set(cnncost.loads(done.stdout).budget) == {"parameter_memory", "sram"}
    assert "cnncost check FILE --budget" in done.stderr


@pytest.mark.parametrize(
    ("budget", "options", "bytes_", "scale"),
    [
        # 896 + 9,248 + 330 parameters; the first ReLU works in place, so that its convolution's
        # input and output are alive, then two maps of 32 channels beside the input.
        ("parameter_memory", (), 4 * 10_474, "fp32"),
        ("parameter_memory", ("--dtype", "fp16"), 2 * 10_474, "fp16"),
        ("activation_memory", ("--batch", "8"), 4 * 8 * 256 * (3 + 32 + 32), "batch 8, fp32"),
        ("memory", ("--dtype", "bf16"), 2 * (10_474 + 256 * 67), "batch 1, bf16"),
    ],
)
def test_check_at_a_scale(budget: str, options: tuple[str, ...], bytes_: int, scale: str) -> None:
    held = run("check", "-", "--budget", f"{budget}={bytes_}B", *options, text=SMALL)
    assert (held.returncode, held.stderr) == (0, "")
    assert held.stdout == f"-: ok: {budget} ({scale}) {bytes_:,} within {bytes_:,} bytes\n"
    missed = run("check", "-", "--budget", f"{budget}={bytes_ - 1}B", *options, text=SMALL)
    assert missed.returncode == 1
    says = f"{budget} ({scale}) {bytes_:,}, budget {bytes_ - 1:,} bytes (1 over)"
    assert missed.stdout == f"-: FAILED: {says}\n"


def test_check_with_an_optimizer_holds_the_spec_s_own_budget(tmp_path: Path) -> None:
    net = cnncost.loads(SMALL).network
    sgd, adam = (
        Metrics(net, optimizer=o).compute_figure("training_memory") for o in ("sgd", "adam")
    )
    assert sgd < adam
    (tmp_path / "n.yaml").write_text(SMALL + f"budget: {{training_memory: {sgd}B}}\n")
    assert run("check", "n.yaml", cwd=tmp_path).returncode == 0
    done = run("check", "n.yaml", "--optimizer", "adam", cwd=tmp_path)
    assert done.returncode == 1
    assert f"(batch 1, fp32, adam) {adam:,}" in done.stdout


@pytest.mark.parametrize(
    ("options", "code", "out", "says"),
    [
        (("--budget", "weights=1M", "--batch", "4"), 2, "", "--batch changes no figure here"),
        (("--batch", "4"), 2, "-: ok (valid; no expect, no budget)", "--batch changes no figure"),
        (("--budget", "memory=1MiB", "--dtype", "fp12"), 2, "", "unknown dtype 'fp12'"),
        (("--budget", "sram=1MiB", "--dtype", "fp16"), 2, "", "--dtype changes no figure here"),
        (
            ("--budget", "training_memory=1GiB", "--dtype", "int8"), 2,
            "-: INVALID: <stdin> does not train", "int8 does not train",
        ),
    ],
)  # fmt: skip
def test_check_refuses_options_that_do_not_fit(
    options: tuple[str, ...], code: int, out: str, says: str
) -> None:
    done = run("check", "-", *options, text=SMALL)
    assert done.returncode == code
    assert done.stdout.startswith(out)
    assert bool(out) == bool(done.stdout)
    assert says in done.stderr


def test_a_spec_s_budget_of_bytes(tmp_path: Path) -> None:
    text = SMALL + "budget: {sram: 10KiB}\n"
    done = run("suggest", "-", "--write", "-", text=text)
    assert done.returncode == 0, done.stderr
    assert cnncost.loads(done.stdout).budget == {"sram": 10 * 1024}
    (tmp_path / "small.yaml").write_text(done.stdout)
    assert run("check", "small.yaml", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--batch", "4"), "--batch changes no figure here"),
        (("--budget", "sram=10KiB", "--dtype", "fp16"), "--dtype changes no figure here"),
        (("--budget", "memory=1MiB", "--optimizer", "adam"), "for a budget of training_memory"),
        (("--budget", "memory=1MiB", "--dtype", "fp12"), "unknown dtype 'fp12'"),
        (("--budget", "training_memory=1MiB", "--dtype", "int8"), "does not train"),
        (("--budget", "memory=64M"), "write 64MiB (powers of 1024) or 64MB (powers of 1000)"),
    ],
)
def test_options_that_do_not_fit(options: tuple[str, ...], says: str) -> None:
    done = run("suggest", "-", *options, text=SMALL)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr


def test_out_of_reach() -> None:
    done = run("suggest", "-", "--budget", "training_memory=1KiB", text=SMALL)
    assert done.returncode == 1
    said = " ".join(done.stdout.split())
    assert "Out of reach: training_memory." in said


def test_memory_that_is_not_measured_gets_no_plan() -> None:
    text = SMALL.replace("global_avgpool", "{subsample: 2}")
    done = run("suggest", "-", "--budget", "memory=50%", text=text)
    assert (done.returncode, done.stdout) == (2, "")
    assert "only a lower bound" in done.stderr


def test_smaller_precisions_are_shown_apart() -> None:
    arguments = ("-", "--budget", "memory=50%", "-f", "json")
    plain = json.loads(run("suggest", *arguments, text=SMALL).stdout)
    assert plain["precisions"] == []
    data = json.loads(run("suggest", *arguments, "--allow", "precision", text=SMALL).stdout)
    assert data["plan"] == plain["plan"]
    # Half of fp32's bytes is what fp16 takes: no edit is due, and its own score is 0.
    (half, int8) = data["precisions"]
    assert (half["dtype"], half["met"], half["score"]) == ("fp16", True, 0)
    assert (int8["dtype"], int8["met"], int8["score"]) == ("int8", True, 0.01)
