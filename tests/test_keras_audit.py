"""Keras models that were refused, or false and called complete: nested models, users' classes."""

from __future__ import annotations

from pathlib import Path

import pytest
from keras_models import HERE, Json, functional, layer, saved

import cnncost


def test_a_nested_model_as_output() -> None:
    """Keras: one Dense(12) over 12 numbers, called alone and within the model: 156."""
    report = cnncost.count(cnncost.load(HERE / "50b-once.json"))
    assert (report.totals.parameters, report.totals.connections) == (12 * 12 + 12, 2 * 144)
    assert report.complete


def test_a_class_of_the_user_is_not_ours() -> None:
    """Keras: 8 numbers of the user's Scale, 4 x 2 and 2 of the convolution behind it."""
    spec = cnncost.load(HERE / "77-custom-scale.json")
    report = cnncost.count(spec)
    assert spec.unknown == ("scale_: Scale: its class is not known",)
    assert not report.complete
    assert report.totals.parameters == 10 <= 18
    assert [node.output.dims for node in spec.network.layers] == [(4, 8, 8), (2, 8, 8)]


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ({}, True),  # as older files are
        ({"module": "keras.layers", "registered_name": None}, True),
        ({"module": "keras.src.layers", "registered_name": "Dense"}, True),
        ({"module": "tensorflow.python.keras.layers.core"}, True),
        ({"module": "tf_keras.layers"}, True),
        ({"module": None, "registered_name": "Dense"}, False),
        ({"module": "builtins", "registered_name": "Dense"}, False),
        ({"module": "keras_cv.layers", "registered_name": "keras_cv>Dense"}, False),
        ({"module": "keras.layers", "registered_name": "Custom>Dense"}, False),
    ],
)
def test_whose_class_it_is(said: dict[str, Json], known: bool, tmp_path: Path) -> None:
    start = layer("InputLayer", "x", batch_input_shape=[None, 5])
    own = {**layer("Dense", "d", "x", units=4), **said}
    behind = layer("Dense", "e", "d", units=3)
    model = functional(start, own, behind)
    for part in model["config"]["layers"][1:]:  # as Keras 3 has it, with the tensors' shapes
        ((name, *_),) = part["inbound_nodes"][0]
        shape = [None, 5 if name == "x" else 4]
        tensor = {"shape": shape, "keras_history": [name, 0, 0]}
        given = [{"class_name": "__keras_tensor__", "config": tensor}]
        part["inbound_nodes"] = [{"args": given, "kwargs": {}}]
    spec = cnncost.load(saved(model, tmp_path))
    assert cnncost.count(spec).complete is known
    assert cnncost.count(spec).totals.parameters == (5 * 4 + 4) * known + 4 * 3 + 3


def inner(*, first: str = "i") -> dict[str, Json]:
    start = layer("InputLayer", first, batch_input_shape=[None, 6])
    model = functional(start, layer("Dense", "dense", first, units=6), name="inner")
    return {**model, "name": "inner"}


@pytest.mark.parametrize("numbered_from", [0, 1])
def test_how_often_a_nested_model_was_called(numbered_from: int, tmp_path: Path) -> None:
    """Keras 2 counts the call that made it: its own graph is the first."""
    start = layer("InputLayer", "x", batch_input_shape=[None, 6])
    nested = inner()
    nested["inbound_nodes"] = [[["x", 0, 0, {}]], [["inner", numbered_from, 0, {}]]]
    model = functional(start, nested)
    model["config"]["output_layers"] = [["inner", 1 + numbered_from, 0]]
    totals = cnncost.count(cnncost.load(saved(model, tmp_path))).totals
    assert (totals.parameters, totals.connections) == (42, 72)


def test_layers_of_one_name_in_both_models(tmp_path: Path) -> None:
    """One object where both start from one input and Keras gave the name: 42 numbers, else 84."""
    for first, units, parameters in (("x", 6, 42), ("i", 6, 84)):
        start = layer("InputLayer", "x", batch_input_shape=[None, 6])
        nested = inner(first=first)
        nested["inbound_nodes"] = [[["dense", 0, 0, {}]]]
        model = functional(start, layer("Dense", "dense", "x", units=units), nested)
        totals = cnncost.count(cnncost.load(saved(model, tmp_path))).totals
        assert (totals.parameters, totals.connections) == (parameters, 72)


def test_an_adapter_is_no_plain_layer(tmp_path: Path) -> None:
    """Keras learns 5 x 2 and 2 x 4 numbers more."""
    start = layer("InputLayer", "x", batch_input_shape=[None, 5])
    parts = layer("Dense", "d", "x", units=4, lora_rank=2), layer("ReLU", "r", "d")
    with pytest.raises(cnncost.CnncostError, match="lora_rank is 2"):
        cnncost.load(saved(functional(start, *parts), tmp_path))


@pytest.mark.parametrize(
    ("kind", "config", "parameters"),
    [
        ("LayerNormalization", {"axis": [3], "rms_scaling": True}, 6),
        ("RMSNormalization", {"axis": [3]}, 6),
        ("LayerNormalization", {"axis": [1, 2]}, 2 * 8 * 9),
        ("BatchNormalization", {"axis": 1, "center": False}, 8),
        ("PReLU", {"shared_axes": None}, 8 * 9 * 6),
        ("PReLU", {"shared_axes": [1]}, 9 * 6),
        ("UnitNormalization", {"axis": [3]}, 0),
    ],
)
def test_what_learns_and_multiplies_nothing(
    kind: str, config: dict[str, Json], parameters: int, tmp_path: Path
) -> None:
    """Keras counts as many numbers over 8x9 positions of 6 channels."""
    start = layer("InputLayer", "x", batch_input_shape=[None, 8, 9, 6])
    model = functional(start, layer(kind, "n", "x", **config))
    report = cnncost.count(cnncost.load(saved(model, tmp_path)))
    assert (report.totals.parameters, report.totals.connections) == (parameters, 0)
    assert report.complete


def test_an_embedding(tmp_path: Path) -> None:
    start = layer("InputLayer", "x", batch_input_shape=[None, 7])
    table = layer("Embedding", "e", "x", input_dim=20, output_dim=5)
    report = cnncost.count(cnncost.load(saved(functional(start, table), tmp_path)))
    assert (report.totals.parameters, report.complete) == (20 * 5, True)
