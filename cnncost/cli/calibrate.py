"""`cnncost calibrate`: measure networks on this machine, and write it as a device."""

import re
import sys
from datetime import date as calendar
from typing import TYPE_CHECKING, Annotated

import typer

from cnncost import api, bundled
from cnncost.cli import device_options, options
from cnncost.cli.output import open_destination, refuse_existing
from cnncost.cli.streams import show_progress
from cnncost.errors import CnncostError

if TYPE_CHECKING:
    from cnncost.language import Spec

app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)

EPILOG = """[bold]Examples[/bold]

cnncost calibrate laptop

cnncost calibrate gpu --cuda --dtype fp16 --batch 1,64

cnncost calibrate one_thread --threads 1 --batch 1 -o one_thread.yaml"""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", re.A)


@app.command(rich_help_panel="Measure and convert", epilog=EPILOG, no_args_is_help=True)
def calibrate(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The device's name.", show_default=False)
    ],
    *,
    batch: Annotated[
        str, typer.Option(metavar="N,N,...", help="The batches that are measured.")
    ] = "1,16",
    networks: Annotated[
        str,
        typer.Option(
            metavar="A,B,...",
            help="The networks that are measured: bundled ones, or specs' files; 12 bundled ones "
            "if this is left out.",
            show_default=False,
        ),
    ] = "",
    runtime: device_options.Runtime = "pytorch",
    cuda: device_options.Cuda = False,
    threads: device_options.Threads = None,
    dtype: Annotated[
        str, typer.Option("--dtype", metavar="fp32|fp16|bf16", help="Of all numbers.")
    ] = "fp32",
    seconds: device_options.Seconds = 2.0,
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write to a file; - is standard output. Among your own devices if this is left "
            "out: ~/.config/cnncost/devices/NAME.yaml.",
            show_default=False,
        ),
    ] = "",
    force: options.Force = False,
) -> None:
    """Measure networks on this machine, and write what its time costs: a device of your own.

    Each network is run at each batch for some seconds, after a run that warms up; what counts is
    the median of the quicker half. The costs' error is found by leaving out each network in turn;
    the file has the table of that as comments.

    Needs PyTorch: pip install 'cnncost[torch]'; or --runtime onnxruntime, at batch 1.
    """
    from cnncost.timing.device_out import write_device
    from cnncost.verify.calibration import fit_device, measure_networks
    from cnncost.verify.stopwatch import Stopwatch
    from cnncost.views.calibration_page import calibration_lines

    watch = Stopwatch(runtime, "cuda" if cuda else "cpu", threads or 0, dtype, seconds)
    batches = _read_batches(batch)
    _check_name(name)
    file = output or _own_file(name)
    refuse_existing(file, force=force)
    watch.check_runtime()
    specs = _load_networks(networks)
    measured = measure_networks(specs, batches, watch, show_progress)
    show_progress("")
    calibration = fit_device(name, watch, measured, calendar.today().isoformat())
    said = calibration_lines(calibration)
    with open_destination(file, force=force) as written:
        written.write(write_device(calibration.device))
        written.writelines(f"# {line}\n" for line in said)
    if file != "-":
        sys.stderr.writelines(f"{line}\n" for line in said)
        sys.stderr.write(f"{file} written: use it with --device {output or name}\n")


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        what = f"{name}: no name of a device"
        raise CnncostError(what, "letters, digits, - and _, as in laptop")


def _own_file(name: str) -> str:
    """Name the file among the user's own devices; its directory is made if there is none."""
    from cnncost.device_files import find_own_folder

    folder = find_own_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CnncostError(f"{folder}: {error.strerror}", "give -o FILE") from None
    return str(folder / f"{name}.yaml")


def _read_batches(text: str) -> list[int]:
    words = [word.strip() for word in text.split(",")]
    if not all(re.fullmatch("[1-9][0-9]{0,5}", word) for word in words):
        raise CnncostError(f"--batch {text}: N,N,... is due", "as in --batch 1,16")
    return sorted({int(word) for word in words})


def _load_networks(text: str) -> "dict[str, Spec]":
    """Load the networks of --networks, or the usual ones.

    Raises:
        CnncostError: there are too few, or one cannot be read.
    """
    from cnncost.verify.calibration import FEWEST, NETWORKS

    names = list(dict.fromkeys(word.strip() for word in text.split(","))) if text else NETWORKS
    if len(names) < FEWEST:
        hint = f"at least {FEWEST}, as in --networks {','.join(NETWORKS[:FEWEST])}"
        raise CnncostError(f"--networks {text}: too few to fit costs to", hint)
    return {
        name: api.load(bundled.find_network(name) if not text else name)  # type: ignore[arg-type]
        for name in names
    }
