"""Files of torch.export: a program with its parameters, and the shapes that it was exported for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from cnncost.errors import CnncostError
from cnncost.formats import missing_package
from cnncost.formats.torch_in.export_call import silence_torch

if TYPE_CHECKING:
    from torch.export import ExportedProgram

    from cnncost.formats.graph import Graph

Shape = tuple[int, ...]


def read(path: Path, name: str, shapes: Mapping[str, Shape]) -> Graph:
    """Read the graph of a program that torch.export saved (`.pt2`); messages call it `name`.

    The program is exported anew for one example: of the shapes that it was saved with, or, where
    it leaves extents open, of those that `shapes` gives. `shapes` is by the input's name, which is
    empty where there is one input.

    Raises:
        CnncostError: it is no such file, has another batch than 1, or an extent is open.
    """
    if find_spec("torch") is None:
        raise missing_package("torch", "torch")
    from cnncost.formats.torch_in.torch_trace import trace_module

    program = _load_program(path, name)
    saved = _saved_shapes(program, name)
    given = _name_shapes(shapes, list(saved), name)
    inputs = {key: given.get(key) or _closed_shape(dims, key, name) for key, dims in saved.items()}
    with silence_torch():
        module = program.module().to("meta")
    return trace_module(module, PurePath(name).stem, inputs)


def _load_program(path: Path, name: str) -> ExportedProgram:
    import torch

    try:
        with silence_torch():
            return torch.export.load(path)
    except OSError as error:
        raise CnncostError(f"{name}: {error.strerror or error}") from None
    except Exception as error:  # torch's own, of many kinds, for a damaged file
        said = str(error).strip().partition("\n")[0][:200]
        raise CnncostError(
            f"{name}: no program of torch.export: {type(error).__name__}: {said}",
            "torch.export.save(torch.export.export(model.eval(), (x,)), 'net.pt2') writes one",
        ) from None


def _saved_shapes(program: ExportedProgram, name: str) -> dict[str, tuple[Any, ...]]:
    """Return the shape of one example of each input; an open extent (Any) is torch's symbol."""
    found = {}
    users = set(program.graph_signature.user_inputs)
    for node in program.graph.nodes:
        shape = getattr(node.meta.get("val"), "shape", None)
        if node.op != "placeholder" or node.name not in users or shape is None:
            continue
        batch, *dims = shape or (0,)
        if isinstance(batch, int) and batch != 1:
            raise CnncostError(
                f"{name}: it was exported for {node.name} of {'x'.join(map(str, shape))}, "
                "not for a batch of one example",
                "export it with a batch of 1, or with a dynamic one",
            )
        found[node.name] = tuple(dims)
    if not found:
        raise CnncostError(f"{name}: the program reads no tensor", "nothing can be counted")
    return found


def _name_shapes(shapes: Mapping[str, Shape], names: list[str], name: str) -> dict[str, Shape]:
    """Return the given shapes by the names of the program's inputs."""
    found = {}
    for key, shape in shapes.items():
        called = names[0] if not key and len(names) == 1 else key
        if called not in names:
            known = f"its inputs are {', '.join(names)}"
            raise CnncostError(f"{name} has no input {key!r}", known)
        found[called] = shape
    return found


def _closed_shape(dims: tuple[Any, ...], key: str, name: str) -> Shape:
    if all(isinstance(size, int) for size in dims):
        return dims
    text = "x".join(str(size) for size in dims)
    raise CnncostError(
        f"{name}: the program leaves extents of {key} open: {text}",
        "give them: as in --input 3x224x224",
    )
