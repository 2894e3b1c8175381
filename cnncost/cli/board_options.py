"""Options of the commands that know boards, and what reads them."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from cnncost.errors import CnncostError

if TYPE_CHECKING:
    from cnncost.timing.board import Board


def complete_board(incomplete: str) -> list[str]:
    """List the boards whose names begin with a text."""
    from cnncost.device_files import BOARDS, fold_name, list_device_files

    start = fold_name(incomplete)
    return [name for name in list_device_files(BOARDS) if fold_name(name).startswith(start)]


def complete_engine(incomplete: str) -> list[str]:
    """List the engines whose names begin with a text."""
    from cnncost.timing.engines import CYCLES

    names = dict.fromkeys(name for engines in CYCLES.values() for name in engines)
    return [name for name in names if name.startswith(incomplete)]


BOARD_HELP = "A name that 'cnncost boards' lists, or a file."

Boards = Annotated[
    list[str] | None,
    typer.Option(
        "--board",
        metavar="NAME",
        help=f"{BOARD_HELP} Several are given one by one.",
        show_default=False,
        autocompletion=complete_board,
    ),
]
OneBoard = Annotated[
    str,
    typer.Option(
        "--board",
        metavar="NAME",
        help=f"Add arena, SRAM, flash and time on a microcontroller. {BOARD_HELP}",
        show_default=False,
        autocompletion=complete_board,
    ),
]
Engine = Annotated[
    str,
    typer.Option(
        "--engine",
        metavar="NAME",
        help="What computes: cmsis-nn, x-cube-ai, x-cube-ai-8, ...; any if it is left out.",
        show_default=False,
        autocompletion=complete_engine,
    ),
]


Patches = Annotated[
    str,
    typer.Option(
        "--patches",
        metavar="N|auto",
        help="Run the first layers in N x N patches of their maps, one after another (MCUNetV2); "
        "auto: in as few as fit, or in none.",
        show_default=False,
        autocompletion=lambda incomplete: ["auto"] if "auto".startswith(incomplete) else [],
    ),
]

LEAST_PATCHES, MOST_PATCHES = 2, 32
"""What may be asked for along each axis."""


def parse_patches(text: str) -> tuple[int, ...]:
    """Read `3`, `auto`, or nothing, as the numbers of patches along each axis that are tried.

    Raises:
        CnncostError: it is none of these.
    """
    from cnncost.costs.memory.patches import ALL_COUNTS, WHOLE

    word = text.strip().lower()
    if word in ("", "auto"):
        return ALL_COUNTS if word else (WHOLE,)
    if re.fullmatch("[0-9]{1,9}", word) and LEAST_PATCHES <= int(word) <= MOST_PATCHES:
        return (int(word),)
    hint = f"a number from {LEAST_PATCHES} to {MOST_PATCHES}, or auto"
    raise CnncostError(f"--patches {text}: no number of patches", hint)


def load_boards(words: Sequence[str]) -> "list[Board]":
    """Load boards by their names or paths.

    Raises:
        CnncostError: one is not known, or given twice.
        SpecError: a file is wrong.
    """
    from cnncost.device_files import fold_name, load_board

    folded = [fold_name(word) for word in words]
    for word in words:
        if folded.count(fold_name(word)) > 1:
            raise CnncostError(f"--board {word} is given twice", "keep one")
    return [load_board(word) for word in words]


def make_board(sram: str, flash: str, core: str, mhz: float | None) -> "Board":
    """Make a board of what options say.

    Raises:
        CnncostError: an amount has no unit, or the core is not known.
    """
    from cnncost.errors import did_you_mean
    from cnncost.quantity import parse_bytes
    from cnncost.timing.board import Board
    from cnncost.timing.engines import CORES

    if core and core.lower() not in CORES:
        hint = did_you_mean(core.lower(), list(CORES), f"known are {', '.join(CORES)}")
        raise CnncostError(f"--core {core}: no core whose cycles are known", hint)
    title = ", ".join(
        word for word in (f"SRAM {sram}" * bool(sram), f"flash {flash}" * bool(flash)) if word
    )
    return Board(
        "this board",
        f"a board of {title}" if title else "a board",
        core.lower(),
        None if mhz is None else 1e6 * mhz,
        parse_bytes(sram) if sram else None,
        parse_bytes(flash) if flash else None,
    )


def parse_milliwatts(text: str) -> tuple[float, float]:
    """Read `40` or `33-74`.

    Raises:
        CnncostError: it is neither, or the least does not come first.
    """
    match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(?:-([0-9]{1,9}(?:\.[0-9]{1,9})?))?", text)
    low = float(match[1]) if match else 0.0
    high = float(match[2] or match[1]) if match else 0.0
    if not 0 < low <= high:
        raise CnncostError(f"--mw {text}: no power in milliwatts", "as in --mw 40 or --mw 33-74")
    return low, high
