"""What is foreseen of an edit without reading its text is what the text reads as."""

from __future__ import annotations

import numpy as np
import pytest

import cnncost
from cnncost import bundled
from cnncost.costs.memory.embedded import lives_embedded
from cnncost.network import Network
from cnncost.plans.decisions import budget_limits
from cnncost.plans.decisions.budget_limits import limit_tables
from cnncost.plans.decisions.cost_tables import tables_of
from cnncost.plans.decisions.edited_layers import edited_layers_of
from cnncost.plans.decisions.live_bytes import step_rows
from cnncost.plans.decisions.search_space import (
    build_search_space,
    list_decisions,
    unlikely_edits,
)
from cnncost.plans.decisions.spatial_trials import SpatialTrials
from cnncost.plans.decisions.width_trials import foresee_network
from cnncost.plans.edits import smaller_kernel
from cnncost.plans.edits.budget import Budget
from cnncost.plans.edits.catalogue import SPATIAL
from cnncost.plans.edits.clock import TimeOverError
from cnncost.plans.edits.dropped_blocks import dropped_block_decisions
from cnncost.plans.edits.edit import AllowedEdits, apply_edit
from cnncost.plans.edits.editable_spec import EditableSpec, read_editable_spec
from cnncost.plans.edits.meter import Meter
from cnncost.plans.edits.text_changes import SpecText
from cnncost.plans.search.decision_order import order_decisions
from cnncost.plans.search.label_setting import solve_by_labels
from cnncost.plans.search.plan import SearchLimits
from cnncost.plans.suggestion.request import SuggestionRequest
from cnncost.plans.suggestion.single_edits import measure_single_edit
from cnncost.plans.suggestion.suggester import Suggester

NAMES = ("alexnet", "squeezenet1_1", "mobilenet_v2", "resnet18", "googlenet")


def _editable(name: str, *metrics: str) -> EditableSpec:
    return read_editable_spec(
        SpecText(f"{name}.yaml", bundled.network_path(name).read_text()), meter=Meter(metrics)
    )


def _said(network: Network) -> list[object]:
    return [(node.layer, node.reads, node.inputs, node.output) for node in network.nodes]


@pytest.mark.parametrize("name", NAMES)
def test_foreseen_networks_are_what_the_texts_read_as(name: str) -> None:
    editable = _editable(name)
    for decision in list_decisions(editable, AllowedEdits()):
        for edit in (*decision.options[1:3], *decision.options[-1:]):
            foreseen = foresee_network(editable, decision, edit)
            spec = editable.read_edited(edit.changes)
            if spec is None:
                assert foreseen is None, edit.phrase
                continue
            assert foreseen is not None, edit.phrase
            assert _said(foreseen) == _said(spec.network), edit.phrase


@pytest.mark.parametrize("name", NAMES)
def test_spatial_edits_are_what_the_texts_read_as(name: str) -> None:
    editable = _editable(name)
    edits = [edit for kind in SPATIAL for edit in kind.edits(editable, AllowedEdits())]
    stated = [edit for edit in edits if SpatialTrials(editable).are_stated([edit])]
    for edit in stated:
        made = apply_edit(editable.network, edit)
        spec = editable.read_edited(edit.changes)
        if made is not None and spec is not None:
            assert _said(made[1]) == _said(spec.network), edit.phrase
        else:
            assert made is None, edit.phrase
            assert spec is None, edit.phrase


