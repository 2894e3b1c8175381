"""Finds what stands before a tensor, through the views between."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnncost.formats.onnx_in.onnx_importer import OnnxImporter
    from cnncost.formats.onnx_in.onnx_model import OnnxNode

VIEWS = ("Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten", "Identity", "Cast")
"""Steps that move numbers and change none."""

QUESTIONS = ("Shape", "Size")
"""Steps that read no number."""


def find_source(importer: OnnxImporter, tensor: str) -> OnnxNode | None:
    """Return the step that makes a tensor's numbers; None for inputs and constants."""
    step = importer.producers.get(tensor)
    while step is not None and step.op in VIEWS:
        step = importer.producers.get(step.inputs[0]) if step.inputs else None
    return step


def find_sole_source(importer: OnnxImporter, tensor: str) -> OnnxNode | None:
    """Return the same step, or None if another than the views between reads what it makes."""
    step = importer.producers.get(tensor)
    while step is not None and _is_read_once(importer, tensor):
        if step.op not in VIEWS or not step.inputs:
            return step
        tensor = step.inputs[0]
        step = importer.producers.get(tensor)
    return None


def _is_read_once(importer: OnnxImporter, tensor: str) -> bool:
    readers = [s for s in importer.consumers.get(tensor, ()) if s.op not in QUESTIONS]
    return len(readers) == 1 and tensor not in importer.model.outputs
