"""`cnncost boards`: list the boards that `cnncost fit` knows."""

from typing import Annotated

import typer

from cnncost.cli import board_options, options
from cnncost.cli.output import open_destination, refuse_existing
from cnncost.errors import CnncostError

app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)

EPILOG = """[bold]Examples[/bold]

cnncost boards

cnncost boards nucleo-l4r5zi > mine.yaml"""


@app.command(rich_help_panel="Measure and convert", epilog=EPILOG)
def boards(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="Print this board's file.",
            autocompletion=board_options.complete_board,
            show_default=False,
        ),
    ] = "",
    *,
    form: options.Form = "table",
    output: options.Output = "-",
    force: options.Force = False,
) -> None:
    """List the microcontroller boards that 'cnncost fit' knows; with a name, print that one's file.

    A board is a YAML file of its memory, core, clock and power, each with its source. Your own
    lie in ~/.config/cnncost/boards, and hide those of the same name that ship with cnncost.
    """
    from cnncost.device_files import BOARDS, find_name, list_device_files, load_board
    from cnncost.views.boards_page import boards_results
    from cnncost.views.page_writers import write_results

    refuse_existing(output, force=force)
    files = list_device_files(BOARDS)
    if name:
        name = find_name(name, files)
        if name not in files:
            load_board(name)  # which says what is wrong, unless it is the path of a good file
            raise CnncostError(f"{name}: a file already", "a board's name prints its file")
        load_board(str(files[name]))
        with open_destination(output, force=force) as file:
            file.write(files[name].read_text(encoding="utf-8"))
        return
    found = [load_board(str(path)) for path in files.values()]
    with open_destination(output, force=force) as file:
        write_results(file, boards_results(found), form)
