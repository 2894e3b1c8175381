"""The space of plans: every variable that a draft has, each choice tried or modelled."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cnncost.network import Network
from cnncost.suggest.catalogue import KINDS, STRUCTURAL, Menu
from cnncost.suggest.draft import Draft
from cnncost.suggest.tables import Tables, build
from cnncost.suggest.variable import Choice, Variable


@dataclass(frozen=True)
class Space:
    """The variables of a draft and what their choices cost."""

    draft: Draft
    tables: Tables
    convolutions: int
    """How many convolutions structural replacements may touch in one plan: half of all."""

    @property
    def variables(self) -> tuple[Variable, ...]:
        return self.tables.variables

    def choices(self, chosen: tuple[int, ...]) -> list[Choice]:
        """The edits of a plan, in the order of the file."""
        picked = zip(self.variables, chosen, strict=True)
        return [variable.choices[k] for variable, k in picked if k]


def explore(
    draft: Draft, menu: Menu, *, ceiling: int | None = None, structural: bool = True
) -> Space:
    """The space of a draft under a menu of kinds.

    Choices that score more than `ceiling` are left out, without `structural` the
    replacements of layers as well.
    """
    variables: list[Variable] = []
    trials: dict[tuple[int, int], Network] = {}
    for variable in offered(draft, menu):
        index = len(variables)
        kept = [variable.choices[0]]
        for choice in variable.choices[1:]:
            if ceiling is not None and choice.score > ceiling:
                continue
            if choice.kind in STRUCTURAL and not structural:
                continue
            if variable.group:
                network = trial(draft, choice)
                if network is None:
                    continue
                trials[index, len(kept)] = network
            kept.append(choice)
        if len(kept) > 1:
            variables.append(replace(variable, choices=tuple(kept)))
    tables = build(draft, variables, trials)
    return Space(draft, tables, _convolutions(draft) // 2)


def offered(draft: Draft, menu: Menu) -> list[Variable]:
    """Every variable of a draft, those of widths first, each in the order of the file."""
    found = [v for kind in KINDS if menu.uses(kind) for v in kind.variables(draft, menu)]
    return sorted(found, key=lambda variable: (not variable.group, variable.first))


def trial(draft: Draft, choice: Choice) -> Network | None:
    """The network with one choice alone; None if it is none, or not of the same layers."""
    spec = draft.edited(choice.changes)
    if spec is None or len(spec.network.nodes) != len(draft.network.nodes):
        return None
    return spec.network


def _convolutions(draft: Draft) -> int:
    return sum(
        node.layer is not None and node.layer.word in ("conv", "depthwise_conv", "conv_transpose")
        for node in draft.network.nodes
    )
