"""`published`: what a paper prints, in its own words, beside what a spec expects."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from command import run
from small import SMALL

import cnncost
from cnncost import bundled
from cnncost.views.zoo_page import citation_year, leading_number

PRINTED = SMALL + 'published:\n  weights: "72: so it says (table 1)"\n  macs: two hundred\n'

# Looked up in the papers, not in the specs.
PAPERS = {
    "alexnet": {"units": "650,000 neurons", "parameters": "60 million parameters"},
    "vgg16": {"parameters": "138 million"},
    "lenet5": {
        "trainable_parameters": "60,000 trainable free parameters",
        "connections": "340,908 connections",
    },
    "resnet18": {"connections": "1.8 x 10^9 FLOPs"},
    "resnet50": {"connections": "3.8 x 10^9 FLOPs"},
    "mobilenet_v1": {"parameters": "4.2 million", "connections": "569 million mult-adds"},
    "mobilenet_v2": {"parameters": "3.4M", "connections": "300M MAdds"},
    "efficientnet_b0": {"parameters": "5.3M", "connections": "0.39B FLOPS"},
    "googlenet": {"connections": "1.5 billion multiply-adds"},
    "shufflenet_v2": {"parameters": "2.3M", "connections": "146M FLOPs"},
    "convnext_tiny": {"parameters": "29M", "connections": "4.5G FLOPs"},
    "m5": {"parameters": "0.5M"},
}


@pytest.mark.parametrize("name", PAPERS)
def test_what_papers_print(name: str) -> None:
    printed = dict(cnncost.load(name).network.published)
    assert list(printed) == list(PAPERS[name])
    for figure, words in PAPERS[name].items():
        assert printed[figure].startswith(words)
        assert printed[figure].endswith(")")  # where it stands


def test_no_paper_prints_what_its_version_in_the_zoo_is_not() -> None:
    for name in ("squeezenet1_1", "alexnet_torchvision", "googlenet_torchvision", "minmax"):
        assert cnncost.load(name).network.published == ()


def test_the_words_are_kept_on_one_line() -> None:
    spec = cnncost.loads(PRINTED)
    assert spec.network.published == (
        ("weights", "72: so it says (table 1)"),
        ("macs", "two hundred"),
    )
    assert cnncost.loads(SMALL + "published:\n").network.published == ()
    assert cnncost.loads(SMALL + "published: {weights: 61M}\n").network.published == (
        ("weights", "61M"),
    )


HARD = ["null", "true", 'a "quoted" word', "back\\slash", "'single'", "{braces}", "x: y", "# no"]


@pytest.mark.parametrize("form", ["--flat", "--structured"])
def test_writing_anew_keeps_the_words(tmp_path: Path, form: str) -> None:
    for words in HARD:
        text = SMALL + f"published: {{weights: {json.dumps(words)}}}\n"
        done = run("convert", "-", "-", form, text=text, cwd=tmp_path)
        assert cnncost.loads(done.stdout).network.published == (("weights", words),)


def test_a_plan_is_another_network() -> None:
    done = run("suggest", "alexnet", "--budget", "weights=150M", "--write", "-")
    assert done.returncode == 0
    assert "\npublished:" not in done.stdout  # but in a comment
    assert cnncost.loads(done.stdout).network.published == ()


def test_check_does_not_hold_them(tmp_path: Path) -> None:
    (tmp_path / "n.yaml").write_text(SMALL + "published: {weights: 5}\n")
    done = run("check", "n.yaml", cwd=tmp_path)
    assert done.stdout == "n.yaml: ok (valid; no expect, no budget)\n"


# The zoo's lists


@pytest.mark.parametrize("columns", ["80", "200"])
def test_zoo_has_a_line_a_network(columns: str) -> None:
    head, *lines = run("zoo", COLUMNS=columns).stdout.partition("\n\n")[0].splitlines()
    assert head.split() == ["network", "year", "input", "weights", "connections", "paper", "prints"]
    assert [line.split()[0] for line in lines] == bundled.list_names()
    assert all(len(line) <= 80 for line in (head, *lines))
    rows = {line.split()[0]: line.split(maxsplit=5)[1:] for line in lines}
    assert rows["resnet50"] == ["2016", "3x224x224", "25.50M", "4.089G", "3.8 x 10^9"]
    assert rows["lenet5"][-1] == "60,000; 340,908"
    assert rows["squeezenet1_1"] == ["2016", "3x224x224", "1.232M", "349.2M"]


def test_the_long_list_of_one_network() -> None:
    said = run("zoo", "--long", "lenet5").stdout
    assert said.startswith("lenet5: LeNet-5, input 1x32x32\n\nLeCun, Bottou, Bengio & Haffner,")
    flat = " ".join(said.split())
    assert "connections (biases) 340,908 340,908 340,908 connections (sec. II-B)" in flat
    assert "The paper counts biases among the connections." in flat
    assert "alexnet" not in said


def test_the_long_list_says_where_nothing_is_expected_or_printed() -> None:
    flat = " ".join(run("zoo", "--long", "alexnet").stdout.split())
    # 200,415,264 weights, and a bias a filter and unit: 96+256+384+384+256 + 4096+4096+1000.
    assert "parameters - 200,425,832 60 million parameters (abstract)" in flat
    assert "weights 200,415,264 200,415,264 -" in flat


def test_the_long_list_of_all() -> None:
    said = run("zoo", "--long").stdout
    heads = [line.partition(":")[0] for line in said.splitlines() if ", input " in line]
    assert heads == bundled.list_names()


def test_a_name_alone_still_prints_the_spec() -> None:
    said = run("zoo", "lenet5").stdout
    assert cnncost.loads(said).network.published == cnncost.load("lenet5").network.published


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--long", "-f", "csv"], "--long is the table's: csv has every figure\n"),
        (["--long", "--schema"], "--schema takes no --long\n"),
        (["--long", "lenet"], "no bundled network is called 'lenet'\n"),
    ],
)
def test_what_does_not_go_together(arguments: list[str], said: str) -> None:
    done = run("zoo", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(said)


def test_machine_formats_have_all_three() -> None:
    rows = list(csv.DictReader(io.StringIO(run("zoo", "-f", "csv").stdout)))
    assert list(rows[0]) == [
        *("network", "input", "figure", "expected", "computed", "published", "source"),
    ]
    data = {entry["name"]: entry for entry in json.loads(run("zoo", "-f", "json").stdout)}
    assert data["lenet5"]["expected"] == {"trainable_parameters": 60000, "connections": 340908}
    assert data["lenet5"]["computed"] == data["lenet5"]["expected"]
    assert data["lenet5"]["published"]["connections"] == "340,908 connections (sec. II-B)"


def test_years_and_numbers() -> None:
    assert citation_year("He et al., CVPR 2016 (after 2015)") == "2016"
    assert citation_year("textbook exercise (after He et al., CVPR 2016)") == ""
    assert leading_number("about a million") == ""
    assert leading_number("1.5 billion multiply-adds, a budget (sec. 1)") == "1.5B"
    assert leading_number("26915 (the tutorial's output)") == "26915"
