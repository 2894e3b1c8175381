"""The pages of `explain` besides the working of counts: one option each, one page at a time."""

from collections.abc import Mapping
from typing import Annotated, NamedTuple

import typer

from cnncost.errors import CnncostError
from cnncost.language import Spec
from cnncost.views.page import Results

Receptive = Annotated[
    bool,
    typer.Option("--receptive", help="Receptive field, jump and start, layer by layer; to LAYER."),
]
UnitAt = Annotated[
    str,
    typer.Option(
        "--unit",
        metavar="LAYER:ROW,COLUMN",
        help="The input positions that a unit sees, as in conv3:5,7.",
        show_default=False,
    ),
]


class PageChoice(NamedTuple):
    """Which of the further pages is asked for."""

    receptive: bool = False
    unit: str = ""

    @property
    def options(self) -> list[str]:
        """The options given, as they are written."""
        return [f"--{name}" for name, value in self._asdict().items() if value]


def refuse_mixed_pages(choice: PageChoice, layer: str, others: Mapping[str, object]) -> None:
    """Refuse two pages at once, or a page with an option of another.

    Raises:
        CnncostError: the message names both.
    """
    if not choice.options:
        return
    given = choice.options + [option for option, value in others.items() if value]
    if len(given) > 1:
        raise CnncostError(f"{given[0]} and {given[1]} do not go together", "drop one of them")
    if choice.unit and layer:
        raise CnncostError("--unit names its layer itself", f"drop {layer}")


def build_page(spec: Spec, layer: str, choice: PageChoice, *, every: bool) -> Results:
    """Build the page that is asked for.

    Raises:
        CnncostError: the layer or unit is not there, or there is no such page of it.
    """
    if choice.unit:
        from cnncost.study.seen_positions import find_seen_inputs, parse_unit
        from cnncost.views.seen_page import seen_results

        unit = parse_unit(spec.network, choice.unit)
        return seen_results(spec.network, unit, find_seen_inputs(spec.network, unit))
    return _build_field_page(spec, layer, every=every)


def _build_field_page(spec: Spec, layer: str, *, every: bool) -> Results:
    from cnncost.layers.sliding_window import Windowed
    from cnncost.study.explanation import find_layers
    from cnncost.study.field_recurrence import list_field_steps
    from cnncost.views.field_page import field_results

    target = find_layers(spec.network, layer)[-1] if layer else None
    steps = list_field_steps(spec.network, target)
    shown = [
        step
        for step in steps
        if every or step.changes or isinstance(step.node.layer, Windowed) or step.node is target
    ]
    return field_results(spec.network, shown)
