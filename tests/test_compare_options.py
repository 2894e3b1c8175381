"""`compare` by blocks, sorted, cut, of totals alone, in narrow terminals, and against git."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
from pathlib import Path

import pytest
from command import run
from hypothesis import given, settings
from hypothesis import strategies as st
from terminal import shown

import cnncost
from cnncost.quantity import TOTALS
from cnncost.study.comparison import METRICS, Side, compare_networks
from cnncost.views.comparison_page import ComparisonLayout, choose_matches

FOUR = ("alexnet", "vgg16", "resnet50", "mobilenet_v1")


def read_csv(*arguments: str, cwd: Path | None = None) -> list[dict[str, str]]:
    done = run("compare", *arguments, "-f", "csv", cwd=cwd)
    assert done.returncode == 0, done.stderr
    return list(csv.DictReader(io.StringIO(done.stdout)))


@pytest.mark.parametrize("count", [2, 3, 4])
@pytest.mark.parametrize("option", ["--totals", "--memory", "--top=3"])
def test_networks_fit_80_columns_and_what_is_left_out_is_said(count: int, option: str) -> None:
    code, text = shown("compare", *FOUR[:count], "--depth=1", option) if option != "--totals" else (
        shown("compare", *FOUR[:count], "--totals", "--memory")
    )  # fmt: skip
    assert code == 0
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert max(len(line.rstrip("\r")) for line in plain.split("\n")) <= 80
    if count == 4:
        assert "Short numbers" in text
        assert "15.47G" in text  # VGG-16's connections: 15,470,264,320


def test_blocks_are_aligned_and_add_up() -> None:
    rows = read_csv("resnet50", "resnet18", "--depth", "1", "--all", "--total")
    *blocks, total = rows
    assert [row["layer_a"] for row in blocks][:3] == ["conv1", "maxpool1", "conv2a"]
    for end in "ab":
        for metric in ("weights", "parameters", "connections"):
            key = f"{metric}_{end}"
            assert sum(int(row[key] or 0) for row in blocks) == int(total[key])
    stem, head = blocks[0], blocks[-1]
    assert (stem["layer_a"], stem["layer_b"], stem["change"]) == ("conv1", "conv1", "same")
    assert (head["layer_a"], head["layer_b"]) == ("output", "output")
    # 2048 x 1000 and 512 x 1000
    assert (head["weights_a"], head["weights_b"]) == ("2048000", "512000")


def test_what_differs_most_comes_first_and_the_rest_is_one_row() -> None:
    rows = read_csv("alexnet", "alexnet_pooled", "--sort", "weights", "--top", "2")
    assert [row["layer_a"] for row in rows] == ["fc1", "conv1", "rest (6 layers)"]
    # fc1: 13 x 13 x 256 x 4096 beside 6 x 6 x 256 x 4096
    assert (rows[0]["weights_a"], rows[0]["weights_b"]) == ("177209344", "37748736")
    assert int(rows[2]["weights_a"]) == 200415264 - 177209344 - 34848


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(["lenet5", "alexnet", "resnet18", "googlenet", "unet", "minmax"]),
             min_size=2, max_size=4),
    st.none() | st.integers(1, 4), st.sampled_from(["", *METRICS]), st.none() | st.integers(1, 9),
    st.booleans(),
)  # fmt: skip
def test_any_choice_of_rows_adds_up(
    names: list[str], depth: int | None, sort: str, top: int | None, changed: bool
) -> None:
    """Whatever is grouped, sorted and cut: with all layers, columns are the networks' totals."""
    specs = [cnncost.load(name) for name in names]
    sides = [Side(name, spec, cnncost.count(spec)) for name, spec in zip(names, specs, strict=True)]
    layout = ComparisonLayout(every=True, changed=changed, sort=sort, top=top)
    matches = choose_matches(compare_networks(sides, depth), layout)
    assert top is None or len(matches) <= top + 1
    if sort and top is None:
        changes = [match.largest_change(sort) for match in matches]
        assert changes == sorted(changes, reverse=True)
    if changed:
        return
    for i, side in enumerate(sides):
        for metric in ("weights", "biases", "parameters", "connections"):
            found = sum(getattr(row, metric) for m in matches if (row := m.rows[i]) is not None)
            assert found == getattr(side.report.totals, metric)
    assert set(METRICS) <= set(TOTALS)


