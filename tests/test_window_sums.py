"""The arithmetic of a window along one axis, by loops over every start and every tap."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest

from cnncost.shape import Shape, Window, same_cropping, same_padding


def windows() -> Iterator[tuple[Window, int]]:
    """Small windows, each over few inputs."""
    for kernel, stride, dilation, before, after, n in product(
        range(1, 5), range(1, 4), range(1, 4), range(4), range(3), range(1, 7)
    ):
        yield Window(kernel, stride, before, after, dilation), n


def taps(window: Window, start: int) -> list[int]:
    return [start + k * window.dilation for k in range(window.kernel)]


def test_outputs() -> None:
    for window, n in windows():
        assert window.reach == taps(window, 0)[-1] + 1
        end = n + window.after
        starts = range(-window.before, end, window.stride)
        fitting = [start for start in starts if taps(window, start)[-1] < end]
        if not fitting:
            continue
        assert window.count_outputs(n) == len(fitting)
        # None starts behind the input; one more where the last one leaves positions over.
        more = fitting[-1] + window.stride
        over = taps(window, fitting[-1])[-1] < end - 1 and more < n
        assert window.count_outputs_ceil(n) == sum(start < n for start in fitting) + over


def test_painted_outputs() -> None:
    for window, n in windows():
        painted = {p * window.stride + at for p in range(n) for at in taps(window, 0)}
        whole = max(painted) + 1
        assert window.count_transposed_outputs(n) == whole - window.before - window.after
        assert (
            window.count_transposed_outputs(n, extra=2) == whole - window.before - window.after + 2
        )


def test_pairs_on_real_inputs() -> None:
    for window, n in windows():
        for y in range(8):
            reads = [p for o in range(y) for p in taps(window, o * window.stride - window.before)]
            assert window.count_touching_pairs(n, y) == sum(0 <= p < n for p in reads)


@pytest.mark.parametrize(("n", "kernel", "stride", "dilation", "zeros"), [
    (7, 3, 2, 1, (1, 1)),  # 4 outputs: 3 * 2 + 3 positions of 7
    (8, 3, 2, 1, (0, 1)),  # 3 * 2 + 3 of 8, the odd one after
    (5, 1, 2, 1, (0, 0)),
    (5, 1, 3, 1, (0, 0)),  # 1 * 3 + 1, fewer than there are
    (10, 5, 3, 2, (4, 4)),  # 3 * 3 + 9 of 10
    (6, 4, 1, 1, (1, 2)),
])  # fmt: skip
def test_zeros_that_keep_the_extent(
    n: int, kernel: int, stride: int, dilation: int, zeros: tuple[int, int]
) -> None:
    assert same_padding(n, kernel, stride, dilation) == zeros


@pytest.mark.parametrize(("kernel", "stride", "dilation", "cropped"), [
    (5, 2, 1, (1, 2)), (4, 2, 1, (1, 1)), (3, 1, 2, (2, 2)), (2, 2, 1, (0, 0)),
    (1, 3, 1, (0, -2)),  # two outputs more at the end
])  # fmt: skip
def test_what_is_cropped_for_an_extent_times_the_stride(
    kernel: int, stride: int, dilation: int, cropped: tuple[int, int]
) -> None:
    assert same_cropping(kernel, stride, dilation) == cropped
    before, after = cropped
    assert Window(kernel, stride, before, after, dilation).count_transposed_outputs(6) == 6 * stride


def test_shapes_in_words() -> None:
    assert (Shape(96, (55, 54)).positions, Shape(96, (55, 54)).units) == (55 * 54, 96 * 55 * 54)
    assert (Shape(7).positions, Shape(7).units, Shape(7).dims) == (1, 7, (7,))
    assert (Shape(7).is_vector, Shape(7, (1,)).is_vector) == (True, False)
    assert [Shape(784).words, Shape(1).words] == ["784 units", "1 unit"]
    assert Shape(3, (4, 5)).words == "3 channels of 4x5"
    assert Shape(1, (6,)).words == "1 channel of 6"
    assert str(Shape(3, (4, 5))) == "3x4x5"
