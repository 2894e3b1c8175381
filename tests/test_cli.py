"""The command line as users meet it: real processes, pipes, files and a real terminal."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

CNNCOST = [sys.executable, "-c", "from cnncost.cli import main; main()"]

ACCEPTANCE = """\
layer,type,input_shape,output_shape,units,weights,biases,connections
conv1,conv,3x227x227,96x55x55,290400,34848,96,105415200
conv2,conv,96x27x27,256x27x27,186624,307200,256,223948800
conv3,conv,256x13x13,384x13x13,64896,884736,384,149520384
conv4,conv,384x13x13,384x13x13,64896,663552,384,112140288
conv5,conv,384x13x13,256x13x13,43264,442368,256,74760192
fc1,dense,256x13x13,4096,4096,177209344,4096,177209344
fc2,dense,4096,4096,4096,16777216,4096,16777216
output,dense,4096,1000,1000,4096000,1000,4096000
"""

SMALL = """\
name: small
input: [1, 5, 5]
layers:
  - {name: c, conv: 2, kernel: 3}
  - {name: bn, batchnorm}
  - {name: out, dense: 3}
"""


def run(
    *arguments: str, cwd: Path | None = None, text: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8", **environment}
    env.pop("NO_COLOR", None)
    return subprocess.run(
        [*CNNCOST, *arguments], capture_output=True, encoding="utf-8", errors="replace",
        cwd=cwd, env=env, input=text, check=False,
    )  # fmt: skip


def in_terminal(*arguments: str, columns: int = 80, **environment: str) -> str:
    """What the command prints on a terminal of so many columns."""
    leader, follower = pty.openpty()
    env = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm-256color", **environment}
    process = subprocess.Popen(
        [*CNNCOST, *arguments], stdout=follower, stderr=follower, env=env, close_fds=True
    )
    os.close(follower)
    chunks = []
    while True:
        try:
            chunk = os.read(leader, 65536)
        except OSError:  # Linux's way to say that the other end has closed
            break
        if not chunk:
            break
        chunks.append(chunk)
    os.close(leader)
    assert process.wait() == 0
    return b"".join(chunks).decode()


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


# The acceptance table


def test_csv_of_alexnet_is_the_acceptance_table(tmp_path: Path) -> None:
    done = run("table", "alexnet.yaml", "--format", "csv", cwd=tmp_path)
    assert (done.stdout, done.stderr, done.returncode) == (ACCEPTANCE, "", 0)


def test_total_row() -> None:
    done = run("table", "alexnet", "-f", "csv", "--total")
    assert done.stdout == ACCEPTANCE + "total,,,,659272,200415264,10568,863867424\n"


def test_tsv_is_csv_with_tabs() -> None:
    assert run("table", "alexnet", "-f", "tsv").stdout == ACCEPTANCE.replace(",", "\t")


@pytest.mark.parametrize("columns", [40, 80, 200])
@pytest.mark.parametrize("piped", [True, False])
def test_no_number_is_cut(columns: int, *, piped: bool) -> None:
    if piped:
        shown = run("table", "alexnet", COLUMNS=str(columns)).stdout
    else:
        shown = plain(in_terminal("table", "alexnet", columns=columns))
    for row in csv.DictReader(io.StringIO(ACCEPTANCE)):
        line = next(line for line in shown.splitlines() if line.split()[:1] == [row["layer"]])
        words = line.split()
        for key in ("units", "weights", "connections"):
            assert f"{int(row[key]):,}" in words
    assert "…" not in shown
    total = next(line for line in shown.splitlines() if line.split()[:1] == ["total"])
    assert total.split()[1:] == ["659,272", "200,415,264", "863,867,424"]


def test_markdown_columns_add_up() -> None:
    lines = run("table", "alexnet", "-f", "markdown").stdout.splitlines()
    rows = [
        [c.strip(" *") for c in line.strip("|").split("|")] for line in lines if line[:1] == "|"
    ]
    header, _, *body, total = rows
    for i, name in enumerate(header):
        if name in ("units", "weights", "connections"):
            numbers = [int(row[i].replace(",", "")) for row in body]
            assert sum(numbers) == int(total[i].replace(",", ""))


def test_json_is_only_json() -> None:
    done = run("table", "alexnet", "-f", "json")
    data = json.loads(done.stdout)
    assert done.stderr == ""
    assert data["name"] == "AlexNet"
    assert data["input_shape"] == [3, 227, 227]
    assert data["complete"] is True
    assert data["outputs"] == ["output"]
    assert data["convention"]["biases"] is False
    assert data["totals"] == {
        "units": 659272, "weights": 200415264, "biases": 10568, "parameters": 200425832,
        "trainable_parameters": 200425832, "connections": 863867424,
    }  # fmt: skip
    assert data["layers"][0] == {
        "layer": "conv1", "type": "conv", "input_shape": [3, 227, 227],
        "output_shape": [96, 55, 55], "units": 290400, "weights": 34848, "biases": 96,
        "connections": 105415200, "counted": True, "parameters": 34944, "frozen": False,
    }  # fmt: skip


# Rows and columns


def test_all_shows_every_layer_and_changes_no_total() -> None:
    few, every = (
        run("table", "alexnet", "-f", "json"),
        run("table", "alexnet", "-f", "json", "--all"),
    )
    assert len(json.loads(every.stdout)["layers"]) == 21
    assert json.loads(every.stdout)["totals"] == json.loads(few.stdout)["totals"]


def test_top_leaves_a_rest_so_that_columns_add_up() -> None:
    done = run("table", "alexnet", "-f", "csv", "--sort", "weights", "--top", "2", "--total")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["layer"] for row in rows] == ["fc1", "fc2", "rest (6 layers)", "total"]
    for key in ("units", "weights", "connections"):
        *parts, total = [int(row[key]) for row in rows]
        assert sum(parts) == total


def test_depth_groups_blocks() -> None:
    rows = list(
        csv.DictReader(io.StringIO(run("table", "resnet50", "-f", "csv", "--depth", "1").stdout))
    )
    flat = list(csv.DictReader(io.StringIO(run("table", "resnet50", "-f", "csv").stdout)))
    assert len(rows) < len(flat)
    for key in ("units", "weights", "connections"):
        assert sum(int(row[key]) for row in rows) == sum(int(row[key]) for row in flat)


def test_parameters_of_hidden_norms_have_a_row() -> None:
    lines = run("table", "-", "--biases", "-f", "markdown", text=SMALL).stdout.splitlines()
    # c: 2*9 + 2; bn: 2*2; out: 18*3 + 3. Connections: 18*9 + 2*9; none; 54 + 3.
    assert lines[2:6] == [
        "| c | 2x3x3 | 18 | 20 | 180 |",
        "| out | 3 | 3 | 57 | 57 |",
        "| norms and others |  | 0 | 4 | 0 |",
        "| **total** |  | **21** | **81** | **237** |",
    ]


def test_chosen_columns_in_their_order() -> None:
    done = run(
        "table", "alexnet", "-f", "csv", "--columns", "flops,layer,kernel,groups", "--top", "1"
    )
    assert done.stdout.splitlines()[:2] == ["flops,layer,kernel,groups", "210830400,conv1,11x11,1"]


def test_columns_help_lists_them() -> None:
    done = run("table", "alexnet", "--columns", "help")
    listed = [line.split()[0] for line in done.stdout.splitlines()]
    assert {"layer", "units", "flops", "kernel", "groups"} <= set(listed)


def test_human_numbers() -> None:
    shown = run("table", "alexnet", "--human").stdout
    assert "105.4M" in shown
    assert "34.85k" in shown


@pytest.mark.parametrize(
    ("value", "text"),
    [(999, "999"), (1000, "1.000k"), (34_848, "34.85k"), (999_949, "999.9k"), (999_950, "1.000M"),
     (105_415_200, "105.4M"), (863_867_424, "863.9M"), (4_089_184_256, "4.089G"), (0, "0")],
)  # fmt: skip
def test_human_rounds_to_four_digits(value: int, text: str) -> None:
    from cnncost.views.columns import human

    assert human(value) == text


def test_lenet5_with_biases_is_the_papers_count() -> None:
    done = run("table", "lenet5", "--biases", "-f", "json")
    totals = json.loads(done.stdout)["totals"]
    assert totals["trainable_parameters"] == 60_000
    assert totals["connections"] == 340_908


# Pipes, terminals, encodings


def test_a_closed_pipe_ends_quietly() -> None:
    command = (
        f"{sys.executable} -c 'from cnncost.cli import main; main()' table alexnet | head -n 3"
    )
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 3


def test_ascii_output() -> None:
    done = run("table", "alexnet", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert "863,867,424" in done.stdout


def test_no_color_and_colour() -> None:
    assert "\x1b[1m" in in_terminal("table", "alexnet")
    assert "\x1b[36m" not in in_terminal("table", "alexnet", NO_COLOR="1")
    assert "\x1b" not in run("table", "alexnet").stdout


def test_standard_input() -> None:
    done = run("table", "-", "-f", "csv", text=SMALL)
    assert done.stdout.splitlines()[1] == "c,conv,1x5x5,2x3x3,18,18,2,162"


def test_set_and_input(tmp_path: Path) -> None:
    (tmp_path / "n.yaml").write_text(
        "input: [1, 8, 8]\nparams: {width: 4}\nlayers: [{name: c, conv: width, kernel: 3}]\n"
    )
    done = run("table", "n.yaml", "--set", "width=6", "--input", "2x5x5", "-f", "csv", cwd=tmp_path)
    assert done.stdout.splitlines()[1] == "c,conv,2x5x5,6x3x3,54,108,6,972"


def test_warnings_go_to_standard_error() -> None:
    spec = "input: [1, 5, 5]\nblocks: {unused: [relu]}\nlayers: [{conv: 1, kernel: 1}]\n"
    done = run("table", "-", "-f", "json", text=spec)
    assert done.returncode == 0
    assert json.loads(done.stdout)["name"]
    assert "unused" in done.stderr


# Files


def test_output_is_whole_or_nothing(tmp_path: Path) -> None:
    assert run("table", "alexnet", "-f", "csv", "-o", "out.csv", cwd=tmp_path).returncode == 0
    assert (tmp_path / "out.csv").read_text() == ACCEPTANCE
    again = run("table", "alexnet", "-f", "csv", "-o", "out.csv", cwd=tmp_path)
    assert again.returncode == 2
    assert again.stderr == "out.csv exists\n  hint: --force writes over it\n"
    forced = run("table", "lenet5", "-f", "csv", "-o", "out.csv", "--force", cwd=tmp_path)
    assert forced.returncode == 0
    assert (tmp_path / "out.csv").read_text() != ACCEPTANCE
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


def test_unwritable_output(tmp_path: Path) -> None:
    done = run("table", "alexnet", "-o", "nowhere/out.txt", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("nowhere/out.txt: No such file or directory\n")
    assert run("table", "alexnet", "-o", ".", cwd=tmp_path).returncode == 2


# Wrong use


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["table", "alexnett"], "did you mean 'alexnet'?"),
        (["table", "alexnet", "--columns", "unit"], "did you mean 'units'?"),
        (["table", "alexnet", "--sort", "type"], "no column of numbers"),
        (["table", "alexnet", "--set", "alpha=1"], "has no such parameter"),
        (["table", "alexnet", "--set", "alpha"], "NAME=NUMBER is due"),
        (["table", "alexnet", "--input", "3x2y"], "as in --input 3x192x192"),
        (["table", "alexnet", "--input", "left=3x2x2"], "no input called 'left'"),
        (["table", "alexnet", "--input", "3x9x9"], "the window reaches"),
        (["table", "alexnet", "-f", "json", "--human"], "--human is for people"),
        (["table", "alexnet", "-f", "xml"], "xml"),
        (["table", "alexnet", "--max-layers", "3"], "more than 3 layers"),
        (["table"], "ARCH"),
        (["tabel"], "Did you mean 'table'?"),
        (["zoo", "lenet"], "did you mean 'lenet5'?"),
        (["check", "alexnet", "--budget", "flavour=3"], "unknown metric 'flavour'"),
        (["check", "alexnet", "--budget", "weights=lots"], "is not an amount"),
        (["check", "alexnet", "--budget", "weights=-5"], "is negative"),
        (["check", "alexnet", "--budget", "weights=1", "--budget", "weights=2"], "given twice"),
    ],
)
def test_wrong_use_exits_with_2_and_a_message(arguments: list[str], message: str) -> None:
    done = run(*arguments, COLUMNS="200")
    assert done.returncode == 2
    assert message in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_each_command_has_help_with_examples() -> None:
    for command in ("table", "check", "zoo"):
        done = run(command, "--help")
        assert done.returncode == 0
        assert f"cnncost {command}" in done.stdout


def test_version() -> None:
    from cnncost import __version__

    assert run("--version").stdout == f"cnncost {__version__}\n"


# check and zoo


def test_check_reads_all_files_and_2_beats_1(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("input: [1]\nlayers: [convv]\n")
    (tmp_path / "good.yaml").write_text(SMALL)
    done = run("check", "bad.yaml", "alexnet", "good.yaml", "--budget", "weights=20M", cwd=tmp_path)
    assert done.stdout.splitlines() == [
        "bad.yaml: INVALID: 2:10: unknown layer type 'convv'",
        "alexnet: FAILED: weights 200,415,264, budget 20,000,000 (180,415,264 over)",
        "good.yaml: ok: weights 72 within 20,000,000",
    ]
    assert done.returncode == 2


def test_check_of_a_broken_expectation(tmp_path: Path) -> None:
    (tmp_path / "n.yaml").write_text(SMALL + "expect: {weights: 71}\n")
    done = run("check", "n.yaml", cwd=tmp_path)
    assert done.stdout == "n.yaml: FAILED: weights 72, expected 71 (+1)\n"
    assert done.returncode == 1


def test_check_of_the_specs_own_budget(tmp_path: Path) -> None:
    (tmp_path / "n.yaml").write_text(SMALL + "budget: {weights: 72, connections: 200}\n")
    done = run("check", "n.yaml", cwd=tmp_path)
    # connections: 162 + 54
    assert done.stdout == "n.yaml: FAILED: connections 216, budget 200 (16 over)\n"
    assert done.returncode == 1


def test_zoo_lists_published_beside_computed() -> None:
    rows = list(csv.DictReader(io.StringIO(run("zoo", "-f", "csv").stdout)))
    assert {"alexnet", "lenet5", "vgg16", "resnet50"} <= {row["network"] for row in rows}
    for row in rows:
        assert row["published"] == row["computed"]


def test_zoo_prints_a_spec_that_counts_the_same(tmp_path: Path) -> None:
    spec = run("zoo", "alexnet.yaml").stdout
    assert run("table", "-", "-f", "csv", text=spec).stdout == ACCEPTANCE


# Completion


def test_completion_of_commands_formats_and_networks() -> None:
    def complete(words: str) -> list[str]:
        done = run(_CNNCOST_COMPLETE="complete_zsh", _TYPER_COMPLETE_ARGS=words, _NAME="cnncost")
        return re.findall(r'"([^":]+)', done.stdout)

    assert "table" in complete("cnncost ta")
    assert "alexnet" in complete("cnncost table alex")
    assert "markdown" in complete("cnncost table alexnet --format mark")
