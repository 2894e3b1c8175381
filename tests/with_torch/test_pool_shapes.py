"""Pools beside PyTorch's functions, over random arguments: the same shape, or both refuse."""

from __future__ import annotations

import random

import pytest
import torch
from torch.nn import functional

import cnncost
from cnncost.errors import CnncostError

CASES = 800
"""Draws one kind and number of axes."""


def draw(rng: random.Random, word: str, axes: int) -> tuple[list[int], dict[str, list[int]]]:
    """The input's extents and the pool's arguments, padded as PyTorch can by itself."""
    kernel = [rng.randint(1, 6) for _ in range(axes)]
    given = {
        "stride": [rng.randint(1, 5) for _ in range(axes)],
        "padding": [rng.randint(0, k // 2) for k in kernel],
    }
    if word == "maxpool":
        given["dilation"] = [rng.randint(1, 3) for _ in range(axes)]
    return [rng.randint(1, 9) for _ in range(axes)], {"kernel": kernel, **given}


def of_pytorch(word: str, extents: list[int], given: dict[str, list[int]]) -> tuple[int, ...]:
    """The output's shape; none where PyTorch refuses."""
    name = f"{word.removesuffix('pool')}_pool{len(extents)}d"
    kernel, *others = given.values()
    keywords = dict(zip(list(given)[1:], others, strict=True))
    try:
        y = getattr(functional, name)(
            torch.zeros(1, 2, *extents), kernel, ceil_mode=True, **keywords
        )
    except RuntimeError:
        return ()
    return tuple(y.shape[1:])


def ours(word: str, extents: list[int], given: dict[str, list[int]]) -> tuple[int, ...]:
    """The same of a spec."""
    kernel, *others = given.items()
    keys = "".join(f", {name}: {value}" for name, value in others)
    line = f"{{{word}: {kernel[1]}{keys}, ceil: true}}"
    try:
        spec = cnncost.loads(f"input: {[2, *extents]}\nlayers: [{line}]")
    except CnncostError as error:
        return () if "the window reaches over" in error.what else (-1,)
    return spec.network.nodes[-1].output.dims


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("word", ["maxpool", "avgpool"])
def test_shapes_with_ceil_are_pytorchs(word: str, axes: int) -> None:
    rng = random.Random(f"{word} {axes}")
    larger = refused = 0
    for _ in range(CASES):
        extents, given = draw(rng, word, axes)
        expected = of_pytorch(word, extents, given)
        assert ours(word, extents, given) == expected, (extents, given)
        dilation = given.get("dilation", [1] * axes)
        reach = [d * (k - 1) + 1 for d, k in zip(dilation, given["kernel"], strict=True)]
        padded = [n + 2 * p for n, p in zip(extents, given["padding"], strict=True)]
        larger += bool(expected) and any(r > n for r, n in zip(reach, padded, strict=True))
        refused += not expected
    assert refused >= CASES // 20
    assert larger >= CASES // 20 or (word, axes) == ("avgpool", 3)


def test_a_window_larger_than_its_input_by_hand() -> None:
    # Height: (17 - 3) / 1 + 1 = 15. Width: (1 - 2) / 3 up is 0, + 1 = 1.
    assert ours("maxpool", [17, 1], {"kernel": [3, 2], "stride": [1, 3]}) == (2, 15, 1)


def test_a_mean_over_a_volume_smaller_than_its_window() -> None:
    """PyTorch's avg_pool3d refuses it even padded; exported, it is padded before."""
    from cnncost.formats.torch_out.torch_code import pytorch_code
    from cnncost.verify.measure import build_network

    text = "input: [1, 2, 3, 3]\nlayers: [{avgpool: 3, stride: 1, padding: 1}]"
    x = torch.arange(18.0).reshape(1, 1, 2, 3, 3)
    with pytest.raises(RuntimeError):
        functional.avg_pool3d(x, 3, 1, 1)
    found = build_network(pytorch_code(cnncost.loads(text).network))(x)
    assert found.shape == (1, 1, 2, 3, 3)
    # The middle window of either depth sees all eighteen numbers and nine zeros.
    assert found[0, 0, :, 1, 1].tolist() == pytest.approx([sum(range(18)) / 27] * 2)
