"""Finds weights that several steps read: under one name, or under names of their own that are
equal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cnncost.formats.onnx_in.node_names import module_of
from cnncost.formats.onnx_in.onnx_model import PRODUCTS, OnnxModel, OnnxNode
from cnncost.formats.onnx_in.onnx_sources import VIEWS

if TYPE_CHECKING:
    from cnncost.formats.onnx_in.onnx_importer import OnnxImporter


def find_needed_steps(model: OnnxModel) -> tuple[OnnxNode, ...]:
    """Return the steps that some output depends on."""
    needed, kept = set(model.outputs), []
    for step in reversed(model.steps):
        if not needed.isdisjoint(step.outputs):
            needed.update(step.inputs)
            kept.append(step)
    return tuple(reversed(kept))


def find_same_weights(importer: OnnxImporter) -> dict[str, str]:
    """Return the copies of tensors that one module reads, by copy: they are one with their tensor.

    PyTorch's older exporter writes equal tensors once, and an `Identity` for each further one:
    those of other modules, but also those of a module's next call, whose path `/conv_1/Conv`
    then is that of the first, `/conv/Conv`, with a number.
    """
    found = {}
    for step in importer.model.steps:
        if step.op == "Identity" and step.inputs and step.inputs[0] in importer.model.constants:
            tensor, copy = step.inputs[0], step.outputs[0]
            first = [s for s in importer.consumers.get(tensor, ()) if s is not step]
            later = importer.consumers.get(copy, ())
            named = module_of(copy) or module_of(tensor)
            if not named and later and all(_is_next_call(s, first) for s in later):
                found[copy] = tensor
    return found


def _is_next_call(later: OnnxNode, first: list[OnnxNode]) -> bool:
    return any(step.op == later.op and _is_numbered_path(later.name, step.name) for step in first)


def _is_numbered_path(later: str, first: str) -> bool:
    """Tell whether a path is the first one with a number behind one of its modules."""
    pairs = list(zip(later.split("/"), first.split("/"), strict=False))
    others = [(a, b) for a, b in pairs[:-1] if a != b]
    alike = later.count("/") == first.count("/") and pairs[-1][0] == pairs[-1][1]
    return alike and len(others) == 1 and re.fullmatch(
        re.escape(others[0][1]) + r"_\d+", others[0][0]
    ) is not None  # fmt: skip


def find_weights_apart(importer: OnnxImporter) -> frozenset[tuple[str, ...]]:
    """Return the weights that are used with several biases, or with one and without."""
    biases: dict[str, set[str]] = {}
    for step in importer.model.steps:
        for tensor in step.inputs[:2] if step.op in PRODUCTS else ():
            tensor = importer.same.get(tensor, tensor)
            if tensor in importer.model.constants:
                biases.setdefault(tensor, set()).add(_find_bias(importer, step))
    return frozenset((tensor,) for tensor, found in biases.items() if len(found) > 1)


def _find_bias(importer: OnnxImporter, step: OnnxNode) -> str:
    """Return the bias of a product: its own, or one that is added behind it; empty if there is
    none."""
    given = step.inputs[2:3]
    while not any(given):
        readers = importer.consumers.get(step.outputs[0], []) if step.outputs else []
        if len(readers) != 1 or readers[0].op not in (*VIEWS, "Add"):
            return ""
        (step,) = readers
        if step.op == "Add":
            given = tuple(t for t in step.inputs if t in importer.model.constants) or ("",)
            break
    return importer.same.get(given[0], given[0])
