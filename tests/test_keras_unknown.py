"""Keras layers that the language has no words for: opaque where their shape can be known."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import cnncost
from cnncost.errors import CnncostError

Json = Any  # whatever JSON holds


def saved(folder: Path, *layers: dict[str, Json], shape: tuple[int, ...] = (8, 8, 3)) -> Path:
    """A Sequential of these layers, as Keras 3 writes it."""
    first = {"class_name": "InputLayer", "config": {"batch_shape": [None, *shape], "name": "x"}}
    model = {"class_name": "Sequential", "config": {"name": "net", "layers": [first, *layers]}}
    path = folder / "net.json"
    path.write_text(json.dumps(model))
    return path


def layer(kind: str, built: list[int] | None = None, **config: Json) -> dict[str, Json]:
    """A layer, and the shape that it was built for where the file has it."""
    part = {"class_name": kind, "config": {"name": kind.lower(), **config}}
    return part if built is None else {**part, "build_config": {"input_shape": [None, *built]}}


# What each gives, channels first: a recurrent layer its state (one a step, if asked), a norm
# what it reads, Lambda and EinsumDense what they were told, RepeatVector the vector n times.
@pytest.mark.parametrize(
    ("kind", "config", "shape", "output"),
    [
        ("LSTM", {"units": 7, "return_state": True}, (20, 3), "7"),
        ("GRU", {"units": 7, "return_sequences": True, "return_state": True}, (20, 3), "7x20"),
        ("RMSNormalization", {}, (8, 9, 3), "3x8x9"),
        ("Lambda", {"output_shape": [4, 5, 6]}, (8, 8, 3), "6x4x5"),
        ("EinsumDense", {"output_shape": [None, 6], "equation": "abc,cd->abd"}, (5, 3), ""),
        ("RepeatVector", {"n": 4}, (3,), "3x4"),
    ],
)
def test_a_last_layer_whose_shape_is_known(
    kind: str, config: dict[str, Json], shape: tuple[int, ...], output: str, tmp_path: Path
) -> None:
    path = saved(tmp_path, layer(kind, **config), shape=shape)
    if not output:  # an open size is no shape
        with pytest.raises(CnncostError, match="cannot be expressed"):
            cnncost.load(path)
        return
    spec = cnncost.load(path)
    (last,) = spec.network.outputs
    assert str(spec.network.nodes[last].output) == output
    counted = kind in ("RMSNormalization", "RepeatVector")  # what they learn is all their costs
    why = "it returns its states as well" if "return_state" in config else "its class is not known"
    name = kind.lower() + ("_" if kind in ("LSTM", "GRU") else "")  # their own are words
    line = f"{name}: {kind}: {why}"
    assert spec.unknown == (() if counted else (line,))
    assert cnncost.count(spec).complete is counted


def test_a_last_layer_of_the_users_own(tmp_path: Path) -> None:
    with pytest.raises(CnncostError) as raised:
        cnncost.load(saved(tmp_path, layer("My>Own", [8, 8, 3])))
    text = str(raised.value)
    assert "'my>own' (My>Own) cannot be expressed: its class is not known" in text
    assert raised.value.hint is not None
    assert "keras.layers.Identity()(model.output)" in raised.value.hint


def test_the_same_with_a_layer_behind(tmp_path: Path) -> None:
    """The layer behind was built for its output: 6 x 6 positions of 5 channels."""
    own = layer("My>Own", [8, 8, 3])
    conv = layer("Conv2D", [6, 6, 5], filters=4, kernel_size=[3, 3])
    spec = cnncost.load(saved(tmp_path, own, conv))
    shapes = [str(node.output) for node in spec.network.layers]
    assert shapes == ["5x6x6", "4x4x4"]
    assert spec.unknown == ("my_own: My>Own: its class is not known",)


def test_strict_refuses_it(tmp_path: Path) -> None:
    path = saved(tmp_path, layer("LSTM", units=7, return_state=True), shape=(20, 3))
    command = [sys.executable, "-m", "cnncost", "convert", str(path), "-", "--to", "yaml"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0
    assert "LSTM" in found.stderr
    found = subprocess.run([*command, "--strict"], capture_output=True, text=True, check=False)
    assert found.returncode != 0
    assert "LSTM" in found.stderr


def test_a_class_of_our_name_with_other_arguments(tmp_path: Path) -> None:
    """Someone else's Scale, with a layer behind that has its shape."""
    own = layer("Scale", [8, 8, 3], shared="no")
    shuffle = layer("ChannelShuffle", [8, 8, 3], ways=2)
    behind = layer("ReLU", [8, 8, 3])
    spec = cnncost.load(saved(tmp_path, own, shuffle, behind))
    assert spec.unknown == (
        "scale_: Scale: its class is not known",
        "channelshuffle: ChannelShuffle: its class is not known",
    )
    # One of ours is read back, by the name that our code registers it under.
    shuffle["registered_name"] = "cnncost>ChannelShuffle"
    spec = cnncost.load(saved(tmp_path, own, shuffle, behind))
    assert spec.unknown[1:] == ("channelshuffle: ChannelShuffle: groups is None",)
