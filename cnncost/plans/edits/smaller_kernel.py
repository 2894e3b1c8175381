"""A smaller kernel in place: 7 to 5 or 3, 5 to 3, and 3 to 1 between larger ones; padding follows,
so that shapes stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cnncost.accuracy.roles import WEIGHTED
from cnncost.errors import CnncostError
from cnncost.language.lines import Line
from cnncost.layers import Layer
from cnncost.network import Network, Node
from cnncost.place import Place
from cnncost.plans.edits.channel_groups import is_depthwise
from cnncost.plans.edits.edit import NO_EDIT, Decision, Edit, Evidence
from cnncost.plans.edits.editable_spec import EditableSpec, is_named
from cnncost.plans.edits.placed_layers import PlacedLayer
from cnncost.plans.edits.text_changes import TextChange, replace_span
from cnncost.shape import Shape

KERNEL = "kernel"

KERNEL_EVIDENCE = Evidence(
    "NAS-Bench-Macro (kernels of 3 or 5) and NATS-Bench (3x3 or 1x1), trained under one recipe; "
    "VGG's C and D, whose last layer of three is 1x1 or 3x3: 28.1 and 27.0 % error"
)

SMALLER = {11: (7,), 7: (5, 3), 5: (3,), 3: (1,)}
"""The kernels that may stand in place of one of this size."""

SLIDING = ("conv", "depthwise_conv")


def add_kernel_options(
    editable: EditableSpec, kept: Sequence[str], decisions: Iterable[Decision]
) -> Iterator[Decision]:
    """Yield decisions with the smaller kernels of the same layers among their options, then those
    of the layers that no decision touches: what stands in one place is decided once."""
    found: dict[frozenset[int], list[Edit]] = {}
    for edit in _kernel_edits(editable, kept):
        found.setdefault(frozenset(edit.substitutes), []).append(edit)
    taken: set[int] = set()
    for decision in decisions:
        touched = frozenset(i for edit in decision.options for i in edit.substitutes)
        taken |= touched
        yield replace(decision, options=(*decision.options, *found.pop(touched, [])))
    for nodes, edits in found.items():
        if taken.isdisjoint(nodes):
            yield Decision(edits[0].phrase.partition(":")[0], (NO_EDIT, *edits), max(nodes))


def _kernel_edits(editable: EditableSpec, kept: Sequence[str]) -> Iterator[Edit]:
    """Yield an edit for each place of a kernel and each smaller size, the last layers first."""
    to_one: set[int] = set()
    for change_of, old in reversed(list(_kernel_places(editable))):
        for size in SMALLER.get(old, ()):
            edit = _make_edit(editable, change_of, (old, size))
            if edit is None or any(is_named(editable.network.nodes[i].name, kept)
                                   for i in edit.substitutes):  # fmt: skip
                continue
            if size == 1:
                if not all(_stays_between(editable, i, to_one) for i in edit.substitutes):
                    continue
                to_one |= set(edit.substitutes)
            yield edit


KernelPlace = tuple[Line, Place | None]
"""A line, and where the size of its kernel stands; None where a block's default says it."""


def _kernel_places(editable: EditableSpec) -> Iterator[tuple[KernelPlace, int]]:
    """Yield each line that says a kernel's size, or leaves it to a default, with the size."""
    lines = {written.line.start: written.line for written in editable.spec.written.values()}
    lines.update(editable.block_calls())
    for _, line in sorted(lines.items()):
        default = None
        if line.block is not None:
            named = [p for p in line.block.parameters if p.name == "kernel"]
            if not named:
                continue
            default = named[0].default
        elif line.word not in SLIDING:
            continue
        node = line.arguments.get("kernel")
        text = node or default
        said = editable.spec_text.text[text.start : text.end] if text is not None else ""
        if said.isdigit():
            yield (line, Place(node.start, node.end) if node else None), int(said)


def _make_edit(editable: EditableSpec, place: KernelPlace, sizes: tuple[int, int]) -> Edit | None:
    """Make the edit of a kernel's size and the padding beside it; None where a shape would change,
    or the estimate sees no damage."""
    line, at = place
    if sizes[1] == 1 and at and not _may_be_single(editable, at):
        return None
    changes = _changes_of(editable, line, at, sizes)
    if changes is None:
        return None
    changed = _layers_after(editable, changes)
    if not changed or _price(editable, changed) <= 0:
        return None
    names = [editable.network.nodes[index].name for index in changed]
    label = line.name or names[0] if line.block is not None else names[0]
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    old, new = ("x".join([str(size)] * _axes(changed)) for size in sizes)
    substitutes = {i: FieldsInstead(tuple(_fields_of(one).items())) for i, one in changed.items()}
    return Edit(KERNEL, f"{label}{more}: {old} to {new}", changes=changes, substitutes=substitutes)


def _may_be_single(editable: EditableSpec, at: Place) -> bool:
    """Whether the layers whose kernel this number sets may look at single positions."""
    uses = editable.field_uses.get(at, ())
    found = dict.fromkeys(index for index, field, _ in uses if field == "kernel")
    nodes: list[Any] = [editable.network.nodes[index] for index in found]
    return not any(map(_is_depthwise, nodes)) and all(
        _stays_between(editable, index, set()) for index in found
    )


