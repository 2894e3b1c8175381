"""One call of torch.export: how a module is called, in silence, and what to say where it fails."""

from __future__ import annotations

import inspect
import io
import logging
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncost.errors import CnncostError

if TYPE_CHECKING:
    from torch import nn
    from torch.export import ExportedProgram


class CallWay(NamedTuple):
    """The arguments of one call of a module; Any: tensors, and lists and dicts of them."""

    positional: tuple[Any, ...]
    named: dict[str, Any]


def run_export(module: nn.Module, way: CallWay) -> ExportedProgram:
    """Export the program of one call, which is run without gradients.

    Raises:
        Exception: whatever PyTorch or the user's code raises.
    """
    import torch

    with silence_torch(), torch.no_grad():
        return torch.export.export(module, way.positional, way.named, strict=False)


@contextmanager
def silence_torch() -> Iterator[None]:
    """Keep away what torch writes and logs on its way."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with (
            warnings.catch_warnings(),
            redirect_stderr(io.StringIO()),
            redirect_stdout(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def export_failure(error: Exception) -> CnncostError:
    """Describe an error of torch.export, where it is in the user's code, and what would help: one
    line each."""
    lines = [line for line in str(error).strip().splitlines() if line.strip()]
    said = f"{type(error).__name__}: {lines[0][:200] if lines else ''}".rstrip(": ")
    hint = "check --input; control flow on data cannot be traced"
    return CnncostError(f"torch.export cannot trace it: {said}", hint, where=find_user_line(error))


def find_user_line(error: Exception) -> str:
    """Find the last line on the way that is neither PyTorch's nor ours, nor Python's own."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = Path(frame.filename)
        if file.suffix == ".py" and not _is_tool(file):
            code = (frame.line or "").strip()[:120]
            return f"{_shorten_path(file)}:{frame.lineno}: {code}"
    return ""


def _shorten_path(file: Path) -> Path:
    """Return the path from the working directory, or from where Python finds the file's package."""
    folders = [folder for folder in (Path.cwd(), *map(Path, sys.path)) if folder.is_absolute()]
    found = [file.relative_to(folder) for folder in folders if file.is_relative_to(folder)]
    return min(found, key=lambda path: len(path.parts), default=file)


def _is_tool(file: Path) -> bool:
    """Whether a file is PyTorch's, ours or of Python's library; installed packages are not."""
    import torch

    if any(file.is_relative_to(Path(f).parent) for f in (torch.__file__, *_OURS)):
        return True
    python = Path(inspect.__file__).parent
    return file.is_relative_to(python) and "site-packages" not in file.parts


_OURS = (str(Path(__file__).parents[1]),)
"""A file of the package's own folder."""
