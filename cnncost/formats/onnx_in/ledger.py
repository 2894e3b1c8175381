"""How many learned numbers a file holds, which the layers are compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncost.formats.onnx_in.onnx_inferred_shapes import learned_inputs

if TYPE_CHECKING:
    from cnncost.formats.onnx_in.onnx_importer import OnnxImporter


class Ledger(NamedTuple):
    """The file's learned numbers by the name of their tensor."""

    held: dict[str, int]
    unread: tuple[str, ...]
    """Those that no layer has."""
    unused: tuple[str, ...]
    """Those that no output depends on."""


def numbers_held(importer: OnnxImporter) -> Ledger:
    """The numbers of each tensor that a step may have learned, each tensor once.

    A bias that several layers have is counted for each: one exporter merges equal tensors.
    """
    owners = importer.owners
    read = [
        source
        for step in importer.model.steps
        if not all(not t or t in importer.constants for t in step.inputs)
        for source in owners.file_tensors(learned_inputs(importer, step))
    ]
    used = dict.fromkeys([*owners.claimed, *read])
    held = {s: owners.sizes.get(s, 0) for s in used if s not in importer.left_out}
    for source, times in owners.again.items():
        held |= {f"{source} ({n + 2})": owners.sizes[source] for n in range(times)}
    unread = tuple(s for s in held if s in used and s not in owners.claimed)
    unused = {
        name: item.size
        for name, item in importer.model.constants.items()
        if item.floating and item.size > 1 and not importer.consumers.get(name)
    }
    return Ledger({**held, **unused}, unread, tuple(unused))
