"""Activations: one function at every unit; only prelu learns."""

from __future__ import annotations

from cnncost.layers.base import Layer, layer, make_fields
from cnncost.layers.kinds import STAND_IN, field_of_kind, flag_field
from cnncost.shape import Shape


class Activation(Layer):
    """The same function at every unit: the shape stays."""


@make_fields
class InPlace(Activation):
    """An activation that may write its output over its input."""

    inplace: bool = flag_field("may write over its input where nothing else needs it", usually=True)


@make_fields
class InPlaceIfSaid(Activation):
    """An activation that writes its output over its input if it is told so."""

    inplace: bool = flag_field(
        "may write over its input where nothing else needs it", usually=False
    )


@layer("relu")
class Relu(InPlace):
    """max(0, x) (Nair & Hinton 2010)."""


@layer("relu6")
class Relu6(InPlace):
    """min(max(0, x), 6) (Howard et al. 2017)."""


@layer("leaky_relu")
class LeakyRelu(InPlaceIfSaid):
    """x, or 0.01 x below zero (Maas et al. 2013)."""


@layer("elu")
class Elu(InPlaceIfSaid):
    """x, or exp(x) - 1 below zero (Clevert et al. 2016)."""


@layer("selu")
class Selu(InPlaceIfSaid):
    """The self-normalising elu (Klambauer et al. 2017)."""


@layer("gelu")
class Gelu(Activation):
    """x times the normal distribution function (Hendrycks & Gimpel 2016)."""


@layer("silu")
class Silu(InPlace):
    """x sigmoid(x), also called swish (Ramachandran et al. 2017)."""


@layer("hardswish")
class Hardswish(InPlace):
    """x relu6(x + 3) / 6 (Howard et al. 2019, sec. 5.2)."""


@layer("sigmoid")
class Sigmoid(Activation):
    """1 / (1 + exp(-x))."""


@layer("hardsigmoid")
class Hardsigmoid(InPlace):
    """relu6(x + 3) / 6 (Howard et al. 2019, sec. 5.2)."""

    stands_for: str = field_of_kind(STAND_IN)


@layer("tanh")
class Tanh(Activation):
    """The hyperbolic tangent."""


@layer("softplus")
class Softplus(Activation):
    """log(1 + exp(x)) (Glorot et al. 2011)."""


@layer("mish")
class Mish(InPlace):
    """x tanh(softplus(x)) (Misra 2019)."""


@layer("step")
class Step(Activation):
    """1 from zero up, 0 below: a threshold unit (McCulloch & Pitts 1943); at zero it is 1. Its
    derivative counts as 0 everywhere, so that nothing below it learns."""


@layer("softmax")
class Softmax(Activation):
    """exp(x), scaled to sum to 1 over the channels."""


@layer("logsoftmax")
class LogSoftmax(Activation):
    """The logarithm of softmax."""


@layer("prelu")
class Prelu(Activation):
    """x, or a learned slope times x below zero (He et al. 2015, sec. 2.1)."""

    shared: bool = flag_field("one slope for all channels", usually=False)

    def extras(self, x: Shape) -> int:
        return 1 if self.shared else x.channels

    def tensor_shapes(self, x: Shape) -> dict[str, tuple[int, ...]]:
        return {"weight": (self.extras(x),)}
