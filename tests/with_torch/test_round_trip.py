"""From a spec to PyTorch code and back: counts and memory stay."""

from __future__ import annotations

from pathlib import Path

import pytest
from kinds import list_kinds

import cnncost
from cnncost import api
from cnncost.costs.memory import measure_memory
from cnncost.formats import FORMATS, write_spec
from cnncost.formats.torch_in import read_source

ATTENTIVE = ("detr_encoder", "vit_b16")
"""Networks with the layer type attention, which comes back as what it is made of: linear layers and
products, with units and kept bytes of their own."""


@pytest.mark.parametrize("name", list_kinds("gpt2"))  # as vit_b16
def test_there_and_back(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = cnncost.load(name)
    code = write_spec(spec, FORMATS["pytorch"]).decode()
    (tmp_path / "net.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    (*_, last) = [line for line in code.splitlines() if line.startswith("class ")]
    built = last.removeprefix("class ").partition("(")[0]
    inputs = spec.network.inputs
    shapes = {node.name if len(inputs) > 1 else "": node.output.dims for node in inputs}
    graph = read_source(f"net.py:{built}", shapes)
    assert graph.unknown == ()
    back = api.load_graph(graph, name)
    found, expected = cnncost.count(back).totals, cnncost.count(spec).totals
    if name in ATTENTIVE:
        assert found._replace(units=expected.units) == expected
        return
    assert found == expected
    before, after = (measure_memory(network, batch=2) for network in (spec.network, back.network))
    assert after.inference.bytes == before.inference.bytes
    assert (after.saved and after.saved.total) == (before.saved and before.saved.total)
    assert after[:4] == before[:4]
    assert after.training == before.training
