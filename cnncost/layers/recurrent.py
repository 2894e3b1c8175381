"""Recurrent layers: a state that is carried along the positions of a signal (Elman 1990)."""

from __future__ import annotations

from typing import ClassVar

from cnncost.errors import Refused
from cnncost.layers.base import Layer, layer, make_fields
from cnncost.layers.kinds import ChoiceKind, field_of_kind, flag_field, whole_field
from cnncost.shape import Shape

MOST_LAYERS = 100


@make_fields
class Recurrent(Layer):
    """What all recurrent layers have in common: each weight is used once per position."""

    counted = True
    maps_only = True
    gates: ClassVar[int]
    """How many vectors of `hidden` units are computed at each position."""
    hidden: int = whole_field("units of the state of each direction")
    layers: int = whole_field("layers one behind the other, each over the one before", 1)
    bidirectional: bool = flag_field(
        "a second state runs from the last position to the first", usually=False
    )
    bias: bool = flag_field("added numbers, two per gate and unit, as PyTorch has", usually=True)
    single_bias: bool = flag_field(
        "one added number per gate and unit, as Keras' LSTM has", usually=False
    )
    last: bool = flag_field("give each direction's last state alone: a vector", usually=False)

    @property
    def directions(self) -> int:
        return 2 if self.bidirectional else 1

    @property
    def state(self) -> int:
        """Channels of the state that one direction passes on."""
        return self.hidden

    @property
    def handed_on(self) -> int:
        """How many gates multiply the state of the step before itself by weights."""
        return self.gates

    def check_input(self, x: Shape) -> None:
        if len(x.extents) > 1:
            raise Refused(
                f"{self.word} runs along one axis, but its input {x} has {len(x.extents)}",
                f"reshape: [{x.channels}, -1] makes a signal of its {x.positions} positions",
            )
        if self.layers > MOST_LAYERS:
            raise Refused(
                f"{self.word} has {self.layers} layers, more than {MOST_LAYERS}",
                "repeat: N stacks lines",
            )
        if self.single_bias and not self.bias:
            raise Refused("single_bias and bias: false contradict each other", "drop one")

    def output_shape(self, x: Shape) -> Shape:
        return Shape(self.directions * self.state, () if self.last else x.extents)

    def weights(self, x: Shape) -> int:
        first = self.layer_weights(x.channels)
        if self.layers == 1:
            return first
        # The layers behind the first read the states of all directions.
        return first + (self.layers - 1) * self.layer_weights(self.directions * self.state)

    def layer_weights(self, channels: int) -> int:
        """Count the weights of one layer: each gate sees the input and the state before."""
        return self.directions * (self.gates * self.hidden * (channels + self.state))

    def biases(self, x: Shape) -> int:
        if not self.bias:
            return 0
        vectors = 1 if self.single_bias else 2
        one = vectors * (self.directions * (self.gates * self.hidden))
        return one * self.layers if self.layers > 1 else one

    def tensor_shapes(self, x: Shape) -> dict[str, tuple[int, ...]]:
        shapes: dict[str, tuple[int, ...]] = {}
        for number in range(self.layers):
            channels = self.directions * self.state if number else x.channels
            for suffix in ("", "_reverse")[: self.directions]:
                for name, shape in self.direction_tensors(channels).items():
                    shapes[f"{name}_l{number}{suffix}"] = shape
        return shapes

    def direction_tensors(self, channels: int) -> dict[str, tuple[int, ...]]:
        """Return the tensors of one direction of a layer, by the beginning of PyTorch's names."""
        rows = self.gates * self.hidden
        vectors = ("bias_ih",) if self.single_bias else ("bias_ih", "bias_hh")
        biases = dict.fromkeys(vectors, (rows,)) if self.bias else {}
        return {"weight_ih": (rows, channels), "weight_hh": (rows, self.state), **biases}

    def connections(self, x: Shape, y: Shape) -> int:
        # A weight works once per position; the gates' products of single units, which use none,
        # are not counted.
        return self.weights(x) * x.positions

    def bias_connections(self, x: Shape, y: Shape) -> int:
        return self.biases(x) * x.positions


@layer("lstm", main="hidden")
class Lstm(Recurrent):
    """Long short-term memory: three gates and a candidate keep and change a cell (Hochreiter &
    Schmidhuber 1997; Gers et al. 2000)."""

    gates = 4
    projection: int = whole_field("channels that each state is projected to; 0: none", 0, minimum=0)

    @property
    def state(self) -> int:
        return self.projection or self.hidden

    def check_input(self, x: Shape) -> None:
        super().check_input(x)
        if self.projection >= self.hidden:
            raise Refused(
                f"the projection to {self.projection} channels does not make the state of "
                f"{self.hidden} smaller",
                "a projection is smaller than hidden; without it the state is passed on as it is",
            )

    def layer_weights(self, channels: int) -> int:
        if not self.projection:
            return super().layer_weights(channels)
        gates = self.gates * self.hidden * (channels + self.projection)
        return self.directions * (gates + self.hidden * self.projection)

    def direction_tensors(self, channels: int) -> dict[str, tuple[int, ...]]:
        tensors = super().direction_tensors(channels)
        if self.projection:
            tensors["weight_hr"] = (self.projection, self.hidden)
        return tensors


@layer("gru", main="hidden")
class Gru(Recurrent):
    """Gated recurrent unit: two gates and a candidate (Cho et al. 2014). With two biases the state
    is multiplied by its weights before it is reset, as in PyTorch; with `single_bias` after."""

    gates = 3

    @property
    def handed_on(self) -> int:
        return 2 if self.resets_before else 3

    @property
    def resets_before(self) -> bool:
        """Whether the candidate's weights multiply the state that is reset already."""
        return self.bias and self.single_bias


@layer("rnn", main="hidden")
class Rnn(Recurrent):
    """The plain recurrent layer: h = tanh(W x + U h + b), h on the right the state before."""

    gates = 1
    activation: str = field_of_kind(
        ChoiceKind("the function of each unit", ("tanh", "relu"), "tanh")
    )
