"""`cnncost suggest` as users meet it: plans, single edits, files, errors, exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import cnncost
from cnncost.place import Place
from cnncost.suggest.change import Change, apply, unified_diff
from cnncost.suggest.sheet import Sheet

CNNCOST = [sys.executable, "-c", "from cnncost.cli import main; main()"]

SMALL = """\
# a small network
input: [3, 16, 16]
layers:
  - {name: c1, conv: 32, kernel: 3, padding: 1}  # the stem
  - relu
  - {maxpool: 2}
  - name: c2
    conv: 64
    kernel: 3
    padding: 1
  - relu
  - {name: fc, dense: 128}
  - relu
  - {name: out, dense: 10}
expect: {weights: 545984}
"""


def run(
    *arguments: str, cwd: Path | None = None, text: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8", **environment}
    return subprocess.run(
        [*CNNCOST, *arguments], capture_output=True, encoding="utf-8", cwd=cwd, env=env,
        input=text, check=False,
    )  # fmt: skip


def found(*arguments: str, text: str = "", **environment: str) -> dict:  # type: ignore[type-arg]
    done = run("suggest", *arguments, "--format", "json", text=text, **environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]


# AlexNet


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
    assert {"width", "dense", "pool-before-dense", "stride", "pooling", "resolution"} <= kinds
    assert data["plan"] is None


def test_other_budgets_get_other_edits_and_the_reason() -> None:
    done = run("suggest", "alexnet", "--budget", "connections=600M", "--time-limit", "15")
    assert done.returncode == 0, done.stderr
    assert "Convolutions hold 77 % of the connections." in " ".join(done.stdout.split())
    assert "before fc1" not in done.stdout.split("The plan")[1]
    weights = run("suggest", "alexnet", "--budget", "weights=100M", "--top", "1")
    assert "Dense layers hold 99 % of the weights." in " ".join(weights.stdout.split())


def test_the_width_multiplier_scores_as_mobilenet_s_tables() -> None:
    done = run("suggest", "mobilenet_v1", "--forbid", "width", "--top", "99", "-f", "json")
    assert done.returncode == 0, done.stderr
    edits = {one["edit"]: one for one in json.loads(done.stdout)["single_edits"]}
    half = edits["alpha: 1 to 0.5"]
    # Uniform: phi(ln 2) = .2373 ln 2 + .1027 (ln 2)^2 = .2138, and 1e-4 an edit.
    assert abs(half["score"] - 0.2139) < 0.003
    # Howard et al. 2017, table 6: 0.5 MobileNet-224 has 149 M multiply-adds, 1.3 M parameters.
    assert round(half["after"]["connections"] / 1e6) == 149
    assert round(half["after"]["parameters"] / 1e6, 1) == 1.3
    assert not any(edit.startswith("resolution") for edit in edits)


# The file


def test_the_file_keeps_its_comments_and_layout(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(SMALL)
    done = run("suggest", "net.yaml", "--budget", "weights=100K", "--diff", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    subprocess.run(["patch", "-p1", "-s"], input=done.stdout, text=True, cwd=tmp_path, check=True)
    patched = (tmp_path / "net.yaml").read_text()
    assert "# a small network" in patched
    assert "# the stem" in patched
    assert cnncost.count(cnncost.loads(patched)).totals.weights <= 100_000
    kept = set(SMALL.splitlines()) & set(patched.splitlines())
    assert len(kept) >= len(SMALL.splitlines()) - 4


@pytest.mark.parametrize("name", ["net.yaml", "deep/net.yaml"])
def test_the_diff_makes_the_file_that_is_written(name: str, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / name).write_text(SMALL)
    done = run(
        "suggest", name, "--budget", "weights=100K", "--diff", "--write", "out.yaml", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    subprocess.run(["patch", "-p1", "-s"], input=done.stdout, text=True, cwd=tmp_path, check=True)
    assert (tmp_path / name).read_text() == (tmp_path / "out.yaml").read_text()
    assert run("check", name, cwd=tmp_path).returncode == 0


def test_a_diff_without_a_last_line_break_is_a_patch(tmp_path: Path) -> None:
    text = SMALL.rstrip("\n").replace("32", "24")
    (tmp_path / "net.yaml").write_text(SMALL.rstrip("\n"))
    difference = unified_diff(SMALL.rstrip("\n"), text, "net.yaml")
    subprocess.run(["patch", "-p1", "-s"], input=difference, text=True, cwd=tmp_path, check=True)
    assert (tmp_path / "net.yaml").read_text() == text


def test_changes_nest_and_insert() -> None:
    text = "a {b: 1} c"
    line, number = Place(2, 8), Place(6, 7)
    rewritten = Change(line, ("[x, ", number, "]"))
    assert apply(text, [Change(number, ("22",)), rewritten]) == "a [x, 22] c"
    assert apply(text, [Change(Place(2, 2), ("+ ",)), rewritten]) == "a + [x, 1] c"
    assert apply(text, [Change(number, ("22",)), Change(line, ("",))]) == "a  c"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("{conv: 8, kernel: 3}", "{conv: 8, kernel: 3, stride: 2}"),
        ("{conv: 8, kernel: 3 }", "{conv: 8, kernel: 3, stride: 2 }"),
        ("unit: 8", "{unit: 8, stride: 2}"),
        ("unit", "{unit, stride: 2}"),
        ("conv: 8\n    kernel: 3", "conv: 8\n    kernel: 3\n    stride: 2"),
    ],
)
def test_a_key_is_added_to_any_style_of_line(line: str, expected: str) -> None:
    blocks = "blocks: {'unit(width=8, stride=1)': [{conv: width, kernel: 3, stride: stride}]}\n"
    text = f"input: [1, 9, 9]\n{blocks}layers:\n  - {line}\n  # behind\n  - relu\n"
    spec = cnncost.loads(text)
    written = next(iter(spec.written.values()))
    at = written.call.line if written.call else written.line
    change = Sheet("net.yaml", text).with_key(at, "stride", "2")
    assert change is not None
    edited = apply(text, [change])
    assert f"  - {expected}\n  # behind\n" in edited
    assert cnncost.loads(edited).network.nodes[1].output.extents == (4, 4)


def test_a_budget_is_replaced_and_expect_removed(tmp_path: Path) -> None:
    text = SMALL.replace("expect", "budget: {weights: 90K}\nexpect") + "name: Net  # its name\n"
    (tmp_path / "net.yaml").write_text(text)
    done = run("suggest", "net.yaml", "--write", "-", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    spec = cnncost.loads(done.stdout)
    assert spec.expect is None
    assert spec.budget == {"weights": 90_000}
    assert "name: Net  # its name\n" in done.stdout


def test_set_and_input_are_written_down() -> None:
    arguments = ("mobilenet_v1", "--set", "alpha=0.5", "--input", "3x192x192")
    done = run(
        "suggest", *arguments, "--budget", "connections=90%", "--write", "-", "--time-limit", "5"
    )
    assert done.returncode == 0, done.stderr
    before = cnncost.load("mobilenet_v1", params={"alpha": 1}, inputs={"": (3, 192, 192)})
    assert before.network.inputs[0].output.extents == (192, 192)
    spec = cnncost.loads(done.stdout)
    assert spec.params["alpha"] == 0.5
    assert "input: [3, " in done.stdout


@pytest.mark.parametrize("name", ["resnet18", "squeezenet1_1", "mobilenet_v2", "unet"])
def test_values_that_come_through_blocks(name: str) -> None:
    done = run(
        "suggest", name, "--budget", "weights=70%", "--time-limit", "5", "--write", "-",
        "--forbid", "separable",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    before = cnncost.count(cnncost.load(name)).totals.weights
    assert cnncost.count(cnncost.loads(done.stdout)).totals.weights <= before * 7 // 10


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


# Determinism


def test_the_same_plan_whatever_the_hash_seed_and_the_order_of_keys() -> None:
    turned = SMALL.replace(
        "{name: c1, conv: 32, kernel: 3, padding: 1}", "{padding: 1, kernel: 3, conv: 32, name: c1}"
    ).replace("    conv: 64\n    kernel: 3\n", "    kernel: 3\n    conv: 64\n")
    plans = [
        found("-", "--budget", "weights=60K", text=text, PYTHONHASHSEED=seed)["plan"]
        for text, seed in ((SMALL, "1"), (SMALL, "2"), (turned, "3"))
    ]
    assert plans[0] == plans[1] == plans[2]


# Errors


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


def test_out_of_reach() -> None:
    done = run("suggest", "-", "--budget", "weights=10", text=SMALL)
    assert done.returncode == 1
    said = " ".join(done.stdout.split())
    assert "No plan holds the budgets" in said
    assert "Out of reach: weights." in said
    assert "The nearest plan" in said


def test_already_met() -> None:
    done = run("suggest", "-", "--budget", "weights=1M", text=SMALL)
    assert done.returncode == 0
    assert "Already met: weights" in done.stdout


NO_EDIT = """\
input: [8]
layers: [{dense: 8}, {add: [previous, input]}]
"""


def test_nothing_to_edit() -> None:
    done = run("suggest", "-", "--budget", "weights=50%", text=NO_EDIT)
    assert done.returncode == 1
    assert "None of the catalogue saves anything here." in done.stdout
    assert "extrapolation" not in done.stdout  # it would not help


def test_what_would_widen_the_space() -> None:
    arguments = ("--keep", "fc", "--forbid", "width")
    said = " ".join(
        run("suggest", "-", "--budget", "weights=9", *arguments, text=SMALL).stdout.split()
    )
    assert "--keep fc left out; --forbid width left out; --allow extrapolation" in said


def test_a_diff_or_file_that_no_plan_fills(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(SMALL)
    done = run("suggest", "net.yaml", "--budget", "weights=9", "--diff", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "No plan holds the budgets" in done.stderr
    done = run("suggest", "net.yaml", "--budget", "weights=9", "--write", "-", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    for options in (("--diff",), ("--write", "x.yaml")):
        done = run("suggest", "net.yaml", *options, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert "give --budget METRIC=AMOUNT" in done.stderr
    assert not (tmp_path / "x.yaml").exists()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--pareto", "weights", "--diff"), "--pareto finds many plans: no --diff with it"),
        (("--pareto", "weights", "--write", "x"), "--pareto finds many plans: no --write with it"),
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


# Forms


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


def test_what_cannot_be_added_up_exactly_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "huge.yaml"
    path.write_text(
        "input: [1000000, 1000, 1000]\nlayers: [{conv: 1000000, kernel: 1}, {dense: 10}]\n"
    )
    done = run("suggest", str(path), "--budget", "weights=50%")
    assert done.returncode == 2
    assert "too many to plan for" in done.stderr
