"""Single modules of torch.nn as PyTorch's exporter writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

import cnncost

torch = pytest.importorskip("torch")

import fuzz_modules  # noqa: E402  # needs torch
from drawn_module import DrawnModule  # noqa: E402


def test_no_single_module_is_wrong_or_a_traceback() -> None:
    found = fuzz_modules.run(12, 75, ("onnx",))
    assert sum(found.values()) == 75
    assert found["onnx exact"] >= 45


def exported(module: object, shape: tuple[int, ...], folder: Path) -> cnncost.Spec:
    drawn = DrawnModule(lambda: module, (shape,))
    path = folder / "net.onnx"
    assert fuzz_modules.exported(drawn, module.eval(), path, dynamo=False)  # type: ignore[attr-defined,arg-type]  # torch may be missing
    return cnncost.load(path)


@pytest.mark.parametrize(("kind", "gates"), [("RNN", 1), ("GRU", 3), ("LSTM", 4)])
def test_a_recurrent_layer_multiplies_both_matrices_once_per_step(
    kind: str, gates: int, tmp_path: Path
) -> None:
    """Seven steps of 5 numbers, 6 hidden ones, both directions; its first states are zeros."""
    module = getattr(torch.nn, kind)(5, 6, bidirectional=True, batch_first=True)
    spec = exported(module, (7, 5), tmp_path)
    report = cnncost.count(spec)
    assert report.complete
    assert report.totals.connections == 7 * 2 * gates * 6 * (5 + 6)
    assert report.totals.parameters == 2 * gates * 6 * (5 + 6 + 2)


@pytest.mark.parametrize("running", [False, True])
def test_an_untrained_instance_norm_learns_what_its_names_say(
    running: bool, tmp_path: Path
) -> None:
    """With running statistics its ones pass through Expand and Tile."""
    module = torch.nn.InstanceNorm2d(6, affine=True, track_running_stats=running)
    assert cnncost.count(exported(module, (6, 4, 5), tmp_path)).totals.parameters == 2 * 6
