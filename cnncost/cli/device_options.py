"""Options of the commands that estimate or measure times, and what reads the device."""

from typing import TYPE_CHECKING, Annotated

import typer

from cnncost import api
from cnncost.cli.options import MOST
from cnncost.errors import CnncostError

if TYPE_CHECKING:
    from cnncost.timing import Device


def complete_device(incomplete: str) -> list[str]:
    """List the devices whose names begin with a text."""
    from cnncost.device_files import list_device_files

    return [name for name in list_device_files() if name.startswith(incomplete)]


DeviceName = Annotated[
    str,
    typer.Option(
        "--device",
        metavar="NAME",
        help="The device that time is of: a name that 'cnncost devices' lists, or a file.",
        show_default=False,
        autocompletion=complete_device,
    ),
]


def _parse_runtime(word: str) -> str:
    from cnncost.verify.stopwatch import RUNTIMES

    if word not in RUNTIMES:
        raise typer.BadParameter(f"{word!r} is not one of {', '.join(map(repr, RUNTIMES))}.")
    return word


Runtime = Annotated[
    str,
    typer.Option(
        "--runtime",
        metavar="pytorch|onnxruntime",
        help="What runs the networks that are timed.",
        parser=_parse_runtime,
    ),
]
Cuda = Annotated[bool, typer.Option("--cuda", help="Time on the GPU, in place of the CPU.")]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads",
        min=1,
        max=4096,
        metavar="N",
        help="Threads of the CPU, when timing; the runtime's own choice if this is left out. One "
        "thread is timed by the processor time that it takes.",
        show_default=False,
    ),
]
Seconds = Annotated[
    float,
    typer.Option("--seconds", min=0.01, max=3600, help="How long each timing lasts at least."),
]


TimeBatch = Annotated[
    int | None,
    typer.Option("--batch", min=1, max=MOST, help="Examples at once; time only."),
]


def load_wanted_device(device: str, wanted: str, batch: int | None = None) -> "Device | None":
    """Load the device of --device if something is `wanted` of it, in words such as `--time`.

    Raises:
        CnncostError: it is missing, it is not known, or nothing is wanted of it, nor of `batch`.
    """
    if wanted and not device:
        hint = "as in --device rtx4090; cnncost devices lists them"
        raise CnncostError(f"{wanted} needs a device", hint)
    if device and not wanted:
        raise CnncostError("--device changes no figure here", "it is for time")
    if batch is not None and not wanted:
        raise CnncostError("--batch changes no figure here", "it is for time")
    return api.load_device(device) if device else None
