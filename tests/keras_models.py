"""Keras' files in the making: small models as JSON, and how they are refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

import cnncost
from cnncost.errors import CnncostError

HERE = Path(__file__).parent / "reference" / "keras"
LONGEST = 5.0
"""Seconds of the processor for one file, which takes tenths: what no file may turn into more."""

Json = Any  # whatever JSON holds


def refusal(path: Path, within: float = LONGEST) -> str:
    start = time.process_time()
    with pytest.raises(CnncostError) as raised:
        cnncost.load(path)
    assert time.process_time() - start < within
    text = str(raised.value)
    assert text.startswith(str(path))
    return text.removeprefix(str(path))


def saved(model: Json, folder: Path) -> Path:
    path = folder / "net.json"
    path.write_text(json.dumps(model))
    return path


def archived(folder: Path, **parts: bytes) -> Path:
    path = folder / "net.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name.replace("__", "."), data)
    return path


def layer(kind: str, name: str, *above: str, **config: Json) -> dict[str, Json]:
    """A layer as Keras 2 writes it in a functional model."""
    nodes = [[[one, 0, 0, {}] for one in above]] if above else []
    given = {"name": name, **config}
    return {"class_name": kind, "name": name, "config": given, "inbound_nodes": nodes}


def functional(*layers: dict[str, Json], **config: Json) -> dict[str, Json]:
    """A model from its first layer to its last."""
    ends = [[layers[0]["name"], 0, 0]], [[layers[-1]["name"], 0, 0]]
    given = {"name": "net", "layers": layers, "input_layers": ends[0], "output_layers": ends[1]}
    return {"class_name": "Functional", "config": {**given, **config}}


def small(**config: Json) -> dict[str, Json]:
    """An input of 8x8x3 and one convolution."""
    given = {"filters": 4, "kernel_size": [3, 3], **config}
    start = layer("InputLayer", "x", batch_input_shape=[None, 8, 8, 3])
    return functional(start, layer("Conv2D", "c", "x", **given))


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from cnncost.cli import main; main()", *arguments]
    env = {**os.environ, "COLUMNS": "80"}
    return subprocess.run(
        command, capture_output=True, encoding="utf-8", cwd=cwd, env=env, check=False,
        timeout=20 * LONGEST,
    )  # fmt: skip


def keras_2() -> dict[str, Json]:
    """What tf.keras 2 wrote: lists of [layer, call, output, arguments]; a shared layer, a
    residual connection, a model within the model."""
    tower = {
        "name": "tower",
        "layers": [
            layer("InputLayer", "tower_in", batch_input_shape=[None, 8, 8, 6]),
            layer("BatchNormalization", "bn", "tower_in", axis=[3], scale=True, center=True),
            layer("Activation", "act", "bn", activation="relu"),
            layer("GlobalAveragePooling2D", "pool", "act", data_format="channels_last"),
        ],
        "input_layers": [["tower_in", 0, 0]],
        "output_layers": [["pool", 0, 0]],
    }
    shared = layer(
        "Conv2D", "shared", filters=6, kernel_size=[3, 3], strides=[1, 1], padding="same",
        data_format="channels_last", dilation_rate=[1, 1], activation="linear", use_bias=False,
    )  # fmt: skip
    shared["inbound_nodes"] = [[["stem", 0, 0, {}]], [["shared", 0, 0, {}]]]
    inner = layer("Functional", "tower")
    inner |= {"config": tower, "inbound_nodes": [[["sum", 0, 0, {}]]]}
    add = layer("Add", "sum")
    add["inbound_nodes"] = [[["stem", 0, 0, {}], ["shared", 1, 0, {}]]]
    return {
        **functional(
            layer("InputLayer", "image", batch_input_shape=[None, 8, 8, 3], dtype="float32"),
            layer("Conv2D", "stem", "image", filters=6, kernel_size=[1, 1], activation="relu"),
            shared,
            add,
            inner,
            layer("Dense", "out", "tower", units=5, activation="softmax", use_bias=True),
        ),
        "keras_version": "2.4.0",
        "backend": "tensorflow",
    }
