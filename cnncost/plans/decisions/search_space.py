"""The search space of a spec: its decisions, their options priced, and cost tables over them.

The price of an option is what it alone adds to the error potential. Widths add up exactly. What
edits of several kinds cost together may differ from the sum of their prices: the score of a plan
is that of the file that it makes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from time import monotonic

from cnncost.errors import CnncostError
from cnncost.network import Network
from cnncost.plans.decisions.cost_tables import SearchSpace
from cnncost.plans.decisions.layer_order import LayerOrder
from cnncost.plans.decisions.spatial_trials import SpatialTrial, SpatialTrials
from cnncost.plans.decisions.table_filling import costs_alone, fill_cost_tables
from cnncost.plans.decisions.width_trials import foresee_widths, try_width
from cnncost.plans.edits.catalogue import KINDS, SPATIAL
from cnncost.plans.edits.clock import TimeOverError
from cnncost.plans.edits.convolution_replacements import STRUCTURAL
from cnncost.plans.edits.edit import AllowedEdits, Decision, Edit, apply_edit, priced
from cnncost.plans.edits.editable_spec import EditableSpec
from cnncost.plans.edits.placed_layers import (
    Costs,
    PlacedLayer,
    WidthTrial,
    change_layers,
    is_removal,
    remove_nodes,
)
from cnncost.plans.edits.smaller_kernel import KERNEL
from cnncost.plans.edits.width import DENSE_KIND, WIDTH_KIND

BATCH = 6
"""How many decisions are tried together."""

LISTING = 0.5
"""Which part of its time a spec's decisions are listed in; the rest is for trying them."""


