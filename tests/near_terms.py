"""Terms of the error potential that are equal but for rounding, and what a map costs, by hand."""

from __future__ import annotations

import pytest

from cnncost.accuracy.error_constants import (
    RESOLUTION,
    RESOLUTION_EXTENT,
    RESOLUTION_FALL,
)
from cnncost.accuracy.layer_terms import LayerTerms
from cnncost.accuracy.potential import Potential


def coarse(extent: float) -> float:
    """What a map of so many positions a side costs, as `error_constants.py` spells it."""
    return RESOLUTION * (RESOLUTION_EXTENT / extent) ** RESOLUTION_FALL / RESOLUTION_FALL


class Near:
    """Equal terms but for rounding; extents are equal where no root was taken."""

    def __init__(self, expected: LayerTerms) -> None:
        self.expected = expected

    def __eq__(self, found: object) -> bool:
        assert isinstance(found, LayerTerms)
        maps, expected = found.maps, self.expected.maps
        return (
            found[:-1] == pytest.approx(self.expected[:-1], abs=1e-12)
            and list(maps) == pytest.approx(list(expected))
            and list(maps.values()) == pytest.approx(list(expected.values()))
        )

    __hash__ = None  # type: ignore[assignment]


def near(terms: LayerTerms | Potential) -> object:
    if isinstance(terms, LayerTerms):
        return Near(terms)
    return pytest.approx(tuple(terms), abs=1e-12)
