"""From an ARCH argument to a network: files, streams, code, and what git holds."""

import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

from cnncost import api
from cnncost.cli.options import parse_arguments, parse_settings, parse_shapes
from cnncost.cli.streams import report_opaque_layers
from cnncost.errors import CnncostError, make_printable
from cnncost.formats import copy_stream, is_stream, readable_suffixes
from cnncost.language import MAX_LAYERS, Spec

if TYPE_CHECKING:
    from cnncost.formats.graph import Graph
    from cnncost.place import Source


def load_spec(
    arch: str,
    settings: Sequence[str] | None = None,
    shapes: Sequence[str] | None = None,
    max_layers: int = MAX_LAYERS,
    *,
    strict: bool = False,
    structured: bool = True,
) -> Spec:
    """Load the spec of an ARCH argument; warnings go to standard error.

    Unless `structured` is off, imports get blocks and repeats, as `convert` writes them.

    Raises:
        CnncostError: there is no such file, the spec or a setting is wrong, or `strict` is set
            and a layer is opaque.
    """
    read = make_reader(arch, max_layers, strict=strict, structured=structured)
    spec = read(settings or (), shapes or ())
    for warning in spec.warnings:
        sys.stderr.write(f"{make_printable(warning)} (warning)\n")
    return spec


def make_reader(
    arch: str,
    max_layers: int,
    *,
    strict: bool = False,
    structured: bool = True,
    text: str | None = None,
) -> Callable[[Sequence[str], Sequence[str]], Spec]:
    """Make a function that reads an ARCH under given settings and shapes, any number of times.

    With a `text`, that spec is read in the place of the file, which is not here.
    """
    if text is None:
        read_raw = _make_raw_reader(arch, max_layers)
    else:
        read_raw = _make_text_reader(text, "<stdin>" if arch == "-" else arch, max_layers)

    def read(settings: Sequence[str], shapes: Sequence[str]) -> Spec:
        spec = read_raw(settings, shapes)
        found = api.restore_structure(spec) if structured else spec
        return report_opaque_layers(arch, found, strict=strict)

    return read


def _make_raw_reader(arch: str, max_layers: int) -> Callable[[Sequence[str], Sequence[str]], Spec]:
    revision = split_revision(arch)
    if api.is_code(arch) and revision is None:
        return lambda settings, shapes: api.load_graph(
            source_graph(arch, parse_shapes(shapes), parse_arguments(settings)),
            arch,
            max_layers=max_layers,
        )
    if arch != "-":
        path = Path(arch)
        copy = copy_revision(*revision) if revision else None
        if copy is None and api.path_exists(arch) and is_stream(path):
            copy = copy_stream(path, arch)

        standing: Source | None = None

        def load_file(settings: Sequence[str], shapes: Sequence[str]) -> Spec:
            nonlocal standing
            if standing is not None:  # one text for all readings, whatever becomes of the file
                again = _make_text_reader(standing.text, standing.name, max_layers)
                return again(settings, shapes)
            params, inputs = parse_settings(settings), parse_shapes(shapes)
            file = copy.name if copy else arch
            spec = api.load(file, params=params, inputs=inputs, max_layers=max_layers, name=arch)
            standing = None if spec.paths else spec.text
            return spec

        return load_file
    return _make_text_reader(read_input_text(), "<stdin>", max_layers)


def read_input_text() -> str:
    """Read the spec on standard input.

    Raises:
        CnncostError: it is no text, or too large.
    """
    return api.decode_spec(sys.stdin.buffer.read(api.LARGEST_FILE + 1), "<stdin>")


def _make_text_reader(
    text: str, name: str, max_layers: int
) -> Callable[[Sequence[str], Sequence[str]], Spec]:
    """Make a function that reads a spec's text under given settings and shapes."""

    def load_text(settings: Sequence[str], shapes: Sequence[str]) -> Spec:
        params, inputs = parse_settings(settings), parse_shapes(shapes)
        return api.loads(text, name=name, params=params, inputs=inputs, max_layers=max_layers)

    return load_text


def source_graph(
    target: str, shapes: dict[str, tuple[int, ...]], arguments: dict[str, int | float]
) -> "Graph":
    """Build the graph of the network that the user's code makes; say that the code is run.

    Raises:
        CnncostError: the code fails, or cannot be traced.
    """
    from cnncost.formats.torch_in import read_source

    sys.stderr.write(f"running {make_printable(target)}\n")
    return read_source(target, shapes, arguments)


_REVISION = re.compile(r"(?P<revision>[^:]*):(?P<path>.+)")


def split_revision(arch: str) -> tuple[str, str] | None:
    """Split `main:net.yaml` into a revision of git and a path in it; None for what is neither.

    Without a revision, as in `:net.yaml`, it is what is staged.

    A file of that very name comes first, and code is named by what has no file's ending.
    """
    match = _REVISION.fullmatch(arch)
    endings = (".yaml", ".yml", *readable_suffixes())
    if match is None or not match["path"].lower().endswith(endings) or api.path_exists(arch):
        return None
    return match["revision"], match["path"]


def copy_revision(revision: str, path: str) -> IO[bytes]:
    """Copy a file as a revision has it to a temporary file, which goes when it is closed.

    The path is taken from the working directory, or else from the repository's root, as git does.

    Raises:
        CnncostError: there is no git, no repository, no such revision, or no such file in it.
    """
    import subprocess
    from tempfile import NamedTemporaryFile

    said = ""
    for place in (f"./{path}", path):
        try:
            done = subprocess.run(
                ["git", "show", "--end-of-options", f"{revision}:{place}"],
                capture_output=True,
                check=False,
            )
        except OSError as error:
            raise CnncostError(f"{revision}:{path}: git does not run: {error.strerror}") from None
        if done.returncode == 0:
            copy = NamedTemporaryFile(prefix="cnncost-")  # noqa: SIM115  the caller closes it
            copy.write(done.stdout)
            copy.flush()
            return copy
        said = said or done.stderr.decode(errors="replace").strip().removeprefix("fatal: ")
    raise CnncostError(
        f"{revision}:{path}: no such file, and git has none: {said}",
        "REVISION:PATH, as in main:net.yaml",
    )
