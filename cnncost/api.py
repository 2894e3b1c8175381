"""The Python interface: load a spec and count it. The command line uses these functions too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cnncost import bundled, formats
from cnncost.costs import Convention, Report, count_network
from cnncost.errors import CnncostError, Refused, SpecError, did_you_mean, make_printable
from cnncost.language import MAX_LAYERS, Settings, Spec, read_spec

if TYPE_CHECKING:
    from fractions import Fraction

    from cnncost.formats.graph import Graph
    from cnncost.network import Network
    from cnncost.timing import Device, NetworkTime

LARGEST_FILE = 10 * 2**20
"""Bytes; the largest spec that is read."""
MOST_BUILDERS = 20
"""Classes and functions of a file of code that a message lists."""


def load(
    arch: str | Path,
    *,
    params: Mapping[str, int | Fraction] | None = None,
    inputs: Mapping[str, tuple[int, ...]] | None = None,
    max_layers: int = MAX_LAYERS,
    name: str = "",
) -> Spec:
    """Read the spec in a file, a network in another form, or the bundled network of that name.

    A file whose ending is that of another form (`.onnx`) is imported: it becomes the text of
    a spec first, which is then read; what could not be expressed is in `Spec.unknown`.

    Args:
        arch: a file that exists, else a bundled network's name (`alexnet` or `alexnet.yaml`).
        params: values for the spec's params, by name.
        inputs: new shapes of the inputs by name, channels first; the name is empty where
            the network has one input.
        max_layers: how many layers the network may have.
        name: what stands in messages, and whose ending says the form; `arch` itself otherwise.

    Raises:
        CnncostError: there is no such file or network, it is not text, or an import is
            damaged, or needs a package that is not installed.
        SpecError: the spec is wrong; every problem found, with file, line and column.
    """
    path, name = Path(arch), name or str(arch)
    if not path_exists(arch):
        found = bundled.find_network(str(arch))
        if found is None:
            known = "cnncost zoo lists the bundled networks"
            hint = did_you_mean(str(arch), bundled.list_names(), known)
            raise CnncostError(f"{arch}: no such file, and no bundled network of that name", hint)
        path, name = found, found.name
    else:
        if path.suffix == ".py":
            raise _refuse_code(path, name)
        (form, *_) = *formats.by_suffix(name, reads=True), None
        if form is not None:
            graph = formats.read_graph(path, make_printable(name), form, inputs or {})
            return load_graph(graph, name, params=params, max_layers=max_layers)
    return loads(
        decode_spec(_read_bytes(path, name), make_printable(name)),
        name=name,
        params=params,
        inputs=inputs,
        max_layers=max_layers,
    )


def _refuse_code(path: Path, name: str) -> CnncostError:
    """Make the error for a file of code that is given without what builds the network in it."""
    found = formats.list_builders(path)
    if not found:
        return CnncostError(
            f"{name}: Python code without a class or function that builds a network"
        )
    listed = ", ".join(f"{name}:{one}" for one in found[:MOST_BUILDERS])
    more = f", and {len(found) - MOST_BUILDERS} more" if len(found) > MOST_BUILDERS else ""
    hint = f"one of {listed}{more}" if len(found) > 1 else listed
    return CnncostError(
        f"{name}: Python code; name what builds the network, and give --input SHAPE", hint
    )


def path_exists(arch: str | Path) -> bool:
    """Return whether an ARCH is the name of a file or of a directory.

    Raises:
        CnncostError: the system cannot tell: the name is too long, or a directory may not be read.
    """
    try:
        Path(arch).stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError as error:
        raise CnncostError(f"{arch}: {error.strerror}") from None
    return True


def is_code(arch: str) -> bool:
    """Return whether an ARCH names PyTorch code, as `net.py:build` does, and no file."""
    return formats.is_source(arch) and not path_exists(arch)


def loads(
    text: str,
    *,
    name: str = "<text>",
    params: Mapping[str, int | Fraction] | None = None,
    inputs: Mapping[str, tuple[int, ...]] | None = None,
    max_layers: int = MAX_LAYERS,
) -> Spec:
    """Read a spec's text; `name` stands in its messages. Otherwise as `load`."""
    return read_spec(text, name, Settings(params or {}, inputs or {}, max_layers))


