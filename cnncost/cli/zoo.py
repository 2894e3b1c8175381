"""`cnncost zoo`: list the bundled networks with their figures, and print their specs."""

from collections.abc import Callable
from typing import Annotated

import typer

from cnncost import api, bundled
from cnncost.cli import options
from cnncost.cli.output import open_destination, refuse_existing
from cnncost.errors import CnncostError, did_you_mean
from cnncost.language import Spec
from cnncost.quantity import OF_CONNECTIONS, TOTALS

app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)


def _complete_network(incomplete: str) -> list[str]:
    return [name for name in bundled.list_names() if name.startswith(incomplete)]


EPILOG = """[bold]Examples[/bold]

cnncost zoo

cnncost zoo --sort connections --where 'weights<5M'

cnncost zoo --long lenet5

cnncost zoo alexnet > my.yaml

cnncost zoo --schema > cnncost.schema.json"""


@app.command(rich_help_panel="Measure and convert", epilog=EPILOG)
def zoo(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="Print this network's spec.",
            autocompletion=_complete_network,
            show_default=False,
        ),
    ] = "",
    *,
    form: options.Form = "table",
    schema: Annotated[
        bool,
        typer.Option("--schema", help="Print the spec language's JSON Schema, for editors."),
    ] = False,
    long: Annotated[
        bool,
        typer.Option(
            "--long", help="The table of every figure: expected, computed, and the paper's words."
        ),
    ] = False,
    sort: Annotated[
        str, typer.Option(metavar="COUNT", help="Largest first.", show_default=False)
    ] = "",
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="CONDITION", help="Only networks with weights<5M, say. Repeatable."),
    ] = None,
    output: options.Output = "-",
    force: options.Force = False,
) -> None:
    """List the bundled networks; with a name, print that network's spec.

    The list has one line per network; with --long, every figure of all networks or of NAME: what
    an independent count expects, what is computed, and what the paper prints.
    """
    if schema and (name or long):
        what = "network" if name else "--long"
        raise CnncostError(f"--schema takes no {what}", "it is the language's, for every spec")
    if long and form != "table":
        raise CnncostError(f"--long is the table's: {form} has every figure", "drop --long")
    if (sort or where) and (schema or name):
        raise CnncostError("--sort and --where choose from the list", "drop them, or NAME")
    choose = _make_choice(sort, where or [])
    refuse_existing(output, force=force)
    if schema:
        from cnncost.views.schema import schema_text

        with open_destination(output, force=force) as file:
            file.write(schema_text())
        return
    path = None
    if name:
        path = bundled.find_network(name)
        if path is None:
            known = f"there are {', '.join(bundled.list_names())}"
            hint = did_you_mean(name, bundled.list_names(), known)
            raise CnncostError(f"no bundled network is called {name!r}", hint)
        if not long:
            with open_destination(output, force=force) as file:
                file.write(_strip_modeline(path.read_text(encoding="utf-8")))
            return
    from cnncost.views.page_writers import write_results
    from cnncost.views.zoo_page import zoo_results

    names = [path.stem] if path is not None else bundled.list_names()
    with open_destination(output, force=force) as file:
        specs = choose({name: api.load(bundled.network_path(name)) for name in names})
        write_results(file, zoo_results(specs, long=long), form)


def _make_choice(sort: str, where: list[str]) -> Callable[[dict[str, Spec]], dict[str, Spec]]:
    """Make the function that keeps the networks that meet the conditions, in the order of a count.

    Raises:
        CnncostError: there is no such count, or no such condition.
    """
    from cnncost.costs.metrics import find_total
    from cnncost.study.condition import parse_condition

    words = (*TOTALS, *OF_CONNECTIONS)
    conditions = [parse_condition(text, words) for text in where]
    if sort and sort not in words:
        hint = did_you_mean(sort, words, f"there are {', '.join(words)}")
        raise CnncostError(f"--sort {sort}: no count of a network", hint)

    def choose(specs: dict[str, Spec]) -> dict[str, Spec]:
        totals = {name: api.count(spec).totals for name, spec in specs.items()}
        names = [
            name
            for name, found in totals.items()
            if all(one.holds(find_total(found, one.word)) for one in conditions)
        ]
        if sort:
            names.sort(key=lambda name: find_total(totals[name], sort), reverse=True)
        return {name: specs[name] for name in names}

    return choose


def _strip_modeline(text: str) -> str:
    """Remove a bundled spec's modeline, whose path to the schema holds in the repository only."""
    first, _, rest = text.partition("\n")
    return rest if first.startswith("# yaml-language-server:") else text
