"""A smaller width multiplier: a number under `params` that sets the channels of many layers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from cnncost.language.nodes import Scalar
from cnncost.network import Network
from cnncost.quantity import parse_number
from cnncost.suggest.text import scores
from cnncost.suggest.text.edit import Edit
from cnncost.suggest.text.editable_spec import EditableSpec, is_named
from cnncost.suggest.text.text_changes import replace_span
from cnncost.suggest.text.text_places import format_decimal

KIND = "multiplier"

EVIDENCE = scores.Evidence(
    "width multipliers of MobileNet v1 and v2 (published tables): phi of each group's own ratio, "
    "by its share"
)

PARTS = tuple(Fraction(n, 8) for n in (7, 6, 5, 4, 3, 2))


def multiplier_edits(editable: EditableSpec, kept: Sequence[str]) -> Iterator[Edit]:
    """An option for each part of each parameter that narrows layers and changes nothing else."""
    for name, node in editable.spec_text.params().items():
        value = parse_number(node.text) if isinstance(node, Scalar) else None
        if value is None or value <= 0:
            continue
        for part in PARTS:
            smaller = format_decimal(Fraction(value) * part)
            change = replace_span(node.place, smaller)
            spec = editable.read_edited([change])
            if spec is None or not _only_narrows(editable, spec.network, kept):
                continue
            yield Edit(
                KIND,
                f"{name}: {format_decimal(value)} to {smaller}",
                changes=(change,),
                part=part,
            )


def _only_narrows(editable: EditableSpec, after: Network, kept: Sequence[str]) -> bool:
    """Whether the layers are the same ones over the same positions, some of them narrower and
    none wider; and what the network puts out and what is kept as before."""
    before = editable.network
    if len(after.nodes) != len(before.nodes) or after.outputs != before.outputs:
        return False
    narrower = False
    for old, new in zip(before.nodes, after.nodes, strict=True):
        held = old.index in before.outputs or is_named(old.name, kept)
        if old.output.extents != new.output.extents or (held and old.output != new.output):
            return False
        if new.output.channels > old.output.channels:
            return False
        narrower |= new.output.channels < old.output.channels
    return narrower
