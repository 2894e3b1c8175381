"""`cnncost explain --backward`: the equations of both passes, and their check."""

from typing import NamedTuple

import typer

from cnncost.cli.output import open_destination
from cnncost.errors import CnncostError
from cnncost.language import Spec

FORMATS = ("table", "markdown", "latex")
"""The formats of equations."""


class EquationOptions(NamedTuple):
    """What was asked for about equations."""

    backward: bool
    vector: bool
    indexed: bool
    check: bool


def refuse_equation_options(wanted: EquationOptions, form: str) -> None:
    """Refuse options that mean nothing together.

    Raises:
        CnncostError: an option needs --backward, two forms are asked for, or a format has none.
    """
    if not wanted.backward:
        for word, given in (
            ("--vector", wanted.vector),
            ("--index", wanted.indexed),
            ("--check", wanted.check),
        ):
            if given:
                raise CnncostError(f"{word} is about equations", "add --backward")
        return
    if wanted.vector and wanted.indexed:
        raise CnncostError("--vector and --index are two forms of the equations", "drop one")
    if form not in FORMATS:
        known = f"--format {', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
        raise CnncostError(f"--backward writes equations, which are no {form}", known)


def write_equations(
    spec: Spec, layer: str, place: tuple[str, str], wanted: EquationOptions, *, force: bool
) -> None:
    """Write the equations of a network, or of one layer or block of it, and check them.

    Args:
        spec: the network.
        layer: a layer or block; if empty, all layers.
        place: the format, and the file.
        wanted: which form, and whether to check.
        force: write over an existing file.

    Raises:
        typer.Exit: with 1, if a gradient is not what finite differences give.
    """
    from cnncost.study.backward.backward_pass import derive_equations
    from cnncost.study.backward.equation_check import check_equations
    from cnncost.study.explanation import find_layers
    from cnncost.views.backward.check_page import write_check
    from cnncost.views.backward.gradient_writers import write_gradients
    from cnncost.views.grid import ascii_only

    form, output = place
    chosen = {node.index for node in find_layers(spec.network, layer)} if layer else set()
    found = derive_equations(spec.network)
    checked = check_equations(found) if wanted.check else None
    with open_destination(output, force=force) as file:
        plain = ascii_only(file)
        write_gradients(file, found, chosen, form, plain=plain, indexed=wanted.indexed)
        if checked is not None:
            write_check(file, checked, form, plain=plain)
    if checked is not None and not checked.is_right:
        raise typer.Exit(1)