def _changes_of(
    editable: EditableSpec, line: Line, at: Place | None, sizes: tuple[int, int]
) -> tuple[TextChange, ...] | None:
    """List the changes of a kernel's size, and of the padding where that is a plain number."""
    old, new = sizes
    text = editable.spec_text
    kernel = replace_span(at, str(new)) if at else text.add_argument(line, "kernel", str(new))
    if kernel is None:
        return None
    node = line.arguments.get("padding")
    padding = text.text[node.start : node.end] if node is not None else ""
    if not padding.isdigit():
        return (kernel,)
    less = int(padding) - (old - new) // 2
    assert node is not None  # its text is a number
    place = Place(node.start, node.end)
    return (kernel, replace_span(place, str(less))) if less >= 0 else None


def _layers_after(editable: EditableSpec, changes: tuple[TextChange, ...]) -> dict[int, Layer]:
    """The layers with other kernels after some changes, where nothing else changes: by the numbers
    themselves where these are whole fields, else as the text reads."""
    fields = _changed_fields(editable, changes)
    if fields is not None:
        return _replaced_kernels(editable.network, fields)
    spec = editable.read_edited(changes)
    return {} if spec is None else _changed_kernels(editable.network, spec.network)


def _changed_fields(
    editable: EditableSpec, changes: tuple[TextChange, ...]
) -> dict[int, dict[str, Any]] | None:
    """For each node the fields that some numbers set; None where only the text tells."""
    if editable.carries_numbers:
        return None
    found: dict[int, dict[str, Any]] = {}
    for change in changes:
        uses = editable.field_uses.get(change.place, ())
        text = "".join([part for part in change.parts if isinstance(part, str)])
        if not uses or not text.isdigit():
            return None
        for index, field, alone in uses:
            if not alone or field not in ("kernel", "padding"):
                return None
            node: Any = editable.network.nodes[index]
            kind = type(node.layer).kinds[field]
            try:
                found.setdefault(index, {})[field] = kind.read_value(int(text), node.inputs[0])
            except CnncostError:
                return None
    return found


def _replaced_kernels(network: Network, fields: dict[int, dict[str, Any]]) -> dict[int, Layer]:
    """The layers with other kernels and padding; none where a shape changes, a layer cannot be, or
    a depthwise layer would look at one position."""
    found: dict[int, Layer] = {}
    for index, own in sorted(fields.items()):
        node: Any = network.nodes[index]
        layer = replace(node.layer, **own)
        try:
            same = layer.infer_shape(node.inputs) == node.output
        except CnncostError:
            return {}
        if not same or (max(layer.kernel) == 1 and _is_depthwise(node)):
            return {}
        if layer != node.layer:
            found[index] = layer
    return found


def _changed_kernels(before: Network, after: Network) -> dict[int, Layer]:
    """The layers whose kernels differ between two networks, with their new ones; none where
    anything else differs, or a depthwise layer would look at one position."""
    if len(before.nodes) != len(after.nodes):
        return {}
    found: dict[int, Layer] = {}
    for old, new in zip(before.nodes, after.nodes, strict=True):
        if old.output != new.output:
            return {}
        if old.layer is None or old.layer == new.layer:
            continue
        if new.layer is None or old.layer != replace(new.layer, **_fields_of(old.layer)):
            return {}
        if max(_fields_of(new.layer)["kernel"]) == 1 and _is_depthwise(new):
            return {}
        found[old.index] = new.layer
    return found


def _is_depthwise(node: Node) -> bool:
    return node.layer.word == "depthwise_conv" or is_depthwise(node)


def _fields_of(layer: Layer) -> dict[str, Any]:
    return {name: getattr(layer, name) for name in ("kernel", "padding") if hasattr(layer, name)}


@dataclass(frozen=True)
class FieldsInstead:
    """A substitute that puts a layer with another kernel in its own place."""

    fields: tuple[tuple[str, Any], ...]

    def __call__(self, layer: Layer, inputs: tuple[Shape, ...]) -> list[PlacedLayer]:
        return [(replace(layer, **dict(self.fields)), inputs)]


def _axes(changed: dict[int, Layer]) -> int:
    return max(len(_fields_of(layer)["kernel"]) for layer in changed.values())


def _price(editable: EditableSpec, changed: dict[int, Layer]) -> float:
    """Add up the parts of the damage that cost; 0 where no non-linearity follows the layers."""
    nodes = editable.network.nodes
    placed = {index: [(layer, nodes[index].inputs)] for index, layer in changed.items()}
    return sum(max(0.0, part) for part in editable.priced_layers.damage_of(placed))


def _stays_between(editable: EditableSpec, index: int, to_one: set[int]) -> bool:
    """Whether a layer may look at single positions: it skips none, and the layers with weights
    before and behind it look around, whatever else a plan does."""
    node = editable.network.nodes[index]
    fields: Any = node.layer
    if max(fields.stride) > 1:
        return False
    before = list(_neighbours(editable, index, backward=True))
    behind = list(_neighbours(editable, index, backward=False))
    return bool(before) and all(
        near.layer is not None and near.index not in to_one and _looks_around(near)
        for near in (*before, *behind)
    )


def _looks_around(node: Node) -> bool:
    return max(getattr(node.layer, "kernel", (2,))) > 1


def _neighbours(editable: EditableSpec, index: int, *, backward: bool) -> Iterator[Node]:
    """Yield the nearest layers with weights, or inputs, on all paths."""
    nodes = editable.network.nodes
    due, seen = [index], {index}
    while due:
        at = due.pop()
        for other in nodes[at].reads if backward else editable.network.readers[at]:
            if other in seen:
                continue
            seen.add(other)
            node: Any = nodes[other]
            if node.layer is None or node.layer.word in WEIGHTED:
                yield node
            else:
                due.append(other)
