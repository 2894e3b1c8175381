"""What stands in a page for a browser; `test_web_browser.py` uses it in one."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
from command import run
from web import ODD, OPAQUE, PageReader, list_rows, make_page, make_pair, read_data, write

import cnncost
from cnncost.cli.web_pages import PageMeasure
from cnncost.costs.memory import measure_memory
from cnncost.notebook import Shown
from cnncost.study.explanation import explain_layers
from cnncost.views.explanation_page import explanation_results
from cnncost.views.table_page import TableLayout, table_results
from cnncost.views.web import web_page
from cnncost.views.web.network_data import encode_amount
from cnncost.views.web.page_extent import EXTENTS, list_extents
from cnncost.views.web.web_page import list_totals, write_web_page

CHAIN = "name: chain\ninput: [8, 9, 9]\nlayers:\n" + "".join(
    f"  - {{name: layer_number_{i}, conv: {8 + i % 7}, kernel: 3, padding: 1}}\n"
    for i in range(1000)
)


@cache
def page(arch: str) -> str:
    return write(arch)


def test_alexnet_has_the_numbers_of_the_acceptance_table() -> None:
    rows = list_rows(page("alexnet"))
    assert rows["conv1"]["weights"] == 11 * 11 * 3 * 96
    assert rows["conv1"]["connections"] == 11 * 11 * 3 * 96 * 55 * 55
    assert rows["fc1"]["weights"] == 13 * 13 * 256 * 4096
    totals = read_data(page("alexnet"))["networks"][0]["totals"]
    assert totals["units"] == [659_272, False]
    assert totals["weights"] == [200_415_264, False]
    assert totals["connections"] == [863_867_424, False]
    assert "863,867,424" in PageReader(page("alexnet")).texts


def test_the_rows_are_those_of_the_table() -> None:
    report = PageMeasure({}).count_costs(cnncost.load("resnet50"))
    layout = TableLayout("json", every=True, memory=True, training=True)
    data = Shown(report, lambda _: table_results(report, layout)).write("json")
    theirs = {layer["layer"]: layer for layer in json.loads(data)["layers"]}
    mine = list_rows(page("resnet50"))
    assert mine.keys() == theirs.keys()
    for name, row in mine.items():
        assert row == {key: theirs[name][key] for key in row}


def test_the_workings_are_those_of_explain() -> None:
    network = read_data(page("lenet5"))["networks"][0]
    report = cnncost.count(cnncost.load("lenet5"))
    indices = {row.name: str(row.node.index) for row in report.layers}
    explained = explanation_results(report, explain_layers(report, every=True), ())
    for layer in json.loads(Shown(report, lambda _: explained).write("json"))["layers"]:
        index = indices[layer["layer"]]
        lines = [[network["words"][at] for at in line] for line in network["workings"][index]]
        assert lines == [
            [working["quantity"], working["note"] or working["working"], working["in_words"]]
            for working in layer["workings"]
        ]


@pytest.mark.parametrize("arch", ["unet", "residual_mlp"])
def test_what_is_alive_at_the_peak(arch: str) -> None:
    lives = read_data(page(arch))["networks"][0]["lives"]
    network = cnncost.load(arch).network
    peak = measure_memory(network).inference
    step = next(node.index for node in network.nodes if node.name == peak.step)
    alive = [lives["sizes"][i] for i in range(step + 1) if lives["last"][i] >= step]
    alive += [lives["scratch"][str(step)]] if str(step) in lives["scratch"] else []
    assert sorted(alive) == sorted(tensor.bytes for tensor in peak.alive)
    assert sum(alive) == peak.bytes


def test_the_parts_of_the_figure_hold_all_layers_of_resnet50() -> None:
    network = read_data(page("resnet50"))["networks"][0]
    names = [name for name, _ in network["parts"]]
    assert {"conv2 \u00d7 3", "conv3 \u00d7 4", "conv4 \u00d7 6", "conv5 \u00d7 3"} <= set(names)
    shown = {index for _, members in network["parts"] for index in members}
    assert shown == {*(entry[0] for entry in network["layers"]), 0}
    stage = dict(map(tuple, network["parts"]))["conv3 \u00d7 4"]
    costs = {entry[0]: entry[6:] for entry in network["layers"]}
    # The first block: 1x1 over 56 x 56 to 128, 3x3 with stride 2, 1x1 to 512, the projection;
    # then three blocks of 1x1 to 128, 3x3, 1x1 to 512 over 28 x 28.
    first = 56 * 56 * 256 * 128 + 28 * 28 * (9 * 128 * 128 + 128 * 512 + 256 * 512)
    others = 3 * 28 * 28 * (512 * 128 + 9 * 128 * 128 + 128 * 512)
    assert sum(costs[index][2] for index in stage) == first + others


NAMED = (
    f"name: {json.dumps(ODD)}\nnotes: {json.dumps(ODD)}\n"
    "input: [1, 8, 8]\nlayers: [{conv: 2, kernel: 3}, relu]\n"
)


@pytest.mark.parametrize("arch", ["lenet5", "minmax", NAMED])
def test_it_is_html_that_asks_for_nothing(arch: str) -> None:
    text = write(arch)
    reader = PageReader(text)
    assert reader.tags.count("script") == 2
    assert "default-src 'none'" in text
    assert "://" not in text
    if "\n" in arch:
        assert sum(ODD in found for found in reader.texts) == 3  # the title, the heading, the notes
        assert read_data(text)["networks"][0]["name"] == ODD


def test_names_of_layers_and_files_are_data_alone(tmp_path: Path) -> None:
    spec = "input: [1, 4, 4]\nlayers: [{name: a_1, conv: 2, kernel: 1}]\n"
    (tmp_path / "<b>&.yaml").write_text(spec)
    (tmp_path / "</script>.yaml").parent.mkdir(exist_ok=True)
    (tmp_path / "script>.yaml").write_text(spec)
    done = run("compare", "<b>&.yaml", "../" + tmp_path.name + "/script>.yaml", "-o", "d.html",
               cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    reader = PageReader((tmp_path / "d.html").read_text())
    assert "A: <b>&.yaml" in reader.texts


def test_unknown_costs_stay_unknown() -> None:
    text = write(OPAQUE)
    rows, network = list_rows(text), read_data(text)["networks"][0]
    assert rows["odd"]["weights"] == rows["odd"]["connections"] == "?"
    # 4 filters of 3x1 over 3 channels at 7 x 7 positions; 2 of 1x1 over 4 channels at 7 x 7.
    assert network["totals"]["connections"] == [4 * 9 * 49 + 8 * 49, True]
    said = " ".join(PageReader(text).texts)
    assert "The costs of odd are unknown: the totals are lower bounds." in said
    assert ">= 2,156" in said


def test_counts_beyond_a_script_s_numbers_are_texts() -> None:
    text = write("input: [3, 100000, 100001]\nlayers: [{conv: 1001, kernel: 3}]\n")
    exact = 27 * 1001 * 99_998 * 99_999
    assert encode_amount(exact) == exact  # below 2^53
    large = write("input: [1001, 100000, 100001]\nlayers: [{conv: 1001, kernel: 3}]\n")
    (row,) = list_rows(large).values()
    assert row["connections"] == str(9 * 1001 * 1001 * 99_998 * 99_999)
    (row,) = list_rows(text).values()
    assert row["connections"] == exact


def test_biases_and_a_type_that_does_not_train() -> None:
    measure = PageMeasure({"dtype": "int8"}, biases=True)
    made = make_page("lenet5", measure)
    text = write_web_page(made)
    assert [m["key"] for m in read_data(text)["metrics"]] == [
        "units", "parameters", "connections", "live_bytes",
    ]  # fmt: skip
    assert ("connections", "340,908") in list_totals(made.networks[0].report)  # the paper's


# Two networks


def test_partners_are_those_of_compare() -> None:
    data = read_data(write_web_page(make_pair("alexnet", "alexnet_pooled")))
    first, second = ({e[0]: e[1] for e in network["layers"]} for network in data["networks"])
    pairs = [(first.get(a, ""), second.get(b, "")) for a, b, _ in data["pairs"]]
    assert ("fc1", "fc1") in pairs
    assert ("", "maxpool3") in pairs  # the pool that only the second has
    assert len(pairs) == len(first.keys()) + 1


def test_a_plan_stands_beside_what_it_changes(tmp_path: Path) -> None:
    done = run("report", "lenet5", "-o", "p.html", "--budget", "weights=80%", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    text = (tmp_path / "p.html").read_text()
    before, after = (network["totals"] for network in read_data(text)["networks"])
    assert 5 * after["weights"][0] <= 4 * before["weights"][0]
    said = " ".join(PageReader(text).texts)
    assert "A: before" in said
    assert "The plan: " in said
    assert "cnncost suggest lenet5 --budget weights=80% --write lenet5_plan.yaml" in said


def test_no_plan_is_said_and_is_a_no(tmp_path: Path) -> None:
    done = run("report", "lenet5", "-o", "p.html", "--budget", "weights=10", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    text = (tmp_path / "p.html").read_text()
    assert "No plan holds the budgets" in PageReader(text).texts
    assert len(read_data(text)["networks"]) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("compare", "lenet5", "alexnet", "--sort", "weights"),
         "--sort is of tables: a page for a browser has no use for it"),
        (("compare", "lenet5", "alexnet", "m5"), "3 networks: a page for a browser shows two"),
        (("report", "lenet5", "--budget", "weights=50%", "--biases"),
         "--biases: budgets are held in the convention without it"),
    ],
)  # fmt: skip
def test_what_a_page_refuses(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    done = run(*arguments, "-o", "p.html", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines()[0].startswith(said)
    assert not list(tmp_path.iterdir())


def test_a_table_is_still_written_where_it_is_asked_for(tmp_path: Path) -> None:
    run("compare", "lenet5", "m5", "-o", "t.html", "-f", "html", "--sort", "weights", cwd=tmp_path)
    assert "<script" not in (tmp_path / "t.html").read_text()


# What has no room


def test_a_chain_of_a_thousand_layers_fits_whole() -> None:
    text = write(CHAIN)
    assert len(text) < 500_000
    assert len(list_rows(text)) == 1000
    assert "Left out" not in text


def test_what_is_left_out_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    made, lengths = make_page("lenet5"), []
    for tried in EXTENTS:
        monkeypatch.setattr(web_page, "list_extents", lambda *_, one=tried: [one])
        text = write_web_page(made)
        lengths.append(len(text))
        network = read_data(text)["networks"][0]
        said = [line for line in PageReader(text).texts if line.startswith("Left out")]
        assert bool(said) == bool(tried.list_gaps())
        assert ("the figure (" in "".join(said)) == ("<figure" not in text)
        assert ("the workings (" in "".join(said)) == (network["workings"] is None)
        assert ("the layers but" in "".join(said)) == (network["lives"] is None)
    assert lengths[0] > lengths[1] > lengths[3] > lengths[5]


def test_the_layers_with_the_most_connections_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    few = EXTENTS[-1]._replace(layers=2)
    monkeypatch.setattr(web_page, "list_extents", lambda *_: [few])
    text = write_web_page(make_page("alexnet"))
    assert list(list_rows(text)) == ["conv2", "fc1"]  # 223,948,800 and 177,209,344
    pair = write_web_page(make_pair("alexnet", "alexnet_pooled"))
    assert {"conv2", "fc1"} <= set(list_rows(pair, side=1))
    assert len(read_data(pair)["pairs"]) == len(list_rows(pair))


def test_what_is_tried_of_large_networks() -> None:
    assert list_extents(50, 40) == list(EXTENTS)
    assert all(not extent.figures for extent in list_extents(5_000, 5_000))
    assert all(extent.workings == "none" for extent in list_extents(15_000, 10))
    assert {extent.layers for extent in list_extents(10**6, 10)} == {1000, 200}


def test_a_page_under_another_ending_is_refused(tmp_path: Path) -> None:
    done = run("report", "lenet5", "-o", "net.pdf", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("net.pdf: report writes a page for a browser, no pdf\n")
    assert list(tmp_path.iterdir()) == []
