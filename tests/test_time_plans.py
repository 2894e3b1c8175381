"""Plans for budgets of time: what their files take, and devices whose arithmetic is known."""

from __future__ import annotations

import random

import pytest
from drawn_devices import drawn_device, drawn_text

import cnncost
from cnncost.costs.duration import PER_SECOND
from cnncost.device_files import list_device_files, load_device
from cnncost.plans.edits.budget import parse_budgets
from cnncost.plans.edits.meter import Meter
from cnncost.plans.suggestion.request import SuggestionRequest
from cnncost.plans.suggestion.suggester import Suggester
from cnncost.timing import Device, LayerTimer


def suggester(text: str, timer: LayerTimer, *budgets: str, **more: object) -> Suggester:
    meter = Meter(timer=timer)
    request = SuggestionRequest(budgets=budgets, meter=meter, **more)  # type: ignore[arg-type]
    return Suggester(cnncost.loads(text), request)


@pytest.mark.parametrize("seed", range(24))
def test_the_written_file_takes_what_the_plan_says_to_the_picosecond(seed: int) -> None:
    pick = random.Random(seed)
    device, batch = drawn_device(pick), pick.choice([None, 1, 3, 16])
    text, timer = drawn_text(pick), LayerTimer(device, batch)
    today = cnncost.time(cnncost.loads(text), device, batch).picoseconds
    if not today:
        return  # a device on which nothing takes time
    share = pick.randrange(35, 95)
    more = pick.choice([[], ["weights=70%"], ["sram=90%"]])
    study = suggester(text, timer, f"time={share}%", *more, seconds=20.0)
    found = study.suggest()
    for plan in [found.plan, *found.alternatives]:
        if plan is not None:
            written = cnncost.time(cnncost.loads(study.writer.write(plan)), device, batch)
            assert written.picoseconds == plan.after["time"]
            assert 100 * written.picoseconds <= share * today
    assert found.before["time"] == today
    assert found.plan is not None or found.proved


@pytest.mark.parametrize("name", list_device_files())
def test_every_shipped_device_holds_a_budget_in_the_written_file(name: str) -> None:
    spec, timer = cnncost.load("resnet18"), LayerTimer(load_device(name))
    study = suggester(spec.text.text, timer, "time=60%", seconds=30.0)
    found = study.suggest()
    if found.plan is None:
        assert found.proved  # as where each layer takes so long that fewer widths save little
        return
    written = cnncost.time(cnncost.loads(study.writer.write(found.plan)), name)
    assert written.picoseconds == found.plan.after["time"]
    assert 10 * written.picoseconds <= 6 * cnncost.time(spec, name).picoseconds


LEFT = "input: [3, 16, 16]\nlayers:\n" + "".join(
    f"  - {{conv: {width}, kernel: 3, padding: 1}}\n  - relu\n" for width in (16, 32, 32)
) + "  - global_avgpool\n  - {dense: 10}\n"  # fmt: skip


@pytest.mark.parametrize("metric", ["connections", "units", "parameters", "weights"])
def test_a_device_that_pays_for_one_figure_alone_gives_that_figure_s_plan(metric: str) -> None:
    """At a nanosecond for each, half of the time is half of the figure."""
    timer = LayerTimer(Device("one", "One", "x", "fp32", (1, 1), {metric: 1e-9}), 1)
    timed = suggester(LEFT, timer, "time=50%").suggest()
    counted = Suggester(
        cnncost.loads(LEFT), SuggestionRequest(budgets=(f"{metric}=50%",))
    ).suggest()
    assert timed.before["time"] == 1000 * counted.before[metric]
    assert timed.plan is not None
    assert counted.plan is not None
    assert [edit.phrase for edit in timed.plan.edits] == [e.phrase for e in counted.plan.edits]
    assert timed.plan.after["time"] == 1000 * counted.plan.after[metric]


def test_what_a_run_costs_besides_its_layers_no_plan_saves() -> None:
    """LeNet-5 has 332,824 connections at 1 ns beside a run of 1 ms."""
    timer = LayerTimer(Device("r", "R", "x", "fp32", (1, 1), {"connections": 1e-9, "run": 1e-3}), 1)
    study = suggester(cnncost.load("lenet5").text.text, timer, "time=1.3ms")
    assert study.before["time"] == 332_824 * 1000 + PER_SECOND // 1000
    plan = study.suggest().plan
    assert plan is not None
    assert plan.after["connections"] * 1000 + PER_SECOND // 1000 == plan.after["time"]
    assert plan.after["connections"] <= 300_000
    below = suggester(cnncost.load("lenet5").text.text, timer, "time=900us").suggest()
    assert below.plan is None
    assert below.proved
    assert below.unmet is not None
    assert below.unmet.least["time"].value > PER_SECOND // 1000


TOP = """\
input: [3, 32, 32]
layers:
  - {conv: 32, kernel: 1}
  - relu
  - {maxpool: 4}
  - {conv: 64, kernel: 3, padding: 1}
  - relu
  - {conv: 64, kernel: 3, padding: 1}
  - global_avgpool
  - {dense: 10}
"""


def test_the_same_share_of_the_connections_saves_less_time() -> None:
    """A unit costs as much as 1,000 connections: of 41,000 units the first layer has 32,768, of
    3.6 million connections 98,304."""
    costs = {"connections": 1e-12, "units": 1e-9}
    timer = LayerTimer(Device("u", "U", "x", "fp32", (1, 1), costs), 1)
    found = suggester(TOP, timer, "time=50%").suggest()
    beside = Suggester(
        cnncost.loads(TOP), SuggestionRequest(budgets=("connections=50%",))
    ).search.find_best(parse_budgets(["connections=50%"], found.before))
    assert found.by_connections is not None
    assert beside.plan is not None
    other = found.by_connections.plan
    assert float(found.by_connections.share) == pytest.approx(0.5, abs=1e-6)
    assert other.price <= beside.plan.price
    assert 2 * other.after["connections"] <= found.before["connections"]
    assert 2 * other.after["time"] > found.before["time"]


def test_no_plan_for_connections_is_set_beside_several_budgets() -> None:
    timer = LayerTimer(Device("u", "U", "x", "fp32", (1, 1), {"units": 1e-9}), 1)
    assert suggester(LEFT, timer, "time=60%", "weights=60%").suggest().by_connections is None
