"""`cnncost layers`: show the reference of layer types."""

from typing import Annotated

import typer

from cnncost.cli import options
from cnncost.cli.output import open_destination, refuse_existing
from cnncost.elsewhere import find_meaning
from cnncost.errors import CnncostError, did_you_mean
from cnncost.language.names import STRUCTURES
from cnncost.layers import TYPES

app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)


def _complete_type(incomplete: str) -> list[str]:
    return [word for word in TYPES if word.startswith(incomplete)]


EPILOG = """[bold]Examples[/bold]

cnncost layers

cnncost layers conv

cnncost layers Conv2D

cnncost layers --format markdown > layers.md"""


@app.command(rich_help_panel="Count and explain", epilog=EPILOG)
def layers(
    word: Annotated[
        str,
        typer.Argument(
            metavar="TYPE",
            help="A layer type, by its word here or elsewhere.",
            autocompletion=_complete_type,
            show_default=False,
        ),
    ] = "",
    *,
    form: Annotated[str, options.form_option("table", "markdown")] = "table",
    output: options.Output = "-",
    force: options.Force = False,
) -> None:
    """List the layer types; or show one's keys, an example and the working of its numbers."""
    refuse_existing(output, force=force)
    ours, said = _find_type(word) if word else ("", "")
    from cnncost.study.type_entry import type_entry
    from cnncost.views import reference

    with open_destination(output, force=force) as file:
        if form == "markdown":
            file.write(reference.type_section(type_entry(ours)) if ours else reference.types_page())
        elif ours:
            reference.write_entry(file, type_entry(ours), said)
        else:
            reference.write_families(file)


def _find_type(word: str) -> tuple[str, str]:
    """Find the layer type that a word means, and a remark on it.

    Raises:
        CnncostError: the word means none.
    """
    if word in TYPES:
        return word, ""
    known = find_meaning(word, TYPES)
    if known is not None:
        return known.ours[0], f"{word}: {known.says or f'here {known.ours[0]}'}"
    if word in STRUCTURES:
        raise CnncostError(f"{word} is a structure, no layer type", "the README shows it")
    hint = did_you_mean(word, TYPES, "cnncost layers lists them")
    raise CnncostError(f"no layer type is called '{word}'", hint)
