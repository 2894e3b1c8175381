"""Prices of edits: what each alone adds to the error potential, tabulated for the search.

Widths add up exactly. What edits of several kinds cost together may differ from the sum of their
prices: the score of a plan is that of the file that it makes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from cnncost.errors import CnncostError
from cnncost.network import Input, Network, Node
from cnncost.suggest.text.edit import Decision, Edit, PlacedLayer, WidthTrial, remove_layer
from cnncost.suggest.text.editable_spec import EditableSpec
from cnncost.suggest.text.scores import PER_EDIT, units


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


def priced(edit: Edit, parts: Iterable[float]) -> Edit:
    """Return an edit with its price: the parts of its damage that cost, and a little for itself.

    What an edit is estimated to gain in one part is not set against what it costs in another:
    gains are the less certain ones, and the search would buy them wherever they are too dear.
    """
    return replace(edit, score=price_of(parts) + PER_EDIT)


def price_of(parts: Iterable[float]) -> int:
    """Return the parts of a damage that cost, in units of score."""
    return units(sum(max(0.0, part) for part in parts))


def _price_width(editable: EditableSpec, edit: Edit, trial: WidthTrial) -> Edit:
    changed = {index: [placed] for index, placed in trial.items()}
    return priced(edit, editable.priced_layers.damage_of(changed))


def _price_structure(editable: EditableSpec, edit: Edit, *, unread: bool) -> Edit:
    if unread and (network := _edited_network(editable, edit)) is not None:
        return priced(edit, editable.priced_layers.damage_to(network))
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


def _edited_network(editable: EditableSpec, edit: Edit) -> Network | None:
    """The network with copies of blocks taken away: as it follows, else as the text reads."""
    removes = all(put is remove_layer for put in edit.substitutes.values())
    if removes and not edit.reads_instead:
        made = remove_nodes(editable.network, frozenset(edit.substitutes))
        if made is not None:
            return made
    spec = editable.read_edited(edit.changes)
    return None if spec is None else spec.network


def remove_nodes(network: Network, removed: frozenset[int]) -> Network | None:
    """Return a network without some nodes: what read them reads what they read; None where that
    is several nodes, or of another shape."""
    inside = [network.nodes[index] for index in sorted(removed)]
    sources = {read for node in inside for read in node.reads if read not in removed}
    if len(sources) != 1 or removed & set(network.outputs):
        return None
    (source,) = sources
    kept = [node for node in network.nodes if node.index not in removed]
    place = {node.index: at for at, node in enumerate(kept)} | dict.fromkeys(removed, -1)
    shape = network.nodes[source].output
    nodes: list[Input | Node] = []
    for at, node in enumerate(kept):
        if isinstance(node, Input):
            nodes.append(node if node.index == at else replace(node, index=at))
            continue
        reads = tuple([source if read in removed else read for read in node.reads])
        if any(r in removed and network.nodes[r].output != shape for r in node.reads):
            return None
        if node.shares is not None and node.shares in removed:
            return None
        nodes.append(replace(node, index=at, reads=tuple([place[read] for read in reads])))
    return replace(network, nodes=tuple(nodes), outputs=tuple([place[o] for o in network.outputs]))
