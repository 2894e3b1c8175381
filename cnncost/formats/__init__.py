"""Other forms of a network: what can be read in place of a spec, and what a spec can be written as.

A reader turns a file into a `Graph`, which `formats.spec_text` writes as the text of a spec; the
text is then read like any other spec. A writer turns a spec into a file's bytes. Each is a function
of a module of this folder, which is imported when it is needed. What can be read once only, such as
a pipe, is copied to a temporary file first.
"""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path, PurePath
from stat import S_ISBLK, S_ISDIR, S_ISREG
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from cnncost.errors import CnncostError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncost.formats.graph import Graph
    from cnncost.language import Spec


class FileFormat(NamedTuple):
    """One form: the endings of its files, and what reads and writes it, as `module:function`.

    A reader is `(path, name, shapes) -> Graph`, as the function `read_graph` here; a writer is
    `(spec: Spec) -> bytes`.
    """

    key: str
    text: str
    suffixes: tuple[str, ...] = ()
    reader: str = ""
    writer: str = ""
    written: tuple[str, ...] | None = None
    """The endings of the files that it writes, if they differ from those that it reads."""

    def list_endings(self, *, reads: bool) -> tuple[str, ...]:
        """List the endings that stand for the form when a file is read, or written."""
        return self.suffixes if reads or self.written is None else self.written


_ALL: tuple[FileFormat, ...] = (
    FileFormat("yaml", "a cnncost spec", (".yaml", ".yml"), writer="spec_text:write_kept_text"),
    FileFormat("onnx", "an ONNX file", (".onnx",), reader="onnx_in:read", writer="onnx_out:write"),
    FileFormat("tflite", "a TensorFlow Lite file", (".tflite",), reader="tflite_in:read"),
    FileFormat(
        "keras",
        "a Keras model's JSON or archive; Keras code",
        (".json", ".keras"),
        reader="keras_in:read",
        writer="keras_out.keras_code:write",
        written=(),
    ),
    FileFormat(
        "pytorch",
        "a program of torch.export; PyTorch code: an nn.Module",
        (".pt2",),
        reader="torch_in.program_file:read",
        writer="torch_out.torch_code:write",
        written=(".py",),
    ),
    FileFormat(
        "mermaid", "a Mermaid flowchart", (".mmd", ".mermaid"), writer="diagrams:write_mermaid"
    ),
    FileFormat("dot", "a Graphviz graph", (".dot", ".gv"), writer="diagrams:write_dot"),
)

_SOURCE = re.compile(r"(?:[\w.]+|.+\.py):[A-Za-z_][\w.]*")

FORMATS = {form.key: form for form in _ALL}
"""All forms, by key."""


def by_suffix(path: str, *, reads: bool) -> list[FileFormat]:
    """List the forms that a file's ending may stand for, of those that can be read (or written)."""
    suffix = PurePath(path).suffix.lower()
    forms = [form for form in _ALL if suffix in form.list_endings(reads=reads)]
    return [form for form in forms if (form.reader if reads else form.writer)]


def readable_suffixes() -> list[str]:
    """List the endings of files that can be read in place of a spec."""
    return [suffix for form in _ALL if form.reader for suffix in form.suffixes]


def read_graph(
    path: Path, name: str, form: FileFormat, shapes: Mapping[str, tuple[int, ...]]
) -> Graph:
    """Read the graph that a file holds; messages call it `name`.

    `shapes` replaces the shapes of inputs, by name, or gives those that the file leaves open:
    of one example, channels first. If there is one input, its name is empty.

    Raises:
        CnncostError: the file is damaged, or the form's package is not installed.
    """
    if is_stream(path):
        with copy_stream(path, name) as copy:
            return read_graph(Path(copy.name), name, form, shapes)
    graph: Graph = _import_function(form.reader)(path, name, shapes)
    return graph


def write_spec(spec: Spec, form: FileFormat, *, weights: bool = True) -> bytes:
    """Write the spec in another form; without `weights`, a form that has them leaves them out.

    Raises:
        CnncostError: it cannot be expressed there, or the form's package is not installed.
    """
    write = _import_function(form.writer)
    data: bytes = write(spec) if weights else write(spec, weights=False)
    return data


def _import_function(place: str) -> Any:  # Any: a reader or a writer
    module, _, name = place.partition(":")
    return getattr(import_module(f"cnncost.formats.{module}"), name)


def find_format(key: str) -> FileFormat:
    """Find the form of that key.

    Raises:
        CnncostError: there is none.
    """
    if key not in FORMATS:
        known = f"the forms are {', '.join(FORMATS)}"
        raise CnncostError(f"unknown form {key!r}", did_you_mean(key, list(FORMATS), known))
    return FORMATS[key]


def is_source(text: str) -> bool:
    """Whether an ARCH names code that builds a network: `package.module:function`."""
    return _SOURCE.fullmatch(text) is not None


def list_builders(path: Path) -> list[str]:
    """List what may build a network in a Python file, which is not run: its classes that have a
    `forward` or stand on another class, then its functions.

    Raises:
        CnncostError: the file cannot be read, or is no Python.
    """
    import ast

    try:
        statements = ast.parse(path.read_bytes()).body
    except OSError as error:
        raise CnncostError(f"{path}: {error.strerror}") from None
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise CnncostError(f"{path}: no Python: {error}") from None
    classes = [
        one.name
        for one in statements
        if isinstance(one, ast.ClassDef)
        and (one.bases or any(getattr(part, "name", "") == "forward" for part in one.body))
    ]
    functions = [one.name for one in statements if isinstance(one, ast.FunctionDef)]
    return [name for name in (*classes, *functions) if not name.startswith("_")]


def missing_package(package: str, extra: str) -> CnncostError:
    """Make the error for an optional package that is not installed."""
    return CnncostError(f"{package} is not installed", f"pip install 'cnncost[{extra}]'")


LARGEST = 2**31
"""Bytes of a copy; no ONNX file has more."""

_PART = 2**20


def is_stream(path: Path) -> bool:
    """Return whether a path that exists is a pipe or a device, which can be read once only."""
    mode = path.stat().st_mode
    return not (S_ISREG(mode) or S_ISDIR(mode) or S_ISBLK(mode))


def copy_stream(path: Path, name: str, most: int = LARGEST) -> IO[bytes]:
    """Copy a stream to a temporary file, which goes when it is closed: `most` bytes at most, and
    one more.

    Raises:
        CnncostError: it cannot be read, or the copy cannot be written.
    """
    from tempfile import NamedTemporaryFile

    try:
        copy = NamedTemporaryFile(prefix="cnncost-")  # noqa: SIM115  the caller closes it
        with path.open("rb") as file:
            while copy.tell() <= most and (part := file.read(_PART)):
                copy.write(part)
        copy.flush()
    except OSError as error:
        raise CnncostError(f"{name}: {error.strerror}") from None
    return copy
