"""Regularisation: at work in training only; shape and counts stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncost.layers.base import Layer, layer
from cnncost.layers.kinds import Rate, field_of_kind

if TYPE_CHECKING:
    from fractions import Fraction


@layer("dropout", main="rate")
class Dropout(Layer):
    """Units are dropped with this probability (Srivastava et al. 2014)."""

    rate: int | Fraction = field_of_kind(Rate("probability of dropping a unit"))


@layer("drop_path", main="rate")
class DropPath(Layer):
    """A whole branch is dropped, an example at a time (Huang et al. 2016)."""

    rate: int | Fraction = field_of_kind(Rate("probability of dropping the branch"))
