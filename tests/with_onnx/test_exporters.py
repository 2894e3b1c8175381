"""What PyTorch's exporter makes of modules, beside what the modules cost."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

import cnncost
from cnncost.network import Network

torch = pytest.importorskip("torch")


def exported(module: object, shape: tuple[int, ...], folder: Path) -> cnncost.Spec:
    path = folder / "net.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there is a newer exporter
        torch.onnx.export(
            module.eval(), (torch.zeros(1, *shape),), path, dynamo=False, opset_version=17
        )
    spec = cnncost.load(path)
    assert spec.unknown == ()
    return spec


def words(network: Network) -> list[str]:
    return [node.layer.word for node in network.layers if node.layer]


def test_attention(tmp_path: Path) -> None:
    """Ten tokens of 32 channels by four heads: four projections and two products."""

    class Attending(torch.nn.Module):  # type: ignore[misc,name-defined]  # torch may be missing
        def __init__(self) -> None:
            super().__init__()
            self.inner = torch.nn.MultiheadAttention(32, 4, batch_first=True)

        def forward(self, x: object) -> object:
            return self.inner(x, x, x, need_weights=False)[0]

    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # which has no ONNX
    try:
        spec = exported(Attending(), (10, 32), tmp_path)
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
    assert words(spec.network) == ["permute", "attention", "permute"]
    totals = cnncost.count(spec).totals
    assert totals.connections == 4 * 32 * 32 * 10 + 2 * 10 * 10 * 32
    assert totals.parameters == 4 * 32 * 32 + 4 * 32


def test_squeeze_and_excitation_with_a_shuffle(tmp_path: Path) -> None:
    class Net(torch.nn.Module):  # type: ignore[misc,name-defined]  # the same
        def __init__(self) -> None:
            super().__init__()
            self.stem = torch.nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False)
            self.norm = torch.nn.BatchNorm2d(8)
            self.down, self.up = torch.nn.Conv2d(8, 2, 1), torch.nn.Conv2d(2, 8, 1)
            self.head = torch.nn.Linear(8, 5)

        def forward(self, x: object) -> object:
            x = torch.nn.functional.hardswish(self.norm(self.stem(x)))
            gate = self.up(torch.nn.functional.relu(self.down(x.mean((2, 3), keepdim=True))))
            n, c, h, w = x.shape
            x = (x * torch.sigmoid(gate)).view(n, 2, c // 2, h, w).transpose(1, 2)
            x = x.reshape(n, c, h, w)
            a, b = x.chunk(2, dim=1)
            x = torch.cat([b, torch.nn.functional.silu(a)], dim=1)
            return self.head(torch.nn.functional.adaptive_avg_pool2d(x, 1).flatten(1))

    spec = exported(Net(), (3, 8, 12), tmp_path)
    assert words(spec.network) == [
        *("conv", "hardswish", "global_avgpool", "conv", "relu", "conv", "sigmoid", "mul"),
        *("channel_shuffle", "slice", "slice", "silu", "concat", "global_avgpool", "flatten"),
        "dense",
    ]
    totals = cnncost.count(spec).totals
    assert totals.connections == 4 * 6 * 8 * 27 + 8 * 2 + 2 * 8 + 8 * 5
    # The norm has become a bias of the convolution before it.
    assert totals.parameters == (8 * 27 + 8) + (8 * 2 + 2) + (2 * 8 + 8) + (8 * 5 + 5)


def test_norms_that_were_never_trained_are_parameters_by_their_names(tmp_path: Path) -> None:
    """Their ones and zeros are what exporters write for norms without parameters as well."""
    module = torch.nn.Sequential(
        torch.nn.BatchNorm2d(3), torch.nn.Conv2d(3, 8, 3), torch.nn.InstanceNorm2d(8, affine=True),
        torch.nn.ReLU(), torch.nn.InstanceNorm2d(8), torch.nn.Flatten(2), torch.nn.LayerNorm(36),
        torch.nn.LayerNorm(36, elementwise_affine=False),
    )  # fmt: skip
    spec = exported(module, (3, 8, 8), tmp_path)
    norms = [n.layer for n in spec.network.layers if n.layer and n.layer.word.endswith("norm")]
    assert [norm.affine for norm in norms] == [True, True, False, True, False]
    parameters = sum(p.numel() for p in module.parameters())
    assert cnncost.count(spec).totals.parameters == parameters
