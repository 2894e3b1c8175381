"""Networks side by side: alignment against brute force, and comparisons as users run them."""

from __future__ import annotations

import csv
import io
import json
import time
from functools import cache
from pathlib import Path

import pytest
from command import run
from hypothesis import given, settings
from hypothesis import strategies as st

import cnncost
from cnncost.quantity import BUDGETS
from cnncost.shape import Shape
from cnncost.study.align import GAP, RENAMED, AlignedItem, MatchKind, align_layers, pairing_cost
from cnncost.study.comparison import Side, compare_networks, parse_growth

KINDS = st.builds(
    lambda word, channels, extent, weights: MatchKind(
        word, word != "relu", Shape(channels, (extent,)), weights, weights * extent
    ),
    st.sampled_from(["conv", "dense", "relu"]),
    st.integers(1, 2),
    st.integers(1, 2),
    st.sampled_from([0, 10, 40]),
)


def items(kinds: list[MatchKind], prefix: str) -> list[AlignedItem]:
    return [AlignedItem(f"{prefix}{i}", False, kind) for i, kind in enumerate(kinds)]


def cheapest(first: list[MatchKind], second: list[MatchKind]) -> int:
    """The least cost of any alignment, by trying all."""

    @cache
    def cost(i: int, j: int) -> int:
        ways = []
        if i:
            ways.append(cost(i - 1, j) + GAP)
        if j:
            ways.append(cost(i, j - 1) + GAP)
        if i and j:
            ways.append(cost(i - 1, j - 1) + RENAMED + pairing_cost(first[i - 1], second[j - 1]))
        return min(ways, default=0)

    return cost(len(first), len(second))


@given(st.lists(KINDS, max_size=7), st.lists(KINDS, max_size=7))
@settings(max_examples=300, deadline=None)
def test_no_alignment_is_cheaper(first: list[MatchKind], second: list[MatchKind]) -> None:
    pairs = align_layers(items(first, "a"), items(second, "b"))
    assert [i for i, _ in pairs if i is not None] == list(range(len(first)))
    assert [j for _, j in pairs if j is not None] == list(range(len(second)))
    paid = sum(
        GAP if i is None or j is None else RENAMED + pairing_cost(first[i], second[j])
        for i, j in pairs
    )
    assert paid == cheapest(first, second)


NET = """\
input: [3, 32, 32]
layers:
  - {{name: stem, conv: 16, kernel: 3, padding: 1}}
  - relu
{}  - {{name: head, dense: 10}}
"""


def spec(*lines: str) -> str:
    return NET.format("".join(f"  - {line}\n" for line in lines))


def conv(filters: int, name: str = "") -> str:
    return f"{{{f'name: {name}, ' * bool(name)}conv: {filters}, kernel: 3, padding: 1}}"


def matched(*texts: str) -> list[tuple[str | None, ...]]:
    """The names of the counted layers that belong together."""
    specs = [cnncost.loads(text, name="net.yaml") for text in texts]
    sides = [Side(str(i), spec, cnncost.count(spec)) for i, spec in enumerate(specs)]
    return [
        tuple(row and row.name for row in match.rows)
        for match in compare_networks(sides).matches
        if match.is_counted
    ]


def test_an_insertion_shifts_numbered_names() -> None:
    before = spec(conv(32), conv(64), conv(128))
    after = spec(conv(32), conv(48), conv(64), conv(128))
    # The names of the layers behind are shifted by one; what belongs together is alike.
    assert matched(before, after) == [
        ("stem", "stem"), ("conv1", "conv1"), (None, "conv2"), ("conv2", "conv3"),
        ("conv3", "conv4"), ("head", "head"),
    ]  # fmt: skip


def test_given_names_hold_whatever_changed() -> None:
    before = spec(conv(32, "a"), conv(64, "b"))
    after = spec(conv(64, "a"), "{name: b, depthwise_conv: 5}")
    assert matched(before, after) == [
        ("stem", "stem"), ("a", "a"), ("b", "b"), ("head", "head"),
    ]  # fmt: skip


def test_names_that_changed_places_are_not_crossed() -> None:
    before = spec(conv(8, "a"), conv(16, "b"), conv(24, "c"))
    after = spec(conv(24, "c"), conv(8, "a"), conv(16, "b"))
    found = matched(before, after)
    assert ("a", "a") in found
    assert ("b", "b") in found
    assert ("c", "c") not in found


def test_a_renamed_layer_is_found_by_its_counts() -> None:
    before = spec(conv(32, "a"), conv(64, "b"), conv(128, "c"))
    after = spec(conv(32, "a"), conv(64, "x"), conv(128, "c"))
    assert ("b", "x") in matched(before, after)


def test_what_two_networks_add_stands_in_one_row() -> None:
    base, added = spec(conv(32, "a")), spec(conv(32, "a"), conv(64, "new"))
    assert matched(base, added, added) == [
        ("stem",) * 3, ("a",) * 3, (None, "new", "new"), ("head",) * 3,
    ]  # fmt: skip


