"""List the steps of a `.tflite` file as they run, with the layer that each became."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncost.layers import layer_type
from cnncost.lite_program import LiteProgram, LiteStep, LiteTensor
from cnncost.number_types import BITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncost.formats.graph import Op
    from cnncost.formats.tflite_in.tflite_importer import TfliteImporter
    from cnncost.formats.tflite_in.tflite_model import TfliteModel, TfliteStep

VIEWS = ("flatten", "reshape", "permute", "identity")
"""Layers that give the numbers that they read."""

FILTER_AXES = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": -1}
"""The axis of the weights, the second input, that counts output channels."""


def list_program(
    importer: TfliteImporter, inputs: Sequence[str], ops: Sequence[Op]
) -> LiteProgram | None:
    """List the steps of the file; `inputs` and `ops` are the graph's. None if its shapes are not
    those that the network has."""
    if importer.resized:
        return None
    model = importer.model
    nodes = {name: index for index, name in enumerate([*inputs, *(op.name for op in ops)])}
    places = _place_tensors(model)
    steps = [
        _list_step(importer, number, nodes, places)
        for number, step in enumerate(model.steps)
        if max(step.outputs, default=-1) >= 0
    ]
    return LiteProgram(
        tuple(_describe_tensor(model, tensor) for tensor in places),
        tuple(
            (places[t], _find_node(importer, t, nodes))
            for t in dict.fromkeys(model.inputs)
            if t in places
        ),
        tuple(places[t] for t in dict.fromkeys(model.outputs) if t in places),
        tuple(steps),
        sum(_count_channels(model, step) for step in model.steps),
        not model.others,
    )  # fmt: skip


def _place_tensors(model: TfliteModel) -> dict[int, int]:
    """Number the tensors that are no constants: the inputs, and what steps make."""
    made = [tensor for step in model.steps for tensor in step.outputs if tensor >= 0]
    wanted = dict.fromkeys([*(t for t in model.inputs if t >= 0), *made])
    return {tensor: place for place, tensor in enumerate(wanted)}


def _describe_tensor(model: TfliteModel, index: int) -> LiteTensor:
    tensor = model.tensors[index]
    word = tensor.kind.word
    return LiteTensor(word, tensor.size, -(-tensor.size * BITS.get(word, 8) // 8))


def _list_step(
    importer: TfliteImporter, number: int, nodes: dict[str, int], places: dict[int, int]
) -> LiteStep:
    step, made = importer.model.steps[number], importer.made[number]
    own = [name for name in made if name in nodes]
    main = _find_main(importer, own)
    node = nodes[main] if main else _find_source(importer, step, nodes)
    return LiteStep(
        step.op,
        node,
        bool(main),
        tuple(nodes[name] for name in own[own.index(main) + 1 :]) if main else (),
        tuple(dict.fromkeys(places[t] for t in step.inputs if t in places)),
        tuple(dict.fromkeys(places[t] for t in step.outputs if t in places)),
        step.options.get("padding") == 0,
        step.custom,
    )


def _find_main(importer: TfliteImporter, names: Sequence[str]) -> str:
    """Find the operation that a step is named after: the first with weights, else that is no view;
    views of what it reads stand before it."""
    words = {name: importer.ops[name].word for name in names}
    counted = (name for name, word in words.items() if layer_type(word).counted)
    computing = (name for name, word in words.items() if word not in VIEWS)
    return next(counted, next(computing, ""))


def _find_source(importer: TfliteImporter, step: TfliteStep, nodes: dict[str, int]) -> int:
    """Find the node whose output a step reads; the first of the network if there is none."""
    read = (tensor for tensor in step.inputs if tensor in importer.values)
    return next((_find_node(importer, tensor, nodes) for tensor in read), 0)


def _find_node(importer: TfliteImporter, tensor: int, nodes: dict[str, int]) -> int:
    """Find the node that a tensor is seen in, or that is before it if that one is gone."""
    name = importer.values[tensor].base if tensor in importer.values else ""
    while name not in nodes and name in importer.ops:
        name = importer.ops[name].reads[0]
    return nodes.get(name, 0)


def _count_channels(model: TfliteModel, step: TfliteStep) -> int:
    weights = step.find_input(1)
    if step.custom or step.op not in FILTER_AXES or weights < 0:
        return 0
    dims = model.tensors[weights].dims
    return dims[FILTER_AXES[step.op]] if dims else 0
