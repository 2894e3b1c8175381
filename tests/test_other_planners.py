"""What other planners of memory take: what was measured lies in the ranges that are shown."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from math import ceil, floor
from pathlib import Path

import pytest
from command import run
from evidence import find_beside

import cnncost
from cnncost.costs.memory import measure_embedded
from cnncost.study.other_planners import OTHER_PLANNERS

FOLDER = find_beside("reference/tflite")
PLANNERS = {one.word: one for one in OTHER_PLANNERS}
MEASURED = Path(__file__).parent.parent / "benchmarks" / "vela.csv"


def read_measured() -> list[dict[str, str]]:
    with MEASURED.open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def test_visual_wake_words_by_hand() -> None:
    # Maps of 48 x 48, 16 and 8 channels of one byte are alive at once: 54 KiB.
    bound = 48 * 48 * 16 + 48 * 48 * 8
    rows = {
        row["aim"]: float(row["sram_kib"]) * 1024
        for row in read_measured()
        if row["file"] == "person_detect"
    }
    assert rows == {"Size": 30 * 1024, "Performance": 72.73 * 1024}
    for aim, found in rows.items():
        low, high = PLANNERS[f"vela_for_{aim.lower()}"].measure_range(bound)
        assert low <= found <= high


@pytest.mark.skipif(FOLDER is None, reason="the files are not here")
def test_what_vela_reported_lies_in_the_ranges_and_at_their_ends() -> None:
    shares: dict[str, list[float]] = defaultdict(list)
    for row in read_measured():
        assert FOLDER
        found = measure_embedded(cnncost.load(str(FOLDER / f"{row['file']}.tflite")).network)
        shares[f"vela_for_{row['aim'].lower()}"].append(1024 * float(row["sram_kib"]) / found.sram)
        shares["flash"].append(1024 * float(row["flash_kib"]) / found.flash)
    for word in ("vela_for_size", "vela_for_performance"):
        # Rounded outwards to hundredths; the report itself has two digits of a KiB.
        ends = floor(100 * min(shares[word]) + 0.1) / 100, ceil(100 * max(shares[word]) - 0.1) / 100
        assert ends == (PLANNERS[word].least, PLANNERS[word].most)
    flash = floor(100 * min(shares["flash"])) / 100, ceil(100 * max(shares["flash"])) / 100
    assert "flash {:.2f} to {:.2f} of".format(*flash) in PLANNERS["vela_for_size"].source


def test_the_page_and_the_data_show_them() -> None:
    # LeNet-5's first pool: six maps of 28 x 28 in, of 14 x 14 out, in bytes.
    bound = 6 * 28 * 28 + 6 * 14 * 14
    done = run("fit", "lenet5", "--board", "nucleo-l4r5zi")
    page = " ".join(done.stdout.split())
    assert (
        f"Vela's tensors, for size {0.55 * bound / 1024:.1f} to {1.01 * bound / 1024:.1f}" in page
    )
    data = json.loads(run("fit", "lenet5", "--board", "nucleo-l4r5zi", "-f", "json").stdout)["sram"]
    assert data["lower_bound"] == bound
    assert data["vela_for_performance"] == [bound, round(1.39 * bound)]


def test_of_layers_that_nobody_knows_nothing_is_shown() -> None:
    text = "input: [3, 8, 8]\nlayers:\n- opaque: {output: [4, 4, 4], op: Custom}\n"
    words = ("fit", "-", "--board", "nucleo-l4r5zi")
    data = json.loads(run(*words, "-f", "json", text=text).stdout)["sram"]
    assert {data[one.word] for one in OTHER_PLANNERS} == {None}
    assert "Vela" not in run(*words, text=text).stdout