def test_long_chains_stay_fast() -> None:
    first = [conv(8 + i * i % 97) for i in range(3000)]
    second = [*first[:700], conv(77), *first[700:2000], *first[2010:]]
    start = time.process_time()
    found = matched(spec(*first), spec(*second))
    assert time.process_time() - start < 20
    assert sum(None in pair for pair in found) == 11


def test_totals_and_differences_are_those_of_table() -> None:
    data = json.loads(run("compare", "alexnet", "alexnet_pooled", "-f", "json").stdout)
    # DESIGN's acceptance figures: 13 x 13 x 256 x 4,096 becomes 6 x 6 x 256 x 4,096.
    (difference,) = data["differences"]
    lost = (13 * 13 - 6 * 6) * 256 * 4096
    assert difference["weights"] == {
        "difference": -lost,
        "percent": round(-100 * lost / 200_415_264, 4),
    }
    assert [net["totals"]["connections"] for net in data["networks"]] == [863867424, 724406816]
    changes = {match["layers"][0]["layer"]: match["change"] for match in data["layers"]}
    assert changes.pop("fc1") == ["changed"]
    assert set(map(tuple, changes.values())) == {("same",)}


def test_csv_columns_add_up_to_the_total() -> None:
    done = run("compare", "resnet18", "resnet50", "vgg16", "-f", "csv", "--total", "--all")
    *rows, total = csv.DictReader(io.StringIO(done.stdout))
    assert total["change_b"] == "total"
    for column in ("weights", "parameters", "connections"):
        for end in "abc":
            key = f"{column}_{end}"
            assert sum(int(row[key] or 0) for row in rows) == int(total[key])


@pytest.mark.parametrize("form", ["table", "markdown", "latex"])
def test_readable_forms_show_whole_numbers_and_the_convention(form: str) -> None:
    shown = run("compare", "alexnet", "alexnet_pooled", "-f", form).stdout
    assert "-139,460,608" in shown
    assert "-78.7" in shown
    assert "Without weights, in B alone: maxpool3." in " ".join(shown.split())
    assert "those to zero padding" in " ".join(shown.split())


def test_the_table_fits_80_columns() -> None:
    shown = run("compare", "alexnet", "alexnet_pooled", COLUMNS="80").stdout
    assert max(map(len, shown.splitlines())) <= 80


def test_only_what_changed() -> None:
    shown = run("compare", "alexnet", "alexnet_pooled", "--changed", "-f", "csv").stdout
    assert [line.split(",")[0] for line in shown.splitlines()] == ["change", "changed"]
    same = run("compare", "alexnet", "alexnet", "--changed").stdout
    assert "No differences: the layers with weights are alike." in " ".join(same.split())


@pytest.mark.parametrize("metric", BUDGETS)
def test_every_budgets_metric_can_fail(metric: str) -> None:
    grown = run("compare", "resnet18", "resnet50", "--fail-on", f"{metric}=+5%")
    assert grown.returncode == 1
    assert grown.stderr.endswith(f": fails {metric}=+5%\n")
    assert run("compare", "resnet50", "resnet18", "--fail-on", f"{metric}=+5%").returncode == 0


def test_the_bound_itself_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("input: [100]\nlayers: [{dense: 20}]\n")
    (tmp_path / "b.yaml").write_text("input: [105]\nlayers: [{dense: 20}]\n")
    for amount, code in {
        "+5%": 0, "+4.99%": 1, "+100": 0, "+99": 1, "+0": 1, "-1": 1, "+0.1k": 0,
    }.items():  # fmt: skip
        done = run("compare", "a.yaml", "b.yaml", "--fail-on", f"weights={amount}", cwd=tmp_path)
        assert done.returncode == code, amount
    assert (
        "b.yaml: weights 2,100, was 2,000 (+100, +5.0%): fails weights=+0"
        in run("compare", "a.yaml", "b.yaml", "--fail-on", "weights=+0", cwd=tmp_path).stderr
    )


def test_unknown_costs_prove_nothing(tmp_path: Path) -> None:
    text = "input: [8]\nlayers: [{opaque: {output: [8], op: Einsum}}, {dense: 2}]\n"
    (tmp_path / "a.yaml").write_text(text)
    done = run("compare", "a.yaml", "a.yaml", "--fail-on", "weights=+5%", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == ("a.yaml: weights may pass weights=+5%: some layers' costs are unknown\n")
    assert ">= 16" in done.stdout


@pytest.mark.parametrize("text", ["connections", "weights=5%", "weights=+", "weights=+-5", "x=+1"])
def test_growths_that_are_none(text: str) -> None:
    with pytest.raises(cnncost.CnncostError):
        parse_growth(text)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("alexnet",), "one network: compare needs at least two\n"),
        (("-", "-"), "- is given twice\n"),
        (("alexnet", "vgg16", "--human", "-f", "csv"), "--human is for people"),
        (("alexnet", "vgg16", "--fail-on", "weight=+1"), "unknown metric 'weight'\n  hint: did"),
        (("alexnet", "nope"), "nope: no such file"),
    ],
)
def test_what_cannot_be_compared(arguments: tuple[str, ...], message: str) -> None:
    done = run("compare", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(message)
