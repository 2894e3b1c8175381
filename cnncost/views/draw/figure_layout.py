"""Lay out a figure in millimetres: boxes, labels and skips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cnncost.shape import Shape
from cnncost.views.draw.figure_volumes import Skip, Volume, VolumeRow

MARGIN = 1.5
PITCH = 2.4
"""The least distance between the centres of two volumes: a little more than a label is high."""
TALLEST, THICKEST, THINNEST = 24.0, 7.0, 0.5
ACROSS, UP = 0.28, 0.2
"""How far the depth of a map is drawn to the right and up, as a share of its width."""
LANE = 2.2
ASIDE = 0.55
"""The distance between two skips, one above the other."""


class Box(NamedTuple):
    """One volume: the lower left corner of its front, its extents, and the offset of its depth."""

    x: float
    y: float
    thick: float
    tall: float
    across: float
    up: float
    kind: str
    name: str
    shape: str

    @property
    def middle(self) -> float:
        return self.x + self.thick / 2

    @property
    def top(self) -> float:
        return self.y + self.tall + self.up

    @property
    def peak(self) -> float:
        """The point where a skip leaves or enters: the middle of the upper face."""
        return self.middle + self.across / 2


class Arc(NamedTuple):
    """One skip: it goes up from the start, along a lane, and down to the end."""

    start: float
    end: float
    low_start: float
    low_end: float
    lane: float
    works: bool


class FigureLayout(NamedTuple):
    """A whole figure; the origin is the lower left corner of the volumes' row."""

    width: float
    boxes: tuple[Box, ...]
    arcs: tuple[Arc, ...]
    top: float


def most_volumes(width: float) -> int:
    """Count the volumes, with a label each, that a figure of that width has room for."""
    return max(2, int((width - 2 * MARGIN - TALLEST * ACROSS) / (PITCH + THINNEST)))


def lay_out(row: VolumeRow, width: float) -> FigureLayout:
    """Place a row of volumes and its skips in a figure of that width."""
    boxes = _place_boxes(row.volumes, width)
    top = max(box.top for box in boxes)
    arcs = _place_arcs(row.skips, boxes, top)
    return FigureLayout(width, boxes, arcs, max([top, *(arc.lane for arc in arcs)]))


def _place_boxes(volumes: Sequence[Volume], width: float) -> tuple[Box, ...]:
    largest = max((max(v.shape.extents) for v in volumes if v.shape.extents), default=1)
    sizes = [_face_size(volume.shape, largest) for volume in volumes]
    thick = _volume_thicknesses(volumes, width, sizes[-1][1])
    room = width - 2 * MARGIN - sum(thick) - sizes[-1][1] * ACROSS
    gap = room / max(1, len(volumes) - 1)
    boxes = []
    x = MARGIN
    for volume, (tall, wide), t in zip(volumes, sizes, thick, strict=True):
        name = volume.name if volume.layers < 2 else f"{volume.name} ({volume.layers} layers)"
        boxes.append(
            Box(
                x, (TALLEST - tall) / 2, t, tall, wide * ACROSS, wide * UP,
                volume.kind, name, str(volume.shape),
            )
        )  # fmt: skip
        x += t + gap
    return tuple(boxes)


def _face_size(shape: Shape, largest: int) -> tuple[float, float]:
    """Return a map's height and width as drawn.

    Smaller maps shrink less than in proportion, so that the smallest can still be seen. A
    vector's length is drawn as its height.
    """
    if shape.is_vector:
        return min(TALLEST * 0.9, 2 + 2 * shape.units**0.25), 0.0
    *_, height, wide = (1, *shape.extents)
    scale = TALLEST * 0.8
    return (
        max(0.7, scale * (height / largest) ** 0.6) if len(shape.extents) > 1 else 1.2,
        max(0.7, scale * (wide / largest) ** 0.6),
    )


def _volume_thicknesses(volumes: Sequence[Volume], width: float, last: float) -> list[float]:
    """Return the thicknesses, by the square root of the channels; their sum fills the width that
    the labels leave."""
    wanted = [THINNEST if v.shape.is_vector else v.shape.channels**0.5 for v in volumes]
    most = max(wanted)
    scaled = [THICKEST * w / most if w != THINNEST else THINNEST for w in wanted]
    room = width - 2 * MARGIN - last * ACROSS - PITCH * (len(volumes) - 1)
    shrink = min(1.0, 0.8 * max(room, 1.0) / sum(scaled))
    return [max(THINNEST, t * shrink) for t in scaled]


def _place_arcs(skips: Sequence[Skip], boxes: Sequence[Box], top: float) -> tuple[Arc, ...]:
    """Place short skips in low lanes; a longer one passes above those that it spans."""
    arcs: list[Arc] = []
    lanes: list[list[tuple[int, int]]] = []
    for skip in sorted(skips, key=lambda s: (s.end - s.start, s.start)):
        level = _free_lane(lanes, skip)
        start, end = boxes[skip.start], boxes[skip.end]
        lane = top + LANE * (level + 1)
        # A volume is left a little to the right of where it is entered.
        leaves, enters = start.peak + ASIDE, end.peak - ASIDE
        arcs.append(Arc(leaves, enters, start.top, end.top, lane, skip.works))
    return tuple(arcs)


def _free_lane(lanes: list[list[tuple[int, int]]], skip: Skip) -> int:
    """Find the lowest lane that is free over the skip's whole span."""
    for level, taken in enumerate(lanes):
        if all(skip.end <= start or skip.start >= end for start, end in taken):
            taken.append((skip.start, skip.end))
            return level
    lanes.append([(skip.start, skip.end)])
    return len(lanes) - 1
