"""What stands beside the layers in a spec, and what is set from outside."""

from __future__ import annotations

from reading import layers

from cnncost.language import Settings, read_spec

EXTRAS = """
name: Two  words
source: >
  Somebody et al.,
  2012
notes: "said: so"
input: [3, 8, 8]
params: {width: 4, alpha: 0.5}
layers: [{conv: width * alpha, kernel: 1}]
expect: {weights: 6, connections: 1k, biases: true, exclude_padding: false}
budget: {weights: 20M, connections: 1.5G}
"""


def test_what_stands_beside_the_network() -> None:
    spec = read_spec(EXTRAS, "nets/x.yaml")
    assert spec.name == "Two words"
    assert spec.network.source == "Somebody et al., 2012"
    assert spec.network.notes == "said: so"
    assert spec.expect is not None
    assert dict(spec.expect.totals) == {"weights": 6, "connections": 1000}
    assert spec.expect.biases
    assert not spec.expect.exclude_padding
    assert spec.budget == {"weights": 20_000_000, "connections": 1_500_000_000}
    assert list(spec.params) == ["width", "alpha"]


def test_empty_mappings_are_as_good_as_none() -> None:
    spec = read_spec(
        "input: [3]\nparams: {}\nblocks: {}\nexpect:\nbudget:\nlayers: [relu]", "dir/net.v2.yaml"
    )
    assert spec.name == "net.v2"
    assert layers(spec.network) == ["relu1 3"]


def test_settings_from_outside() -> None:
    settings = Settings({"width": 6}, {"": (5, 9, 9)})
    network = read_spec(EXTRAS, "x.yaml", settings).network
    assert layers(network) == ["conv1 3x9x9"]
    assert network.nodes[0].output.channels == 5


def test_inputs_by_name_from_outside() -> None:
    text = "input: {a: [3, 8, 8], b: [3, 8, 8]}\nlayers: [{concat: [a, b]}]"
    network = read_spec(text, "x.yaml", Settings(inputs={"b": (7, 8, 8)})).network
    assert layers(network) == ["concat1 10x8x8 < a b"]


def test_the_bound_on_layers_is_the_last_allowed_number() -> None:
    text = (
        "input: {a: [3], b: [3]}\n"
        "layers: [{relu, repeat: 4, from: a}, {add: [relu1, b]}, {relu, repeat: 0}]"
    )
    assert len(read_spec(text, "x.yaml", Settings(max_layers=5)).network.layers) == 5
