"""Keras in: files that are no model, that cannot be a network, or that are endless."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from keras_models import Json, functional, layer, refusal, run, saved, small

import cnncost


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "this is no JSON"),
        (b"\x80\x03]q", "neither JSON nor a .keras archive"),
        (b"[" * 100_000, "nested too deep"),
        (b"{}", "no Keras model"),
        (b"PK\x03\x04 and no more", "a damaged archive"),
    ],
)
def test_one_message_and_exit_2(data: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "net.json").write_bytes(data)
    done = run("table", "net.json", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) < 6


# --- files that are no model ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ":1:1: this is no JSON"),
        ("layers:\n  - conv: 3\n", ":1:1: this is no JSON"),
        ('{"class_name": "Sequential",\n "config": }', ":2:12: this is no JSON"),
        ('{"a":' * 100_000, "nested too deep"),
        ("[" * 100_000 + "]" * 100_000, "nested too deep"),
        ("9" * 5000, "no JSON"),
        ("[]", "no Keras model"),
        ("3", "no Keras model"),
        ('{"class_name": "Sequential"}', "no Keras model"),
        ('{"class_name": "MyModel", "config": {}}', "does not write down its layers"),
        ('{"class_name": "Sequential", "config": []}', "has no layers"),
        ('{"class_name": "Sequential", "config": [3]}', "no mappings"),
        ('{"class_name": "Sequential", "config": {"layers": [{}]}}', "has no config"),
    ],
)
def test_no_model(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "net.json"
    path.write_text(text)
    assert message in refusal(path)


def looped() -> dict[str, Json]:
    model = small()
    add = layer("Add", "a", "c", "b")
    model["config"]["layers"] = (*model["config"]["layers"], add, layer("ReLU", "b", "a"))
    model["config"]["output_layers"] = [["b", 0, 0]]
    return model


def unknown_reference() -> dict[str, Json]:
    start = layer("InputLayer", "x", batch_input_shape=[None, 8, 8, 3])
    return functional(start, layer("ReLU", "r", "nowhere"))


def beyond_call() -> dict[str, Json]:
    model = small()
    model["config"]["layers"][1]["inbound_nodes"] = [[["x", 7, 0, {}]]]
    return model


def beyond_output() -> dict[str, Json]:
    model = small()
    model["config"]["layers"][1]["inbound_nodes"] = [[["x", 0, 3, {}]]]
    return model


def two_into(kind: str, **config: Json) -> dict[str, Json]:
    model = small()
    above = layer(kind, "two", "c", "c", **config)
    model["config"]["layers"] = (*model["config"]["layers"], above)
    model["config"]["output_layers"] = [["two", 0, 0]]
    return model


def twice() -> dict[str, Json]:
    model = small()
    model["config"]["layers"] = (*model["config"]["layers"], layer("ReLU", "c", "x"))
    return model


def reads_nothing() -> dict[str, Json]:
    model = small()
    model["config"]["layers"][1]["inbound_nodes"] = []
    return model


def set_to(key: str, value: Json) -> dict[str, Json]:
    model = small()
    model["config"]["layers"][1][key] = value
    return model


def shaped(value: Json) -> dict[str, Json]:
    model = small()
    model["config"]["layers"][0]["config"]["batch_input_shape"] = value
    return model


def ends(key: str, value: Json) -> dict[str, Json]:
    model = small()
    model["config"][key] = value
    return model


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (looped(), "reads its own output"),
        (unknown_reference(), "reads 'nowhere', which is no layer"),
        (beyond_call(), "reads call 7 of 'x', which there is not"),
        (beyond_output(), "reads output 3 of call 0 of 'x', which there is not"),
        *[
            (two_into(kind, units=3, target_shape=[-1], dims=[1, 2, 3]), "it reads 2 tensors")
            for kind in ("Dense", "Flatten", "BatchNormalization", "Reshape", "Permute", "PReLU")
        ],
        (twice(), "two layers are called 'c'"),
        (reads_nothing(), "'c' (Conv2D) reads nothing"),
        (small(strides=[-2, -2]), "strides is [-2, -2]"),
        (small(strides=[0, 1]), "strides is [0, 1]"),
        (small(strides="two"), "strides is 'two'"),
        (small(filters="many"), "filters is 'many'"),
        (small(filters=-4), "filters is -4"),
        (small(filters=2.5), "filters is 2.5"),
        (small(filters=True), "filters is True"),
        (small(filters=None), "filters is None"),
        (small(filters=10**30), "filters"),
        (small(kernel_size=[3, 3, 3]), "kernel_size is [3, 3, 3]"),
        (small(kernel_size=[[3], {}]), "kernel_size is [[3], {}]"),
        (small(kernel_size=99), "99"),
        (small(padding="reflect"), "padding is 'reflect'"),
        (small(padding={"a": []}), "padding is {'a': []}"),
        (small(groups=2), "groups"),
        (small(activation="warp"), "the function 'warp'"),
        (small(activation=[["relu"]]), "the function '?'"),
        (set_to("class_name", "Warp"), "its class is not known"),
        (set_to("class_name", 5), "without name or class_name"),
        (set_to("config", "Conv2D"), "has no config"),
        (set_to("inbound_nodes", "x"), "no list inbound_nodes"),
        (set_to("inbound_nodes", [5]), "neither a list nor a mapping"),
        (set_to("inbound_nodes", [{"args": 3, "kwargs": [1]}]), "reads nothing"),
        (set_to("inbound_nodes", [[["x", "0", 0]]]), "no call of 'x' is numbered '0', 0"),
        (set_to("inbound_nodes", [[["x", -1, 0]]]), "no call of 'x' is numbered -1, 0"),
        (shaped([None, 2**62, 2**62, 3]), "units"),
        (shaped([None, 10**40, 8, 3]), "the input"),
        (shaped([None, 0, 8, 3]), "open sizes"),
        (shaped([None, -8, 8, 3]), "open sizes"),
        (shaped("8x8x3"), "open sizes"),
        (shaped([None, 8, "8", 3]), "open sizes"),
        (shaped([]), "open sizes"),
        (shaped([None, 8, 8, 8, 8, 3]), "the input"),
        (ends("input_layers", None), "a reference to a layer is due"),
        (ends("input_layers", []), "has no inputs"),
        (ends("input_layers", [["y", 0, 0]]), "no layer is called 'y'"),
        (ends("output_layers", []), "no output depends on an input"),
        (ends("output_layers", "c"), "a reference to a layer is due"),
        (ends("output_layers", [["c", 4, 0]]), "call 4 of 'c'"),
        (ends("layers", {}), "does not write down its layers"),
    ],
)
def test_what_cannot_be_a_network(model: dict[str, Json], message: str, tmp_path: Path) -> None:
    assert message in refusal(saved(model, tmp_path))


def nested(times: int, calls: int) -> dict[str, Json]:
    """Models within models, each calling the one within it so many times in a row."""
    inside = small(padding="same", filters=3)["config"]
    for depth in range(times):
        inner = layer("Functional", "inner")
        inner["config"] = inside
        above = [["x", 0, 0, {}], *(["inner", i, 0, {}] for i in range(calls - 1))]
        inner["inbound_nodes"] = [[ref] for ref in above]
        start = layer("InputLayer", "x", batch_input_shape=[None, 8, 8, 3])
        outside = functional(start, inner, output_layers=[["inner", calls - 1, 0]])
        inside = {**outside["config"], "name": f"m{depth}"}
    return {"class_name": "Functional", "config": inside}


def test_models_that_multiply(tmp_path: Path) -> None:
    """40 models, each of which calls the next one 10 times."""
    assert "more than 100,000 layers" in refusal(saved(nested(40, 10), tmp_path), within=60)


def test_models_nested_deep(tmp_path: Path) -> None:
    assert "nested" in refusal(saved(nested(80, 1), tmp_path))


def test_long_chains_take_time_in_proportion(tmp_path: Path) -> None:
    start = layer("InputLayer", "x", batch_input_shape=[None, 8, 8, 3])
    chained = [layer("ReLU", f"r{i}", f"r{i - 1}" if i else "x") for i in range(5000)]
    begin = time.process_time()
    spec = cnncost.load(saved(functional(start, *chained), tmp_path))
    assert time.process_time() - begin < 20  # a second or two; a square would take minutes
    assert len(spec.network.layers) == 5000
