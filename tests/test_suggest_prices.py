"""Prices of single edits are the damage of their texts, and a plan's score is that of its file."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import run
from fuzz_suggest import called
from potential_oracle import potential_by_loops
from spaces import draft_of
from suggested import SMALL
from suggested_edits import ALL
from wild_networks import wild_network

import cnncost
from cnncost.quantity import BUDGETS
from cnncost.suggest.decisions.catalogue import SPATIAL
from cnncost.suggest.decisions.edit_prices import price_of, priced
from cnncost.suggest.decisions.search_space import list_decisions
from cnncost.suggest.decisions.spatial_trials import SpatialTrials
from cnncost.suggest.decisions.width_trials import try_options
from cnncost.suggest.text.edit import Edit
from cnncost.suggest.text.editable_spec import EditableSpec

UNIT = 1e-5
"""Scores are whole units of it."""

AN_EDIT = 10
"""Units that a price has for the edit itself."""


def price_by_loops(editable: EditableSpec, edit: Edit) -> float | None:
    """What the parts of an edit's damage cost, in units, from its text; None where it is none."""
    spec = editable.read_edited(edit.changes)
    if spec is None:
        return None
    pairs = zip(*map(potential_by_loops, (editable.network, spec.network)), strict=True)
    return sum(max(0.0, after - before) for before, after in pairs) / UNIT + AN_EDIT


def priced_edits(editable: EditableSpec) -> Iterator[Edit]:
    """Every single edit of a spec, with its price."""
    for decision in list_decisions(editable, ALL):
        yield from try_options(editable, decision)[0].options[1:]
    trials = SpatialTrials(editable)
    for edit in [edit for kind in SPATIAL for edit in kind.edits(editable, ALL)]:
        trial = trials.try_edit(edit)
        if trial is not None:
            yield trial.edit


def hold_prices(editable: EditableSpec) -> Counter[str]:
    """Hold each edit's price against its text; how many of each kind there were."""
    kinds: Counter[str] = Counter()
    for edit in priced_edits(editable):
        expected = price_by_loops(editable, edit)
        assert expected is None or abs(edit.score - expected) < 0.51, edit.phrase
        kinds[edit.kind] += expected is not None
    return kinds


@pytest.mark.parametrize("block", range(4))
def test_prices_on_random_networks(block: int) -> None:
    kinds: Counter[str] = Counter()
    for seed in range(1000 * block, 1000 * block + 20):
        try:
            editable = draft_of(wild_network(random.Random(seed)))
        except cnncost.SpecError:  # some branches do not fit
            continue
        kinds += hold_prices(editable)
    assert {"width", "dense", "low-rank", "separable", "resolution", "stride"} <= set(kinds)


@pytest.mark.parametrize("name", [
    "alexnet", "vgg16", "squeezenet1_1", "googlenet", "resnet50", "mobilenet_v2", "m5_speech",
    "c3d", "shufflenet_v2", "lenet5",
])  # fmt: skip
def test_prices_on_bundled_networks(name: str) -> None:
    assert len(hold_prices(draft_of(cnncost.load(name).text.text))) > 3


LAST_STAGE = """\
input: [3, 16, 16]
blocks:
  unit(width): [{conv: width, kernel: 3, padding: 1}, relu]
layers:
- {unit: 16}
- {name: x, unit: 16, repeat: 4}
- global_avgpool
- {dense: 10}
"""


def test_the_last_copy_before_a_global_pool_counts_less_than_the_others() -> None:
    editable = draft_of(LAST_STAGE)
    edit = next(edit for edit in priced_edits(editable) if edit.phrase == "x: 4 to 3 copies")
    expected = price_by_loops(editable, edit)
    assert expected is not None
    assert abs(edit.score - expected) < 0.51


def test_what_an_edit_gains_is_not_set_against_what_it_costs() -> None:
    edit = Edit("width", "less")
    assert price_of((0.5, -0.25, 0.000004, -0.125, 0.0)) == 50_000
    assert price_of((0.5, -0.25, 0.000006, -0.125, 0.0)) == 50_001
    assert priced(edit, (-1.0, -0.5)).score == AN_EDIT
    assert priced(edit, ()).score == AN_EDIT
    assert priced(edit, (0.25, 0.125)).score == 37_500 + AN_EDIT
    assert priced(edit, (0.25,)).phrase == "less"


