"""`cnncost devices`: list the devices that time can be estimated for."""

from typing import Annotated

import typer

from cnncost.cli import device_options, options
from cnncost.cli.output import open_destination, refuse_existing
from cnncost.errors import CnncostError

app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)

EPILOG = """[bold]Examples[/bold]

cnncost devices

cnncost devices rtx4090 > mine.yaml"""


@app.command(rich_help_panel="Measure and convert", epilog=EPILOG)
def devices(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="Print this device's file.",
            autocompletion=device_options.complete_device,
            show_default=False,
        ),
    ] = "",
    *,
    form: options.Form = "table",
    output: options.Output = "-",
    force: options.Force = False,
) -> None:
    """List the devices that time can be estimated for; with a name, print that device's file.

    A device is a YAML file of constants. Your own lie in ~/.config/cnncost/devices, where
    'cnncost calibrate' writes them, and hide those of the same name that ship with cnncost.
    """
    from cnncost.device_files import list_device_files, load_device
    from cnncost.views.devices_page import devices_results
    from cnncost.views.page_writers import write_results

    refuse_existing(output, force=force)
    files = list_device_files()
    if name:
        if name not in files:
            load_device(name)  # which says what is wrong, unless it is the path of a good file
            raise CnncostError(f"{name}: a file already", "a device's name prints its file")
        with open_destination(output, force=force) as file:
            file.write(files[name].read_text(encoding="utf-8"))
        return
    found = [load_device(str(path)) for path in files.values()]
    with open_destination(output, force=force) as file:
        write_results(file, devices_results(found), form)
