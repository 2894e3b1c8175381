"""Scale: each channel times a learned factor."""

from __future__ import annotations

from cnncost.layers.base import Layer, layer
from cnncost.layers.kinds import flag_field
from cnncost.shape import Shape


@layer("scale")
class Scale(Layer):
    """A learned factor a channel: layer scale (Touvron et al. 2021, sec. 2)."""

    shared: bool = flag_field("one factor for all channels", usually=False)

    def extras(self, x: Shape) -> int:
        return 1 if self.shared else x.channels

    def tensor_shapes(self, x: Shape) -> dict[str, tuple[int, ...]]:
        return {"weight": (self.extras(x),)}
