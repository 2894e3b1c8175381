"""The space of plans: every variable that a draft has, each choice tried or modelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cnncost.suggest.decisions.catalogue import KINDS, STRUCTURAL, Menu
from cnncost.suggest.decisions.cost_tables import Space
from cnncost.suggest.decisions.table_filling import build
from cnncost.suggest.decisions.width_trials import tried
from cnncost.suggest.text.edit import Trial, Variable
from cnncost.suggest.text.editable_spec import Draft


def explore(
    draft: Draft,
    menu: Menu,
    *,
    ceiling: int | None = None,
    structural: bool = True,
    variables: Sequence[Variable] = (),
) -> Space:
    """The space of a draft under a menu of kinds; `variables` are what it offers, where known.

    Choices that score more than `ceiling` are left out, without `structural` the
    replacements of layers as well.
    """
    used: list[Variable] = []
    trials: dict[tuple[int, int], Trial] = {}
    for variable in variables or offered(draft, menu):
        kept = [
            choice
            for choice in variable.choices[1:]
            if ceiling is None or choice.score <= ceiling
            if structural or choice.kind not in STRUCTURAL
        ]
        one, made = tried(draft, replace(variable, choices=(variable.choices[0], *kept)))
        if len(one.choices) > 1:
            trials |= {(len(used), k): own for k, own in enumerate(made, 1)}
            used.append(one)
    tables = build(draft, used, trials)
    return Space(draft, tables, _convolutions(draft) // 2)


def offered(draft: Draft, menu: Menu) -> list[Variable]:
    """Every variable of a draft, those of widths first, each in the order of the file.

    Raises:
        TimeOverError: the draft's clock has run out.
    """
    kinds = [kind.variables(draft, menu) for kind in KINDS if menu.uses(kind)]
    found = [variable for kind in kinds for variable in draft.clock.watched(kind)]
    return sorted(found, key=lambda variable: (not variable.group, variable.first))


def _convolutions(draft: Draft) -> int:
    return sum(
        node.layer is not None and node.layer.word in ("conv", "depthwise_conv", "conv_transpose")
        for node in draft.network.nodes
    )