def test_totals_alone_have_one_row_per_network_for_programs() -> None:
    rows = read_csv("alexnet", "vgg16", "--totals", "--memory", "--time", "--device", "rtx4090")
    assert [row["network"] for row in rows] == ["alexnet", "vgg16"]
    assert rows[0]["connections"] == "863867424"
    table = run("table", "vgg16", "--time", "--device", "rtx4090", "-f", "json").stdout
    assert float(rows[1]["time"]) == pytest.approx(json.loads(table)["time"]["seconds"], rel=1e-6)
    # the largest pair of maps: two of 64 x 224 x 224 numbers of four bytes, and some biases less
    assert int(rows[1]["activation_memory"]) == pytest.approx(2 * 64 * 224 * 224 * 4, rel=0.03)
    latex = run("compare", "alexnet", "vgg16", "--totals", "-f", "latex").stdout
    assert "    AlexNet & 3 channels of 227x227 & 659,272 & 200,415,264 &" in latex


@pytest.mark.parametrize("form", ["table", "markdown", "json", "latex", "html"])
def test_the_verdict_stands_in_the_output_too(form: str) -> None:
    for rule, said in (
        ("connections=+5%", "vgg16: connections 15,470,264,320, was 863,867,424"),
        ("weights=+5%", "Within weights=+5%."),
    ):
        done = run("compare", "alexnet", "vgg16", "--fail-on", rule, "-f", form)
        assert said in " ".join(done.stdout.replace("\\%", "%").split())
        assert done.returncode == int("Within" not in said)


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def test_a_file_is_compared_with_what_git_has(tmp_path: Path) -> None:
    nets = tmp_path / "nets"
    nets.mkdir()
    text = "input: [1, 4, 4]\nlayers: [{conv: 2, kernel: 3}]\n"
    (nets / "net.yaml").write_text(text, encoding="utf-8")
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "one")
    (nets / "net.yaml").write_text(text.replace("conv: 2", "conv: 5"), encoding="utf-8")
    for folder, old in ((nets, "main:net.yaml"), (tmp_path, "main:nets/net.yaml"),
                        (nets, "HEAD:nets/net.yaml")):  # fmt: skip
        new = "net.yaml" if folder == nets else "nets/net.yaml"
        (row,) = read_csv(old, new, cwd=folder)
        assert (row["weights_a"], row["weights_b"]) == ("18", "45")
    done = run("table", "main:no.yaml", cwd=nets)
    assert done.returncode == 2
    assert done.stderr.startswith("main:no.yaml: no such file, and git has none: ")
    assert run("table", "mian:net.yaml", cwd=nets).returncode == 2
    (nets / "broken.yaml").write_text("layers: [convv]\n", encoding="utf-8")
    git(nets, "add", ".")
    staged = run("table", ":broken.yaml", cwd=nets)
    assert staged.returncode == 2
    assert staged.stderr.startswith(":broken.yaml:1:1: the spec has no input\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--totals --all", "--all is of layers"),
        ("--totals --depth 1", "--depth is of layers"),
        (
            "--sort weight",
            "--sort weight: no count that is compared\n  hint: did you mean 'weights'",
        ),
        ("--batch 4", "--batch changes no count\n  hint: add --memory or --time"),
        ("--dtype fp16", "--dtype changes no count\n  hint: add --memory"),
    ],
)
def test_options_that_do_not_go_together(words: str, said: str) -> None:
    done = run("compare", "alexnet", "vgg16", *words.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(said)