def build_search_space(
    editable: EditableSpec,
    allowed: AllowedEdits,
    *,
    ceiling: int | None = None,
    structural: bool = True,
    likely: bool = False,
    decisions: Sequence[Decision] = (),
) -> SearchSpace:
    """Build the search space of a spec under the allowed edits.

    `decisions` are those of `list_decisions`, where they are known already.

    Options that score more than `ceiling` are left out, without `structural` the
    replacements of layers as well; with `likely` what no engineer would write.
    """
    used: list[Decision] = []
    trials: dict[tuple[int, int], WidthTrial] = {}
    decisions = decisions or list_decisions(editable, allowed)
    foresee_widths(editable, decisions)
    tried = [_shift_scores(*try_options(editable, decision)) for decision in decisions]
    gain = sum(one.options[0].score for one, _ in tried)
    for one, made in tried:
        kept = [
            k
            for k, edit in enumerate(one.options)
            if k == 0 or ceiling is None or edit.score <= ceiling + gain
            if structural or edit.kind not in STRUCTURAL
        ]
        if len(kept) > 1:
            if made:
                trials |= {(len(used), at): made[k - 1] for at, k in enumerate(kept) if at}
            used.append(replace(one, options=tuple(one.options[k] for k in kept)))
    tables = fill_cost_tables(editable, used, trials)
    space = SearchSpace(editable, tables, _count_convolutions(editable) // 2, gain=gain)
    if not likely:
        return space
    rules = list(LayerOrder(editable, used, trials).tables())
    alone = [rule for rule in rules if len(rule.scope) == 1]
    space = replace(space, rules=tuple(rules), ruled=tuple(used))
    return space.with_rules(alone)


def _shift_scores(
    decision: Decision, trials: list[WidthTrial]
) -> tuple[Decision, list[WidthTrial]]:
    """A decision whose scores are what each option gains less than the best: none is negative then,
    as the solvers need it. What the first option scores is what the decision may gain."""
    most = max(-edit.score for edit in decision.options)
    if not most:
        return decision, trials
    shifted = [replace(edit, score=edit.score + most) for edit in decision.options]
    return replace(decision, options=tuple(shifted)), trials


def list_decisions(editable: EditableSpec, allowed: AllowedEdits) -> list[Decision]:
    """List the decisions of a spec: those of widths first, then the others, in the file's order.

    Raises:
        TimeOverError: the spec's clock has run out.
    """
    return _in_order(_each_decision(editable, allowed))


def _each_decision(editable: EditableSpec, allowed: AllowedEdits) -> Iterator[Decision]:
    kinds = (kind.decisions(editable, allowed) for kind in KINDS if allowed.allows(kind.names))
    return editable.clock.watch(chain.from_iterable(kinds))


def _in_order(decisions: Iterable[Decision]) -> list[Decision]:
    return sorted(decisions, key=lambda decision: (not decision.group, decision.first))


def foresee_decisions(
    editable: EditableSpec, allowed: AllowedEdits
) -> Iterator[tuple[Decision, list[Costs]]]:
    """Yield every decision with the options that make a network, and what the network costs under
    each of them but the first.

    Raises:
        TimeOverError: there was no time for all; half of the time is for listing them.
    """
    clock = editable.clock
    listing = _each_decision(editable, allowed)
    decisions, whole = clock.gather(listing, monotonic() + clock.left * LISTING)
    decisions = _in_order(decisions)
    for decision in _foresee_in_batches(editable, decisions):
        one, trials = try_options(editable, decision)
        found = costs_alone(editable, one, {(0, k): own for k, own in enumerate(trials, 1)})
        pairs = zip(one.options[1:], found[1:], strict=True)
        good = [(edit, costs) for edit, costs in pairs if costs is not None]
        options = (one.options[0], *(edit for edit, _ in good))
        yield replace(one, options=options), [costs for _, costs in good]
    if not whole:
        raise TimeOverError


def _foresee_in_batches(
    editable: EditableSpec, decisions: Sequence[Decision]
) -> Iterator[Decision]:
    """Yield decisions whose widths are tried some decisions at a time, so that those before are
    there where time runs out."""
    for at in range(0, len(decisions), BATCH):
        batch = decisions[at : at + BATCH]
        foresee_widths(editable, batch)
        yield from editable.clock.watch(batch)


def unlikely_edits(editable: EditableSpec, decisions: Sequence[Decision]) -> list[Edit]:
    """List the options that no engineer would write by themselves."""
    trials: dict[tuple[int, int], WidthTrial] = {}
    for v, decision in enumerate(decisions):
        if decision.group:
            _, made = try_options(editable, decision)
            trials |= {(v, k): trial for k, trial in enumerate(made, 1)}
    alone = LayerOrder(editable, decisions, trials).options_alone()
    return [decisions[v].options[k] for v, k in sorted(alone)]


def foresee_width(editable: EditableSpec, edit: Edit) -> Network | None:
    """The network with one edit alone, as what it does to layers says where it is a width, else as
    its text reads; None where it makes none."""
    if edit.kind in (WIDTH_KIND, DENSE_KIND):
        trial = try_width(editable, edit)
        return None if trial is None else change_layers(editable.network, trial)
    spec = editable.read_edited(edit.changes)
    return None if spec is None else spec.network


def _count_convolutions(editable: EditableSpec) -> int:
    return sum(
        node.layer is not None and node.layer.word in ("conv", "depthwise_conv", "conv_transpose")
        for node in editable.network.nodes
    )


def list_spatial_trials(editable: EditableSpec, allowed: AllowedEdits) -> Iterator[SpatialTrial]:
    """Yield every spatial edit that makes a network, with what the layers cost under it."""
    trials = SpatialTrials(editable)
    for kind in SPATIAL:
        for edit in editable.clock.watch(
            kind.edits(editable, allowed) if allowed.allows(kind.names) else ()
        ):
            trial = trials.try_edit(edit)
            if trial is not None:
                yield trial


def try_options(editable: EditableSpec, decision: Decision) -> tuple[Decision, list[WidthTrial]]:
    """Return a decision with the options that make a network, priced; and of widths what each
    option but the first changes."""
    if not decision.group:
        readable = _readable_options(editable, decision) if decision.unread else decision
        return price_options(editable, readable, []), []
    others = editable.clock.watch(decision.options[1:])
    found = [(edit, try_width(editable, edit)) for edit in others]
    good = [(edit, own) for edit, own in found if own is not None]
    options = (decision.options[0], *(edit for edit, _ in good))
    trials = [own for _, own in good]
    return price_options(editable, replace(decision, options=options), trials), trials


def _readable_options(editable: EditableSpec, decision: Decision) -> Decision:
    """A decision with the options whose texts are specs."""
    first, *others = decision.options
    for edit in editable.clock.watch(others):
        if edit.phrase not in editable.refused:
            editable.refused[edit.phrase] = editable.read_edited(edit.changes) is None
    good = [edit for edit in others if not editable.refused[edit.phrase]]
    return replace(decision, options=(first, *good))


def price_options(
    editable: EditableSpec, decision: Decision, trials: Sequence[WidthTrial]
) -> Decision:
    """Price the options of a decision; of widths the trial of each but the first is given."""
    first, *others = decision.options
    if decision.group:
        pairs = zip(others, trials, strict=True)
        priced = [_price_width(editable, edit, trial) for edit, trial in pairs]
    else:
        priced = [_price_structure(editable, edit, unread=decision.unread) for edit in others]
    return replace(decision, options=(first, *priced))


def _price_width(editable: EditableSpec, edit: Edit, trial: WidthTrial) -> Edit:
    changed = {index: [placed] for index, placed in trial.items()}
    return priced(edit, editable.priced_layers.damage_of(changed))


def _price_structure(editable: EditableSpec, edit: Edit, *, unread: bool) -> Edit:
    if unread and (network := _edited_network(editable, edit)) is not None:
        return priced(edit, editable.priced_layers.damage_to(network))
    if edit.kind == KERNEL and not _keeps_positions(editable, edit):
        made = apply_edit(editable.network, edit)
        if made is not None:
            return priced(edit, editable.priced_layers.damage_to(made[1]))
    nodes = editable.network.nodes
    changed: dict[int, list[PlacedLayer]] = {}
    for index, substitute in edit.substitutes.items():
        node, source = nodes[index], nodes[edit.reads_instead.get(index, index)]
        assert node.layer is not None  # inputs are not replaced
        try:
            changed[index] = substitute(node.layer, source.inputs)
        except CnncostError:
            return priced(edit, ())  # no network, which its cost table says too
    return priced(edit, editable.priced_layers.damage_of(changed))


def _keeps_positions(editable: EditableSpec, edit: Edit) -> bool:
    """Whether something behind all layers that an edit changes tells positions apart still: what
    the layers before them are to the network is as it was then."""
    roles = editable.priced_layers.roles
    return all(roles[index].positions_used for index in edit.substitutes if index in roles)


def _edited_network(editable: EditableSpec, edit: Edit) -> Network | None:
    """The network that an edit makes: the nodes removed where it only takes copies of blocks away,
    else as its text reads."""
    if all(map(is_removal, edit.substitutes.values())):
        made = remove_nodes(editable.network, frozenset(edit.substitutes))
        if made is not None:
            return made
    spec = editable.read_edited(edit.changes)
    return None if spec is None else spec.network
