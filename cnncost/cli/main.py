"""The entry point: import only the command that runs, and end every failure with one message."""

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import ModuleSpec
from inspect import cleandoc
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from cnncost.cli.streams import (
    INTERRUPTED,
    ReaderGone,
    drop_output,
    guard_streams,
    say_kept_lines,
    write_signs_alike,
)
from cnncost.errors import CnncostError, make_printable

COMMANDS = (
    "table",
    "explain",
    "suggest",
    "compare",
    "report",
    "check",
    "fit",
    "layers",
    "memory",
    "sweep",
    "convert",
    "draw",
    "verify",
    "devices",
    "calibrate",
    "boards",
    "run",
    "zoo",
)
"""The commands in the order of `--help`; each is a module beside this one."""


class Commands(dict[str, Any]):  # Any: click's Command, which Typer keeps private
    """The commands by name, each imported when it is asked for."""

    def __missing__(self, name: str) -> Any:  # Any: the same
        if name not in COMMANDS:
            raise KeyError(name)
        command = get_command(import_module(f"cnncost.cli.{name}").app)
        command.name = name
        _prepare_help(command)
        self[name] = command
        return command

    def get(self, name: str, default: Any = None) -> Any:  # Any: the same
        return self[name] if name in COMMANDS else default

    def keys(self) -> Any:  # Any: a view's type is its own
        return dict.fromkeys(COMMANDS).keys()

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __contains__(self, name: object) -> bool:
        return name in COMMANDS

    def __len__(self) -> int:
        return len(COMMANDS)

    def items(self) -> Any:  # Any: the same
        return {name: self[name] for name in COMMANDS}.items()


class Group(TyperGroup):
    """The group of all commands; none is imported before it runs or its help is shown."""

    def __init__(self, **settings: Any) -> None:  # Any: what Typer passes on
        super().__init__(**settings)
        self.commands = Commands()

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # Any: click's, which are private
        """Find the command that is named first.

        Raises:
            CnncostError: a network stands in its place.
        """
        if args and args[0] not in COMMANDS and _names_network(args[0]):
            from shlex import join

            words = join(["cnncost", "table", *args])
            raise CnncostError(f"{args[0]}: a network, no command", f"did you mean {words!r}?")
        return super().resolve_command(ctx, args)

    def make_context(self, *arguments: Any, **settings: Any) -> Any:  # Any: what click passes on
        with _escape_messages():
            return super().make_context(*arguments, **settings)

    def invoke(self, ctx: Any) -> Any:  # Any: click's Context, which Typer keeps private
        with _escape_messages():
            return super().invoke(ctx)


@contextmanager
def _escape_messages() -> Iterator[None]:
    """Escape control characters in usage errors, which quote what was typed."""
    try:
        yield
    except Exception as error:
        if isinstance(message := getattr(error, "message", None), str):
            error.message = make_printable(message)  # type: ignore[attr-defined]  # as click's have
        raise


def _prepare_help(command: Any) -> None:  # Any: click's Command, which Typer keeps private
    """Make help texts such as Rich shows whole: brackets are escaped, as in `cnncost[torch]`,
    which it takes for a style, and the lines of a paragraph, whose ends it keeps, are joined."""
    for described in (command, *command.params):
        if described.help:
            escaped = re.sub(r"\\*\[", lambda found: f"\\{found[0]}", described.help)
            described.help = re.sub(r"(?<!\n)\n(?!\n)", " ", cleandoc(escaped))


def _names_network(word: str) -> bool:
    from pathlib import Path

    from cnncost import bundled, formats

    endings = (".yaml", ".yml", *formats.readable_suffixes())
    return word.endswith(endings) or Path(word).is_file() or bundled.find_network(word) is not None


app = typer.Typer(
    name="cnncost",
    cls=Group,
    help="What a convolutional network costs, from a text file: units, weights, connections.",
    epilog="Start with: cnncost table alexnet",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from cnncost import __version__

        sys.stdout.write(f"cnncost {__version__}\n")
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and exit.", is_eager=True, callback=_print_version
        ),
    ] = False,
) -> None:
    """What a convolutional network costs, from a text file: units, weights, connections."""


def run_app() -> None:
    """Run the command line and exit: 0 fine, 1 the answer is no, 2 wrong use or spec."""
    guard_streams()
    write_signs_alike()
    guard_numpy()
    try:
        try:
            app(prog_name="cnncost")
        except SystemExit as end:
            if end.code != INTERRUPTED:
                raise
            drop_output()
            raise KeyboardInterrupt from None  # which Typer makes an exit of, without a word
        finally:
            sys.stdout.flush()
            say_kept_lines()
    except CnncostError as error:
        _exit_with_message(str(error))
    except ReaderGone:
        # As `| head` does: nothing to say, and nothing more to flush.
        drop_output()
        sys.exit(128 + 13)
    except ImportError as error:
        _exit_with_message(
            str(CnncostError(f"{error.name or 'a package'} cannot be loaded: {error}"))
        )
    except OSError as error:  # of a file that no command expects to fail
        file = f"{error.filename}: " if error.filename else ""
        _exit_with_message(str(CnncostError(f"{file}{error.strerror or error}")))


def _exit_with_message(message: str) -> None:
    """Say what is wrong, and exit with 2."""
    drop_output()
    sys.stderr.write(f"{message}\n")
    sys.exit(2)


# A check of the memory before numpy is imported

NUMPY_NEEDS = 128 * 2**20
"""The bytes of address space that numpy needs. With less, OpenBLAS ends the process with 1, which
means "no" here."""


class NumpyGate:
    """A finder of modules that finds none, but checks the memory before numpy is imported."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: object = None
    ) -> ModuleSpec | None:
        """Return None, so that the usual finders go on.

        Raises:
            MemoryError: numpy is imported, and there is too little memory for it.
        """
        if name != "numpy":
            return None
        from mmap import mmap

        # OpenBLAS starts a thread a core when it is imported; nothing here has work for them.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        try:
            mmap(-1, NUMPY_NEEDS).close()
        except OSError:
            raise MemoryError from None
        return None


def guard_numpy() -> None:
    """Have the memory checked before numpy is imported."""
    sys.meta_path.insert(0, NumpyGate())