def load_graph(
    graph: Graph,
    name: str,
    *,
    params: Mapping[str, int | Fraction] | None = None,
    max_layers: int = MAX_LAYERS,
) -> Spec:
    """Read a network that was found in another form as a spec; otherwise as `loads`."""
    from cnncost.formats.audit import audit_graph
    from cnncost.formats.spec_text import spec_names, spec_text

    try:
        graph = audit_graph(graph)
        spec = loads(spec_text(graph), name=name, params=params, max_layers=max_layers)
    except SpecError as error:
        problem = error.problems[0]  # its place is in a text that nobody has seen
        raise CnncostError(f"{name}: {problem.what}", problem.hint) from None
    except Refused as refused:
        raise CnncostError(f"{name}: {refused.what}", refused.hint) from None
    called = spec_names(graph)
    odd = {called[name]: word for name, word in graph.odd_weights.items() if name in called}
    lines = [line.partition(": ") for line in graph.unknown]
    return replace(
        spec,
        network=replace(spec.network, program=graph.program, odd_weights=odd),
        notes=(),  # the form says what its axes are
        unknown=tuple(f"{called.get(n, n)}: {why}" for n, _, why in lines),
        paths=tuple(op.name for op in graph.ops),
        audit=graph.audit,
    )


def restore_structure(spec: Spec) -> Spec:
    """Find the blocks, structures and repeats of an import again, as `cnncost convert` writes them.

    A spec that is no import is returned as it is. Layers, order and numbers stay; names become
    those of the structured text, such as `layer1.1.conv1`.
    """
    if not spec.paths:
        return spec
    from cnncost.formats.graph import graph_of
    from cnncost.formats.structured_text import structured_text

    text = structured_text(graph_of(spec.network, spec.paths), spec.network)
    found = loads(text, name=spec.text.name, max_layers=max(MAX_LAYERS, len(spec.paths)))
    pairs = zip(spec.network.nodes, found.network.nodes, strict=True)
    names = {old.name: new.name for old, new in pairs}
    odd = {names[name]: word for name, word in spec.network.odd_weights.items()}
    lines = [line.partition(": ") for line in spec.unknown]
    return replace(
        found,
        network=replace(found.network, program=spec.network.program, odd_weights=odd),
        notes=(),  # the form says what its axes are
        unknown=tuple(f"{names.get(name, name)}: {why}" for name, _, why in lines),
        paths=spec.paths,
        audit=spec.audit,
    )


def count(spec: Spec, *, biases: bool = False, exclude_padding: bool = False) -> Report:
    """Count units, weights, biases, parameters and connections of every layer, exactly.

    Args:
        spec: what `load` or `loads` returned.
        biases: the uses of biases are connections too (LeCun et al. 1998).
        exclude_padding: uses of a weight on a convolution's own zero padding are none.
    """
    return count_network(spec.network, Convention(biases, exclude_padding))


def time(
    spec: Spec | Network, device: str | Path | Device, batch: int | None = None
) -> NetworkTime:
    """Estimate the seconds that a network takes on a device in inference.

    Args:
        spec: what `load` or `loads` returned, or its network.
        device: a name that `cnncost devices` lists, the path of a device's file, or a Device.
        batch: examples at once. If it is left out, the time is that of one example in batches
            such as the device was measured with.

    Raises:
        CnncostError: there is no such device, or the batch is not above 0.
        SpecError: the device's file is wrong.
    """
    from cnncost.timing import estimate_time

    if batch is not None and batch < 1:
        raise CnncostError(f"batch {batch}: a batch has one example at least")
    network = spec.network if isinstance(spec, Spec) else spec
    found = load_device(str(device)) if isinstance(device, str | Path) else device
    return estimate_time(network, found, batch)


def add_time(report: Report, device: Device, batch: int | None = None) -> Report:
    """Add to a report what its network takes on a device; the arguments are those of `time`."""
    return report._replace(time=time(report.network, device, batch))


def load_device(word: str) -> Device:
    """Load a device by its name, or by the path of its file.

    Raises:
        CnncostError: there is none, or its file cannot be read.
        SpecError: its file is wrong.
    """
    from cnncost import device_files  # few commands need one

    return device_files.load_device(word)


def decode_spec(data: bytes, name: str) -> str:
    """Decode a spec's bytes as text.

    Raises:
        CnncostError: too large, or no UTF-8 text.
    """
    if len(data) > LARGEST_FILE:
        raise CnncostError(f"{name}: larger than 10 MiB, so it is no spec")
    if b"\0" in data:
        raise CnncostError(f"{name}: a binary file, not a spec", "a spec is a YAML text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        raise CnncostError(
            f"{name}:{line}:{column}: byte {data[error.start]:#04x} is not UTF-8 text",
            "save the file as UTF-8",
        ) from None


def _read_bytes(path: Path, name: str) -> bytes:
    if path.is_dir():
        raise CnncostError(f"{name}: a directory, not a spec", "name a file in it")
    try:
        with path.open("rb") as file:
            return file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise CnncostError(f"{name}: {error.strerror}") from None
