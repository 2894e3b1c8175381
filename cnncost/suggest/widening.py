"""What would widen the space of plans, where none holds the budgets."""

from __future__ import annotations

from cnncost.suggest.catalogue import Menu


def widening(menu: Menu) -> tuple[str, ...]:
    """What of the request narrows the space, in words."""
    less = [f"--keep {name} left out" for name in menu.kept]
    less += [f"--forbid {kind} left out" for kind in sorted(menu.forbidden)]
    beyond = "--allow extrapolation, below the widths and resolutions of which anything is known"
    return (*less, *(() if menu.extrapolate else (beyond,)))
