"""A smaller width multiplier: a number under `params` that sets the channels of many layers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from cnncost.language.nodes import Scalar
from cnncost.quantity import parse_number
from cnncost.suggest.edits.width_numbers import only_narrows
from cnncost.suggest.text import scores
from cnncost.suggest.text.edit import Edit
from cnncost.suggest.text.editable_spec import EditableSpec
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
            if spec is None or not only_narrows(editable, spec.network, kept):
                continue
            yield Edit(
                KIND,
                f"{name}: {format_decimal(value)} to {smaller}",
                changes=(change,),
                part=part,
            )
