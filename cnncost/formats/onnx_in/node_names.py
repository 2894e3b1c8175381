"""What the source calls a step, by its node's path and its parameters' names."""

from __future__ import annotations

from collections.abc import Sequence

from cnncost.formats.onnx_in.onnx_model import OnnxNode

LONGEST_NAME = 100
"""Letters; of longer names the end is kept, which tells layers apart."""


def module_of(tensor: str) -> str:
    """Return the module whose parameter a tensor is, by the tensor's name; empty if the name does
    not tell."""
    module, _, leaf = tensor.rpartition(".")
    learned = leaf.startswith(("weight", "bias", "kernel")) and "::" not in module
    return module if learned else ""


def is_parameter_name(tensor: str) -> bool:
    """Tell whether a tensor is named as a module's own parameter: `conv1.weight`, `bias`."""
    return bool(module_of(tensor)) or tensor in ("weight", "bias")


def name_step(step: OnnxNode, word: str, weights: Sequence[str]) -> str:
    """Return what the source calls a step: the module of its weights, the path of its node, or the
    layer type's word."""
    for tensor in weights and step.inputs[1:3]:
        module = module_of(tensor)
        if module:
            return module
    path = [part for part in step.name.split("/") if part]
    if len(path) > 1:
        if path[-1].rstrip("_0123456789") == step.op:
            path.pop()
            own = bool(weights)
        else:
            own = True
        short: list[str] = []
        for part in path:
            if short and part.startswith(f"{short[-1]}."):
                short.pop()
            short.append(part)
        doubled = bool(short) and short[-1].startswith(word)
        return ".".join(short) if own or doubled else ".".join([*short, word])
    return step.name.removeprefix("node_") if weights and step.name else word