@pytest.mark.parametrize("name", NAMES)
def test_smaller_kernels_by_their_numbers(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def kernels() -> list[tuple[str, object]]:
        editable = _editable(name)
        found = smaller_kernel.add_kernel_options(editable, (), ())
        return [(edit.phrase, dict(edit.substitutes)) for one in found for edit in one.options]

    by_numbers = kernels()
    monkeypatch.setattr(smaller_kernel, "_changed_fields", lambda *_: None)
    assert by_numbers == kernels()


@pytest.mark.parametrize("name", ["squeezenet1_1", "resnet18"])
def test_bytes_of_widths_step_by_step(name: str) -> None:
    """A row with one width alone has the bytes of the network that the text reads as."""
    editable = _editable(name, "sram")
    space = build_search_space(editable, AllowedEdits(), structural=False)
    edited = edited_layers_of(space)
    rows = step_rows(edited, lives_embedded)
    for v, decision in enumerate(space.decisions):
        for k, edit in enumerate(decision.options):
            spec = editable.read_edited(edit.changes)
            if decision.group and k and spec is not None:
                peak = max(lives_embedded(spec.network).sum_live_bytes())
                rising = [row.base + row.singles.get(v, (0,) * (k + 1))[k] for row in rows]
                assert max(rising) == peak, edit.phrase


def test_late_limits_end_with_the_same_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    def price() -> tuple[int, bool]:
        request = SuggestionRequest(("sram=50%",), seconds=60)
        plan = (
            Suggester(cnncost.loads(bundled.network_path("squeezenet1_1").read_text()), request)
            .suggest()
            .plan
        )
        assert plan is not None
        return plan.price, plan.proved

    late = price()
    monkeypatch.setattr(budget_limits, "AT_ONCE", 10**6)
    whole = price()
    assert late[1]
    assert whole[1]
    assert abs(late[0] - whole[0]) <= 100  # what counts as proved


@pytest.mark.parametrize("name", [name for name in NAMES if name != "googlenet"])
def test_single_edits_are_counted_as_their_texts_read(name: str) -> None:
    request = SuggestionRequest(("connections=50%", "sram=60%"), seconds=4)
    singles = Suggester(cnncost.load(name), request).suggest().singles
    assert any(one.decision is not None for one in singles.ranked)
    for one in singles.ranked[:: max(1, len(singles) // 25)]:
        read = measure_single_edit(singles.editable, one._replace(decision=None))
        assert measure_single_edit(singles.editable, one) == read, one.edit.phrase


def test_rules_and_dropped_blocks_heed_the_clock() -> None:
    blocks = "  - {conv: 8, kernel: 3, padding: 1}\n  - relu\n" * 4
    text = f"input: [8, 16, 16]\nlayers:\n{blocks}  - global_avgpool\n  - dense: 10\n"
    editable = read_editable_spec(SpecText("net.yaml", text))
    decisions = [one for one in list_decisions(editable, AllowedEdits()) if not one.group]
    assert list(dropped_block_decisions(editable, ()))
    editable.refused.clear()
    with editable.clock.until(-1.0):
        with pytest.raises(TimeOverError):
            list(dropped_block_decisions(editable, ()))
        with pytest.raises(TimeOverError):
            unlikely_edits(editable, decisions)


def test_many_columns_wait_until_a_plan_breaks_them() -> None:
    """Each of six equal convolutions is a step of its own, as high as the others."""
    lines = "".join(["  - {conv: 64, kernel: 3, padding: 1}\n" for _ in range(6)])
    text = f"input: [64, 32, 32]\nlayers:\n{lines}  - global_avgpool\n  - dense: 10\n"
    editable = read_editable_spec(SpecText("chain.yaml", text), meter=Meter(("sram",)))
    space, limits = limit_tables(
        build_search_space(editable, AllowedEdits()), [Budget("sram", 64 * 32 * 32, "50%")]
    )
    assert len(limits) == budget_limits.AT_ONCE
    assert len(space.late) >= 6 - len(limits)


def test_more_open_decisions_than_arrays_have_axes() -> None:
    """One table holds every decision: all are open at once, of one option each."""
    for others in (30, 31, 40):
        ring = [(v, v + 1) for v in range(others)] + [tuple(range(others + 1))]
        tables = tables_of(
            [[0]] * (others + 1),
            {scope: np.full((1,) * len(scope), 7).tolist() for scope in ring if len(scope) < 32},
        )
        order = order_decisions([1] * (others + 1), ring)
        assert (order is None) == (others + 1 > 31)
        if order is not None:
            outcome = solve_by_labels(tables, SearchLimits({0: 10**6}, convolutions=0))
            assert outcome is not None
            assert outcome.chosen == (0,) * (others + 1)


def test_more_amounts_than_there_is_time_for_are_left_to_the_general_solver() -> None:
    """Forty tables of three decisions of 60 options: 216,000 states each, 8.64 million in all."""
    apart = [(v, v + 1, v + 2) for v in range(0, 120, 3)]
    assert order_decisions([60] * 120, apart, resources=23) is not None  # 199 million amounts
    assert order_decisions([60] * 120, apart, resources=24) is None  # 207 million