# Plans


def check_damage(data: dict, before: cnncost.Spec, after: cnncost.Spec) -> None:  # type: ignore[type-arg]
    """Hold a score, its interval and its parts against the damage between two specs."""
    found = cnncost.damage(before, after)
    assert abs(data["score"] - found.score) <= UNIT
    assert abs(data["low"] - found.low) <= UNIT
    assert abs(data["high"] - found.high) <= UNIT
    assert {part.name for part in found.parts} == set(data["parts"])
    for part in found.parts:
        assert abs(data["parts"][part.name] - part.score) <= UNIT
    assert abs(sum(data["parts"].values()) - data["score"]) <= 3 * UNIT  # rounded one by one


def suggested(text: str, budgets: list[str], folder: Path, *options: str) -> dict | None:  # type: ignore[type-arg]
    """What `suggest` finds for a text, as JSON; None where it refuses or the text is none."""
    source, written = folder / "net.yaml", folder / "out.yaml"
    source.write_text(text)
    written.unlink(missing_ok=True)
    asked = [part for budget in budgets for part in ("--budget", budget)]
    arguments = (*asked, "--write", str(written), "-f", "json", *options)
    code, out, _ = called("suggest", str(source), *arguments)
    return json.loads(out) if code < 2 and out else None


@pytest.mark.parametrize("block", range(6))
def test_a_plan_s_score_is_the_damage_of_its_file(block: int, tmp_path: Path) -> None:
    plans = singles = 0
    for seed in range(100 * block, 100 * block + 10):
        pick = random.Random(seed)
        text = wild_network(pick)
        metrics = pick.sample(BUDGETS, pick.choice([1, 1, 2]))
        budgets = [f"{metric}={pick.randint(5, 90)}%" for metric in metrics]
        data = suggested(text, budgets, tmp_path, "--time-limit", "4")
        if data is None:
            continue
        before = cnncost.loads(text)
        if (tmp_path / "out.yaml").exists():
            check_damage(data["plan"], before, cnncost.load(tmp_path / "out.yaml"))
            plans += 1
        singles += check_singles(text, data)
    assert plans > 2
    assert singles > 20


def check_singles(text: str, data: dict) -> int:  # type: ignore[type-arg]
    """Hold each single edit's score against the damage of its text; how many there were."""
    editable = draft_of(text)
    texts = {
        edit.phrase: editable.edited_text(edit.changes)
        for edit in priced_edits(editable)
    }  # fmt: skip
    before, checked = cnncost.loads(text), 0
    for single in data["single_edits"][:40]:
        check_damage(single, before, cnncost.loads(texts[single["edit"]]))
        checked += 1
    return checked


def test_uniform_scaling_scores_as_its_widths(tmp_path: Path) -> None:
    data = suggested(SMALL, ["weights=60K"], tmp_path)
    assert data is not None
    assert data["uniform"] is not None
    after = SMALL
    for step in data["uniform"]["steps"]:
        old, new = step["edit"].split(": ")[1].split(" ")[0:3:2]
        for word in ("conv", "dense"):
            after = after.replace(f"{word}: {old}", f"{word}: {new}", 1)
    before = cnncost.loads(SMALL)
    spec = cnncost.loads(after.replace("expect: {weights: 545984}\n", ""))
    assert cnncost.count(spec).totals.weights == data["uniform"]["after"]["weights"]
    check_damage(data["uniform"], before, spec)


@pytest.mark.parametrize(("name", "budget"), [
    ("alexnet", "weights=20M"), ("mobilenet_v1", "weights=50%"), ("m5_speech", "connections=50%"),
])  # fmt: skip
def test_plans_of_bundled_networks(name: str, budget: str, tmp_path: Path) -> None:
    written = tmp_path / "out.yaml"
    arguments = ("--budget", budget, "--write", str(written), "-f", "json", "--time-limit", "8")
    done = run("suggest", name, *arguments)
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)
    check_damage(data["plan"], cnncost.load(name), cnncost.load(written))
    # The steps add up to it.
    steps = [step["score"] for step in data["plan"]["steps"]]
    assert None in steps or abs(sum(steps) - data["plan"]["score"]) < 1e-9
